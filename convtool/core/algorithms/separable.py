"""Separable kernels: a column down the strip, then a row along it, once for each rank.

A kernel of rank r is the sum of r outer products ``column × row``: 2k taps take the place of k².
Along y the sum is either passes over memory or, for longer columns, a matrix product of a banded
matrix with a few rows of the strip as they stand; along x it is passes over contiguous runs. Taps
that are equal or opposite, as in symmetric filters, are added before they are multiplied.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.banded import banded, multiply_blocks, rows_read
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.bank import separable_factors
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
        self._taps = len(taps)
        self._whole = WeightedSum(taps)
        choices = [(_passes(self._whole), 0, taps)]
        while (rest := _without_a_pair(choices[-1][2])) is not None:
            pairs = choices[-1][1] + 1
            choices.append((pairs * costs.ADD + _passes(WeightedSum(rest)), pairs, rest))
        self.cost, self._pairs, rest = min(choices)
        self._rest, self._rest_taps = WeightedSum(rest), len(rest)

    def slide_over(self, plane: Float32, axis: int, slide: Slide, out: Float32, scratch: Scratch) -> None:
        """Write the sums along ``axis`` of ``plane`` ``(h, w)``."""
        line, taps = self._whole, self._taps
        if self._pairs and slide.stride == (1, 1):
            line, taps = self._rest, self._rest_taps
            step = slide.dilation[axis]
            for k in range(self._pairs):
                size = plane.shape[0] - step * (axis == 0), plane.shape[1] - step * (axis == 1)
                sums = scratch.array(f"pairs {axis} {k % 2}", *size)
                np.add(plane[: size[0], : size[1]], plane[-size[0] :, -size[1] :], out=sums)
                plane = sums
        kernel_size = (taps, 1) if axis == 0 else (1, taps)
        sum_of_taps(line, plane[np.newaxis], kernel_size, slide, out, scratch)


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
    return Prepared(partial(_correlate, kernels, slide), local)


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
    down = slide._replace(stride=(slide.stride[0], 1))
    across = slide._replace(stride=(1, slide.stride[1]))
    between = scratch.array("between", len(response), plane.shape[-1])
    if not factors:
        response[...] = 0
    for k, factor in enumerate(factors):
        if factor.band is not None:
            multiply_blocks(factor.band, slide.stride[0], plane[:, np.newaxis], between)
        else:
            factor.column.slide_over(plane, 0, down, between, scratch)
        if k == 0:
            factor.row.slide_over(between, 1, across, response, scratch)
        else:
            part = scratch.array("part", *response.shape)
            factor.row.slide_over(between, 1, across, part, scratch)
            np.add(response, part, out=response)
