"""How a training went: loss and accuracy after each epoch, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convtool.errors import InputError
from convtool.view.drawings.axes import Axis, axis_of, round_step
from convtool.view.drawings.drawing import (
    BLUE,
    GRID,
    HAIRLINE,
    HEAD,
    MARGIN,
    MUTED,
    ORANGE,
    WHITE,
    Colour,
    Dot,
    Drawing,
    Line,
    Mark,
    Rectangle,
    Text,
    page,
)
from convtool.view.drawings.lettering import BODY, SMALL, width_of
from convtool.view.drawings.pixels import check_finite

Epochs = Sequence[Mapping[str, Any]]
"""For each epoch its number ``epoch``, and of each measure ``{measure}`` and ``validation_{measure}``."""

MEASURES = {"loss": ("loss", 1), "accuracy": ("accuracy, %", 100)}
"""What is drawn, under which heading and in which unit."""

COLOURS = {"training": BLUE, "validation": ORANGE}

WIDTH, HEIGHT = 520, 320
"""Pixels of a plot, between its axes."""

ABOVE, BELOW = 62, 42
"""Pixels for the legend and a heading above a plot, and for the epochs below."""

GAP, TICK, INSET = 40, 8, 14
"""Pixels between plots, from a tick to its label, and from a side of a plot to its nearest epoch."""

THICK, DOTTED = 2, 40
"""Pixels of a line, and epochs up to which each has a dot."""


@dataclass(frozen=True)
class _Plot:
    """Where an epoch's value stands."""

    left: int
    top: int
    first: int
    last: int
    axis: Axis

    def x(self, epoch: int) -> float:
        """A single epoch stands in the middle."""
        share = (epoch - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return self.left + INSET + share * (WIDTH - 2 * INSET)

    def y(self, value: float) -> float:
        """The top is the end of the axis."""
        return self.top + HEIGHT * (1 - self.axis.share(value))


def learning_curves(epochs: Epochs, title: str) -> bytes:
    """A PNG of the loss and the accuracy over the epochs, in training and, where known, in validation.

    The best epoch in validation is marked in both: the one of the highest accuracy, of several such the
    one of the lowest loss. Where nothing was held out, ``None``, none is.
    """
    return layout(epochs, title).png()


def layout(epochs: Epochs, title: str) -> Drawing:
    """Where everything stands: a legend, and below it two plots."""
    if not epochs:
        raise InputError("there are no epochs; a curve has at least one")
    numbers = [epoch["epoch"] for epoch in epochs]
    best = _best(epochs)
    names = list(COLOURS) if best else ["training"]
    marks = list(_legend(names))
    left = MARGIN
    for measure, (heading, unit) in MEASURES.items():
        curves = {name: _values(epochs, name, measure, unit) for name in names}
        axis = axis_of([value for values in curves.values() for value in values])
        left += max(width_of(label, SMALL) for label in axis.labels) + TICK
        plot = _Plot(left, HEAD + ABOVE, min(numbers), max(numbers), axis)
        marks += _paper(plot, heading)
        if best:
            marks += _pointer(plot, best["epoch"])
        for name, values in curves.items():
            marks += _curve(plot, numbers, values, COLOURS[name])
        if best:
            marks += _ring(plot, best["epoch"], unit * best[f"validation_{measure}"])
        left += WIDTH + GAP
    return page(title, _line(epochs, best), (left - GAP - MARGIN, ABOVE + HEIGHT + BELOW), marks)


def _values(epochs: Epochs, name: str, measure: str, unit: int) -> list[float]:
    """A measure of every epoch."""
    key = f"validation_{measure}" if name == "validation" else measure
    values = [unit * epoch[key] for epoch in epochs]
    check_finite(f"the {measure} in {name}", np.array(values))
    return values


def _best(epochs: Epochs) -> Mapping[str, Any] | None:
    """The first of the best epochs, if anything was held out."""
    if epochs[0]["validation_loss"] is None:
        return None
    return max(epochs, key=lambda epoch: (epoch["validation_accuracy"], -epoch["validation_loss"]))


def _line(epochs: Epochs, best: Mapping[str, Any] | None) -> str:
    """The figures that matter most."""
    count = "1 epoch" if len(epochs) == 1 else f"{len(epochs):,} epochs"
    if best is None:
        return f"{count}, nothing held out · last: {_figures(epochs[-1], '')}"
    return f"{count} · best in validation: {_figures(best, 'validation_')}"


def _figures(epoch: Mapping[str, Any], which: str) -> str:
    loss, accuracy = (epoch[f"{which}{measure}"] for measure in MEASURES)
    return f"epoch {epoch['epoch']}, loss {loss:.4g}, accuracy {100 * accuracy:.2f} %"


def _legend(names: Sequence[str]) -> Iterator[Mark]:
    """A short piece of each line, and its name."""
    x, y = MARGIN, HEAD + 8
    for name in names:
        yield Line(((x, y), (x + 28, y)), COLOURS[name], THICK)
        yield Text(x + 28 + TICK, y, name, anchor="lm")
        x += 28 + TICK + width_of(name, BODY) + GAP


def _paper(plot: _Plot, heading: str) -> Iterator[Mark]:
    """What the curves are drawn on: a line for each value, and the epochs below."""
    yield Text(plot.left, plot.top - 20, heading)
    for tick, label in zip(plot.axis.ticks, plot.axis.labels, strict=True):
        y = round(plot.y(tick))
        yield Rectangle(
            (plot.left, y, plot.left + WIDTH, y + 1), MUTED if tick == plot.axis.ticks[0] else GRID
        )
        yield Text(plot.left - TICK, y, label, SMALL, MUTED, "rm")
    bottom = plot.top + HEIGHT
    step = int(round_step(max(1, (plot.last - plot.first) / 10)))
    for epoch in range(-(-plot.first // step) * step, plot.last + 1, step):
        x = round(plot.x(epoch))
        yield Rectangle((x, bottom, x + 1, bottom + 5), MUTED)
        yield Text(x, bottom + 18, f"{epoch:,}", SMALL, MUTED, "ms")
    yield Text(plot.left + WIDTH / 2, bottom + 38, "epoch", SMALL, MUTED, "ms")


def _pointer(plot: _Plot, epoch: int) -> Iterator[Mark]:
    """A line up to the name of the best epoch."""
    x, name = plot.x(epoch), f"best: {epoch}"
    half = width_of(name, SMALL) / 2
    inside = min(max(x, plot.left + half), plot.left + WIDTH - half)
    yield Rectangle((round(x), plot.top, round(x) + 1, plot.top + HEIGHT), HAIRLINE)
    yield Text(inside, plot.top - 5, name, SMALL, MUTED, "ms")


def _curve(plot: _Plot, epochs: Sequence[int], values: Sequence[float], colour: Colour) -> Iterator[Mark]:
    """A line through all values, and a dot on each of a few."""
    points = tuple((plot.x(epoch), plot.y(value)) for epoch, value in zip(epochs, values, strict=True))
    if len(points) > 1:
        yield Line(points, colour, THICK)
    if len(points) <= DOTTED:
        yield from (Dot(x, y, 3.5, colour) for x, y in points)


def _ring(plot: _Plot, epoch: int, value: float) -> Iterator[Mark]:
    """Around the value of the best epoch."""
    x, y = plot.x(epoch), plot.y(value)
    yield Dot(x, y, 7, ORANGE)
    yield Dot(x, y, 4, WHITE)
