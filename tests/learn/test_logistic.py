"""Logistic regression against its loss by loops, SciPy's minimum of it, and the rounds it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from convtool.learn.logistic import ROUNDS, Round, logistic
from tests import oracles

Values = NDArray[np.float64]


def classes(seed: int = 0, apart: float = 1.0) -> tuple[Values, Values]:
    random = np.random.default_rng(seed)
    return random.normal(apart, 1, (7, 4)), random.normal(0, 1, (30, 4))


def none_left(direction: Values, offset: float) -> Values:
    return np.empty((0, len(direction)))


def quiet(line: str) -> None:
    pass


class Recorder:
    """Gives some windows in every round, and remembers what it was asked with."""

    def __init__(self, *rounds: Values) -> None:
        self.rounds = list(rounds)
        self.asked: list[tuple[Values, float]] = []

    def __call__(self, direction: Values, offset: float) -> Values:
        self.asked.append((direction.copy(), offset))
        return self.rounds.pop(0) if self.rounds else none_left(direction, offset)


def solved(positives: Values, negatives: Values, ridge: float) -> tuple[Values, float, Round]:
    """Weights, bias and the only round."""
    recorder = Recorder()
    direction, (only,) = logistic(positives, negatives, ridge, recorder, quiet)
    ((asked, offset),) = recorder.asked
    assert asked.tolist() == direction.tolist()
    return direction, offset, only


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 10])
@pytest.mark.parametrize("seed", range(4))
def test_the_loss_has_no_slope_at_the_solution(ridge: float, seed: int) -> None:
    positives, negatives = classes(seed)
    direction, offset, only = solved(positives, negatives, ridge)
    loss = oracles.logistic_loss(direction, offset, positives, negatives, ridge)
    assert only == Round(30, pytest.approx(np.log(2)), pytest.approx(loss))
    step = 1e-5
    for axis in np.eye(5) * step:
        there, back = (
            oracles.logistic_loss(direction + s * axis[:4], offset + s * axis[4], positives, negatives, ridge)
            for s in (1, -1)
        )
        assert (there - back) / (2 * step) == pytest.approx(0, abs=2e-5)
        assert min(there, back) >= loss - 1e-9


@pytest.mark.parametrize("ridge", [1e-3, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_scipy_finds_the_same_minimum(ridge: float, seed: int) -> None:
    positives, negatives = classes(seed)
    direction, offset, only = solved(positives, negatives, ridge)
    found = minimize(
        lambda both: oracles.logistic_loss(both[:4], both[4], positives, negatives, ridge), np.zeros(5)
    )
    assert only.loss_after == pytest.approx(found.fun, rel=1e-6)
    assert [*direction, offset] == pytest.approx(found.x, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", [7616, 16275])
def test_steps_that_overshoot_are_halved(seed: int) -> None:
    """Values with long tails, for which Newton's method alone ends where the loss rises."""
    random = np.random.default_rng(seed)
    positives, negatives = random.standard_cauchy((8, 2)) + 1, random.standard_cauchy((20, 2))
    _, _, only = solved(positives, negatives, 1e-6)
    found = minimize(
        lambda both: oracles.logistic_loss(both[:2], both[2], positives, negatives, 1e-6),
        np.zeros(3),
        method="Nelder-Mead",
        options={"maxiter": 9000, "xatol": 1e-8, "fatol": 1e-10},
    )
    assert only.loss_after == pytest.approx(found.fun, rel=1e-5)


def test_one_value_on_either_side_is_known_by_hand() -> None:
    """For w = s at ±1 and b = 0 the slope −1/(1 + eˢ) + λs is 0 for λ = 1/(s·(1 + eˢ))."""
    strength = 2.0
    ridge = 1 / (strength * (1 + np.exp(strength)))
    direction, offset, only = solved(np.array([[1.0]]), np.array([[-1.0]]), ridge)
    assert direction[0] == pytest.approx(strength, rel=1e-4)
    assert offset == pytest.approx(0, abs=1e-6)
    assert only.loss_after == pytest.approx(np.log1p(np.exp(-strength)) + ridge * strength**2 / 2)


