"""How a value came to be: what the tables and sentences of the page say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import FilterBank, conv2d, load_filter, load_image, relu

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

_TABLE = """
return [...document.querySelectorAll(arguments[0])].map((table) => ({
  caption: table.caption.textContent,
  columns: [...table.querySelectorAll('th[scope="col"]')].map((head) => head.textContent),
  rows: [...table.querySelectorAll('th[scope="row"]')].map((head) => head.textContent),
  cells: [...table.querySelectorAll('tbody tr')].map((line) =>
    [...line.querySelectorAll('td')].map((cell) => cell.textContent)),
}));
"""


def tables(reader: Reader, part: str) -> list[dict[str, Any]]:
    """The tables of a part of the derivation."""
    found: list[dict[str, Any]] = reader.browser.run(_TABLE, f'#derivation table[data-part="{part}"]')
    return found


def look_at(reader: Reader, stage: str, y: int, x: int) -> None:
    reader.browser.run("convtool.select(0, ...arguments)", stage, y, x)
    reader.settle()


def said(reader: Reader, part: str) -> str:
    return reader.texts(f'#derivation [data-part="{part}"]')[0]


@pytest.fixture
def notes(reader: Reader) -> Reader:
    """The worked example of the notes."""
    reader.lay(load_image("samples/notes-pipeline.json"), load_filter("notes-diagonal"), pool=2)
    return reader


def test_why_is_this_cell_5(notes: Reader) -> None:
    assert notes.told() == ("Pooled map, row 0, column 0", "5")
    (patch,) = tables(notes, "patch")
    assert patch == {
        "caption": "Patch",
        "columns": ["1", "2"],
        "rows": ["1", "2"],
        "cells": [["1", "0"], ["0", "4"]],
    }
    assert [table["cells"] for table in tables(notes, "weights")] == [[["1", "0"], ["0", "1"]]]
    assert [table["cells"] for table in tables(notes, "products")] == [[["1", "0"], ["0", "4"]]]
    assert said(notes, "sum") == "1×1 + 0×0 + 0×0 + 4×1 = 5"
    assert said(notes, "relu").endswith("max(0, 5) = 5")
    assert said(notes, "pool") == "The largest of 4 cells is 5, in row 1, column 1"
    assert notes.texts("#derivation .winner") == ["5"]


def test_a_response_needs_neither_relu_nor_pool(notes: Reader) -> None:
    look_at(notes, "conv", 0, 1)
    assert notes.texts("#derivation h3") == ["Patch × filter"]
    assert said(notes, "sum") == "0×1 + 2×0 + 1×0 + 0×1 = 0"


def test_a_pixel_tells_which_responses_read_it(notes: Reader) -> None:
    look_at(notes, "input", 1, 0)
    expected = (
        "This pixel is part of the patches of 2 responses, which are outlined: in rows 0 to 1, column 0."
    )
    assert said(notes, "fed") == expected
    look_at(notes, "input", 0, 2)
    expected = "This pixel is part of the patches of one response, which is outlined: in row 0, column 1."
    assert said(notes, "fed") == expected


def test_a_pixel_that_the_stride_passes_by_says_so(reader: Reader) -> None:
    reader.lay(np.ones((3, 3), np.float32), FilterBank([[1]]), stride=2)
    look_at(reader, "input", 1, 0)
    assert said(reader, "fed") == "No response reads this pixel: the windows pass it by."


def test_negative_factors_bias_and_what_relu_cuts_off(reader: Reader) -> None:
    reader.lay(np.array([[1, 2.5]], np.float32), FilterBank(np.array([[[[-3, 2]]]]), [-4]))
    look_at(reader, "relu", 0, 0)
    assert said(reader, "sum") == "1×(−3) + 2.5×2 = 2"
    assert said(reader, "bias") == "2 − 4 (bias) = −2"
    assert said(reader, "relu").endswith("max(0, −2) = 0")
    assert reader.told() == ("Feature map, row 0, column 0", "0")


def test_without_bias_there_is_no_second_line(notes: Reader) -> None:
    assert not notes.find('#derivation [data-part="bias"]').is_displayed()


def test_numbers_that_were_shortened_are_about_equal(reader: Reader) -> None:
    third = np.float32(1) / np.float32(3)
    reader.lay(np.array([[1]], np.float32), FilterBank([[third]]))
    assert said(reader, "sum") == "1×0.33333 ≈ 0.33333"
    assert reader.texts("#derivation strong") == ["0.33333334"]
    assert reader.told()[1] == repr(float(third))


def test_a_normalised_response_is_divided_by_the_deviation(reader: Reader) -> None:
    bank = FilterBank(np.array([[[[1, 0], [0, 1]]]]), [1], normalize="local")
    reader.lay(np.array([[1, 3, 3], [3, 1, 1]], np.float32), bank)
    look_at(reader, "conv", 0, 0)
    assert said(reader, "bias") == "2 ÷ 1 (the deviation of the patch) + 1 (bias) = 3"
    reader.lay(np.ones((2, 2), np.float32), bank)
    look_at(reader, "conv", 0, 0)
    expected = "All pixels of the patch are equal, so the sum counts as 0; with the bias of 1 it is 1"
    assert said(reader, "bias") == expected


@pytest.mark.parametrize(
    ("mode", "padding", "numbers", "told"),
    [
        (
            "zeros",
            [["0 padding", "0 padding"], ["0 padding", "5"]],
            ["·", "0"],
            "Padding, which counts as 0.",
        ),
        (
            "reflect",
            [["8 padding", "7 padding"], ["6 padding", "5"]],
            ["1", "0"],
            "Padding, which copies cells of the image.",
        ),
    ],
)
def test_padding_is_said_to_be_padding(
    reader: Reader, mode: str, padding: list[list[str]], numbers: list[str], told: str
) -> None:
    image = np.array([[5, 6], [7, 8]], np.float32)
    reader.lay(image, FilterBank([[1, 2], [3, 4]]), padding=1, padding_mode=mode)
    look_at(reader, "conv", 0, 0)
    (patch,) = tables(reader, "patch")
    assert (patch["cells"], patch["rows"]) == (padding, numbers)
    assert reader.texts("#derivation .legend")[0].strip() == told
    look_at(reader, "conv", 1, 1)
    assert not reader.find("#derivation .legend").is_displayed()
    assert tables(reader, "patch")[0]["cells"] == [["5", "6"], ["7", "8"]]


def test_channels_stand_below_each_other_and_add_up(reader: Reader) -> None:
    image = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    bank = FilterBank(np.stack([np.full((3, 3), k) for k in (1, -2, 1)])[np.newaxis])
    reader.lay(image, bank)
    look_at(reader, "conv", 0, 0)
    assert [table["caption"] for table in tables(reader, "patch")] == ["Patch 0", "Patch 1", "Patch 2"]
    sums = [int(plane.sum()) * k for plane, k in zip(image, (1, -2, 1), strict=True)]
    expected = f"The products add up to 0 {sums[0]} + 1 (−{-sums[1]}) + 2 {sums[2]} = {sum(sums)}"
    assert said(reader, "sum") == expected


def test_groups_of_channels_are_called_what_the_input_calls_them(reader: Reader) -> None:
    image = np.arange(16, dtype=np.float32).reshape(4, 2, 2)
    reader.lay(image, FilterBank(np.ones((2, 2, 1, 1))), groups=2)
    reader.push("#filters button:nth-child(2)")
    reader.browser.run("convtool.select(1, 'conv', 1, 1)")
    reader.settle()
    assert [table["caption"] for table in tables(reader, "patch")] == ["Patch 2", "Patch 3"]
    assert said(reader, "sum") == "11×1 + 15×1 = 26"
    assert reader.texts('[data-stage="input"] [data-part="size"]') == ["0, channel 2, 2 × 2"]


def test_what_a_flipped_filter_is_laid_as(notes: Reader) -> None:
    notes.lay(np.array([[1, 2], [3, 4]], np.float32), FilterBank([[1, 0], [2, 3]]), flip=True)
    look_at(notes, "conv", 0, 0)
    assert tables(notes, "weights")[0]["caption"] == "Filter, turned"
    assert tables(notes, "weights")[0]["cells"] == [["3", "2"], ["0", "1"]]
    assert said(notes, "sum") == "1×3 + 2×2 + 3×0 + 4×1 = 11"


def test_of_equal_values_the_first_is_kept_and_the_others_are_counted(reader: Reader) -> None:
    reader.lay(np.array([[1, 775], [775, 2]], np.float32), FilterBank([[1]]), pool=2)
    expected = "The largest of 4 cells is 775, in row 0, column 1, the first of 2 that are 775"
    assert said(reader, "pool") == expected


def test_a_mean_is_written_out(reader: Reader) -> None:
    reader.lay(np.array([[1, 2], [3, 5]], np.float32), FilterBank([[1]]), pool=2, pool_kind="avg")
    expected = "(1 + 2 + 3 + 5) ÷ 4 = 2.75. Point at a cell of the feature map to see how it came to be."
    assert said(reader, "pool") == expected
    assert reader.texts("#derivation h3") == ["Mean of the window"]


def test_a_window_beyond_the_map_has_cells_that_are_none(reader: Reader) -> None:
    image = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
    reader.lay(image, FilterBank([[1]]), pool=2, pool_kind="min", pool_options={"ceil_mode": True})
    look_at(reader, "pool", 1, 0)
    assert reader.texts('#derivation [data-part="window"] tbody td') == ["7", "8", " outside", " outside"]
    assert said(reader, "pool") == "The smallest of 2 cells is 7, in row 2, column 0"


def test_a_window_too_large_for_a_table_is_told_in_words(reader: Reader) -> None:
    image = np.arange(70 * 70, dtype=np.float32).reshape(70, 70)
    reader.lay(image, FilterBank(np.ones((65, 65), np.float32)), pool=6)
    look_at(reader, "conv", 0, 0)
    assert "Windows of 65 × 65 cells are too large to be printed." in said(reader, "conv")
    total = int(image[:65, :65].sum())
    assert said(reader, "sum") == f"The 4225 products add up to {total}"


def test_the_tables_of_any_cell_are_the_image_and_the_filter(reader: Reader) -> None:
    rng = np.random.default_rng(11)
    image = rng.integers(0, 256, (30, 40)).astype(np.float32)
    weights = rng.integers(-9, 10, (3, 5)).astype(np.float32)
    reader.lay(image, FilterBank(weights), stride=2, dilation=2)
    response = relu(conv2d(image, weights, stride=2, dilation=2))
    for y, x in zip(
        rng.integers(0, response.shape[0], 8), rng.integers(0, response.shape[1], 8), strict=True
    ):
        look_at(reader, "relu", int(y), int(x))
        patch, laid, products = (
            np.array([[float(cell.replace("−", "-")) for cell in row] for row in table["cells"]])
            for table in (tables(reader, part)[0] for part in ("patch", "weights", "products"))
        )
        np.testing.assert_array_equal(patch, image[2 * y : 2 * y + 5 : 2, 2 * x : 2 * x + 9 : 2])
        np.testing.assert_array_equal(laid, weights)
        np.testing.assert_array_equal(products, patch * weights)
        assert reader.told()[1] == str(int(response[y, x]))


def test_a_weight_that_is_pointed_at_is_found_in_all_tables(notes: Reader) -> None:
    cell = notes.find('#derivation table[data-part="products"] tbody tr:nth-child(2) td:nth-child(2)')
    notes.browser.run("arguments[0].scrollIntoView({ block: 'center' })", cell)
    box = notes.browser.run("return arguments[0].getBoundingClientRect().toJSON()", cell)
    notes.move(round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))
    marked = "return [...document.querySelectorAll('td.same')].map((each) => each.dataset.tap)"
    assert notes.browser.run(marked) == ["0 1 0"] * 4
    assert notes.find("#w-0-1-0").find_element("xpath", "..").get_attribute("class") == "same"


def test_counts_are_written_as_all_numbers_are(reader: Reader) -> None:
    reader.lay(np.arange(72 * 72, dtype=np.float32).reshape(72, 72), FilterBank([[1]]), pool=72)
    assert said(reader, "pool") == "The largest of 5184 cells is 5183, in row 71, column 71"


_BESIDE = "return arguments[0].scrollWidth - arguments[0].clientWidth"


def test_tables_that_do_not_fit_stand_below_each_other_and_are_scrolled_apart(reader: Reader) -> None:
    image = np.random.default_rng(8).integers(0, 256, (50, 50)).astype(np.float32)
    reader.lay(image, FilterBank(np.random.default_rng(9).normal(size=(40, 40))))
    look_at(reader, "conv", 3, 3)
    assert reader.browser.run(_BESIDE, reader.find("#derivation .products")) == 0
    boxes = reader.browser.driver.find_elements("css selector", "#derivation .products > .scroll")
    assert [box.accessible_name for box in boxes] == ["Patch", "Filter", "Products"]
    tops = [box.rect["y"] for box in boxes]
    assert tops == sorted(set(tops))
    assert all(reader.browser.run(_BESIDE, box) > 0 for box in boxes)


def test_tables_that_fit_stand_side_by_side(reader: Reader) -> None:
    reader.lay(np.ones((9, 9), np.float32), FilterBank(np.ones((5, 5))))
    look_at(reader, "conv", 3, 3)
    boxes = reader.browser.driver.find_elements("css selector", "#derivation .products > div")
    assert len({box.rect["y"] for box in boxes}) == 1
