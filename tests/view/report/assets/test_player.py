"""The walk through the response: one cell after the other, stopped and gone on with as one likes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank, load_filter, load_image

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

_LOWER_HALF = """
// The colour of the page, and those that the lower half of a canvas has on it.
const { width, height } = arguments[0];
const half = Math.floor(height / 2);
const { data } = arguments[0].getContext("2d").getImageData(0, half, width, height - half);
const paper = getComputedStyle(document.body).backgroundColor;
const colours = new Set();
for (let k = 0; k < data.length; k += 4) {
  if (data[k + 3] > 0) colours.add(`rgb(${data.slice(k, k + 3).join(", ")})`);
}
return [paper, ...colours];
"""


@pytest.fixture
def small(reader: Reader) -> Reader:
    """A response of two rows and three columns, whose first cell is looked at."""
    reader.lay(np.arange(12, dtype=np.float32).reshape(3, 4), FilterBank([[1, 0], [0, 1]]), pool=1)
    reader.browser.run("convtool.select(0, 'pool', 0, 0)")
    reader.settle()
    return reader


def cells_of(reader: Reader, steps: int) -> list[str]:
    told = []
    for _ in range(steps):
        reader.push("#step")
        told.append(reader.told()[0].removeprefix("Response, "))
    return told


def test_steps_skip_no_cell_of_a_small_response(small: Reader) -> None:
    assert cells_of(small, 6) == [f"row {y}, column {x}" for y in range(2) for x in range(3)]


def test_after_the_last_cell_it_rests_and_then_begins_anew(small: Reader) -> None:
    assert cells_of(small, 8)[5:] == ["row 1, column 2", "row 1, column 2", "row 0, column 0"]


def moved_on(reader: Reader, before: tuple[str, str]) -> bool:
    return reader.told() != before


def test_play_goes_on_by_itself_and_pause_stops_it(reader: Reader) -> None:
    reader.lay(np.ones((40, 40), np.float32), FilterBank([[1]]), pool=2)
    reader.slide("#speed", 5)
    reader.push("#play")
    assert reader.texts("#play") == ["Pause"]
    for _ in range(3):
        before = reader.told()
        reader.until(partial(moved_on, reader, before))
    reader.push("#play")
    assert reader.texts("#play") == ["Play"]
    stopped = reader.told()
    reader.browser.driver.execute_async_script("setTimeout(arguments[0], 200)")
    assert reader.told() == stopped


def test_play_ends_at_the_last_cell(small: Reader) -> None:
    small.slide("#speed", 5)
    small.push("#play")
    small.until(lambda: small.texts("#play") == ["Play"])
    assert small.told()[0] == "Response, row 1, column 2"


def test_pointing_stops_the_walk(small: Reader) -> None:
    small.push("#play")
    small.move(*small.pixel_of("pool", (2, 3), 0, 1))
    assert small.texts("#play") == ["Play"]
    assert small.told()[0] == "Pooled map, row 0, column 1"


def test_nothing_moves_unless_it_is_asked_to(small: Reader) -> None:
    told = small.told()
    small.browser.driver.execute_async_script("setTimeout(arguments[0], 300)")
    assert small.told() == told


def test_a_large_response_is_crossed_in_few_steps(reader: Reader) -> None:
    reader.lay(np.ones((300, 260), np.float32), FilterBank([[1]]), pool=2)
    assert cells_of(reader, 3) == ["row 0, column 0", "row 0, column 5", "row 0, column 10"]


def test_an_enlarged_response_is_walked_through_where_it_is_seen(reader: Reader) -> None:
    reader.lay(np.ones((64, 64), np.float32), FilterBank([[1]]), pool=2)
    reader.browser.run("convtool.select(0, 'conv', 40, 30)")
    reader.slide("#zoom", 3)
    # Of 8 columns that are seen those at the two ends are seen by half.
    assert cells_of(reader, 8)[2::2] == [f"row {y}, column {x}" for y, x in ((40, 33), (41, 28), (41, 30))]


def test_the_walk_begins_at_the_cell_that_is_looked_at(reader: Reader) -> None:
    image = np.ones((300, 260), np.float32)
    image[121, 87] = 2
    reader.lay(image, FilterBank([[1]]), pool=2)
    assert reader.told()[0] == "Pooled map, row 60, column 43"
    assert cells_of(reader, 2) == ["row 121, column 87", "row 121, column 92"]
    reader.browser.run("convtool.select(0, 'conv', 121, 257)")
    reader.settle()
    assert cells_of(reader, 1) == ["row 126, column 2"]


def test_how_far_a_step_goes_is_said_where_it_passes_cells_by(reader: Reader) -> None:
    reader.lay(np.ones((60, 450), np.float32), FilterBank([[1]]), pool=2)
    assert reader.texts("#pace") == ["8 columns at a time"]
    reader.slide("#zoom", 3)
    assert reader.texts("#pace") == [""]
    reader.lay(np.ones((300, 450), np.float32), FilterBank([[1]]), pool=2)
    assert reader.texts("#pace") == ["8 columns, 5 rows at a time"]


def test_what_is_still_to_come_is_not_seen_at_all(reader: Reader) -> None:
    reader.lay(load_image("samples/cat.png"), load_filter("sobel-x"), pool=2)
    reader.browser.run("convtool.select(0, 'conv', 0, 0)")
    reader.push("#step")
    for stage in ("conv", "relu", "pool"):
        paper, *colours = reader.browser.run(_LOWER_HALF, reader.canvas(stage))
        assert colours == [paper], stage
