"""Values as pixels: pictures as they look, and what is small or large made to a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.view.drawings.drawing import Codes
from convtool.view.resampling import area_means
from convtool.view.scales import Scale


def span_codes(values: NDArray[Any], low: float, high: float) -> Codes:
    """``low`` is black, ``high`` white; all is black where they are the same."""
    codes: Codes = np.rint((values - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    return codes


def picture_codes(pictures: Sequence[NDArray[Any]]) -> list[Codes]:
    """Pictures ``(C, H, W)`` as they look: three channels in colour, any others as their mean.

    Pictures of 8 bits keep their values; other numbers, all of them together, are spread over 0…255.
    """
    planes = [as_image(picture) for picture in pictures]
    low = min((float(each.min()) for each in planes), default=0)
    high = max((float(each.max()) for each in planes), default=0)
    if low >= 0 and high <= 255 and (high > 1 or high == low):
        low, high = 0, 255
    return [span_codes(each, low, high) for each in planes]


def as_image(planes: NDArray[Any]) -> NDArray[Any]:
    """Planes ``(C, H, W)`` as Pillow has them: ``(H, W, 3)`` of three, else their mean ``(H, W)``."""
    if planes.ndim != 3 or 0 in planes.shape:
        raise InputError(f"a picture of shape {planes.shape}; it must be (C, H, W), with at least one value")
    check_finite("a picture", planes)
    return planes.transpose(1, 2, 0) if len(planes) == 3 else planes.mean(axis=0)


def check_finite(what: str, values: NDArray[Any]) -> None:
    """Refuse what has no place on a scale."""
    if not np.isfinite(values).all():
        raise InputError(f"{what} holds NaN or infinity; only finite values can be drawn")


def enlarged(codes: Codes, zoom: int) -> Codes:
    """Each cell as ``zoom`` × ``zoom`` pixels."""
    return codes.repeat(zoom, axis=0).repeat(zoom, axis=1)


def held_by(shape: tuple[int, ...], side: int) -> tuple[int, Pair]:
    """How ``side`` × ``side`` pixels hold cells ``(H, W)``: the pixels of each, and how many they become.

    Small maps are enlarged by whole cells; of large ones each pixel is a cell of what they are reduced to.
    """
    height, width = shape
    longest = max(height, width)
    if longest <= side:
        return side // longest, (height, width)
    return 1, (max(1, round(height * side / longest)), max(1, round(width * side / longest)))


def map_codes(values: NDArray[Any], scale: Scale, side: int) -> Codes:
    """A map ``(H, W)`` in the colours of a scale, as large as ``side`` × ``side`` pixels hold."""
    zoom, size = held_by(values.shape, side)
    return enlarged(scale.colours(area_means(values, size)), zoom)


def resized(codes: Codes, side: int) -> Codes:
    """A picture as large as ``side`` × ``side`` pixels hold: enlarged by whole cells, or reduced."""
    zoom, size = held_by(codes.shape[:2], side)
    if size == codes.shape[:2]:
        return enlarged(codes, zoom)
    picture = Image.fromarray(np.ascontiguousarray(codes))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.LANCZOS))
