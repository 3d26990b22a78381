"""Filter banks, and what is known of their kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool import FilterBank, conv2d, load_filter
from convtool.core.bank import (
    HIGHEST_RANK,
    MANY_WEIGHTS,
    bank_facts,
    is_exact,
    kernel_facts,
    separable_factors,
)
from convtool.errors import ArgumentError, InputError
from tests.strategies import generators, pairs
from tests.tolerances import assert_close, assert_equal

SMALL = st.integers(-9, 9)


def test_weights_of_every_rank_become_four_axes() -> None:
    assert FilterBank(np.ones((2, 3))).weights.shape == (1, 1, 2, 3)
    assert FilterBank(np.ones((5, 2, 3))).weights.shape == (5, 1, 2, 3)
    bank = FilterBank(np.ones((5, 4, 2, 3)), bias=range(5), names="abcde")
    assert bank.weights.shape == (5, 4, 2, 3)
    assert (len(bank), bank.in_channels, bank.kernel_size) == (5, 4, (2, 3))
    assert bank.names == ("a", "b", "c", "d", "e")
    assert bank.bias.tolist() == [0, 1, 2, 3, 4]
    assert [FilterBank(np.ones(shape)).single for shape in [(2, 2), (1, 2, 2), (1, 1, 2, 2)]] == [
        True,
        False,
        False,
    ]


def test_a_bank_is_frozen_and_keeps_a_copy() -> None:
    weights = np.ones((2, 2), np.float32)
    bank = FilterBank(weights)
    weights[0, 0] = 7
    assert bank.weights[0, 0, 0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        bank.weights[0, 0, 0, 0] = 2
    with pytest.raises(AttributeError, match="cannot assign"):
        bank.names = ("other",)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weights": [1, 2]}, InputError, r"shape \(2,\); use \(kh, kw\)"),
        ({"weights": np.ones((1, 1, 1, 1, 1))}, InputError, "use .kh, kw"),
        ({"weights": np.ones((0, 2))}, InputError, "holds at least one weight"),
        ({"weights": [[1, np.nan]]}, InputError, r"weights hold nan at \(0, 0, 0, 1\)"),
        ({"weights": [[1, 2], [3]]}, InputError, "not a rectangle"),
        ({"weights": [["a"]]}, ArgumentError, "dtype <U1; it must be a real number type"),
        ({"weights": [[1j]]}, ArgumentError, "dtype complex128"),
        ({"weights": [[1]], "bias": [1, 2]}, InputError, r"bias has shape \(2,\) for 1 filter"),
        ({"weights": [[1]], "bias": np.inf}, InputError, r"bias hold inf at \(0,\)"),
        ({"weights": [[1]], "names": ["a", "b"]}, InputError, r"2 name\(s\) for 1 filter"),
        ({"weights": [[1]], "normalize": "global"}, InputError, "normalize is 'global'; it can be 'local'"),
    ],
)
def test_what_is_no_bank_is_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        FilterBank(**arguments)


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=SMALL))
def test_facts_agree_with_linear_algebra(kernel: np.ndarray) -> None:
    facts = kernel_facts(kernel)
    assert facts.size == kernel.shape
    assert facts.total == kernel.sum()
    assert facts.integer
    assert facts.rank == np.linalg.matrix_rank(kernel.astype(np.float64))
    assert facts.symmetric == np.array_equal(kernel, np.rot90(kernel, 2))
    assert (facts.factors is not None) == (facts.rank == 1)


@given(
    column=st.lists(SMALL, min_size=1, max_size=7).filter(any),
    row=st.lists(SMALL, min_size=1, max_size=7).filter(any),
    divisor=st.sampled_from([1.0, 3.0, 16.0, 1e-3]),
)
def test_factors_give_the_kernel_back(column: list[int], row: list[int], divisor: float) -> None:
    kernel = (np.outer(column, row) / divisor).astype(np.float32)
    facts = kernel_facts(kernel)
    assert facts.rank == 1
    assert facts.factors is not None
    product = np.outer(*facts.factors)
    if facts.integer:
        assert np.array_equal(product, kernel)
        assert all(number.is_integer() for factor in facts.factors for number in factor)
    else:
        assert_close(product.astype(np.float32), kernel, case="conv", terms=1, scale=np.abs(kernel).max())


def test_a_kernel_of_zeros_has_rank_0_and_no_factors() -> None:
    facts = kernel_facts(np.zeros((3, 3), np.float32))
    assert (facts.rank, facts.factors, facts.total) == (0, None, 0)


def product_of(factors: tuple[Any, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Add the outer products up, in float64."""
    return sum((np.outer(column, row) for column, row in factors), np.zeros(shape))


