"""Numbers in cells: where there is room, in the middle, and to be read on any colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.cells import INSET, LEAST, numbers
from convtool.view.drawings.drawing import BLACK, WHITE, Text
from convtool.view.drawings.lettering import BODY, SMALL, TITLE
from convtool.view.scales import Scale

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def written(values: Any, cell: int) -> list[Text]:
    cells = np.float32(values)
    return list(numbers(cells, Scale.fit([cells]).colours(cells), cell, 100, 200))


def test_every_value_is_in_the_middle_of_its_cell() -> None:
    texts = written([[1, 2, 3], [4, 5, 60]], 40)
    assert [(text.text, text.x, text.y) for text in texts] == [
        ("1", 120, 220), ("2", 160, 220), ("3", 200, 220),
        ("4", 120, 260), ("5", 160, 260), ("60", 200, 260),
    ]  # fmt: skip
    assert {text.anchor for text in texts} == {"mm"}


def test_ink_is_white_on_dark_and_black_on_light() -> None:
    assert [text.colour for text in written([[0, 9]], 40)] == [WHITE, BLACK]


@pytest.mark.parametrize(("cell", "size"), [(30, SMALL), (55, SMALL), (56, BODY), (99, BODY), (100, TITLE)])
def test_large_cells_have_large_letters(cell: int, size: int) -> None:
    assert written([[1]], cell)[0].size == size


def test_small_cells_have_none() -> None:
    assert len(written([[1]], LEAST)) == 1
    assert written([[1]], LEAST - 1) == []


@pytest.mark.parametrize(
    ("values", "cell", "said"),
    [
        ([[0.12346, 0.5]], 60, ["0.1235", "0.5"]),
        ([[0.12346, 0.5]], 38, ["0.123", "0.5"]),
        ([[0.12346, 0.5]], 31, ["0.12", "0.5"]),
        ([[0.0345, 1.24, 11.6]], 31, ["0.03", "1.2", "12"]),
        ([[0.0012345, 0.5]], 31, ["0.5"]),
        ([[-1020, 0]], 50, ["-1,020", "0"]),
        ([[-1020, 0]], 31, ["0"]),
    ],
)
def test_digits_are_those_that_all_have_room_for_or_few(values: Any, cell: int, said: list[str]) -> None:
    assert [text.text for text in written(values, cell)] == said


@given(
    st.lists(FINITE, min_size=1, max_size=9),
    st.integers(LEAST, 120),
)
def test_every_number_is_within_its_cell(values: list[float], cell: int) -> None:
    for text in written([values], cell):
        left, top, right, bottom = text.box
        column = int((text.x - 100) // cell)
        assert 100 + column * cell + INSET - 1 <= left
        assert right <= 100 + (column + 1) * cell - INSET + 1
        assert 200 <= top <= bottom <= 200 + cell
