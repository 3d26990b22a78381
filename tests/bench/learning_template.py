"""Normalised cross-correlation on photographs: against its definition in float64, and against the peers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.learn.learning import learn_filter
from convtool.learn.windows import Patch
from tests.bench.figures import Figure
from tests.bench.images import photograph
from tests.bench.peers import library, opencv
from tests.bench.photographs import gray

PLACES = {"camera": (90, 200), "coins": (100, 25), "coffee": (120, 250)}
"""Photographs, and where in them the template is cut out: at something that can be recognised."""
SIDES = (7, 15, 31, 64)
REACH = 1e-4
LARGE_SIDE, MOST_MEMORY = 2048, 4
CONTRAST = 2.0
"""Standard deviation of a window, of 255, from which on the peers' own arithmetic is precise."""


def figures(quick: bool) -> Iterator[Figure]:
    """The largest differences: from the definition everywhere, from the peers where windows have contrast."""
    for name, (y, x) in list(PLACES.items())[: 1 if quick else None]:
        picture = gray(name)
        for side in SIDES[: 1 if quick else None]:
            patch = Patch(picture, y, x, side, side)
            ours = correlation_map(picture, patch)
            truth, deviations = by_definition(picture, patch.values[0])
            clear = deviations >= CONTRAST
            yield Figure(
                f"{name}, {side}×{side}, from the definition", largest(ours, truth), REACH, most=True
            )
            for peer, theirs in (("OpenCV", _opencv), ("scikit-image", _skimage)):
                response = theirs(picture, patch.values[0])
                agrees = largest(ours[clear], response[clear])
                yield Figure(f"  {peer}, windows of σ ≥ {CONTRAST:g}", agrees, REACH, most=True)
                yield Figure(f"  {peer} itself from the definition", largest(response, truth))

    yield Figure("memory, in images of 2048²: image, map and all between", _memory(), MOST_MEMORY, most=True)


def _memory() -> float:
    """The peak of what NumPy holds while a correlation map is made, over the size of the image."""
    picture = photograph(LARGE_SIDE)
    patch = Patch(picture, 0, 0, 64, 64)
    bank = FilterBank(patch.values[0] - patch.values.mean(), normalize="local")
    tracemalloc.start()
    try:
        feature_maps(picture, bank, relu=False)
        return 1 + tracemalloc.get_traced_memory()[1] / picture.nbytes
    finally:
        tracemalloc.stop()


def correlation_map(picture: Float32, patch: Patch) -> Float32:
    """The response of the learned filter less its bias."""
    bank = learn_filter([patch], method="ncc").bank
    return feature_maps(picture, FilterBank(bank.weights[0, 0], normalize="local"), relu=False)


def by_definition(picture: Float32, template: Float32) -> tuple[np.ndarray, np.ndarray]:
    """``Σ (x − x̄)(t − t̄) / (‖x − x̄‖ ‖t − t̄‖)`` of every window in float64, 0 if constant; and its σ."""
    centred = template - template.mean(dtype=np.float64)
    centred /= np.linalg.norm(centred)
    windows = sliding_window_view(picture.astype(np.float64), template.shape)
    result, deviations = np.zeros(windows.shape[:2]), np.zeros(windows.shape[:2])
    for y, row in enumerate(windows):
        off = row - row.mean(axis=(1, 2), keepdims=True)
        lengths = np.sqrt(np.square(off).sum(axis=(1, 2)))
        varied = np.ptp(row, axis=(1, 2)) > 0
        np.divide((off * centred).sum(axis=(1, 2)), lengths, out=result[y], where=varied)
        deviations[y] = lengths / np.sqrt(template.size)
    return result, deviations


def largest(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two maps."""
    return float(np.abs(one - other).max())


def _opencv(picture: Float32, template: Float32) -> np.ndarray:
    cv2 = opencv(2)
    return np.asarray(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED))


def _skimage(picture: Float32, template: Float32) -> np.ndarray:
    return np.asarray(library("skimage.feature").match_template(picture.astype(np.float64), template))
