"""Rows E1 to E11: the disk, the memory, signals, streams and the terminal."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.cli.runner import spawned
from tests.faults.commands import (
    Words,
    at_most,
    bound_by_permissions,
    converting,
    deriving,
    done,
    drawing,
    facts_of,
    looking_for_patches,
    refused,
    run,
    saved,
    training,
)
from tests.io import handmade as hm
from tests.net.data.lines import write_npz

MATRIX = "1,2,3\n4,5,6\n7,8,9\n"
FORMATS = ["png", "npy", "csv", "json"]
RNG = np.random.default_rng(11)

needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
needs_linux = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such limit, or no such names")


@pytest.fixture(autouse=True)
def matrix() -> Path:
    """A matrix of 3 × 3."""
    Path("a.csv").write_text(MATRIX)
    return Path("a.csv")


FILES = {"a.csv", "b.csv", "lines.npz", "one.json"}
"""What lies in the folder that a test works in."""

FIND = ("find", "a.csv", "-f", "one.json")
REPORT = ("report", "a.csv", "-f", "one.json")
LEARN = ("learn", "--patch", "a.csv@0,0,2,2", "--background", "b.csv")
RECOVER = ("recover", "a.csv", "a.csv", "--size", "1")
SHEET = ("sheet", "a.csv", "b.csv")
TRAIN = training("lines.npz")
PATCHES = looking_for_patches("lines.npz")
EXPLAIN = deriving("a.csv")
VIEW = drawing("a.csv")


@pytest.fixture(autouse=True)
def labelled() -> None:
    """``lines.npz``, pictures of two classes."""
    write_npz("lines.npz", 8)


@pytest.fixture(autouse=True)
def filter_and_background() -> None:
    """A filter whose response is the image itself, and a matrix in which the patch is not found."""
    Path("one.json").write_text("[[1]]")
    Path("b.csv").write_text("9,1,1,7\n2,8,3,4\n5,0,6,6\n")


@pytest.fixture
def large() -> Path:
    """An array that takes a second to be written as text."""
    np.save("large.npy", RNG.random((2000, 2000), np.float32))
    return Path("large.npy")


@needs_dev_full
@pytest.mark.parametrize(
    "command",
    [
        ("relu", "a.csv", "-o", "/dev/full"),
        ("relu", "a.csv", "-o", "/dev/full", "--format", "npy"),
        ("filters", "export", "kirsch", "-o", "/dev/full"),
        (*FIND, "-o", "/dev/full"),
        (*REPORT, "-o", "/dev/full"),
        (*SHEET, "-o", "/dev/full"),
        (*LEARN, "-o", "/dev/full"),
        (*RECOVER, "-o", "/dev/full"),
        (*PATCHES, "-o", "/dev/full"),
    ],
    ids=" ".join,
)
def test_e01_a_full_disk(command: Words) -> None:
    """An output on a disk that is full."""
    refused(*command, code=5, says=("convtool: /dev/full: cannot be written: No space left",))


@needs_linux
@pytest.mark.parametrize(("format_", "older"), [*((each, True) for each in FORMATS), ("png", False)])
def test_e01_a_limit_of_file_sizes(format_: str, older: bool) -> None:
    """An output that grows over the limit of a file's size: an older file is as it was."""
    Path("noise.npy").write_bytes(hm.npy_of(RNG.random((64, 64), np.float32)))
    if older:
        Path(f"out.{format_}").write_text("older")
    refused(
        *("conv", "noise.npy", "-f", "identity", "-o", f"out.{format_}"),
        code=5,
        says=(f"out.{format_}: ", "cannot be written", "File too large"),
        preexec_fn=at_most(FSIZE=4096),
    )


@needs_linux
@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("find", "noise.npy", "-f", "identity", "--top", "1"), "out.png"),
        (("report", "noise.npy", "-f", "identity"), "out.html"),
        (("sheet", "noise.npy"), "out.png"),
        (("learn", "--patch", "noise.npy@0,0,30,30"), "out.json"),
        (("recover", "noise.npy", "smaller.npy", "--size", "20"), "out.json"),
        (PATCHES, "out.png"),
    ],
    ids=lambda argument: " ".join(argument) if isinstance(argument, tuple) else argument,
)
def test_e01_a_limit_of_file_sizes_for_pictures_and_filters(command: Words, output: str) -> None:
    """A picture, page or filter that grows over the limit of a file's size: an older file is as it was."""
    for name, side in (("noise.npy", 64), ("smaller.npy", 45)):
        Path(name).write_bytes(hm.npy_of(RNG.random((side, side), np.float32)))
    Path(output).write_text("older")
    limits = at_most(FSIZE=4096)
    says = (f"{output}: ", "cannot be written", "File too large")
    refused(*command, "-q", "-o", output, code=5, says=says, preexec_fn=limits)


