"""What is wrong with a filter that is changed: said in words, beside its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser


@pytest.fixture
def edited(reader: Reader) -> Reader:
    """A page whose filter can be changed."""
    reader.lay(np.array([[1, 2], [5, 7]], np.float32), FilterBank([[3]]))
    return reader


@pytest.mark.parametrize(
    ("text", "fault", "last"),
    [
        ("abc", "“abc” is no number", 3),
        ("", "nothing is written here", 3),
        ("1,5", "“1,5” is no number, write 1.5", 1),
        ("1,5,2", "“1,5,2” is no number", 1),
        ("1e39", "1e39 is beyond float32’s 3.4e38", 1000),
    ],
)
def test_what_is_typed_and_is_no_number(edited: Reader, text: str, fault: str, last: int) -> None:
    assert edited.find("#fault").get_attribute("role") == "status"
    assert edited.texts("#fault") == [""]
    edited.type("#w-0-0-0", text)
    rest = f"The maps still show its last good value, {last}."
    assert edited.texts("#fault") == [f"Weight, row 0, column 0: {fault}. {rest}"]
    edited.type("#w-0-0-0", "4")
    assert edited.texts("#fault") == [""]


def test_a_bias_that_is_none(edited: Reader) -> None:
    edited.type("#bias", "x")
    assert edited.texts("#fault") == ["Bias: “x” is no number. The maps still show its last good value, 0."]
    edited.push("#reset")
    assert edited.texts("#fault") == [""]


def test_sums_beyond_float32(edited: Reader) -> None:
    edited.type("#w-0-0-0", "3e38")
    assert edited.texts("#fault") == ["The sums are beyond float32’s 3.4e38; use smaller weights."]
    edited.type("#w-0-0-0", "3e37")
    assert edited.texts("#fault") == [""]
