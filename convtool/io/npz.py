"""NPZ archives: every member held against the limits before it is unpacked, nothing ever unpickled."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io import npy
from convtool.io.limits import ALWAYS_FITS, MOST_INFLATED, Limits
from convtool.io.source import Source
from convtool.text import quoted

MAGIC = b"PK\x03\x04"
ARRAY_SUFFIX = ".npy"
MAX_MEMBERS = 65_536
AS_FLOAT32 = 5  # bytes that a byte of an array takes: what was read, and of 8 bits its float32

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_END = struct.Struct("<4s6xH10x")
_COUNTED_ELSEWHERE = 0xFFFF


class Npz:
    """An archive whose directory is sound and within the limits; members are unpacked when asked for.

    Attributes
    ----------
    names
        Of its members, in their order; none of them ever becomes a path.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        with _damage_told():
            self._archive = zipfile.ZipFile(source.stream)
            _check_count(self._archive, source)
        members = self._archive.infolist()
        _check_members(members, source.size, limits)
        self.names = tuple(member.filename for member in members)

    def size(self, name: str) -> int:
        """Bytes of a member, unpacked."""
        return self._archive.getinfo(name).file_size

    def content(self, name: str) -> bytes:
        """Unpack a member."""
        size = self.size(name)
        with _damage_told(), self._archive.open(name) as packed:
            content = packed.read(size + 1)
        if len(content) != size:
            raise InputError(f"{quoted(name)} is not as long as the NPZ says; write it again")
        return content

    def array(self, name: str, *, texts: bool = False) -> NDArray[Any]:
        """The array of a member, of real numbers or, where they are asked for, of texts."""
        stream = io.BytesIO(self.content(name))
        try:
            return npy.read_values(stream, npy.read_header(stream, self.size(name), texts=texts))
        except InputError as error:
            raise InputError(f"{name}: {error.message}") from None


@contextmanager
def _damage_told() -> Iterator[None]:
    """Tell in one line whatever a reader of ZIP raises."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        struct.error,
        OSError,
        ValueError,  # of a place before the file's start, a name that is no UTF-8
    ):
        raise InputError("the NPZ is damaged, or no NPZ; write it again") from None


def _check_count(archive: zipfile.ZipFile, source: Source) -> None:
    """Hold the directory against the count at its end: one wrong length in it hides what follows."""
    source.stream.seek(max(0, source.size - _END.size - len(archive.comment)))
    signature, count = _END.unpack(source.stream.read(_END.size))
    if signature != b"PK\5\6" or count not in (len(archive.infolist()), _COUNTED_ELSEWHERE):
        raise zipfile.BadZipFile


def _check_members(members: list[zipfile.ZipInfo], source_size: int, limits: Limits) -> None:
    if len(members) > MAX_MEMBERS:
        raise InputError(f"it holds {len(members)} files, over the limit of {MAX_MEMBERS}")
    if len({member.filename for member in members}) < len(members):
        raise InputError("it holds two files of one name; write it again")
    for member in members:
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise InputError(f"{quoted(member.filename)} is encrypted or packed in a way that NPZ is not")
    total = sum(member.file_size for member in members)
    if total > MOST_INFLATED * source_size + ALWAYS_FITS:
        raise InputError(
            f"it would inflate to {total} bytes, over {MOST_INFLATED} times its own; "
            "save it uncompressed, with numpy.savez"
        )
    limits.check_memory(AS_FLOAT32 * total, f"the NPZ holds {total} bytes")
