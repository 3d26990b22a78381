"""Weights are short where they are read, whole where they are written in, and never changed by either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_filter
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

IMAGE = np.random.default_rng(5).integers(0, 256, (32, 31)).astype(np.float32)

_FIELDS = "return [...document.querySelectorAll('#weights input')].map((field) => field.value)"
_BESIDE = "const { scrollWidth, clientWidth } = arguments[0]; return scrollWidth - clientWidth;"


@pytest.mark.parametrize(
    ("name", "said"),
    [("box-3", "0.1111"), ("gaussian-5", "0.003906"), ("dog-7", "-0.0019"), ("sobel-x", "-1")],
)
def test_a_grid_of_weights_has_its_room(reader: Reader, name: str, said: str) -> None:
    reader.lay(IMAGE, load_filter(name))
    assert reader.browser.run(_FIELDS)[0] == said
    assert reader.browser.run(_BESIDE, reader.find("#weights")) == 0


def test_the_field_that_is_written_in_is_whole(reader: Reader) -> None:
    reader.lay(IMAGE, load_filter("box-3"))
    field = reader.find("#w-0-1-1")
    field.click()
    assert field.get_attribute("value") == "0.11111111"
    reader.find("#bias").click()
    assert field.get_attribute("value") == "0.1111"
    assert field.get_attribute("title") == "0.11111111"


def test_a_bias_is_short_and_whole_likewise(reader: Reader) -> None:
    reader.lay(IMAGE, load_filter("box-3"))
    reader.type("#bias", "0.123456")
    assert reader.find("#bias").get_attribute("value") == "0.123456"
    reader.find("#w-0-0-0").click()
    assert reader.find("#bias").get_attribute("value") == "0.1235"


def test_reading_and_writing_change_no_other_weight(reader: Reader) -> None:
    bank = load_filter("dog-7")
    reader.lay(IMAGE, bank)
    for tap in ("0-0", "3-3", "6-1"):
        reader.find(f"#w-0-{tap}").click()
    reader.type("#w-0-6-6", "0.5")
    changed = bank.weights[0, 0].copy()
    changed[6, 6] = 0.5
    file = json.loads(reader.texts("#json")[0])
    assert_equal(np.array(file["weights"], np.float32), changed)
    assert len(reader.browser.driver.find_elements("css selector", "#weights input.changed")) == 1
