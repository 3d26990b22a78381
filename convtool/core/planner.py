"""Which algorithm, in which tiles, and why: decided from sizes, options and bank facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

from convtool.core.algorithms import ALGORITHMS, costs
from convtool.core.algorithms.base import Algorithm, Estimate, Workload
from convtool.core.bank import BankFacts
from convtool.core.geometry import Pair
from convtool.core.stages import Stages
from convtool.core.threads import usable_threads
from convtool.core.tiles import BAND_ROWS

SMALL_WORK = 200_000.0
"""Nanoseconds below which a second thread costs more than it brings."""


@dataclass(frozen=True)
class Plan:
    """How a bank is run over an image; ``print(plan)`` shows it.

    Attributes
    ----------
    algorithm
        A name in ``convtool.core.algorithms.ALGORITHMS``.
    why
        What the choice rests on.
    rejected
        The other algorithms, the next best first, each with its estimate or what rules it out.
    tile
        Images, rows and columns of the result that are computed at a time; never depends on the
        number of threads.
    phases
        ``(py, px)`` if each place in the pool's window is computed apart, else ``(1, 1)``.
    threads
        How many threads work.
    multiply_adds
        Multiply–adds of a plain convolution.
    operations
        Multiply–adds that the algorithm does.
    bytes_moved
        Bytes of images read and of results written.
    peak_memory
        Bytes of image, result and all threads' buffers, about.
    seconds
        Estimated time, on the machine class that the cost model was measured on.
    """

    algorithm: str
    why: str
    rejected: tuple[tuple[str, str], ...]
    tile: tuple[int, int, int]
    phases: Pair
    threads: int
    multiply_adds: int
    operations: int
    bytes_moved: int
    peak_memory: int
    seconds: float

    def __str__(self) -> str:
        images, rows, columns = self.tile
        lines = [
            f"{self.algorithm}: {self.why}",
            f"  estimated {self.seconds * 1e3:.3g} ms on {self.threads} thread(s)",
            f"  {self.multiply_adds:,} multiply-adds, {self.operations:,} done",
            f"  {self.bytes_moved / 1e6:,.1f} MB moved, {self.peak_memory / 1e6:,.1f} MB at the peak",
            f"  tiles of {images} image(s), {rows} rows, {columns} columns of the result",
            *(f"  not {name}: {reason}" for name, reason in self.rejected),
        ]
        return "\n".join(lines)


def make_plan(
    images: int, channels: int, stages: Stages, facts: BankFacts, algorithm: str, threads: int | None
) -> Plan:
    """Choose for images ``(images, channels, H, W)``, whose sizes are those of ``stages``.

    Parameters
    ----------
    algorithm
        ``"auto"``, or the name of an algorithm, which is chosen if it can do the work at all.
    """
    return _make_plan(images, channels, stages, facts, algorithm, usable_threads(threads))


@lru_cache(maxsize=256)
def _make_plan(
    images: int, channels: int, stages: Stages, facts: BankFacts, algorithm: str, threads: int
) -> Plan:
    estimates: dict[str, Estimate] = {}
    ruled_out: dict[str, str] = {}
    # The choice is made for one image, so that each gives the same bytes alone and among others.
    for name, entry in ALGORITHMS.items():
        work = _workload(1, channels, stages, facts, entry)
        estimate = entry.estimate(work)
        if isinstance(estimate, str):
            ruled_out[name] = estimate
        else:
            estimates[name] = _with_tiles(work, estimate)
    ranked = sorted(estimates, key=lambda name: estimates[name].nanoseconds)
    chosen = algorithm if algorithm in estimates else ranked[0]
    best = estimates[chosen]
    work = _workload(images, channels, stages, facts, ALGORITHMS[chosen])
    total = ALGORITHMS[chosen].estimate(work)
    assert not isinstance(total, str)
    total = _with_tiles(work, total)
    nanoseconds, deviations = total.nanoseconds, 0
    why = best.why
    if chosen == algorithm:
        why = f"as asked for; {why}"
    elif algorithm != "auto":
        why = f"{algorithm} cannot: {ruled_out[algorithm]}; instead, {why}"
    along_y, along_x = stages.conv
    if facts.normalize:
        windows = stages.groups * along_y.count * along_x.count
        digits = along_y.kernel.bit_length() + along_x.kernel.bit_length()
        nanoseconds += images * windows * (costs.DEVIATION + digits * costs.WINDOW_SUM)
        deviations = 4 * windows // max(1, along_y.count // BAND_ROWS)
        why += "; deviations of the windows from sums of 1, 2, 4, … cells"
    workers = max(1, min(threads, int(nanoseconds // SMALL_WORK) + 1))
    result_y, result_x = stages.result
    read = images * channels * along_y.size * along_x.size
    written = images * facts.filters * result_y.count * result_x.count
    tile = _result_tile(total.tile, stages)
    held = _bytes_of_a_tile(tile, channels, facts.filters, stages) + total.scratch
    return Plan(
        algorithm=chosen,
        why=why,
        rejected=tuple(
            [(name, _slower(estimates[name], best)) for name in ranked if name != chosen]
            + list(ruled_out.items())
        ),
        tile=tile,
        phases=work.phases,
        threads=workers,
        multiply_adds=work.multiply_adds,
        operations=int(total.multiply_adds),
        bytes_moved=4 * (read + written),
        peak_memory=4 * (read + written) + deviations + workers * held,
        seconds=nanoseconds / workers / 1e9,
    )


def _workload(images: int, channels: int, stages: Stages, facts: BankFacts, entry: Algorithm) -> Workload:
    along_y, along_x = stages.conv
    phases = _phases(stages, facts) if entry.phases else (1, 1)
    return Workload(images, channels, along_y.count, along_x.count, stages.slide, facts, phases)


def _with_tiles(work: Workload, estimate: Estimate) -> Estimate:
    tiles = prod(-(-size // step) for size, step in zip(work.shape, estimate.tile, strict=True))
    return estimate._replace(nanoseconds=estimate.nanoseconds + tiles * costs.TILE)


def _phases(stages: Stages, facts: BankFacts) -> Pair:
    """The places in the windows of a max or min pool, if the windows neither overlap nor leave gaps."""
    if stages.pool is None or stages.pool_kind == "avg" or facts.normalize:
        return 1, 1
    along_y, along_x = stages.pool
    tiles = all(axis.kernel == axis.stride and axis.dilation == 1 for axis in stages.pool)
    return (along_y.kernel, along_x.kernel) if tiles else (1, 1)


def _result_tile(tile: tuple[int, int, int], stages: Stages) -> tuple[int, int, int]:
    """A tile of responses, as a tile of the result."""
    images, *responses = tile
    rows, columns = (
        max(1, min(axis.count, size // axis.stride if stages.pool else size))
        for axis, size in zip(stages.result, responses, strict=True)
    )
    return images, rows, columns


def _bytes_of_a_tile(tile: tuple[int, int, int], channels: int, filters: int, stages: Stages) -> int:
    """The padded strip that a tile reads, and the responses it pools."""
    images, *sizes = tile
    spans = [stages.conv_span(axis, 0, size) for axis, size in enumerate(sizes)]
    strip, responses = 4 * images * channels, 4 * images * filters * bool(stages.pool)
    for axis, (start, stop) in zip(stages.conv, spans, strict=True):
        cells = axis.span(start, stop)
        strip *= cells.stop - cells.start
        responses *= stop - start
    return strip + responses


def _slower(estimate: Estimate, best: Estimate) -> str:
    return f"about {estimate.nanoseconds / max(best.nanoseconds, 1):.2g} times the time; {estimate.why}"
