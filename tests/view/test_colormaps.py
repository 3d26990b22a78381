"""The colour maps as they are seen: how light they are along their way, and told apart by everyone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from convtool.view.colormaps import COLORMAPS, DIVERGING, SHADES, palette


def lightness(colours: np.ndarray) -> np.ndarray:
    """L* of CIE 1976 of sRGB colours ``(N, 3)``, from 0 to 100."""
    parts = colours / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_palette_has_256_colours_that_nobody_changes(name: str) -> None:
    colours = palette(name)
    assert (colours.shape, colours.dtype) == ((SHADES, 3), np.uint8)
    assert len(np.unique(colours, axis=0)) > 250
    with pytest.raises(ValueError, match="read-only"):
        colours[0] = 0


@pytest.mark.parametrize("name", ["viridis", "gray"])
def test_a_sequential_map_gets_lighter_all_the_way(name: str) -> None:
    light = lightness(palette(name))
    assert all(later >= before for before, later in pairwise(light[::4]))
    assert light[-1] - light[0] > 70


def test_viridis_is_matplotlibs_at_its_ends_and_in_its_middle() -> None:
    assert palette("viridis")[[0, 128, 255]].tolist() == [[68, 1, 84], [33, 145, 140], [253, 231, 37]]


def test_both_arms_of_the_diverging_map_darken_alike_from_a_light_middle() -> None:
    light = lightness(palette(DIVERGING))
    cold, warm = light[: SHADES // 2][::-1], light[SHADES // 2 :]
    assert min(cold[0], warm[0]) > 95
    assert all(later < before for arm in (cold, warm) for before, later in pairwise(arm[::4]))
    assert np.abs(cold - warm).max() < 6


def test_the_arms_of_the_diverging_map_are_blue_and_orange() -> None:
    red, _, blue = palette(DIVERGING).astype(int).T
    assert (blue - red)[: SHADES // 2 - 4].min() > 0
    assert (red - blue)[SHADES // 2 + 4 :].min() > 0
