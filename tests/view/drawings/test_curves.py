"""Curves of a training: where a value is drawn, what the axes say, and which epoch is the best."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.view.drawings.curves import HEIGHT, INSET, WIDTH, layout, learning_curves
from convtool.view.drawings.drawing import (
    BLUE,
    HAIRLINE,
    MARGIN,
    ORANGE,
    WHITE,
    Dot,
    Drawing,
    Line,
    Rectangle,
)
from convtool.view.drawings.lettering import SMALL
from tests.view.drawings.layouts import assert_tidy, pixels, texts, written


def epoch(number: int, *measured: float | None) -> dict[str, Any]:
    loss, accuracy, validation_loss, validation_accuracy = (*measured, None, None)[:4]
    return {
        "epoch": number,
        "loss": loss,
        "accuracy": accuracy,
        "validation_loss": validation_loss,
        "validation_accuracy": validation_accuracy,
    }


THREE = [epoch(1, 2.0, 0.6, 2.5, 0.4), epoch(2, 1.0, 0.8, 1.0, 0.9), epoch(3, 0.5, 1.0, 1.5, 0.7)]
LOSS, ACCURACY = 0, 1
"""The plots, from left to right."""

fractions = st.floats(0, 1, width=32)
losses = st.floats(0, 1e9, width=32)


def lines(drawing: Drawing, colour: tuple[int, int, int]) -> list[Line]:
    """The curves of a colour, that of the loss first; the legend has the one before them."""
    return [mark for mark in drawing.marks if isinstance(mark, Line) and mark.colour == colour][1:]


def corner(drawing: Drawing, plot: int) -> tuple[float, float]:
    """Left and bottom of a plot: its lowest line of the grid."""
    wide = [
        mark for mark in drawing.marks if isinstance(mark, Rectangle) and mark.box[2] - mark.box[0] == WIDTH
    ]
    lefts = sorted({mark.box[0] for mark in wide})
    return lefts[plot], max(mark.box[1] for mark in wide)


def shares(drawing: Drawing, line: Line, plot: int) -> list[tuple[float, float]]:
    """How far to the right and up the points of a line are, from 0 to 1."""
    left, bottom = corner(drawing, plot)
    return [((x - left - INSET) / (WIDTH - 2 * INSET), (bottom - y) / HEIGHT) for x, y in line.points]


def test_values_stand_where_the_axes_say() -> None:
    drawing = layout(THREE, "t")
    assert shares(drawing, lines(drawing, BLUE)[LOSS], LOSS) == [(0, 0.8), (0.5, 0.4), (1, 0.2)]
    assert shares(drawing, lines(drawing, ORANGE)[LOSS], LOSS) == [(0, 1), (0.5, 0.4), (1, 0.6)]
    for label, share in (("0.0", 0), ("1.5", 0.6), ("2.5", 1)):
        assert written(drawing, label)[0].y == corner(drawing, LOSS)[1] - share * HEIGHT
    heights = [round(y) for _, y in lines(drawing, BLUE)[ACCURACY].points]
    assert heights == [written(drawing, label)[0].y for label in ("60", "80", "100")]


def test_lines_pass_through_their_points() -> None:
    picture = pixels(learning_curves(THREE, "t"))
    drawing = layout(THREE, "t")
    for colour, points in (
        (BLUE, lines(drawing, BLUE)[LOSS].points),
        (ORANGE, lines(drawing, ORANGE)[LOSS].points),
    ):
        (x, y), last = points[0], points[-1]
        assert (picture[round(y), round(x)] == colour).all()
        assert (picture[round(last[1]), round(last[0])] == colour).all()
        between = round((y + points[1][1]) / 2), round((x + points[1][0]) / 2)
        assert (picture[between] == colour).all()


def test_what_is_written() -> None:
    drawing = layout(THREE, "model.npz")
    best = "3 epochs · best in validation: epoch 2, loss 1, accuracy 90.00 %"
    assert texts(drawing)[:5] == ["model.npz", best, "training", "validation", "loss"]
    assert texts(drawing)[5:15] == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "1", "2", "3", "epoch"]
    assert texts(drawing)[15:17] == ["best: 2", "accuracy, %"]
    assert_tidy(drawing)


def test_the_best_epoch_is_marked_in_both_plots() -> None:
    drawing = layout(THREE, "t")
    picture = pixels(drawing.png())
    rings = [mark for mark in drawing.marks if isinstance(mark, Dot) and mark.colour == WHITE]
    pointers = [mark for mark in drawing.marks if isinstance(mark, Rectangle) and mark.colour == HAIRLINE]
    for plot, (ring, pointer) in enumerate(zip(rings, pointers, strict=True)):
        assert (ring.x, ring.y) == lines(drawing, ORANGE)[plot].points[1]
        assert pointer.box[0] == ring.x == written(drawing, "best: 2")[plot].x
        assert pointer.box[3] - pointer.box[1] == HEIGHT
        middle = picture[round(ring.y) - 1 : round(ring.y) + 1, round(ring.x)]
        assert (middle == WHITE).all()
        assert (picture[round(ring.y), round(ring.x) + 5] == ORANGE).all()


@pytest.mark.parametrize(
    ("measured", "best"),
    [
        ([(1, 0.5), (2, 0.7), (3, 0.6)], 2),
        ([(3, 0.7), (1, 0.7), (2, 0.7)], 2),
        ([(1, 0.7), (1, 0.7)], 1),
        ([(1, 0.1), (0.5, 0.0)], 1),
    ],
)
def test_which_epoch_is_the_best(measured: list[tuple[float, float]], best: int) -> None:
    drawing = layout([epoch(k, 1.0, 0.5, *pair) for k, pair in enumerate(measured, 1)], "t")
    assert f"best: {best}" in texts(drawing)


def test_nothing_held_out() -> None:
    drawing = layout([epoch(1, 2.0, 0.5), epoch(2, 1.234567, 0.75)], "t")
    assert texts(drawing)[1] == "2 epochs, nothing held out · last: epoch 2, loss 1.235, accuracy 75.00 %"
    assert "validation" not in texts(drawing)
    assert not any(getattr(mark, "colour", None) in (ORANGE, HAIRLINE) for mark in drawing.marks)
    assert len(lines(drawing, BLUE)) == 2
    assert_tidy(drawing)


def test_one_epoch_is_dots_in_the_middle() -> None:
    drawing = layout(THREE[:1], "t")
    assert texts(drawing)[1].startswith("1 epoch · best in validation: epoch 1")
    assert lines(drawing, BLUE) == lines(drawing, ORANGE) == []
    dots = [mark for mark in drawing.marks if isinstance(mark, Dot) and mark.colour == BLUE]
    assert [dot.x - corner(drawing, plot)[0] for plot, dot in enumerate(dots)] == [WIDTH / 2, WIDTH / 2]
    assert (pixels(drawing.png())[round(dots[0].y), round(dots[0].x)] == BLUE).all()
    assert_tidy(drawing)


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (10, "1 2 3 4 5 6 7 8 9 10"),
        (20, "2 4 6 8 10 12 14 16 18 20"),
        (40, "5 10 15 20 25 30 35 40"),
        (41, "5 10 15 20 25 30 35 40"),
        (500, "50 100 150 200 250 300 350 400 450 500"),
        (2000, "200 400 600 800 1,000 1,200 1,400 1,600 1,800 2,000"),
    ],
)
def test_round_epochs_are_named_and_few_are_dotted(epochs: int, ticks: str) -> None:
    drawing = layout([epoch(k, 1 / k, 1 - 1 / k) for k in range(1, epochs + 1)], "t")
    below = [
        mark.text for mark in drawing.marks if getattr(mark, "anchor", "") == "ms" and mark.text != "epoch"
    ]
    assert below == ticks.split() * 2
    assert sum(isinstance(mark, Dot) for mark in drawing.marks) == (2 * epochs if epochs <= 40 else 0)
    assert_tidy(drawing)


@given(st.lists(st.tuples(losses, fractions, losses, fractions), min_size=1, max_size=50))
def test_values_of_any_magnitude_are_within_their_plots(measured: list[tuple[float, ...]]) -> None:
    drawing = layout([epoch(k, *values) for k, values in enumerate(measured, 1)], "t")
    assert_tidy(drawing)
    for colour in (BLUE, ORANGE):
        for plot, line in enumerate(lines(drawing, colour)):
            across, up = np.array(shares(drawing, line, plot)).T
            assert (np.diff(across) > 0).all()
            assert -1 / HEIGHT < up.min() <= up.max() < 1 + 1 / HEIGHT


def test_a_long_title_is_as_wide_as_the_plots() -> None:
    drawing = layout(THREE, "a long title " * 30)
    assert drawing.width == layout(THREE, "t").width
    assert MARGIN < drawing.width - written(drawing, texts(drawing)[0])[0].box[2] < 2 * MARGIN
    assert written(drawing, "epoch")[0].size == SMALL


def test_no_epochs() -> None:
    with pytest.raises(InputError, match=r"^there are no epochs; a curve has at least one$"):
        learning_curves([], "t")


@pytest.mark.parametrize(
    ("measured", "what"),
    [((np.nan, 0.5), "the loss in training"), ((1.0, 0.5, 1.0, np.inf), "the accuracy in validation")],
)
def test_what_has_no_place_on_an_axis(measured: tuple[float, ...], what: str) -> None:
    with pytest.raises(InputError, match=f"^{what} holds NaN or infinity"):
        learning_curves([epoch(1, *measured)], "t")
