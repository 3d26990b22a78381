"""Colour maps as small tables: a sequential one, a diverging one with 0 in its middle, and gray."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Colormap = Literal["viridis", "blue-orange", "gray"]
COLORMAPS: tuple[Colormap, ...] = get_args(Colormap)

DIVERGING: Colormap = "blue-orange"
"""The one whose middle means 0."""

SHADES = 256
"""Colours of a palette."""

_ANCHORS: dict[Colormap, str] = {
    # Nathaniel Smith, Stéfan van der Walt, Eric Firing: the default of matplotlib, given to all as CC0.
    # Every eighth of its 256 colours; those between are within 2 of 255.
    "viridis": """
        440154 470d60 48186a 482374 472d7b 453681 424086 3f4989 3b528b 375a8d 33638d
        2f6a8e 2c728e 297a8e 26818e 23898e 21908c 1f988b 1f9f88 21a685 28ae80 31b57b
        3ebc74 4cc26c 5dc963 6ece58 82d34c 96d83f abdc32 c0df24 d5e21a eae51a fde725""",
    # Drawn for convtool, under its licence (MIT): in OKLab (Björn Ottosson, 2020) two arms from the same
    # light gray to the same dark, of hues 258° and 52°, which nearly everybody tells apart.
    "blue-orange": """
        034394 0556b8 1c6bd5 3a82e9 5a9af7 7fb1fc a5c9fe cbdffc f5f5f5
        f7d6c3 f5b792 ee9862 e27a30 c96410 ab540b 8d4407 703504""",
    "gray": "000000 ffffff",
}


@cache
def palette(name: Colormap) -> NDArray[np.uint8]:
    """The colours ``(256, 3)`` of a map, from its lowest value to its highest.

    Examples
    --------
    >>> palette("gray")[[0, 100, 255]].tolist()
    [[0, 0, 0], [100, 100, 100], [255, 255, 255]]
    """
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _ANCHORS[name].split()])
    places = np.linspace(0, len(anchors) - 1, SHADES)
    parts = [np.interp(places, np.arange(len(anchors)), part) for part in anchors.T]
    colours: NDArray[np.uint8] = np.rint(np.stack(parts, axis=1)).astype(np.uint8)
    colours.flags.writeable = False  # shared by all that ask for it
    return colours
