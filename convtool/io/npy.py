"""NPY files, written to any stream; read without pickles, the header held against the file before use."""

from __future__ import annotations

import ast
import math
import sys
import warnings
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.io.limits import MAX_NPY_HEADER_BYTES
from convtool.io.source import Stream

MAGIC = b"\x93NUMPY"
ACCEPTED = "bool, int8 to int64, uint8 to uint64, float16, float32 or float64"

_DAMAGED = "the NPY header is damaged; save the array with numpy.save"
_MOST_AXES = 4  # a bank's: (O, I, kh, kw)


class Header(NamedTuple):
    """What an NPY file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool


def read_header(stream: Stream, size: int, *, texts: bool = False) -> Header:
    """Read the header and hold it against the ``size`` of the file; the stream is left at the first value.

    Parameters
    ----------
    texts
        Take an array of texts too; else it holds real numbers.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise InputError("not an NPY file; save the array with numpy.save")
    version = stream.read(2)
    if len(version) < 2:
        raise InputError(_DAMAGED)
    major, minor = version
    if major not in (1, 2, 3):
        raise InputError(f"an NPY file of version {major}.{minor}; save it with numpy.save")
    length = int.from_bytes(stream.read(2 if major == 1 else 4), "little")
    if length > MAX_NPY_HEADER_BYTES:
        raise InputError(f"the NPY header claims {length} bytes; it is damaged")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what Python or NumPy warns of is no header that NumPy wrote
        header = _parse_header(stream.read(length), "latin1" if major < 3 else "utf-8")
        shape, dtype = header["shape"], _dtype(header["descr"], texts)
    if len(shape) > _MOST_AXES:
        raise InputError(f"an array of {len(shape)} axes; an image has 2 or 3, a filter 2 to {_MOST_AXES}")
    if 0 in shape:
        raise InputError(f"an array of shape {shape}; it holds no values")
    expected = math.prod(shape) * dtype.itemsize
    present = size - stream.tell()
    if expected != present:
        raise InputError(
            f"the header promises {expected} bytes for shape {shape} of {dtype}, the file holds {present}; "
            "save the array again"
        )
    return Header(shape, dtype, header["fortran_order"])


def read_values(stream: Stream, header: Header) -> NDArray[Any]:
    """Read the array that follows its header; it may be written to."""
    values = np.empty(math.prod(header.shape), header.dtype)
    if stream.readinto(values.data) < values.nbytes:
        raise InputError("the file was cut short while it was read")
    if header.dtype.kind == "U":
        _check_characters(values)
    return values.reshape(header.shape, order="F" if header.fortran_order else "C")


def write_npy(stream: BinaryIO, values: Float32) -> None:
    """Write an array; NumPy's own writer fails on a pipe."""
    header = {"descr": "<f4", "fortran_order": False, "shape": values.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    stream.write(np.ascontiguousarray(values, "<f4").data)


def _parse_header(text: bytes, encoding: str) -> dict[str, Any]:
    try:
        tree = ast.parse(text.decode(encoding).strip(), mode="eval").body
        header = ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, Warning):
        raise InputError(_DAMAGED) from None
    shape = header.get("shape") if isinstance(header, dict) else None
    if (
        not isinstance(header, dict)
        or not isinstance(tree, ast.Dict)
        or len(tree.keys) != len(header)  # a key twice
        or set(header) != {"descr", "fortran_order", "shape"}
        or not isinstance(shape, tuple)
        or not all(type(n) is int and 0 <= n < 2**63 for n in shape)
        or not isinstance(header["fortran_order"], bool)
    ):
        raise InputError(_DAMAGED)
    return header


def _dtype(description: Any, texts: bool) -> np.dtype[Any]:
    try:
        if not isinstance(description, str | list | tuple):  # of None, NumPy makes float64
            raise TypeError
        dtype: np.dtype[Any] = np.dtype(description)
    except (TypeError, ValueError, SyntaxError, Warning):
        raise InputError(f"the NPY header names an unknown dtype {description!r}") from None
    if texts and dtype.kind == "U" and dtype.itemsize:  # of no characters, any number would fit in no bytes
        return dtype
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        accepted = f"texts and numbers: {ACCEPTED}" if texts else ACCEPTED
        raise InputError(f"an array of dtype {dtype}; accepted are {accepted}")
    return dtype


def _check_characters(texts: NDArray[np.str_]) -> None:
    """Refuse what is no character, which fails only where the text is looked at, and halves of one."""
    codes = texts.view(np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder))
    if codes.max() > sys.maxunicode or ((codes >= 0xD800) & (codes < 0xE000)).any():
        raise InputError("an array of texts with what is no character; save it again")
