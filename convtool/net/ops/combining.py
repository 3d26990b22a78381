"""What joins several values, and values that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.net.ops.activations import axis_of
from convtool.net.ops.base import Operation, Shape, by, frozen


class _Paired(Operation):
    """Two values, spread over each other's axes as in NumPy."""

    inputs: ClassVar[int | None] = 2

    def shape(self, *inputs: Shape) -> Shape:
        """The shape that both are spread to."""
        try:
            return np.broadcast_shapes(*inputs)
        except ValueError:
            raise InputError(
                f"its inputs are {by(inputs[0])} and {by(inputs[1])}; "
                "they must be of one shape, or 1 along an axis"
            ) from None


@dataclass(frozen=True, eq=False)
class Add(_Paired):
    """``a + b``."""

    kind: ClassVar[str] = "add"

    def run(self, *inputs: Float32) -> Float32:
        """The sums."""
        return np.add(*inputs)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The gradient, to both."""
        return tuple(_narrowed(gradient, each.shape) for each in inputs)


@dataclass(frozen=True, eq=False)
class Multiply(_Paired):
    """``a · b``."""

    kind: ClassVar[str] = "multiply"
    linear: ClassVar[bool] = False

    def run(self, *inputs: Float32) -> Float32:
        """The products."""
        return np.multiply(*inputs)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times the other factor."""
        first, second = inputs
        return _narrowed(gradient * second, first.shape), _narrowed(gradient * first, second.shape)


@dataclass(frozen=True, eq=False)
class Concat(Operation):
    """Values one behind the other along an axis: the channels, if none is named."""

    kind: ClassVar[str] = "concat"
    inputs: ClassVar[int | None] = None

    axis: int = 1

    def shape(self, *inputs: Shape) -> Shape:
        """Sizes summed along the axis."""
        axis = axis_of(self.axis, len(inputs[0]))
        others = {shape[:axis] + shape[axis + 1 :] for shape in inputs}
        if len(others) > 1 or any(len(shape) != len(inputs[0]) for shape in inputs):
            told = ", ".join(map(by, inputs))
            raise InputError(f"its inputs are {told}; they must be alike but along axis {axis}")
        return *inputs[0][:axis], sum(shape[axis] for shape in inputs), *inputs[0][axis + 1 :]

    def run(self, *inputs: Float32) -> Float32:
        """All in one array."""
        return np.concatenate(inputs, self.axis)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """To each its part."""
        ends = np.cumsum([each.shape[self.axis] for each in inputs])
        return tuple(np.split(gradient, ends[:-1], self.axis))


@dataclass(frozen=True, eq=False)
class Constant(Operation):
    """An array that is part of the network."""

    kind: ClassVar[str] = "constant"
    inputs: ClassVar[int | None] = 0

    value: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", frozen("value", self.value))

    def shape(self, *inputs: Shape) -> Shape:
        """Its own."""
        return np.asarray(self.value).shape

    def run(self, *inputs: Float32) -> Float32:
        """The array."""
        return np.asarray(self.value)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """It has no inputs."""
        return ()


def _narrowed(gradient: Float32, shape: Shape) -> Float32:
    """A gradient summed over the axes that a value was spread over."""
    summed: Float32 = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and summed.shape[axis] != 1)
    narrowed: Float32 = summed.sum(axis=axes, keepdims=True) if axes else summed
    return narrowed
