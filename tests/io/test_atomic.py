"""Outputs: whole or absent whatever happens, links replaced, devices and pipes written straight."""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool.errors import OutputError
from convtool.io.atomic import Together, remove_parts, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.io.conftest import Write


def put(path: str | Path, content: bytes = b"new") -> None:
    with replacing(path) as stream:
        stream.write(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file(tmp_path: Path) -> None:
    put(tmp_path / "out")
    put(str(tmp_path / "second"))
    assert (tmp_path / "out").read_bytes() == b"new"
    assert names(tmp_path) == ["out", "second"]


def test_an_old_file_is_replaced_only_when_all_is_written(write: Write, tmp_path: Path) -> None:
    path = write(b"old")
    with replacing(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
        assert len(names(tmp_path)) == 2
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_it_is_synced_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    put(tmp_path / "out")
    assert steps == ["file", "rename", "folder"]


@pytest.mark.parametrize("fault", [KeyError("fault"), KeyboardInterrupt("fault"), SystemExit("fault")])
def test_after_a_fault_the_old_file_is_intact_and_nothing_else_is_left(
    write: Write, tmp_path: Path, fault: BaseException
) -> None:
    path = write(b"old")

    def fail(path: Path) -> None:
        with replacing(path) as stream:
            stream.write(b"half")
            raise fault

    for output in (path, tmp_path / "other"):
        with pytest.raises(type(fault), match="fault"):
            fail(output)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with replacing(path) as first, replacing(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["out"]


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    try:
        yield os.umask
    finally:
        os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_is_respected(tmp_path: Path, umask: Callable[[int], int], mask: int, mode: int) -> None:
    umask(mask)
    put(tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == mode


class TestLinks:
    def test_a_link_is_replaced_and_its_target_untouched(self, write: Write, tmp_path: Path) -> None:
        target, link = write(b"old", "target"), tmp_path / "link"
        link.symlink_to(target)
        put(link)
        assert not link.is_symlink()
        assert (link.read_bytes(), target.read_bytes()) == (b"new", b"old")

    def test_a_dangling_link_is_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to("absent")
        put(link)
        assert not link.is_symlink()
        assert names(tmp_path) == ["link"]

    def test_another_name_of_the_same_file_keeps_the_old_content(self, write: Write, tmp_path: Path) -> None:
        path, other = write(b"old"), tmp_path / "other"
        other.hardlink_to(path)
        put(path)
        assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


class TestWrittenStraight:
    @pytest.fixture
    def device(self, tmp_path: Path) -> Callable[[str], Path]:
        """Give a link to a device, so that a fault in the code cannot replace the machine's own."""

        def link_to(name: str) -> Path:
            link = tmp_path / name
            link.symlink_to(f"/dev/{name}")
            return link

        return link_to

    def test_dev_null(self, device: Callable[[str], Path], tmp_path: Path) -> None:
        null = device("null")
        put(null)
        assert null.is_symlink()
        assert stat.S_ISCHR(null.stat().st_mode)
        assert names(tmp_path) == ["null"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
    def test_a_full_device(self, device: Callable[[str], Path], tmp_path: Path) -> None:
        full = device("full")
        message = f"^{re.escape(str(full))}: cannot be written: No space left on device$"
        with pytest.raises(OutputError, match=message):
            put(full)
        assert full.is_symlink()
        assert names(tmp_path) == ["full"]

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="Linux and macOS have it")
    def test_an_open_descriptor(self, write: Write, tmp_path: Path) -> None:
        path = write(b"old and long")
        number = path.stat().st_ino
        with path.open("r+b") as opened:
            put(f"/dev/fd/{opened.fileno()}")
        assert (path.read_bytes(), path.stat().st_ino) == (b"new", number)
        assert names(tmp_path) == ["file"]

    @pytest.mark.parametrize("through_link", [False, True])
    def test_a_fifo(self, tmp_path: Path, through_link: bool) -> None:
        fifo, link = tmp_path / "fifo", tmp_path / "link"
        os.mkfifo(fifo)
        link.symlink_to(fifo)
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
        reader.start()
        put(link if through_link else fifo)
        reader.join()
        assert got == [b"new"]
        assert stat.S_ISFIFO(fifo.stat().st_mode)
        assert link.is_symlink()
        assert names(tmp_path) == ["fifo", "link"]

    def test_a_reader_that_went_away_is_no_fault_of_the_output(self, tmp_path: Path) -> None:
        with pytest.raises(BrokenPipeError, match="gone"), replacing(tmp_path / "out"):
            raise BrokenPipeError("gone")


class TestNoOutput:
    @pytest.mark.parametrize("path", [".", "..", "/", "folder", "folder/", "link"])
    def test_a_folder_is_refused_before_any_work(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("folder").mkdir()
        Path("link").symlink_to("folder")
        message = f"^{re.escape(path)}: it is a folder; name a file in it$"
        with pytest.raises(OutputError, match=message), replacing(path):
            pytest.fail("the work began")
        assert names(tmp_path) == ["folder", "link"]

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("absent/out", "its folder does not exist; create it first"),
            ("file/out", "cannot be written: Not a directory"),
            ("x" * 300, "cannot be written: File name too long"),
            ("circle", "cannot be written: Too many levels of symbolic links"),
        ],
    )
    def test_a_place_that_is_none(self, write: Write, tmp_path: Path, name: str, reason: str) -> None:
        write(b"old")
        (tmp_path / "circle").symlink_to("circle")
        path = tmp_path / name
        with pytest.raises(OutputError, match=f"^{re.escape(str(path))}: {reason}$"):
            put(path)
        assert names(tmp_path) == ["circle", "file"]

    @pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
    def test_a_read_only_folder(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        path = write(b"old")

        def refuse(*args: object) -> int:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            with pytest.raises(OutputError, match=f"file: cannot be written: {os.strerror(code)}$"):
                put(path)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["file"]

    @pytest.mark.parametrize("size", [100, 1_000_000], ids=["in the buffer", "beyond it"])
    def test_a_disk_that_is_full(self, write: Write, tmp_path: Path, size: int) -> None:
        path = write(b"old")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
        try:
            with pytest.raises(OutputError, match=r"file: cannot be written: File too large$"):
                put(path, bytes(size))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["file"]


class TestTogether:
    def test_files_take_their_places_when_all_are_written(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"old")
        with Together("mark") as files:
            for name in ("a", "b"):
                with files.replacing(tmp_path / name) as stream:
                    stream.write(b"new " + name.encode())
            assert (tmp_path / "a").read_bytes() == b"old"
            assert not (tmp_path / "b").exists()
            assert all(
                re.fullmatch(rf"\.convtool-mark-{os.getpid()}-[0-9a-f]{{8}}\.part", name)
                for name in names(tmp_path)
                if name != "a"
            )
        assert (tmp_path / "a").read_bytes() == b"new a"
        assert (tmp_path / "b").read_bytes() == b"new b"
        assert names(tmp_path) == ["a", "b"]

    def test_a_fault_leaves_none_of_them(self, tmp_path: Path) -> None:
        def break_off() -> None:
            with Together("mark") as files:
                put_together(files)
                raise RuntimeError("broken")

        def put_together(files: Together) -> None:
            with files.replacing(tmp_path / "a") as stream:
                stream.write(b"new")

        with pytest.raises(RuntimeError, match="broken"):
            break_off()
        assert names(tmp_path) == []

    def test_a_place_that_is_taken(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        refused = pytest.raises(OutputError, match="folder: it is a folder; name a")
        with Together("mark") as files, refused, files.replacing(tmp_path / "folder"):
            pass
        assert names(tmp_path) == ["folder"]

    def test_all_are_synced_before_one_is_renamed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steps = []
        fsync, replace = os.fsync, Path.replace

        def noted_fsync(descriptor: int) -> None:
            steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
            fsync(descriptor)

        def noted_replace(self: Path, target: Path) -> Path:
            steps.append(target.name)
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(Path, "replace", noted_replace)
        with Together("mark") as files:
            for name in ("a", "b"):
                with files.replacing(tmp_path / name):
                    pass
        assert steps == ["file", "file", "a", "b", "folder"]

    def test_where_the_disk_has_no_room_for_one_none_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fsync = os.fsync

        def full(descriptor: int) -> None:
            if os.fstat(descriptor).st_size == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        refused = pytest.raises(OutputError, match="3: cannot be written: No space left on device")
        with refused, Together("mark") as files:
            for size in range(8):
                with files.replacing(tmp_path / str(size)) as stream:
                    stream.write(bytes(size))
        assert names(tmp_path) == []

    def test_a_device_is_written_straight(self) -> None:
        with Together("mark") as files, files.replacing("/dev/null") as stream:
            assert stream.write(b"gone") == 4

    def test_parts_of_the_mark_are_removed(self, tmp_path: Path) -> None:
        for name in (".convtool-mark-1-a.part", ".convtool-mark-22-b.part", ".convtool-1-a.part", "a.part"):
            (tmp_path / name).touch()
        remove_parts(tmp_path, "mark-1")
        assert names(tmp_path) == [".convtool-1-a.part", ".convtool-mark-22-b.part", "a.part"]
        remove_parts(tmp_path, "mark")
        assert names(tmp_path) == [".convtool-1-a.part", "a.part"]
        remove_parts(tmp_path / "none", "mark")