@given(
    column=st.lists(SMALL, min_size=1, max_size=7),
    row=st.lists(SMALL, min_size=1, max_size=7),
    scale=st.sampled_from([1, 7, 2**15]),
)
def test_a_whole_kernel_of_rank_1_has_whole_factors(column: list[int], row: list[int], scale: int) -> None:
    kernel = scale * np.outer(column, row).astype(np.float32)
    factors = separable_factors(kernel)
    assert factors is not None
    assert len(factors) == np.any(kernel)
    assert_equal(product_of(factors, kernel.shape), kernel)
    numbers = [number for pair in factors for line in pair for number in line]
    assert all(number == round(number) and abs(number) <= np.abs(kernel).max() for number in numbers)
    for column_of, row_of in factors:  # sums on the way are no larger than those of the kernel
        assert np.abs(column_of).sum() <= np.abs(kernel).sum()
        assert (len(column_of), len(row_of)) == kernel.shape


@given(size=pairs(2, 9), rank=st.integers(1, HIGHEST_RANK), rng=generators())
def test_a_real_kernel_of_low_rank_is_met_within_float32(
    size: tuple[int, int], rank: int, rng: np.random.Generator
) -> None:
    rank = min(rank, *size)
    parts = rng.standard_normal((rank, size[0], 1)) * rng.standard_normal((rank, 1, size[1]))
    kernel = parts.sum(axis=0).astype(np.float32)
    factors = separable_factors(kernel)
    assert factors is not None
    assert len(factors) <= min(rank + 1, *size)  # rounding to float32 may add one
    product = product_of(factors, kernel.shape)
    assert np.abs(product - kernel).max() <= 2 * np.finfo(np.float32).eps * np.abs(kernel).max()
    assert all(np.float32(number) == number for pair in factors for line in pair for number in line)


@given(size=pairs(HIGHEST_RANK + 1, 9), rng=generators())
def test_a_real_kernel_of_full_rank_has_no_factors(size: tuple[int, int], rng: np.random.Generator) -> None:
    assert separable_factors(rng.standard_normal(size, dtype=np.float32)) is None


@given(size=pairs(2, 6), rng=generators())
def test_a_whole_kernel_of_a_higher_rank_has_no_factors(
    size: tuple[int, int], rng: np.random.Generator
) -> None:
    kernel = rng.integers(-9, 10, size).astype(np.float32)
    kernel[:2, :2] = [[20, 0], [0, 20]]
    assert separable_factors(kernel) is None


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("sobel-x", [1]),
        ("scharr-y", [1]),
        ("gaussian-3", [1]),
        ("gaussian-7", [1]),
        ("dog-7", [2]),
        ("gabor", [1, 3, 3, 3, 1, 3, 3, 3]),
        ("log-5", None),  # whole, of rank 3
        ("log-9", None),
        ("kirsch", None),
    ],
)
def test_factors_of_the_built_in_filters(name: str, ranks: list[int] | None) -> None:
    bank = load_filter(name)
    if ranks is None:
        assert bank.facts.factors is None
        return
    assert bank.facts.factors is not None
    assert [len(factors) for factors in bank.facts.factors] == ranks
    for kernel, factors in zip(bank.weights[:, 0], bank.facts.factors, strict=True):
        allowed = 0 if bank.facts.whole else 2 * np.finfo(np.float32).eps * np.abs(kernel).max()
        assert np.abs(product_of(factors, kernel.shape) - kernel).max() <= allowed


@pytest.mark.parametrize("name", ["gaussian-5", "gaussian-7", "gabor"])
def test_factors_are_as_symmetric_as_the_kernel(name: str) -> None:
    """Taps that are equal or opposite are added before they are multiplied."""
    bank = load_filter(name)
    for kernel, factors in zip(bank.weights[:, 0], bank.facts.factors or (), strict=True):
        assert_equal(kernel, np.rot90(kernel, 2))
        for line in (line for pair in factors for line in pair):
            assert line in (line[::-1], tuple(-number for number in reversed(line)))


