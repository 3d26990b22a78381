"""What reaches the user: tables, records, nothing, and notices beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import load_map
from convtool.cli.display import Display
from convtool.errors import ArgumentError, InputError
from tests.cli.runner import contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHA = "^convtool: notice: alpha.png: alpha is dropped$"
FOREIGN = "^convtool: notice: gray.png: no map file of convtool; its pixels are taken as they are$"
CLIPPED = r"^convtool: notice: out.png: 2 value\(s\) outside --range were clipped$"
BEYOND = r"^convtool: notice: far.npy: 1 whole number\(s\) beyond 2\^24 rounded to float32$"

NOTICED = [
    (["run", "alpha.png", "-f", "box-3"], ALPHA),
    (["conv", "alpha.png", "-f", "box-3", "-f", "box-5"], ALPHA),
    (["show", "alpha.png"], ALPHA),
    (["show", "far.npy"], BEYOND),
    (["relu", "gray.png"], FOREIGN),
    (["pool", "gray.png"], FOREIGN),
    (["conv", "notes.json", "-f", "diagonal.json", "--range=0,2", "-o", "out.png"], CLIPPED),
    (["relu", "notes.json", "--range", "0.5,3", "-o", "out.png"], CLIPPED.replace("2 value", "5 value")),
]


@pytest.fixture(autouse=True)
def files(notes: Path) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (6, 7, 4), np.uint8)
    PIL.Image.fromarray(pixels).save("alpha.png")
    PIL.Image.fromarray(pixels[..., 0]).save("gray.png")
    np.save("far.npy", np.array([[2**24 + 1, 5]]))


@pytest.mark.parametrize(("arguments", "line"), NOTICED)
def test_a_notice_is_one_line_on_stderr_and_is_no_fault(arguments: list[str], line: str) -> None:
    finished = in_process(*arguments)
    assert finished.code == 0
    assert re.fullmatch(f"{line}\n", finished.err, re.MULTILINE)
    assert "notice" not in finished.out


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
@pytest.mark.parametrize("arguments", [arguments for arguments, _ in NOTICED])
def test_quiet_says_nothing_and_writes_what_a_loud_run_does(
    arguments: list[str], quiet: str, folder: Path
) -> None:
    finished = in_process(*arguments, quiet)
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    written = contents(folder)
    loud = in_process(*arguments)
    assert loud.data
    assert loud.err
    assert contents(folder) == written


@pytest.mark.parametrize(("arguments", "line"), NOTICED)
@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_strict_makes_it_a_fault_and_writes_nothing(
    arguments: list[str], line: str, quiet: list[str], mistake: Callable[..., str]
) -> None:
    says = line.replace("notice: ", "").replace("$", "; refused because of --strict$")
    mistake(*arguments, "--strict", *quiet, code=3, says=says)


def test_strict_keeps_an_older_file() -> None:
    Path("out.png").write_bytes(b"older")
    conv = ("conv", "notes.json", "-f", "diagonal.json", "--range=0,2", "-o", "out.png")
    assert in_process(*conv, "--strict").code == 3
    assert Path("out.png").read_bytes() == b"older"
    assert in_process(*conv).code == 0
    assert load_map("out.png").tolist() == [[2, 0], [2, 2]]


def test_strict_does_not_mind_what_loses_nothing() -> None:
    finished = in_process("run", "gray.png", "-f", "box-3", "--strict", "-q")
    assert (finished.code, finished.err) == (0, "")


def test_quiet_still_writes_and_still_fails(mistake: Callable[..., str]) -> None:
    finished = in_process("conv", "notes.json", "-f", "diagonal.json", "-o", "map.npy", "-q")
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    assert np.load("map.npy").tolist() == [[2, 0], [3, 5]]
    mistake("conv", "nope.png", "-f", "diagonal.json", "-q", code=3, says="nope.png: cannot be read")


def test_json_is_a_record_a_line_and_no_table() -> None:
    finished = in_process("run", "notes.json", "gray.png", "-f", "diagonal.json", "--json", "--save", "none")
    assert [(r["input"], r["stage"]) for r in finished.records] == [
        (image, stage) for image in ("notes.json", "gray.png") for stage in ("conv", "relu", "pool")
    ]
    assert finished.out.count("\n") == 6
    assert finished.out.isascii()


@pytest.mark.parametrize("command", [("conv", "-f", "diagonal.json"), ("relu",), ("pool",)])
def test_data_on_stdout_is_alone(command: tuple[str, ...]) -> None:
    finished = in_process(*command, "notes.json", "-o", "-", "--format", "csv", "--full")
    assert (finished.code, finished.err) == (0, "")
    assert set(finished.out) <= set("0123456789,\n")


def test_records_come_as_they_are_made() -> None:
    finished = in_process("conv", "notes.json", "nope.json", "-f", "diagonal.json", "--json")
    assert finished.code == 3
    assert finished.record["input"] == "notes.json"
    assert finished.err == "convtool: nope.json: cannot be read: No such file or directory\n"
    assert Path("notes.diagonal.map.png").exists()


def test_an_error_behind_tables_leaves_them() -> None:
    finished = in_process("show", "notes.json", "nope.json")
    assert finished.code == 3
    assert finished.out.startswith("notes.json · 3 × 3\n")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "convtool: notice: a.png: alpha is dropped\n"),
        ({"quiet": True}, ""),
        ({"json": True}, "convtool: notice: a.png: alpha is dropped\n"),
    ],
)
def test_display_says_notices(options: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    Display(**options).notice("a.png: alpha is dropped")
    assert capsys.readouterr() == ("", line)


def test_display_refuses_what_a_strict_user_would_lose() -> None:
    with pytest.raises(InputError, match=r"^a.png: alpha is dropped; refused because of --strict$"):
        Display(strict=True, quiet=True).notice("a.png: alpha is dropped")


def test_display_refuses_two_uses_of_stdout() -> None:
    with pytest.raises(ArgumentError, match="--json and -o - would both write to standard output"):
        Display(json=True, stdout_is_data=True)
