"""A recovered filter as tables and as a line of JSON, drawn from its record."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from convtool.view.consoles import console_for
from convtool.view.recovery import print_recovery, recovery_as_json

EXACT = {
    "before": "a.png",
    "after": "b.png",
    "output": "f.json",
    "size": (2, 3),
    "weights": [[1, 2, 1], [-1, 0, 4]],
    "divisor": 16,
    "bias": 0.5,
    "errors": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    "residual": 0.28765,
    "explained": 0.99977712,
    "exact": True,
    "determined": True,
    "shift": (0, 0),
    "clipped": (0, 0),
    "windows": 2850,
    "resembles": None,
}
PIPED = """\
a.png → b.png · 2 × 3 · to be divided by 16 → f.json
  |   0   1   2
--+------------
0 |   1   2   1
1 |  -1   0   4

recovered   from 2,850 windows
------------------------------------------------------------
fit         99.9777 % of the variance, 0.288 left over (rms)
exact       yes: it gives every value back
determined  yes
bias        0.5
clipped     no
moved       no
resembles   no built-in filter

"""
ERRORS = """\
Standard errors of the weights
  |       0       1       2
--+------------------------
0 |  0.2500     inf  0.1250
1 |  0.5000  0.0625  0.3333

"""


def piped(precision: int = 4, encoding: str = "utf-8", **fields: Any) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    record = {**EXACT, **fields}
    print_recovery(console_for(stream, "never"), record, np.float32(record["weights"]), precision)
    stream.seek(0)
    return stream.read()


def test_a_pipe_has_the_weights_and_a_line_for_each_fact() -> None:
    assert piped() == PIPED


def test_errors_follow_if_it_is_not_exact() -> None:
    errors = [[0.25, None, 0.125], [0.5, 0.0625, 1 / 3]]
    shown = piped(exact=False, errors=errors)
    assert shown.endswith(f"\nresembles   no built-in filter\n\n{ERRORS}")
    assert "\nexact       no\n" in shown
    assert "Standard errors" not in piped(errors=errors)
    assert "0 |  0.2  inf  0.1" in piped(1, exact=False, errors=errors)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_terminal_has_every_word_within_its_width(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    record = {**EXACT, "determined": False}
    print_recovery(console, record, np.float32(record["weights"]), 4)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    facts = lines[lines.index("recovered   from 2,850 windows") + 2 :]
    words = " ".join(line[12:].strip() for line in facts)
    assert "0.288 left over (rms)" in words
    assert "no: other filters explain the pictures as well" in words


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"explained": 1.0, "residual": 0.0}, "fit         100 % of the variance, 0 left over (rms)"),
        (
            {"explained": 0.0053, "residual": 18_912.3},
            "fit         0.53 % of the variance, 1.89e+04 left over (rms)",
        ),
        ({"determined": False}, "determined  no: other filters explain the pictures as well"),
        ({"bias": 0}, "bias        0"),
        ({"bias": -12.3456789}, "bias        -12.3457"),
        ({"clipped": (3, 0)}, "clipped     3 values below, 0 above"),
        ({"clipped": (0, 7)}, "clipped     0 values below, 7 above"),
        ({"shift": (1, 0)}, "moved       1 row down"),
        ({"shift": (-2, 0)}, "moved       2 rows up"),
        ({"shift": (0, 1)}, "moved       1 column right"),
        ({"shift": (0, -3)}, "moved       3 columns left"),
        ({"shift": (-1, 2)}, "moved       1 row up and 2 columns right"),
        ({"windows": 12}, "recovered   from 12 windows"),
    ],
)
def test_facts(fields: dict[str, Any], line: str) -> None:
    assert line in piped(**fields).splitlines()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "sobel-x"),
        ({"flipped": True}, "sobel-x, turned by 180° (--flip)"),
        ({"scale": 2.0}, "sobel-x, times 2"),
        ({"scale": -0.9983}, "sobel-x, times -0.9983"),
        ({"flipped": True, "scale": 0.5}, "sobel-x, turned by 180° (--flip), times 0.5"),
    ],
)
def test_what_it_resembles(fields: dict[str, Any], told: str) -> None:
    known = {"filter": "sobel-x", "flipped": False, "scale": 1.0, **fields}
    assert f"resembles   {told}" in piped(resembles=known).splitlines()


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"divisor": 1}, "a.png → b.png · 2 × 3 → f.json"),
        ({"output": "-"}, "a.png → b.png · 2 × 3 · to be divided by 16 → -"),
        ({"before": "[b]a\n\x1b[31m.png", "divisor": 1}, r"[b]a\n\x1b[31m.png → b.png · 2 × 3 → f.json"),
    ],
)  # fmt: skip
def test_titles(fields: dict[str, Any], title: str) -> None:
    assert piped(**fields).splitlines()[0] == title


def test_precision_is_that_of_the_weights() -> None:
    weights = [[0.123456, 0.5, 1], [0, 0, 0]]
    assert "0 |  0.12  0.50  1.00" in piped(2, weights=weights)
    assert "0 |  0.12346  0.50000  1.00000" in piped(5, weights=weights)


def test_a_stream_of_ascii_gets_ascii() -> None:
    shown = piped(encoding="ascii", before="é.png")
    assert shown.startswith("\\xe9.png \\u2192 b.png - 2 x 3 - to be divided by 16")


def test_json_is_one_line_of_every_field() -> None:
    line = recovery_as_json({**EXACT, "before": "é\n.png", "errors": [[None, 0.5]]})
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        **EXACT,
        "before": "é\n.png",
        "errors": [[None, 0.5]],
        "size": [2, 3],
        "shift": [0, 0],
        "clipped": [0, 0],
    }


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        recovery_as_json({**EXACT, "residual": float("inf")})
