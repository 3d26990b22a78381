"""Activations in training: where values go in place, and slopes that are learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from convtool.net.ops import LeakyRelu, PRelu, Relu
from convtool.net.training.layers import kind_of
from tests.net.training.slopes import assert_slopes
from tests.net.training.tapes import passed
from tests.tolerances import assert_equal

RANDOM = np.random.default_rng(0)
MAPS = RANDOM.standard_normal((5, 4, 2, 3))
ABOVE = RANDOM.standard_normal(MAPS.shape)


def test_relu_may_write_over_what_nobody_else_reads() -> None:
    values, gradient = np.float32([[-1, 0, 2, -0.0]]), np.float32([[5, 6, 7, 8]])
    kept, over = (passed(Relu(), values, gradient=gradient, free=free) for free in (False, True))
    for found in (kept, over):
        assert found.output.tolist() == [[0, 0, 2, 0]]
        assert found.into[0].tolist() == [[0, 0, 7, 0]]
    assert_equal(kept.inputs[0], values)
    assert_equal(over.inputs[0], over.output)


@pytest.mark.parametrize("slope", [0.25, -2.0])
def test_at_0_a_leaky_relu_has_its_slope(slope: float) -> None:
    values, gradient = np.float32([[-1, 0, 2]]), np.float32([[1, 1, 1]])
    for operation in (LeakyRelu(slope), PRelu(slope)):
        found = passed(operation, values, gradient=gradient)
        assert found.output.tolist() == [[-slope, 0, 2]]
        assert found.into[0].tolist() == [[slope, slope, 1]]


SLOPES: dict[str, ArrayLike] = {
    "one": 0.25,
    "one of one axis": [0.25],
    "channels": [0.25, -0.5, 2, 0],
    "channels, spread": np.array([0.25, -0.5, 2, 0]).reshape(4, 1, 1),
    "columns": [[[0.5, -1, 2]]],
    "rows": [[0.5], [-1]],
    "all axes": np.linspace(-1, 1, 4).reshape(1, 4, 1, 1),
    "every value": np.linspace(-1, 1, 24).reshape(4, 2, 3),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("parts", [1, 2])
def test_the_gradient_of_slopes_is_how_much_they_count(name: str, parts: int) -> None:
    operation = PRelu(SLOPES[name])
    found = passed(operation, MAPS, gradient=ABOVE, parts=parts)
    slope = np.asarray(operation.slope, np.float64)

    def total() -> float:
        spread = slope.reshape(-1, 1, 1) if slope.ndim == 1 else slope
        return float((ABOVE * np.where(MAPS > 0, MAPS, spread * MAPS)).sum())

    assert found.learned["slope"].shape == slope.shape
    assert_slopes(found.learned["slope"], total, slope)


def test_slopes_of_vectors_are_those_of_their_places() -> None:
    values, gradient = np.float32([[-1, -2], [-3, 4]]), np.float32([[1, 1], [2, 5]])
    found = passed(PRelu([0.5, -2]), values, gradient=gradient)
    assert found.output.tolist() == [[-0.5, 4], [-1.5, 4]]
    assert found.learned["slope"].tolist() == [-7, -2]


@pytest.mark.parametrize(("operation", "learned"), [(Relu(), {}), (LeakyRelu(), {}), (PRelu([1, 2]), [1, 2])])
def test_only_slopes_of_a_prelu_are_learned_and_do_not_decay(operation: Any, learned: Any) -> None:
    kind = kind_of(operation)
    found = kind.learned(operation)
    assert {name: (each.values.tolist(), each.decays) for name, each in found.items()} == (
        {"slope": (learned, False)} if learned else {}
    )
    changed = kind.replaced(operation, {"slope": np.float32([3, 4])})
    assert np.asarray(changed.slope).tolist() == [3, 4] if learned else changed is operation
