"""Values as pixels: which gray or colour a value is, and small pictures enlarged cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convtool.errors import InputError
from convtool.view.drawing import Codes

_MIDDLE = 127.5  # the gray of a signed value of 0


def signed_codes(values: NDArray[Any], largest: float) -> Codes:
    """0 is mid-gray, ``largest`` white, ``-largest`` black."""
    codes: Codes = np.rint(_MIDDLE + _MIDDLE * values / largest).astype(np.uint8)
    return codes


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


def fitting(codes: Codes, side: int) -> Codes:
    """A picture as large as ``side`` × ``side`` pixels hold: enlarged by whole cells, or reduced."""
    height, width = codes.shape[:2]
    longest = max(height, width)
    if longest <= side:
        return enlarged(codes, side // longest)
    size = (max(1, round(width * side / longest)), max(1, round(height * side / longest)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(codes)).resize(size, Image.Resampling.LANCZOS))
