"""The sheet of stages: the image, and a row of a filter and its maps for each filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import LimitError
from convtool.io.limits import Limits
from convtool.view.drawings.drawing import Drawing
from convtool.view.drawings.looks import Look
from convtool.view.drawings.panels import input_panel
from convtool.view.drawings.stages import FilterRow, Heading, layout, stages_sheet
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written

LIMITS = Limits()
IMAGE = np.float32([[1, 0, 2], [3, 1, 0], [0, 0, 4]])
DIAGONAL = np.float32([[[1, 0], [0, 1]]])
RESPONSE, POOLED = np.float32([[2, 0], [3, -5]]), np.float32([[3]])


def row(label: str = "diagonal", weights: Any = DIAGONAL, bias: float = 0) -> FilterRow:
    return FilterRow(label, weights, bias, (RESPONSE, np.maximum(RESPONSE, 0), POOLED))


CONV = "stride 1 · padding valid · cross-correlation"


def drawn(*rows: FilterRow, look: Look = Look(), picture: bool = False) -> Drawing:  # noqa: B008  it is frozen
    image = input_panel(IMAGE, "input", look, picture=picture)
    return layout(image, rows, Heading("notes.json", CONV, "max 2×2"), look, LIMITS)


def test_the_image_and_then_a_row_of_a_filter_and_its_maps() -> None:
    drawing = drawn(row())
    assert texts(drawing) == [
        *("notes.json", f"1 filter · {CONV} · each map on a scale of its own"),
        *("input", "3x3 · at 8,500 %", "1", "0", "2", "3", "1", "0", "0", "0", "4", "0", "4"),
        *("filter", "response", "feature map (ReLU)", "pooled map (max 2x2)"),
        *("diagonal", "2x2", "1", "0", "0", "1", "0", "1"),
        *("2x2 · at 12,800 %", "2", "0", "3", "-5", "-5", "3", "0"),
        *("2x2 · at 12,800 %", "2", "0", "3", "0", "0", "3"),
        *("1x1 · at 25,600 %", "3", "0", "3"),
    ]
    assert_tidy(drawing)


def test_columns_stand_below_their_heads_and_rows_below_the_image() -> None:
    drawing = drawn(row("one"), row("two"))
    image, _, *rest = tiles(drawing)
    maps = [tile for tile in rest if len(tile.codes) > 8]
    first, second = maps[:4], maps[4:]
    heads = [written(drawing, name)[0] for name in ("filter", "response", "feature map (ReLU)")]
    assert [head.x for head in heads] == [tile.x for tile in first[:3]] == [tile.x for tile in second[:3]]
    assert len({tile.y for tile in first}) == 1
    assert len({tile.y for tile in second}) == 1
    assert image.box[3] < heads[0].y < first[0].y < first[0].box[3] < second[0].y
    assert first[0].y > written(drawing, "one")[0].y > heads[0].y


def test_each_is_in_the_colours_of_its_own_scale() -> None:
    picture = pixels(
        stages_sheet(
            input_panel(IMAGE, "input", Look(), picture=False),
            [row()],
            Heading("t", CONV, "max 2×2"),
            Look(),
            LIMITS,
        )
    )
    maps = [tile for tile in tiles(drawn(row())) if len(tile.codes) > 8]
    for tile, values, scale in (
        (maps[0], IMAGE, Scale(0, 4, "viridis")),
        (maps[1], DIAGONAL[0], Scale(0, 1, "blue-orange")),
        (maps[2], RESPONSE, Scale(-5, 3, "blue-orange")),
        (maps[3], np.maximum(RESPONSE, 0), Scale(0, 3, "viridis")),
    ):
        step = len(tile.codes) // len(values)
        shown = picture[tile.y : tile.box[3] : step, tile.x : tile.box[2] : step]  # type: ignore[misc]
        assert_equal(shown, scale.colours(values))


@pytest.mark.parametrize(("look", "ends"), [(Look(shared=True), (-5, 3)), (Look(limits=(-9, 9)), (-9, 9))])
def test_one_scale_is_for_all_maps_and_neither_image_nor_filter(look: Look, ends: tuple[int, int]) -> None:
    drawing = drawn(row(), look=look)
    low, high = ends
    assert texts(drawing)[1:4] == [
        f"1 filter · {CONV} · one scale for all maps, from {low} to {high}", str(low), str(high)
    ]  # fmt: skip
    _, image, _, kernel, _, response, feature_map, pooled = tiles(drawing)
    assert_equal(image.codes[0, 0], Scale(0, 4, "viridis").colours(np.array(1)))
    assert_equal(kernel.codes[0, 0], Scale(0, 1, "blue-orange").colours(np.array(1)))
    scale = Scale(low, high, "blue-orange")
    assert_equal(response.codes[-1, -1], scale.colours(np.array(-5)))
    assert_equal(feature_map.codes[-1, -1], scale.colours(np.array(0)))
    assert_equal(pooled.codes[-1, -1], scale.colours(np.array(3)))
    assert_tidy(drawing)


def test_pictures_are_shown_as_they_look() -> None:
    drawing = drawn(row(), picture=True)
    assert tiles(drawing)[0].codes[0, 0] == 1
    assert_tidy(drawing)


def test_a_bias_is_told() -> None:
    assert "bias -4 · 2x2" in texts(drawn(row(bias=-4)))


def test_kernels_of_several_channels_stand_side_by_side() -> None:
    drawing = drawn(row(weights=np.ones((3, 3, 3), np.float32)))
    assert "3x3x3" in texts(drawing)
    kernels = tiles(drawing)[2:5]
    assert len({tile.y for tile in kernels}) == 1
    assert [tile.codes.shape for tile in kernels] == [(96, 96, 3)] * 3
    assert_tidy(drawing)


def test_a_long_name_of_a_pool_keeps_to_its_column() -> None:
    image = input_panel(IMAGE, "input", Look(zoom=1), picture=False)
    drawing = layout(image, [row()], Heading("t", CONV, "avg 100×100, stride 100×100"), Look(zoom=1), LIMITS)
    assert_tidy(drawing)
    assert any(text.startswith("pooled map") and "…" in text for text in texts(drawing))


def test_of_very_many_filters_the_first_are_drawn() -> None:
    drawing = drawn(*(row(f"filter {k}") for k in range(70)))
    assert (
        texts(drawing)[1]
        == f"70 filters, of which the first 64 are shown · {CONV} · each map on a scale of its own"
    )
    assert written(drawing, "filter 63")
    assert not written(drawing, "filter 64")


def test_too_large_a_sheet_is_refused() -> None:
    look = Look(zoom=4000)
    image = input_panel(IMAGE, "input", look, picture=False)
    with pytest.raises(LimitError, match=r"^the sheet would have \d+ pixels at --zoom 4000, fewer at a sm"):
        layout(image, [row()], Heading("t", CONV, "max 2×2"), look, LIMITS)


@given(
    st.lists(
        st.tuples(st.text(max_size=60), st.integers(1, 5), st.integers(1, 30), st.integers(1, 30)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([Look(), Look(shared=True), Look(limits=(-1, 1)), Look(zoom=3)]),
    st.booleans(),
)
def test_any_filters_and_maps_are_tidy(
    filters: list[tuple[str, int, int, int]], look: Look, picture: bool
) -> None:
    random = np.random.default_rng(1)
    rows = []
    for label, channels, height, width in filters:
        weights = random.standard_normal((channels, height, width)).astype(np.float32)
        maps = [
            random.standard_normal(shape).astype(np.float32) for shape in ((width, height), (3, 300), (1, 1))
        ]
        rows.append(FilterRow(label, weights, 1e-7, (maps[0], maps[1], maps[2])))
    assert_tidy(drawn(*rows, look=look, picture=picture))
