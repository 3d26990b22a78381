"""Scores as bars: how long each is, which come first, and what is written beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.view.drawings.drawing import BLUE, Drawing, Rectangle, Text
from convtool.view.drawings.scores import BAR, best_class, score_bars
from tests.view.drawings.layouts import assert_tidy, texts


def bars(scores: list[float], classes: list[str] | None = None) -> Drawing:
    return Drawing(800, 800, tuple(score_bars(100, np.float32(scores), classes)))


def spans(drawing: Drawing) -> list[tuple[int, int]]:
    """Left and right of every bar, from where 0 is."""
    boxes = [mark.box for mark in drawing.marks if isinstance(mark, Rectangle)]
    assert all(mark.colour == BLUE for mark in drawing.marks if isinstance(mark, Rectangle))
    lefts = [left for left, *_ in boxes]
    zero = lefts[0] if len(set(lefts)) == 1 else max(lefts)
    return [(left - zero, right - 1 - zero) for left, _, right, _ in boxes]


def test_probabilities_are_parts_of_a_full_bar() -> None:
    drawing = bars([0.25, 0.625, 0.125], ["cat", "dog", "bird"])
    assert texts(drawing) == ["dog", "62.5 %", "cat", "25.0 %", "bird", "12.5 %"]
    assert spans(drawing) == [(0, 200), (0, 80), (0, 40)]
    assert_tidy(drawing)


def test_other_scores_are_parts_of_the_largest() -> None:
    drawing = bars([4.0, 8.0, 0.0])
    assert texts(drawing) == ["class 1", "8", "class 0", "4", "class 2", "0"]
    assert spans(drawing) == [(0, BAR), (0, BAR // 2), (0, 0)]


def test_negative_scores_are_bars_to_the_left() -> None:
    drawing = bars([-24.0, 8.0])
    assert texts(drawing) == ["class 1", "8", "class 0", "-24"]
    assert spans(drawing) == [(0, 80), (-240, 0)]
    assert_tidy(drawing)
    left = min(mark.box[0] for mark in drawing.marks if isinstance(mark, Rectangle))
    assert left > max(mark.box[2] for mark in drawing.marks if isinstance(mark, Text) and mark.anchor == "rm")


def test_scores_that_are_all_zero() -> None:
    assert spans(bars([0.0, 0.0])) == [(0, 0), (0, 0)]


def test_of_many_the_best_ten_are_shown_and_the_rest_counted() -> None:
    drawing = bars([k / 66 for k in range(12)], [f"c{k}" for k in range(12)])
    assert texts(drawing)[::2] == [*(f"c{k}" for k in range(11, 1, -1)), "+2 more"]
    assert texts(bars([0.1] * 10))[-1] == "10.0 %"
    assert_tidy(drawing)


def test_of_equal_scores_the_first_class_comes_first() -> None:
    assert texts(bars([0.25, 0.5, 0.25], ["a", "b", "c"]))[::2] == ["b", "a", "c"]
    many = np.random.default_rng(1).integers(0, 3, 1000).tolist()
    first = [k for k, score in enumerate(many) if score == 2][:10]
    assert texts(bars(many))[:20:2] == [f"class {k}" for k in first]


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30), st.text(max_size=80))
def test_any_scores_are_tidy(scores: list[float], name: str) -> None:
    drawing = bars(scores, [f"{name}{k}" for k in range(len(scores))])
    assert_tidy(drawing)
    ends = [edge for span in spans(drawing) for edge in span]
    assert max(ends) - min(ends) <= BAR + 1


@pytest.mark.parametrize(
    ("scores", "classes", "said"),
    [
        ([0.25, 0.75], ["cat", "dog"], "dog · 75.0 %"),
        ([0.25, 0.75], None, "class 1 · 75.0 %"),
        ([0.5, 0.75], None, "class 1 · 0.75"),
        ([1.5, -0.5], ["cat", "dog"], "cat · 1.5"),
    ],
)
def test_the_best_class(scores: list[float], classes: list[str] | None, said: str) -> None:
    assert best_class(np.float32(scores), classes) == said


def test_classes_that_are_those_of_other_scores() -> None:
    with pytest.raises(InputError, match=r"^2 class\(es\) for 3 score\(s\); give a name for each score$"):
        bars([1, 2, 3], ["cat", "dog"])
