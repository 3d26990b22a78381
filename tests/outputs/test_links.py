"""Outputs that are links, devices and pipes, and the modes of files: by every command that writes."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import contents, in_process, spawned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMANDS = {
    "conv": ("conv", "photo.png", "-f", "edge.json", "-q"),
    "run": ("run", "photo.png", "-f", "edge.json", "--save", "pool", "-q"),
    "pool": ("pool", "saved.png", "-q"),
    "relu": ("relu", "matrix.npy", "-q"),
    "export": ("filters", "export", "edge.json", "-q"),
    "learn": ("learn", "--patch", "photo.png@3,4,6,7", "-q"),
    "recover": ("recover", "photo.png", "photo.png", "--size", "3", "-q"),
}


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return COMMANDS[request.param]


@pytest.fixture
def expected(command: tuple[str, ...]) -> bytes:
    """The bytes that the command writes as NPY."""
    assert in_process(*command, "-o", "expected.npy").code == 0
    content = Path("expected.npy").read_bytes()
    Path("expected.npy").unlink()
    return content


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    try:
        yield os.umask
    finally:
        os.umask(before)


def written(command: tuple[str, ...], output: str) -> bytes:
    finished = in_process(*command, "-o", output)
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    return Path(output).read_bytes()


class TestLinks:
    """E4."""

    def test_a_link_is_replaced_and_its_target_untouched(
        self, command: tuple[str, ...], expected: bytes
    ) -> None:
        Path("target.npy").write_bytes(b"older")
        Path("out.npy").symlink_to("target.npy")
        assert written(command, "out.npy") == expected
        assert not Path("out.npy").is_symlink()
        assert Path("target.npy").read_bytes() == b"older"

    def test_a_link_to_nothing_is_replaced(self, command: tuple[str, ...], expected: bytes) -> None:
        Path("out.npy").symlink_to("nowhere/target.npy")
        assert written(command, "out.npy") == expected
        assert not Path("out.npy").is_symlink()

    def test_another_name_of_the_old_file_keeps_its_bytes(
        self, command: tuple[str, ...], expected: bytes
    ) -> None:
        Path("out.npy").write_bytes(b"older")
        Path("other.npy").hardlink_to("out.npy")
        assert written(command, "out.npy") == expected
        assert Path("other.npy").read_bytes() == b"older"

    def test_links_in_a_folder_are_replaced(self) -> None:
        Path("maps").mkdir()
        Path("older").write_bytes(b"older")
        for stage in ("map", "pool"):
            Path(f"maps/photo.edge.{stage}.png").symlink_to("../older")
        assert in_process("run", "photo.png", "-f", "edge.json", "--out-dir", "maps").code == 0
        assert Path("older").read_bytes() == b"older"
        assert [path.is_symlink() for path in Path("maps").iterdir()] == [False, False]

    @pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="Linux has it")
    def test_the_folder_in_memory_is_a_folder_like_any_other(self) -> None:
        folder = Path(f"/dev/shm/convtool-{os.getpid()}")
        folder.mkdir()
        try:
            (folder / "target.npy").write_bytes(b"older")
            (folder / "out.npy").symlink_to("target.npy")
            written(COMMANDS["relu"], str(folder / "out.npy"))
            assert (folder / "target.npy").read_bytes() == b"older"
            assert not (folder / "out.npy").is_symlink()
        finally:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


class TestFolders:
    ARGUMENTS = ("run", "photo.png", "-f", "edge.json", "-q", "--out-dir")
    NAMES = ("photo.edge.map.png", "photo.edge.pool.png")

    def test_a_link_to_a_folder_stays_one(self) -> None:
        Path("real").mkdir()
        Path("link").symlink_to("real")
        assert in_process(*self.ARGUMENTS, "link").code == 0
        assert Path("link").is_symlink()
        assert sorted(contents(Path("real"))) == sorted(self.NAMES)

    def test_a_new_folder_behind_a_link(self) -> None:
        Path("real").mkdir()
        Path("link").symlink_to("real")
        assert in_process(*self.ARGUMENTS, "link/new/maps").code == 0
        assert sorted(contents(Path("real/new/maps"))) == sorted(self.NAMES)

    @pytest.mark.parametrize(("target", "reason"), [("nowhere", "File exists"), ("photo.png", "File exists")])
    def test_a_link_to_no_folder(self, target: str, reason: str) -> None:
        """A5."""
        Path("link").symlink_to(target)
        before = contents(Path())
        finished = in_process(*self.ARGUMENTS, "link")
        assert (finished.code, finished.data) == (5, b"")
        assert finished.err == f"convtool: link: the folder cannot be created: {reason}\n"
        assert contents(Path()) == before
        assert Path("link").is_symlink()

    def test_a_folder_under_the_name_of_an_output(self) -> None:
        """A5."""
        Path("maps/photo.edge.pool.png").mkdir(parents=True)
        finished = in_process(*self.ARGUMENTS, "maps")
        assert (finished.code, finished.err.count("\n")) == (5, 1)
        assert "maps/photo.edge.pool.png: it is a folder; name a file in it" in finished.err
        assert sorted(contents(Path("maps"))) == sorted(self.NAMES)  # the map was written before

    def test_the_current_folder_by_another_spelling(self) -> None:
        assert in_process(*self.ARGUMENTS, "../work/./").code == 0
        assert all(Path(name).is_file() for name in self.NAMES)


class TestSpecialFiles:
    """E4."""

    def test_dev_null_stays_what_it_is(self, command: tuple[str, ...], folder: Path) -> None:
        # By a link, so that a fault in the code cannot replace the machine's own.
        Path("null.npy").symlink_to(os.devnull)
        before = contents(folder)
        assert in_process(*command, "-o", "null.npy").code == 0
        assert Path("null.npy").is_symlink()
        assert Path("null.npy").is_char_device()
        assert contents(folder) == before

    def test_a_fifo_is_written_straight(self, command: tuple[str, ...], expected: bytes) -> None:
        os.mkfifo("out.npy")
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(Path("out.npy").read_bytes()))
        reader.start()
        assert in_process(*command, "-o", "out.npy").code == 0
        reader.join()
        assert got == [expected]
        assert Path("out.npy").is_fifo()

    def test_a_fifo_under_the_name_of_an_output(self, folder: Path) -> None:
        os.mkfifo("photo.edge.map.csv")
        got: list[str] = []
        reader = threading.Thread(target=lambda: got.append(Path("photo.edge.map.csv").read_text()))
        reader.start()
        arguments = ("conv", "photo.png", "-f", "edge.json", "--format", "csv", "-q")
        assert in_process(*arguments, "--out-dir", ".").code == 0
        reader.join()
        assert in_process(*arguments, "-o", "-").out == got[0]
        assert Path("photo.edge.map.csv").is_fifo()

    def test_a_reader_that_leaves(self) -> None:
        """E5."""
        os.mkfifo("out.npy")
        reader = threading.Thread(target=lambda: Path("out.npy").open("rb").close())
        reader.start()
        Path("large.csv").write_text("1,2,3,4\n" * 50_000)  # more than a pipe holds
        finished = in_process("relu", "large.csv", "-o", "out.npy", "-q")
        reader.join()
        assert (finished.code, finished.err) == (141, "")
        assert Path("out.npy").is_fifo()

    def test_a_socket_cannot_be_written(self, folder: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("out.npy")
            finished = in_process(*COMMANDS["relu"], "-o", "out.npy")
            assert finished.code == 5
            assert finished.err == "convtool: out.npy: cannot be written: No such device or address\n"
            assert stat.S_ISSOCK(Path("out.npy").stat().st_mode)


class TestModes:
    """E11."""

    @pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o000, 0o666)])
    def test_a_new_file_has_what_the_umask_leaves(
        self, command: tuple[str, ...], umask: Callable[[int], int], mask: int, mode: int
    ) -> None:
        umask(mask)
        written(command, "out.npy")
        assert stat.S_IMODE(Path("out.npy").stat().st_mode) == mode

    @pytest.mark.parametrize("mode", [0o600, 0o444, 0o777])
    def test_an_old_file_is_replaced_with_its_mode(self, umask: Callable[[int], int], mode: int) -> None:
        """The new file is a new one: it does not take over the mode of the old one."""
        umask(0o022)
        Path("out.npy").write_bytes(b"older")
        Path("out.npy").chmod(mode)
        written(COMMANDS["relu"], "out.npy")
        assert stat.S_IMODE(Path("out.npy").stat().st_mode) == 0o644

    @pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o755), (0o077, 0o700)])
    def test_a_new_folder_has_what_the_umask_leaves(
        self, umask: Callable[[int], int], mask: int, mode: int
    ) -> None:
        umask(mask)
        assert in_process("relu", "matrix.npy", "--out-dir", "new/maps", "-q").code == 0
        assert [stat.S_IMODE(Path(name).stat().st_mode) for name in ("new", "new/maps")] == [mode, mode]


def spellings(name: str) -> dict[str, str]:
    """Names of one file, made where they are not there yet."""
    Path("by").mkdir()
    Path(f"by/link-{name}").symlink_to(f"../{name}")
    Path(f"by/hard-{name}").hardlink_to(name)
    Path("folder").symlink_to(".")
    return {
        "itself": name,
        "dot": f"./{name}",
        "around": f"by/../{name}",
        "absolute": str(Path(name).absolute()),
        "link": f"by/link-{name}",
        "hard link": f"by/hard-{name}",
        "through a folder's link": f"folder/folder/{name}",
    }


INPUTS = {
    "a photo": ("photo.png", ("conv", "photo.png", "-f", "edge.json")),
    "a filter": ("edge.json", ("conv", "photo.png", "-f", "edge.json")),
    "a map": ("saved.png", ("pool", "saved.png")),
    "a matrix": ("matrix.npy", ("relu", "matrix.npy")),
    "what is exported": ("edge.json", ("filters", "export", "edge.json")),
    "what is searched": ("photo.png", ("find", "photo.png", "-f", "edge.json")),
    "what is found with": ("edge.json", ("find", "photo.png", "-f", "edge.json")),
    "what is reported": ("photo.png", ("report", "photo.png", "-f", "edge.json")),
    "what is reported with": ("edge.json", ("report", "photo.png", "-f", "edge.json")),
    "a patch": ("photo.png", ("learn", "--patch", "photo.png")),
    "background": ("matrix.npy", ("learn", "--patch", "photo.png@3,4,6,7", "--background", "matrix.npy")),
    "a picture before": ("photo.png", ("recover", "photo.png", "matrix.npy", "--size", "3")),
    "a picture after": ("matrix.npy", ("recover", "photo.png", "matrix.npy", "--size", "3")),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_an_input_by_any_name_is_no_output(kind: str, folder: Path) -> None:
    """A3."""
    name, command = INPUTS[kind]
    names = spellings(name)
    before = contents(folder)
    for output in names.values():
        for source in names.values():
            given = tuple(source if argument == name else argument for argument in command)
            finished = in_process(*given, "-o", output)
            line = f"convtool: {output}: the output would replace the input {source}; name another\n"
            assert (finished.code, finished.data, finished.err) == (2, b"", line)
            assert contents(folder) == before


def test_an_input_in_a_folder_of_outputs_is_no_output(folder: Path) -> None:
    """A3: a saved map whose ReLU would bear its own name, and a link under that name."""
    save = ("conv", "photo.png", "-f", "edge.json", "--out-dir", "maps", "-q")
    assert in_process(*save).code == 0
    Path("alias").symlink_to("maps")
    Path("maps/saved.map.png").symlink_to("../saved.png")
    before = contents(folder)
    for source, output in (
        ("maps/photo.edge.map.png", "maps/photo.edge.map.png"),
        ("alias/photo.edge.map.png", "maps/photo.edge.map.png"),
        ("saved.png", "maps/saved.map.png"),
    ):
        finished = in_process("relu", source, "--out-dir", "maps", "-q")
        line = f"convtool: {output}: the output would replace the input {source}; name another\n"
        assert (finished.code, finished.err) == (2, line)
        assert contents(folder) == before


@pytest.mark.parametrize("other", ["matrix.npy", "hard.npy"])
def test_standard_input_is_an_input_too(other: str, folder: Path) -> None:
    """A3: ``convtool relu - < matrix.npy -o matrix.npy``."""
    Path("hard.npy").hardlink_to("matrix.npy")
    before = contents(folder)
    with Path("matrix.npy").open("rb") as stdin, spawned("relu", "-", "-o", other, stdin=stdin) as process:
        data, err = process.communicate(timeout=60)
    line = f"convtool: {other}: the output would replace the input stdin; name another\n"
    assert (process.returncode, data, err.decode()) == (2, b"", line)
    assert contents(folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("relu", "matrix.npy", "copies/matrix.png"),
        ("relu", "matrix.npy", "matrix.npy"),
        ("relu", "matrix.npy", "./matrix.npy"),
        ("pool", "a b.npy", "a-b.npy"),
        ("conv", "matrix.npy", "-f", "edge.json", "-f", "copies/edge.json"),
        ("run", "matrix.npy", "copies/matrix.png", "-f", "edge.json"),
        ("conv", "matrix.npy", "-f", "twins.json"),
    ],
)
def test_two_outputs_of_one_name(arguments: tuple[str, ...], folder: Path) -> None:
    """A4."""
    Path("copies").mkdir()
    for name, copy in (("photo.png", "matrix.png"), ("edge.json", "edge.json")):
        Path(f"copies/{copy}").write_bytes(Path(name).read_bytes())
    for name in ("a b.npy", "a-b.npy"):
        Path(name).write_bytes(Path("matrix.npy").read_bytes())
    Path("twins.json").write_text('{"weights": [[[1]], [[2]]], "names": ["a b", "a-b"]}')
    before = contents(folder)
    finished = in_process(*arguments, "--out-dir", "maps")
    assert (finished.code, finished.data) == (2, b"")
    assert finished.err.count("\n") == 1
    assert "rename one, or give them one by one" in finished.err
    assert contents(folder) == before
