"""Filters as listings, as matrices, as facts, and as lines of JSON."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank
from convtool.core.bank import kernel_facts
from convtool.io.filters import FilterFile
from convtool.view.consoles import console_for
from convtool.view.filters import facts_as_json, listing_as_json, print_facts, print_filter, print_listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

EDGE = FilterFile("edge", FilterBank([[1, -1]]), "A step: [bold]up[/]", "Anon., 1968")
PAIR = FilterFile("pair", FilterBank(np.ones((2, 1, 3, 3)), bias=[0, -1.5], names=["a", "b"]))


def printed(print_it: Callable[[Console], None]) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    print_it(console_for(stream, "never"))
    stream.seek(0)
    return stream.read()


def test_a_listing() -> None:
    assert printed(lambda console: print_listing(console, [EDGE, PAIR])) == (
        "name  filters  size   description\n"
        "-----------------------------------------\n"
        "edge  1        1 × 2  A step: [bold]up[/]\n"
        "pair  2        3 × 3\n"
    )


def test_a_listing_as_json() -> None:
    assert [json.loads(listing_as_json(file)) for file in (EDGE, PAIR)] == [
        {
            "name": "edge",
            "filters": 1,
            "kernel_size": [1, 2],
            "description": "A step: [bold]up[/]",
            "source": "Anon., 1968",
        },
        {"name": "pair", "filters": 2, "kernel_size": [3, 3], "description": None, "source": None},
    ]


def test_a_filter_is_its_texts_and_its_kernels() -> None:
    kernels = [("edge", np.float32([[1, -1]]))]
    assert printed(lambda console: print_filter(console, EDGE, kernels, precision=4)) == (
        "edge: A step: [bold]up[/]\n"
        "source: Anon., 1968\n"
        "edge · 1 × 2\n"
        "  |   0   1\n"
        "--+--------\n"
        "0 |   1  -1\n"
        "\n"
    )


def test_a_bias_stands_in_the_title_of_its_kernels() -> None:
    kernels = [("pair-a", np.float32([[0.25]])), ("pair-b", np.float32([[1]]))]
    shown = printed(lambda console: print_filter(console, PAIR, kernels, precision=1))
    assert shown == (
        "pair-a · 1 × 1\n  |    0\n--+-----\n0 |  0.2\n\n"
        "pair-b · 1 × 1 · bias -1.5\n  |  0\n--+---\n0 |  1\n\n"
    )


def test_every_kernel_needs_its_place_in_the_bank() -> None:
    with pytest.raises(ValueError, match="zip"):
        printed(lambda console: print_filter(console, PAIR, [], precision=1))


def test_notes_of_a_file_are_shown_on_one_line() -> None:
    file = FilterFile("n", FilterBank([[1]]), meta={"by\x1b[31m": "me\nand you"})
    shown = printed(lambda console: print_filter(console, file, [("n", np.float32([[1]]))], precision=1))
    assert shown.splitlines()[0] == r"by\x1b[31m: me\nand you"
    assert "\x1b" not in shown


def test_notes_of_nothing_are_shown_too() -> None:
    notes = {"exact": False, "residual": 0.0, "shift": [], "by": "", "score": None}
    file = FilterFile("n", FilterBank([[1]]), meta=notes)
    shown = printed(lambda console: print_filter(console, file, [("n", np.float32([[1]]))], precision=1))
    lines = ["exact: False", "residual: 0.0", "shift: []", "by: ", "score: None"]
    assert shown.splitlines()[:5] == lines


KERNELS = [
    ("sobel", np.float32([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])),
    ("half", np.float32([[0.5, 0], [0, 0.5]])),
    ("zero", np.float32([[0]])),
]


def test_facts_are_a_line_a_kernel() -> None:
    facts = [(label, kernel_facts(kernel)) for label, kernel in KERNELS]
    assert printed(lambda console: print_facts(console, facts)) == (
        "name   size   sum  whole  rank  --flip   separable: column ⊗ row\n"
        "----------------------------------------------------------------\n"
        "sobel  3 × 3  0    yes    1     matters  [1 2 1] ⊗ [-1 0 1]\n"
        "half   2 × 2  1    no     2     same     no\n"
        "zero   1 × 1  0    yes    0     same     no\n"
    )


def test_facts_as_json() -> None:
    lines = [facts_as_json(label, kernel_facts(kernel)) for label, kernel in KERNELS]
    assert [json.loads(line) for line in lines[:2]] == [
        {
            "name": "sobel",
            "size": [3, 3],
            "total": 0,
            "integer": True,
            "rank": 1,
            "factors": [[1, 2, 1], [-1, 0, 1]],
            "symmetric": False,
        },
        {
            "name": "half",
            "size": [2, 2],
            "total": 1,
            "integer": False,
            "rank": 2,
            "factors": None,
            "symmetric": True,
        },
    ]
