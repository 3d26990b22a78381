"""Columns, then rows: any rank, as passes or as products, with neighbours added first where that pays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from convtool import FilterBank, load_filter, plan
from convtool.core.algorithms.separable import _factor, _Line, _without_a_pair
from convtool.core.bank import HIGHEST_RANK
from convtool.core.stages import Slide
from convtool.core.threads import Scratch
from tests.core.jobs import run, truth
from tests.strategies import generators, pairs
from tests.tolerances import assert_close, assert_equal, response_scale

PLAIN = Slide((1, 1), (1, 1), 1)
lines = st.lists(st.integers(-4, 4), min_size=2, max_size=9)


@given(column=lines, row=lines, stride=pairs(1, 3), dilation=pairs(1, 3), rng=generators())
@example(column=[1, 2, 1], row=[1, 4, 6, 4, 1], stride=(1, 1), dilation=(2, 3), rng=np.random.default_rng(0))
@example(column=[-1, -2, -1], row=[1, 1], stride=(2, 1), dilation=(1, 1), rng=np.random.default_rng(0))
@example(column=[0, 0], row=[1, 1], stride=(1, 1), dilation=(1, 1), rng=np.random.default_rng(0))
def test_whole_kernels_of_rank_1_are_exact(
    column: list[int],
    row: list[int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    bank = FilterBank(np.outer(column, row))
    image = rng.integers(-99, 100, (1, 1, 40, 37)).astype(np.float32)
    options = {"stride": stride, "dilation": dilation}
    expected = truth(image, bank, **options)
    for tile in (None, (1, 9, 10)):
        assert_equal(run(image, bank, "separable", tile=tile, **options), expected)


@pytest.mark.parametrize("rank", range(1, HIGHEST_RANK + 1))
@given(
    kernel=pairs(5, 21),
    symmetry=st.sampled_from([0, 1, -1]),
    options=st.sampled_from(
        [{}, {"stride": 2}, {"dilation": (1, 2)}, {"padding": "same"}, {"stride": (1, 3), "dilation": (2, 1)}]
    ),
    rng=generators(),
)
@settings(max_examples=20)
def test_real_kernels_of_any_rank_are_within_the_bound(
    rank: int,
    kernel: tuple[int, int],
    symmetry: int,
    options: dict[str, Any],
    rng: np.random.Generator,
) -> None:
    columns, rows = rng.standard_normal((rank, kernel[0], 1)), rng.standard_normal((rank, 1, kernel[1]))
    if symmetry:
        columns, rows = columns + symmetry * columns[:, ::-1], rows + symmetry * rows[..., ::-1]
    bank = FilterBank((columns * rows).sum(axis=0))
    factors = bank.facts.factors
    assume(factors is not None and len(factors[0]) == rank)
    images = (rng.standard_normal((2, 1, 63, 71)) + 100).astype(np.float32)
    actual = run(images, bank, "separable", **options)
    scale = response_scale(images, bank.weights)
    assert_close(actual, truth(images, bank, **options), case="conv", terms=bank.weights.size, scale=scale)


@pytest.mark.parametrize(
    ("taps", "rest"),
    [
        ((1, 2, 1), (1, 1)),
        ((1, 4, 6, 4, 1), (1, 3, 3, 1)),
        ((-1, -2, -1), (-1, -1)),
        ((1, 1), None),  # nothing is saved
        ((1, 2, 2), None),  # is no such product
        ((1, 0, -1), None),  # a NaN may not meet its own negative
        ((0.5, 1, 0.5), None),  # is not whole
    ],
    ids=str,
)
def test_a_line_is_divided_by_a_pair_of_neighbours(
    taps: tuple[float, ...], rest: tuple[float, ...] | None
) -> None:
    assert _without_a_pair(taps) == rest
    if rest is not None:
        assert_equal(np.convolve(rest, (1, 1)), np.array(taps))


def test_binomial_lines_are_additions_alone() -> None:
    scratch = Scratch()
    values = np.arange(20, dtype=np.float32) ** 2
    for taps in ((1.0, 2.0, 1.0), (1.0, 4.0, 6.0, 4.0, 1.0)):
        out = np.empty(21 - len(taps), np.float32)
        line = _Line(taps)
        line.slide_along(values, 1, out, scratch)
        assert_equal(out, np.convolve(values, taps, "valid"))
        assert line.cost < _Line((*taps[:-1], 7.0)).cost


def test_long_columns_are_products_and_short_ones_passes() -> None:
    long_column = tuple(np.arange(1.0, 22.0))
    assert _factor(long_column, (1.0, 2.0), PLAIN).band is not None
    assert _factor((1.0, 2.0, 1.0), (-1.0, 0.0, 1.0), PLAIN).band is None


@pytest.mark.parametrize("name", ["sobel-y", "gaussian-7", "dog-7", "gabor", "haar", "identity"])
def test_built_in_filters(name: str) -> None:
    bank = load_filter(name)
    image = np.random.default_rng(2).integers(0, 256, (1, 1, 90, 100)).astype(np.float32)
    actual, expected = run(image, bank, "separable"), truth(image, bank)
    if bank.facts.whole:
        assert_equal(actual, expected)
    scale = response_scale(image, bank.weights)
    assert_close(actual, expected, case="conv", terms=bank.weights[0].size, scale=scale)


def test_one_filter_that_is_not_separable_rules_the_bank_out() -> None:
    bank = FilterBank([[[1, 2], [2, 4]], [[1, 2], [3, 4]]])
    assert plan((9, 9), bank, algorithm="separable").why.startswith("separable cannot: no filter here is")
