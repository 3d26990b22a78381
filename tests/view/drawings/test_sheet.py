"""The contact sheet: every map in its place, on its own scale or on one for all."""

from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import LimitError
from convtool.io import limits as limits_module
from convtool.io.limits import Limits, parse_size
from convtool.view.drawings.bars import THICK
from convtool.view.drawings.drawing import HEAD, MARGIN, Drawing, Tile
from convtool.view.drawings.looks import Look
from convtool.view.drawings.panels import Panel, map_panel, picture_panel
from convtool.view.drawings.sheet import LEAST, layout, maps_sheet
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = Limits()


def panel(*values: float, title: str = "a", look: Look = Look()) -> Panel:  # noqa: B008  it is frozen
    return map_panel(np.float32([values]), title, "", look)


def pictured(*shape: int) -> Panel:
    return picture_panel(np.full(shape, 99, np.uint8), "photo", Look())


def maps_of(drawing: Drawing) -> list[Tile]:
    return [tile for tile in tiles(drawing) if len(tile.codes) > THICK]


def test_each_map_has_its_title_its_colours_and_its_scale() -> None:
    drawing = layout([panel(0, 4, title="one"), panel(-1, 2, title="two")], Look(), LIMITS)
    assert texts(drawing)[:2] == ["2 maps", "each map on a scale of its own"]
    assert_tidy(drawing)
    first, second = maps_of(drawing)
    for tile, name, values, scale in (
        (first, "one", [0, 4], Scale(0, 4, "viridis")),
        (second, "two", [-1, 2], Scale(-1, 2, "blue-orange")),
    ):
        assert_equal(tile.codes[0, ::128], scale.colours(np.array(values)))
        (title,) = written(drawing, name)
        assert title.x == tile.x
        assert title.y < tile.y


def test_one_scale_stands_above_all() -> None:
    look = Look(shared=True)
    drawing = layout([panel(0, 4), panel(-1, 2), pictured(1, 9, 9)], look, LIMITS)
    assert texts(drawing)[:2] == ["3 maps and pictures", "one scale for all maps, from -1 to 4"]
    assert texts(drawing)[2:5] == ["-1", "4", "0"]
    bar, *rest = tiles(drawing)
    assert len(rest) == 3
    assert (bar.x, bar.y) == (MARGIN, HEAD)
    scale = Scale(-1, 4, "blue-orange")
    assert_equal(rest[0].codes[0, ::128], scale.colours(np.array([0, 4])))
    assert_equal(rest[1].codes[0, ::128], scale.colours(np.array([-1, 2])))
    assert (rest[2].codes == 99).all()
    assert_tidy(drawing)


def test_a_given_scale_stands_above_all_and_says_what_it_clips() -> None:
    look = Look(limits=(0, 3))
    drawing = layout([panel(0, 4, look=look), panel(1, 2, look=look)], look, LIMITS)
    assert texts(drawing)[1:4] == ["one scale for all maps, from 0 to 3", "0", "3"]
    assert [text for text in texts(drawing) if "clipped" in text] == ["50.0 % clipped", "nothing clipped"]
    assert_tidy(drawing)


@pytest.mark.parametrize(
    ("panels", "title", "line"),
    [
        ([panel(1)], "1 map", "colours by value"),
        ([pictured(1, 9, 9)], "1 picture", "as they look"),
        ([pictured(3, 9, 9)] * 2, "2 pictures", "as they look"),
        ([pictured(3, 9, 9), panel(1)], "2 maps and pictures", "colours by value"),
    ],
)
def test_what_there_is(panels: list[Panel], title: str, line: str) -> None:
    assert texts(layout(panels, Look(), LIMITS))[:2] == [title, line]
    if not any(panel.picture for panel in panels):
        return
    drawing = layout(panels, Look(shared=True), LIMITS)
    assert_tidy(drawing)


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (9, 3), (16, 4), (100, 12)])
def test_it_is_about_as_wide_as_high(count: int, columns: int) -> None:
    square = map_panel(np.zeros((4, 4), np.float32), "a", "", Look())
    drawing = layout([square] * count, Look(), LIMITS)
    assert len({tile.x for tile in maps_of(drawing)}) == columns


def test_of_very_many_the_first_are_drawn_and_all_are_counted() -> None:
    drawing = layout((panel(k, title=str(k)) for k in range(300)), Look(), LIMITS)
    assert texts(drawing)[0] == "300 maps, of which the first 256 are shown"
    assert len(maps_of(drawing)) == 256
    assert written(drawing, "255")
    assert not written(drawing, "256")


