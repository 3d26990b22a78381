"""Separable kernels: a column down the strip, then a row along it, once for each rank.

A kernel of rank r is the sum of r outer products ``column × row``: 2k taps take the place of k².
Along y the sum is either passes over memory or, for longer columns, a matrix product of a banded
matrix with a few rows of the strip as they stand; along x it is passes over contiguous runs. Taps
that are equal or opposite, as in symmetric filters, are added before they are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.banded import banded, multiply_blocks, rows_read
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.bank import separable_factors
from convtool.core.geometry import Pair
from convtool.core.runs import written_as_run
from convtool.core.shifts import PASS_CELLS, sum_of_taps
from convtool.core.stages import Slide
from convtool.core.threads import Scratch
from convtool.core.weighted_sum import WeightedSum

BLOCK = 4
"""Rows of the result that one matrix product computes."""


class _Line:
    """A filter along one axis.

    As a polynomial, a line of whole numbers may contain the factor 1 + z: adding each cell to its
    neighbour takes its place, as in (1, 2, 1) = (1, 1)², two additions and no product.
    """

    def __init__(self, taps: tuple[float, ...]) -> None:
        self.taps = len(taps)
        self.whole = WeightedSum(taps)
        choices = [(_passes(self.whole), 0, taps)]
        while (rest := _without_a_pair(choices[-1][2])) is not None:
            pairs = choices[-1][1] + 1
            passes = 0.0 if rest == (1,) else _passes(WeightedSum(rest))
            choices.append((pairs * costs.ADD + passes, pairs, rest))
        self.cost, self._pairs, rest = min(choices)
        self._rest: WeightedSum | None = None if rest == (1,) else WeightedSum(rest)
        self._reach = range(len(rest))

    def slide_along(self, run: Float32, step: int, out: Float32, scratch: Scratch) -> None:
        """Write to ``out[i]`` the sum of the taps times ``run[i]``, ``run[i + step]`` and so on."""
        for k in range(self._pairs):
            last = self._rest is None and k == self._pairs - 1
            cells = out.size if last else run.size - step
            sums = out if last else scratch.array(f"pairs {k % 2}", cells)
            np.add(run[:cells], run[step : step + cells], out=sums)
            run = sums
        if self._rest is not None:
            shifted = [run[k * step : k * step + out.size] for k in self._reach]
            self._rest(shifted, out, scratch.array("spare", out.size))


class _Factor(NamedTuple):
    """One outer product of a column with a row.

    ``band`` is the column as a banded matrix ``(BLOCK, rows read, 1)``, where a product is the quicker.
    """

    column: _Line
    band: Float32 | None
    row: _Line


def estimate(work: Workload) -> Estimate | str:
    """Passes or products along y, passes along x."""
    facts, strided = work.facts, costs.is_strided(work.slide.stride)
    if facts.factors is None:
        return (
            "no filter here is a sum of few separable ones"
            if facts.in_channels == 1
            else "filters read several channels"
        )
    a_cell = 0.0
    for column, row in (pair for kernel in facts.factors for pair in kernel):
        down, across = _Line(column), _Line(row)
        a_cell += min(down.cost, _product(len(column), work.slide)) * work.slide.stride[1]
        a_cell += across.cost * (1 + 3 * strided)
    kernel_height, kernel_width = facts.kernel_size
    multiply_adds = sum(len(kernel) for kernel in facts.factors) * (kernel_height + kernel_width)
    rows = max(1, min(work.rows, PASS_CELLS // work.columns))
    tiles = work.images * -(-work.rows // rows)
    return Estimate(
        work.responses * a_cell + tiles * len(facts.factors) * 16 * costs.CALL,
        work.responses * multiply_adds,
        (1, rows, work.columns),
        4 * 4 * rows * work.columns * work.slide.stride[1],
        f"rank {max(len(kernel) for kernel in facts.factors)}: columns, then rows",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """Factor every kernel, and decide how its columns are summed."""
    kernels = [
        [_factor(column, row, slide) for column, row in separable_factors(kernel[0]) or ()]
        for kernel in weights
    ]
    local = all(len(factors) == 1 and factors[0].band is None for factors in kernels)
    return Prepared(partial(_correlate, kernels, slide), local, spills=slide.stride == (1, 1))


SEPARABLE = Algorithm(estimate, prepare)


@lru_cache(maxsize=256)
def _factor(column: tuple[float, ...], row: tuple[float, ...], slide: Slide) -> _Factor:
    down = _Line(column)
    band = None
    if _product(len(column), slide) < down.cost:
        band = banded(np.array([column], np.float32).T, BLOCK, slide.stride[0], slide.dilation[0])
    return _Factor(down, band, _Line(row))


def _passes(weighted_sum: WeightedSum) -> float:
    return costs.elementwise(*weighted_sum.passes, strided=False)


def _without_a_pair(taps: tuple[float, ...]) -> tuple[float, ...] | None:
    """The line of whole numbers that, convolved with (1, 1), gives ``taps``; ``None`` if there is none."""
    rest = [taps[0]]
    for tap in taps[1:-1]:
        rest.append(tap - rest[-1])
    divides = len(taps) > 2 and rest[-1] == taps[-1] and all(tap == round(tap) for tap in taps)
    same_sign = all(tap >= 0 for tap in rest) or all(tap <= 0 for tap in rest)
    return tuple(rest) if divides and same_sign else None


def _product(taps: int, slide: Slide) -> float:
    """A cell's share of a banded product down ``taps`` taps."""
    read = rows_read(BLOCK, taps, slide.stride[0], slide.dilation[0])
    return costs.matrix_product(BLOCK, read, 2048) / (2048 * BLOCK)


