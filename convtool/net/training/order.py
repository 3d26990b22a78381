"""Which layers of a network training works through, in which order, and which of them gradients reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace

from convtool.net.network import Layer, Network
from convtool.net.ops import Identity, MaxPool, Relu
from convtool.net.scores import final_softmax


def trained_layers(network: Network) -> list[Layer]:
    """The layers that its scores need; any others stay as they are."""
    needed = network.needed(network.outputs[:1])
    return [layer for layer in network.layers if layer.name in needed]


def as_worked(network: Network) -> list[Layer]:
    """The trained layers as they are worked through, to the scores before any softmax at the end.

    The softmax does nothing, since the loss has it. Of ReLU and a max pool behind it the pool comes
    first: the largest value is the same before and after ReLU, which has less to do behind a pool.
    """
    ending = final_softmax(network)
    layers = [
        replace(layer, operation=Identity()) if layer.name == ending else layer
        for layer in trained_layers(network)
    ]
    readers = Counter(name for layer in layers for name in layer.inputs)
    places = {layer.name: place for place, layer in enumerate(layers)}
    for place, pool in enumerate(layers):
        if not isinstance(pool.operation, MaxPool) or pool.inputs[0] not in places:
            continue
        before = places[pool.inputs[0]]
        relu = layers[before]
        if isinstance(relu.operation, Relu) and readers[relu.name] == 1:
            layers[before] = replace(relu, operation=pool.operation)
            layers[place] = replace(pool, operation=relu.operation)
    return layers


def reached_by_gradients(layers: Sequence[Layer], learning: Container[str]) -> set[str]:
    """The values, of layers in order, that some layer that learns has a part in."""
    reached: set[str] = set()
    for layer in layers:
        if layer.name in learning or not reached.isdisjoint(layer.inputs):
            reached.add(layer.name)
    return reached
