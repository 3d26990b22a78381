"""For every algorithm of the registry work that it can do, and calls of the executor by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convtool import FilterBank, plan
from convtool.core.execute import execute
from convtool.core.planner import make_plan
from tests.core import twins

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Job:
    """Sizes of a bank that an algorithm can run, and the options it needs."""

    weights: tuple[int, int, int, int]
    groups: int = 1
    separable: bool = False
    whole: bool = True

    @property
    def channels(self) -> int:
        """Channels of the image."""
        return self.weights[1] * self.groups

    def bank(self, whole: bool, seed: int = 0) -> FilterBank:
        """Return small weights, none of them 0, and biases."""
        rng = np.random.default_rng(seed)
        signs = rng.choice([-1, 1], self.weights)
        weights = signs * rng.integers(1, 6, self.weights)
        if self.separable:
            weights = weights[..., :1] * weights[:, :, :1, :]
        bias = rng.integers(-5, 6, len(weights))
        return FilterBank(weights if whole else weights * self._fraction(rng), bias)

    def _fraction(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """One number for each filter where it has to stay separable, else one for each weight."""
        each = (self.weights[0], 1, 1, 1) if self.separable else self.weights
        return rng.random(each) + 0.1

    def images(
        self, whole: bool, size: tuple[int, int], count: int = 1, seed: int = 1
    ) -> NDArray[np.float32]:
        """Return 8-bit images, or real ones of a similar range."""
        rng = np.random.default_rng(seed)
        shape = (count, self.channels, *size)
        if whole:
            return rng.integers(0, 256, shape).astype(np.float32)
        return 50 * rng.standard_normal(shape, dtype=np.float32) + 100


JOBS = {
    "taps": Job((3, 2, 3, 4)),
    "separable": Job((2, 1, 5, 4), separable=True),
    "toeplitz": Job((3, 2, 5, 4)),
    "im2col": Job((4, 2, 3, 4)),
    "winograd": Job((3, 2, 3, 3), whole=False),
    "pointwise": Job((4, 3, 1, 1)),
    "depthwise": Job((3, 1, 3, 4), groups=3),
    "fft": Job((2, 2, 9, 7)),
}
"""Work that an algorithm can do; a new one finds itself tested when it is named here."""

ELEMENTWISE = frozenset({"taps", "depthwise"})
"""Algorithms whose cells are summed in one order, in whatever tile they are."""

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"padding": "same", "padding_mode": "reflect"},
    {"padding": ((3, 0), (1, 7)), "padding_mode": "circular"},
    {"stride": 2},
    {"stride": (1, 3), "padding": 2},
    {"dilation": (3, 1)},
    {"dilation": (2, 3), "stride": (3, 2)},
    {"pool": 2},
    {"pool": (3, 2), "pool_kind": "min", "relu": False, "stride": (2, 1)},
    {"pool": (1, 4), "dilation": 2},
    {"pool": 2, "pool_kind": "avg", "padding": 1},
)

WORK = [
    (name, options)
    for name, job in JOBS.items()
    for options in OPTIONS
    if plan(
        (job.channels, 99, 99), job.bank(whole=job.whole), groups=job.groups, algorithm=name, **options
    ).algorithm
    == name
]
"""Every algorithm with all options under which it runs itself."""


def named(work: Any) -> str:
    """Return the part of a test's name that tells of an algorithm or its options."""
    if isinstance(work, dict):
        return " ".join(f"{name}={value}" for name, value in work.items()).replace("'", "") or "plain"
    return str(work)


def run(
    images: NDArray[np.float32],
    bank: FilterBank,
    algorithm: str,
    *,
    tile: tuple[int, int, int] | None = None,
    threads: int = 1,
    **options: Any,
) -> NDArray[np.float32]:
    """Execute a plan of an algorithm that can do the work, perhaps with other tiles."""
    stages = twins.stages(images.shape[2:], bank, **options)
    planned = make_plan(*images.shape[:2], stages, bank.facts, algorithm, threads)
    assert planned.algorithm == algorithm
    changed = replace(planned, tile=tile or planned.tile, threads=threads)
    return execute(images, bank, stages, changed)


def truth(images: NDArray, bank: FilterBank, **options: Any) -> NDArray[np.float64]:
    """Return what a run must give."""
    own = {"relu": False, "pool": None, "pool_kind": "max"} | options
    relu, pool, kind = (own.pop(name) for name in ("relu", "pool", "pool_kind"))
    maps = twins.conv2d(images, bank.weights, bank.bias, **own)
    if relu:
        maps = np.maximum(maps, 0)
    return maps if pool is None else twins.pooled(maps, (pool, pool) if isinstance(pool, int) else pool, kind)
