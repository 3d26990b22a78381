"""Thousands of photographs in a folder: views of a few real ones, no two alike, the same on every run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.bench.peers import library

SOURCES = (
    *("astronaut", "brick", "camera", "cat", "coffee", "coins", "grass", "gravel"),
    *("hubble_deep_field", "immunohistochemistry", "moon", "retina", "rocket"),
)
"""Photographs in scikit-image's wheel, as its functions are called: some in colour, some gray."""

A_FOLDER = 100
"""Photographs that lie in one folder."""

PAN = 64
"""Pixels that a view is moved by, at most."""

QUALITY = 90


def take(folder: Path, count: int, side: int = 512) -> list[Path]:
    """Write ``count`` photographs of ``side``², PNG and JPEG in turns, into folders of a hundred."""
    paths = []
    for number in range(count):
        suffix = "jpg" if (number // len(SOURCES)) % 2 else "png"
        path = folder / f"{number // A_FOLDER:03}" / f"{number:05}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(view(number, side)).save(path, compress_level=1, quality=QUALITY)
        paths.append(path)
    return paths


def view(number: int, side: int) -> NDArray[np.uint8]:
    """``(side, side)`` or ``(side, side, 3)``: a place in a photograph, turned or mirrored."""
    random = np.random.default_rng(number)
    picture = _at_least(SOURCES[number % len(SOURCES)], side + PAN)
    y, x = random.integers(0, PAN, 2, endpoint=True)
    turned = np.rot90(picture[y : y + side, x : x + side], random.integers(4))
    return np.ascontiguousarray(turned[:, ::-1] if random.integers(2) else turned)


@cache
def _at_least(name: str, side: int) -> NDArray[np.uint8]:
    """A photograph whose shorter side has ``side`` pixels."""
    picture = Image.fromarray(getattr(library("skimage.data"), name)())
    scale = side / min(picture.size)
    wide, high = (max(side, round(length * scale)) for length in picture.size)
    return np.asarray(picture.resize((wide, high), Image.Resampling.LANCZOS))
