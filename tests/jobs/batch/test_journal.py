"""Journals: what is proven by whole lines alone, whatever was cut, killed, mixed in or full."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import OutputError
from convtool.jobs.batch import journal as journals
from convtool.jobs.batch.journal import NAME, Journal
from convtool.jobs.batch.recipe import describe_recipe
from convtool.jobs.batch.work import Proof, Recipe, Result, Status
from convtool.jobs.options import ConvOptions
from tests.cli.runner import ROOT
from tests.jobs.batch.handmade import recipe_of, result_of

RECIPE = recipe_of()
OTHER = recipe_of(conv=ConvOptions(flip=True))
HASH = describe_recipe(RECIPE)["recipe"]
FILE = Path("maps", NAME)


@contextmanager
def opened(folder: str = "maps", recipe: Recipe = RECIPE, *, fresh: bool = False) -> Iterator[Journal]:
    with Journal.open(folder, recipe, fresh=fresh) as journal:
        yield journal


def line_of(**changes: Any) -> bytes:
    """A line that proves that a.png is done, with other values for some of its keys."""
    fields = {
        "place": "a.png",
        "status": "done",
        "recipe": HASH,
        "input_sha256": "1f",
        "outputs_sha256": {"a.map.png": "2e"},
        "outputs": [{"output": "maps/a.map.png"}],
        **changes,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode() + b"\n"


PROOF = Proof("1f", (("a.map.png", "2e"),))


def proven(content: bytes, place: str = "a.png") -> Proof | None:
    """What a journal of this content proves."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(content)
    with opened() as journal:
        return journal.proof(place)


