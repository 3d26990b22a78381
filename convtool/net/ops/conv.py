"""Convolution: the bank of filters that a network learned, or that someone chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.convolution import check_groups, feature_maps, leaky_maps
from convtool.core.geometry import (
    OUTSIDE,
    Padding,
    PaddingMode,
    Pair,
    Sizes,
    Window,
    check_padding_mode,
    whole,
    window,
)
from convtool.core.pooling import PoolKind
from convtool.core.tiles import padded
from convtool.errors import InputError
from convtool.net.ops.base import Operation, Reach, Shape, maps_of

Sides = Padding | Literal["same_lower"]
"""Padding as of `convtool.conv2d`, or ``"same_lower"``: the odd cell at the start (ONNX SAME_LOWER)."""


@dataclass(frozen=True, eq=False)
class Conv(Operation):
    """Lay every filter of a bank on the maps; options as of `convtool.conv2d`."""

    kind: ClassVar[str] = "conv"

    bank: FilterBank
    stride: Sizes = 1
    padding: Sides = "valid"
    padding_mode: PaddingMode = "zeros"
    dilation: Sizes = 1
    groups: int = 1

    def __post_init__(self) -> None:
        whole("groups", self.groups)
        check_padding_mode(self.padding_mode)
        # Nothing of the maps is known yet; a stride of 0 is wrong whatever they are.
        self.windows((1, 1, 10**9, 10**9))

    def shape(self, *inputs: Shape) -> Shape:
        """``(N, O, H', W')``."""
        count, channels = maps_of(inputs[0])[:2]
        read = self.bank.in_channels * self.groups
        check_groups(channels, self.bank, self.groups)
        if channels != read:
            apart = f", or groups {channels} and a filter for each" if self.bank.in_channels == 1 else ""
            raise InputError(
                f"its input has {channels} channel(s), its filters read {read}; "
                f"give filters of {channels} channel(s){apart}"
            )
        rows, columns = self.windows(inputs[0])
        return count, len(self.bank), rows.count, columns.count

    def run(self, *inputs: Float32) -> Float32:
        """The responses."""
        return self.fused(inputs[0])

    def fused(
        self,
        maps: Float32,
        *,
        bank: FilterBank | None = None,
        relu: bool = False,
        pool: Sizes | None = None,
        pool_kind: PoolKind = "max",
        slopes: Sequence[float] | None = None,
    ) -> Float32:
        """The responses, rectified and pooled in the same pass; with another bank if one is given.

        With slopes, responses below 0 are multiplied by them, and nothing is rectified or pooled.
        """
        bank = bank or self.bank
        slide: dict[str, Any] = {
            "stride": self.stride,
            "padding": self._sides((maps.shape[2], maps.shape[3])),
            "padding_mode": self.padding_mode,
            "dilation": self.dilation,
            "groups": self.groups,
        }
        if slopes is not None:
            return leaky_maps(maps, bank, slopes, **slide)
        return feature_maps(maps, bank, relu=relu, pool=pool, pool_kind=pool_kind, **slide)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The filters where they looked, times the gradient; deviations of windows count as fixed."""
        maps = inputs[0]
        count, channels, *size = maps.shape
        windows = self.windows(maps.shape)
        if self.bank.normalize:
            gradient = self._by_deviations(gradient, maps, windows)
        weights = self.bank.weights.reshape(self.groups, -1, *self.bank.weights.shape[1:])
        shares = gradient.reshape(count, self.groups, -1, *gradient.shape[2:])
        rows, columns = windows
        heights, widths = (axis.sources(self.padding_mode) for axis in windows)
        around = np.zeros((count, channels, len(heights), len(widths)), np.float64)
        for y, x in np.ndindex(*self.bank.kernel_size):
            taps = np.einsum("ngohw,goi->ngihw", shares, weights[..., y, x], optimize=True)
            place = around[
                :,
                :,
                y * rows.dilation : y * rows.dilation + rows.stride * rows.count : rows.stride,
                x * columns.dilation : x * columns.dilation + columns.stride * columns.count : columns.stride,
            ]
            place += taps.reshape(place.shape)
        unpadded = _gathered(_gathered(around, heights, size[0], 2), widths, size[1], 3)
        return (unpadded.astype(np.float32),)

    def multiply_adds(self, output: Shape, *inputs: Shape) -> int:
        """One for every weight at every place."""
        return int(np.prod(output) * np.prod(self.bank.weights.shape[1:]))

    def reach(self, *inputs: Shape) -> Reach:
        """Of the window."""
        return reach_of(self.windows(inputs[0]))

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and, if there is any, bias."""
        bias = {"bias": self.bank.bias} if self.bank.bias.any() else {}
        return {"weights": self.bank.weights, **bias}

    def windows(self, shape: Shape) -> Window:
        """The windows over maps of a shape."""
        size = shape[2], shape[3]
        return window(
            size,
            self.bank.kernel_size,
            stride=self.stride,
            padding=self._sides(size),
            dilation=self.dilation,
            of=("map", "filter"),
        )

    def _sides(self, size: Pair) -> Padding:
        return sides_of(self.padding, size, self.bank.kernel_size, self.stride, self.dilation)

    def _by_deviations(self, gradient: Float32, maps: Float32, windows: Window) -> Float32:
        """Divided by the deviations of the windows that have a share."""
        rows, columns = windows
        reach = rows.reach, columns.reach
        along_y, along_x = (axis.reads(0, axis.count, self.padding_mode) for axis in windows)
        strip = padded(maps, along_y, along_x)
        views = sliding_window_view(strip, reach, (2, 3))[
            :, :, :: rows.stride, :: columns.stride, :: rows.dilation, :: columns.dilation
        ]
        divided = np.zeros_like(gradient)
        filters = gradient.shape[1] // self.groups
        for n, o, y, x in np.argwhere(gradient):
            group = int(o) // filters
            seen = views[n, group * self.bank.in_channels : (group + 1) * self.bank.in_channels, y, x]
            deviation = seen.std(dtype=np.float64)
            if deviation > 0:
                divided[n, o, y, x] = gradient[n, o, y, x] / deviation
        return divided


def sides_of(padding: Sides, size: Pair, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Padding:
    """Padding as `convtool.conv2d` knows it: ``same_lower`` is ``same`` with its sides exchanged."""
    if padding != "same_lower":
        return padding
    upper = window(size, kernel, stride=stride, padding="same", dilation=dilation)
    return tuple((axis.after, axis.before) for axis in upper)


def reach_of(windows: Window) -> Reach:
    """How a unit of a sliding window sees the map."""
    rows, columns = windows
    return Reach((rows.reach, columns.reach), (rows.stride, columns.stride), (-rows.before, -columns.before))


def _gathered(
    around: NDArray[np.float64], sources: NDArray[np.intp], size: int, axis: int
) -> NDArray[np.float64]:
    """Padded cells added up in the cells of the map that they copy."""
    moved = np.moveaxis(around, axis, 0)
    total = np.zeros((size, *moved.shape[1:]))
    inside = sources != OUTSIDE
    np.add.at(total, sources[inside], moved[inside])
    return np.moveaxis(total, 0, axis)
