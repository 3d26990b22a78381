"""A network: named layers in a graph, checked when it is made, and frozen from then on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Pair, is_real, pair, whole
from convtool.errors import ArgumentError, ConvtoolError, InputError
from convtool.io.networks import check_values
from convtool.net.ops.base import Operation, Shape, by

MOST_VALUES = 2**55
"""Values of a layer that no memory holds; a shape of more is refused before it is computed with."""


@dataclass(frozen=True)
class Layer:
    """One node of the graph: a name, what it does, and the names of what it reads."""

    name: str
    operation: Operation
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Input:
    """What goes in: ``(values · scale − mean) / std``, mean and std a number, or one a channel.

    Attributes
    ----------
    name
        What the first layers read.
    channels
        How many maps.
    size
        Rows and columns, or ``None`` if any will do.
    """

    name: str = "input"
    channels: int = 1
    size: Pair | None = None
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        whole("channels", self.channels)
        if self.size is not None:
            object.__setattr__(self, "size", pair("size", self.size))
        if not (is_real(self.scale) and np.isfinite(self.scale)):
            raise ArgumentError(f"scale is {self.scale!r}; it must be a number")
        for name in ("mean", "std"):
            given = getattr(self, name)
            numbers = tuple(given) if isinstance(given, tuple | list) else (given,)
            object.__setattr__(self, name, numbers)
            if len(numbers) not in (1, self.channels) or not all(
                is_real(n) and np.isfinite(n) for n in numbers
            ):
                raise ArgumentError(
                    f"{name} is {given!r}; give a number, or one for each of {self.channels} channel(s)"
                )
        if min(self.std) <= 0:
            raise ArgumentError(f"std is {self.std}; it must be above 0")

    def scaled(self, values: Float32) -> Float32:
        """Values ``(C, H, W)`` or ``(N, C, H, W)`` as the first layers take them."""
        if self._changes_nothing:
            return values
        mean, std = (np.reshape(numbers, (-1, 1, 1)) for numbers in (self.mean, self.std))
        scaled: Float32 = ((values * self.scale - mean) / std).astype(np.float32)
        return scaled

    def folded_into(self, bank: FilterBank) -> FilterBank:
        """Filters that give of an image's values what these give of the scaled ones."""
        if self._changes_nothing:
            return bank
        mean, std = (np.reshape(numbers, (-1, 1, 1)) for numbers in (self.mean, self.std))
        weights = bank.weights.astype(np.float64) / std
        bias = bank.bias - (weights * mean).sum(axis=(1, 2, 3))
        scaled = (weights * self.scale).astype(np.float32)
        return FilterBank(scaled, bias.astype(np.float32), bank.names, bank.normalize)

    @property
    def _changes_nothing(self) -> bool:
        return self.scale == 1 and set(self.mean) == {0} and set(self.std) == {1}


@dataclass(frozen=True, eq=False)
class Network:
    """Layers, each after those that it reads.

    Attributes
    ----------
    name
        What messages and records call it.
    outputs
        The layers whose values are the result; the first gives the scores of the classes.
    classes
        A name for each score, or ``None``.
    description
        A sentence or two for people.
    meta
        Whatever its maker noted, as JSON has it: carried along, never interpreted.

    Raises
    ------
    InputError
        A name twice, a layer that reads what no layer before it gives, scores without a class, or
        notes that no file can hold.
    """

    name: str
    input: Input
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    description: str | None = None
    meta: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        known = {self.input.name}
        names = [layer.name for layer in self.layers]
        if not names:
            raise InputError("it has no layers; a network has at least one")
        for layer in self.layers:
            if layer.name in known:
                raise InputError(f"the name {layer.name!r} is given twice; every layer needs its own")
            with naming(layer.name):
                check_count(layer.operation, layer.inputs)
            for name in layer.inputs:
                if name in known:
                    continue
                if name in names:
                    raise InputError(
                        f"layer {layer.name!r} reads {name!r}, which stands behind it or reads it in turn; "
                        "a layer reads what stands before it"
                    )
                raise InputError(f"layer {layer.name!r} reads {name!r}, which no layer gives")
            known.add(layer.name)
        if not self.outputs:
            raise InputError("it has no outputs; name at least one of its layers")
        for name in self.outputs:
            if name not in known:
                raise InputError(f"the output {name!r} is no layer; its layers are {brief(names)}")
        check_values([self.description, self.meta])

    def __getitem__(self, name: str) -> Layer:
        if name not in self._by_name:
            raise ArgumentError(f"there is no layer {name!r}; {self.name} has {brief(self._by_name)}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def parameters(self) -> int:
        """Numbers that were learned, of all layers."""
        return sum(array.size for layer in self.layers for array in layer.operation.arrays.values())

    def needed(self, wanted: Collection[str]) -> set[str]:
        """The values that it takes to compute some, these among them, by name."""
        needed = set(wanted)
        for layer in reversed(self.layers):
            if layer.name in needed:
                needed.update(layer.inputs)
        return needed

    def shapes(self, size: Pair, images: int = 1) -> dict[str, Shape]:
        """The shape of every value for so many images of a size ``(H, W)``, by name.

        Raises
        ------
        InputError
            Shapes that do not chain; the layer is named.
        """
        found: dict[str, Shape] = {self.input.name: (images, self.input.channels, *size)}
        for layer in self.layers:
            with naming(layer.name):
                shape = layer.operation.shape(*(found[name] for name in layer.inputs))
                if np.prod(shape, dtype=np.float64) > MOST_VALUES:
                    raise InputError(f"its output would be {by(shape)}, more than any memory holds")
            found[layer.name] = shape
        self._check_classes(found[self.outputs[0]])
        return found

    def _check_classes(self, scores: Shape) -> None:
        """Refuse names of classes that would be those of other scores."""
        count = prod(scores[1:])
        if self.classes is not None and prod(scores[2:]) == 1 and count != len(self.classes):
            raise InputError(
                f"it names {len(self.classes)} class(es), {self.outputs[0]!r} gives {count} score(s); "
                "give a name for each"
            )


def check_count(operation: Operation | type[Operation], inputs: Sequence[str]) -> None:
    """Refuse fewer or more values than an operation reads."""
    wanted = operation.inputs
    if (wanted is not None and len(inputs) != wanted) or (wanted is None and not inputs):
        raise InputError(
            f"{operation.kind} reads {wanted or 'at least 1'} value(s), {len(inputs)} are given; "
            "name them as its inputs"
        )


@contextmanager
def naming(layer: str) -> Iterator[None]:
    """Name the layer in whatever is wrong with it; options that fit no layer are bad input here."""
    try:
        yield
    except ConvtoolError as error:
        kind = InputError if isinstance(error, ArgumentError) else type(error)
        raise kind(f"layer {layer!r}: {error.message}", error.file) from error


def brief(names: Any) -> str:
    """Names for a message: all of a few, the first of many."""
    listed = list(names)
    more = "" if len(listed) <= 8 else f", … ({len(listed)} in all)"
    return ", ".join(listed[:8]) + more
