"""Pictures of lines that lie or stand: two classes that a small network soon tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.net.data.sets import write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

KINDS = ("level", "upright")


def lines(count: int, seed: int = 0, size: int = 8) -> tuple[NDArray[np.uint8], list[str]]:
    """Pictures ``(N, H, W)`` of one bright line each in noise, and their kinds: first those that lie."""
    random = np.random.default_rng([seed, count])
    images = random.integers(0, 60, (count, size, size), np.uint8)
    kinds = sorted(KINDS[number % 2] for number in range(count))
    for image, kind in zip(images, kinds, strict=True):
        (image if kind == "level" else image.T)[random.integers(1, size - 1)] = random.integers(180, 256)
    return images, kinds


def write_npz(path: Path | str, count: int, seed: int = 0, size: int = 8) -> None:
    images, kinds = lines(count, seed, size)
    np.savez(path, images=images, labels=kinds)


def write_lines(folder: Path, count: int, seed: int = 0, size: int = 8) -> Path:
    """A folder for each kind, the pictures in the order that they come in."""
    images, kinds = lines(count, seed, size)
    return write_folder(
        folder,
        {
            f"{kind}/{number:03}.png": image
            for number, (image, kind) in enumerate(zip(images, kinds, strict=True))
        },
    )
