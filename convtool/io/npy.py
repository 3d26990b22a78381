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

_DAMAGED = "the NPY header is damaged; save the array with numpy.save"
_MOST_AXES = 4  # a bank's: (O, I, kh, kw)


def read_shape(stream: BinaryIO, size: int) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Read and check the header: shape, dtype, and whether the array is in Fortran order.

    Leaves the stream at the first value.
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
    header = _parse_header(stream.read(length), "latin1" if major < 3 else "utf-8")
    shape, dtype = header["shape"], _dtype(header["descr"])
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
    return shape, dtype, header["fortran_order"]


def read_npy(stream: BinaryIO, size: int) -> NDArray[Any]:
    """Read a whole array."""
    shape, dtype, fortran_order = read_shape(stream, size)
    values = np.frombuffer(stream.read(), dtype)
    return values.reshape(shape, order="F" if fortran_order else "C")


def _parse_header(text: bytes, encoding: str) -> dict[str, Any]:
    try:
        tree = ast.parse(text.decode(encoding).strip(), mode="eval").body
        header = ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
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


def _dtype(description: Any) -> np.dtype[Any]:
    try:
        if not isinstance(description, str | list | tuple):  # of None, NumPy makes float64
            raise TypeError
        dtype: np.dtype[Any] = np.dtype(description)
    except (TypeError, ValueError):
        raise InputError(f"the NPY header names an unknown dtype {description!r}") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise InputError(f"an array of dtype {dtype}; accepted are {ACCEPTED}")
    return dtype
