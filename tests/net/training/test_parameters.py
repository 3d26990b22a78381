"""The numbers that training changes: all in one vector, and back in a network of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convtool import FilterBank
from convtool.errors import InputError
from convtool.net import ops
from convtool.net.network import Layer, Network
from convtool.net.training.parameters import Parameters, Vector
from tests.net.every_kind import EVERY_KIND, assert_same_network, network_of
from tests.net.training.steps import bank, chain, graph
from tests.tolerances import assert_equal

NORM = ops.BatchNorm([1, 2], [3, 4], [5, 6], [7, 8])
NETWORK = chain(
    ops.Conv(bank(2, 2, 1, 1)),
    NORM,
    ops.PRelu([0.5, 2]),
    ops.Flatten(),
    ops.Dense(np.ones((3, 84)), [1, 2, 3]),
)


@pytest.mark.parametrize("name", [name for name in EVERY_KIND if name != "conv, normalized"])
def test_untouched_numbers_make_the_same_network(name: str) -> None:
    network = network_of(EVERY_KIND[name], classes=("one", "two"), description="whatever", meta={"seed": 1})
    assert_same_network(Parameters.of(network).placed_in(network), network)


def test_all_numbers_are_in_one_vector_that_the_layers_look_into() -> None:
    learned, measured, decays = Parameters.of(NETWORK)
    counts = {"conv0": {"filters": 6}, "batch_norm1": {"scale": 2, "shift": 2}, "prelu2": {"slope": 2}}
    counts |= {"flatten3": {}, "dense4": {"weights": 252, "bias": 3}}
    for layer, sizes in counts.items():
        assert {name: values.size for name, values in learned.of(layer).items()} == sizes
    assert learned.values.size == sum(sum(sizes.values()) for sizes in counts.values())
    assert measured.values.tolist() == [5, 6, 7, 8]
    assert measured.of("conv0") == {}
    assert decays.nonzero()[0].tolist() == [0, 1, 3, 4, *range(12, 264)]
    assert learned.values.dtype == measured.values.dtype == np.float32
    learned.values[...] = np.arange(len(learned.values))
    assert learned.of("conv0")["filters"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert learned.of("batch_norm1")["shift"].tolist() == [8, 9]
    assert learned.of("dense4")["bias"].tolist() == [264, 265, 266]


def test_numbers_of_another_type_are_rounded_when_they_are_placed() -> None:
    parameters = Parameters.of(NETWORK, np.float64)
    assert parameters.learned.values.dtype == parameters.measured.values.dtype == np.float64
    parameters.learned.values += 1e-12
    assert_same_network(parameters.placed_in(NETWORK), NETWORK)


def test_a_network_that_numbers_are_placed_in_shares_nothing_with_them() -> None:
    before = Parameters.of(NETWORK).placed_in(NETWORK)
    parameters = Parameters.of(NETWORK)
    parameters.learned.values[...] += 1
    parameters.measured.values[...] += 1
    placed = parameters.placed_in(NETWORK)
    assert_same_network(NETWORK, before)
    parameters.learned.values[...] = 0
    parameters.measured.values[...] = 0
    for layer in NETWORK.layers:
        arrays, now = layer.operation.arrays, placed[layer.name].operation.arrays
        assert arrays.keys() == now.keys()
        for name, values in arrays.items():
            assert_equal(now[name], values + 1)


def test_what_the_scores_do_not_need_is_no_part_of_it() -> None:
    """Not even where it could not be trained."""
    aside = ops.Conv(FilterBank(np.ones((1, 2, 2, 2)), normalize="local"))
    main = graph(("a", ops.Conv(bank(3, 2, 6, 7)), "input"), ("out", ops.Flatten(), "a"))
    layers = (Layer("aside", aside, ("input",)), Layer("norm", NORM, ("input",)), *main.layers)
    network = Network("two", main.input, layers, ("out", "aside", "norm"))
    parameters = Parameters.of(network)
    assert_equal(parameters.learned.values, Parameters.of(main).learned.values)
    assert parameters.measured.values.size == 0
    assert_same_network(parameters.placed_in(network), network)


def test_a_layer_that_cannot_be_trained_is_named() -> None:
    network = network_of(EVERY_KIND["conv, normalized"])
    with pytest.raises(InputError, match=r"^layer 'it': it normalizes its patches, which training does not"):
        Parameters.of(network)


@pytest.mark.parametrize(
    ("shapes", "size"),
    [({}, 0), ({"a": {}}, 0), ({"a": {"x": ()}}, 1), ({"a": {"x": (2, 3)}, "b": {}, "c": {"y": (4,)}}, 10)],
)
def test_vectors_alike_are_zeros_of_their_own(shapes: Any, size: int) -> None:
    vector = Vector(shapes, np.float64)
    vector.values += 1
    other = vector.alike()
    assert other.values.tolist() == [0] * size
    assert other.values.dtype == np.float64
    assert vector.values.tolist() == [1] * size
    for layer, arrays in shapes.items():
        assert {name: values.shape for name, values in other.of(layer).items()} == arrays
