"""Circles, crosses and squares drawn by chance; ``python -m tests.strokes`` writes ``samples/strokes/``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.readme import ROOT

FOLDER = ROOT / "samples" / "strokes"
CLASSES = ("circle", "cross", "square")
PARTS = {"train": 30, "test": 10}
"""Pictures of each class."""

SIDE, FINE = 16, 4
"""Pixels of a picture, and of how many it is drawn along each of them."""

NOISE = 12.0
"""Deviation of the gray of every pixel."""


def stroke(kind: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture ``(16, 16)`` of one drawing, light on dark: its place, size and pen as chance has it."""
    canvas = Image.new("L", (SIDE * FINE,) * 2, 0)
    draw = ImageDraw.Draw(canvas)
    middle = SIDE * FINE / 2 + random.uniform(-2, 2, 2) * FINE
    reach = random.uniform(3.5, 5.5, 2) * FINE
    (left, top), (right, bottom) = middle - reach, middle + reach
    pen, light = round(random.uniform(1.2, 2.2) * FINE), int(random.integers(150, 256))
    match kind:
        case "circle":
            draw.ellipse((left, top, right, bottom), outline=light, width=pen)
        case "cross":
            draw.line((left, top, right, bottom), fill=light, width=pen)
            draw.line((left, bottom, right, top), fill=light, width=pen)
        case "square":
            draw.rectangle((left, top, right, bottom), outline=light, width=pen)
    small = np.asarray(canvas, np.float64).reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))
    return np.clip(np.rint(small + random.normal(0, NOISE, small.shape)), 0, 255).astype(np.uint8)


def strokes() -> dict[Path, NDArray[np.uint8]]:
    """All pictures, by their paths below the folder."""
    random = np.random.default_rng(0)
    return {
        Path(part, kind, f"{number:02}.png"): stroke(kind, random)
        for part, count in PARTS.items()
        for kind in CLASSES
        for number in range(1, count + 1)
    }


if __name__ == "__main__":
    for path, pixels in strokes().items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(FOLDER / path, optimize=True)
