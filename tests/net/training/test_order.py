"""Which layers are worked through, in which order, and where gradients go."""

from __future__ import annotations

from typing import Any

import pytest

from convtool.net import ops
from convtool.net.training.order import as_worked, reached_by_gradients, trained_layers
from tests.net.training.steps import graph

POOL, RELU = ops.MaxPool(2), ops.Relu()


def kinds(*layers: tuple[Any, ...]) -> list[str]:
    return [layer.operation.kind for layer in as_worked(graph(*layers))]


def test_what_the_scores_do_not_need_is_left_out() -> None:
    network = graph(("a", RELU, "input"), ("b", POOL, "input"), ("c", RELU, "a"))
    assert [layer.name for layer in trained_layers(network)] == ["a", "c"]


def test_relu_waits_for_every_pool_behind_it() -> None:
    layers = ("a", RELU, "input"), ("b", POOL, "a"), ("c", POOL, "b")
    assert kinds(*layers) == ["max_pool", "max_pool", "relu"]
    assert [(layer.name, layer.inputs) for layer in as_worked(graph(*layers))] == [
        ("a", ("input",)),
        ("b", ("a",)),
        ("c", ("b",)),
    ]


@pytest.mark.parametrize(
    "layers",
    [
        (("a", RELU, "input"), ("b", POOL, "a"), ("c", POOL, "a"), ("d", ops.Add(), "b", "c")),
        (("a", RELU, "input"), ("b", ops.AvgPool(2), "a")),
        (("a", ops.LeakyRelu(0.1), "input"), ("b", POOL, "a")),
        (("a", POOL, "input"), ("b", RELU, "a")),
    ],
)
def test_anything_else_stays_where_it_is(layers: tuple[tuple[Any, ...], ...]) -> None:
    assert kinds(*layers) == [layer[1].kind for layer in layers]


def test_a_softmax_does_something_only_where_layers_follow() -> None:
    layers = (
        ("a", ops.Softmax(), "input"),
        ("b", RELU, "a"),
        ("c", ops.Softmax(), "b"),
        ("d", ops.Flatten(), "c"),
    )
    assert kinds(*layers) == ["softmax", "relu", "identity", "flatten"]


def test_gradients_go_as_far_as_what_learns() -> None:
    network = graph(("a", RELU, "input"), ("b", RELU, "a"), ("c", RELU, "a"), ("d", ops.Add(), "b", "c"))
    assert reached_by_gradients(network.layers, {"b"}) == {"b", "d"}
    assert reached_by_gradients(network.layers, set()) == set()