def _correlate(
    kernels: list[list[_Factor]],
    slide: Slide,
    strips: Float32,
    out: Float32,
    scratch: Scratch,
) -> None:
    filters = len(kernels) // slide.groups
    for strip, responses in zip(strips, out, strict=True):
        for o, (factors, response) in enumerate(zip(kernels, responses, strict=True)):
            _correlate_plane(factors, slide, strip[o // filters], response, scratch)


def _correlate_plane(
    factors: list[_Factor], slide: Slide, plane: Float32, response: Float32, scratch: Scratch
) -> None:
    if not factors:
        response[...] = 0
    elif slide.stride != (1, 1) or not plane.flags.c_contiguous:
        _sum_factors(partial(_slide_windows, slide, plane), factors, response, scratch)
    else:
        width = plane.shape[1]
        columns = width - (factors[0].row.taps - 1) * slide.dilation[1]
        with written_as_run(response, columns, width, scratch) as total:
            _sum_factors(partial(_slide_runs, slide.dilation, plane, len(response)), factors, total, scratch)


def _sum_factors(
    slide_over: Callable[[_Factor, Float32, Scratch], None],
    factors: list[_Factor],
    total: Float32,
    scratch: Scratch,
) -> None:
    slide_over(factors[0], total, scratch)
    for factor in factors[1:]:
        part = scratch.array("part", *total.shape)
        slide_over(factor, part, scratch)
        np.add(total, part, out=total)


def _slide_runs(
    dilation: Pair, plane: Float32, rows: int, factor: _Factor, out: Float32, scratch: Scratch
) -> None:
    """Column, then row, over runs."""
    between = scratch.array("between", rows, plane.shape[1])
    if factor.band is None:
        factor.column.slide_along(
            plane.reshape(-1), dilation[0] * plane.shape[1], between.reshape(-1), scratch
        )
    else:
        multiply_blocks(factor.band, 1, plane[:, np.newaxis], between)
    factor.row.slide_along(between.reshape(-1), dilation[1], out, scratch)


def _slide_windows(slide: Slide, plane: Float32, factor: _Factor, out: Float32, scratch: Scratch) -> None:
    """Column, then row, row by row: for strides, or columns that are not side by side."""
    down = slide._replace(stride=(slide.stride[0], 1))
    across = slide._replace(stride=(1, slide.stride[1]))
    between = scratch.array("between", len(out), plane.shape[1])
    if factor.band is None:
        column = factor.column
        sum_of_taps(column.whole, plane[np.newaxis], (column.taps, 1), down, between, scratch)
    else:
        multiply_blocks(factor.band, slide.stride[0], plane[:, np.newaxis], between)
    row = factor.row
    sum_of_taps(row.whole, between[np.newaxis], (1, row.taps), across, out, scratch)
