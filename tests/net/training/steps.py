"""Small networks, and what one step of their training gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import FilterBank
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.training.parameters import Parameters
from convtool.net.training.program import Outcome, Program
from tests.net.graphs import networks
from tests.strategies import generators

SIZE = (6, 7)
CLASSES = 3


def bank(filters: int, channels: int, *kernel: int, seed: int = 0) -> FilterBank:
    random = np.random.default_rng(seed)
    weights, bias = random.standard_normal((filters, channels, *kernel)) / 2, random.standard_normal(filters)
    return FilterBank(weights.astype(np.float32), bias.astype(np.float32))


def graph(*layers: tuple[Any, ...], channels: int = 2) -> Network:
    """A network of layers given by their names, operations, and the names of what they read."""
    made = tuple(Layer(name, operation, tuple(inputs)) for name, operation, *inputs in layers)
    return Network("graph", Input(channels=channels, size=SIZE), made, (made[-1].name,))


def chain(*operations: ops.Operation, channels: int = 2) -> Network:
    """Layers one after the other, named by their kinds and numbers; what reads two reads one twice."""
    names = ["input", *(f"{each.kind}{number}" for number, each in enumerate(operations))]
    return graph(
        *((names[n + 1], each, *[names[n]] * (each.inputs or 2)) for n, each in enumerate(operations)),
        channels=channels,
    )


def scored(network: Network, name: str | None = None) -> Network:
    """A network with what makes its last values, or those of a layer, scores of classes."""
    size = network.input.size or SIZE
    name = name or network.layers[-1].name
    flat = ops.Flatten().shape(network.shapes(size)[name])[1]
    weights = np.random.default_rng(flat).standard_normal((CLASSES, flat)) / flat**0.5
    more = (
        Layer("flat", ops.Flatten(), (name,)),
        Layer("scores", ops.Dense(weights, [0.5, 0, -1]), ("flat",)),
        Layer("probabilities", ops.Softmax(), ("scores",)),
    )
    return Network("scored", network.input, (*network.layers, *more), ("probabilities",))


@st.composite
def trainable(draw: st.DrawFn, *, as_when_run: bool = False) -> Network:
    """Any graph: the scores are made of some of its values.

    Its filters normalise nothing, and have a bias: where dropout leaves nothing, ReLU would have no slope.

    Parameters
    ----------
    as_when_run
        Without what gives other values in training.
    """
    network, images = draw(networks())
    rng, layers = draw(generators()), []
    for layer in network.layers:
        if isinstance(layer.operation, ops.Conv):
            weights = layer.operation.bank.weights
            biased = FilterBank(weights, rng.standard_normal(len(weights)))
            layer = replace(layer, operation=replace(layer.operation, bank=biased))
        elif as_when_run and isinstance(layer.operation, ops.BatchNorm | ops.Dropout):
            layer = replace(layer, operation=ops.Identity())
        layers.append(layer)
    height, width = images.shape[2:]
    source = replace(network.input, size=(height, width))
    constants = {layer.name for layer in layers if layer.operation.inputs == 0}
    last = draw(st.sampled_from([layer.name for layer in layers if layer.name not in constants]))
    return scored(replace(network, input=source, layers=tuple(layers)), last)


class Steps:
    """Steps of training a network on one batch, which change nothing of it but what is measured."""

    def __init__(self, network: Network, images: NDArray[Any], labels: NDArray[np.intp], dtype: Any) -> None:
        self.parameters = Parameters.of(network, dtype)
        height, width = images.shape[2:]
        self._program = Program(network, self.parameters, len(images), (height, width))
        self._images, self._labels = images, labels

    def run(self, threads: int | None = 1, seed: int = 7) -> Outcome:
        return self._program.run(lambda part, _: self._images[part], self._labels, [seed], threads)

    def mean_loss(self) -> float:
        return self.run().loss / len(self._images)

    def gradient(self) -> NDArray[Any]:
        """Of the mean loss, of one more step."""
        self.run()
        return self._program.gradients.values.copy()

    def gradient_of(self, layer: str) -> dict[str, NDArray[Any]]:
        """The same of the last step, of one layer."""
        return {name: values.copy() for name, values in self._program.gradients.of(layer).items()}


def batch(network: Network, images: int = 5, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Random images, and labels."""
    random = np.random.default_rng([images, seed])
    size = network.input.size or SIZE
    values = random.standard_normal((images, network.input.channels, *size))
    return values, random.integers(0, CLASSES, images)
