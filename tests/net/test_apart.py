"""Layers that mix the images of a batch: found where an image alone gives other values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from convtool import FilterBank
from convtool.net import ops
from convtool.net.apart import mixing_layer
from convtool.net.network import Input, Layer, Network
from tests.net.every_kind import EVERY_KIND, SIZE, network_of, numbers
from tests.net.graphs import networks, one_by_one

MIXING: dict[str, tuple[ops.Operation, ...]] = {
    "flatten, rows": (ops.Flatten(3),),
    "flatten, all": (ops.Flatten(0),),
    "reshape, one image": (ops.Reshape((1, -1)),),
    "reshape, one image of so many values": (ops.Reshape((1, 84)),),
    "reshape, two images": (ops.Reshape((2, -1)),),
    "transpose": (ops.Transpose(),),
    "transpose, channels first": (ops.Transpose((1, 0, 2, 3)),),
    "pad": (ops.Pad((1, 0, 0, 0), (0, 0, 0, 0)),),
    "pad, moved on": (ops.Pad((1, 0, 0, 0), (-1, 0, 0, 0)),),
    "pad, moved back": (ops.Pad((-1, 0, 0, 0), (1, 0, 0, 0), "wrap"),),
    "softmax": (ops.Softmax(0),),
    "softmax, counted from the end": (ops.Softmax(-4),),
    "softmax, flat": (ops.Softmax(0, flat=True),),
    "softmax of vectors": (ops.Softmax(-2), ops.Flatten()),
    "resize": (ops.Resize((1.2, 1), mode="linear"), ops.Flatten()),
    "concat": (ops.Concat(0),),
    "slopes of images": (ops.PRelu(np.ones((2, 1, 1, 1))),),
}
"""Chains whose first layer mixes; what stands after it in the table goes before it."""

APART: dict[str, tuple[ops.Operation, ...]] = {
    "flatten": (ops.Flatten(-3),),
    "reshape": (ops.Reshape((0, -1, 3)), ops.Reshape((-1, 84))),
    "transpose": (ops.Transpose((0, 2, 1, 3)),),
    "pad": (ops.Pad((0, 1, 0, 0), (0, 0, 2, -2)),),
    "softmax": (ops.Softmax(), ops.Softmax(-1), ops.Flatten(), ops.Softmax(-1)),
    "softmax, flat": (ops.Softmax(2, flat=True),),
    "resize": (ops.Resize(2),),
    "concat": (ops.Concat(-3),),
    "slopes": (ops.PRelu(np.ones((1, 2, 1, 1))),),
    "multiply": (ops.Multiply(),),
}


def chain(*operations: ops.Operation) -> Network:
    names = ["input", *(f"{each.kind}{number}" for number, each in enumerate(operations))]
    layers = [
        Layer(names[n + 1], each, (names[n],) * (each.inputs or 2)) for n, each in enumerate(operations)
    ]
    return Network("chain", Input(channels=2), tuple(layers), (names[-1],))


CHAINS = {
    **{f"mixing: {name}": chain(*reversed(operations)) for name, operations in MIXING.items()},
    **{f"apart: {name}": chain(*operations) for name, operations in APART.items()},
    **{name: network_of(operation) for name, operation in EVERY_KIND.items()},
}


def are_apart(network: Network) -> bool:
    """Whether images together give what each gives alone."""
    images = numbers(3, 2, *SIZE)
    name = network.outputs[0]
    try:
        together = one_by_one(network, images)[name]
        alone = [one_by_one(network, images[n : n + 1])[name] for n in range(3)]
    except ValueError:  # of a layer that takes no batch of this length
        return False
    return all(len(each) == 1 for each in alone) and np.array_equal(together, np.concatenate(alone))


@pytest.mark.parametrize("name", CHAINS)
def test_what_mixes_images_is_found(name: str) -> None:
    network = CHAINS[name]
    found = mixing_layer(network, SIZE, network.outputs)
    assert found == (None if are_apart(network) else network.layers[-1].name)
    assert found is None or not name.startswith("apart")
    assert found is not None or not name.startswith("mixing")


@pytest.mark.parametrize(
    ("constant", "found"),
    [(-2.0, None), (np.ones(7), None), (np.ones((1, 2, 1, 1)), None), (np.ones((2, 2, 1, 1)), "it")],
)
def test_constants_have_no_images(constant: np.ndarray, found: str | None) -> None:
    layers = (
        Layer("constant", ops.Constant(constant), ()),
        Layer("relu", ops.Relu(), ("constant",)),
        Layer("it", ops.Add(), ("input", "relu")),
    )
    network = Network("net", Input(channels=2), layers, ("it",))
    assert mixing_layer(network, SIZE, ["it"]) == found


def test_vectors_that_are_spread_over_the_images_of_maps_mix() -> None:
    """Vectors ``(N, 7)`` and maps ``(N, 2, 1, 7)`` give ``(N, 2, N, 7)``."""
    layers = (
        Layer("rows", ops.MaxPool((6, 1)), ("input",)),
        Layer("channel", ops.MaxPool((6, 1)), ("input",)),
        Layer("thin", ops.Conv(FilterBank(np.ones((1, 2, 1, 1)))), ("channel",)),
        Layer("flat", ops.Flatten(), ("thin",)),
        Layer("it", ops.Add(), ("flat", "rows")),
    )
    network = Network("net", Input(channels=2), layers, ("it",))
    assert mixing_layer(network, SIZE, ["it"]) == "it"
    assert mixing_layer(network, SIZE, ["rows", "flat"]) is None


def test_the_first_of_those_that_some_values_need_is_named() -> None:
    network = chain(ops.Relu(), ops.Reshape((-1, 42)), ops.Relu(), ops.Flatten(0))
    assert mixing_layer(network, SIZE, ["flatten3"]) == "reshape1"
    assert mixing_layer(network, SIZE, ["relu0"]) is None


@given(case=networks())
@settings(max_examples=50)
def test_in_most_networks_images_are_apart(case: tuple[Network, np.ndarray]) -> None:
    network, images = case
    assert mixing_layer(network, images.shape[2:], network.outputs) is None
