"""Optimizers: against their formulas, a number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.net.training.optimizers import OptimizerName, optimizer_of
from tests.strategies import generators
from tests.tolerances import assert_close, assert_same_bytes

NAMES: list[OptimizerName] = ["sgd", "adam", "adamw"]
MOMENTUM, DECAY = 0.9, 0.125

each_name = pytest.mark.parametrize("name", NAMES)


def sgd(weight: float, decay: float) -> Iterator[float]:
    """Sent a gradient and a rate, gives the weight after a step: PyTorch's form of the momentum."""
    velocity = 0.0
    while True:
        gradient, rate = yield weight
        velocity = MOMENTUM * velocity + gradient + decay * weight
        weight -= rate * velocity


def adam(weight: float, decay: float, *, decoupled: bool = False) -> Iterator[float]:
    """The same of Adam, algorithm 1 of its paper, and of AdamW, algorithm 2 of its own."""
    mean = square = 0.0
    steps = 0
    while True:
        gradient, rate = yield weight
        steps += 1
        if decoupled:
            weight -= rate * decay * weight
        else:
            gradient += decay * weight
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient * gradient
        weight -= rate * (mean / (1 - 0.9**steps)) / (sqrt(square / (1 - 0.999**steps)) + 1e-8)


FORMULAS: dict[str, Callable[[float, float], Iterator[Any]]] = {
    "sgd": sgd,
    "adam": adam,
    "adamw": lambda weight, decay: adam(weight, decay, decoupled=True),
}


@each_name
@given(steps=st.integers(1, 12), weak=st.sampled_from([1, 1e-3, 1e-8]), rng=generators())
@settings(max_examples=30)
def test_steps_are_those_of_the_formula(
    name: OptimizerName, steps: int, weak: float, rng: np.random.Generator
) -> None:
    start, decays = rng.standard_normal(6), rng.random(6) < 0.5
    values = start.copy()
    optimizer = optimizer_of(name, values, decays, DECAY, MOMENTUM)
    formulas = [FORMULAS[name](weight, DECAY * decay) for weight, decay in zip(start, decays, strict=True)]
    for formula in formulas:
        next(formula)
    for _ in range(steps):
        gradient, rate = weak * rng.standard_normal(6), rng.uniform(0.01, 0.5)
        expected = [formula.send((g, rate)) for formula, g in zip(formulas, gradient.tolist(), strict=True)]
        optimizer.step(values, gradient, rate)
        assert_close(values, np.array(expected), case="formula", terms=64, scale=1 + np.abs(expected))
    assert optimizer.steps == steps


@each_name
def test_without_a_gradient_only_what_decays_moves(name: OptimizerName) -> None:
    values = np.ones(2)
    optimizer_of(name, values, np.array([True, False]), DECAY, MOMENTUM).step(values, np.zeros(2), 0.5)
    assert values[0] < 1
    assert values[1] == 1


@each_name
def test_all_of_it_is_float32_and_goes_on_from_its_memory(name: OptimizerName) -> None:
    """What it remembers, and the count of its steps, are all that it is."""
    random = np.random.default_rng(0)
    gradients = random.standard_normal((6, 50)).astype(np.float32)
    values, decays = random.standard_normal(50).astype(np.float32), random.random(50) < 0.5
    first = optimizer_of(name, values, decays, DECAY, MOMENTUM)
    for gradient in gradients[:3]:
        first.step(values, gradient.copy(), 0.1)
    other = optimizer_of(name, values, decays, DECAY, MOMENTUM)
    other.steps = first.steps
    for part, remembered in first.memory.items():
        assert remembered.dtype == np.float32
        np.copyto(other.memory[part], remembered)
    again = values.copy()
    for gradient in gradients[3:]:
        first.step(values, gradient.copy(), 0.1)
        other.step(again, gradient.copy(), 0.1)
    assert values.dtype == np.float32
    assert_same_bytes(again, values)


def test_only_sgd_has_a_momentum_of_its_own() -> None:
    for name in NAMES:
        moved = []
        for momentum in (0.0, 0.9):
            values = np.ones(1)
            optimizer = optimizer_of(name, values, np.zeros(1, bool), 0, momentum)
            for _ in range(2):
                optimizer.step(values, np.ones(1), 0.1)
            moved.append(values.tolist())
        assert (moved[0] != moved[1]) == (name == "sgd")