@needs_linux
def test_e01_a_limit_of_file_sizes_for_a_training() -> None:
    """A training that cannot be put aside is not begun: an older network is as it was."""
    Path("out.npz").write_text("older")
    says = ("out.checkpoint.npz: ", "cannot be written", "File too large")
    refused(*TRAIN, "-o", "out.npz", code=5, says=says, preexec_fn=at_most(FSIZE=4096))


@needs_linux
def test_e01_a_limit_of_file_sizes_among_several_outputs() -> None:
    """Of several outputs the ones that fit are whole, and none is there in part."""
    Path("noise.npy").write_bytes(hm.npy_of(RNG.random((64, 64), np.float32)))
    Path("maps").mkdir()
    Path("maps/noise.map.npy").write_text("older")
    command = ("relu", "a.csv", "noise.npy", "--out-dir", "maps", "--format", "npy", "-q")
    finished = run(*command, preexec_fn=at_most(FSIZE=4096))
    assert (finished.code, finished.data) == (5, b"")
    assert finished.err.startswith("convtool: maps/noise.map.npy: cannot be written")
    assert finished.err.count("\n") == 1
    assert sorted(path.name for path in Path("maps").iterdir()) == ["a.map.npy", "noise.map.npy"]
    assert np.load("maps/a.map.npy").tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert Path("maps/noise.map.npy").read_text() == "older"


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("relu", "a.csv", "-o", "shelf/new.png"), ("shelf/new.png: ", "Permission denied")),
        (("relu", "a.csv", "-o", "shelf/older.png"), ("shelf/older.png: ", "Permission denied")),
        (("relu", "a.csv", "--out-dir", "shelf"), ("shelf/a.map.png: ", "Permission denied")),
        (("relu", "a.csv", "--out-dir", "shelf/maps"), ("shelf/maps: ", "Permission denied")),
        (("filters", "export", "box-3", "-o", "shelf/f.json"), ("shelf/f.json: ", "Permission denied")),
        ((*FIND, "-o", "shelf/older.png"), ("shelf/older.png: ", "Permission denied")),
        ((*REPORT, "-o", "shelf/page.html"), ("shelf/page.html: ", "Permission denied")),
        ((*SHEET, "-o", "shelf/older.png"), ("shelf/older.png: ", "Permission denied")),
        ((*LEARN, "-o", "shelf/f.json"), ("shelf/f.json: ", "Permission denied")),
        ((*RECOVER, "-o", "shelf/f.json"), ("shelf/f.json: ", "Permission denied")),
        ((*TRAIN, "-o", "shelf/n.npz"), ("shelf/n.checkpoint.npz: ", "Permission denied")),
        ((*TRAIN, "-o", "n.npz", "--curves", "shelf/older.png"), ("shelf/older.png: ", "Permission denied")),
        ((*PATCHES, "-o", "shelf/older.png"), ("shelf/older.png: ", "Permission denied")),
    ],
    ids=lambda argument: " ".join(argument),
)
def test_e01_a_read_only_folder(command: Words, words: Words) -> None:
    """An output in a folder that may not be written, for a user whom permissions bind."""
    Path("shelf").mkdir()
    Path("shelf/older.png").write_text("older")
    with read_only(Path("shelf")):
        refused(*command, code=5, says=words, preexec_fn=bound_by_permissions)
    assert Path("shelf/older.png").read_text() == "older"


