"""Pools: the largest or the mean value of every window, or of every map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Padding, Pair, Sizes, Window
from convtool.core.pooling import (
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool2d,
    pool_windows,
    window_areas,
)
from convtool.net.ops.base import Operation, Reach, Shape, maps_of
from convtool.net.ops.conv import Sides, reach_of, sides_of


@dataclass(frozen=True, eq=False)
class _Pool(Operation):
    """A window that slides over every map by itself; ``stride`` defaults to ``size``."""

    size: Sizes
    stride: Sizes | None = None
    padding: Sides = 0
    ceil_mode: bool = False
    dilation: Sizes = 1

    def __post_init__(self) -> None:
        # Nothing of the maps is known yet; a stride of 0 is wrong whatever they are.
        self.windows((1, 1, 10**9, 10**9))

    def shape(self, *inputs: Shape) -> Shape:
        """``(N, C, H', W')``."""
        rows, columns = self.windows(maps_of(inputs[0]))
        return *inputs[0][:2], rows.count, columns.count

    def reach(self, *inputs: Shape) -> Reach:
        """Of the window."""
        return reach_of(self.windows(inputs[0]))

    def windows(self, shape: Shape) -> Window:
        """The windows over maps of a shape."""
        size = shape[2], shape[3]
        return pool_windows(size, self.size, self.stride, self._sides(size), self.dilation, self.ceil_mode)

    def _sides(self, size: Pair) -> Padding:
        stride = self.size if self.stride is None else self.stride
        return sides_of(self.padding, size, self.size, stride, self.dilation)

    def _options(self, maps: Float32) -> dict[str, Any]:
        sides = self._sides((maps.shape[2], maps.shape[3]))
        options = {"kernel_size": self.size, "stride": self.stride, "padding": sides}
        return {**options, "dilation": self.dilation, "ceil_mode": self.ceil_mode}


@dataclass(frozen=True, eq=False)
class MaxPool(_Pool):
    """The largest value of every window; options as of `convtool.max_pool2d`."""

    kind: ClassVar[str] = "max_pool"

    def run(self, *inputs: Float32) -> Float32:
        """The largest values."""
        pooled: Float32 = max_pool2d(inputs[0], **self._options(inputs[0]))
        return pooled

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """All to the cell that won: of equal ones the first."""
        _, places = max_pool2d(inputs[0], **self._options(inputs[0]), return_indices=True)
        return (_scattered(gradient, places, inputs[0].shape),)


@dataclass(frozen=True, eq=False)
class AvgPool(_Pool):
    """The mean of every window; options as of `convtool.avg_pool2d`."""

    kind: ClassVar[str] = "avg_pool"
    count_include_pad: bool = True

    def run(self, *inputs: Float32) -> Float32:
        """The means."""
        return avg_pool2d(inputs[0], **self._options(inputs[0]), count_include_pad=self.count_include_pad)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Shared out evenly over the cells of each window."""
        (maps,) = inputs
        windows = self.windows(maps.shape)
        heights, widths = window_areas(windows, self.count_include_pad)
        shares = gradient / (heights[:, np.newaxis] * widths)
        for axis, along in enumerate(windows, 2):
            taps = along.dilation * np.arange(along.kernel) - along.before
            seen = np.arange(along.count)[:, np.newaxis] * along.stride + taps
            cells = (seen[..., np.newaxis] == np.arange(along.size)).sum(axis=1)
            shares = np.moveaxis(np.tensordot(cells, shares, (0, axis)), 0, axis)
        return (shares.astype(np.float32),)


@dataclass(frozen=True, eq=False)
class _GlobalPool(Operation):
    """One value for every map, kept as a map of one cell."""

    def shape(self, *inputs: Shape) -> Shape:
        """``(N, C, 1, 1)``."""
        maps_of(inputs[0])
        return *inputs[0][:2], 1, 1

    def reach(self, *inputs: Shape) -> None:
        """All."""


@dataclass(frozen=True, eq=False)
class GlobalMaxPool(_GlobalPool):
    """The largest value of every map."""

    kind: ClassVar[str] = "global_max_pool"

    def run(self, *inputs: Float32) -> Float32:
        """The largest values."""
        return global_max_pool2d(inputs[0])

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """All to the cell that won."""
        (maps,) = inputs
        places = maps.reshape(*maps.shape[:2], -1).argmax(axis=2)[:, :, np.newaxis, np.newaxis]
        return (_scattered(gradient, places, maps.shape),)


@dataclass(frozen=True, eq=False)
class GlobalAvgPool(_GlobalPool):
    """The mean of every map."""

    kind: ClassVar[str] = "global_avg_pool"

    def run(self, *inputs: Float32) -> Float32:
        """The means."""
        return global_avg_pool2d(inputs[0])

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Shared out evenly."""
        (maps,) = inputs
        return (np.broadcast_to(gradient / (maps.shape[2] * maps.shape[3]), maps.shape).astype(np.float32),)


def _scattered(gradient: Float32, places: NDArray[np.integer[Any]], shape: Shape) -> Float32:
    """Values added up at their places in every plane."""
    total = np.zeros((shape[0] * shape[1], shape[2] * shape[3]), np.float32)
    planes = np.arange(len(total))[:, np.newaxis]
    within = places.reshape(len(total), -1)
    np.add.at(total, (planes, within), np.where(within >= 0, gradient.reshape(len(total), -1), 0))
    return total.reshape(shape)
