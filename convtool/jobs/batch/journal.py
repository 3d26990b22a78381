"""What a batch has done, a line for each image: appended and synced, and read again to go on from there."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Self

from convtool.errors import OutputError
from convtool.io.atomic import sync_folder
from convtool.io.limits import MAX_JSON_BYTES
from convtool.jobs.batch.recipe import describe_recipe
from convtool.jobs.batch.work import Proof, Recipe, Result
from convtool.jobs.outputs import create_folder

NAME = ".convtool-journal.ndjson"

LONGEST_WAIT = 3.0
"""Seconds: the workers of a batch that was killed are gone within two."""

_WAY_OUT = "; remove it, or name another --out-dir"
_NO_PLAIN_FILE = {errno.ELOOP: "a link", errno.EISDIR: "a folder"}
"""What a journal would be where the system answers so."""


class Journal:
    """The journal of a folder, which is taken for as long as any process has the descriptor open.

    A line is JSON. Of an image it says ``input``, ``source`` (the path that leads from the folder to it),
    ``place``, ``status``, ``input_sha256``, ``outputs`` (their records), ``outputs_sha256`` (of each
    file, under its path below the folder), ``error``, ``exit``, ``notices`` and ``seconds``; and of what
    was done ``recipe``, ``filters_sha256``, ``options`` and ``version``, see `describe_recipe`. Lines of
    which one of these is not as it should be, whoever wrote them, prove nothing and do no harm.

    Attributes
    ----------
    descriptor
        The locked file.
    sources
        Of every place whose maps were made, by whatever recipe, the source; the last one comes last.
    """

    def __init__(self, folder: str, descriptor: int, described: Mapping[str, Any]) -> None:
        self.descriptor = descriptor
        self._folder = folder
        self._path = str(Path(folder, NAME))
        self._described = described
        self._done: dict[str, int] = {}
        self.sources: dict[str, str] = {}
        with self._reading() as stream:
            for offset, line in _lines(stream):
                self._take(offset, _parsed(line))

    @classmethod
    def open(cls, folder: str, recipe: Recipe, *, fresh: bool) -> Self:
        """Take a folder, and read what has been done in it; it is created if it is not there.

        Parameters
        ----------
        fresh
            Begin an empty journal.

        Raises
        ------
        OutputError
            Another batch is at work in the folder; the folder or the journal cannot be created or
            read; the journal is a link, or no plain file.
        """
        create_folder(folder)
        path = str(Path(folder, NAME))
        with _faults(path, "cannot be opened"):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            descriptor = os.open(path, flags, 0o666)
        with _closed_by_a_fault(descriptor):
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OutputError(f"it is no plain file{_WAY_OUT}", path)
            with _faults(path, "cannot be locked"):
                _lock(descriptor, folder)
            if fresh:
                with _faults(path, "cannot be emptied"):
                    os.ftruncate(descriptor, 0)
            sync_folder(Path(folder))
            return cls(folder, descriptor, describe_recipe(recipe))

    @classmethod
    def peek(cls, folder: str, recipe: Recipe) -> Self:
        """Read what has been done in a folder, and take and create nothing.

        Raises
        ------
        OutputError
            The journal cannot be read.
        """
        path = Path(folder, NAME)
        with _faults(str(path), "cannot be read"):
            there = path.is_file() and not path.is_symlink()
            descriptor = os.open(path if there else os.devnull, os.O_RDONLY)
        with _closed_by_a_fault(descriptor):
            return cls(folder, descriptor, describe_recipe(recipe))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)  # and nothing more: workers may hold the lock still

    def proof(self, place: str) -> Proof | None:
        """What proves that an image is done by this recipe; of several, the last."""
        offset = self.last(place)
        return None if offset is None else self._proof(_parsed(self._line_at(offset)))

    def last(self, place: str) -> int | None:
        """Where the line of that proof begins."""
        return self._done.get(place)

    def read(self, offset: int) -> dict[str, Any]:
        """The line that begins there."""
        fields: dict[str, Any] = json.loads(self._line_at(offset))
        return fields

    def append(self, results: Sequence[Result]) -> list[int]:
        """Write a line for each result, and see all of them to the disk; give where each begins.

        Raises
        ------
        OutputError
            They cannot be written, and the journal is as it was; or it is gone.
        """
        lines = [self._encoded(result) for result in results]
        with _faults(self._path, "cannot be written"):
            status = os.fstat(self.descriptor)
            if not status.st_nlink:
                raise OutputError("it was removed while the batch was at work; start again", self._path)
            end = status.st_size
            gap = b"\n" if end and os.pread(self.descriptor, 1, end - 1) != b"\n" else b""
            try:
                _write(self.descriptor, gap + b"".join(lines))
                os.fsync(self.descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self.descriptor, end)
                raise
        offsets = list(accumulate(map(len, lines[:-1]), initial=end + len(gap)))
        for result, offset in zip(results, offsets, strict=True):
            if result.status == "done":
                self._done[result.item.place] = offset
        return offsets

    def _encoded(self, result: Result) -> bytes:
        written = [record["output"] for record in result.outputs if record["output"] is not None]
        paths = [os.path.relpath(path, self._folder) for path in written]
        fields = {
            "input": result.item.input,
            "source": os.path.relpath(result.item.input, self._folder),
            "place": result.item.place,
            "status": result.status,
            **self._described,
            "input_sha256": result.input_hash,
            "outputs_sha256": dict(zip(paths, result.hashes, strict=True)),
            "outputs": result.outputs,
            "error": result.error,
            "exit": result.exit,
            "notices": result.notices,
            "seconds": result.seconds,
        }
        return json.dumps(fields, allow_nan=False).encode() + b"\n"

    def _line_at(self, offset: int) -> bytes:
        with self._reading() as stream:
            stream.seek(offset)
            return stream.readline()

    @contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        with (
            _faults(self._path, "cannot be read"),
            open(self.descriptor, "rb", closefd=False) as stream,
        ):
            yield stream

    def _take(self, offset: int, fields: object) -> None:
        """Take in a line that was read."""
        match fields:
            case {"status": "done", "place": str(place), "source": str(source)}:
                self.sources.pop(place, None)
                self.sources[place] = source
        if self._proof(fields) is not None:
            assert isinstance(fields, dict)
            self._done[fields["place"]] = offset

    def _proof(self, fields: object) -> Proof | None:
        """What a line proves of an image that was done by this recipe, if it is such a line."""
        match fields:
            case {
                "place": str(),
                "status": "done",
                "recipe": str(recipe),
                "input_sha256": str(digest),
                "outputs_sha256": dict(hashes),
                "outputs": list(records),
            } if recipe == self._described["recipe"]:
                sound = all(isinstance(value, str) for value in hashes.values())
                sound = sound and all(isinstance(record, dict) for record in records)
                sound = sound and len(hashes) == sum(record.get("output") is not None for record in records)
                return Proof(digest, tuple(hashes.items())) if sound and all(map(_is_below, hashes)) else None
        return None


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return None


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every whole line that is not too long, and where it begins."""
    offset, begins = 0, True
    while piece := stream.readline(MAX_JSON_BYTES):
        ends = piece.endswith(b"\n")
        if begins and ends:
            yield offset, piece
        offset += len(piece)
        begins = ends


def _is_below(path: str) -> bool:
    """Whether a path leads from a folder to what lies in it, and the system can be asked for it."""
    try:
        named = 0 not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
    steps = PurePath(path).parts
    return named and bool(steps) and ".." not in steps and not PurePath(path).is_absolute()


@contextmanager
def _closed_by_a_fault(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _lock(descriptor: int, folder: str) -> None:
    given_up = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > given_up:
                raise OutputError(
                    "another batch is at work in this folder; wait for its end, or name another --out-dir",
                    folder,
                ) from None
            time.sleep(0.02)
        else:
            return


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def _faults(path: str, what: str) -> Iterator[None]:
    """Say in one line what the system refuses."""
    try:
        yield
    except OSError as error:
        kind = _NO_PLAIN_FILE.get(error.errno or 0)
        says = f"{what}: {error.strerror or error}" if kind is None else f"it is {kind}{_WAY_OUT}"
        raise OutputError(says, path) from error
