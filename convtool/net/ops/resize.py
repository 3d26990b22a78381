"""Maps made larger or smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair, is_real, pair
from convtool.errors import ArgumentError, InputError
from convtool.net.ops.base import Operation, Reach, Shape, by

ResizeMode = Literal["nearest", "linear"]
Coordinates = Literal[
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"
]
Rounding = Literal["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


@dataclass(frozen=True, eq=False)
class Resize(Operation):
    """Rows and columns (the last two axes) by a factor, or to a size; the words are ONNX's.

    Attributes
    ----------
    scale
        Factors of rows and columns; with ``size``, they are of sizes.
    size
        Rows and columns of the result.
    mode
        ``nearest`` copies a cell, ``linear`` mixes the four around a place.
    coordinates
        Where the place of a cell lies among those of the input.
    rounding
        Which cell is the nearest.

    References
    ----------
    ONNX operator Resize, version 13.
    """

    kind: ClassVar[str] = "resize"

    scale: Sequence[float] | float | None = None
    size: Pair | None = None
    mode: ResizeMode = "nearest"
    coordinates: Coordinates = "half_pixel"
    rounding: Rounding = "round_prefer_floor"

    def __post_init__(self) -> None:
        if (self.scale is None) == (self.size is None):
            raise ArgumentError("resize takes a scale or a size; give one of them")
        if self.size is not None:
            object.__setattr__(self, "size", pair("size", self.size))
        if self.scale is not None:
            scales = self.scale if isinstance(self.scale, Sequence) else (self.scale, self.scale)
            if len(scales) != 2 or not all(is_real(scale) and 0 < scale < np.inf for scale in scales):
                raise ArgumentError(f"scale is {self.scale!r}; it must be a number above 0, or a (y, x) pair")
            object.__setattr__(self, "scale", tuple(map(float, scales)))
        for name, words in (("mode", ResizeMode), ("coordinates", Coordinates), ("rounding", Rounding)):
            if getattr(self, name) not in get_args(words):
                raise ArgumentError(
                    f"{name} is {getattr(self, name)!r}; choose one of {', '.join(get_args(words))}"
                )

    def shape(self, *inputs: Shape) -> Shape:
        """The last two axes resized."""
        if len(inputs[0]) < 2:
            raise InputError(f"it resizes rows and columns, its input is {by(inputs[0])}")
        sizes = tuple(out for _, out, _ in self._axes(inputs[0]))
        if min(sizes) < 1:
            raise InputError(f"of its input {by(inputs[0])}, nothing is left")
        return *inputs[0][:-2], *sizes

    def run(self, *inputs: Float32) -> Float32:
        """The resized maps."""
        resized = inputs[0]
        for axis, weights in enumerate(self._mixes(resized.shape), resized.ndim - 2):
            low, high, share = weights
            taken = resized.take(low, axis)
            if share.any():
                shares = share.reshape(-1, *[1] * (resized.ndim - 1 - axis)).astype(np.float32)
                taken += (resized.take(high, axis) - taken) * shares
            resized = taken
        return resized

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Added up in the cells that were mixed."""
        for axis, (low, high, share) in enumerate(self._mixes(inputs[0].shape), gradient.ndim - 2):
            moved = np.moveaxis(gradient, axis, 0)
            total = np.zeros((inputs[0].shape[axis], *moved.shape[1:]), np.float32)
            shares = share.reshape(-1, *[1] * (moved.ndim - 1)).astype(np.float32)
            np.add.at(total, low, moved * (1 - shares))
            np.add.at(total, high, moved * shares)
            gradient = np.moveaxis(total, 0, axis)
        return (gradient,)

    def reach(self, *inputs: Shape) -> Reach:
        """One cell, or two that are mixed."""
        cells = 2 if self.mode == "linear" else 1
        (_, _, down), (_, _, across) = self._axes(inputs[0])
        return Reach((cells, cells), (1 / down, 1 / across))

    def _axes(self, shape: Shape) -> list[tuple[int, int, float]]:
        """Cells before, cells after, and the factor, for rows and columns."""
        if self.size is not None:
            return [(n, out, out / n) for n, out in zip(shape[-2:], self.size, strict=True)]
        scales: tuple[float, float] = self.scale  # type: ignore[assignment]
        # In float32, as ONNX holds scales: 0.7 of 10 cells are 7.
        return [
            (n, floor(np.float32(n) * np.float32(scale)), scale)
            for n, scale in zip(shape[-2:], scales, strict=True)
        ]

    def _mixes(self, shape: Shape) -> list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
        """For rows and columns, which two cells each comes of, and the share of the second."""
        mixes = []
        for cells, out, scale in self._axes(shape):
            places = self._places(cells, out, scale)
            if self.mode == "nearest":
                nearest = np.clip(_rounded(places, self.rounding), 0, cells - 1).astype(np.intp)
                mixes.append((nearest, nearest, np.zeros(out)))
                continue
            places = np.clip(places, 0, cells - 1)
            low = np.minimum(np.floor(places).astype(np.intp), max(cells - 2, 0))
            mixes.append((low, np.minimum(low + 1, cells - 1), places - low))
        return mixes

    def _places(self, cells: int, out: int, scale: float) -> NDArray[np.float64]:
        """Where each cell of the result lies among those of the input."""
        numbers = np.arange(out, dtype=np.float64)
        match self.coordinates:
            case "asymmetric":
                return numbers / scale
            case "align_corners":
                span = scale * cells - 1
                return numbers * (cells - 1) / span if out > 1 else np.zeros(out)
            case "pytorch_half_pixel" if out == 1:
                return np.zeros(out)
            case "half_pixel_symmetric":
                # From middle to middle: exactly whole where it should be, so that no rounding is in doubt.
                return (cells - 1) / 2 + (numbers - (out - 1) / 2) / scale
            case _:
                return (numbers + 0.5) / scale - 0.5


def _rounded(places: NDArray[np.float64], rounding: Rounding) -> NDArray[np.float64]:
    match rounding:
        case "floor":
            return np.floor(places)
        case "ceil":
            return np.ceil(places)
        case "round_prefer_ceil":
            return np.floor(places + 0.5)
        case _:
            return np.ceil(places - 0.5)
