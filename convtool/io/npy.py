"""NPY files, read without pickles and without trusting the header before it is held against the file."""

from __future__ import annotations

import ast
import math
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io.limits import MAX_NPY_HEADER_BYTES

MAGIC = b"\x93NUMPY"
ACCEPTED = "bool, int8 to int64, uint8 to uint64, float16, float32 or float64"


def read_shape(stream: BinaryIO, size: int) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Read and check the header: shape, dtype, and whether the array is in Fortran order.

    Leaves the stream at the first value.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise InputError("not an NPY file; save the array with numpy.save")
    major, minor = stream.read(2)
    if major not in (1, 2, 3):
        raise InputError(f"an NPY file of version {major}.{minor}; save it with numpy.save")
    length = int.from_bytes(stream.read(2 if major == 1 else 4), "little")
    if length > MAX_NPY_HEADER_BYTES:
        raise InputError(f"the NPY header claims {length} bytes; it is damaged")
    header = _parse_header(stream.read(length), "latin1" if major < 3 else "utf-8")
    shape, dtype = header["shape"], _dtype(header["descr"])
    expected = math.prod(shape) * dtype.itemsize
    present = size - stream.tell()
    if expected != present:
        raise InputError(
            f"the header promises {expected} bytes for shape {shape} of {dtype}, the file holds {present}; "
            "save the array again"
        )
    return shape, dtype, header["fortran_order"]


def read_npy(stream: BinaryIO, size: int) -> NDArray[Any]:
    """Read a whole array."""
    shape, dtype, fortran_order = read_shape(stream, size)
    values = np.frombuffer(stream.read(), dtype)
    return values.reshape(shape, order="F" if fortran_order else "C")


def _parse_header(text: bytes, encoding: str) -> dict[str, Any]:
    try:
        header = ast.literal_eval(text.decode(encoding))
    except (ValueError, SyntaxError, MemoryError, RecursionError, UnicodeDecodeError):
        raise InputError("the NPY header is damaged; save the array with numpy.save") from None
    shape = header.get("shape") if isinstance(header, dict) else None
    if (
        not isinstance(header, dict)
        or set(header) != {"descr", "fortran_order", "shape"}
        or not isinstance(shape, tuple)
        or not all(type(n) is int and n >= 0 for n in shape)
        or not isinstance(header["fortran_order"], bool)
    ):
        raise InputError("the NPY header is damaged; save the array with numpy.save")
    return header


def _dtype(description: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(description)
    except (TypeError, ValueError):
        raise InputError(f"the NPY header names an unknown dtype {description!r}") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise InputError(f"an array of dtype {dtype}; accepted are {ACCEPTED}")
    return dtype
