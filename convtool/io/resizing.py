"""Images made to the size that a network reads."""

from __future__ import annotations

import numpy as np
from PIL import Image

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair


def resized(planes: Float32, size: Pair) -> Float32:
    """Planes ``(C, H, W)`` at another size ``(H, W)``: bilinear, over all cells that shrink into one.

    That is Pillow's ``BILINEAR``, in float32 from first to last.
    """
    height, width = size
    return np.stack(
        [
            np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
            for plane in np.ascontiguousarray(planes, np.float32)
        ]
    )
