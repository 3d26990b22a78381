"""Multiply–add, tap by tap: each weight times the strip shifted to its place."""

from __future__ import annotations

from functools import partial

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.shifts import PASS_CELLS, sum_of_taps
from convtool.core.stages import Slide
from convtool.core.threads import Scratch
from convtool.core.weighted_sum import WeightedSum


def estimate(work: Workload) -> Estimate | str:
    """A pass over memory for each addition and multiplication, every filter apart."""
    facts = work.facts
    strided = costs.is_strided(work.slide.stride)
    a_cell = costs.elementwise(facts.adds, facts.multiplies, strided) + costs.COPY * facts.filters
    rows = max(1, min(work.rows, PASS_CELLS // work.columns))
    tiles = work.images * -(-work.rows // rows)
    calls = tiles * (facts.adds + facts.multiplies + facts.filters)
    return Estimate(
        work.responses * a_cell + calls * costs.CALL,
        work.responses * facts.multiplies,
        (1, rows, work.columns),
        3 * 4 * rows * work.columns,
        f"{facts.adds} additions and {facts.multiplies} multiplications a cell",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """One weighted sum for each filter, over channels and taps."""
    sums = [WeightedSum(kernels.ravel().tolist()) for kernels in weights]
    correlate = partial(_correlate, sums, weights.shape[1], weights.shape[2:], slide)
    return Prepared(correlate, local=True, spills=slide.stride == (1, 1))


TAPS = Algorithm(estimate, prepare)


def _correlate(
    sums: list[WeightedSum],
    in_channels: int,
    kernel_size: Pair,
    slide: Slide,
    strips: Float32,
    out: Float32,
    scratch: Scratch,
) -> None:
    filters = len(sums) // slide.groups
    for strip, responses in zip(strips, out, strict=True):
        for o, (weighted_sum, response) in enumerate(zip(sums, responses, strict=True)):
            first = o // filters * in_channels
            planes = strip[first : first + in_channels]
            sum_of_taps(weighted_sum, planes, kernel_size, slide, response, scratch)
