"""Batch normalisation in training: over all images of a batch, whatever parts it is worked on in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.net.ops import BatchNorm
from convtool.net.training.layers import kind_of
from convtool.net.training.layers.batch_norm import MOMENTUM
from tests import oracles
from tests.net.training.slopes import assert_slopes
from tests.net.training.tapes import passed
from tests.strategies import generators
from tests.tolerances import assert_close, assert_near

MADE = BatchNorm([1, -2, 0.5], [3, -1, 0], [0.5, 0, 4], [4, 0.25, 1], 2**-10)

shapes = st.sampled_from([(4, 3, 2, 5), (7, 3, 4, 1), (4, 3), (9, 3), (5, 3, 1, 1)])


@given(
    shape=shapes,
    parts=st.integers(1, 4),
    free=st.booleans(),
    level=st.sampled_from([0, 1000]),
    rng=generators(),
)
@settings(max_examples=80)
def test_it_is_over_the_whole_batch(
    shape: tuple[int, ...], parts: int, free: bool, level: float, rng: np.random.Generator
) -> None:
    """A level far from 0 loses no more than the values themselves did: squares are taken around means."""
    images = (rng.standard_normal(shape) * 4 + level).astype(np.float32)
    expected, means, variances = oracles.batch_norm(images, MADE.scale, MADE.shift, MADE.epsilon)
    found = passed(MADE, images, parts=parts, free=free)
    size = 1 + images[:, 0].size
    scale = (1 + level) / np.sqrt(variances.min()) * (1 + np.abs(expected).max())
    assert_close(found.output, expected, case="conv", terms=size, scale=scale)
    for name, now in (("mean", means), ("variance", variances)):
        before = getattr(MADE, name)
        assert_close(
            found.measured[name], before + 0.1 * (now - before), case="conv", terms=size, scale=50 + level
        )


@given(shape=shapes, parts=st.integers(1, 4), rng=generators())
@settings(max_examples=30)
def test_gradients_are_slopes(shape: tuple[int, ...], parts: int, rng: np.random.Generator) -> None:
    images, gradient = rng.standard_normal(shape), rng.standard_normal(shape)
    scale, shift = (np.array(getattr(MADE, name), np.float64) for name in ("scale", "shift"))
    found = passed(MADE, images, gradient=gradient, parts=parts)

    def total() -> float:
        return float((gradient * oracles.batch_norm(images, scale, shift, MADE.epsilon)[0]).sum())

    for toward, numbers in (
        (found.into[0], images),
        (found.learned["scale"], scale),
        (found.learned["shift"], shift),
    ):
        assert_slopes(toward, total, numbers)


def test_what_is_measured_moves_by_a_tenth_to_the_batch() -> None:
    """Of two values, 1 and 5, the unbiased variance is 8: as PyTorch has it."""
    norm = BatchNorm([1], [0], [23], [18])
    found = passed(norm, np.float32([[1], [5]]), parts=2)
    assert MOMENTUM == 0.1
    assert_near(found.measured["mean"], [21])
    assert_near(found.measured["variance"], [17])
    assert found.learned.keys() == {"scale", "shift"}


def test_values_that_are_all_the_same_become_the_shift() -> None:
    found = passed(MADE, np.full((4, 3, 2, 2), 7, np.float32), gradient=np.ones((4, 3, 2, 2), np.float32))
    assert np.unique(found.output).tolist() == [-1, 0, 3]
    assert np.unique(found.into[0]).tolist() == [0]


@pytest.mark.parametrize("parts", [1, 2])
def test_an_image_of_one_value_alone_is_measured_without_a_variance(parts: int) -> None:
    images = np.full((parts, 1), 5, np.float32)
    found = passed(BatchNorm([1], [2], [0], [10]), images, parts=parts)
    assert found.output.tolist() == [[2]] * parts
    assert_near(found.measured["variance"], [9])


def test_only_scale_and_shift_are_learned_and_neither_decays() -> None:
    learned, measured = kind_of(MADE).learned(MADE), kind_of(MADE).measured(MADE)
    assert {name: (each.values.tolist(), each.decays) for name, each in learned.items()} == {
        "scale": ([1, -2, 0.5], False),
        "shift": ([3, -1, 0], False),
    }
    assert {name: values.tolist() for name, values in measured.items()} == {
        "mean": [0.5, 0, 4],
        "variance": [4, 0.25, 1],
    }
