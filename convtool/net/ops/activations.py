"""Activations: each value by itself, or a vector of scores as probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.activation import rectify, relu
from convtool.core.arrays import Float32
from convtool.core.geometry import is_real
from convtool.errors import ArgumentError, InputError
from convtool.net.ops.base import Operation, Shape, by, frozen

quiet = np.errstate(over="ignore", under="ignore", invalid="ignore")


class Pointwise(Operation):
    """Each value by itself: the shape stays."""

    def shape(self, *inputs: Shape) -> Shape:
        """That of the input."""
        return inputs[0]


@dataclass(frozen=True, eq=False)
class Relu(Pointwise):
    """Rectify: ``max(0, x)``."""

    kind: ClassVar[str] = "relu"

    def run(self, *inputs: Float32) -> Float32:
        """The rectified values."""
        if inputs[0].ndim < 2:
            return relu(inputs[0])
        rectified = np.empty_like(inputs[0])
        rectify(inputs[0], rectified)
        return rectified

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Passed where the value is above 0."""
        return (gradient * (inputs[0] > 0),)


@dataclass(frozen=True, eq=False)
class LeakyRelu(Pointwise):
    """``x`` above 0, ``slope · x`` below."""

    kind: ClassVar[str] = "leaky_relu"

    slope: float = 0.01

    def __post_init__(self) -> None:
        _check_number("slope", self.slope)

    def run(self, *inputs: Float32) -> Float32:
        """The values, those below 0 made smaller."""
        return leaky(inputs[0], np.float32(self.slope))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times 1 above 0, times the slope below."""
        return (np.where(inputs[0] > 0, gradient, gradient * np.float32(self.slope)),)


@dataclass(frozen=True, eq=False)
class PRelu(Pointwise):
    """``x`` above 0, ``slope · x`` below, with learned slopes: one, or one a channel.

    Slopes of one axis are those of the channels; of more, they are spread over the last axes.

    References
    ----------
    He et al., "Delving deep into rectifiers", ICCV 2015.
    """

    kind: ClassVar[str] = "prelu"

    slope: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "slope", frozen("slope", self.slope))

    def shape(self, *inputs: Shape) -> Shape:
        """That of the input."""
        slopes = self._spread(len(inputs[0])).shape
        try:
            spread = np.broadcast_shapes(slopes, inputs[0])
        except ValueError:
            spread = ()
        if spread != inputs[0]:
            raise InputError(
                f"slope has shape {by(slopes)}, its input is {by(inputs[0])}; give one a channel"
            )
        return inputs[0]

    def run(self, *inputs: Float32) -> Float32:
        """The values, those below 0 times their slope."""
        return leaky(inputs[0], self._spread(inputs[0].ndim))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times 1 above 0, times the slope below."""
        return (np.where(inputs[0] > 0, gradient, gradient * self._spread(inputs[0].ndim)),)

    def _spread(self, ndim: int) -> Float32:
        slope: Float32 = self.slope  # type: ignore[assignment]
        return slope.reshape(-1, *[1] * (ndim - 2)) if slope.ndim == 1 else slope


@dataclass(frozen=True, eq=False)
class Clip(Pointwise):
    """Cut off at both ends: ``min(max(x, low), high)``."""

    kind: ClassVar[str] = "clip"

    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self) -> None:
        _check_number("low", self.low)
        _check_number("high", self.high)

    def run(self, *inputs: Float32) -> Float32:
        """The values, none beyond the ends."""
        return np.minimum(np.maximum(inputs[0], np.float32(self.low)), np.float32(self.high))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Passed where the value is between the ends."""
        inside = (inputs[0] > self.low) & (inputs[0] < self.high)
        return (gradient * inside,)


@dataclass(frozen=True, eq=False)
class Sigmoid(Pointwise):
    """Squeeze between 0 and 1: ``1 / (1 + exp(−x))``."""

    kind: ClassVar[str] = "sigmoid"
    linear: ClassVar[bool] = False

    @quiet
    def run(self, *inputs: Float32) -> Float32:
        """Values from 0 to 1."""
        squeezed = np.exp(-inputs[0])
        squeezed += np.float32(1)
        return np.reciprocal(squeezed, out=squeezed)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times ``y·(1 − y)``."""
        return (gradient * output * (1 - output),)


@dataclass(frozen=True, eq=False)
class Tanh(Pointwise):
    """Squeeze between −1 and 1: ``tanh(x)``."""

    kind: ClassVar[str] = "tanh"
    linear: ClassVar[bool] = False

    def run(self, *inputs: Float32) -> Float32:
        """Values from −1 to 1."""
        return np.tanh(inputs[0])

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times ``1 − y²``."""
        return (gradient * (1 - output * output),)


@dataclass(frozen=True, eq=False)
class Softmax(Operation):
    """``exp(x) / Σ exp(x)`` along an axis, or over all axes from one on (``flat``, as ONNX before 13)."""

    kind: ClassVar[str] = "softmax"
    linear: ClassVar[bool] = False

    axis: int = 1
    flat: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """That of the input."""
        self._axes(len(inputs[0]))
        return inputs[0]

    @quiet
    def run(self, *inputs: Float32) -> Float32:
        """Probabilities that sum to 1."""
        axes = self._axes(inputs[0].ndim)
        powers = np.exp(inputs[0] - inputs[0].max(axis=axes, keepdims=True))
        probabilities: Float32 = powers / powers.sum(axis=axes, keepdims=True)
        return probabilities

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """``y·(g − Σ g·y)`` of the gradient ``g``."""
        shared = (gradient * output).sum(axis=self._axes(output.ndim), keepdims=True)
        return (output * (gradient - shared),)

    def _axes(self, ndim: int) -> tuple[int, ...]:
        first = axis_of(self.axis, ndim)
        return tuple(range(first, ndim)) if self.flat else (first,)


def axis_of(axis: int, ndim: int) -> int:
    """An axis counted from 0, of one that may be counted from the end."""
    if not -ndim <= axis < ndim:
        raise InputError(f"axis is {axis}, its input has {ndim} axes; use {-ndim} to {ndim - 1}")
    return axis % ndim


def leaky(values: Float32, slope: Float32 | np.float32) -> Float32:
    """``max(x, 0) + slope · min(x, 0)``: twice as fast as to choose one of both."""
    low = np.minimum(values, np.float32(0))
    low *= slope
    low += np.maximum(values, np.float32(0))
    return low


def _check_number(name: str, value: object) -> None:
    if not is_real(value):
        raise ArgumentError(f"{name} is {value!r}; it must be a number")
