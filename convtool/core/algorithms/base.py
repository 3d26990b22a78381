"""What every convolution algorithm offers: an estimate from sizes alone, and the work on one strip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple, Protocol

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.bank import BankFacts
from convtool.core.geometry import Pair
from convtool.core.stages import Slide
from convtool.core.threads import Scratch


class Correlate(Protocol):
    """Correlate padded strips with all filters."""

    def __call__(self, strips: Float32, out: Float32, scratch: Scratch) -> None:
        """Write the responses, without bias, into ``out``.

        Parameters
        ----------
        strips
            ``(N, C, h, w)``, padding included.
        out
            ``(N, O, rows, columns)``; every value is overwritten. Where the algorithm was prepared
            for phases, rows and columns are those of the pooled map.
        scratch
            The thread's own buffers.
        """


class Phases(NamedTuple):
    """The places in the window of a max or min pool whose windows lie side by side.

    Attributes
    ----------
    size
        ``(py, px)`` of the window; ``(1, 1)`` for no pool.
    combine
        ``maximum`` or ``minimum``.
    """

    size: Pair
    combine: np.ufunc


NO_PHASES = Phases((1, 1), np.maximum)


class Prepared(NamedTuple):
    """An algorithm that knows its weights.

    Attributes
    ----------
    correlate
        The work on strips.
    local
        Whether a NaN or an infinity of the image stays within the windows that see it.
    spills
        Whether ``out`` may have rows as long as the strips'; what is written beyond the windows that
        fit has no meaning, yet is finite where the strips are.
    """

    correlate: Correlate
    local: bool = False
    spills: bool = False


@dataclass(frozen=True)
class Workload:
    """All that an estimate looks at: sizes and what is known of the weights, never a pixel.

    Attributes
    ----------
    images, channels
        N and C of the images.
    rows, columns
        Of one response.
    slide
        How the filters move.
    facts
        What is known of the weights.
    phases
        ``(py, px)`` of a max or min pool whose windows do not overlap, else ``(1, 1)``.
    """

    images: int
    channels: int
    rows: int
    columns: int
    slide: Slide
    facts: BankFacts
    phases: Pair

    @property
    def shape(self) -> tuple[int, int, int]:
        """Images, rows and columns of one filter's responses."""
        return self.images, self.rows, self.columns

    @property
    def responses(self) -> int:
        """Cells of one filter's response, over all images."""
        return prod(self.shape)

    @property
    def multiply_adds(self) -> int:
        """Multiply–adds of a plain convolution."""
        return self.responses * self.facts.filters * self.facts.taps


class Estimate(NamedTuple):
    """What an algorithm would cost.

    Attributes
    ----------
    nanoseconds
        On one thread of the machine class that `costs` was measured on.
    multiply_adds
        Arithmetic it really does, zeros and overlap counted.
    tile
        Images, rows and columns of the response a tile computes, about.
    scratch
        Bytes of buffers a thread holds.
    why
        In a few words, what the estimate rests on.
    """

    nanoseconds: float
    multiply_adds: float
    tile: tuple[int, int, int]
    scratch: int
    why: str


class Algorithm(NamedTuple):
    """One way to convolve.

    Attributes
    ----------
    estimate
        The cost for a workload, or a sentence that says why it cannot do it.
    prepare
        Weights ``(O, C / groups, kh, kw)``, slide and phases → the work on strips. What depends on
        the weights alone is computed here, once a call.
    phases
        Whether it can compute the phases of a pool apart, at no cost for the stride.
    """

    estimate: Callable[[Workload], Estimate | str]
    prepare: Callable[[Float32, Slide, Phases], Prepared]
    phases: bool = False
