"""What an image costs by its size: seconds that cores are busy, and bytes written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np

from tests.bench.batch import photographs
from tests.bench.batch.commands import WORKERS, Words, convtool_batch, run
from tests.bench.figures import Figure

SIZES = {64: 480, 256: 240, 512: 120, 1024: 40, 2048: 16}
"""Sides of photographs, and how many of each are measured."""


def figures(images: int, scratch: Path) -> Iterator[Figure]:
    """Of each size, and by least squares of an image and of a million pixels; at most so many images."""
    seconds, sizes = {}, {}
    for side, most in SIZES.items():
        seconds[side], sizes[side] = measured(min(images, most), side, scratch / str(side))
        yield Figure(f"{side}², milliseconds of a core", seconds[side] * 1000)
        yield Figure(f"{side}², MB written", sizes[side] / 1e6)
    for unit, costs in (
        ("milliseconds of a core", _scaled(seconds, 1000)),
        ("MB written", _scaled(sizes, 1e-6)),
    ):
        an_image, a_million = fitted(costs)
        yield Figure(f"{unit}: an image", an_image)
        yield Figure(f"{unit}: a million pixels", a_million)


def measured(count: int, side: int, scratch: Path) -> tuple[float, float]:
    """Seconds of a core, and bytes, that an image takes; the start of a batch is taken off."""
    few = max(WORKERS, count // 4)
    busy = {}
    for number in (few, few + count):
        source, target = scratch / f"{number} images", scratch / f"{number} maps"
        photographs.take(source, number, side)
        busy[number] = _busy(convtool_batch(source, target))
    written = sum(path.stat().st_size for path in target.rglob("*.png"))
    return (busy[few + count] - busy[few]) / count, written / (few + count)


def _busy(command: Words) -> float:
    """Seconds that cores were busy with a command and its workers."""
    before = getrusage(RUSAGE_CHILDREN)
    run(command)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def fitted(costs: dict[int, float]) -> tuple[float, float]:
    """What an image costs, and a million pixels, so that the relative errors are small together."""
    sides, measured_costs = np.array([*costs]), np.array([*costs.values()])
    terms = np.stack([np.ones(len(sides)), sides**2 / 1e6], axis=1) / measured_costs[:, np.newaxis]
    an_image, a_million = np.linalg.lstsq(terms, np.ones(len(sides)), rcond=None)[0]
    return float(an_image), float(a_million)


def _scaled(costs: dict[int, float], factor: float) -> dict[int, float]:
    return {side: cost * factor for side, cost in costs.items()}