def test_factors_of_sobel_are_those_of_the_textbook() -> None:
    facts = load_filter("sobel-x").facts
    assert facts.factors == ((((1, 2, 1), (-1, 0, 1)),),)


def test_enormous_whole_weights_have_exact_factors_or_none() -> None:
    for weights in ([[2.0**70, 2.0**71], [2.0**71, 2.0**72]], [[1e20, 1], [1, 1]], [[3e38] * 2] * 2):
        kernel = np.array(weights, np.float32)
        factors = separable_factors(kernel)
        if factors is not None:
            assert_equal(product_of(factors, kernel.shape), kernel.astype(np.float64))


def test_facts_of_a_bank() -> None:
    facts = bank_facts(FilterBank([[[1, 2, 1], [2, 4, 2]], [[0, -1, 0], [0, 0, 0]]], bias=[1.5, 0]))
    assert (facts.filters, facts.in_channels, facts.kernel_size, facts.taps) == (2, 1, (2, 3), 6)
    assert (facts.whole, facts.normalize) == (True, False)
    assert (facts.adds, facts.multiplies) == (5 + 1, 2 + 1)  # 0 − 1·x
    assert facts.factors == ((((1, 2), (1, 2, 1)),), (((1, 0), (0, -1, 0)),))


def test_facts_of_a_bank_that_is_neither_whole_nor_separable() -> None:
    facts = bank_facts(FilterBank([[[0.5, 2], [0, 1]], [[1, 2], [3, 4]]], normalize="local"))
    assert (facts.whole, facts.normalize, facts.factors) == (False, True, None)
    several_channels = bank_facts(FilterBank(np.ones((2, 3, 4, 5))))
    assert (several_channels.in_channels, several_channels.taps) == (3, 60)
    assert several_channels.factors is None
    for line in (np.ones((1, 5)), np.ones((5, 1)), np.ones((1, 1))):
        assert bank_facts(FilterBank(line)).factors is None  # nothing to split


def test_facts_depend_on_weights_alone_and_are_remembered() -> None:
    weights = np.arange(8.0).reshape(2, 1, 2, 2)
    facts = FilterBank(weights).facts
    assert FilterBank(weights, bias=[7, 8], names=["a", "b"]).facts is facts
    assert FilterBank(weights.reshape(2, 2, 2)).facts is facts
    assert FilterBank(weights.reshape(1, 2, 2, 2)).facts != facts
    assert FilterBank(weights, normalize="local").facts != facts
    assert hash(facts) == hash(FilterBank(weights).facts)


def test_passes_of_large_banks_are_counted_as_if_no_weights_were_alike() -> None:
    weights = np.ones((MANY_WEIGHTS // 9 + 1, 3, 3))
    weights[0] = 0
    facts = bank_facts(FilterBank(weights))
    assert facts.adds == facts.multiplies == weights.sum()


@pytest.mark.parametrize(
    ("weights", "bias", "image", "exact"),
    [
        ([[1, -2]], 0, [[3, 4]], True),
        ([[1, -2.5]], 0, [[3, 4]], False),
        ([[1, -2]], 0.5, [[3, 4]], False),
        ([[1, -2]], 0, [[3, 4.5]], False),
        ([[1, 1]], 0, [[2**23 - 1, 0]], True),
        ([[1, 1]], 2, [[2**23 - 1, 0]], False),
    ],
)
def test_results_are_exact_while_whole_sums_stay_below_two_to_the_24(
    weights: Any, bias: float, image: Any, exact: bool
) -> None:
    bank = FilterBank(weights, bias)
    assert is_exact(bank, np.array(image, np.float32)) is exact


def test_an_exact_result_is_exact() -> None:
    image = np.array([[2**23 - 1, 2**23 - 2]])
    assert conv2d(image, [[1, 1]]).item() == 2**24 - 3


def test_what_would_take_seconds_to_find_is_not_looked_for() -> None:
    large = np.outer(np.arange(600), np.arange(600)).astype(np.float32)
    facts = kernel_facts(large)
    assert (facts.rank, facts.factors, facts.symmetric) == (None, None, False)
    assert FilterBank(large).facts.factors is None
    assert FilterBank(np.ones((300, 3, 3))).facts.factors is None
    assert FilterBank(np.ones((256, 3, 3))).facts.factors is not None
