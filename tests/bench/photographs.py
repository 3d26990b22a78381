"""Real photographs from scikit-image's wheel, as float32 planes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from convtool.core.arrays import Float32
from tests.bench.peers import library


def gray(name: str) -> Float32:
    """A photograph ``(H, W)``, its colour as brightness."""
    return _brightness(getattr(library("skimage.data"), name)())


def stereo() -> tuple[Float32, Float32, Float32]:
    """The left and the right photograph ``(H, W)``, and the left one's disparity: NaN where unknown."""
    left, right, disparity = library("skimage.data").stereo_motorcycle()
    known = np.where(np.isfinite(disparity), disparity, np.nan).astype(np.float32)
    return _brightness(left), _brightness(right), known


def faces() -> tuple[Float32, Float32]:
    """A hundred faces and a hundred windows that are none, ``(100, 25, 25)`` each."""
    pictures = library("skimage.data").lfw_subset().astype(np.float32)
    return pictures[:100], pictures[100:]


def _brightness(picture: Any) -> Float32:
    return np.asarray(Image.fromarray(picture).convert("L"), np.float32)
