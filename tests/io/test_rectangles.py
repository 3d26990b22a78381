"""Matrices as text: what JSON and CSV may hold, where a fault is said to be, and the way back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool.errors import InputError
from convtool.io.rectangles import (
    csv_lines,
    format_json,
    is_finite,
    json_lines,
    parse_csv,
    parse_json,
    rectangle,
    to_numbers,
)
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from numpy.typing import NDArray

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


def matrices(dimensions: int) -> st.SearchStrategy[NDArray[np.float32]]:
    shapes = hnp.array_shapes(min_dims=dimensions, max_dims=dimensions, max_side=4)
    return hnp.arrays(np.float32, shapes, elements=finite)


class TestJson:
    def test_text(self) -> None:
        assert parse_json(b' {"a": [1, -2.5, 1e3], "b": null}\n') == {"a": [1, -2.5, 1000], "b": None}

    def test_byte_order_mark_is_accepted(self) -> None:
        assert parse_json(b"\xef\xbb\xbf[1]") == [1]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"[1, 2", "not valid JSON, line 1 column 6: Expecting ',' delimiter"),
            (b"[1,\n 2,\n]", "not valid JSON, line 3 column 1: "),
            (b"[[1]]\n[[2]]", "not valid JSON, line 2 column 1: Extra data"),
            (b"[1] x", "not valid JSON, line 1 column 5: Extra data"),
            (b"[01]", "not valid JSON, line 1 column 3: Expecting ',' delimiter"),
            (b"[+1]", "not valid JSON, line 1 column 2: Expecting value"),
            (b"[0x1]", "not valid JSON, line 1 column 3: Expecting ',' delimiter"),
            (b"[1_0]", "not valid JSON, line 1 column 3: Expecting ',' delimiter"),
            (b"[1, \xff]", "not UTF-8 text (byte 4); save it as UTF-8"),
            ("[1]".encode("utf-16"), "not UTF-8 text (byte 0); save it as UTF-8"),
            (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' stands twice; remove one"),
            (b'[{"b": {"c": 1, "c": 2}}]', "the key 'c' stands twice; remove one"),
            (b"[" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
            (b"[" * 100_000 + b"]" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
            (b"[" + b"9" * 5000 + b"]", "a number has thousands of digits; no float32 is that long"),
        ],
        ids=range(15),
    )
    def test_faults_are_named_with_their_place(self, data: bytes, message: str) -> None:
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            parse_json(data)

    def test_many_keys(self) -> None:
        content = {str(number): number for number in range(20_000)}
        data = json.dumps(content).encode()
        assert parse_json(data) == content
        with pytest.raises(InputError, match=r"^the key '7' stands twice; remove one$"):
            parse_json(data[:-1] + b', "7": 0}')

    def test_a_number_that_no_float_holds_is_not_quite_zero(self) -> None:
        smallest = 5e-324
        assert parse_json(b"[1e-400, -1e-400, 0.001E-999, 5e-324]") == [
            smallest,
            -smallest,
            smallest,
            smallest,
        ]
        assert parse_json(b"[0.0, -0.0, 0e5, 0.000e-400, -0E9]") == [0, 0, 0, 0, 0]


class TestRectangle:
    @pytest.mark.parametrize(
        "value", [[1], [[1, 2], [3, 4.5]], [[[1], [2]], [[3], [4]]], [[[[1, 2]]], [[[3, 4]]]]]
    )
    def test_of_one_to_four_axes(self, value: list[Any]) -> None:
        values = rectangle(value, "a matrix")
        assert values.dtype == np.float64
        assert values.tolist() == value

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ([[1, 2, 3], [4, 5]], "row 2 has 2 values, row 1 has 3; a filter is a rectangle of numbers"),
            ([[1], [2, 3]], "row 2 has 2 values, row 1 has 1; a filter is a rectangle of numbers"),
            ([[[1, 2]], [[3]]], "plane 2 row 1 has 1 values, plane 1 row 1 has 2; a filter is"),
            ([[[1], [2]], [[3]]], "plane 2 has 1 lists, plane 1 has 2; a filter is a rectangle of numbers"),
            ([[1, 2], 3], "row 2 of a filter is 3, expected a list of 2"),
            ([[1, 2], [3, [4]]], "row 2 column 2 of a filter is list, not a finite number"),
            ([1, [2]], "value 2 of a filter is list, not a finite number"),
            ([[1, float("nan")]], "row 1 column 2 of a filter is NaN, not a finite number"),
            ([[1], [float("inf")]], "row 2 column 1 of a filter is Infinity, not a finite number"),
            ([[1, -float("inf")]], "row 1 column 2 of a filter is -Infinity, not a finite number"),
            ([[None]], "row 1 column 1 of a filter is null, not a finite number"),
            ([[1, True]], "row 1 column 2 of a filter is true, not a finite number"),
            ([["1"]], 'row 1 column 1 of a filter is "1", not a finite number'),
            ([["nan"]], 'row 1 column 1 of a filter is "nan", not a finite number'),
            ([[{}]], "row 1 column 1 of a filter is dict, not a finite number"),
            ([["x" * 90]], f'row 1 column 1 of a filter is "{"x" * 36}..., not a finite number'),
            ([[10**400]], f"row 1 column 1 of a filter is 1{'0' * 36}..., not a finite number"),
            ([[[1, 2], [3, None]]], "plane 1 row 2 column 2 of a filter is null, not a finite number"),
            (
                [[[[1, 2]], [[3, None]]]],
                "filter 1 channel 2 row 1 column 2 of a filter is null, not a finite number",
            ),
            ([], "a filter has an empty list; a row holds at least one number"),
            ([[]], "a filter has an empty list; a row holds at least one number"),
            (5, "a filter is 5; it must be a list of rows of numbers"),
            (None, "a filter is null; it must be a list of rows of numbers"),
            ({}, "a filter is dict; it must be a list of rows of numbers"),
            ([[[[[1]]]]], "lists are nested too deeply; a matrix is a list of rows"),
        ],
        ids=range(25),
    )
    def test_faults_are_named_with_their_place(self, value: Any, message: str) -> None:
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            rectangle(value, "a filter")

    @pytest.mark.parametrize("depth", [5, 65, 500, 5000])
    def test_lists_nested_too_deeply(self, depth: int) -> None:
        value: list[Any] = [1]
        for _ in range(depth):
            value = [value]
        with pytest.raises(InputError, match=r"^lists are nested too deeply; a matrix is a list of rows$"):
            rectangle(value, "a filter")


@pytest.mark.parametrize(
    ("value", "finite"),
    [
        (0, True),
        (-1.5, True),
        (5e-324, True),
        (1.7e308, True),
        (10**308, True),
        (10**309, False),
        (-(10**5000), False),
        (float("nan"), False),
        (float("inf"), False),
        (True, False),
        (None, False),
        ("1", False),
    ],
    ids=range(12),
)
def test_is_finite(value: object, finite: bool) -> None:
    assert is_finite(value) is finite


class TestCsv:
    @pytest.mark.parametrize(
        "text",
        ["1,2\n3,-4.5\n", "1,2\r\n3,-4.5", "\n 1 ,\t2\n\n3, -45e-1 \n \n", "\ufeff1,2\n+3,-4.50"],
    )
    def test_text(self, text: str) -> None:
        assert parse_csv(text.encode()).tolist() == [[1, 2], [3, -4.5]]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1,2\n3\n", "row 2 has 1 values, the first has 2; a matrix is a rectangle of numbers"),
            ("1\n\n3,4\n", "row 3 has 2 values, the first has 1; a matrix is a rectangle of numbers"),
            ("1,2\n3,x\n", 'row 2 column 2 is "x", not a finite number'),
            ("a,b\n1,2\n", 'row 1 column 1 is "a", not a finite number; remove the header line'),
            ("1,2,\n", 'row 1 column 3 is "", not a finite number; fill the empty cell, or remove the comma'),
            ("1 2\n3 4\n", 'row 1 column 1 is "1 2", not a finite number; separate numbers by commas'),
            ("'1','2'\n", "row 1 column 1 is \"'1'\", not a finite number; remove the quotes"),
            ("1\nnan\n", 'row 2 column 1 is "nan", not a finite number'),
            ("1\n-inf\n", 'row 2 column 1 is "-inf", not a finite number'),
            ("1\n1e999\n", 'row 2 column 1 is "1e999", not a finite number'),
            ("1\n1_0\n", 'row 2 column 1 is "1_0", not a finite number'),
            ("1\n1;2\n", 'row 2 column 1 is "1;2", not a finite number; separate numbers by commas'),
            ("1\n0x1\n", 'row 2 column 1 is "0x1", not a finite number'),
            ("1\n" + "9" * 5000, f'row 2 column 1 is "{"9" * 36}..., not a finite number'),
            ("", "holds no numbers; a matrix is a rectangle of numbers"),
            (" \n\t\n", "holds no numbers; a matrix is a rectangle of numbers"),
        ],
        ids=range(16),
    )
    def test_faults_are_named_with_their_place(self, text: str, message: str) -> None:
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            parse_csv(text.encode())

    def test_other_encodings_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"^not UTF-8 text \(byte 2\); save it as UTF-8$"):
            parse_csv(b"1,\xff")


class TestWriting:
    def test_whole_numbers_as_integers_others_as_short_as_can_be(self) -> None:
        values = np.array([[0.1, -3, 1e-45], [-0.0, 3.4e38, 16777216]], np.float32)
        assert to_numbers(values) == [[0.1, -3, 1e-45], [0, int(np.float32(3.4e38)), 16777216]]
        assert [type(value) for value in to_numbers(values[0])] == [float, int, float]
        assert "".join(csv_lines(values[:, :2])) == f"0.1,-3\n0,{int(np.float32(3.4e38))}\n"

    def test_json_has_one_row_a_line(self) -> None:
        assert format_json([[1, 2], [3, 4]]) == "[\n  [1, 2],\n  [3, 4]\n]"
        assert format_json([[[1], [2]]]) == "[\n  [\n    [1],\n    [2]\n  ]\n]"
        assert format_json([1, 2]) == "[1, 2]"
        assert format_json({"a": [1]}) == '{"a": [1]}'

    @given(values=matrices(2))
    def test_csv_reads_back_exactly(self, values: NDArray[np.float32]) -> None:
        assert_equal(parse_csv("".join(csv_lines(values)).encode()).astype(np.float32), values)

    @given(values=st.one_of(*map(matrices, (1, 2, 3, 4))))
    def test_json_reads_back_exactly(self, values: NDArray[np.float32]) -> None:
        text = format_json(to_numbers(values))
        assert "".join(json_lines(values)) == text
        content = parse_json(text.encode())
        assert_equal(rectangle(content, "a matrix").astype(np.float32), values)
