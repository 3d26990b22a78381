"""Weighted sums of arrays in as few passes over memory as the weights allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from convtool.core.arrays import Float32


class Term(NamedTuple):
    """``coefficient · (Σ plus − Σ minus)``: all taps that share one coefficient up to its sign."""

    coefficient: float
    plus: tuple[int, ...]
    minus: tuple[int, ...]

    @property
    def taps(self) -> int:
        """How many taps share it."""
        return len(self.plus) + len(self.minus)


class Passes(NamedTuple):
    """Passes over the result that a weighted sum takes."""

    adds: int
    multiplies: int


class WeightedSum:
    """``Σ weights[t] · x[t]`` over arrays ``x[t]`` of one shape.

    Taps of weight 0 are skipped, those that share a coefficient are added before they are
    multiplied, and ±1 is never multiplied. The order is fixed by the weights: a cell's value does not
    depend on the arrays it was computed in. The sum of zeros is +0, as in a sum that starts at 0.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        terms = _terms(weights)
        self._negated = bool(terms) and not any(term.plus for term in terms)
        if self._negated:
            terms = [Term(c, minus, ()) for c, _, minus in terms]
        # A term that is added tap by tap needs something to be added to; one that starts needs a plus.
        terms.sort(key=lambda term: (not term.plus, term.coefficient == 1))
        self._terms = [(term, np.array(term.coefficient, np.float32)) for term in terms]

    @property
    def passes(self) -> Passes:
        """How many additions and multiplications a cell takes."""
        taps = sum(term.taps for term, _ in self._terms)
        first_is_copied = (
            bool(self._terms) and self._terms[0][0].coefficient == 1 and self._terms[0][0].taps == 1
        )
        multiplies = sum(term.coefficient != 1 for term, _ in self._terms) + first_is_copied
        return Passes(max(0, taps - 1) + self._negated, multiplies)

    def __call__(self, taps: Sequence[Float32], out: Float32, spare: Float32) -> None:
        """Write the sum of ``weights[t] · taps[t]`` to ``out``; ``spare`` is a buffer of its shape."""
        if not self._terms:
            out[...] = 0
        for k, (term, coefficient) in enumerate(self._terms):
            if k == 0:
                _add_up(term, coefficient, taps, out)
            elif term.coefficient == 1:
                for t in term.plus:
                    np.add(out, taps[t], out=out)
                for t in term.minus:
                    np.subtract(out, taps[t], out=out)
            elif term.plus:
                _add_up(term, coefficient, taps, spare)
                np.add(out, spare, out=out)
            else:
                _add_up(Term(term.coefficient, term.minus, ()), coefficient, taps, spare)
                np.subtract(out, spare, out=out)
        if self._negated:
            np.subtract(0, out, out=out)


def _add_up(term: Term, coefficient: Float32, taps: Sequence[Float32], out: Float32) -> None:
    """``out = coefficient · (Σ plus − Σ minus)``; the term has a plus."""
    first, *more = term.plus
    signed = [(np.add, t) for t in more] + [(np.subtract, t) for t in term.minus]
    if not signed:
        np.multiply(taps[first], coefficient, out=out)
        return
    total = taps[first]
    for combine, t in signed:
        total = combine(total, taps[t], out=out)
    if term.coefficient != 1:
        np.multiply(out, coefficient, out=out)


def _terms(weights: Sequence[float]) -> list[Term]:
    shared: dict[float, tuple[list[int], list[int]]] = {}
    for t, weight in enumerate(weights):
        if weight:
            shared.setdefault(abs(weight), ([], []))[int(weight < 0)].append(t)
    return [Term(coefficient, tuple(plus), tuple(minus)) for coefficient, (plus, minus) in shared.items()]
