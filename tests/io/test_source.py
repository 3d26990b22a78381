"""Inputs opened: files, standard input and pipes as one kind of stream; else, named for what they are."""

from __future__ import annotations

import io
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io import source
from convtool.io.limits import Limits
from convtool.io.source import open_source, spoken
from tests.io.handmade import source_of

if TYPE_CHECKING:
    from tests.io.conftest import Write


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What standard input holds."""
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    return content


def test_a_file_is_a_stream_of_known_size(write: Write) -> None:
    path = write(b"some bytes")
    for spelled in (path, str(path)):
        with open_source(spelled) as opened:
            assert opened.size == 10
            assert opened.head(4) == b"some"
            assert opened.head(100) == b"some bytes"
            assert opened.stream.read() == b"some bytes"
    assert opened.stream.closed


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"[[1]]", b"[[1]]"),
        (b"\xef\xbb\xbf \r\n\t\f[1] ", b"[1] "),
        (b"\xef\xbb\xbf\xef\xbb\xbf1", b"\xef\xbb\xbf1"),
        (b"\x89PNG\0", b"\x89PNG\0"),
        (b" \n", b""),
        (b" " * 1000 + b"1" * 100, b"1" * 24),
    ],
)
def test_how_a_text_starts(content: bytes, start: bytes) -> None:
    opened = source_of(content)
    assert opened.text_start() == start
    assert opened.stream.tell() == 0


@pytest.mark.parametrize(
    ("path", "name"),
    [("-", "stdin"), (Path("-"), "stdin"), ("./-", "./-"), ("a/-", "a/-"), (Path("a.png"), "a.png")],
)
def test_how_messages_call_an_input(path: str | Path, name: str) -> None:
    assert spoken(path) == name


def test_it_is_closed_after_a_fault_too(write: Write) -> None:
    with pytest.raises(KeyError, match="fault"), open_source(write(b"x")) as opened:
        raise KeyError("fault")
    assert opened.stream.closed


def test_standard_input(stdin: io.BytesIO) -> None:
    stdin.write(b"some bytes")
    stdin.seek(0)
    with open_source("-") as opened:
        assert opened.size == 10
        assert opened.head(4) == b"some"
        assert opened.stream.read() == b"some bytes"


def test_a_fifo(tmp_path: Path) -> None:
    fifo, content = tmp_path / "fifo", bytes(300_000)
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=[content])
    writer.start()
    try:
        with open_source(fifo) as opened:
            assert opened.size == len(content)
            assert opened.head(4) == bytes(4)
            assert opened.stream.read() == content
    finally:
        writer.join()


def test_a_link_is_followed(write: Write, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(write(b"some bytes"))
    with open_source(link) as opened:
        assert opened.stream.read() == b"some bytes"


def test_a_file_named_like_standard_input(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(b"some bytes", "-").parent)
    with open_source("./-") as opened:
        assert opened.stream.read() == b"some bytes"


def test_an_empty_file_says_so(write: Write) -> None:
    path = write(b"")
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}: it is empty$"), open_source(path):
        pass


@pytest.mark.usefixtures("stdin")
def test_empty_standard_input_says_so() -> None:
    with pytest.raises(InputError, match=r"^stdin: it is empty$"), open_source("-"):
        pass


def test_an_endless_stream_is_refused(stdin: io.BytesIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_STREAM_BYTES", 10)
    stdin.write(bytes(10))
    stdin.seek(0)
    with open_source("-") as opened:
        assert opened.size == 10
    stdin.write(bytes(11))
    stdin.seek(0)
    message = "stdin: the stream is over 10 bytes; save it to a file and name that"
    with pytest.raises(LimitError, match=f"^{message}$"), open_source("-"):
        pass


def test_a_stream_that_does_not_fit_is_refused_before_its_end(
    stdin: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_BLOCK", 6)
    stdin.write(bytes(100))
    stdin.seek(0)
    message = (
        "^stdin: the stream has not ended; it takes about 12 bytes of memory, over the limit of 10 bytes; "
        "raise it with --max-memory 1M or CONVTOOL_MAX_MEMORY=1M$"
    )
    with pytest.raises(LimitError, match=message), open_source("-", Limits(memory=10)):
        pass
    assert stdin.tell() == 12
    monkeypatch.setenv("CONVTOOL_MAX_MEMORY", "87")
    with pytest.raises(LimitError, match="about 88 bytes of memory, over the limit of 87"), open_source("-"):
        pass


@pytest.mark.parametrize("size", [1, 6, 7, 12, 100])
def test_a_stream_of_many_blocks_is_whole(
    size: int, stdin: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_BLOCK", 6)
    stdin.write(content := bytes(range(size)))
    stdin.seek(0)
    with open_source("-", Limits(memory=size)) as opened:
        assert (opened.size, opened.stream.read()) == (size, content)


def test_a_pipe_that_does_not_block_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for part in (b"some ", b"bytes"):
                time.sleep(0.05)
                pipe.write(part)

    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    writer = threading.Thread(target=write)
    writer.start()
    with sys.stdin, open_source("-") as opened:
        assert opened.stream.read() == b"some bytes"
    writer.join()


def test_an_empty_path_is_wrong_usage() -> None:
    message = "^a path is empty; name a file, or - for standard input$"
    with pytest.raises(ArgumentError, match=message), open_source(""):
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "it is a folder; name a file"),
        ("absent", "cannot be read: No such file or directory"),
        ("file/absent", "cannot be read: Not a directory"),
        ("x" * 300, "cannot be read: File name too long"),
        ("dangling", "cannot be read: No such file or directory"),
        ("circle", "cannot be read: Too many levels of symbolic links"),
        ("socket", "it is a device or socket; name a file"),
        ("/dev/null", "it is a device or socket; name a file"),
    ],
)
def test_what_is_no_file_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("absent")
    (tmp_path / "circle").symlink_to("circle")
    path = tmp_path / name
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}: {message}$"), open_source(path):
            pass


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(b"secret")

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    message = f"^{re.escape(str(path))}: cannot be read: Permission denied$"
    with pytest.raises(InputError, match=message), open_source(path):
        pass


def test_a_disk_that_fails_while_it_is_read(write: Write) -> None:
    path = write(b"x")
    message = f"^{re.escape(str(path))}: cannot be read: Input/output error$"
    with pytest.raises(InputError, match=message), open_source(path):
        raise OSError(5, "Input/output error")


def test_faults_bear_the_name_of_the_innermost_file(write: Write) -> None:
    path = write(b"x")
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}: broken$"), open_source(path):
        raise InputError("broken")
    with pytest.raises(InputError, match=r"^other: broken$"), open_source(path):
        raise InputError("broken", "other")
