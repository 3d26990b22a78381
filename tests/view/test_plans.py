"""A plan as a table at every width, and as a line of JSON."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from convtool.core.planner import Plan
from convtool.view.consoles import console_for
from convtool.view.plans import plan_as_json, print_plan

PLAN = Plan(
    algorithm="separable",
    why="rank 1: columns, then rows",
    rejected=(
        ("taps", "about 1.4 times the time; 5 additions and 1 multiplications a cell"),
        ("pointwise", "the filters are larger than 1×1"),
    ),
    tile=(1, 298, 449),
    phases=(1, 1),
    threads=1,
    multiply_adds=1_204_218,
    operations=802_812,
    bytes_moved=1_077_208,
    peak_memory=3_757_000_000,
    seconds=0.000121,
)
PIPED = """\
a.png · sobel-x
separable      rank 1: columns, then rows
--------------------------------------------------------------------------------
time           about 0.121 ms on 1 thread
multiply-adds  1,204,218 of a plain convolution, 802,812 done
memory         1.08 MB moved, 3.76 GB at the peak
tile           1 image, 298 rows, 449 columns of the result
not taps       about 1.4 times the time; 5 additions and 1 multiplications a cell
not pointwise  the filters are larger than 1×1

"""


def piped(plan: Plan, image: str = "a.png", filter_: str = "sobel-x", encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_plan(console_for(stream, "never"), image, filter_, plan)
    stream.seek(0)
    return stream.read()


def test_a_pipe_has_a_line_for_each_fact() -> None:
    assert piped(PLAN) == PIPED


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_terminal_has_every_word_within_its_width(width: int) -> None:
    stream = io.StringIO()
    print_plan(
        Console(file=stream, width=width, force_terminal=True, color_system=None), "a.png", "sobel-x", PLAN
    )
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert stream.getvalue().split("\n", 1)[0] == "a.png · sobel-x"
    rules, words = r"[─-]{9,}", [line[15:].split() for line in lines[1:]]
    shown = " ".join(word for line in words for word in line if not re.fullmatch(rules, word))
    wanted = " ".join(" ".join(line[15:].split()) for line in PIPED.splitlines()[1:] if line[:9] != "-" * 9)
    assert re.sub("─+ ", "", shown) == wanted.strip()
    assert (len(lines) == len(PIPED.splitlines())) == (width > 80)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"seconds": 0.0000512}, "time           about 0.0512 ms on 1 thread"),
        ({"seconds": 0.09996, "threads": 2}, "time           about 100 ms on 2 threads"),
        ({"seconds": 0.9996}, "time           about 1000 ms on 1 thread"),
        ({"seconds": 1234.5}, "time           about 1234 s on 1 thread"),
        ({"bytes_moved": 999, "peak_memory": 1000}, "memory         999 bytes moved, 1 kB at the peak"),
        (
            {"bytes_moved": 99_960, "peak_memory": 10**12},
            "memory         100 kB moved, 1000 GB at the peak",
        ),
        ({"tile": (3, 1, 1)}, "tile           3 images, 1 row, 1 column of the result"),
    ],
)
def test_numbers_have_three_digits_and_their_unit(fields: dict, line: str) -> None:
    assert line in piped(replace(PLAN, **fields)).splitlines()


def test_names_are_text_and_never_markup() -> None:
    first, *_ = piped(PLAN, "[bold]a\n\x1b[31m.png", "[/]").splitlines()
    assert first == r"[bold]a\n\x1b[31m.png · [/]"


def test_a_stream_of_ascii_gets_ascii() -> None:
    shown = piped(PLAN, "é.png", encoding="ascii")
    assert shown.startswith("\\xe9.png - sobel-x\n")
    assert shown.endswith("not pointwise  the filters are larger than 1x1\n\n")


def test_json_is_one_line_of_every_field() -> None:
    line = plan_as_json("é\n.png", "sobel-x", PLAN)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        "input": "é\n.png",
        "filter": "sobel-x",
        "algorithm": "separable",
        "why": "rank 1: columns, then rows",
        "rejected": [list(pair) for pair in PLAN.rejected],
        "tile": [1, 298, 449],
        "phases": [1, 1],
        "threads": 1,
        "multiply_adds": 1_204_218,
        "operations": 802_812,
        "bytes_moved": 1_077_208,
        "peak_memory": 3_757_000_000,
        "seconds": 0.000121,
    }
