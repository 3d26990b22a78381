"""IDX files, as those of the MNIST family: bytes behind a header of their sizes, packed by gzip or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from math import prod

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError, LimitError
from convtool.io.limits import ALWAYS_FITS, MOST_INFLATED, Limits
from convtool.io.source import Source, Stream

IMAGES, LABELS = 3, 1
"""How many axes the values have: ``(N, H, W)``, ``(N,)``."""

_GZIP = b"\x1f\x8b"
_MAGIC_BYTES, _SIZE_BYTES = 4, 4
_UNSIGNED_BYTES = 8
_TYPES = {_UNSIGNED_BYTES: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}
_PIECE = 2**20


def idx_axes(source: Source) -> int | None:
    """How many axes an IDX file has; ``None`` if it is none."""
    with _unpacked(source) as stream:
        magic = stream.read(_MAGIC_BYTES)
    return magic[3] if _is_idx(magic) else None


def read_idx(source: Source, axes: int, limits: Limits) -> NDArray[np.uint8]:
    """Read the values of an IDX file of so many axes.

    Raises
    ------
    InputError
        No IDX file, other axes, a type other than uint8, no values, or other bytes than the header promises.
    LimitError
        More pixels or memory than is allowed, or a gzip of a header that promises far more than it is.
    """
    with _unpacked(source) as stream:
        shape = _shape(stream, axes)
        promised = prod(shape)
        if isinstance(stream, GzipFile):
            _check_packed(promised, source.size)
        else:
            _check_present(source.size - stream.tell(), shape)
        if axes == IMAGES:
            limits.check_image(shape[1], shape[2], 1, 1)
        limits.check_memory(promised, f"it holds {promised} values")
        values = np.empty(promised, np.uint8)
        filled = 0
        while piece := stream.read(min(_PIECE, promised - filled)):
            values[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        # Behind the last value a gzip's checksum is compared; more values are not unpacked.
        _check_present(filled + len(stream.read(1)), shape)
    return values.reshape(shape)


def _is_idx(magic: bytes) -> bool:
    return len(magic) == _MAGIC_BYTES and magic[:2] == b"\0\0" and magic[2] in _TYPES


def _shape(stream: Stream | GzipFile, axes: int) -> tuple[int, ...]:
    """What the header says, of an IDX file of unsigned bytes."""
    magic = stream.read(_MAGIC_BYTES)
    if not _is_idx(magic):
        raise InputError("no IDX file; it begins with two zeros, a type and a number of axes")
    type_, found = magic[2:]
    if type_ != _UNSIGNED_BYTES:
        raise InputError(f"an IDX file of {_TYPES[type_]}; pictures and labels are read from those of uint8")
    if found != axes:
        raise InputError(f"an IDX file of {found} axes; images have {IMAGES}, labels have {LABELS}")
    sizes = stream.read(axes * _SIZE_BYTES)
    if len(sizes) < axes * _SIZE_BYTES:
        raise InputError("the IDX file ends within its header; fetch it again")
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    if 0 in shape:
        raise InputError(f"an IDX file of shape {shape}; it holds no values")
    return shape


def _check_present(present: int, shape: tuple[int, ...]) -> None:
    promised = prod(shape)
    if present != promised:
        held = present if present < promised else "more"
        raise InputError(
            f"its header promises {promised} bytes for shape {shape}, the file holds {held}; fetch it again"
        )


def _check_packed(promised: int, size: int) -> None:
    if promised > MOST_INFLATED * size + ALWAYS_FITS:
        raise LimitError(
            f"it would inflate to {promised} bytes, over {MOST_INFLATED} times its own; unpack it with gunzip"
        )


@contextmanager
def _unpacked(source: Source) -> Iterator[Stream | GzipFile]:
    """The bytes of a file from its start, unpacked as they are read if it is a gzip."""
    if source.head(len(_GZIP)) != _GZIP:
        yield source.stream
        return
    try:
        with GzipFile(fileobj=source.stream) as stream:
            yield stream
    except (BadGzipFile, EOFError, zlib.error):
        raise InputError("the gzip is damaged or cut short; fetch it again") from None
