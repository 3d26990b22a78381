"""The loss: cross-entropy, what is recognised, and the gradient that training starts back with."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from convtool.net.training.loss import write_cross_entropy
from convtool.net.training.tape import Joint
from tests import oracles
from tests.net.training.slopes import assert_slopes
from tests.net.training.tapes import PoisonedTape
from tests.strategies import generators
from tests.tolerances import assert_near


def cross_entropy(
    scores: NDArray[Any], labels: ArrayLike, of: int | None = None
) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]]:
    """Losses, what is right, and gradients ``(n, K)`` of scores ``(n, K)``: all of a batch, or some of it."""
    count = len(scores)
    tape = PoisonedTape(Joint(1, of or count), 0, count, scores.dtype.type)
    losses, right, gradient = write_cross_entropy(tape, np.ascontiguousarray(scores.T), np.asarray(labels))
    for call in tape.phases[0]:
        call()
    return losses, right, gradient.T


@given(
    images=st.integers(1, 6),
    classes=st.integers(1, 5),
    large=st.sampled_from([1, 30, 1000]),
    rng=generators(),
)
@settings(max_examples=60)
def test_a_loss_is_what_the_probability_of_the_label_is_short_of(
    images: int, classes: int, large: float, rng: np.random.Generator
) -> None:
    scores = (large * rng.standard_normal((images, classes))).astype(np.float32)
    labels = rng.integers(0, classes, images)
    losses, right, gradient = cross_entropy(scores, labels)
    for n, row in enumerate(scores.tolist()):
        highest = max(row)
        assert_near(losses[n], highest - row[labels[n]] + log(sum(np.exp(np.array(row) - highest))))
        assert right[n] == (row.index(highest) == labels[n])
        shares = oracles.probabilities(row)
        shares[labels[n]] -= 1
        assert_near(images * gradient[n], shares)


@given(images=st.integers(1, 4), classes=st.integers(1, 4), rng=generators())
@settings(max_examples=20)
def test_the_gradient_is_the_slope_of_the_mean(images: int, classes: int, rng: np.random.Generator) -> None:
    scores, labels = rng.standard_normal((images, classes)), rng.integers(0, classes, images)
    gradient = cross_entropy(scores, labels)[2]
    assert_slopes(gradient, lambda: float(cross_entropy(scores, labels)[0].mean()), scores)


def test_of_equal_scores_the_first_counts() -> None:
    _, right, _ = cross_entropy(np.ones((2, 3)), [0, 1])
    assert right.tolist() == [True, False]


def test_the_gradient_is_that_of_the_mean_over_the_whole_batch() -> None:
    scores = np.arange(6.0).reshape(2, 3)
    whole, part = cross_entropy(scores, [0, 1]), cross_entropy(scores, [0, 1], of=8)
    assert part[0].tolist() == whole[0].tolist()
    assert part[2].tolist() == (whole[2] / 4).tolist()


@pytest.mark.parametrize("unsound", [np.nan, np.inf])
def test_what_is_no_number_is_no_loss(unsound: float) -> None:
    with np.errstate(invalid="ignore"):
        losses, _, _ = cross_entropy(np.array([[1, unsound], [1, 2]]), [0, 0])
    assert np.isnan(losses[0])
    assert np.isfinite(losses[1])
