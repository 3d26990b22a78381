"""One map as a titled table, drawn from its record alone."""

from __future__ import annotations

import io

import numpy as np
import pytest

from convtool.record import RunRecord
from convtool.view.consoles import console_for
from convtool.view.maps import print_map, title


def record(**fields: object) -> RunRecord:
    made = {
        "input": "a.png",
        "filter": "edge",
        "stage": "relu",
        "output": None,
        "shape": (2, 3),
        "dtype": "float32",
        "min": 0,
        "max": 5,
        "mean": 2.5,
        "exact": True,
        "step": None,
        "clipped": 0,
        "sha256": "",
        "convention": None,
        "plan": None,
        "seconds": 0.0,
        "version": "1",
        "values": None,
    }
    return RunRecord(**{**made, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "ReLU · a.png · edge · 2 × 3"),
        ({"stage": "conv"}, "Conv · a.png · edge · 2 × 3"),
        ({"stage": "pool", "shape": (1, 1)}, "Pool · a.png · edge · 1 × 1"),
        ({"stage": None}, "a.png · edge · 2 × 3"),
        ({"stage": "norm"}, "a.png · edge · 2 × 3"),
        ({"filter": None}, "ReLU · a.png · 2 × 3"),
        ({"filter": None, "stage": None}, "a.png · 2 × 3"),
        ({"output": "maps/a.png"}, "ReLU · a.png · edge · 2 × 3 → maps/a.png"),
    ],
)
def test_titles(fields: dict[str, object], line: str) -> None:
    assert title(record(**fields)) == line


def printed(encoding: str = "utf-8", **fields: object) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_map(console_for(stream, "never"), record(**fields), np.float32([[1, 2, 3], [-4, 5, 6]]))
    stream.seek(0)
    return stream.read()


def test_a_title_the_table_and_a_blank_line() -> None:
    assert printed() == (
        "ReLU · a.png · edge · 2 × 3\n  |   0   1   2\n--+------------\n0 |   1   2   3\n1 |  -4   5   6\n\n"
    )


def test_names_are_text_and_never_markup() -> None:
    first, *_ = printed(input="[bold]a\n\x1b[31m.png", filter="[/]").splitlines()
    assert first == r"ReLU · [bold]a\n\x1b[31m.png · [/] · 2 × 3"


def test_a_stream_of_ascii_gets_ascii() -> None:
    first, *_ = printed("ascii", output="é.png").splitlines()
    assert first == r"ReLU - a.png - edge - 2 x 3 \u2192 \xe9.png"


def test_layout_is_passed_on() -> None:
    stream = io.StringIO()
    console = console_for(stream, "never")
    values = np.full((40, 40), 0.5)
    print_map(console, record(shape=(40, 40)), values, precision=1, full=True)
    assert stream.getvalue().count("0.5") == 1600
