"""The sample drawings: all there, and what their script draws."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.strokes import FOLDER, strokes

GRAYS = 2.0
"""How far a picture may be from its drawing, on the mean: libraries draw an edge a little otherwise."""


def test_the_samples_are_what_is_drawn() -> None:
    drawn = strokes()
    assert {path.relative_to(FOLDER) for path in FOLDER.rglob("*.png")} == set(drawn)
    for path, pixels in drawn.items():
        sample = np.asarray(Image.open(FOLDER / path), np.float64)
        assert sample.shape == pixels.shape
        assert np.abs(sample - pixels).mean() <= GRAYS, path
