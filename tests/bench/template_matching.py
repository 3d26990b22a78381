"""A locally normalised filter, the correlation coefficient of a template at every place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool import FilterBank, feature_maps
from convtool.core.arrays import Float32
from tests.bench.case import Case, Peer, Setting
from tests.bench.images import photograph
from tests.bench.peers import library, opencv
from tests.bench.timing import Run

CASES = ((2048, 7, 1.0), (2048, 15, 1.0), (2048, 64, 0.5), (512, 7, 1.0), (512, 15, 1.0), (512, 64, 0.5))
"""Sides of picture and template, and the ratio to reach against OpenCV."""

AGREEMENT = 0.01
"""The mean difference allowed: on windows with hardly any contrast, the peers are off by more."""


def cases(setting: Setting) -> Iterator[Case]:
    """Templates cut out of the photograph that they are looked for in."""
    for side, size, reach in CASES:
        yield _case(setting, setting.side(side), min(size, setting.side(side) // 4), reach)


def _case(setting: Setting, side: int, size: int, reach: float) -> Case:
    def template() -> Float32:
        corner = side // 3
        return np.ascontiguousarray(photograph(side)[corner : corner + size, corner : corner + size])

    def ours() -> Run:
        centred = template() - template().mean(dtype=np.float64)
        bank = FilterBank(centred / np.linalg.norm(centred) / size, normalize="local")
        image = photograph(side)
        return lambda: feature_maps(image, bank, relu=False, threads=setting.threads)

    def match_template() -> Run:
        cv2, image, part = opencv(setting.threads), photograph(side), template()
        return lambda: cv2.matchTemplate(image, part, cv2.TM_CCOEFF_NORMED)

    def skimage() -> Run:
        match = library("skimage.feature").match_template
        # In float32 it is off by more than its whole range where windows hardly vary.
        image, part = photograph(side).astype(np.float64), template().astype(np.float64)
        return lambda: match(image, part)

    peers = (Peer("OpenCV", reach, match_template), Peer("scikit-image", 3, skimage))
    return Case(f"template matching, {side}²", f"{size}×{size}", ours, peers, _agree)


def _agree(ours: Float32, theirs: Float32) -> None:
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < AGREEMENT
