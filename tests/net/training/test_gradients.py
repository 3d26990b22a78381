"""Gradients of the loss against finite differences: of every kind of layer, of branches, of any graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.net import ops
from convtool.net.network import Network
from convtool.net.training import program
from tests.net.training.slopes import STEP, slopes
from tests.net.training.steps import Steps, bank, batch, chain, graph, scored, trainable
from tests.net.training.tapes import PoisonedTape
from tests.strategies import generators
from tests.tolerances import accumulation_bound

WAYS = 5

FIRST = ops.Conv(bank(4, 2, 3, 3), padding=1)
"""Something that learns before the layer at hand, so that its gradient must go through that."""

NORM = ops.BatchNorm([1, 2, 0.5, -1], [3, -1, 0, 0.5], [0] * 4, [1] * 4)

CHAINS: dict[str, tuple[ops.Operation, ...]] = {
    "first": (),
    "conv": (ops.Conv(bank(3, 4, 3, 2)),),
    "conv, stride": (ops.Conv(bank(3, 4, 3, 3), (2, 3), padding=1),),
    "conv, beyond the last window": (ops.Conv(bank(3, 4, 2, 3), 4),),
    "conv, dilation": (ops.Conv(bank(3, 4, 2, 3), dilation=(3, 2), padding=((1, 0), (2, 1))),),
    "conv, same": (ops.Conv(bank(3, 4, 4, 2), 2, "same"),),
    "conv, same lower": (ops.Conv(bank(3, 4, 4, 2), 2, "same_lower"),),
    "conv, groups": (ops.Conv(bank(6, 2, 3, 3), padding=1, groups=2),),
    "conv, each channel": (ops.Conv(bank(4, 1, 3, 3), groups=4),),
    "conv, pointwise": (ops.Conv(bank(3, 4, 1, 1)),),
    "conv, reflect": (ops.Conv(bank(3, 4, 3, 3), padding=2, padding_mode="reflect"),),
    "conv, replicate": (ops.Conv(bank(3, 4, 3, 3), 2, (2, 1), "replicate"),),
    "conv, circular": (ops.Conv(bank(3, 4, 3, 3), padding=1, padding_mode="circular"),),
    "conv, symmetric": (ops.Conv(bank(3, 4, 3, 3), padding=3, padding_mode="symmetric"),),
    "max pool": (ops.MaxPool(2),),
    "max pool, overlapping": (ops.MaxPool(3, 2, 1),),
    "max pool, options": (ops.MaxPool((2, 3), 1, ((1, 0), (1, 2)), dilation=(1, 2)),),
    "max pool, ceil": (ops.MaxPool(3, (2, 3), 1, ceil_mode=True),),
    "max pool, gaps": (ops.MaxPool(1, 2),),
    "avg pool": (ops.AvgPool((3, 2), 2, 1),),
    "avg pool, inside": (ops.AvgPool(3, 2, 1, count_include_pad=False),),
    "global max pool": (ops.GlobalMaxPool(),),
    "global avg pool": (ops.GlobalAvgPool(),),
    "relu": (ops.Relu(),),
    "relu and pool": (ops.Relu(), ops.MaxPool(2)),
    "relu twice": (ops.Relu(), ops.Relu()),
    "relu and pools": (ops.Relu(), ops.MaxPool(2), ops.MaxPool(2, 1), ops.Relu()),
    "leaky relu": (ops.LeakyRelu(0.25),),
    "leaky relu, turned": (ops.LeakyRelu(-2.0),),
    "prelu": (ops.PRelu(0.25),),
    "prelu, channels": (ops.PRelu([0.25, -0.5, 2, 0]),),
    "prelu, columns": (ops.PRelu(np.linspace(-1, 1, 28).reshape(4, 1, 7)),),
    "sigmoid": (ops.Sigmoid(),),
    "tanh": (ops.Tanh(),),
    "clip": (ops.Clip(-1, 0.5),),
    "softmax": (ops.Softmax(),),
    "local response norm": (ops.LocalResponseNorm(3, 0.5),),
    "resize": (ops.Resize(2, mode="linear"),),
    "pad": (ops.Pad((1, 0), (0, 2)),),
    "transpose": (ops.Transpose((0, 2, 1, 3)), ops.Conv(bank(2, 6, 2, 2))),
    "reshape": (ops.Reshape((0, -1, 3)), ops.Relu()),
    "batch norm": (NORM,),
    "batch norm after relu": (ops.Relu(), NORM),
    "batch norm twice": (NORM, ops.Relu(), ops.BatchNorm(*np.ones((4, 4)))),
    "batch norm of vectors": (ops.GlobalAvgPool(), ops.Flatten(), NORM),
    "add": (ops.Add(),),
    "multiply": (ops.Multiply(),),
    "concat": (ops.Concat(),),
    "dropout": (ops.Dropout(0.25),),
    "dropout of none": (ops.Dropout(0),),
    "identity": (ops.Identity(), ops.Relu()),
    "flatten": (ops.Flatten(), ops.Relu(), ops.Dense(np.eye(9, 168) + 0.1)),
}
"""What stands behind the first layer."""

SECOND, THIRD = ops.Conv(bank(4, 4, 3, 3, seed=1), padding=1), ops.Conv(bank(4, 4, 1, 1, seed=2))

GRAPHS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "a residual": (
        ("a", ops.Relu(), "first"),
        ("b", SECOND, "a"),
        ("c", ops.Relu(), "b"),
        ("d", THIRD, "c"),
        ("sum", ops.Add(), "d", "a"),
        ("out", ops.Relu(), "sum"),
    ),
    "a residual added first": (
        ("a", SECOND, "first"),
        ("sum", ops.Add(), "first", "a"),
        ("out", NORM, "sum"),
    ),
    "a sum that may be written into what the other is made of": (
        ("a", ops.Identity(), "first"),
        ("b", ops.Relu(), "first"),
        ("sum", ops.Add(), "a", "b"),
    ),
    "one value read by what would write over it": (
        ("a", ops.Relu(), "first"),
        ("b", NORM, "first"),
        ("c", ops.LeakyRelu(-0.5), "first"),
        ("out", ops.Concat(), "a", "b", "c", "first"),
    ),
    "views of one value": (
        ("a", ops.Flatten(), "first"),
        ("b", ops.Identity(), "first"),
        ("c", ops.Relu(), "a"),
        ("d", ops.Flatten(), "b"),
        ("e", ops.Tanh(), "d"),
        ("out", ops.Multiply(), "c", "e"),
    ),
    "a value joined with itself": (
        ("a", ops.Add(), "first", "first"),
        ("b", ops.Multiply(), "a", "a"),
        ("out", ops.Concat(), "b", "b", "a"),
    ),
    "a gate": (
        ("a", ops.GlobalAvgPool(), "first"),
        ("b", THIRD, "a"),
        ("c", ops.Sigmoid(), "b"),
        ("out", ops.Multiply(), "first", "c"),
    ),
    "relu read by a pool and another": (
        ("a", ops.Relu(), "first"),
        ("b", ops.MaxPool(3, 1, 1), "a"),
        ("out", ops.Add(), "a", "b"),
    ),
    "the input read twice": (
        ("a", ops.Conv(bank(4, 2, 3, 3, seed=3), padding=1), "input"),
        ("b", ops.Add(), "first", "a"),
        ("out", ops.Concat(), "b", "input"),
    ),
    "constants": (
        ("number", ops.Constant(-2.0)),
        ("line", ops.Constant(np.linspace(-1, 1, 7))),
        ("maps", ops.Constant(np.linspace(-1, 1, 4).reshape(4, 1, 1))),
        ("a", ops.Multiply(), "number", "first"),
        ("b", ops.Add(), "a", "line"),
        ("c", ops.Relu(), "maps"),
        ("out", ops.Multiply(), "b", "c"),
    ),
    "what leads to nothing learned": (("a", ops.Relu(), "input"), ("out", ops.Concat(), "first", "a")),
}
"""What reads the first layer, and what is made of that."""


@pytest.fixture(autouse=True)
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "Tape", PoisonedTape)


def misses(network: Network, random: np.random.Generator, images: int = 5) -> int:
    """Along how many random ways of all numbers at once the slope of the loss is not that of the gradient."""
    steps = Steps(network, *batch(network, images), np.float64)
    numbers, loss = steps.parameters.learned.values, steps.mean_loss()
    ways = random.choice([-1.0, 1.0], (WAYS, numbers.size))
    expected = slopes(steps.mean_loss, numbers, ways)
    error = np.abs(ways @ steps.gradient() - expected)
    allowed = accumulation_bound("slope", np.dtype(np.float64), 0, (1 + loss) / STEP)
    return int(np.count_nonzero(~(error <= allowed)))


@pytest.mark.parametrize("name", CHAINS)
def test_the_gradient_of_a_chain(name: str) -> None:
    network = scored(chain(FIRST, *CHAINS[name]))
    assert misses(network, np.random.default_rng(1)) == 0


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_gradient_of_a_graph(name: str, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "PARTS", parts)
    network = scored(graph(("first", FIRST, "input"), *GRAPHS[name]))
    assert misses(network, np.random.default_rng(1)) == 0


@given(network=trainable(), images=st.integers(1, 4), rng=generators())
@settings(max_examples=60)
def test_the_gradient_of_any_graph(network: Network, images: int, rng: np.random.Generator) -> None:
    """A way may cross a kink of ReLU or of a pool, where there is no slope; most do not."""
    assert misses(network, rng, images) <= WAYS // 2
