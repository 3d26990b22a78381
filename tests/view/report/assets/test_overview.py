"""All filters side by side, and the way to each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank, conv2d
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

IMAGE = np.arange(48, dtype=np.float32).reshape(6, 8) % 11
WEIGHTS = np.stack([np.eye(3), np.ones((3, 3)), -np.eye(3)])[:, np.newaxis].astype(np.float32)
HOSTILE = "<script>alert(1)</script>"


def test_a_card_for_each_filter_and_the_first_is_chosen(reader: Reader) -> None:
    reader.lay(IMAGE, FilterBank(WEIGHTS), pool=2)
    assert reader.texts("#filters button .name") == ["0-0", "0-1", "0-2"]
    assert reader.texts('#filters [aria-pressed="true"] .name') == ["0-0"]
    assert reader.texts("#name") == ["0-0"]


def test_a_click_goes_to_the_same_cell_of_another_filter(reader: Reader) -> None:
    reader.lay(IMAGE, FilterBank(WEIGHTS), pool=2)
    reader.browser.run("convtool.select(0, 'conv', 2, 3)")
    for index in (2, 1):
        reader.push(f"#filters button:nth-child({index + 1})")
        assert reader.texts('#filters [aria-pressed="true"] .name') == [f"0-{index}"]
        value = int(conv2d(IMAGE, WEIGHTS[index, 0])[2, 3])
        assert reader.told() == ("Response, row 2, column 3", str(value))
        assert reader.find("#w-0-1-0").get_attribute("value") == str(int(WEIGHTS[index, 0, 1, 0]))


def test_a_cell_that_another_filter_lacks_becomes_its_last(reader: Reader) -> None:
    contents = contents_of(IMAGE[np.newaxis, np.newaxis], FilterBank(np.ones((1, 1))), pool=1)
    contents["filters"] += contents_of(IMAGE[np.newaxis, np.newaxis], FilterBank(WEIGHTS[:1]), pool=1)[
        "filters"
    ]
    reader.open(contents)
    reader.browser.run("convtool.select(0, 'conv', 5, 7)")
    reader.push("#filters button:nth-child(2)")
    assert reader.told()[0] == "Response, row 3, column 5"


def test_one_filter_alone_needs_no_overview(reader: Reader) -> None:
    reader.lay(IMAGE, FilterBank(WEIGHTS[:1]), pool=2)
    assert not reader.find("#overview").is_displayed()


def test_small_pictures_have_been_drawn(reader: Reader) -> None:
    reader.lay(IMAGE, FilterBank(WEIGHTS), pool=2)
    counts = reader.browser.run(
        """
        return [...document.querySelectorAll("#filters canvas")].map((canvas) => {
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          return data.filter((part, k) => k % 4 === 3 && part === 255).length / (width * height);
        });
        """
    )
    assert len(counts) == 12
    assert min(counts) > 1 / 2


@pytest.mark.parametrize(("channels", "cells"), [(1, (3, 3)), (3, (7, 7)), (6, (7, 11)), (64, (31, 31))])
def test_channels_of_a_filter_stand_in_a_square(
    reader: Reader, channels: int, cells: tuple[int, int]
) -> None:
    weights = np.arange(18 * channels, dtype=np.float32).reshape(2, channels, 3, 3)
    reader.lay(np.ones((channels, 6, 8), np.float32), FilterBank(weights), pool=2)
    width, height = reader.browser.run(
        "const { width, height } = document.querySelector('#filters canvas'); return [width, height]"
    )
    assert (height, width) == tuple(round(62 * side / max(cells)) for side in cells)


def test_names_and_descriptions_are_text_and_nothing_runs(reader: Reader) -> None:
    contents = contents_of(IMAGE[np.newaxis, np.newaxis], FilterBank(WEIGHTS), pool=2)
    contents["title"] = contents["options"] = HOSTILE
    for filter_ in contents["filters"]:
        filter_ |= {"name": HOSTILE, "description": HOSTILE}
    reader.open(contents)
    assert reader.texts("#name, #description, #title, #options") == [HOSTILE] * 4
    assert reader.texts("#filters .name") == [HOSTILE] * 3
    assert reader.browser.driver.title == HOSTILE
    assert len(reader.texts("script")) == 2
    assert f'"name": "{HOSTILE}"' in reader.texts("#json")[0]
