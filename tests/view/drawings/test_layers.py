"""The sheet of layers: rows of maps and of values, in the colours of the scale above them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.view.drawings.bars import THICK
from convtool.view.drawings.drawing import HEAD, MARGIN, Drawing, Rectangle, Tile
from convtool.view.drawings.layers import layers_sheet, layout
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written

IMAGE = np.random.default_rng(1).integers(0, 256, (1, 28, 28), np.uint8)
SCORES = ("softmax", "softmax", np.float32([0.25, 0.75]))


def colours(low: float, high: float, *values: float) -> NDArray[np.uint8]:
    """The colours that values have on a scale that fits."""
    return Scale(low, high, "blue-orange" if low < 0 else "viridis").colours(np.array(values))


def bars(drawing: Drawing) -> list[Tile]:
    """The colours of the scales, in the order of the layers."""
    return [tile for tile in tiles(drawing) if len(tile.codes) == THICK]


def shown(drawing: Drawing) -> list[Tile]:
    """The image, and what the layers give."""
    return [tile for tile in tiles(drawing) if len(tile.codes) != THICK]


def maps(*values: Any) -> NDArray[np.float32]:
    """Maps of 2 × 2, each of one value."""
    return np.float32(values).reshape(-1, 1, 1) * np.ones((1, 2, 2), np.float32)


def test_the_image_and_then_a_row_for_each_layer() -> None:
    layers = [("conv1", "conv 3×3", maps(-2, 0, 4)), ("relu1", "relu", maps(0, 1, 4)), SCORES]
    drawing = layout(IMAGE, layers, ["cat", "dog"])
    assert texts(drawing)[:4] == ["dog · 75.0 %", "3 layers, each on a scale of its own", "image", "1x28x28"]
    assert texts(drawing)[4:10] == [
        *("conv1", "conv 3x3 · 3x2x2", "-2", "4"),
        *("relu1", "relu · 3x2x2"),
    ]
    assert texts(drawing)[10:] == ["0", "4", "softmax", "softmax · 2", "dog", "75.0 %", "cat", "25.0 %"]
    assert_tidy(drawing)
    image, *rest = shown(drawing)
    assert_equal(image.codes[::6, ::6], IMAGE[0])
    first = np.stack([tile.codes[0, 0] for tile in rest])
    assert_equal(first, np.concatenate([colours(-2, 4, -2, 0, 4), colours(0, 4, 0, 1, 4)]))
    assert_equal(np.stack([bar.codes[0, 0] for bar in bars(drawing)]), first[[0, 3]])
    assert_equal(np.stack([bar.codes[0, -1] for bar in bars(drawing)]), first[[2, 5]])
    assert [(tile.x, tile.codes.shape) for tile in rest[:3]] == [
        (MARGIN + 86 * k, (80, 80, 3)) for k in range(3)
    ]


def test_the_rows_stand_below_each_other() -> None:
    drawing = layout(IMAGE, [("a", "conv", maps(0, 1)), ("b", "conv", maps(0, 1)), SCORES], None)
    heights = [written(drawing, name)[0].y for name in ("image", "a", "b", "softmax")]
    scores = [mark.box[1] for mark in drawing.marks if isinstance(mark, Rectangle)]
    tops = sorted({tile.y for tile in shown(drawing)})
    order = [heights[0], tops[0], heights[1], tops[1], heights[2], tops[2], heights[3], *scores]
    assert order == sorted(order)
    assert heights[0] > HEAD


def test_the_picture_shows_a_map() -> None:
    values = np.float32([[[0, 1], [2, 4]]])
    layers = [("relu", "relu", values), SCORES]
    picture = pixels(layers_sheet(IMAGE, layers, None))
    _, tile = shown(layout(IMAGE, layers, None))
    found = picture[tile.y : tile.y + 80 : 40, tile.x : tile.x + 80 : 40]
    assert_equal(found.reshape(4, 3), colours(0, 4, 0, 1, 2, 4))


def test_large_maps_are_reduced_before_they_have_colours() -> None:
    values = np.zeros((1, 160, 160), np.float32)
    values[0, ::2] = 8
    _, tile = shown(layout(IMAGE, [("relu", "relu", values), SCORES], None))
    assert tile.codes.shape == (80, 80, 3)
    assert (tile.codes == colours(0, 8, 4)).all()


def test_colour_images_are_shown_in_colour() -> None:
    image = np.random.default_rng(2).integers(0, 256, (3, 8, 8), np.uint8)
    (tile,) = tiles(layout(image, [SCORES], None))
    assert_equal(tile.codes[::21, ::21], image.transpose(1, 2, 0))


@pytest.mark.parametrize(("shape", "size"), [((3,), (24, 24)), ((3, 1, 1), (24, 24)), ((1,), (24, 24))])
def test_single_values_are_cells(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    drawing = layout(IMAGE, [("mean", "pool", values), SCORES], None)
    _, tile = shown(drawing)
    assert tile.codes.shape == (size[0], size[1] * values.size, 3)
    assert_equal(tile.codes[0, 12::24], colours(0, values.size - 1, *range(values.size)))
    assert_equal(tile.codes[-1, ::24], tile.codes[0, 12::24])


def test_a_layer_of_negative_values_alone() -> None:
    drawing = layout(IMAGE, [("conv", "conv", maps(-4, -1)), SCORES], None)
    assert texts(drawing)[5:8] == ["conv · 2x2x2", "-4", "-1"]
    assert_equal(np.stack([tile.codes[0, 0] for tile in shown(drawing)[1:]]), colours(-4, -1, -4, -1))


def test_a_long_name_is_shortened() -> None:
    drawing = layout(IMAGE, [("features.denseblock.layer." * 4 + "conv1", "conv", maps(1)), SCORES], None)
    assert texts(drawing)[4] == "features.denseblo…block.layer.conv1"
    assert_tidy(drawing)


def test_a_layer_of_nothing() -> None:
    drawing = layout(IMAGE, [("relu", "relu", maps(0, 0)), SCORES], None)
    assert "relu · 2x2x2 · 0 everywhere" in texts(drawing)
    assert not bars(drawing)
    assert all((tile.codes == colours(0, 0, 0)).all() for tile in shown(drawing)[1:])


@pytest.mark.parametrize(
    ("shape", "drawn", "more"),
    [
        ((16, 5, 5), 16, None),
        ((64, 5, 5), 16, "+48 more"),
        ((64, 28, 28), 22, "+42 more"),
        ((2000, 200, 100), 30, "+1,970 more"),
    ],
)
def test_of_many_maps_the_first_are_shown(shape: tuple[int, ...], drawn: int, more: str | None) -> None:
    drawing = layout(IMAGE, [("conv", "conv", np.zeros(shape, np.float32)), SCORES], None)
    assert len(tiles(drawing)) - 1 == drawn
    assert [text for text in texts(drawing) if "more" in text] == ([more] if more else [])
    assert_tidy(drawing)


@pytest.mark.parametrize(
    ("count", "width", "drawn"),
    [(10, 24, 10), (57, 24, 57), (58, 23, 58), (229, 6, 229), (230, 6, 229), (4096, 6, 229)],
)
def test_of_many_values_the_first_are_shown(count: int, width: int, drawn: int) -> None:
    drawing = layout(IMAGE, [("dense", "dense", np.arange(count, dtype=np.float32)), SCORES], None)
    assert shown(drawing)[1].codes.shape == (24, width * drawn, 3)
    assert (f"+{count - drawn:,} more" in texts(drawing)) == (count > drawn)
    assert_tidy(drawing)


def test_a_network_that_ends_in_maps() -> None:
    drawing = layout(IMAGE, [("conv9", "conv", maps(1, 2))], None)
    assert texts(drawing)[:2] == ["conv9 · 2x2x2", "1 layer"]
    assert len(shown(drawing)) == 3
    assert not any(isinstance(mark, Rectangle) for mark in drawing.marks)
    assert_tidy(drawing)


def test_scores_of_one_cell_each_are_bars() -> None:
    drawing = layout(
        IMAGE, [("softmax", "softmax", np.float32([0.25, 0.75]).reshape(2, 1, 1))], ["cat", "dog"]
    )
    assert texts(drawing)[0] == "dog · 75.0 %"
    assert texts(drawing)[-4:] == ["dog", "75.0 %", "cat", "25.0 %"]


shapes = st.one_of(
    st.tuples(st.integers(1, 300)), st.tuples(st.integers(1, 40), st.integers(1, 99), st.integers(1, 99))
)


@given(st.lists(st.tuples(st.text(max_size=80), st.text(max_size=400), shapes), min_size=1, max_size=5))
def test_any_layers_are_tidy(layers: list[tuple[str, str, tuple[int, ...]]]) -> None:
    random = np.random.default_rng(1)
    drawn = [(name, said, random.standard_normal(shape).astype(np.float32)) for name, said, shape in layers]
    assert_tidy(layout(IMAGE, drawn, None))


def test_no_layers() -> None:
    with pytest.raises(InputError, match=r"^there are no layers; a network has at least one$"):
        layers_sheet(IMAGE, [], None)


@pytest.mark.parametrize("shape", [(1, 2, 3, 3), (2, 3), (), (0,), (2, 0, 2)])
def test_what_is_neither_maps_nor_values(shape: tuple[int, ...]) -> None:
    says = r"^layer 'conv2': its output has shape \(.*\); it must be \(C, H, W\) or \(K,\)$"
    with pytest.raises(InputError, match=says):
        layers_sheet(IMAGE, [("conv2", "conv", np.zeros(shape, np.float32))], None)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite(value: float) -> None:
    with pytest.raises(
        InputError, match=r"^layer 'conv2': its output holds NaN or infinity; only finite values"
    ):
        layers_sheet(IMAGE, [("conv2", "conv", maps(1, value))], None)
