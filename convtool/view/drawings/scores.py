"""The scores of classes as bars, the best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.view.drawings.drawing import BLUE, MARGIN, MUTED, Mark, Rectangle, Text
from convtool.view.drawings.lettering import BODY, SMALL, fitted, width_of

TOP = 10
"""How many scores are shown."""

BAR, PITCH = 320, 22
"""Pixels of a full bar, and from one bar to the next."""

LONGEST, GAP = 240, 12
"""Pixels of a name, and beside a bar."""

HAIR = 1e-3
"""By how much the sum of probabilities may differ from 1."""


def score_bars(y: int, scores: Float32, classes: Sequence[str] | None) -> Iterator[Mark]:
    """The best of scores ``(K,)``, from ``y`` downwards, and how many more there are.

    A full bar is a probability of 1; of scores that are none, all that there is from the lowest to the
    highest, 0 included.
    """
    if classes is not None and len(classes) != len(scores):
        raise InputError(f"{len(classes)} class(es) for {len(scores)} score(s); give a name for each score")
    best = [int(index) for index in np.argsort(-scores, kind="stable")[:TOP]]
    names = [fitted(_class(classes, index), BODY, LONGEST) for index in best]
    shown = [float(scores[index]) for index in best]
    low, high = (0.0, 1.0) if _are_shares(scores) else (min(0.0, *shown), max(0.0, *shown))
    unit = BAR / ((high - low) or 1.0)
    left = MARGIN + max(width_of(name, BODY) for name in names) + GAP
    zero = left - round(unit * low)
    for row, (name, score) in enumerate(zip(names, shown, strict=True)):
        top, end = y + row * PITCH, zero + round(unit * score)
        first, last = min(zero, end), max(zero, end) + 1
        yield Text(left - GAP, top + PITCH / 2, name, anchor="rm")
        yield Rectangle((first, top + 3, last, top + PITCH - 3), BLUE)
        yield Text(last + GAP, top + PITCH / 2, _figure(score, scores), SMALL, MUTED, "lm")
    if len(scores) > TOP:
        yield Text(left, y + (TOP + 0.5) * PITCH, f"+{len(scores) - TOP:,} more", SMALL, MUTED, "lm")


def best_class(scores: Float32, classes: Sequence[str] | None) -> str:
    """The name of the best class, and its score."""
    return f"{_class(classes, int(scores.argmax()))} · {_figure(float(scores.max()), scores)}"


def _class(classes: Sequence[str] | None, index: int) -> str:
    return f"class {index}" if classes is None else classes[index]


def _are_shares(scores: Float32) -> bool:
    """Whether these are the probabilities of classes."""
    return bool(scores.min() >= 0 and abs(float(scores.sum()) - 1) < HAIR)


def _figure(score: float, scores: Float32) -> str:
    return f"{100 * score:.1f} %" if _are_shares(scores) else f"{score:.4g}"
