"""Dense layers: against ONNX Runtime's Gemm, and every weight's share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.net.ops import Dense
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, pulled
from tests.strategies import generators
from tests.tolerances import assert_equal

counts = st.integers(1, 7)


@given(images=counts, values=counts, outputs=counts, biased=st.booleans(), rng=generators())
@settings(max_examples=40)
def test_every_value_counts_in_every_result(
    images: int, values: int, outputs: int, biased: bool, rng: np.random.Generator
) -> None:
    vectors, weights, bias, gradient = (
        rng.integers(-9, 10, shape).astype(np.float32)
        for shape in ((images, values), (outputs, values), (outputs,), (images, outputs))
    )
    operation = Dense(weights, bias if biased else None)
    assert_equal(
        foreseen(operation, vectors),
        run_node("Gemm", vectors, weights, *([bias] if biased else []), transB=1),
    )
    assert_equal(pulled(operation, gradient, vectors), run_node("Gemm", gradient, weights))


def test_what_it_costs_has_learned_and_sees() -> None:
    operation = Dense(np.ones((4, 6)), np.ones(4))
    assert operation.multiply_adds((3, 4), (3, 6)) == 3 * 4 * 6
    assert {name: array.shape for name, array in operation.arrays.items()} == {
        "weights": (4, 6),
        "bias": (4,),
    }
    assert list(Dense(np.ones((4, 6))).arrays) == ["weights"]
    assert operation.reach((3, 6)) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense([1, 2]), r"weights has shape \(2,\); it must have 2 axes"),
        (lambda: Dense([[1, np.nan]]), "weights holds NaN or infinity"),
        (
            lambda: Dense(np.ones((2, 3)), [1, 2, 3]),
            r"bias has 3 number\(s\) for 2 output\(s\); give one each",
        ),
        (lambda: Dense(np.ones((2, 3)), 1), r"bias has shape \(\); it must have 1 axes"),
        (lambda: Dense(np.ones((2, 8))).shape((1, 9)), "it reads vectors of 8 values, its input is 1×9$"),
        (lambda: Dense(np.ones((2, 8))).shape((1, 2, 2, 2)), "its input is 1×2×2×2; put flatten before it$"),
        (lambda: Dense(np.ones((2, 8))).shape((1, 2, 2, 3)), "its input is 1×2×2×3; put flatten before it$"),
        (lambda: Dense(np.ones((2, 8))).shape((8,)), "its input is 8$"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
