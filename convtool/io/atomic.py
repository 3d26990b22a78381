"""Output files that are whole or absent: written beside their place, synced, then renamed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from convtool.core.threads import for_each
from convtool.errors import OutputError
from convtool.io.source import PathLike

SYNCED_TOGETHER = 4
"""Files that are synced at a time: a disk takes hardly longer over several than over one."""


@contextmanager
def replacing(path: PathLike) -> Iterator[BinaryIO]:
    """Open a file to be written; it takes the place of ``path`` when the block ends without a fault.

    An older file stays as it was until then. A symbolic link is replaced, not followed. What is no
    regular file (``/dev/null``, a FIFO) is written straight.

    Raises
    ------
    OutputError
        The folder is missing or read-only, the disk is full, the path is a folder.
    """
    target = Path(path)
    with _faults_of(path):
        if _is_written_straight(target):
            with target.open("wb") as stream:
                yield stream
            return
        with _part_beside(target) as stream:
            yield stream


class Together:
    """Files that take their places one after another at the end, when all of them are written and synced.

    As a context: a fault in it leaves none of them. Their parts bear a mark by which they are known if
    the process is killed.

    Parameters
    ----------
    mark
        Begins the names of their parts: ``.convtool-{mark}-…``.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._parts: list[tuple[Path, Path]] = []

    @contextmanager
    def replacing(self, path: PathLike) -> Iterator[BinaryIO]:
        """Open a file to be written, as `replacing` does."""
        target = Path(path)
        with _faults_of(path):
            if _is_written_straight(target):
                with target.open("wb") as stream:
                    yield stream
                return
            part = _part_of(target, f"{self._mark}-{os.getpid()}")
            self._parts.append((part, target))
            with part.open("xb") as stream:
                yield stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, fault: type[BaseException] | None, *about: object) -> None:
        try:
            if fault is None:
                self._put_in_place()
        finally:
            for part, _ in self._parts:
                with suppress(OSError):
                    part.unlink()

    def _put_in_place(self) -> None:
        for_each(self._parts, _sync, SYNCED_TOGETHER)
        for part, target in self._parts:
            with _faults_of(target):
                part.replace(target)
        for folder in {target.parent for _, target in self._parts}:
            sync_folder(folder)


def remove_parts(folder: PathLike, mark: str) -> None:
    """Remove what a killed process left of files that it wrote `Together`."""
    for part in Path(folder).glob(f".convtool-{mark}-*.part"):
        with suppress(OSError):
            part.unlink()


@contextmanager
def _part_beside(target: Path) -> Iterator[BinaryIO]:
    part = _part_of(target, str(os.getpid()))
    try:  # from before the file exists, since a signal may come at any line
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    sync_folder(target.parent)


def _part_of(target: Path, writer: str) -> Path:
    return target.parent / f".convtool-{writer}-{os.urandom(4).hex()}.part"


@contextmanager
def _faults_of(path: PathLike) -> Iterator[None]:
    """Say of a fault of the system which output it concerns, and what to do."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(_reason(Path(path), error), os.fspath(path)) from error


def is_link_of_system(path: Path) -> bool:
    """Whether it is a name such as ``/dev/stdout`` or ``/dev/fd/3`` for what is open already."""
    place = path.absolute()
    systems_own = str(place.parent) in ("/dev", "/dev/fd") or place.parts[:2] == ("/", "proc")
    return systems_own and path.is_symlink()


def _is_written_straight(target: Path) -> bool:
    """Whether the path exists and is a device, a pipe, or a link of the system's own such as /dev/stdout.

    A folder is refused here, before any work is done.
    """
    if is_link_of_system(target):
        return True
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    return not stat.S_ISREG(mode)


def _sync(placed: tuple[Path, Path]) -> None:
    part, target = placed
    with _faults_of(target), part.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut, where folders can be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(target: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "it is a folder; name a file in it"
    if isinstance(error, FileNotFoundError) and not target.parent.is_dir():
        return "its folder does not exist; create it first"
    return f"cannot be written: {error.strerror or error}"
