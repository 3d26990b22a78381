"""Dense layers in training: a product, its two derivatives, and a bias that may be new."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.net.ops import Dense
from convtool.net.training.layers import kind_of
from tests.net.training.tapes import passed
from tests.strategies import generators
from tests.tolerances import assert_equal

sizes = st.integers(1, 6)


@given(images=sizes, reads=sizes, gives=sizes, parts=st.integers(1, 3), rng=generators())
@settings(max_examples=50)
def test_values_and_gradients_are_exact_of_whole_numbers(
    images: int, reads: int, gives: int, parts: int, rng: np.random.Generator
) -> None:
    weights, bias = rng.integers(-9, 10, (gives, reads)), rng.integers(-9, 10, gives)
    values = rng.integers(-9, 10, (images, reads)).astype(np.float32)
    gradient = rng.integers(-9, 10, (images, gives)).astype(np.float32)
    found = passed(Dense(weights, bias), values, gradient=gradient, parts=min(parts, images))
    assert_equal(found.output, values @ weights.T + bias)
    assert_equal(found.into[0], gradient @ weights)
    assert_equal(found.learned["weights"], gradient.T @ values)
    assert_equal(found.learned["bias"], gradient.sum(axis=0))
    assert_equal(found.inputs[0], values)


def test_weights_decay_and_biases_do_not() -> None:
    learned = kind_of(Dense([[1, 2]], [3])).learned(Dense([[1, 2]], [3]))
    assert {name: (each.values.tolist(), each.decays) for name, each in learned.items()} == {
        "weights": ([[1, 2]], True),
        "bias": ([3], False),
    }


@pytest.mark.parametrize(
    ("before", "now", "after"), [(None, [0, 0], None), (None, [0, 3], [0, 3]), ([1, 2], [0, 0], [0, 0])]
)
def test_a_layer_without_a_bias_has_one_when_it_learned_one(
    before: list[float] | None, now: list[float], after: list[float] | None
) -> None:
    dense = Dense([[1], [2]], before)
    made = kind_of(dense).replaced(dense, {"weights": np.float32([[5], [6]]), "bias": np.float32(now)})
    assert np.asarray(made.weights).tolist() == [[5], [6]]
    assert (None if made.bias is None else np.asarray(made.bias).tolist()) == after
