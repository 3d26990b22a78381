"""Algorithms that compute the phases of a pool apart: every window, stride and dilation."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from convtool import plan
from convtool.core.algorithms import ALGORITHMS
from tests.core.jobs import JOBS, run, truth
from tests.tolerances import assert_close, assert_equal, response_scale

PHASED = [name for name, entry in ALGORITHMS.items() if entry.phases]


def able(algorithm: str, **options: Any) -> bool:
    job = JOBS[algorithm]
    planned = plan((job.channels, 60, 60), job.bank(whole=job.whole), algorithm=algorithm, **options)
    return planned.algorithm == algorithm and planned.phases != (1, 1)


def test_some_algorithms_have_phases() -> None:
    assert {"im2col", "winograd"} <= set(PHASED)
    assert all(able(algorithm, pool=2) for algorithm in PHASED)
    assert not able("im2col", pool=2, pool_kind="avg")


@pytest.mark.parametrize("algorithm", PHASED)
@pytest.mark.parametrize("pool", [*product([1, 2, 3], repeat=2), (5, 1), (1, 7)], ids=str)
@pytest.mark.parametrize("kind", ["max", "min"])
def test_phases_give_the_pool_of_the_responses(algorithm: str, pool: tuple[int, int], kind: str) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(True, (41, 38), count=2), job.bank(whole=job.whole)
    for stride, dilation in product(
        [(1, 1), (2, 1), (1, 2), (3, 2)], [(1, 1), (2, 1), (1, 3), (3, 2), (2, 2)]
    ):
        options = {"stride": stride, "dilation": dilation, "pool": pool, "pool_kind": kind}
        if pool == (1, 1) or not able(algorithm, **options):
            continue
        expected = truth(images, bank, **options)
        for tile in (None, (1, 3, 4)):
            actual = run(images, bank, algorithm, tile=tile, **options)
            if bank.facts.whole:
                assert_equal(actual, expected)
            else:
                scale = response_scale(images, bank.weights, bank.bias)
                assert_close(actual, expected, case="conv", terms=bank.weights[0].size, scale=scale)


def test_bias_and_relu_after_the_pool_are_those_before_it() -> None:
    job = JOBS["im2col"]
    images, bank = job.images(True, (20, 22)), job.bank(whole=True)
    assert bank.bias.any()
    for kind in ("max", "min"):
        for relu in (True, False):
            options = {"pool": 2, "pool_kind": kind, "relu": relu}
            expected = truth(images, bank, **options)
            assert_equal(run(images, bank, "im2col", **options), expected)
            assert np.any(expected > 0)
