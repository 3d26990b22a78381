"""Pictures and filters to measure with: a real photograph, and weights that are the same on every run."""

from __future__ import annotations

from functools import cache

import numpy as np

from convtool import load_filter, load_image
from convtool.core.arrays import Float32
from tests.readme import ROOT

CAMERA = ROOT / "samples" / "camera.png"
BRIGHTEST = 255
SEED = 7


@cache
def photograph(side: int) -> Float32:
    """``(side, side)``, whole numbers 0…255: one photograph in tiles.

    Each tile is turned or mirrored in another way than those beside it. Plain tiles would repeat
    within the window of a PNG's compression, and that would do less work than on a real picture.
    """
    tile = load_image(CAMERA)
    turned = [np.rot90(view, quarter) for view in (tile, tile.T) for quarter in range(4)]
    tiles = -(-side // len(tile))
    grid = [[turned[(y + x) % len(turned)] for x in range(tiles)] for y in range(tiles)]
    return np.ascontiguousarray(np.block(grid)[:side, :side])


@cache
def channels(count: int, side: int) -> Float32:
    """``(count, side, side)``: the photograph, moved on by some rows for each channel."""
    picture = photograph(side)
    return np.stack([np.roll(picture, channel, axis=0) for channel in range(count)])


def dense(filters: int, in_channels: int, size: int) -> Float32:
    """Weights ``(filters, in_channels, size, size)`` without any structure."""
    shape = (filters, in_channels, size, size)
    return np.random.default_rng(SEED).standard_normal(shape, np.float32)


def built_in(name: str) -> Float32:
    """Weights ``(1, 1, kh, kw)`` of a filter that convtool ships."""
    return load_filter(name).weights.copy()


def gabor() -> Float32:
    """A Gabor filter ``(1, 1, 11, 11)`` at 45°, of rank 2.

    ``g(y)·g(x)·cos(a·(y + x))`` is ``g·cos ⊗ g·cos − g·sin ⊗ g·sin``.
    """
    t = np.arange(-5, 6)
    envelope = np.exp(-(t**2) / 8)
    wave, shifted = envelope * np.cos(0.9 * t), envelope * np.sin(0.9 * t)
    kernel = np.outer(wave, wave) - np.outer(shifted, shifted)
    return kernel[np.newaxis, np.newaxis].astype(np.float32)
