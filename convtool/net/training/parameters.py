"""All numbers of a network that training changes, in one vector: a step is a few passes over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.net.network import Network, naming
from convtool.net.training.layers import kind_of
from convtool.net.training.order import trained_layers
from convtool.net.training.tape import Values


class Vector:
    """Arrays of layers, each a view of one vector.

    Attributes
    ----------
    values
        All numbers, one after the other.
    """

    def __init__(self, shapes: Mapping[str, Mapping[str, tuple[int, ...]]], dtype: Any) -> None:
        self._shapes = shapes
        sizes = [prod(shape) for arrays in shapes.values() for shape in arrays.values()]
        self.values: Values = np.zeros(sum(sizes), dtype)
        cuts: Iterator[Values] = iter(np.split(self.values, list(accumulate(sizes[:-1]))))
        self._views = {
            layer: {name: next(cuts).reshape(shape) for name, shape in arrays.items()}
            for layer, arrays in shapes.items()
        }

    @classmethod
    def holding(cls, arrays: Mapping[str, Mapping[str, NDArray[Any]]], dtype: Any) -> Vector:
        """The numbers of arrays."""
        shapes = {
            layer: {name: values.shape for name, values in own.items()} for layer, own in arrays.items()
        }
        made = cls(shapes, dtype)
        for layer, own in arrays.items():
            for name, values in own.items():
                made.of(layer)[name][...] = values
        return made

    def of(self, layer: str) -> Mapping[str, Values]:
        """The arrays of a layer, by their names."""
        return self._views.get(layer, {})

    def alike(self) -> Vector:
        """Zeros of the same shapes."""
        return Vector(self._shapes, self.values.dtype)


class Parameters(NamedTuple):
    """What training changes in a network.

    Attributes
    ----------
    learned
        Numbers that follow their gradients.
    measured
        Numbers that are measured of the values that pass, as batch normalisation does.
    decays
        Which of the learned weight decay draws towards 0.
    """

    learned: Vector
    measured: Vector
    decays: NDArray[np.bool_]

    @classmethod
    def of(cls, network: Network, dtype: Any = np.float32) -> Parameters:
        """Those that its scores need, as they are now.

        Raises
        ------
        InputError
            A layer that cannot be trained.
        """
        learned, decays, measured = {}, {}, {}
        for layer in trained_layers(network):
            kind = kind_of(layer.operation)
            with naming(layer.name):
                starts = kind.learned(layer.operation)
                measured[layer.name] = kind.measured(layer.operation)
            learned[layer.name] = {name: each.values for name, each in starts.items()}
            decays[layer.name] = {
                name: np.broadcast_to(each.decays, each.values.shape) for name, each in starts.items()
            }
        return cls(
            Vector.holding(learned, dtype),
            Vector.holding(measured, dtype),
            np.asarray(Vector.holding(decays, np.bool_).values, np.bool_),
        )

    def placed_in(self, network: Network) -> Network:
        """The network with these numbers, which stay its own."""
        changed = {}
        for layer in trained_layers(network):
            both = {**self.learned.of(layer.name), **self.measured.of(layer.name)}
            rounded = {name: np.asarray(values, np.float32) for name, values in both.items()}
            changed[layer.name] = kind_of(layer.operation).replaced(layer.operation, rounded)
        layers = (
            replace(layer, operation=changed.get(layer.name, layer.operation)) for layer in network.layers
        )
        return replace(network, layers=tuple(layers))
