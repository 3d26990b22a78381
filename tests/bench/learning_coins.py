"""Coins: learned from one row of the photograph, found in all of it."""

from __future__ import annotations

from collections.abc import Iterator

from convtool.core.convolution import feature_maps
from convtool.learn.learning import learn_filter
from convtool.learn.peaks import find_peaks
from convtool.learn.windows import Patch
from tests.bench.figures import Figure
from tests.bench.photographs import gray

ROW = slice(92, 152)
"""The second of four rows of coins, with nothing of the others."""
SIDE = 48
NEAR = 14
"""Cells by which a find may be beside a coin's centre."""

CENTRES = (
    *((54, 44), (56, 100), (51, 155), (51, 215), (52, 276), (44, 335)),
    *((124, 45), (126, 103), (128, 154), (124, 206), (120, 270), (125, 337)),
    *((197, 44), (196, 102), (198, 154), (193, 213), (194, 273), (187, 347)),
    *((260, 46), (266, 114), (261, 172), (264, 244), (264, 301), (268, 358)),
)
"""Rows and columns of the coins, read off by eye; the second six are those of `ROW`."""


def figures(quick: bool) -> Iterator[Figure]:
    """Coins found and false alarms, at the default threshold and overlap."""
    picture = gray("coins")
    row = picture[ROW]
    half = SIDE // 2
    patches = [Patch(row, y - ROW.start - half, x - half, SIDE, SIDE) for y, x in CENTRES[6:12]]
    for method, reaches in (("ncc", (22, 1)), ("bank", (None, None)), ("lda", (None, None))):
        bank = learn_filter(patches, method=method).bank
        finds = find_peaks(feature_maps(picture, bank, relu=False), SIDE)
        centres = [(find.y + half, find.x + half) for find in finds]
        found = [
            centre
            for centre in CENTRES
            if any(abs(centre[0] - y) <= NEAR and abs(centre[1] - x) <= NEAR for y, x in centres)
        ]
        yield Figure(f"{method}, coins found of {len(CENTRES)}", len(found), reaches[0])
        yield Figure(f"{method}, false alarms", len(finds) - len(found), reaches[1], most=True)
