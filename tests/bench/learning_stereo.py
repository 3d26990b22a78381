"""Patches of the left stereo photograph, looked for in the whole right one: as it is, and spoilt in ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.convolution import feature_maps
from convtool.learn.learning import learn_filter
from convtool.learn.peaks import find_peaks
from convtool.learn.windows import Patch
from tests.bench.figures import Figure, bootstrapped
from tests.bench.peers import library
from tests.bench.photographs import stereo

SIDE = 21
PATCHES = 200
SEED = 0
NEAR = 3.0
"""Cells by which a hit may be off, along either axis."""

FLAT, SEEN, CORNER = 3.0, 0.98, 20.0
"""A patch lies at one depth (disparities within 3 cells), is visible on the right (98 % of its cells), and
has structure in both directions (the lesser eigenvalue of its structure tensor; Shi and Tomasi, 1994)."""

DEGREES, NOISE, BLUR, SCALES = 12.0, 20.0, 1.5, (0.9, 1.1)


class Place(NamedTuple):
    """A patch of the left photograph, by its centre, and where that centre is on the right."""

    y: int
    x: int
    right_y: float
    right_x: float


Spoilt = tuple[Float32, Callable[[float, float], tuple[float, float]]]
"""A picture made of the right photograph, and where it has moved a place."""

REACHES = {("as it is", "ncc"): 0.98, ("turned by 12°", "bank"): 0.95}


def figures(quick: bool) -> Iterator[Figure]:
    """Shares of patches whose best response is where it should be."""
    left, right, disparity = stereo()
    places = _places(left, disparity, 20 if quick else PATCHES)
    for name, (picture, moved) in _spoilt(right):
        for method in ("ncc", "bank"):
            hits = [
                hit for place in places if (hit := _is_hit(place, left, picture, moved, method)) is not None
            ]
            reach = REACHES.get((name, method))
            yield Figure(
                f"{name}, {method}, {len(hits)} patches",
                float(np.mean(hits)),
                reach,
                interval=bootstrapped(hits),
            )


def _is_hit(
    place: Place,
    left: Float32,
    picture: Float32,
    moved: Callable[[float, float], tuple[float, float]],
    method: str,
) -> bool | None:
    """Whether the best find is at the place; ``None`` if that has left the picture."""
    half = SIDE // 2
    y, x = moved(place.right_y, place.right_x)
    if not (half <= y < picture.shape[0] - half and half <= x < picture.shape[1] - half):
        return None
    patch = Patch(left, place.y - half, place.x - half, SIDE, SIDE)
    bank = learn_filter([patch], method=method).bank
    (best,) = find_peaks(feature_maps(picture, bank, relu=False), SIDE, threshold=-np.inf, top=1)
    return abs(best.y + half - y) <= NEAR and abs(best.x + half - x) <= NEAR


def _spoilt(right: Float32) -> Iterator[tuple[str, Spoilt]]:
    ndimage = library("scipy.ndimage")
    middle = (np.array(right.shape) - 1) / 2

    def warped(matrix: np.ndarray) -> Spoilt:
        """``output[p] = right[middle + matrix @ (p − middle)]``."""
        picture = ndimage.affine_transform(
            right, matrix, middle - matrix @ middle, order=1, mode="nearest", output=np.float32
        )
        back = np.linalg.inv(matrix)
        return picture, lambda y, x: tuple(middle + back @ (np.array([y, x]) - middle))

    def stays(y: float, x: float) -> tuple[float, float]:
        return y, x

    angle = np.radians(DEGREES)
    noise = np.random.default_rng(SEED).normal(0, NOISE, right.shape)
    yield "as it is", (right, stays)
    yield "turned by 12°", warped(np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))
    for scale in SCALES:
        yield f"scaled by {scale}", warped(np.eye(2) / scale)
    yield f"noise of {NOISE:g}", ((right + noise).astype(np.float32), stays)
    yield f"blurred by {BLUR:g}", (ndimage.gaussian_filter(right, BLUR), stays)


def _places(left: Float32, disparity: Float32, count: int) -> list[Place]:
    """Patches drawn at random among those that the right photograph shows."""
    random, half = np.random.default_rng(SEED), SIDE // 2
    visible = _visible(disparity)
    places: list[Place] = []
    while len(places) < count:
        y, x = (int(random.integers(half, n - half)) for n in left.shape)
        window = slice(y - half, y + half + 1), slice(x - half, x + half + 1)
        depths = disparity[window]
        if np.isnan(depths).any() or np.ptp(depths) > FLAT or visible[window].mean() < SEEN:
            continue
        right_x = x - float(disparity[y, x])
        if right_x >= half and _corner(left[window]) >= CORNER:
            places.append(Place(y, x, y, right_x))
    return places


def _visible(disparity: Float32) -> np.ndarray:
    """Which cells of the left photograph no nearer cell hides on the right."""
    height, width = disparity.shape
    there = np.rint(np.arange(width) - disparity)
    known = np.isfinite(there) & (there >= 0)
    nearest = np.full((height, width + 2), -np.inf)
    rows, columns = np.nonzero(known)
    targets = there[known].astype(int) + 1
    np.maximum.at(nearest, (rows, targets), disparity[known])
    around = np.maximum(
        np.maximum(nearest[rows, targets - 1], nearest[rows, targets]), nearest[rows, targets + 1]
    )
    visible = np.zeros(disparity.shape, np.bool_)
    visible[rows, columns] = disparity[known] >= around - 1
    return visible


def _corner(patch: Float32) -> float:
    down, across = np.gradient(patch)
    tensor = [[(a * b).mean() for a in (down, across)] for b in (down, across)]
    return float(np.linalg.eigvalsh(tensor)[0])
