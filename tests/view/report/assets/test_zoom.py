"""Enlarged, all stages show the same part of the image, down to single cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser


def middle(reader: Reader, stage: str) -> tuple[int, int]:
    """The cell in the middle of what is seen of a stage."""
    left, top, width, height = reader.box(stage)
    reader.move(round(left + width / 2), round(top + height / 2))
    _, row, column = reader.told()[0].replace(",", "").rsplit(" ", 4)[0::2]
    return int(row), int(column)


def shape_of_canvas(reader: Reader, stage: str) -> tuple[int, int]:
    box = reader.box(stage)
    return round(box.height), round(box.width)


@pytest.fixture
def large(reader: Reader) -> Reader:
    """A page of an image of 256×256 cells, at one of which is looked."""
    reader.lay(np.zeros((256, 256), np.float32), FilterBank(np.ones((5, 5))), pool=2)
    reader.browser.run("convtool.select(0, 'conv', 100, 120)")
    reader.settle()
    return reader


def test_small_images_are_seen_whole(reader: Reader) -> None:
    reader.lay(np.zeros((15, 15), np.float32), FilterBank([[1]]), pool=2)
    assert not reader.find("#zoom").is_displayed()


@pytest.mark.parametrize("power", [1, 3, 5])
def test_stages_are_enlarged_around_the_cell_in_step(large: Reader, power: int) -> None:
    large.slide("#zoom", power)
    assert large.texts("#zoom-said") == [f"{2**power}×"]
    assert middle(large, "conv") == (100, 120)
    assert middle(large, "input") == (102, 122)
    assert middle(large, "relu") == (100, 120)
    assert middle(large, "pool") == (50, 60)


def test_it_ends_where_eight_cells_are_seen(large: Reader) -> None:
    assert large.find("#zoom").get_attribute("max") == "5"
    large.slide("#zoom", 5)
    cells = 252 / 32
    y, x = middle(large, "conv")
    left, top, width, height = large.box("conv")
    large.move(round(left + width / 2 + width / cells), round(top + height / 2))
    assert large.told()[0] == f"Response, row {y}, column {x + 1}"


def test_keys_enlarge_and_reduce(large: Reader) -> None:
    large.focus("conv")
    large.press("+", "+", "+", "-")
    assert large.texts("#zoom-said") == ["4×"]
    large.press("-", "-", "-")
    assert large.texts("#zoom-said") == ["1×"]


def test_what_is_seen_never_leaves_the_map(large: Reader) -> None:
    large.browser.run("convtool.select(0, 'conv', 0, 251)")
    large.slide("#zoom", 4)
    left, top, width, _ = large.box("conv")
    large.move(round(left + width - 1), round(top + 1))
    assert large.told()[0] == "Response, row 0, column 251"


def test_the_cell_stays_in_sight_when_keys_move_it(large: Reader) -> None:
    large.slide("#zoom", 5)
    large.focus("conv")
    large.press(*["\ue015"] * 12)
    assert large.told()[0] == "Response, row 112, column 120"
    y, _ = middle(large, "conv")
    assert abs(y - 112) <= 4


def test_around_a_pooled_value_is_around_the_one_that_won(reader: Reader) -> None:
    image = np.zeros((200, 200), np.float32)
    image[160, 40] = 1
    reader.lay(image, FilterBank([[1]]), pool=200)
    reader.slide("#zoom", 3)
    assert reader.told()[0] == "Pooled map, row 0, column 0"
    assert middle(reader, "input") == (160, 40)


def test_a_narrow_image_is_enlarged_to_the_room_there_is(reader: Reader) -> None:
    reader.lay(np.zeros((400, 10), np.float32), FilterBank([[1]]), pool=1)
    height, width = shape_of_canvas(reader, "input")
    assert width == round(height / 40)
    reader.slide("#zoom", 6)
    assert shape_of_canvas(reader, "input")[0] == height
    assert shape_of_canvas(reader, "input")[1] > 10 * width


def test_a_small_map_of_a_large_image_stays_whole(reader: Reader) -> None:
    reader.lay(np.zeros((200, 200), np.float32), FilterBank([[1]]), pool=100)
    before = shape_of_canvas(reader, "pool")
    reader.slide("#zoom", 5)
    assert shape_of_canvas(reader, "pool") == before
    for y, x in ((0, 0), (1, 1)):
        reader.move(*reader.pixel_of("pool", (2, 2), y, x))
        assert reader.told()[0] == f"Pooled map, row {y}, column {x}"
