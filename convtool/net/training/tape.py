"""The calls that take one part of a batch forward and backward, written once, and the memory they work in.

The batch is the last axis, ``(C, H, W, n)`` of maps and ``(K, n)`` of vectors: so a row of windows is one
long run of memory, a convolution one product whose result lies as the next layer reads it, and maps
are vectors as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.net.buffers import Buffers
from convtool.net.ops.base import Shape

Values = NDArray[np.floating[Any]]
"""Float32; float64 where gradients are checked."""

Call = Callable[[], object]


@dataclass
class Joint:
    """What the parts of a batch have in common.

    Attributes
    ----------
    parts
        How many there are.
    images
        Of all of them together.
    meetings
        What is done, once, each time that all parts have come as far.
    """

    parts: int
    images: int
    meetings: list[Call] = field(default_factory=list)
    _tables: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def table(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Numbers of every part, ``(parts, *shape)``, by a name."""
        if name not in self._tables:
            self._tables[name] = np.zeros((self.parts, *shape))
        return self._tables[name]


class Tape(Buffers[np.floating[Any]]):
    """The calls of one part, in phases between which the parts meet.

    Attributes
    ----------
    images
        How many this part has.
    number
        Which part it is.
    phases
        What a step does: every call knows its arrays, so that it costs no more than itself.
    random
        Where chance comes from; set anew for every step.
    """

    def __init__(self, joint: Joint, number: int, images: int, dtype: type[np.floating[Any]]) -> None:
        super().__init__(dtype)
        self.joint, self.number, self.images = joint, number, images
        self.phases: list[list[Call]] = [[]]
        self.random = np.random.default_rng(0)

    def then(self, call: Callable[..., object], *arguments: object, **options: Any) -> None:
        """Add a call."""
        self.phases[-1].append(partial(call, *arguments, **options))

    def meet(self, call: Call) -> None:
        """Add a meeting of all parts; of their calls, which do the same, the first part's is done."""
        if self.number == 0:
            self.joint.meetings.append(call)
        self.phases.append([])


@dataclass(frozen=True, eq=False)
class Written:
    """A layer that was written forward.

    Attributes
    ----------
    output
        Its values.
    backward
        Adds the calls that take the gradient of the output, which it may write over, to those of the
        inputs; to ``None`` where the flag of an input says that nobody wants it.
    read_again
        Whether the calls of ``backward`` read the output.
    """

    output: Values
    backward: Callable[[Values, list[bool]], list[Values | None]]
    read_again: bool = False


def batch_first(shape: Shape) -> Shape:
    """The shape that layers know, of values as they lie here."""
    return shape[-1:] + shape[:-1]


def batch_last(shape: Shape) -> Shape:
    """The shape in which values lie here."""
    return shape[1:] + shape[:1]
