"""Memory of one run, given out while a program is written: what is read no more is written over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.threads import SCRATCH, for_each
from convtool.net.buffers import Buffers
from convtool.net.ops.base import Shape

BLOCK_VALUES = 128 * 1024
"""Values that are laid out at a time: they are read again at once, from a core's cache."""

MANY_BLOCKS = 4
"""Blocks from which a second thread has started before they are done."""

quiet = np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore")
"""A sum beyond float32 is infinity, and what follows from it NaN, in whichever thread."""

Call = Callable[[], object]
Block = tuple[slice, slice]
"""Images and rows of an output."""
Lend = Callable[..., Float32]
"""Memory for a name and a shape, until a block is done."""
Write = Callable[[Block, Lend], Iterable[Call]]
"""The calls for a block."""


@dataclass
class Sharing:
    """How many threads share the blocks of a call: told anew for every run."""

    threads: int | None = 1


class Workspace(Buffers[np.float32]):
    """The calls of a program, in order, and the buffers that they read and write.

    Maps are ``(n, H, W, C)``, contiguous but for the network's input, whose memory is ``(n, C, H, W)``;
    every other value has the axes that its layer gives it.

    Attributes
    ----------
    calls
        What a run does: every call knows its arrays, so that it costs no more than itself.
    sharing
        How many threads share the blocks of a call.
    """

    def __init__(self) -> None:
        super().__init__(np.float32)
        self.calls: list[Call] = []
        self.sharing = Sharing()

    def then(self, call: Callable[..., object], *arguments: object, **options: Any) -> None:
        """Add a call."""
        self.calls.append(partial(call, *arguments, **options))

    def each(self, write: Write, blocks: Sequence[Block]) -> None:
        """Add the calls for blocks of one output, which threads share if they are many."""
        if len(blocks) >= MANY_BLOCKS:
            sharing = self.sharing  # a call that held the workspace would keep its memory from being freed
            self.then(lambda: for_each(blocks, partial(_run_block, write), sharing.threads))
        else:
            for block in blocks:
                self._write_block(write, block)

    def _write_block(self, write: Write, block: Block) -> None:
        lent: list[Float32] = []

        def lend(name: str, *shape: int) -> Float32:
            lent.append(self.array(*shape))
            return lent[-1]

        self.calls.extend(write(block, lend))
        for array in lent:
            self.release(array)

    @contextmanager
    def aside(self) -> Iterator[list[Call]]:
        """Collect the calls that are added meanwhile apart from the others."""
        calls, self.calls = self.calls, []
        yield self.calls
        self.calls = calls


@quiet
def _run_block(write: Write, block: Block) -> None:
    for call in write(block, SCRATCH.array):
        call()


def channels_first(shape: Shape) -> Shape:
    """The shape that a layer knows, of maps as they lie here."""
    return (shape[0], shape[3], shape[1], shape[2]) if len(shape) == 4 else shape


def channels_last(shape: Shape) -> Shape:
    """The shape in which maps lie here."""
    return (shape[0], shape[2], shape[3], shape[1]) if len(shape) == 4 else shape


def as_layers_know(array: Float32) -> Float32:
    """A view of maps as ``(n, C, H, W)``."""
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array


def blocks(images: int, rows: int, values_a_row: int) -> list[Block]:
    """Several images, or rows of one, that take about `BLOCK_VALUES`."""
    step = max(1, BLOCK_VALUES // (rows * values_a_row))
    rows_step = max(1, min(rows, BLOCK_VALUES // values_a_row))
    return [
        (slice(first, min(first + step, images)), slice(row, min(row + rows_step, rows)))
        for first in range(0, images, step)
        for row in range(0, rows, rows_step)
    ]
