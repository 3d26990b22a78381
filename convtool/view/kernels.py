"""The filters of a layer as one picture: a row for each filter, a column for each channel it reads."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from PIL import Image

from convtool.core.arrays import Float32
from convtool.view.drawing import as_png
from convtool.view.pixels import enlarged, signed_codes

TILE = 32
"""Pixels of a filter's side, at least."""

GAP, PAPER = 3, 40
"""Pixels between filters, and their gray."""

MOST = 4096
"""How many kernels are drawn."""


def kernel_sheet(weights: Float32) -> bytes:
    """A PNG of kernels ``(O, I, kh, kw)``: 0 is mid-gray, the largest magnitude of all white or black.

    Filters of one channel are laid out in a square. Of more than 4096 kernels the first are drawn.
    """
    filters, channels = weights.shape[:2]
    columns = ceil(sqrt(filters)) if channels == 1 else min(channels, MOST)
    kernels = weights.reshape(-1, *weights.shape[2:])[:MOST]
    rows = ceil(len(kernels) / columns)
    zoom = ceil(TILE / max(kernels.shape[1:]))
    height, width = (zoom * side for side in kernels.shape[1:])
    largest = float(np.abs(kernels).max()) or 1.0
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP), PAPER, np.uint8)
    for number, kernel in enumerate(kernels):
        row, column = divmod(number, columns)
        y, x = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[y : y + height, x : x + width] = enlarged(signed_codes(kernel, largest), zoom)
    return as_png(Image.fromarray(sheet))
