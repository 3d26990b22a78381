"""Weights are changed where they stand, and the maps are those of the changed filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank, conv2d, load_filter, max_pool2d, relu
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

IMAGE = np.random.default_rng(5).integers(0, 256, (9, 8)).astype(np.float32)
WEIGHTS = np.array([[1, 0, -1], [2, 0.5, -2], [3, 0, -1]], np.float32)


@pytest.fixture
def edited(reader: Reader) -> Reader:
    """A page whose filter can be changed."""
    reader.lay(IMAGE, FilterBank(WEIGHTS[np.newaxis, np.newaxis], [2]), pool=2)
    return reader


def assert_maps(reader: Reader, weights: NDArray, bias: float = 2, *, flip: bool = False) -> None:
    response = conv2d(IMAGE, weights, [bias], flip=flip)
    assert_equal(reader.map(0, "conv", response.shape), response)
    assert_equal(reader.map(0, "relu", response.shape), relu(response))
    pooled = max_pool2d(relu(response), 2)
    assert_equal(reader.map(0, "pool", pooled.shape), pooled)


def test_the_fields_hold_what_the_file_holds(edited: Reader) -> None:
    shown = [[edited.find(f"#w-0-{y}-{x}").get_attribute("value") for x in range(3)] for y in range(3)]
    assert shown == [["1", "0", "-1"], ["2", "0.5", "-2"], ["3", "0", "-1"]]
    assert edited.find("#bias").get_attribute("value") == "2"
    assert_maps(edited, WEIGHTS)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-0.25", -0.25), ("\u22123", -3), (" 1e2 ", 100), ("\u221225e\u22122", -0.25)],
)
def test_a_changed_weight_changes_every_map(edited: Reader, text: str, value: float) -> None:
    edited.type("#w-0-1-2", text)
    changed = WEIGHTS.copy()
    changed[1, 2] = value
    assert_maps(edited, changed)
    assert [each.get_attribute("id") for each in changed_fields(edited)] == ["w-0-1-2"]


def changed_fields(reader: Reader) -> list:
    return reader.find('[data-stage="filter"]').find_elements("css selector", "input.changed")


def test_the_derivation_is_that_of_the_changed_filter(edited: Reader) -> None:
    edited.browser.run("convtool.select(0, 'conv', 0, 0)")
    edited.settle()
    edited.type("#w-0-0-0", "4")
    changed = WEIGHTS.copy()
    changed[0, 0] = 4
    assert edited.told()[1] == f"{conv2d(IMAGE, changed, [2])[0, 0]:g}"
    assert edited.texts('#derivation table[data-part="weights"] td')[1] == "4"


def test_a_changed_bias_is_added(edited: Reader) -> None:
    edited.type("#bias", "-100.5")
    assert_maps(edited, WEIGHTS, -100.5)


@pytest.mark.parametrize("text", ["", "--", "x", "1,5", "0x10", "1e", "1 2", "nan", "1e99", "Infinity"])
def test_what_is_no_number_is_marked_and_not_used(edited: Reader, text: str) -> None:
    edited.type("#w-0-0-0", "5")
    edited.type("#w-0-0-0", text)
    assert edited.find("#w-0-0-0").get_attribute("aria-invalid") == "true"
    values = edited.browser.run("return Array.from(convtool.report.filters[0].weights)")
    assert np.isfinite(values).all()
    edited.push("#reset")
    assert edited.find("#w-0-0-0").get_attribute("aria-invalid") is None
    assert edited.find("#w-0-0-0").get_attribute("value") == "1"
    assert_maps(edited, WEIGHTS)


def test_flip_turns_the_filter_and_back(edited: Reader) -> None:
    head = '[data-stage="filter"] [data-part="size"]'
    assert edited.texts(head) == ["3 × 3, as it is: cross-correlation"]
    edited.push("#flip")
    assert edited.texts(head) == ["3 × 3, turned by 180°: convolution"]
    assert edited.find("#flip").get_attribute("aria-pressed") == "true"
    assert_maps(edited, WEIGHTS, flip=True)
    edited.push("#flip")
    assert edited.find("#flip").get_attribute("aria-pressed") == "false"
    assert_maps(edited, WEIGHTS)


def test_reset_gives_everything_back(edited: Reader) -> None:
    assert not edited.find("#reset").is_enabled()
    edited.type("#w-0-2-2", "9")
    edited.type("#bias", "1")
    edited.push("#flip")
    edited.push("#reset")
    assert_maps(edited, WEIGHTS)
    assert changed_fields(edited) == []
    assert edited.find("#bias").get_attribute("value") == "2"
    assert not edited.find("#reset").is_enabled()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_text_of_the_filter_is_a_file_of_convtool(reader: Reader, tmp_path: Path, channels: int) -> None:
    weights = np.random.default_rng(2).normal(size=(1, channels, 2, 3)).astype(np.float32)
    reader.lay(np.ones((channels, 4, 5), np.float32), FilterBank(weights, [0.1], normalize="local"))
    reader.type(f"#w-{channels - 1}-1-2", "0.3")
    weights[0, channels - 1, 1, 2] = 0.3
    (tmp_path / "edited.json").write_text(reader.texts("#json")[0], "utf-8")
    bank = load_filter(tmp_path / "edited.json")
    assert_equal(bank.weights, weights)
    assert_equal(bank.bias, np.array([0.1], np.float32))
    assert bank.normalize == "local"


def test_a_flipped_filter_says_how_its_file_is_run(edited: Reader) -> None:
    edited.push("#flip")
    assert "--flip" in edited.texts("#json-note")[0]


def test_each_filter_keeps_its_own_changes(reader: Reader) -> None:
    reader.lay(IMAGE, FilterBank(np.stack([WEIGHTS, 2 * WEIGHTS])[:, np.newaxis]), pool=2)
    reader.type("#w-0-0-0", "8")
    reader.push("#filters button:nth-child(2)")
    assert reader.find("#w-0-0-0").get_attribute("value") == "2"
    reader.push("#filters button:nth-child(1)")
    assert reader.find("#w-0-0-0").get_attribute("value") == "8"


def test_a_filter_of_very_many_weights_is_only_drawn(reader: Reader) -> None:
    reader.lay(np.ones((70, 70), np.float32), FilterBank(np.ones((65, 65), np.float32)), pool=2)
    assert reader.texts("#weights") == ["Its weights are too many to be changed here."]
    assert reader.find("#kernel").is_displayed()
    reader.push("#flip")
    assert reader.map(0, "conv", (6, 6)).tolist() == np.full((6, 6), 65 * 65).tolist()
