"""Patches and windows of pictures as vectors: mean 0, length 1, so that light and contrast don't count."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, as_planes
from convtool.core.geometry import Pair
from convtool.errors import ArgumentError, InputError
from convtool.learn.peaks import OVERLAP, overlapping

Vectors = NDArray[np.float64]
"""``(N, n)``, a patch or window a row, its ``n = C·height·width`` values of mean 0 and length 1."""

RESOLVED = 1e-6
"""A vector shorter than this share of its values is constant but for rounding."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A window of a picture that shows what is looked for.

    Parameters
    ----------
    picture
        ``(H, W)`` or ``(C, H, W)``.
    y, x, height, width
        Its top left cell and its size; by default the whole picture.
    name
        What messages call it.

    Attributes
    ----------
    planes
        The picture as float32 ``(C, H, W)``.
    size
        ``(height, width)``
    values
        The patch itself, ``(C, height, width)``.

    Raises
    ------
    ArgumentError
        Coordinates that are no whole numbers.
    InputError
        It reaches beyond the picture, or all its values are alike.

    Examples
    --------
    >>> Patch(np.arange(12.0).reshape(3, 4), 1, 1, 2, 2).values.tolist()
    [[[5.0, 6.0], [9.0, 10.0]]]
    """

    picture: ArrayLike
    y: int = 0
    x: int = 0
    height: int | None = None
    width: int | None = None
    name: str = "the patch"
    planes: Float32 = field(init=False)
    size: Pair = field(init=False)

    def __post_init__(self) -> None:
        planes = picture_planes(self.name, self.picture)
        rows, columns = planes.shape[1:]
        height = rows - self.y if self.height is None else self.height
        width = columns - self.x if self.width is None else self.width
        if not all(isinstance(cell, int | np.integer) for cell in (self.y, self.x, height, width)):
            raise ArgumentError(
                f"{self.name}: y, x, height and width are {self.y!r}, {self.x!r}, {height!r} and {width!r}; "
                "they must be whole numbers"
            )
        inside = 0 <= self.y <= rows - height and 0 <= self.x <= columns - width
        if height < 1 or width < 1 or not inside:
            raise InputError(
                f"{self.name}: {height}×{width} at row {self.y}, column {self.x} is not inside its picture "
                f"of {rows}×{columns}; a patch is Y,X,H,W with Y+H ≤ {rows} and X+W ≤ {columns}"
            )
        object.__setattr__(self, "planes", planes)
        object.__setattr__(self, "size", (height, width))
        if not is_varied(self.values):
            raise InputError(
                f"{self.name}: all values of the patch are alike; choose one that shows something"
            )

    @property
    def values(self) -> Float32:
        """``(C, height, width)``."""
        height, width = self.size
        return self.planes[:, self.y : self.y + height, self.x : self.x + width]


@dataclass(frozen=True, eq=False)
class Background:
    """A picture, and which of its windows do not show what is looked for.

    Attributes
    ----------
    planes
        ``(C, H, W)``.
    counts
        ``(H', W')``: the windows that count, by their top left cells.
    name
        What messages call it.
    """

    planes: Float32
    counts: NDArray[np.bool_]
    name: str


def picture_planes(name: str, picture: ArrayLike) -> Float32:
    """A picture as ``(C, H, W)``, all its values finite."""
    planes = as_planes(name, picture)
    if len(planes.values) != 1:
        raise InputError(f"{name} has shape {planes.values.shape}; give pictures one by one")
    if not np.isfinite(planes.values).all():
        raise InputError(f"{name} holds NaN or infinity; put finite numbers in their place")
    values: Float32 = planes.values[0]
    return values


def normalized(values: NDArray[Any]) -> Vectors:
    """Patches ``(N, …)`` as vectors ``(N, n)``: mean 0, length 1; constant ones are 0."""
    vectors = values.reshape(len(values), -1).astype(np.float64)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


def is_varied(values: Float32) -> bool:
    """Whether a patch has any contrast beyond rounding."""
    exact = values.astype(np.float64)
    return bool(np.ptp(exact) > RESOLVED * np.abs(exact).max())


def background_of(picture: ArrayLike, size: Pair, name: str) -> Background:
    """A picture of which every window counts."""
    planes = picture_planes(name, picture)
    rows, columns = (n - k + 1 for n, k in zip(planes.shape[1:], size, strict=True))
    if rows < 1 or columns < 1:
        raise InputError(
            f"{name}: {planes.shape[1]}×{planes.shape[2]} is smaller than the patches' {size[0]}×{size[1]}; "
            "use larger pictures or smaller patches"
        )
    return Background(planes, np.ones((rows, columns), np.bool_), name)


def rest_of_pictures(patches: Sequence[Patch]) -> list[Background]:
    """The pictures that patches were cut from, each once, without the windows that overlap one of them.

    A window that shares no more with a patch than two finds may share is background: it has to be
    told from the patch.
    """
    rests: dict[Hashable, Background] = {}
    for patch in patches:
        height, width = patch.size
        whole_picture = background_of(patch.planes, patch.size, patch.name)
        rest = rests.setdefault(identity(patch.picture), whole_picture)
        near = overlapping(patch.size, OVERLAP)
        top, left = max(0, patch.y - height + 1), max(0, patch.x - width + 1)
        place = rest.counts[top : patch.y + height, left : patch.x + width]
        first_row, first_column = top - patch.y + height - 1, left - patch.x + width - 1
        place &= ~near[first_row:, first_column:][: place.shape[0], : place.shape[1]]
    return [rest for rest in rests.values() if rest.counts.any()]


def identity(picture: ArrayLike) -> Hashable:
    """The same for views of the same cells, such as ``images[0]`` each time it is asked for."""
    if isinstance(picture, np.ndarray):
        return picture.__array_interface__["data"][0], picture.shape, picture.strides, picture.dtype.str
    return id(picture)


def windows(planes: Float32, size: Pair, places: NDArray[np.intp]) -> Float32:
    """The windows ``(N, C, height, width)`` at places ``(N, 2)``."""
    views = sliding_window_view(planes, size, axis=(1, 2))
    return views[:, places[:, 0], places[:, 1]].swapaxes(0, 1)


def place_of_copy(planes: Float32, patch: Float32) -> Pair | None:
    """Where a picture holds exact copies of a patch: the first place, or ``None``."""
    height, width = patch.shape[1:]
    if any(n < k for n, k in zip(planes.shape[1:], (height, width), strict=True)):
        return None
    rows, columns = planes.shape[1] - height + 1, planes.shape[2] - width + 1
    alike = np.ones((rows, columns), np.bool_)
    for y, x in ((0, 0), (height - 1, width - 1), (height // 2, width // 2), (0, width - 1)):
        alike &= (planes[:, y : y + rows, x : x + columns] == patch[:, y, x][:, np.newaxis, np.newaxis]).all(
            0
        )
    for y, x in np.argwhere(alike).tolist():
        if np.array_equal(planes[:, y : y + height, x : x + width], patch):
            return y, x
    return None
