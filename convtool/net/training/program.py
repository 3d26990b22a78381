"""One step of training as calls: a batch cut into parts, each taken forward and backward by one thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair
from convtool.core.threads import for_each, single_threaded_blas
from convtool.core.tiles import even_cuts
from convtool.errors import InputError
from convtool.net.apart import mixing_layer
from convtool.net.buffers import shares
from convtool.net.network import Layer, Network, naming
from convtool.net.training.layers import kind_of
from convtool.net.training.layers.base import Arrays
from convtool.net.training.loss import write_cross_entropy
from convtool.net.training.order import as_worked, reached_by_gradients
from convtool.net.training.parameters import Parameters
from convtool.net.training.tape import Joint, Tape, Values, Written

PARTS, PART_VALUES = 2, 1024 * 1024
"""Parts of a batch at the least, and values of a part's largest layer at the most, about.

The parts do not depend on the threads there are: neither then does the sum of their gradients.
"""

COPIES = 5
"""Of a network's numbers besides the gradients: those learned, the best, and what an optimizer holds."""

Load = Callable[[slice, np.random.Generator], NDArray[Any]]
"""From some images of a batch to their values ``(n, C, H, W)``, as stored."""


class Outcome(NamedTuple):
    """What came of a batch: the sum of its images' losses, and how many were recognised."""

    loss: float
    correct: int


def memory_of_training(network: Network, size: Pair, *batches: int) -> int:
    """Bytes that training takes besides the images, about, for batches of these numbers of images."""
    # Every value is held, and gradients and patches take about as much again.
    values = sum(prod(shape[1:]) for shape in network.shapes(size).values())
    parts = sum(_count_of_parts(network, size, images) for images in batches)
    return 4 * (2 * sum(batches) * values + (parts + COPIES) * network.parameters)


class Program:
    """A network's forward and backward calls for batches of so many images.

    Parameters
    ----------
    parameters
        Read by every step, but changed by none, except what is measured.

    Attributes
    ----------
    gradients
        Of the mean loss, with respect to what is learned: written by every step.
    """

    def __init__(self, network: Network, parameters: Parameters, images: int, size: Pair) -> None:
        count = _count_of_parts(network, size, images)  # which says if shapes do not chain
        mixing = mixing_layer(network, size, network.outputs[:1])
        if mixing is not None:
            raise InputError(
                f"layer {mixing!r} mixes the images of a batch, which go through training apart; "
                "leave the first axis to them"
            )
        self._slices = [slice(*pair) for pair in pairwise(even_cuts(images, count))]
        self._joint = Joint(count, images)
        self._parts = [
            _Part(network, parameters, self._joint, number, piece.stop - piece.start, size)
            for number, piece in enumerate(self._slices)
        ]
        self.gradients = self._parts[0].gradients

    def run(
        self, load: Load, labels: NDArray[np.intp], chance: Sequence[int], threads: int | None = None
    ) -> Outcome:
        """Take a batch forward and backward.

        Parameters
        ----------
        load
            Gives the images of a part.
        labels
            ``(N,)``.
        chance
            The seed of this step.
        """
        parts = list(zip(self._parts, self._slices, strict=True))

        def begin(item: tuple[_Part, slice]) -> None:
            part, piece = item
            part.tape.random = np.random.Generator(np.random.SFC64([*chance, part.tape.number]))
            part.load(load(piece, part.tape.random), labels[piece])
            part.run(0)

        with single_threaded_blas():
            for_each(parts, begin, threads)
            for phase, meet in enumerate(self._joint.meetings, 1):
                meet()
                for_each(self._parts, partial(_Part.run, phase=phase), threads)
        for part in self._parts[1:]:
            np.add(self.gradients.values, part.gradients.values, out=self.gradients.values)
        return Outcome(
            sum(float(part.losses.sum()) for part in self._parts),
            sum(int(np.count_nonzero(part.right)) for part in self._parts),
        )


class _Part:
    """Some images of a batch on their way."""

    def __init__(
        self,
        network: Network,
        parameters: Parameters,
        joint: Joint,
        number: int,
        images: int,
        size: Pair,
    ) -> None:
        dtype = parameters.learned.values.dtype.type
        self.tape = Tape(joint, number, images, dtype)
        self.gradients = parameters.learned.alike()
        self._source = network.input
        self._images = self.tape.array(self._source.channels, *size, images)
        self._labels = np.zeros(images, np.intp)
        self._parameters = parameters
        layers, scores = as_worked(network), network.outputs[0]
        held, written = self._write_forward(network, layers)
        self.losses, self.right, gradient = write_cross_entropy(self.tape, held[scores], self._labels)
        self._write_backward(layers, held, written, {scores: gradient})

    def load(self, images: NDArray[Any], labels: NDArray[np.intp]) -> None:
        """Put images, as stored, and their labels where the calls read them."""
        scaled = self._source.scaled(images.astype(np.float32, copy=False))
        np.copyto(self._images, scaled.transpose(1, 2, 3, 0))
        np.copyto(self._labels, labels)

    def run(self, phase: int) -> None:
        """Do the calls of a phase."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            for call in self.tape.phases[phase]:
                call()

    def _write_forward(
        self, network: Network, layers: Sequence[Layer]
    ) -> tuple[dict[str, Values], dict[str, Written]]:
        """Add the calls of the layers in their order; a layer may write over what nothing else reads."""
        readers = Counter(name for layer in layers for name in layer.inputs)
        held: dict[str, Values] = {network.input.name: self._images}
        written: dict[str, Written] = {}
        for layer in layers:
            inputs = [held[name] for name in layer.inputs]
            first = layer.inputs[0] if inputs else ""
            free = readers[first] == 1 and not (first in written and written[first].read_again)
            with naming(layer.name):
                done = kind_of(layer.operation).write(
                    self.tape, layer.name, layer.operation, inputs, self._arrays(layer.name), free
                )
            held[layer.name], written[layer.name] = done.output, done
        return held, written

    def _arrays(self, layer: str) -> Arrays:
        learned, measured, _ = self._parameters
        return Arrays(learned.of(layer), self.gradients.of(layer), measured.of(layer))

    def _write_backward(
        self,
        layers: Sequence[Layer],
        held: dict[str, Values],
        written: dict[str, Written],
        gradients: dict[str, Values],
    ) -> None:
        """Add the calls from the last layer to the first that learns; memory is given up on the way."""
        learning = {layer.name for layer in layers if self._parameters.learned.of(layer.name)}
        reached = reached_by_gradients(layers, learning)
        for layer in reversed(layers):
            output = held.pop(layer.name)
            if layer.name not in reached:
                continue
            gradient = gradients.pop(layer.name)
            wanted = [name in reached for name in layer.inputs]
            pulled = written[layer.name].backward(gradient, wanted)
            for name, part, kept in zip(layer.inputs, pulled, wanted, strict=True):
                if part is None or not kept:
                    continue
                if name in gradients:
                    self.tape.then(np.add, gradients[name], part, out=gradients[name])
                    self.tape.release(part)
                else:
                    gradients[name] = part
            for array in (gradient, output):
                if not any(shares(array, each) for each in (*gradients.values(), *held.values())):
                    self.tape.release(array)


def _count_of_parts(network: Network, size: Pair, images: int) -> int:
    """How many parts a batch of so many images is cut into."""
    largest = max(prod(shape[1:]) for shape in network.shapes(size).values())
    return min(images, max(PARTS, -(-images * largest // PART_VALUES)))
