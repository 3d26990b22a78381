"""What an image costs by its size: seconds of a core, and bytes written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.bench.batch import photographs
from tests.bench.batch.commands import WORKERS, best_seconds, convtool_batch
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
    times = {}
    for number in (few, few + count):
        source, target = scratch / f"{number} images", scratch / f"{number} maps"
        photographs.take(source, number, side)
        times[number] = best_seconds({"": convtool_batch(source, target)}, {"": target})[""]
    written = sum(path.stat().st_size for path in target.rglob("*.png"))
    return (times[few + count] - times[few]) * WORKERS / count, written / (few + count)


def fitted(costs: dict[int, float]) -> tuple[float, float]:
    """What an image costs, and a million pixels, so that the relative errors are small together."""
    sides, measured_costs = np.array([*costs]), np.array([*costs.values()])
    terms = np.stack([np.ones(len(sides)), sides**2 / 1e6], axis=1) / measured_costs[:, np.newaxis]
    an_image, a_million = np.linalg.lstsq(terms, np.ones(len(sides)), rcond=None)[0]
    return float(an_image), float(a_million)


def _scaled(costs: dict[int, float], factor: float) -> dict[int, float]:
    return {side: cost * factor for side, cost in costs.items()}
