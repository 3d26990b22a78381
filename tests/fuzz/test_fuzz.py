"""The seeds are sound, no file that once broke a parser does so again, and the tools see faults."""

from __future__ import annotations

import os
import warnings
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool.errors import InputError, NoticeWarning
from tests.cli.runner import Finished
from tests.fuzz import cases, judge
from tests.fuzz.cases import Case
from tests.fuzz.judge import Finding, check, silent
from tests.fuzz.mutate import campaign
from tests.fuzz.mutations import MUTATIONS, Mutation, mended
from tests.fuzz.parsers import CRASHES, PARSERS, Parser
from tests.io.handmade import SIGNATURE, gray_png

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

each_parser = pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)


@each_parser
def test_every_seed_is_sound(parser: Parser) -> None:
    for content in parser.seeds().values():
        parser.read(content)
        check(parser.read, content)


@pytest.mark.parametrize(
    ("parser", "name"),
    [(parser, name) for parser in PARSERS.values() for name in parser.crashes()],
    ids=lambda value: value.name if isinstance(value, Parser) else value,
)
def test_what_once_broke_a_parser_does_so_no_more(parser: Parser, name: str) -> None:
    check(parser.read, parser.crashes()[name])


def test_every_crash_file_has_its_parser() -> None:
    assert {path.name for path in CRASHES.iterdir()} <= set(PARSERS)


def test_a_hundred_damaged_files(tmp_path: Path) -> None:
    found = []
    for number in range(1, 101):
        folder = tmp_path / str(number)
        folder.mkdir()
        found += [(number, told) for told in Case.of(1, number).findings(folder)]
    assert found == []


def test_a_campaign_runs_in_processes_of_its_own() -> None:
    assert list(campaign(4, seed=1)) == []


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    assert Case.of(3, 7) == Case.of(3, 7)
    assert len({Case.of(3, number).content for number in range(50)}) > 40


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_mutation_damages(mutation: Mutation) -> None:
    for content in (gray_png(np.arange(6, dtype=np.uint8).reshape(2, 3)), b"[[1, 2], [3, 4]]", b""):
        damaged = {mutation(content, Random(seed)) for seed in range(20)}
        assert len(damaged) > 1 or not content


def test_checksums_are_corrected_and_nothing_else() -> None:
    sound = gray_png(np.arange(6, dtype=np.uint8).reshape(2, 3))
    damaged = bytearray(sound)
    damaged[-13] ^= 1  # the last byte of IDAT's checksum
    assert mended(bytes(damaged)) == mended(sound) == sound
    assert mended(sound + b"rest") == sound + b"rest"
    assert mended(SIGNATURE + b"\xff" * 30) == SIGNATURE + b"\xff" * 30
    assert mended(b"no PNG") == b"no PNG"


def test_refusing_and_noticing_are_no_findings() -> None:
    def refuses(content: bytes) -> None:
        warnings.warn("alpha is dropped", NoticeWarning, stacklevel=1)
        raise InputError("damaged")

    check(refuses, b"")


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda content: warnings.warn("old", DeprecationWarning, stacklevel=1), "DeprecationWarning: old"),
        (lambda content: np.float32(3e38) * np.float32(content[0]), "overflow"),
        (lambda content: np.ones(250 * 10**6, np.uint8), r"it took 2\d\d MB"),
    ],
    ids=["warning", "arithmetic", "memory"],
)
def test_the_judge_sees(read: Callable[[bytes], object], told: str) -> None:
    with pytest.raises(Finding, match=told):
        check(read, b"\xff")


def test_the_judge_sees_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "MOST_SECONDS", -1)
    with pytest.raises(Finding, match="it took 0 s"):
        check(len, b"")


def test_the_judge_lets_tracebacks_through() -> None:
    with pytest.raises(IndexError):
        check(lambda content: content[0], b"")


def test_what_a_decoder_says_past_python_is_seen() -> None:
    with pytest.raises(Finding, match="a library speaks"), silent():
        os.write(2, b"a library speaks")
    with silent():
        print("Python's own stream is another's matter")


CONV = ("conv", "{file}", "--filter", "{filter}", "-o", "out.csv", "--quiet")
SHOW = ("show", "{file}", "--json")


@pytest.mark.parametrize(
    ("command", "finished", "writes", "told"),
    [
        (SHOW, Finished(1, b"", "convtool: a fault of convtool itself\n"), None, "exit code 1"),
        (SHOW, Finished(2, b"", "convtool: wrong usage\n"), None, "exit code 2"),
        (SHOW, Finished(3, b"", "Traceback\n"), None, "stderr has 'Traceback'"),
        (SHOW, Finished(3, b"", ""), None, "without a word"),
        (SHOW, Finished(3, b"{}\n", "convtool: bad\n"), None, "yet it wrote"),
        (SHOW, Finished(0, b'{"max": NaN}\n', ""), None, "NaN is no number"),
        (SHOW, Finished(0, b'{"max": \n', ""), None, "no JSON"),
        (CONV, Finished(3, b"", "convtool: bad\n"), b"1,", "yet it wrote"),
        (CONV, Finished(0, b"", ""), None, "instead of"),
        (CONV, Finished(0, b"", ""), b"1,", "cannot be read back"),
    ],
)
def test_a_case_sees(
    command: tuple[str, ...],
    finished: Finished,
    writes: bytes | None,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answers(*arguments: str) -> Finished:
        if writes is not None:
            (tmp_path / "out.csv").write_bytes(writes)
        return finished

    monkeypatch.setattr(cases, "in_process", answers)
    (found,) = Case(1, "seed", b"content", command).findings(tmp_path)
    assert told in found


def test_a_case_sees_what_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "in_process", lambda *arguments: 1 / 0)
    (found,) = Case(1, "seed", b"content", SHOW).findings(tmp_path)
    assert "ZeroDivisionError" in found


def test_a_sound_file_is_no_finding(tmp_path: Path) -> None:
    assert list(Case(0, "seed", b"[[1, 2], [3, 4]]", CONV).findings(tmp_path)) == []
