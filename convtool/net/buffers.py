"""Memory that is given out while calls are written, and given out again once nothing reads it any more."""

from __future__ import annotations

from math import prod
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", bound=np.floating[Any])


class Buffers(Generic[Real]):
    """Arrays of one type, each in a buffer of its own until it is released."""

    def __init__(self, dtype: type[Real]) -> None:
        self.dtype = dtype
        self._free: list[NDArray[Real]] = []

    def array(self, *shape: int) -> NDArray[Real]:
        """A contiguous array of any content."""
        size = prod(shape)
        fitting = [buffer for buffer in self._free if buffer.size >= size]
        if fitting:
            chosen = min(fitting, key=len)
            self._free = [buffer for buffer in self._free if buffer is not chosen]
        else:
            chosen = np.empty(size, self.dtype)
        return chosen[:size].reshape(shape)

    def release(self, array: NDArray[Real]) -> None:
        """Let the calls that follow write over an array."""
        assert isinstance(array.base, np.ndarray)
        self._free.append(array.base)


def shares(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether two arrays are of one buffer."""
    return first.base is second.base