def test_small_maps_leave_room_for_their_words() -> None:
    look = Look(zoom=1)
    drawing = layout([panel(1, look=look), panel(2, look=look)], look, LIMITS)
    assert drawing.width >= LEAST + 2 * MARGIN
    assert_tidy(drawing)


def test_the_picture_shows_the_maps() -> None:
    values = np.float32([[0, 1], [2, 3]])
    sheet = [map_panel(values, "a", "", Look())]
    picture = pixels(maps_sheet(sheet, Look(), LIMITS))
    tile = tiles(layout(sheet, Look(), LIMITS))[0]
    shown = picture[tile.y : tile.y + 256 : 128, tile.x : tile.x + 256 : 128]
    assert_equal(shown, Scale(0, 3, "viridis").colours(values))


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        (Limits(100_000), lambda enough: Limits(int(enough))),
        (Limits(memory=2_000_000), lambda enough: Limits(memory=parse_size(enough))),
    ],
)
def test_a_refusal_says_what_is_enough_for_all(limits: Limits, allowed: Callable[[str], Limits]) -> None:
    look = Look(zoom=100, shared=True)
    maps = [panel(number, 9, look=look) for number in range(100)]
    with pytest.raises(
        LimitError, match=r"^the sheet would have \d+ pixels at --zoom 100, .*--max-\w+ "
    ) as told:
        layout(maps, look, limits)
    (enough,) = re.findall(r"--max-\w+ (\w+)", str(told.value))
    drawing = layout(maps, look, allowed(enough))
    assert str(drawing.width * drawing.height) in str(told.value)
    assert len(maps_of(drawing)) == 100


def test_what_is_refused_keeps_no_values() -> None:
    look = Look(zoom=100)
    kept = []

    def panels():
        for _ in range(20):
            values = np.ones((1, 10), np.float32)
            kept.append(weakref.ref(values))
            yield map_panel(values, "a", "", look)

    with pytest.raises(LimitError, match=r"^the sheet would have \d+ pixels at --zoom 100, fewer at") as told:
        layout(panels(), look, Limits(300_000))
    assert told.traceback  # which holds all that is kept: the three that fit, and the last
    assert [number for number, each in enumerate(kept) if each() is not None] == [0, 1, 2, 19]


def test_what_was_refused_is_not_drawn_when_memory_comes_free(monkeypatch: pytest.MonkeyPatch) -> None:
    available = iter([0])
    monkeypatch.setattr(limits_module, "available_memory", lambda: next(available, 10**12))
    look = Look(zoom=2500)
    with pytest.raises(LimitError, match=r"^the sheet would have 6250000 pixels at .*half of what is avail"):
        layout([panel(1, look=look)], look, Limits())


def test_the_paper_counts_too() -> None:
    look = Look(zoom=100)
    with pytest.raises(LimitError, match=r"^the sheet would have \d+ pixels at --zoom 100, fewer at"):
        layout([panel(1, look=look)], look, Limits(10_000))


sizes = st.one_of(
    st.tuples(st.integers(1, 40), st.integers(1, 40)), st.sampled_from([(1, 1000), (1000, 1), (300, 300)])
)


@given(
    st.lists(
        st.tuples(
            st.text(max_size=60), sizes, st.sampled_from([1e-30, 1, 12345.678, 3e38]), st.integers(0, 2)
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([Look(), Look(shared=True), Look(limits=(-1, 1)), Look(colormap="gray", zoom=2)]),
)
def test_any_maps_are_tidy(maps: list[tuple[str, tuple[int, int], float, int]], look: Look) -> None:
    panels = []
    for title, shape, largest, kind in maps:
        if kind == 0:
            panels.append(picture_panel(np.ones((1, *shape), np.uint8), title, look))
            continue
        values = np.random.default_rng(1).uniform(1 - kind, 1, shape).astype(np.float32)
        panels.append(map_panel(values * np.float32(largest), title, title, look))
    drawing = layout(panels, look, LIMITS)
    assert_tidy(drawing)
    has_key = any(not panel.picture for panel in panels) and look.one_scale
    bars = sum(panel.has_bar(Scale(0, 1, "gray") if look.one_scale else None) for panel in panels)
    assert len(tiles(drawing)) == len(panels) + bars + has_key
