"""The picture of confusion: which colour a cell is, what is written where, and for how many classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.view.drawings.confusion import NOTHING, confusion_picture, layout
from convtool.view.drawings.drawing import BLACK, BLUE, ORANGE, WHITE, Text
from convtool.view.drawings.lettering import BODY, SMALL
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written

COUNTS = np.array([[75, 25, 0], [1, 98, 1], [0, 100, 0]])
NAMES = ("cat", "dog", "bird")


def random_counts(classes: int, most: int = 100) -> NDArray[np.intp]:
    return np.random.default_rng(classes).integers(0, most, (classes, classes))


def cells(counts: NDArray[np.intp]) -> NDArray[np.uint8]:
    """The colour of every cell ``(K, K, 3)``."""
    codes = tiles(layout(counts, [str(k) for k in range(len(counts))]))[0].codes
    size = len(codes) // len(counts)
    return codes[::size, ::size]


def mixed(colour: tuple[int, ...], depth: float) -> list[int]:
    return [round(base + depth * (part - base)) for base, part in zip(NOTHING, colour, strict=True)]


def test_what_is_right_is_blue_and_what_is_not_orange_by_the_root_of_its_share() -> None:
    found = cells(COUNTS)
    assert found[0, 0].tolist() == mixed(BLUE, 0.75**0.5)
    assert found[0, 1].tolist() == mixed(ORANGE, 0.5)
    assert found[1, 0].tolist() == found[1, 2].tolist() == mixed(ORANGE, 0.1)
    assert found[2, 1].tolist() == list(ORANGE)
    assert found[0, 2].tolist() == found[2, 0].tolist() == found[2, 2].tolist() == list(NOTHING)


def test_the_picture_shows_the_cells() -> None:
    (tile, *_) = tiles(layout(COUNTS, NAMES))
    picture = pixels(confusion_picture(COUNTS, NAMES))[tile.y :, tile.x :]
    assert_equal(picture[:288:96, :288:96], cells(COUNTS))
    assert (picture[95, :288] == WHITE).all()


def test_a_class_that_never_occurs_is_a_row_of_nothing() -> None:
    found = cells(np.array([[0, 0, 0], [0, 7, 0], [0, 0, 1]]))
    assert (found[0] == NOTHING).all()
    assert found[1, 1].tolist() == found[2, 2].tolist() == list(BLUE)


def test_what_is_written() -> None:
    drawing = layout(COUNTS, NAMES)
    assert texts(drawing)[:4] == ["173 of 300 right (57.67 %)", "3 classes", "taken for", "what it is"]
    assert texts(drawing)[4:10] == ["cat", "cat", "dog", "dog", "bird", "bird"]
    assert texts(drawing)[10:16] == ["75", "25", "1", "98", "1", "100"]
    assert texts(drawing)[16:] == ["share of the row", "right", "wrong", "0", "1", "10", "25", "50", "100 %"]
    assert_tidy(drawing)


def test_numbers_stand_in_their_cells_and_are_read_on_them() -> None:
    drawing = layout(np.array([[90, 10], [4, 96]]), ("a", "b"))
    (tile, *_) = tiles(drawing)
    middles = {"90": (48, 48, WHITE), "10": (144, 48, BLACK), "4": (48, 144, BLACK), "96": (144, 144, WHITE)}
    for figures, (x, y, colour) in middles.items():
        number = written(drawing, figures)[0]
        assert (number.x, number.y, number.anchor) == (tile.x + x, tile.y + y, "mm")
        assert number.colour == colour


def test_names_stand_beside_their_rows_and_above_their_columns() -> None:
    drawing = layout(COUNTS, NAMES)
    (tile, *_) = tiles(drawing)
    beside = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.anchor == "rm"]
    above = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.text in NAMES][1::2]
    assert [(mark.text, mark.y - tile.y) for mark in beside] == [("cat", 48), ("dog", 144), ("bird", 240)]
    assert [(mark.text, mark.x - tile.x) for mark in above] == [("cat", 48), ("dog", 144), ("bird", 240)]
    assert all(mark.box[2] < tile.x for mark in beside)
    assert all(mark.box[3] < tile.y and not mark.turned for mark in above)


def test_long_names_are_turned_and_shortened() -> None:
    names = ("short", "a rather long name", "n01440764 a name that no picture has room for")
    drawing = layout(COUNTS, names)
    above = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.turned][1:]
    assert [mark.text for mark in above] == ["short", names[1], "n01440764 a na… has room for"]
    assert_tidy(drawing)


@pytest.mark.parametrize(
    ("classes", "size"),
    [(1, BODY), (2, BODY), (19, BODY), (40, BODY), (41, SMALL), (100, SMALL), (120, SMALL)],
)
@pytest.mark.parametrize("name", ["{}", "class {}", "the class of a very long name, number {}"])
def test_every_class_has_its_name(classes: int, size: int, name: str) -> None:
    drawing = layout(random_counts(classes, 3), [name.format(k) for k in range(classes)])
    beside = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.anchor == "rm"]
    assert [mark.size for mark in beside] == [size] * classes
    assert_tidy(drawing)


@pytest.mark.parametrize(
    ("classes", "step", "cell"), [(121, 5, 16), (200, 5, 10), (300, 10, 6), (1000, 20, 2), (2100, 50, 1)]
)
def test_of_very_many_round_numbers_are_shown(classes: int, step: int, cell: int) -> None:
    drawing = layout(random_counts(classes), ["a long name"] * classes)
    shown = texts(drawing)
    assert shown[1] == f"{classes:,} classes, by their numbers"
    assert shown[4:-9] == [str(k) for k in range(0, classes, step) for _ in "xy"]
    (tile, *_) = tiles(drawing)
    assert tile.codes.shape == (classes * cell, classes * cell, 3)
    assert written(drawing, str(3 * step))[0].y == tile.y + (3 * step + 0.5) * cell


@pytest.mark.parametrize(
    ("classes", "count", "sizes"),
    [
        (20, 9999, {BODY}),
        (21, 9999, {SMALL}),
        (20, 123_456, set()),
        (40, 99, {SMALL}),
        (40, 100, set()),
        (41, 1, set()),
    ],
)
def test_numbers_are_left_out_where_they_do_not_fit(classes: int, count: int, sizes: set[int]) -> None:
    drawing = layout(np.full((classes, classes), count), [f"x{k}" for k in range(classes)])
    numbers = written(drawing, str(count))
    assert {mark.size for mark in numbers if mark.anchor == "mm"} == sizes
    assert_tidy(drawing)


@given(st.integers(1, 160))
def test_every_cell_is_seen(classes: int) -> None:
    counts = random_counts(classes)
    found, totals = cells(counts).astype(int), counts.sum(axis=1)
    row, column = np.argwhere(totals)[-1, 0], counts[np.argwhere(totals)[-1, 0]].argmax()
    share = counts[row, column] / totals[row]
    assert found[row, column].tolist() == mixed(BLUE if row == column else ORANGE, share**0.5)


def test_nothing_was_counted() -> None:
    drawing = layout(np.zeros((2, 2), np.intp), ("a", "b"))
    assert texts(drawing)[0] == "0 of 0 right"
    assert (cells(np.zeros((2, 2), np.intp)) == NOTHING).all()


def test_the_key_tells_shades() -> None:
    drawing = layout(COUNTS, NAMES)
    _, right, wrong = tiles(drawing)
    for tile, colour in ((right, BLUE), (wrong, ORANGE)):
        assert tile.codes[0, 0].tolist() == list(NOTHING)
        assert tile.codes[-1, -1].tolist() == list(colour)
    half = written(drawing, "25")[-1].x - right.x
    assert_equal(right.codes[:, round(half)], right.codes[:1, round(half)].repeat(len(right.codes), axis=0))
    assert abs(right.codes[0, round(half)].astype(int) - mixed(BLUE, 0.5)).max() <= 1


@pytest.mark.parametrize(("shape", "classes"), [((2, 3), 2), ((3, 3), 2), ((4,), 2), ((0, 0), 0)])
def test_counts_that_do_not_fit_the_classes(shape: tuple[int, ...], classes: int) -> None:
    with pytest.raises(
        InputError, match=rf"^counts \(.*\) of {classes} class\(es\); give a row and a column"
    ):
        confusion_picture(np.zeros(shape, np.intp), ["a"] * classes)
