"""Pictures as they could have been as well: shifted, turned, scaled, mirrored, of other contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.data.dataset import Stored


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed; each time anew and at random, evenly up to what is said.

    Attributes
    ----------
    shift
        Pixels to each side.
    rotate
        Degrees to each side.
    scale
        Share by which a picture grows or shrinks: 0.1 is from 1 / 1.1 to 1.1 times.
    contrast
        Share by which the distance of values from their mean grows or shrinks.
    mirror
        Whether left and right change places, half of the time.
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    contrast: float = 0.0
    mirror: bool = False

    def __bool__(self) -> bool:
        return self != Augmentation()


def augmented(images: Stored, how: Augmentation, random: np.random.Generator) -> Float32:
    """Change images ``(n, C, H, W)``; what comes in from outside repeats the border.

    Values between pixels are bilinear: of the four around, each counts by how near it is.
    """
    changed = images.astype(np.float32)
    if how.shift or how.rotate or how.scale or how.mirror:
        changed = _sampled(changed, *_sources(images.shape, how, random))
    if how.contrast:
        factor = np.float32(1 + how.contrast) ** random.uniform(-1, 1, (len(images), 1, 1, 1)).astype(
            np.float32
        )
        mean = changed.mean(axis=(1, 2, 3), keepdims=True)
        changed = mean + factor * (changed - mean)
    return changed


def _sources(
    shape: tuple[int, ...], how: Augmentation, random: np.random.Generator
) -> tuple[Float32, Float32]:
    """Where every pixel of the result comes from, rows and columns ``(n, H, W)``."""
    count, _, height, width = shape
    angle = np.deg2rad(random.uniform(-how.rotate, how.rotate, count))
    grown = (1 + how.scale) ** random.uniform(-1, 1, count)
    moved = random.uniform(-how.shift, how.shift, (count, 2))
    mirrored = np.where(random.random(count) < 0.5, -1, 1) if how.mirror else np.ones(count)
    along, across = np.cos(angle) / grown, np.sin(angle) / grown
    matrix = np.stack((along, -across, mirrored * across, mirrored * along), axis=1).reshape(-1, 2, 2)
    middle = np.array([height - 1, width - 1]) / 2
    offset = middle - (matrix @ (middle + moved)[..., np.newaxis])[..., 0]
    lines = np.concatenate((matrix, offset[..., np.newaxis]), axis=2).astype(np.float32)
    (yy, yx, y0), (xy, xx, x0) = lines.transpose(1, 2, 0)[..., np.newaxis, np.newaxis]
    y, x = np.arange(height, dtype=np.float32)[:, np.newaxis], np.arange(width, dtype=np.float32)
    return yy * y + y0 + yx * x, xy * y + x0 + xx * x


def _sampled(images: Float32, y: Float32, x: Float32) -> Float32:
    """Values of images ``(n, C, H, W)`` at places ``(n, H, W)``, which may be outside."""
    count, channels, height, width = images.shape
    np.clip(y, 0, height - 1, out=y)
    np.clip(x, 0, width - 1, out=x)
    top = np.minimum(np.floor(y), np.float32(max(height - 2, 0)))
    left = np.minimum(np.floor(x), np.float32(max(width - 2, 0)))
    np.subtract(y, top, out=y)
    np.subtract(x, left, out=x)
    first = top.astype(np.intp)
    first *= width
    first += left.astype(np.intp)
    first += np.arange(count)[:, np.newaxis, np.newaxis] * (channels * height * width)
    below, right = min(1, height - 1) * width, min(1, width - 1)
    sampled = np.empty((count, channels, *first.shape[1:]), np.float32)
    for channel in range(channels):
        values = images.reshape(-1)[channel * height * width :]
        corners = [values[step:].take(first) for step in (0, right, below, below + right)]
        for near, far in (corners[:2], corners[2:]):
            far -= near
            far *= x
            near += far
        upper, _, lower, _ = corners
        lower -= upper
        lower *= y
        np.add(upper, lower, out=sampled[:, channel])
    return sampled