@contextlib.contextmanager
def writing(**options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is writing ``out.csv``, an older file, at this moment."""
    Path("out.csv").write_text("older")
    with spawned("relu", "large.npy", "-o", "out.csv", **options) as process:
        while not list(Path().glob(".*.part")):
            assert process.poll() is None
        yield process


@pytest.mark.usefixtures("large")
def test_e02_killed_while_writing() -> None:
    """A kill -9 while an output is written: the older file, and nothing under the final name in part."""
    with writing() as process:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert Path("out.csv").read_text() == "older"
    done("relu", "a.csv", "-o", "out.csv", "-q")
    assert Path("out.csv").read_text() == MATRIX


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.usefixtures("large")
def test_e03_ended_while_writing(number: signal.Signals, code: int) -> None:
    """SIGTERM or Ctrl-C while an output is written: its code, not a word, no temporary file."""
    with writing() as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert Path("out.csv").read_text() == "older"
    assert {path.name for path in Path().iterdir()} == {*FILES, "large.npy", "out.csv"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize(
    "command",
    [
        ("find", "a.csv", "pipe.png", "-f", "one.json", "-q"),
        ("report", "pipe.png", "-f", "one.json", "-o", "out.html"),
        (
            "learn",
            "--patch",
            "a.csv@0,0,2,2",
            "--background",
            "pipe.png",
            "-o",
            "out.csv",
            "--format",
            "json",
        ),
        ("recover", "a.csv", "pipe.png", "--size", "1", "-o", "out.json"),
        training("pipe.png", "-o", "out.npz"),
        looking_for_patches("pipe.png", "-o", "out.png"),
        deriving("pipe.png"),
        drawing("pipe.png"),
    ],
    ids=lambda command: command[0],
)
def test_e03_ended_while_reading(command: Words, number: signal.Signals, code: int) -> None:
    """SIGTERM or Ctrl-C while a picture is read: its code, not a word, nothing written."""
    os.mkfifo("pipe.png")
    command = tuple("out.json" if word == "out.csv" else word for word in command)
    Path("out.json").write_text("older")
    before = facts_of(Path())
    with spawned(*command) as process, Path("pipe.png").open("wb"):  # opened once the process reads it
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert facts_of(Path()) == before


def test_e04_a_link_is_replaced() -> None:
    """An output that is a symbolic link, sound or dangling: replaced, its target untouched."""
    Path("target.csv").write_text("older")
    for name, target in (("link.csv", "target.csv"), ("dangling.csv", "nowhere.csv")):
        Path(name).symlink_to(target)
        done("relu", "a.csv", "-o", name, "-q")
        assert not Path(name).is_symlink()
        assert Path(name).read_text() == MATRIX
    assert Path("target.csv").read_text() == "older"
    assert not Path("nowhere.csv").exists()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (FIND, "link.png"),
        (REPORT, "link.html"),
        (SHEET, "link.png"),
        (LEARN, "link.json"),
        (RECOVER, "link.json"),
        (PATCHES, "link.png"),
        (TRAIN, "link.npz"),
    ],
)
def test_e04_a_link_is_replaced_whatever_is_written(command: Words, name: str) -> None:
    """A picture, page, filter or network whose output is a link: replaced, its target untouched."""
    Path("target").write_text("older")
    Path(name).symlink_to("target")
    done(*command, "-o", name, "-q")
    assert not Path(name).is_symlink()
    assert Path(name).read_bytes()[:4] in (b"\x89PNG", b"<!DO", b"{\n  ", b"PK\3\4")
    assert Path("target").read_text() == "older"


def test_e04_devices_are_written_straight() -> None:
    """An output that is a device is written and stays one."""
    null = Path("/dev/null")
    before = null.stat()
    done("relu", "a.csv", "-o", "/dev/null", "-q")
    assert (null.stat().st_mode, null.stat().st_ino) == (before.st_mode, before.st_ino)
    assert done("relu", "a.csv", "-o", "/dev/stdout", "--format", "csv", "-q").out == MATRIX
    assert facts_of(Path()).keys() == FILES


def test_e04_a_device_takes_filters_and_pictures() -> None:
    """A device gets the bytes that a file would have, of a drawing, a page and filters."""
    for command, suffix in ((FIND, "png"), (REPORT, "html"), (LEARN, "npy"), (RECOVER, "npy")):
        done(*command, "-o", f"out.{suffix}", "-q")
        format_ = () if suffix != "npy" else ("--format", suffix)
        written = done(*command, "-o", "/dev/stdout", *format_, "-q").data
        assert written == Path(f"out.{suffix}").read_bytes()


@pytest.mark.parametrize("format_", FORMATS)
def test_e04_a_fifo_is_written_straight(format_: str) -> None:
    """An output that is a FIFO: the reader gets the bytes that a file would have."""
    done("relu", "a.csv", "-o", f"plain.{format_}", "-q")
    os.mkfifo(f"pipe.{format_}")
    with spawned("relu", "a.csv", "-o", f"pipe.{format_}", "-q") as process:
        assert Path(f"pipe.{format_}").read_bytes() == Path(f"plain.{format_}").read_bytes()
        assert process.wait(60) == 0
    assert Path(f"pipe.{format_}").is_fifo()


@pytest.mark.parametrize(
    "command",
    [
        ("show", "large.npy", "--full"),
        ("show", *["large.npy"] * 30),
        ("show", *["large.npy"] * 200, "--json"),
        ("show", *["large.npy"] * 60, "--view"),
        ("show", *["large.npy"] * 3, "--view", "--color", "always"),
        deriving("large.npy", *["--filter=kirsch"] * 40),
        deriving("large.npy", *["--filter=kirsch"] * 40, "--json"),
        deriving("large.npy", *["--filter=kirsch"] * 40, "--markdown"),
        ("relu", "large.npy", "-o", "-", "--format", "csv"),
        ("filters", "show", *["kirsch"] * 300),
        ("find", *["large.npy"] * 30, "-f", "identity"),
        ("find", *["large.npy"] * 30, "-f", "identity", "--csv"),
        ("find", *["large.npy"] * 30, "-f", "identity", "--json"),
    ],
    ids=lambda command: " ".join(command[:2] + command[-3:]),
)
@pytest.mark.usefixtures("matrix")
def test_e05_a_reader_that_leaves(command: Words) -> None:
    """A pipe into ``head -1``: one line, 141, and not a word."""
    Path("large.npy").write_bytes(hm.npy_of(RNG.random((200, 300), np.float32)))
    with spawned(*command) as process:
        head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, check=True)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141
    assert head.stdout.count(b"\n") == 1


def without(*descriptors: int) -> Callable[[], None]:
    """Close standard streams of a process to be started, as ``<&-`` does."""

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


CLOSED = [streams for count in (1, 2, 3) for streams in itertools.combinations(range(3), count)]


@pytest.mark.parametrize("streams", CLOSED, ids=str)
def test_e06_closed_streams_and_an_output(streams: tuple[int, ...]) -> None:
    """Any standard streams closed: the output holds its own bytes, and its older version if it fails."""
    finished = run("relu", "a.csv", "-o", "out.csv", "-q", preexec_fn=without(*streams))
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    assert Path("out.csv").read_text() == MATRIX
    noise = PIL.Image.fromarray(RNG.integers(0, 256, (64, 64), np.uint8))
    content = saved(noise, "TIFF", compression="tiff_lzw")
    Path("bad.tif").write_bytes(content[:3000] + b"\xff" * 500 + content[3500:])  # its decoder speaks up
    before = facts_of(Path())
    finished = run("relu", "bad.tif", "-o", "out.csv", preexec_fn=without(*streams))
    assert (finished.code, finished.data) == (3, b"")
    assert finished.err.count("\n") == (0 if 2 in streams else 1)
    assert facts_of(Path()) == before


def test_e06_closed_streams_and_a_picture_a_filter_or_a_network() -> None:
    """All standard streams closed: drawings, a page, filters and a network hold their own bytes."""
    for command, output in (
        (FIND, "out.png"),
        (REPORT, "out.html"),
        (SHEET, "out.png"),
        (LEARN, "out.json"),
        (RECOVER, "out.json"),
        (PATCHES, "out.png"),
        (TRAIN, "out.npz"),
    ):
        done(*command, "-o", output, "-q")
        expected = Path(output).read_bytes()
        Path(output).unlink()
        finished = run(*command, "-o", output, "-q", preexec_fn=without(0, 1, 2))
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        assert Path(output).read_bytes() == expected


@pytest.mark.parametrize(
    "command",
    [("show", "a.csv"), ("show", "a.csv", "--json"), ("relu", "a.csv", "-o", "-"), ("--version",),
     ("filters", "list"), FIND, (*FIND, "--csv"), (*FIND, "-o", "-"), (*LEARN, "-o", "-"),
     (*SHEET, "-o", "-"), (*RECOVER, "-o", "-"), (*REPORT, "-o", "-"), PATCHES, (*PATCHES, "--json"),
     (*PATCHES, "-o", "-"), VIEW, EXPLAIN, (*EXPLAIN, "--json"), (*EXPLAIN, "--markdown")],
    ids=" ".join,
)  # fmt: skip
def test_e06_a_closed_stdout(command: Words) -> None:
    """Data for a standard output that is closed."""
    refused(*command, code=5, says=("stdout: ",), preexec_fn=without(1))


def test_e06_a_closed_stdin() -> None:
    """A closed standard input that is to be read, or is not."""
    refused(*converting("-"), says=("stdin: ", "empty"), preexec_fn=without(0))
    assert done("show", "a.csv", "--json", preexec_fn=without(0)).record["min"] == 1


def test_e06_a_closed_stderr() -> None:
    """A message for a standard error that is closed is lost, its code is not."""
    finished = run(*converting("missing.png"), preexec_fn=without(2))
    assert (finished.code, finished.data, finished.err) == (3, b"", "")
    Path("alpha.png").write_bytes(hm.png(2, 8, hm.GRAY_ALPHA, [b"\7\xff\x09\0"]))
    finished = run("show", "alpha.png", "--json", preexec_fn=without(2))
    assert (finished.code, finished.record["values"], finished.err) == (0, [[7, 9]], "")


@needs_dev_full
@pytest.mark.parametrize(
    "command",
    [("show", "a.csv"), ("show", "a.csv", "--json"), ("relu", "a.csv", "-o", "-", "--format", "csv"),
     ("relu", "a.csv", "-o", "-"), ("filters", "list"), ("filters", "export", "box-3", "-o", "-"),
     ("plan", "a.csv", "-f", "identity"), ("--version",), ("--help",), FIND, (*FIND, "--csv"),
     (*FIND, "--json"), (*FIND, "-o", "-"), (*SHEET, "-o", "-"), (*LEARN, "-o", "-"),
     (*RECOVER, "-o", "-"), PATCHES, (*REPORT, "-o", "-"), (*PATCHES, "--json"), (*PATCHES, "-o", "-"), VIEW,
     EXPLAIN, (*EXPLAIN, "--json"), (*EXPLAIN, "--markdown")],
    ids=" ".join,
)  # fmt: skip
def test_e06_a_full_stdout(command: Words) -> None:
    """A standard output that goes to a full disk."""
    before = facts_of(Path())
    with Path("/dev/full").open("wb") as full, spawned(*command, stdout=full) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert err.startswith(b"convtool: stdout: ")
    assert b"No space left on device" in err
    assert err.count(b"\n") == 1
    assert facts_of(Path()) == before


@pytest.mark.parametrize("columns", [None, "20", "1000"])
def test_e07_piped_tables_keep_every_number(columns: str | None) -> None:
    """A table of 30 columns through a pipe, however wide the terminal is said to be."""
    values = RNG.integers(10_000, 99_999, (3, 30))
    Path("wide.csv").write_text("\n".join(",".join(map(str, row)) for row in values))
    environment = {"COLUMNS": columns} if columns else {}
    lines = done("show", "wide.csv", env=environment).out.splitlines()
    assert lines[1].split("|")[1].split() == [str(column) for column in range(30)]
    rows = [line.split("|") for line in lines[3:6]]
    assert [number.strip() for number, _ in rows] == ["0", "1", "2"]
    assert [[int(cell) for cell in cells.split()] for _, cells in rows] == values.tolist()


@pytest.mark.parametrize("columns", [None, "20", "1000"])
def test_e07_piped_finds_keep_their_lines(columns: str | None) -> None:
    """A table of finds with a long name through a pipe, however wide the terminal is said to be."""
    Path("bank.json").write_text(json.dumps({"weights": [[[1]]], "names": ["long " * 40 + "name"]}))
    environment = {"COLUMNS": columns} if columns else {}
    lines = done("find", "a.csv", "-f", "bank.json", env=environment).out.splitlines()
    assert lines[3].split(maxsplit=5) == ["1", "2", "2", "1×1", "9", "bank-" + "long " * 40 + "name"]


@pytest.mark.parametrize("columns", [None, "20", "1000"])
def test_e07_piped_explanations_keep_every_number(columns: str | None) -> None:
    """A patch of 30 columns through a pipe, however wide the terminal is said to be."""
    values = RNG.integers(10_000, 99_999, (1, 30))
    Path("wide.csv").write_text(",".join(map(str, values[0])))
    Path("row.json").write_text(json.dumps([[1] * 30]))
    environment = {"COLUMNS": columns} if columns else {}
    command = ("explain", "wide.csv", "-f", "row.json", "--at", "0,0")
    lines = done(*command, env=environment).out.splitlines()
    patch, filter_, products = (part.split("|")[1].split() for part in re.split(" [×=] |  0 ", lines[5])[-3:])
    assert [[int(cell) for cell in part] for part in (patch, filter_, products)] == [
        values[0].tolist(),
        [1] * 30,
        values[0].tolist(),
    ]


def on_a_terminal(*command: str, **environment: str) -> str:
    """What a command prints on a terminal of this environment."""
    ours, theirs = pty.openpty()
    with spawned(*command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        printed = b""
        with contextlib.suppress(OSError):  # Linux's way of saying that the other end was closed
            while block := os.read(ours, 4096):
                printed += block
        assert process.wait(60) == 0
    os.close(ours)
    return printed.decode()


def test_e08_colour_on_a_terminal_unless_refused() -> None:
    """NO_COLOR, TERM=dumb and --color never: no escape sequence, on a terminal or not."""
    Path("signed.csv").write_text("-1,2\n300,-4\n")
    xterm = {"TERM": "xterm-256color"}
    assert "\x1b[" in on_a_terminal("show", "signed.csv", **xterm)
    for plain in (
        on_a_terminal("show", "signed.csv", **xterm, NO_COLOR="1"),
        on_a_terminal("show", "signed.csv", TERM="dumb"),
        on_a_terminal("show", "signed.csv", "--color", "never", **xterm),
        done("show", "signed.csv", env=xterm).out,
    ):
        assert "\x1b" not in plain
        cells = [re.split("[|│]", line)[1].split() for line in plain.splitlines()[3:5]]
        assert cells == [["-1", "2"], ["300", "-4"]]


def test_e08_pictures_on_a_terminal() -> None:
    """NO_COLOR, TERM=dumb, --color never or a pipe: a picture in ASCII, else in what colours there are."""
    Path("signed.csv").write_text("-1,2\n300,-4\n")
    view = ("show", "signed.csv", "--view")
    xterm = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    coloured = on_a_terminal(*view, **xterm).splitlines()
    assert "\x1b[38;2;" in coloured[1]
    assert all(line.endswith("\x1b[0m") for line in coloured[1:-2])
    assert "\x1b[38;5;" in on_a_terminal(*view, TERM="xterm-256color")
    plain = done(*view).out
    assert plain.splitlines()[5:9] == ["@@@@@@@@"] * 4
    for also in (
        on_a_terminal(*view, **xterm, NO_COLOR="1"),
        on_a_terminal(*view, TERM="dumb", COLORTERM="truecolor"),
        on_a_terminal(*view, "--color", "never", **xterm),
    ):
        assert also.replace("\r\n", "\n") == plain
    assert done(*view, env=xterm).out == plain


@pytest.mark.parametrize(
    ("locale", "heading"),
    [
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, rb"\udce5\udc86\udc99.csv - 3 x 3"),
        ({"PYTHONIOENCODING": "ascii"}, rb"\u5199.csv - 3 x 3"),
        ({"LC_ALL": "C"}, "写.csv · 3 × 3".encode()),  # of which Python makes UTF-8
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_e08_an_ascii_locale(locale: dict[str, str], heading: bytes) -> None:
    """A locale without UTF-8: tables, notices, errors and JSON are readable in it."""
    Path("写.csv").write_text(MATRIX)
    Path("写.png").write_bytes(hm.png(2, 8, hm.GRAY_ALPHA, [b"\7\xff\x09\0"]))
    lines = done("show", "写.csv", env=locale).data.splitlines()
    assert lines[0] == heading
    assert [line[line.index(b"1") :].split() for line in lines[3:4]] == [[b"1", b"2", b"3"]]
    finished = done("show", "写.png", "--json", env=locale, notices=[(".png: alpha is dropped",)])
    assert finished.data.isascii()
    assert os.fsencode(finished.record["input"]) == "写.png".encode()
    assert finished.record["values"] == [[7, 9]]
    refused("show", "写真.csv", says=(".csv: ", "No such file"), env=locale)


def test_e08_finds_on_a_terminal() -> None:
    """NO_COLOR: no escape sequence in a table of finds, on a terminal as wide as it is told."""
    xterm = {"TERM": "xterm-256color"}
    plain = on_a_terminal(*FIND, **xterm, NO_COLOR="1", COLUMNS="30")
    assert "\x1b" not in plain
    assert plain.splitlines()[3].split() == ["1", "2", "2", "1×1", "9", "one"]
    assert "\x1b[" in on_a_terminal(*FIND, **xterm)


def test_e08_an_ascii_locale_for_any_command() -> None:
    """A locale without UTF-8: what is found, learned and recovered is readable in it."""
    ascii_ = {"PYTHONIOENCODING": "ascii"}
    Path("写.csv").write_text(MATRIX)
    out = done("find", "写.csv", "-f", "one.json", env=ascii_).data
    assert out.splitlines()[0] == rb"\u5199.csv - one - 1 peak"
    record = done("find", "写.csv", "-f", "one.json", "--json", env=ascii_)
    assert record.data.isascii()
    assert record.record["input"] == "写.csv"
    out = done("learn", "--patch", "写.csv@0,0,2,2", "b.csv", "-o", "写.json", env=ascii_).data
    assert out.splitlines()[0] == rb"\u5199.json - ncc - 1 filter of 2 x 2"
    Path("lines.npz").rename("写.npz")
    out = done(*training("写.npz", "-o", "n.npz"), env=ascii_).data.splitlines()
    assert out[:2] == [rb"\u5199.npz - notes-cnn", b"6 images of 1x8x8 to learn from, 2 held out"]
    out = done("recover", "写.csv", "a.csv", "--size", "1", "-o", "写.json", env=ascii_).data
    assert out.splitlines()[0] == rb"\u5199.csv \u2192 a.csv - 1 x 1 \u2192 \u5199.json"


def test_e08_an_ascii_locale_for_explanations_and_pictures() -> None:
    """A locale without UTF-8: explanations are readable in it, and pictures are ASCII whatever is asked."""
    ascii_ = {"PYTHONIOENCODING": "ascii", "TERM": "xterm-256color"}
    Path("写.csv").write_text(MATRIX)
    lines = done(*drawing("写.csv", "--color", "always"), env=ascii_).data.splitlines()
    assert lines[0] == b"\x1b[1m" + rb"\u5199.csv - 3 x 3" + b"\x1b[0m"
    assert lines[12] == b"########%%%%%%%%@@@@@@@@"
    lines = done(*deriving("写.csv"), env=ascii_).data.splitlines()
    assert lines[0] == rb"\u5199.csv - notes-diagonal - ReLU at 0,0 = 6"


def test_e08_any_number_of_columns() -> None:
    """COLUMNS that is small, huge, negative or no number."""
    plain = done("show", "a.csv").data
    for columns in ("1", "-5", "abc"):
        assert done("show", "a.csv", env={"COLUMNS": columns}).data == plain, columns
    explained = done(*EXPLAIN).data
    for columns in ("1", "-5", "abc", "9" * 30):
        assert done(*EXPLAIN, env={"COLUMNS": columns}).data == explained, columns
    for columns, width in (("20", 18), ("-5", 24), ("abc", 24), ("9" * 30, 24)):
        picture = done(*VIEW, env={"COLUMNS": columns}).out.splitlines()[1:-2]
        assert max(map(len, picture)) == width, columns
    help_ = done("conv", "--help", env={"COLUMNS": "1"}).out
    assert "--stride" in help_


@needs_linux
def test_e09_names_that_are_not_utf8() -> None:
    """File names that are not UTF-8 work as images, filters and outputs; JSON escapes them."""
    name, filter_file, output = (os.fsdecode(b"\xff\xfe" + suffix) for suffix in (b".csv", b".json", b".npy"))
    Path(name).write_text(MATRIX)
    Path(filter_file).write_text("[[2]]")
    finished = done("show", name, "--json")
    assert finished.data.isascii()
    assert json.loads(finished.out)["input"] == name
    finished = done("conv", name, "-f", filter_file, "-o", output)
    assert finished.out.startswith(r"ReLU · \udcff\udcfe.csv")
    with Path(output).open("rb") as file:
        assert np.load(file).tolist() == [[2, 4, 6], [8, 10, 12], [14, 16, 18]]
    done("conv", name, "-f", filter_file, "--out-dir", "maps", "-q")
    assert [path.name for path in Path("maps").iterdir()] == ["--.--.map.png"]
    refused(*converting(os.fsdecode(b"\xfd.csv")), says=(r"convtool: \udcfd.csv: ", "No such file"))


@needs_linux
def test_e09_names_that_are_not_utf8_for_any_command() -> None:
    """File names that are not UTF-8 work to find in, to learn from, to recover, and as outputs."""
    name, folder, filter_file, picture = map(os.fsdecode, (b"\xff.csv", b"\xfd", b"\xfe.json", b"\xfe.png"))
    Path(folder).mkdir()
    for path in (name, f"{folder}/{name}"):
        Path(path).write_text(MATRIX)
    finished = done("find", name, "-f", "one.json", "--json", "-o", picture)
    assert finished.data.isascii()
    assert (finished.record["input"], finished.record["score"]) == (name, 9)
    assert done("find", name, "-f", "one.json").out.startswith(r"\udcff.csv · one · 1 peak")
    assert done(*drawing(name)).out.startswith(r"\udcff.csv · 3 × 3")
    assert done(*deriving(name)).out.startswith(r"\udcff.csv · notes-diagonal · ReLU at 0,0 = 6")
    assert done(*deriving(name, "--markdown")).out.startswith(r"### \\udcff.csv · notes-diagonal")
    assert done(*deriving(name, "--json")).record["input"] == name
    with PIL.Image.open(picture) as drawn:
        assert drawn.size == (3, 3)
    page = os.fsdecode(b"\xfe.html")
    finished = done("report", name, "-f", "one.json", "-o", page, "--json")
    assert finished.data.isascii()
    assert (finished.record["input"], finished.record["output"]) == (name, page)
    assert rb'"title": "\\udcff.csv"' in Path(page).read_bytes()
    done("learn", "--positives", folder, "--patch", name, "-o", filter_file, "-q")
    meta = json.loads(Path(filter_file).read_text())["meta"]
    assert meta["patches"] == [name, f"{folder}/{name}"]
    assert done("filters", "show", filter_file).out.startswith(r"\udcfe: Learned by ncc")
    finished = done("recover", name, name, "--size", "1", "-o", filter_file, "--json")
    assert (finished.record["before"], finished.record["output"]) == (name, filter_file)
    data, network = os.fsdecode(b"\xff.npz"), os.fsdecode(b"\xfe.onnx")
    Path("lines.npz").rename(data)
    finished = done(*training(data, "-o", network, "--curves", picture, "--json"))
    assert finished.data.isascii()
    assert [finished.records[0]["data"], finished.records[-1]["output"]] == [data, network]
    assert done("net", "show", network).out.startswith(r"\udcfe · images of 1×8×8")
    assert r" · same · \udcff.npz" in done(*looking_for_patches(data)).out.splitlines()[0]


def sparse_array(side: int) -> str:
    """An array of bytes, side × side, that takes no space on the disk."""
    facts = {"descr": "|u1", "fortran_order": False, "shape": (side, side)}
    with Path("sparse.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, facts)
        file.truncate(file.tell() + side**2)
    return "sparse.npy"


@needs_linux
@pytest.mark.parametrize(
    "command",
    [
        ("relu", "sparse.npy", "--out-dir", "maps"),
        ("pool", "sparse.npy", "--out-dir", "maps"),
        ("conv", "sparse.npy", "-f", "gaussian-7", "--out-dir", "maps"),
        ("show", "sparse.npy"),
        drawing("sparse.npy"),
        deriving("sparse.npy"),
        ("find", "sparse.npy", "-f", "gaussian-7", "-o", "found.png"),
        ("report", "sparse.npy", "-f", "gaussian-7", "-o", "page.html"),
        ("learn", "--patch", "sparse.npy@0,0,5,5", "-o", "f.json"),
        ("recover", "sparse.npy", "sparse.npy", "--size", "3", "-o", "f.json"),
    ],
    ids=" ".join,
)
def test_e10_too_little_address_space(command: Words) -> None:
    """A process that may take 600 MB and would need more."""
    sparse_array(10_000)
    refused(
        *command,
        code=4,
        says=("memory",),
        env={"OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=at_most(AS=600_000_000),
    )


@needs_linux
def test_e10_too_little_address_space_for_a_picture() -> None:
    """A PNG of 81 million pixels in a process that may take 300 MB."""
    rows = [bytes(9000)] * 9000
    Path("wide.png").write_bytes(hm.png(9000, 8, hm.GRAY, rows))
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    refused(*converting("wide.png"), code=4, says=("memory",), env=environment,
            preexec_fn=at_most(AS=300_000_000))  # fmt: skip


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("conv", "--padding", "90000000"), ("180000001×180000001", "less padding")),
        (("conv", "--padding", "500000,500000"), ("--max-memory",)),
        (("run", "--padding", "400000", "--save", "pool"), ("--max-memory",)),
        (("conv", "--padding", "2000", "--max-memory", "50M"), ("--max-memory",)),
    ],
    ids=lambda argument: " ".join(argument),
)
def test_e10_padding_that_does_not_fit(command: Words, words: Words) -> None:
    """A padding that asks for more memory than may be taken: the estimate, and what raises the limit."""
    options = ("-f", "identity", "--out-dir", "maps")
    refused(command[0], "a.csv", *options, *command[1:], code=4, says=("a.csv", *words))


@pytest.mark.parametrize("mask", [0o002, 0o077])
def test_e11_modes_follow_the_umask(mask: int) -> None:
    """Outputs, new or replaced, bear the modes that the umask leaves."""
    Path("older.csv").write_text("older")
    for command in (
        ("relu", "a.csv", "-o", "new.csv", "-q"),
        ("relu", "a.csv", "-o", "older.csv", "-q"),
        ("conv", "a.csv", "-f", "identity", "--out-dir", "maps", "-q"),
        ("filters", "export", "box-3", "-o", "f.npy"),
        (*FIND, "-o", "found.png", "-q"),
        (*REPORT, "-o", "page.html", "-q"),
        (*SHEET, "-o", "sheet.png", "-q"),
        (*LEARN, "-o", "learned.json", "-q"),
        (*RECOVER, "-o", "older.json", "-q"),
        (*TRAIN, "-o", "trained.npz", "--curves", "curves.png", "-q"),
        (*PATCHES, "-o", "patches.png", "-q"),
    ):
        done(*command, preexec_fn=lambda: os.umask(mask))
    names = ("new.csv", "older.csv", "maps/a.identity.map.png", "f.npy")
    more = (
        "found.png",
        "page.html",
        "learned.json",
        "older.json",
        "trained.npz",
        "curves.png",
        "patches.png",
        "sheet.png",
    )
    for name in (*names, *more):
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o666 & ~mask, name
    assert stat.S_IMODE(Path("maps").stat().st_mode) == 0o777 & ~mask


@pytest.mark.usefixtures("large")
def test_e11_modes_of_temporary_files() -> None:
    """A file that is still being written is as private as the umask asks."""
    with writing(preexec_fn=lambda: os.umask(0o077)) as process:
        (part,) = Path().glob(".*.part")
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        process.kill()
