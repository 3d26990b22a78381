"""Cells are pointed at with a mouse or with keys, and the value that is told is the library's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from convtool import FilterBank, conv2d, max_pool2d, relu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

NAMES = {"input": "Image", "conv": "Response", "relu": "Feature map", "pool": "Pooled map"}
WEIGHTS = np.array([[[[1, 0, -2], [0, 3, 0], [-1, 0, 1]]]], np.float32)


def stages_of(image: NDArray) -> dict[str, NDArray]:
    response = conv2d(image, WEIGHTS[0, 0])
    return {
        "input": image,
        "conv": response,
        "relu": relu(response),
        "pool": max_pool2d(relu(response), 2),
    }


def whole_numbers(*shape: int) -> NDArray:
    return np.random.default_rng(7).integers(0, 100, shape).astype(np.float32)


@pytest.fixture
def maps(reader: Reader) -> dict[str, NDArray]:
    """The stages of a page that is open, of cells that are many pixels large."""
    image = whole_numbers(11, 14)
    reader.lay(image, FilterBank(WEIGHTS), pool=2)
    return stages_of(image)


@pytest.mark.parametrize("stage", NAMES)
def test_a_cell_that_is_pointed_at_has_the_librarys_value(
    reader: Reader, maps: dict[str, NDArray], stage: str
) -> None:
    values = maps[stage]
    rng = np.random.default_rng(3)
    for y, x in zip(rng.integers(0, values.shape[0], 6), rng.integers(0, values.shape[1], 6), strict=True):
        reader.move(*reader.pixel_of(stage, values.shape, y, x))
        assert reader.told() == (f"{NAMES[stage]}, row {y}, column {x}", str(int(values[y, x])))
        assert reader.texts("#derivation strong") == [str(int(values[y, x])).replace("-", "\u2212")]


@pytest.mark.parametrize("stage", ["conv", "pool"])
def test_of_cells_smaller_than_a_pixel_the_one_under_the_pointer_is_told(reader: Reader, stage: str) -> None:
    image = whole_numbers(400, 700)
    values = stages_of(image)[stage]
    reader.lay(image, FilterBank(WEIGHTS), pool=2)
    left, top, width, height = reader.box(stage)
    for pixel in ((0.1, 0.2), (0.83, 0.4), (0.5, 0.97)):
        at_x, at_y = round(left + pixel[0] * width), round(top + pixel[1] * height)
        y = int((at_y - top) / height * values.shape[0])
        x = int((at_x - left) / width * values.shape[1])
        reader.move(at_x, at_y)
        assert reader.told() == (f"{NAMES[stage]}, row {y}, column {x}", str(int(values[y, x])))


def test_it_begins_with_the_largest_pooled_value(reader: Reader, maps: dict[str, NDArray]) -> None:
    y, x = np.unravel_index(maps["pool"].argmax(), maps["pool"].shape)
    assert reader.told() == (f"Pooled map, row {y}, column {x}", str(int(maps["pool"].max())))


def test_a_click_holds_a_cell_until_escape(reader: Reader, maps: dict[str, NDArray]) -> None:
    shape = maps["conv"].shape
    reader.click(*reader.pixel_of("conv", shape, 2, 3))
    assert reader.find("#pinned").is_displayed()
    reader.move(*reader.pixel_of("conv", shape, 5, 6))
    assert reader.told()[0] == "Response, row 2, column 3"
    reader.press(Keys.ESCAPE)
    assert not reader.find("#pinned").is_displayed()
    reader.move(*reader.pixel_of("conv", shape, 6, 6))
    assert reader.told()[0] == "Response, row 6, column 6"


def test_a_second_click_lets_go_and_one_elsewhere_holds_that(
    reader: Reader, maps: dict[str, NDArray]
) -> None:
    shape = maps["conv"].shape
    reader.click(*reader.pixel_of("conv", shape, 2, 3))
    reader.click(*reader.pixel_of("relu", shape, 4, 4))
    assert reader.told()[0] == "Feature map, row 4, column 4"
    assert reader.find("#pinned").is_displayed()
    reader.click(*reader.pixel_of("relu", shape, 4, 4))
    assert not reader.find("#pinned").is_displayed()


def test_keys_move_the_cell_and_stop_at_the_ends(reader: Reader, maps: dict[str, NDArray]) -> None:
    rows, columns = maps["conv"].shape
    reader.click(*reader.pixel_of("conv", (rows, columns), 2, 3))
    for keys, cell in [
        ([Keys.ARROW_RIGHT, Keys.ARROW_RIGHT], (2, 5)),
        ([Keys.ARROW_DOWN, Keys.ARROW_LEFT], (3, 4)),
        ([Keys.ARROW_UP], (2, 4)),
        ([Keys.HOME], (2, 0)),
        ([Keys.ARROW_LEFT], (2, 0)),
        ([Keys.END], (2, columns - 1)),
        ([Keys.PAGE_DOWN], (rows - 1, columns - 1)),
        ([Keys.PAGE_UP], (0, columns - 1)),
    ]:
        reader.press(*keys)
        value = str(int(maps["conv"][cell]))
        assert reader.told() == (f"Response, row {cell[0]}, column {cell[1]}", value)
    reader.hold(Keys.CONTROL, Keys.END)
    assert reader.told()[0] == f"Response, row {rows - 1}, column {columns - 1}"
    reader.hold(Keys.CONTROL, Keys.HOME)
    assert reader.told()[0] == "Response, row 0, column 0"
    reader.hold(Keys.SHIFT, Keys.ARROW_RIGHT)
    assert reader.told()[0] == "Response, row 0, column 10"


def test_tab_goes_to_the_cell_that_belongs_to_the_one_before(
    reader: Reader, maps: dict[str, NDArray]
) -> None:
    reader.move(*reader.pixel_of("pool", maps["pool"].shape, 1, 2))
    window = maps["relu"][2:4, 4:6]
    y, x = np.unravel_index(window.argmax(), window.shape)
    reader.focus("relu")
    assert reader.told()[0] == f"Feature map, row {2 + y}, column {4 + x}"
    reader.focus("input")
    assert reader.told()[0] == f"Image, row {3 + y}, column {5 + x}"


def test_enter_holds_a_cell_and_lets_it_go(reader: Reader, maps: dict[str, NDArray]) -> None:
    reader.focus("conv")
    reader.press(Keys.ENTER)
    assert reader.find("#pinned").is_displayed()
    reader.press(Keys.ENTER)
    assert not reader.find("#pinned").is_displayed()


def test_a_cell_is_announced_once_it_stays(reader: Reader, maps: dict[str, NDArray]) -> None:
    reader.focus("conv")
    reader.press(Keys.HOME, Keys.PAGE_UP)
    expected = f"Response, row 0, column 0: {int(maps['conv'][0, 0])}".replace("-", "\u2212")
    reader.until(lambda: reader.texts("#announce") == [expected])


def test_a_drag_takes_the_enlarged_picture_along(reader: Reader) -> None:
    image = whole_numbers(100, 100)
    reader.lay(image, FilterBank(WEIGHTS), pool=2)
    reader.press(Keys.ESCAPE)
    reader.slide("#zoom", 2)
    left, top, width, height = reader.box("conv")
    start, end = (
        (round(left + width / 2), round(top + height / 2)),
        (round(left + width / 2) + 40, round(top + height / 2) - 30),
    )
    reader.move(*start)
    taken = reader.told()[0]
    reader.drag(start, end)
    reader.move(end[0] - 2, end[1] - 2)
    reader.move(*end)
    assert reader.told()[0] == taken
    assert not reader.find("#pinned").is_displayed()