class TestLines:
    def test_say_everything(self) -> None:
        result = result_of("b/a.png", "maps/b/a.x.map.png", seconds=0.25, notices=("alpha is dropped",))
        with opened() as journal:
            assert journal.append([result]) == [0]
        (line,) = FILE.read_bytes().splitlines()
        assert json.loads(line) == {
            "input": "photos/b/a.png",
            "source": "../photos/b/a.png",
            "place": "b/a.png",
            "status": "done",
            **json.loads(json.dumps(describe_recipe(RECIPE))),
            "input_sha256": "1f",
            "outputs_sha256": {"b/a.x.map.png": "18"},
            "outputs": [{"output": "maps/b/a.x.map.png", "shape": [2, 3], "mean": 0.5}],
            "error": None,
            "exit": 0,
            "notices": ["alpha is dropped"],
            "seconds": 0.25,
        }

    def test_of_a_failure_say_why(self) -> None:
        with opened() as journal:
            journal.append([Result(result_of("a.png").item, "failed", error="a.png: it is empty", exit=3)])
            fields = journal.read(0)
        wanted = ("status", "error", "exit", "input_sha256", "outputs")
        assert [fields[name] for name in wanted] == ["failed", "a.png: it is empty", 3, None, []]

    def test_begin_where_it_is_said(self) -> None:
        with opened() as journal:
            first = journal.append([result_of("a.png"), result_of("é.png", "maps/é.png")])
            second = journal.append([result_of("c.png")])
            places = [journal.read(offset)["place"] for offset in (*first, *second)]
            assert [journal.last(place) for place in places] == [*first, *second]
        assert places == ["a.png", "é.png", "c.png"]
        lines = FILE.read_bytes().splitlines(keepends=True)
        assert [*first, *second] == [0, len(lines[0]), len(lines[0]) + len(lines[1])]

    @pytest.mark.parametrize(
        "name", ["two\nlines.png", os.fsdecode(b"\xff\xe9.png"), "\x1b[31m", "\u2028", '"', "写真.png"]
    )
    def test_survive_any_name(self, name: str) -> None:
        with opened() as journal:
            journal.append([result_of(name, f"maps/{name}")])
        with opened() as journal:
            assert journal.proof(name) == Proof("1f", ((name, str(len(name) + 5)),))
            assert journal.read(0)["input"] == f"photos/{name}"

    def test_are_written_at_once_and_synced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        write, fsync = os.write, os.fsync
        with opened() as journal:
            monkeypatch.setattr(os, "write", lambda *given: calls.append("write") or write(*given))
            monkeypatch.setattr(os, "fsync", lambda *given: calls.append("fsync") or fsync(*given))
            journal.append([result_of(f"{number}.png") for number in range(100)])
            monkeypatch.undo()
            assert calls == ["write", "fsync"]

    def test_into_a_folder_that_is_gone_are_a_fault(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png")])
            shutil.rmtree("maps")
            with pytest.raises(OutputError, match=r"^maps/\.convtool-journal\.ndjson: it was removed while "):
                journal.append([result_of("b.png")])


class TestProof:
    def test_is_that_of_the_last_line_that_is_done(self) -> None:
        with opened() as journal:
            assert journal.proof("a.png") is None
            assert journal.last("a.png") is None
            journal.append([result_of("a.png", digest="1"), result_of("b.png", digest="2")])
            (offset,) = journal.append([result_of("a.png", digest="3")])
            journal.append([result_of("a.png", status="failed"), result_of("a.png", status="skipped")])
            for _ in range(2):
                assert journal.proof("a.png") == Proof("3", ())
                assert journal.proof("b.png") == Proof("2", ())
                assert journal.last("a.png") == offset
        with opened() as again:
            assert again.proof("a.png") == Proof("3", ())
            assert again.last("a.png") == offset

    def test_is_of_this_recipe_alone(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png", digest="1")])
        with opened(recipe=OTHER) as journal:
            assert journal.proof("a.png") is None
            journal.append([result_of("a.png", digest="2")])
            assert journal.proof("a.png") == Proof("2", ())
        with opened() as journal:
            assert journal.proof("a.png") == Proof("1", ())

    def test_holds_from_elsewhere_and_after_a_move(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened("x/../maps/") as journal:
            journal.append([result_of("a.png", "x/../maps/deep/a.map.png")])
        FILE.parent.rename("moved")
        Path("elsewhere").mkdir()
        monkeypatch.chdir("elsewhere")
        with opened("../moved") as journal:
            assert journal.proof("a.png") == Proof("1f", (("deep/a.map.png", "24"),))
        with opened(str(folder / "moved")) as journal:
            journal.append([result_of("b.png", str(folder / "moved" / "b.map.png"))])
            proof = journal.proof("b.png")
        assert proof is not None
        assert proof.outputs[0][0] == "b.map.png"

    def test_of_an_image_of_which_nothing_is_saved(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png")])
        with opened() as journal:
            assert journal.proof("a.png") == Proof("1f", ())

    def test_is_nothing_after_a_fresh_start(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png")])
        with opened(fresh=True) as journal:
            assert journal.proof("a.png") is None
            assert FILE.read_bytes() == b""
            assert journal.append([result_of("b.png")]) == [0]
        with opened() as journal:
            assert (journal.proof("a.png"), journal.proof("b.png")) == (None, Proof("1f", ()))


class TestGarbage:
    def test_a_line_as_it_should_be(self) -> None:
        assert proven(line_of()) == PROOF

    @pytest.mark.parametrize(
        "changes",
        [
            {"place": 1},
            {"place": None},
            {"place": ["a.png"]},
            {"place": ...},
            {"status": "failed"},
            {"status": ["done"]},
            {"status": ...},
            {"recipe": [HASH]},
            {"recipe": f"{HASH} "},
            {"recipe": ..., "version": HASH},
            {"input_sha256": None},
            {"input_sha256": 10**400},
            {"input_sha256": ...},
            {"outputs_sha256": ["a.map.png"]},
            {"outputs_sha256": {"a.map.png": None}},
            {"outputs_sha256": {}},
            {"outputs_sha256": ...},
            {"outputs": {"a": 1}},
            {"outputs": [None]},
            {"outputs": []},
            {"outputs": ...},
            *(
                {"outputs_sha256": {path: "2e"}}
                for path in ("", ".", "/etc/passwd", "../a.png", "b/../../a.png", "a\0b", "\ud800")
            ),
        ],
    )
    def test_of_the_wrong_kind_proves_nothing(self, changes: dict[str, Any]) -> None:
        wrong = line_of(**{"input_sha256": "0", **changes})
        assert proven(wrong) is None
        assert proven(line_of() + wrong) == PROOF

    @pytest.mark.parametrize(
        "garbage",
        [
            b"",
            b"null",
            b"[]",
            b'"' + HASH.encode() + b'"',
            b"9" * 5000 + HASH.encode(),
            b'{"recipe": "' + HASH.encode() + b'", "place": ' + b"9" * 5000 + b"}",
            line_of(exit=1).replace(b'"exit": 1', b'"exit": ' + b"1" * 5000).rstrip(),
            b"[" * 100_000 + HASH.encode(),
            line_of(input_sha256="0").rstrip()[:-1],
            line_of(input_sha256="0").rstrip() * 2,
            line_of(input_sha256="0").rstrip().replace(b"a.map", b"\xff"),
            bytes(1000),
            bytes(9) + line_of(input_sha256="0").rstrip(),
            "\ufeff".encode() + line_of(input_sha256="0").rstrip(),
            line_of(input_sha256="0").decode().encode("utf-16"),
            b"\r",
        ],
    )
    def test_among_the_lines_does_no_harm(self, garbage: bytes) -> None:
        assert proven(garbage + b"\n") is None
        assert proven(line_of() + garbage + b"\n") == PROOF
        assert proven(garbage + b"\n" + line_of()) == PROOF
        with opened() as journal:
            assert journal.proof("a.png") == PROOF

    def test_of_another_version_does_no_harm(self) -> None:
        assert proven(line_of(version="99", new={"key": [1]}, **{"": 0})) == PROOF

    def test_a_line_that_is_too_long_is_passed_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        most = 2**20
        monkeypatch.setattr(journals, "MAX_JSON_BYTES", most)
        long = line_of(input_sha256="0", notices=["x" * most])
        assert proven(line_of() + long) == PROOF
        assert proven(line_of() + long * 3 + line_of(input_sha256="2")) == Proof("2", PROOF.outputs)
        assert proven(b"x" * most + line_of()) is None
        assert proven(line_of() + b"x" * 20 * most + line_of(input_sha256="0")) == PROOF
        tracemalloc.start()
        try:
            with opened():
                assert tracemalloc.get_traced_memory()[1] < 4 * most
        finally:
            tracemalloc.stop()

    def test_a_line_of_one_s_own_is_never_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journals, "MAX_JSON_BYTES", 100)
        with opened() as journal:
            (offset,) = journal.append([result_of("a.png")])
            assert journal.read(offset)["place"] == "a.png"
            assert journal.proof("a.png") == Proof("1f", ())

    @given(content=st.lists(st.sampled_from([line_of(), HASH.encode(), b"{", b'"', b"\n", b"\0", b":"])))
    def test_any_mixture_is_read(
        self, content: list[bytes], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = tmp_path_factory.mktemp("mixtures")
        (folder / NAME).write_bytes(b"".join(content))
        *lines, _ = b"".join(content).split(b"\n")
        with opened(str(folder)) as journal:
            assert journal.proof("a.png") == (PROOF if line_of().rstrip() in lines else None)


PLACES = ["a.png", "b/c.png", os.fsdecode(b"\xff")]
STATES: list[Status] = ["done", "done", "skipped", "failed"]
RESULTS = st.tuples(
    st.sampled_from(PLACES), st.integers(0, 2), st.sampled_from(STATES), st.sampled_from("0123456789")
)


def result_in(folder: str, place: str, outputs: int, status: Status, digest: str) -> Result:
    paths = (f"{folder}/{number}.png" for number in range(outputs))
    return result_of(place, *paths, status=status, digest=digest)


def proofs_of(content: bytes) -> dict[str, str]:
    """The slow twin: of every place, the input's hash in the last whole line that is done."""
    found = {}
    for line in content.split(b"\n")[:-1]:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if fields["status"] == "done" and fields["recipe"] == HASH:
            found[fields["place"]] = fields["input_sha256"]
    return found


class TestCut:
    """B5."""

    @given(
        before=st.lists(st.tuples(RESULTS, st.booleans()), min_size=1, max_size=5),
        after=st.lists(RESULTS, min_size=1, max_size=3),
        data=st.data(),
    )
    def test_at_any_byte_leaves_the_whole_lines(
        self,
        before: list[tuple[tuple[Any, ...], bool]],
        after: list[tuple[Any, ...]],
        data: st.DataObject,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        # Its name is in every line, so it has the same length each time.
        folder = tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp())
        file = Path(folder, NAME)
        for result, is_other in before:
            with opened(folder, OTHER if is_other else RECIPE) as journal:
                journal.append([result_in(folder, *result)])
        content = file.read_bytes()
        # At the end of a line, and a byte or two before it, as often as anywhere else.
        ends = [match.end() for match in re.finditer(b"\n", content)]
        near_ends = st.builds(lambda end, less: end - less, st.sampled_from(ends), st.integers(0, 2))
        cut = content[: data.draw(st.integers(0, len(content)) | near_ends)]
        file.write_bytes(cut)
        expected = proofs_of(cut)
        with opened(folder) as journal:
            assert self.proofs(journal) == expected
            results = [result_in(folder, *result) for result in after]
            offsets = journal.append(results)
            assert [journal.read(offset)["place"] for offset in offsets] == [place for place, *_ in after]
            expected |= {place: digest for place, _, status, digest in after if status == "done"}
            assert self.proofs(journal) == expected
        assert file.read_bytes().startswith(cut)
        with opened(folder) as journal:
            assert self.proofs(journal) == proofs_of(file.read_bytes())
            if not cut.endswith(b"}"):  # else it was a whole line but for its end, which it has now
                assert self.proofs(journal) == expected

    @staticmethod
    def proofs(journal: Journal) -> dict[str, str]:
        proofs = {place: journal.proof(place) for place in PLACES}
        return {place: proof.input for place, proof in proofs.items() if proof is not None}


APPENDING = """
import itertools, sys
sys.path.insert(0, sys.argv[1])
from convtool.jobs.batch.journal import Journal
from tests.jobs.batch.handmade import recipe_of, result_of

with Journal.open("maps", recipe_of(), fresh=False) as journal:
    for number in itertools.count(int(sys.argv[2])):
        journal.append([result_of(f"{number}-{part}.png", notices=("x" * 5000,)) for part in "ab"])
        print(number, flush=True)
"""
"""Appends two lines at a time, and tells of each time, until it is killed."""


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(ROOT), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def kill_and_read(count: int) -> None:
    drawn, told = random.Random(count), [-1]
    for _ in range(count):
        with started(APPENDING, told[-1] + 1) as process:
            assert process.stdout is not None
            told.append(int(process.stdout.readline()))
            time.sleep(drawn.uniform(0, 0.1))
            process.kill()
            told += map(int, process.stdout.read().splitlines())
    with opened() as journal:
        for number in told[1:]:
            for part in "ab":
                assert journal.proof(f"{number}-{part}.png") == Proof("1f", ())


def test_a_kill_loses_no_line_that_was_told() -> None:
    """B5."""
    kill_and_read(3)


@pytest.mark.slow
def test_twenty_kills() -> None:
    """B5."""
    kill_and_read(20)


HOLDING = """
import sys, time
sys.path.insert(0, sys.argv[1])
from convtool.jobs.batch.journal import Journal
from tests.jobs.batch.handmade import recipe_of

with Journal.open("maps", recipe_of(), fresh=False) as journal:
    print("taken", flush=True)
    time.sleep(float(sys.argv[2]))
"""


class TestTwoBatches:
    """B6."""

    SAYS = r"^\./maps: another batch is at work in this folder; wait for its end, or name another --out-dir$"

    def is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(journals, "LONGEST_WAIT", 0.1)
            with pytest.raises(OutputError, match=self.SAYS):
                Journal.open("./maps", RECIPE, fresh=False)

    def test_the_second_is_refused_and_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journals, "LONGEST_WAIT", 0.1)
        with opened() as journal:
            journal.append([result_of("a.png")])
            content = FILE.read_bytes()
            for fresh in (False, True):
                with (
                    pytest.raises(OutputError, match=self.SAYS),
                    opened("./maps", OTHER, fresh=fresh),
                ):
                    pass
            assert FILE.read_bytes() == content
        with opened() as journal:
            assert journal.proof("a.png") == Proof("1f", ())

    def test_of_other_folders_do_not_meet(self) -> None:
        with opened("x") as x, opened("y") as y:
            assert x.descriptor != y.descriptor

    def test_the_folder_is_free_when_the_first_is_killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with started(HOLDING, 60) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            self.is_taken(monkeypatch)
            process.send_signal(signal.SIGKILL)
            with opened() as journal:
                assert journal.proof("a.png") is None

    def test_the_end_of_the_first_is_waited_for_a_little(self) -> None:
        with started(HOLDING, 0.5) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            with opened() as journal:
                assert journal.proof("a.png") is None

    def test_workers_hold_the_folder_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with opened() as journal:
            worker = subprocess.Popen(["sleep", "60"], pass_fds=[journal.descriptor])
        with worker:
            self.is_taken(monkeypatch)
            worker.kill()
            with opened() as journal:
                assert journal.proof("a.png") is None

    def test_no_other_process_is_handed_the_lock(self) -> None:
        with opened() as journal:
            worker = subprocess.Popen(["sleep", "60"], close_fds=False)
            assert not os.get_inheritable(journal.descriptor)
        with worker:
            with opened() as journal:
                assert journal.proof("a.png") is None
            worker.kill()


class TestSurroundings:
    def test_the_folder_is_made_with_those_above_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        synced = []
        monkeypatch.setattr(journals, "sync_folder", synced.append)
        with opened("x/y/z"):
            assert os.listdir("x/y/z") == [NAME]  # noqa: PTH208
        assert synced == [Path("x/y/z")]

    def test_a_folder_that_is_a_file(self) -> None:
        Path("maps").touch()
        with pytest.raises(OutputError, match=r"^maps: the folder cannot be created: File exists$"), opened():
            pass

    @pytest.mark.parametrize(
        ("kind", "says"),
        [
            ("folder", "it is a folder; remove it, or name another --out-dir"),
            ("link", "it is a link; remove it, or name another --out-dir"),
            ("dangling", "it is a link; remove it, or name another --out-dir"),
            ("fifo", "it is no plain file; remove it, or name another --out-dir"),
            ("socket", "cannot be opened: .*"),
        ],
    )
    def test_a_journal_that_is_no_plain_file(
        self, kind: str, says: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        FILE.parent.mkdir()
        match kind:
            case "folder":
                FILE.mkdir()
            case "link":
                Path("target").write_bytes(b"mine\n")
                FILE.symlink_to("../target")
            case "dangling":
                FILE.symlink_to("../nothing")
            case "fifo":
                os.mkfifo(FILE)
            case "socket":
                with socket.socket(socket.AF_UNIX) as bound, monkeypatch.context() as there:
                    there.chdir(FILE.parent)
                    bound.bind(NAME)
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208
        with (
            pytest.raises(OutputError, match=rf"^maps/\.convtool-journal\.ndjson: {says}$"),
            opened(fresh=True),
        ):
            pass
        assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
        assert not Path("nothing").exists()
        assert not Path("target").exists() or Path("target").read_bytes() == b"mine\n"

    @pytest.mark.parametrize(
        ("module", "call", "says"),
        [
            ("os", "open", "cannot be opened: Permission denied"),
            ("fcntl", "flock", "cannot be locked: Permission denied"),
            ("os", "ftruncate", "cannot be emptied: Permission denied"),
        ],
    )
    def test_what_the_system_refuses(
        self, module: str, call: str, says: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(f"{module}.{call}", refuse)
        with (
            pytest.raises(OutputError, match=rf"^maps/\.convtool-journal\.ndjson: {says}$"),
            opened(fresh=True),
        ):
            pass

    def test_a_journal_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: object) -> Iterator[tuple[int, bytes]]:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(journals, "_lines", refuse)
        says = r"^maps/\.convtool-journal\.ndjson: cannot be read: Input/output error$"
        with pytest.raises(OutputError, match=says), opened():
            pass

    def test_modes_are_those_of_any_file(self) -> None:
        before = os.umask(0o027)
        try:
            with opened():
                assert FILE.stat().st_mode & 0o777 == 0o640
        finally:
            os.umask(before)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class TestFullDisk:
    """E1."""

    SAYS = r"^maps/\.convtool-journal\.ndjson: cannot be written: "

    def test_leaves_what_was_there(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png")])
            content = FILE.read_bytes()
            with (
                file_size_limit(len(content) + 100),
                pytest.raises(OutputError, match=self.SAYS + "File too large$"),
            ):
                journal.append([result_of("b.png"), result_of("c.png")])
            assert FILE.read_bytes() == content
            assert journal.proof("b.png") is None
            assert journal.append([result_of("d.png")]) == [len(content)]
        with opened() as journal:
            assert [journal.proof(f"{name}.png") for name in "abcd"] == [
                Proof("1f", ()),
                None,
                None,
                Proof("1f", ()),
            ]

    def test_on_which_nothing_can_be_taken_back_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(5, "Input/output error")

        with opened() as journal:
            journal.append([result_of("a.png")])
            content = FILE.read_bytes()
            with monkeypatch.context() as patched, file_size_limit(len(content) + 100):
                patched.setattr(os, "ftruncate", refuse)
                with pytest.raises(OutputError, match=self.SAYS + "File too large$"):
                    journal.append([result_of("b.png")])
            assert FILE.stat().st_size == len(content) + 100
            assert journal.append([result_of("c.png")]) == [len(content) + 101]
        with opened() as journal:
            assert [journal.proof(f"{name}.png") for name in "abc"] == [
                Proof("1f", ()),
                None,
                Proof("1f", ()),
            ]

    def test_that_is_noticed_at_the_sync(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: int) -> None:
            raise OSError(28, "No space left on device")

        with opened() as journal, monkeypatch.context() as patched:
            patched.setattr(os, "fsync", refuse)
            with pytest.raises(OutputError, match=self.SAYS + "No space left on device$"):
                journal.append([result_of("a.png")])
            assert FILE.read_bytes() == b""
            assert journal.proof("a.png") is None


def test_memory_is_a_number_for_each_image() -> None:
    """Whatever is in the lines: they are read one by one."""
    FILE.parent.mkdir()
    count, text = 2000, "x" * 8000
    with FILE.open("wb") as stream:
        for number in range(count):
            stream.write(line_of(place=f"{number}.png", notices=[text]))
    tracemalloc.start()
    try:
        with opened() as journal:
            held, _ = tracemalloc.get_traced_memory()
            assert journal.last(f"{count - 1}.png") is not None
    finally:
        tracemalloc.stop()
    assert held < count * 250


def test_sources_are_of_all_recipes_the_last_behind() -> None:
    with opened() as journal:
        journal.append([result_of("a.png"), result_of("b/c.png"), result_of("d.png", status="failed")])
    with opened(recipe=OTHER) as journal:
        assert journal.sources == {"a.png": "../photos/a.png", "b/c.png": "../photos/b/c.png"}
        assert journal.proof("a.png") is None
        journal.append([result_of("a.png")])
    with opened() as journal:
        assert list(journal.sources) == ["b/c.png", "a.png"]
    with opened(fresh=True) as journal:
        assert journal.sources == {}


class TestPeeking:
    def test_reads_and_takes_nothing(self) -> None:
        with opened() as journal:
            journal.append([result_of("a.png")])
            with Journal.peek("maps", RECIPE) as other:
                assert other.proof("a.png") == journal.proof("a.png")

    def test_creates_nothing(self) -> None:
        with Journal.peek("maps", RECIPE) as journal:
            assert journal.proof("a.png") is None
        assert not Path("maps").exists()

    @pytest.mark.parametrize("kind", ["folder", "link"])
    def test_of_what_is_no_journal_proves_nothing(self, kind: str) -> None:
        Path("maps").mkdir()
        Path("elsewhere").write_bytes(line_of())
        if kind == "folder":
            FILE.mkdir()
        else:
            FILE.symlink_to("../elsewhere")
        with Journal.peek("maps", RECIPE) as journal:
            assert journal.proof("a.png") is None


def test_of_what_was_not_written_the_input_is_the_proof() -> None:
    records = ({"output": None}, {"output": None})
    result = Result(result_of("a.png").item, "done", "1f", records)
    with opened() as journal:
        journal.append([result])
        assert journal.proof("a.png") == Proof("1f", ())
    with opened() as journal:
        assert journal.proof("a.png") == Proof("1f", ())
