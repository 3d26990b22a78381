"""Pictures with something in them to be found, and what plain loops say of their windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    Place = tuple[int, int]


def noise(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """A picture of 8 bits in which nothing is like anything else."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def scene(seed: int, height: int, width: int, mark: NDArray[Any], *places: Place) -> NDArray[np.uint8]:
    """Noise, and at these places a mark, each time darker and with less contrast than before."""
    picture = noise(seed, height, width)
    rows, columns = mark.shape
    for times, (y, x) in enumerate(places):
        picture[y : y + rows, x : x + columns] = np.rint(mark * 0.8**times)
    return picture


def save(path: str | PathLike[str], picture: NDArray[Any]) -> None:
    """A picture as a file: ``(H, W)``, ``(H, W, 3)``."""
    PIL.Image.fromarray(picture).save(path)


def luma(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brightness of ``(H, W, 3)``, as Pillow has it."""
    return np.asarray(PIL.Image.fromarray(colour).convert("L"))


def standard(patch: NDArray[Any]) -> NDArray[np.float64]:
    """A patch of mean 0 and length 1."""
    exact = patch.astype(np.float64)
    centred = exact - exact.mean()
    result: NDArray[np.float64] = centred / np.sqrt((centred**2).sum())
    return result


def correlations(picture: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float64]:
    """The correlation coefficient of weights and every window of their size, ``(H', W')``."""
    (height, width), (rows, columns) = weights.shape, picture.shape
    found = np.empty((rows - height + 1, columns - width + 1))
    for y, x in np.ndindex(found.shape):
        found[y, x] = (standard(picture[y : y + height, x : x + width]) * standard(weights)).sum()
    return found


def shared(one: Place, other: Place, size: Place) -> float:
    """What two windows of one size have in common: their intersection over their union."""
    down, across = (max(0, n - abs(a - b)) for n, a, b in zip(size, one, other, strict=True))
    return down * across / (2 * size[0] * size[1] - down * across)


def background(shape: Place, size: Place, *patches: Place) -> list[Place]:
    """The windows of a picture that share no more with any patch than two finds may share."""
    places = np.ndindex(shape[0] - size[0] + 1, shape[1] - size[1] + 1)
    return [place for place in places if all(shared(place, patch, size) <= 0.3 for patch in patches)]


def threshold(responses: list[float], false_alarms: float) -> float:
    """The lowest response that at most this share of them is above."""
    ordered = sorted(responses, reverse=True)
    return ordered[int(false_alarms * len(ordered))]


def peaks(responses: NDArray[Any], size: Place, least: float, overlap: float) -> list[Place]:
    """Places of local maxima, the highest first, less those that share too much with one before."""
    rows, columns = responses.shape
    best = []
    for y, x in np.ndindex(rows, columns):
        around = responses[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        if responses[y, x] == around.max() and responses[y, x] > least:
            best.append((y, x))
    found: list[Place] = []
    for place in sorted(best, key=lambda place: -responses[place]):
        if all(shared(place, other, size) <= overlap for other in found):
            found.append(place)
    return found
