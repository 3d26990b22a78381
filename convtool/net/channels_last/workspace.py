"""Memory of one run, given out while a program is written: what is read no more is written over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.ops.base import Shape

BLOCK_VALUES = 128 * 1024
"""Values that are laid out at a time: they are read again at once, from a core's cache."""

Call = Callable[[], object]


class Workspace:
    """The calls of a program, in order, and the buffers that they read and write.

    Maps are ``(n, H, W, C)``, contiguous but for the network's input, whose memory is ``(n, C, H, W)``;
    every other value has the axes that its layer gives it.

    Attributes
    ----------
    calls
        What a run does: every call knows its arrays, so that it costs no more than itself.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._free: list[Float32] = []

    def then(self, call: Callable[..., object], *arguments: object, **options: Any) -> None:
        """Add a call."""
        self.calls.append(partial(call, *arguments, **options))

    @contextmanager
    def aside(self) -> Iterator[list[Call]]:
        """Collect the calls that are added meanwhile apart from the others."""
        calls, self.calls = self.calls, []
        yield self.calls
        self.calls = calls

    def array(self, *shape: int) -> Float32:
        """A contiguous array of any content."""
        size = prod(shape)
        fitting = [buffer for buffer in self._free if buffer.size >= size]
        if fitting:
            chosen = min(fitting, key=len)
            self._free = [buffer for buffer in self._free if buffer is not chosen]
        else:
            chosen = np.empty(size, np.float32)
        return chosen[:size].reshape(shape)

    def release(self, array: Float32) -> None:
        """Let the calls that follow write over an array."""
        assert isinstance(array.base, np.ndarray)
        self._free.append(array.base)


def shares(first: Float32, second: Float32) -> bool:
    """Whether two arrays of a workspace are of one buffer."""
    return first.base is second.base


def channels_first(shape: Shape) -> Shape:
    """The shape that a layer knows, of maps as they lie here."""
    return (shape[0], shape[3], shape[1], shape[2]) if len(shape) == 4 else shape


def channels_last(shape: Shape) -> Shape:
    """The shape in which maps lie here."""
    return (shape[0], shape[2], shape[3], shape[1]) if len(shape) == 4 else shape


def as_layers_know(array: Float32) -> Float32:
    """A view of maps as ``(n, C, H, W)``."""
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array


def blocks(images: int, rows: int, values_a_row: int) -> Iterator[tuple[slice, slice]]:
    """Several images, or rows of one, that take about `BLOCK_VALUES`."""
    step = max(1, BLOCK_VALUES // (rows * values_a_row))
    rows_step = max(1, min(rows, BLOCK_VALUES // values_a_row))
    for first in range(0, images, step):
        for row in range(0, rows, rows_step):
            yield slice(first, min(first + step, images)), slice(row, min(row + rows_step, rows))
