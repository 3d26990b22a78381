"""Rows J1 to J8: files that are given as filters, in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.faults.commands import (
    NOTES,
    Words,
    done,
    filtered,
    filtering,
    refused,
    refused_filter,
    refused_image,
    seconds_of_children,
)

PIXEL = b"2\n"
BANK = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
KNOWN_KEYS = "format, name, weights, bias, description, source, names, divisor, normalize, meta"
MEBIBYTE = 2**20


@pytest.mark.parametrize(
    "spelling", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "null", "true", "false", '"1"', '"nan"']
)
def test_j01_what_is_no_finite_number(spelling: str) -> None:
    """NaN, Infinity, 1e999, null, true, "1" or "nan" among the weights."""
    shown = {"1e999": "Infinity", "-1e999": "-Infinity"}.get(spelling, spelling)
    refused_filter(f"[[1, 2], [{spelling}, 4]]", f"row 2 column 1 of a filter is {shown}", "finite number")


@pytest.mark.parametrize("key", ["bias", "divisor"])
@pytest.mark.parametrize("spelling", ["NaN", "1e999", "null", "true", '"1"'])
def test_j01_beside_the_weights(key: str, spelling: str) -> None:
    """NaN, 1e999, null, true or "1" as the bias or the divisor."""
    refused_filter(f'{{"weights": [[1]], "{key}": {spelling}}}', key, "finite number")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[1, 1e39], [3, 4]]", ("inf at (0, 0, 0, 1)", "finite in float32")),
        ('{"weights": [[1e300]], "divisor": 1e-300}', ("inf at (0, 0, 0, 0)", "finite in float32")),
        ('{"weights": [[1]], "bias": -1e39}', ("bias", "-inf", "finite in float32")),
    ],
)
def test_j01_infinite_in_float32(text: str, words: Words) -> None:
    """Numbers that JSON holds and float32 does not."""
    refused_filter(text, *words)


@pytest.mark.parametrize(
    ("text", "lost", "response"),
    [
        ("[[1e-400, 3]]", "1 number(s)", 6),
        ("[[-1e-400, 3]]", "1 number(s)", 6),
        ("[[1e-46, 3]]", "1 number(s)", 6),
        ('{"weights": [[0, 3]], "bias": 1e-400}', "1 number(s)", 6),
    ],
)
def test_j02_too_small_becomes_zero(text: str, lost: str, response: float) -> None:
    """1e-400, which float32 has not: a notice, and 0."""
    notices = [("filter.json", lost, "too small for float32", "became 0")]
    assert filtered(b"7,2\n", text, notices=notices).tolist() == [[response]]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"weights": [[1]], "weights": [[2]]}', "'weights'"),
        ('{"weights": [[1]], "bias": 0, "bias": 1}', "'bias'"),
        ('{"weights": [[1]], "meta": {"a": 1, "a": 1}}', "'a'"),
    ],
)
def test_j03_a_key_twice(text: str, key: str) -> None:
    """The same key twice, of which Python would take the last."""
    refused_filter(text, f"the key {key} stands twice")


@pytest.mark.parametrize("key", ["kernel", "Weights", "strides", ""])
def test_j03_an_unknown_key(key: str) -> None:
    """A key that a filter has not."""
    text = json.dumps({"weights": [[1]], key: 1})
    refused_filter(text, f"unknown key {key!r}", KNOWN_KEYS)


def test_j03_keys_of_ones_own_in_meta() -> None:
    """Any keys inside meta are taken."""
    text = json.dumps({"weights": [[3]], "meta": {"kernel": None, "": [True, "1"]}})
    assert filtered(PIXEL, text).tolist() == [[6]]


@pytest.mark.parametrize("what", [pytest.param("image", marks=pytest.mark.slow), "filter"])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("[" * 100_000, "nested too deeply", id="open"),
        pytest.param("[" * 100_000 + "]" * 100_000, "nested too deeply", id="closed"),
        pytest.param("[" * 70 + "1" + "]" * 70, "nested too deeply", id="70"),
        pytest.param('{"weights": ' * 100_000, "nested too deeply", id="objects"),
        pytest.param(f"[[{'9' * 5000}]]", "thousands of digits", id="5000-digits"),
        pytest.param(f"[[{'9' * 400}]]", "999..., not a finite number", id="400-digits"),
    ],
)
def test_j04_depth_and_length(text: str, word: str, what: str) -> None:
    """100 000 nested lists, or a number of 5 000 digits: refused in under a second."""
    before = seconds_of_children()
    if what == "filter":
        error = refused_filter(text, word)
    else:
        error = refused_image(text.encode(), word, name="bad.json")
    assert seconds_of_children() - before < 1
    assert len(error) < 200


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("[[1, 2], [3]]", ("row 2", "has 1 values", "row 1 has 2")),
        ("[[1], [2, 3]]", ("row 2", "has 2 values", "row 1 has 1")),
        ("[[[1, 2]], [[3, 4], [5, 6]]]", ("plane 2", "has 2 lists", "plane 1 has 1")),
        ("[[1, 2], 3]", ("row 2", "is 3", "a list of 2")),
        ("[]", ("empty list",)),
        ("[[]]", ("empty list",)),
        ("[[1], []]", ("row 2", "has 0 values", "row 1 has 1")),
        ("[1, 2]", ("shape (2,)", "(kh, kw)", "(O, I, kh, kw)")),
        ("[[[[[1]]]]]", ("nested too deeply",)),
        ('{"weights": 5}', ("is 5", "list of rows")),
        ('{"weights": {"a": 1}}', ("list of rows",)),
        ("{}", ("no weights",)),
    ],
)
def test_j05_what_is_no_rectangle(weights: str, words: Words) -> None:
    """Weights that are ragged, empty, or of a wrong rank."""
    refused_filter(weights, *words)


@pytest.mark.parametrize("options", [(), ("--csv",), ("-o", "found.png")], ids=" ".join)
def test_j05_what_is_no_rectangle_to_find_with(options: Words) -> None:
    """Ragged weights, given to the command that finds peaks."""
    Path("bad.json").write_text("[[1, 2], [3]]")
    words = ("convtool: bad.json: ", "row 2", "has 1 values", "has 2")
    refused("find", NOTES, "--filter", "bad.json", *options, says=words)


def test_j05_ranks_that_a_filter_has() -> None:
    """Weights of two, three and four axes are taken."""
    image = b"2,3\n"
    for text in ("[[1, 10]]", "[[[1, 10]]]", "[[[[1, 10]]]]"):
        assert filtered(image, text).ravel().tolist() == [32]


def test_j06_a_byte_order_mark_is_passed_over() -> None:
    """A UTF-8 byte order mark before the JSON."""
    assert filtered(PIXEL, b"\xef\xbb\xbf[[3]]").tolist() == [[6]]
    assert filtered(b"\xef\xbb\xbf2\n", b'\xef\xbb\xbf\r\n {"weights": [[3]]}\r\n').tolist() == [[6]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_j06_utf16(encoding: str) -> None:
    """JSON in UTF-16 or UTF-32."""
    refused_filter("[[1, 2], [3, 4]]".encode(encoding))


def test_j06_bad_utf8() -> None:
    """A byte that is no UTF-8."""
    refused_filter(b'{"weights": [[1]], "name": "caf\xe9"}', "UTF-8", "byte 31")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[1]]\n[[2]]", "line 2 column 1"),
        ('{"weights": [[1]]} x', "line 1 column 20"),
        ("[[1]],", "line 1 column 6"),
        ("[[1, 2],\n [3 4]]", "line 2 column 5"),
        ('{"weights": [[1]]', "line 1 column"),
    ],
)
def test_j06_trailing_data(text: str, place: str) -> None:
    """What follows the JSON, or is missing from it, by line and column."""
    refused_filter(text, "not valid JSON", place)


@pytest.mark.parametrize("what", ["image", "filter"])
def test_j07_over_sixteen_megabytes(what: str) -> None:
    """JSON of more than 16 MB, which is no JSON at all: its size is seen first."""
    with Path("bad.json").open("wb") as file:
        file.write(b"[[1, 2], x".ljust(2000))
        file.truncate(16 * MEBIBYTE + 1)
    command = filtering("bad.json") if what == "filter" else ("relu", "bad.json", "--out-dir", "maps")
    refused(*command, code=4, says=("convtool: bad.json: ", "16777217 bytes", "limit of 16777216"))


def test_j07_sixteen_megabytes_are_read() -> None:
    """JSON of just 16 MB."""
    assert filtered(PIXEL, b"[[3]]".ljust(16 * MEBIBYTE)).tolist() == [[6]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": [[1]], "bias": [1, 2]}, ("bias", "(2,)", "1 filter(s)")),
        ({"weights": BANK, "bias": [1]}, ("bias", "(1,)", "2 filter(s)")),
        ({"weights": BANK, "bias": 1}, ("bias", "2 filter(s)")),
        ({"weights": BANK, "bias": []}, ("bias", "empty list")),
        ({"weights": BANK, "names": ["a"]}, ("1 name(s)", "2 filter(s)")),
        ({"weights": [[1]], "names": ["a", "b"]}, ("2 name(s)", "1 filter(s)")),
        ({"weights": [[1]], "names": []}, ("0 name(s)", "1 filter(s)")),
        ({"weights": BANK, "names": [1, 2]}, ("names", "texts")),
        ({"weights": [[1]], "divisor": 0}, ("divisor is 0", "other than 0")),
        ({"weights": [[1]], "divisor": -0.0}, ("divisor is -0.0", "other than 0")),
    ],
)
def test_j08_counts_and_divisor(fields: dict[str, object], words: Words) -> None:
    """A bias or names whose count is not that of the filters, or a divisor of 0."""
    refused_filter(json.dumps(fields), *words)


def test_j08_counts_that_fit() -> None:
    """One bias and one name a filter, and a divisor that divides the weights alone."""
    fields = {"weights": [[[4]], [[6]]], "bias": [10, 20], "names": ["a", "b"], "divisor": 2}
    assert filtered(PIXEL, json.dumps(fields)).tolist() == [[[14]], [[26]]]
    done("conv", "./image", "-f", "filter.json", "--out-dir", "maps", "--format", "npy")
    values = {path.name: np.load(path).tolist() for path in Path("maps").iterdir()}
    assert values == {"image.filter-a.map.npy": [[14]], "image.filter-b.map.npy": [[26]]}