def test_the_bias_is_free() -> None:
    """Moving all values moves the bias and nothing else, were the ridge as strong as it likes."""
    positives, negatives = classes()
    direction, offset, only = solved(positives, negatives, 0.5)
    moved, moved_offset, moved_only = solved(positives + 3, negatives + 3, 0.5)
    assert moved == pytest.approx(direction, rel=1e-3, abs=1e-5)
    assert moved_offset == pytest.approx(offset - 3 * direction.sum(), rel=1e-3)
    assert moved_only.loss_after == pytest.approx(only.loss_after, rel=1e-6)


def test_both_classes_weigh_alike_however_many_there_are() -> None:
    positives, negatives = classes()
    direction, offset, only = solved(positives, negatives, 0.01)
    many, many_offset, many_only = solved(positives, np.repeat(negatives, 5, axis=0), 0.01)
    assert many == pytest.approx(direction, rel=1e-6)
    assert many_offset == pytest.approx(offset, rel=1e-6)
    assert many_only == Round(150, pytest.approx(only.loss_before), pytest.approx(only.loss_after))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_classes_that_a_line_separates_have_finite_weights(scale: float) -> None:
    positives, negatives = classes(apart=9.0)
    direction, offset, only = solved(scale * positives, scale * negatives, 1e-6)
    assert np.isfinite(direction).all()
    assert (scale * positives @ direction + offset).min() > 0
    assert (scale * negatives @ direction + offset).max() < 0
    assert 0 < only.loss_after < 1e-3


def test_classes_that_are_the_same_leave_no_direction() -> None:
    positives, _ = classes()
    direction, offset, only = solved(positives, positives, 0.1)
    assert [*direction, offset] == pytest.approx([0] * 5, abs=1e-12)
    assert only.loss_after == pytest.approx(np.log(2))


def test_false_peaks_join_the_background_until_there_are_none() -> None:
    positives, negatives = classes()
    first, second = np.random.default_rng(5).normal(1, 1, (6, 4)), np.zeros((3, 4))
    recorder = Recorder(first, second)
    direction, rounds = logistic(positives, negatives, 0.05, recorder, quiet)
    behind = [negatives, np.concatenate([negatives, first]), np.concatenate([negatives, first, second])]

    def loss(asked: tuple[Values, float], against: Values) -> float:
        return oracles.logistic_loss(*asked, positives, against, 0.05)

    assert [each.negatives for each in rounds] == [30, 36, 39]
    for each, asked, against in zip(rounds, recorder.asked, behind, strict=True):
        assert each.loss_after == pytest.approx(loss(asked, against))
        assert each.loss_after < each.loss_before
    for each, asked, against in zip(rounds[1:], recorder.asked[:-1], behind[1:], strict=True):
        assert each.loss_before == pytest.approx(loss(asked, against))
    assert direction.tolist() == recorder.asked[-1][0].tolist()
    alone, _, _ = solved(positives, behind[-1], 0.05)
    assert direction == pytest.approx(alone, rel=1e-3, abs=1e-4)


def test_there_is_a_last_round_even_if_false_peaks_are_left() -> None:
    positives, negatives = classes()
    recorder = Recorder(*[np.ones((1, 4))] * 9)
    lines: list[str] = []
    _, rounds = logistic(positives, negatives, 0.05, recorder, lines.append)
    assert [each.negatives for each in rounds] == [30, 31, 32, 33]
    assert len(rounds) == ROUNDS == len(recorder.asked) + 1
    assert lines == [
        f"round {number}: {each.negatives} windows of background, "
        f"loss {each.loss_before:.4f} → {each.loss_after:.4f}"
        for number, each in enumerate(rounds, 1)
    ]


def test_the_vectors_given_are_left_as_they_are() -> None:
    positives, negatives = classes()
    before = positives.tolist(), negatives.tolist()
    logistic(positives, negatives, 0.05, Recorder(np.ones((2, 4))), quiet)
    assert (positives.tolist(), negatives.tolist()) == before
