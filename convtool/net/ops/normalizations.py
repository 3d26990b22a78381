"""Normalisation with what was measured in training, or with what stands beside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32
from convtool.core.geometry import is_real, whole
from convtool.errors import ArgumentError, InputError
from convtool.net.ops.activations import Pointwise
from convtool.net.ops.base import Shape, by, frozen, maps_of

PARTS = ("scale", "shift", "mean", "variance")


@dataclass(frozen=True, eq=False)
class BatchNorm(Pointwise):
    """``scale · (x − mean) / √(variance + epsilon) + shift``, a number each a channel.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """

    kind: ClassVar[str] = "batch_norm"

    scale: ArrayLike
    shift: ArrayLike
    mean: ArrayLike
    variance: ArrayLike
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        for name in PARTS:
            object.__setattr__(self, name, frozen(name, getattr(self, name), (1,)))
        shapes = {name: getattr(self, name).shape for name in PARTS}
        if len(set(shapes.values())) > 1:
            told = ", ".join(f"{name} {by(shape)}" for name, shape in shapes.items())
            raise InputError(f"its arrays differ in length: {told}; give one number a channel")
        if not is_real(self.epsilon):
            raise ArgumentError(f"epsilon is {self.epsilon!r}; it must be a number")
        if not (np.asarray(self.variance, np.float64) + self.epsilon > 0).all():
            raise InputError("variance and epsilon sum to 0 or less in a channel; they must be above 0")

    def shape(self, *inputs: Shape) -> Shape:
        """That of the input."""
        channels = len(np.asarray(self.scale))
        if len(inputs[0]) < 2 or inputs[0][1] != channels:
            raise InputError(f"it has numbers for {channels} channel(s), its input is {by(inputs[0])}")
        return inputs[0]

    def run(self, *inputs: Float32) -> Float32:
        """The normalised values."""
        factor, offset = (part.reshape(-1, *[1] * (inputs[0].ndim - 2)) for part in self.line)
        normalized = inputs[0] * factor.astype(np.float32)
        normalized += offset.astype(np.float32)
        return normalized

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times the factor."""
        factor = self.line[0].reshape(-1, *[1] * (gradient.ndim - 2))
        return ((gradient * factor).astype(np.float32),)

    @cached_property
    def line(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        """Factor and offset of each channel, in float64."""
        scale, shift, mean, variance = (np.asarray(getattr(self, name), np.float64) for name in PARTS)
        factor = scale / np.sqrt(variance + self.epsilon)
        return factor, shift - mean * factor


@dataclass(frozen=True, eq=False)
class LocalResponseNorm(Pointwise):
    """``x / (bias + alpha / size · Σ x²)^beta`` over ``size`` channels around each.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", NIPS 2012; the parameters are ONNX's.
    """

    kind: ClassVar[str] = "local_response_norm"
    linear: ClassVar[bool] = False

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 1.0

    def __post_init__(self) -> None:
        whole("size", self.size)
        for name in ("alpha", "beta", "bias"):
            if not is_real(getattr(self, name)):
                raise ArgumentError(f"{name} is {getattr(self, name)!r}; it must be a number")

    def shape(self, *inputs: Shape) -> Shape:
        """That of the input."""
        return maps_of(inputs[0])

    def run(self, *inputs: Float32) -> Float32:
        """The normalised values."""
        level = self._level(inputs[0])
        return inputs[0] / level ** np.float32(self.beta)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Through the value itself and through the level around it."""
        level = self._level(inputs[0])
        around = self._summed(gradient * output / level, turned=True)
        factor = np.float32(2 * self.alpha * self.beta / self.size)
        return (gradient / level ** np.float32(self.beta) - factor * inputs[0] * around,)

    def _level(self, maps: Float32) -> Float32:
        around = self._summed(np.square(maps), turned=False)
        around *= np.float32(self.alpha / self.size)
        around += np.float32(self.bias)
        return around

    def _summed(self, values: Float32, *, turned: bool) -> Float32:
        """Sums over the channels around each; of an even size the odd one behind it, or turned, before it."""
        channels = values.shape[1]
        before, after = (self.size - 1) // 2, self.size - 1 - (self.size - 1) // 2
        if turned:
            before, after = after, before
        total = np.zeros_like(values)
        for step in range(max(-before, 1 - channels), min(after, channels - 1) + 1):
            first, stop = max(0, -step), min(channels, channels - step)
            total[:, first:stop] += values[:, first + step : stop + step]
        return total
