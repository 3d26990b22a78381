"""Every system call of a run fails once: the right exit code, one line, and no file that is not whole."""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass
from itertools import count, product
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Finished, contents
from tests.outputs.shim import Allocations, Call, Shim, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Contents = dict[str, bytes | None]

CODES: dict[Call, set[int]] = {
    "open": {3},
    "read": {3},
    "create": {5},
    "write": {5},
    "close": {5},
    "sync": {5},
    "sync folder": {0},  # not every system can
    "rename": {5},
    "mkdir": {0, 5},  # 0 if the folder is there all the same
}
"""The exit codes of a run in which one call of a kind fails."""

ERRORS: dict[Call, tuple[int, ...]] = {
    "open": (errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    "read": (errno.EIO, errno.ESTALE),
    "create": (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EDQUOT, errno.ENOMEM, errno.EIO),
    "write": (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM),
    "close": (errno.EIO, errno.EDQUOT, errno.ENOSPC),
    "sync": (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS),
    "sync folder": (errno.EIO, errno.EINVAL, errno.EMFILE),
    "rename": (errno.EACCES, errno.EROFS, errno.EIO, errno.ENOSPC, errno.EXDEV),
    "mkdir": (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO),
}
"""What the system may answer to each kind of call."""

COMMANDS = {
    "conv": ("conv", "photo.png", "-f", "edge.json"),
    "run": ("run", "photo.png", "-f", "edge.json"),
    "pool": ("pool", "saved.png"),
    "relu": ("relu", "matrix.npy"),
    "relu stdin": ("relu", "-"),
    "export": ("filters", "export", "edge.json"),
    "learn": ("learn", "--patch", "photo.png@3,4,6,7"),
    "recover": ("recover", "photo.png", "photo.png", "--size", "3"),
    "report": ("report", "photo.png", "-f", "edge.json"),
    "find": ("find", "photo.png", "-f", "edge.json", "--top", "5"),
    "sheet": ("sheet", "photo.png", "saved.png"),
}
ONE_FORMAT = {"learn": "json", "recover": "json", "find": "png", "sheet": "png", "report": "html"}
"""What commands write that print beside it, and to one place."""

FORMATS = ("png", "npy", "csv", "json")
PLACES = ("new file", "old file", "new folder", "old folder", "stdout")


@dataclass(frozen=True)
class Case:
    """A command, the format it writes, and where to."""

    command: str
    format: str
    place: str

    @property
    def arguments(self) -> tuple[str, ...]:
        where = {
            "new file": ("-o", f"out.{self.format}"),
            "old file": ("-o", f"out.{self.format}"),
            "new folder": ("--out-dir", "new/maps", "--format", self.format),
            "old folder": ("--out-dir", "old", "--format", self.format),
            "stdout": ("-o", "-", "--format", self.format),
        }
        return *COMMANDS[self.command], *where[self.place]

    def prepare(self, folder: Path) -> None:
        """Lay an older file under every name that the command will write."""
        if self.place == "old file":
            (folder / f"out.{self.format}").write_bytes(b"older")
        elif self.place == "old folder":
            assert self.run(Shim(folder)).code == 0
            for path in (folder / "old").iterdir():
                path.write_bytes(b"older")

    def run(self, shim: Shim) -> Finished:
        return run(shim, *self.arguments, sends=b"1,-2\n-3,4\n" if "stdin" in self.command else b"")

    def __str__(self) -> str:
        return f"{self.command} to {self.place} as {self.format}"


def cases() -> Iterator[Case]:
    """Every command, format and place that go together."""
    for command, format_, place in product(COMMANDS, FORMATS, PLACES):
        if command == "export" and (format_ not in ("json", "npy") or "folder" in place):
            continue
        if command in ONE_FORMAT and (
            format_ != ONE_FORMAT[command] or place not in ("new file", "old file")
        ):
            continue
        if command == "run" and "folder" not in place:  # its maps are several, of several sizes
            continue
        yield Case(command, format_, place)


def lay_out(folder: Path, wanted: Contents) -> None:
    """Make a folder hold this and nothing else."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in sorted(wanted.items()):
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)


def parts_in(folder: Path) -> list[str]:
    return [name for name in contents(folder) if name.endswith(".part")]


class Trial:
    """One command, run again and again from the same start with another call failing."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.folder = folder
        case.prepare(folder)
        self.before: Contents = contents(folder)
        self.calls = Shim(folder)
        self.clean = case.run(self.calls)
        assert (self.clean.code, self.clean.err) == (0, ""), self.clean
        self.after: Contents = contents(folder)
        assert self.after != self.before or case.place == "stdout"

    def fails(self, shim: Shim, codes: set[int], *, parts: bool = False) -> bool:
        """Run with a shim, check all that a user may rely on, and give whether any call failed."""
        lay_out(self.folder, self.before)
        finished = self.case.run(shim)
        if not shim.struck:
            assert finished == self.clean
            assert contents(self.folder) == self.after
            return False
        self.check(finished, codes, parts=parts)
        return True

    def check(self, finished: Finished, codes: set[int], *, parts: bool = False) -> None:
        assert finished.code in codes, finished
        assert finished.err.startswith("convtool: ") == bool(finished.code), finished.err
        assert finished.err.count("\n") == len(finished.err.splitlines()) == bool(finished.code), finished.err
        self.check_files()
        left = contents(self.folder)
        if not parts:
            assert parts_in(self.folder) == []
        if finished.code == 0:
            assert left == self.after
        # The next run does all that a run ever does, whatever this one left.
        assert self.case.run(Shim(self.folder)) == self.clean
        again = contents(self.folder)
        assert {name: again[name] for name in again if not name.endswith(".part")} == self.after

    def check_files(self) -> None:
        """Every file is there, the old one or the new one; nothing else is, but for a ``.part``."""
        left = contents(self.folder)
        assert self.before.keys() <= left.keys()
        for name, content in left.items():
            if not name.endswith(".part"):
                assert content in (self.before.get(name, b"absent"), self.after[name]), name


def each_call(trial: Trial, call: Call, errors: Callable[[int], Iterable[int]]) -> int:
    """Fail the first call of a kind, the second, … until a run makes no more; give how many there were."""
    for number in count(1):
        for code in errors(number):
            if not trial.fails(Shim(trial.folder, {call}, number, code), CODES[call]):
                return number - 1
    raise AssertionError


ALL = list(cases())
FEW = [
    case
    for case in ALL
    if case.format == "png"
    or (case.command in ("relu", "export", "learn", "recover") and case.place in ("old file", "stdout"))
]
WITH_A_FOLDER = [Case(command, "npy", "new folder") for command in ("conv", "run")]


@pytest.mark.parametrize("case", FEW, ids=str)
def test_a_call_that_fails(case: Case, folder: Path) -> None:
    """E1: every call in its turn, the errors taking turns too."""
    trial = Trial(case, folder)
    met = {
        call: each_call(trial, call, lambda number, few=ERRORS[call]: few[number % len(few) :][:1])
        for call in CODES
    }
    assert met == {call: trial.calls.log.count(call) for call in CODES}
    used = {call for call in ("create", "write", "close", "sync", "rename", "sync folder") if met[call]}
    assert used == ({"write"} if case.place == "stdout" else set(CODES) - {"open", "read", "mkdir"})


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_call_that_fails_in_every_way(case: Case, folder: Path) -> None:
    """E1: every call with every error."""
    trial = Trial(case, folder)
    for call in CODES:
        each_call(trial, call, lambda _, all_=ERRORS[call]: all_)


@pytest.mark.parametrize("case", WITH_A_FOLDER, ids=str)
def test_a_path_that_cannot_be_looked_at(case: Case, folder: Path) -> None:
    """Inputs, outputs and their folders; a run that can do without is as good as any."""
    trial = Trial(case, folder)
    numbers = count(1)
    while trial.fails(Shim(folder, {"stat"}, next(numbers), errno.EACCES), {0, 3, 5}):
        pass
    assert next(numbers) > 3


@pytest.mark.parametrize("case", WITH_A_FOLDER, ids=str)
def test_a_disk_that_is_full_from_some_moment_on(case: Case, folder: Path) -> None:
    """E1."""
    trial = Trial(case, folder)
    calls: set[Call] = {"create", "write", "close", "sync", "rename", "mkdir"}
    numbers = count(1)
    while trial.fails(Shim(folder, calls, next(numbers), errno.ENOSPC, lasting=True), {5}):
        pass
    assert next(numbers) > 7


@pytest.mark.parametrize("case", WITH_A_FOLDER, ids=str)
def test_a_disk_that_is_read_only_from_some_moment_on(case: Case, folder: Path) -> None:
    """E1: then the part cannot be removed, and hides."""
    trial = Trial(case, folder)
    calls: set[Call] = {"create", "write", "close", "sync", "rename", "mkdir", "unlink"}
    numbers = count(1)
    while trial.fails(Shim(folder, calls, next(numbers), errno.EROFS, lasting=True), {5}, parts=True):
        assert all(name.rpartition("/")[2].startswith(".convtool-") for name in parts_in(folder))
    assert next(numbers) > 7


@pytest.mark.parametrize("case", [*WITH_A_FOLDER, Case("relu", "csv", "stdout")], ids=str)
def test_a_system_that_takes_little_at_a_time(case: Case, folder: Path) -> None:
    trial = Trial(case, folder)
    lay_out(folder, trial.before)
    shim = Shim(folder, most=50)
    assert case.run(shim) == trial.clean
    assert contents(folder) == trial.after
    assert shim.log.count("write") > 2 * trial.calls.log.count("write")


@pytest.mark.parametrize("name", ["photo.png", "matrix.npy", "matrix.csv", "edge.json"])
def test_a_read_that_fails_is_called_so(name: str, folder: Path) -> None:
    """I19: it is no damage of the file."""
    (folder / "matrix.csv").write_text("1,2\n3,4\n")
    command = ("filters", "export") if name == "edge.json" else ("relu",)
    for number in count(1):
        shim = Shim(folder, {"read"}, number, errno.EIO)
        finished = run(shim, *command, name, "-o", "-")
        if not shim.struck:
            break
        assert finished == Finished(3, b"", f"convtool: {name}: cannot be read: Input/output error\n")
    assert number > 1


@pytest.mark.parametrize("other", ["symlink_to", "hardlink_to"])
def test_an_input_is_never_replaced_though_it_cannot_be_looked_at(other: str, folder: Path) -> None:
    """A3: not even if the one call that would have told fails."""
    (folder / "link.npy").unlink(missing_ok=True)
    getattr(folder / "link.npy", other)(folder / "matrix.npy")
    before = contents(folder)
    for number in count(1):
        for source, output in (("matrix.npy", "link.npy"), ("link.npy", "matrix.npy")):
            shim = Shim(folder, {"stat"}, number, errno.EIO)
            finished = run(shim, "relu", source, "-o", output)
            assert finished.code in ({2, 3, 5} if shim.struck else {2}), finished
            assert contents(folder) == before
        if not shim.struck:
            return


def out_of_memory(trial: Trial, numbers: Iterable[int]) -> None:
    """Fail the calls of these numbers as if memory had run out."""
    for number in numbers:
        lay_out(trial.folder, trial.before)
        with Allocations(number).installed():
            finished = trial.case.run(Shim(trial.folder))
        assert finished.err == "convtool: out of memory; use a smaller image, or free memory\n", number
        trial.check(finished, {4})


def allocations(trial: Trial) -> int:
    """How many calls of a run may find no memory."""
    trial.case.run(Shim(trial.folder))  # whatever is loaded or remembered but once
    lay_out(trial.folder, trial.before)
    with Allocations().installed() as counted:
        trial.case.run(Shim(trial.folder))
    return counted.seen


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between opening and ``with`` none but Python closes
@pytest.mark.parametrize("case", [c for c in FEW if c.place == "old file" and c.format == "png"], ids=str)
def test_memory_that_runs_out(case: Case, folder: Path) -> None:
    """E10: at twenty moments of a run."""
    trial = Trial(case, folder)
    seen = allocations(trial)
    assert seen > 100
    out_of_memory(trial, range(1, seen + 1, seen // 20))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(c for c in ALL if c.place == "new folder")), ids=str
)
def test_memory_that_runs_out_anywhere(number: int, case: Case, folder: Path) -> None:
    """E10: at every tenth moment, shared among three formats: a command's are alike until it writes."""
    trial = Trial(case, folder)
    out_of_memory(trial, range(1 + 10 * (number % 3), allocations(trial) + 1, 30))
