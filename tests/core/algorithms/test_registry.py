"""Every algorithm of the registry, in tiles so small that there are many, with rests at the ends."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convtool import FilterBank, feature_maps, plan
from convtool.core import algorithms, planner
from convtool.core.algorithms import ALGORITHMS
from convtool.core.algorithms.base import Estimate, Workload
from convtool.core.bank import bank_facts
from convtool.core.stages import Slide
from tests.core.jobs import truth
from tests.strategies import NEVER_WHOLE, Pair, generators, pairs, real_weights, whole_weights
from tests.tolerances import assert_close, assert_equal, response_scale

if TYPE_CHECKING:
    from collections.abc import Iterator

each_algorithm = pytest.mark.parametrize("algorithm", [*ALGORITHMS])

FEW_CELLS = 700
SHORT_LENGTHS = (8, 12, 16, 24, 32, 48)


@contextmanager
def small_tiles() -> Iterator[None]:
    """Plan as if caches were tiny."""
    with pytest.MonkeyPatch.context() as patch:
        for module in iter_modules(algorithms.__path__, f"{algorithms.__name__}."):
            home = import_module(module.name)
            for name in vars(home):
                if name.endswith("_CELLS"):
                    patch.setattr(home, name, FEW_CELLS)
        patch.setattr("convtool.core.algorithms.fft.LENGTHS", SHORT_LENGTHS)
        planner._make_plan.cache_clear()
        try:
            yield
        finally:
            planner._make_plan.cache_clear()


@pytest.mark.parametrize(
    ("algorithm", "whole"),
    [(name, whole) for name in ALGORITHMS for whole in (True, False) if not (whole and name in NEVER_WHOLE)],
)
@given(
    kernel=pairs(1, 11),
    stride=pairs(1, 3),
    dilation=st.sampled_from([(1, 1), (1, 1), (2, 1), (2, 3)]),
    pool=st.sampled_from([None, (1, 1), (2, 2), (1, 3), (3, 1), (4, 3)]),
    kind=st.sampled_from(["max", "min", "avg"]),
    size=pairs(40, 110),
    groups=st.integers(1, 2),
    rng=generators(),
)
@settings(max_examples=15)
def test_many_tiles_are_the_whole(
    algorithm: str,
    whole: bool,
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    pool: Pair | None,
    kind: str,
    size: Pair,
    groups: int,
    rng: np.random.Generator,
) -> None:
    kernel = {"pointwise": (1, 1), "winograd": (3, 3)}.get(algorithm, kernel)
    if algorithm == "winograd":
        stride, dilation, groups = (1, 1), (1, 1), 1
        pool = pool and (2, 2)
    single = algorithm in ("separable", "depthwise")
    shape = (groups if single else 2 * groups, 1 if single else 2, *kernel)
    make = whole_weights if whole else real_weights
    bank = FilterBank(make(rng, shape, "separable" if algorithm == "separable" else "any"))
    images = rng.integers(0, 256, (2, groups * shape[1], *size)).astype(np.float32)
    options = {
        "stride": stride,
        "dilation": dilation,
        "padding": ((1, 2), (0, 3)),
        "padding_mode": "reflect",
        "pool": pool,
        "pool_kind": kind,
        "groups": groups,
    }
    expected = truth(images, bank, relu=True, **options)
    with small_tiles():
        planned = plan(images.shape, bank, algorithm=algorithm, **options)
        assume(planned.algorithm == algorithm)
        actual = feature_maps(images, bank, algorithm=algorithm, threads=2, **options)
    assert planned.tile[0] * planned.tile[1] * planned.tile[2] < actual.size / len(bank)
    if whole:
        assert_equal(actual, expected.astype(np.float32))
    else:
        scale = response_scale(images, bank.weights)
        assert_close(actual, expected, case="conv", terms=bank.weights[0].size, scale=scale)


@each_algorithm
@given(
    kernel=pairs(1, 40),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    slide=st.tuples(pairs(1, 3), pairs(1, 40)),
    size=pairs(1, 3000),
    images=st.integers(1, 9),
    phases=st.sampled_from([(1, 1), (2, 2), (1, 3)]),
    rng=generators(),
)
@settings(max_examples=30)
def test_an_estimate_is_a_cost_or_a_sentence(
    algorithm: str,
    kernel: Pair,
    channels: int,
    filters: int,
    slide: tuple[Pair, Pair],
    size: Pair,
    images: int,
    phases: Pair,
    rng: np.random.Generator,
) -> None:
    facts = bank_facts(FilterBank(rng.integers(-9, 10, (filters, channels, *kernel)) / 2))
    entry = ALGORITHMS[algorithm]
    work = Workload(images, channels, *size, Slide(*slide, 1), facts, phases if entry.phases else (1, 1))
    estimate = entry.estimate(work)
    if isinstance(estimate, str):
        assert len(estimate.split()) > 3
        return
    assert isinstance(estimate, Estimate)
    assert estimate.nanoseconds > 0
    assert estimate.multiply_adds >= 0
    assert estimate.scratch > 0
    assert estimate.why
    assert min(estimate.tile) >= 1
