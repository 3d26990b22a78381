"""Evaluations as tables: every number of the record, what cannot be said, and names as text."""

from __future__ import annotations

import io
from typing import Any

import pytest

from convtool.view.consoles import console_for
from convtool.view.evaluation import print_evaluation

RECORD: dict[str, Any] = {
    "model": "m.npz",
    "data": "digits/",
    "count": 12345,
    "correct": 12300,
    "accuracy": 0.9963548,
    "interval": [0.9951, 0.9972],
    "loss": 0.02434,
    "classes": [
        {"name": "cat", "count": 12345, "recall": 0.99636, "precision": 1.0, "f1": 0.99817},
        {"name": "a long name", "count": 0, "recall": None, "precision": None, "f1": None},
    ],
    "confusion": [[12300, 45], [0, 0]],
    "mistakes": [
        {"name": "7.png", "true": "cat", "predicted": "a long name", "confidence": 0.99999},
        {"name": "dir/12.png", "true": "cat", "predicted": "a long name", "confidence": 0.5},
    ],
}


def piped(record: dict[str, Any], encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_evaluation(console_for(stream, "never"), record)
    stream.seek(0)
    return stream.read()


def test_every_number_has_its_place() -> None:
    assert piped(RECORD) == (
        "digits/ · m.npz · 12,300 of 12,345 recognised\n"
        "all images  result\n"
        "-----------------------------------------------------\n"
        "accuracy    99.64 % (95 % interval: 99.51 to 99.72 %)\n"
        "loss        0.0243\n"
        "\n"
        "class        images   recall  precision       F1\n"
        "------------------------------------------------\n"
        "cat          12,345  99.64 %   100.00 %  99.82 %\n"
        "a long name       0        -          -        -\n"
        "\n"
        "images of each class (rows), and what they are taken for (columns)\n"
        "            |          cat  a long name\n"
        "------------+--------------------------\n"
        "        cat |        12300           45\n"
        "a long name |            0            0\n"
        "\n"
        "confidence  is   taken for    worst mistakes\n"
        "--------------------------------------------\n"
        "  100.00 %  cat  a long name  7.png\n"
        "   50.00 %  cat  a long name  dir/12.png\n"
        "\n"
    )


def test_without_mistakes_there_is_no_table_of_them() -> None:
    assert "worst mistakes" not in piped({**RECORD, "mistakes": []})


@pytest.mark.parametrize(("kinds", "shown"), [(31, True), (32, False)])
def test_a_large_matrix_is_elsewhere(kinds: int, shown: bool) -> None:
    classes = [{**RECORD["classes"][1], "name": f"class {number}"} for number in range(kinds)]
    out = piped({**RECORD, "classes": classes, "confusion": [[0] * kinds] * kinds})
    assert ("\nimages of each class (rows)" in out) == shown
    pointer = f"\nconfusion matrix of {kinds}×{kinds}: --confusion FILE draws it, --json prints it\n"
    assert (pointer in out) == (not shown)
    assert f"\nclass {kinds - 1}  " in out


def test_names_are_text_on_any_stream() -> None:
    classes = [{**each, "name": "[b]\n\x1b"} for each in RECORD["classes"]]
    out = piped({**RECORD, "classes": classes, "data": "é[/]"}, "ascii")
    assert out.startswith("\\xe9[/] - m.npz - ")
    assert out.count("[b]\\n\\x1b") == 2 + 4
