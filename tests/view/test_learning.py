"""What was learned as a table and as a line of JSON, drawn from its record."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from convtool import FilterBank
from convtool.learn.learning import LearnedFilter
from convtool.learn.logistic import Round
from convtool.learn.scores import Score
from convtool.view.consoles import console_for
from convtool.view.learning import lesson_as_json, print_lesson

RECORD = {"patches": 12, "background": 3, "threshold": 0.28471}
PIPED = """\
eye.json · logistic · 1 filter of 6 × 5
learned     from and how
-------------------------------------------------
method      logistic, λ = 0.001
patches     12
background  3 picture(s), 12,345 windows held out
threshold   0.2847: 5 % of background may pass
round 1     494 windows, loss 0.6931 → 0.0616
round 2     501 windows, loss 0.0620 → 0.0619

held out  AUC     patches found
-------------------------------
logistic  0.9876  91.7 %
ncc       0.5000  0.0 %

"""


def learned(**fields: Any) -> LearnedFilter:
    made: dict[str, Any] = {
        "bank": FilterBank(np.ones((6, 5)), -0.28471),
        "method": "logistic",
        "ridge": 0.001,
        "false_alarms": 0.05,
        "windows": 12_345,
        "score": Score(0.98761, 11 / 12),
        "ncc": Score(0.5, 0.0),
        "rounds": (Round(494, 0.6931, 0.0616), Round(501, 0.062, 0.0619)),
    }
    return LearnedFilter(**{**made, **fields})


def piped(lesson: LearnedFilter, output: str = "eye.json", encoding: str = "utf-8", **record: Any) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_lesson(console_for(stream, "never"), output, lesson, {**RECORD, **record})
    stream.seek(0)
    return stream.read()


def test_a_pipe_has_a_line_for_each_fact() -> None:
    assert piped(learned()) == PIPED


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_terminal_has_the_same_within_its_width(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    print_lesson(console, "eye.json", learned(), RECORD)
    assert stream.getvalue().replace("─", "-") == PIPED
    assert max(map(len, stream.getvalue().splitlines())) <= 60


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"method": "ncc", "ridge": None}, "method      ncc"),
        ({"method": "lda", "ridge": 1.0}, "method      lda, λ = 1"),
        ({"ridge": 1e-05}, "method      logistic, λ = 1e-05"),
        ({"windows": 471}, "background  3 picture(s), 471 windows held out"),
        ({"false_alarms": 0.005}, "threshold   0.2847: 0.5 % of background may pass"),
        ({"false_alarms": 0.0}, "threshold   0.2847: 0 % of background may pass"),
        ({"score": Score(1.0, 1.0)}, "logistic  1.0000  100.0 %"),
        ({"score": Score(0.00004, 1 / 3)}, "logistic  0.0000  33.3 %"),
    ],
)
def test_facts(fields: dict[str, Any], line: str) -> None:
    assert line in piped(learned(**fields)).splitlines()


@pytest.mark.parametrize(
    ("weights", "title"),
    [
        (np.ones((6, 5)), "eye.json · ncc · 1 filter of 6 × 5"),
        (np.ones((21, 1, 3)), "eye.json · ncc · 21 filters of 1 × 3"),
        (np.ones((1, 3, 6, 5)), "eye.json · ncc · 1 filter of 6 × 5"),
    ],
)
def test_titles(weights: Any, title: str) -> None:
    assert piped(learned(bank=FilterBank(weights), method="ncc")).splitlines()[0] == title


def test_a_template_is_not_compared_with_itself() -> None:
    score = Score(0.75, 0.5)
    lines = piped(learned(method="ncc", ridge=None, score=score, ncc=score, rounds=())).splitlines()
    assert lines[-4:] == [
        "held out  AUC     patches found",
        "-------------------------------",
        "ncc       0.7500  50.0 %",
        "",
    ]
    assert not any(line.startswith("round") for line in lines)


def test_without_a_score_it_says_why() -> None:
    unscored = {"score": None, "ncc": None}
    several = "patches that are alike or overlap"
    for patches, alone in ((1, "one patch"), (3, several)):
        shown = piped(learned(**unscored), patches=patches)
        assert shown.endswith(f"\n\nNo score: {alone} cannot be held out.\n\n")
    shown = piped(learned(**unscored, windows=0))
    assert shown.endswith("\n\nNo score: there is no background.\n\n")
    assert "threshold" not in shown


def test_names_are_text_and_never_markup() -> None:
    first, *_ = piped(learned(), "[bold]a\n\x1b[31m.json").splitlines()
    assert first == r"[bold]a\n\x1b[31m.json · logistic · 1 filter of 6 × 5"


def test_a_stream_of_ascii_gets_ascii() -> None:
    shown = piped(learned(), "é.json", encoding="ascii")
    assert shown.startswith("\\xe9.json - logistic - 1 filter of 6 x 5\n")


def test_json_is_one_line_of_every_field() -> None:
    record = {"output": "é\n.json", "size": (6, 5), "score": {"auc": 0.1, "hits": 1.0}, "ncc": None}
    line = lesson_as_json(record)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {**record, "size": [6, 5]}


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        lesson_as_json({"threshold": float("nan")})
