"""Filter banks, and what is known of their kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool import FilterBank, conv2d
from convtool.core.bank import is_exact, kernel_facts
from convtool.errors import ArgumentError, InputError
from tests.tolerances import assert_close

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
