"""How one value came to be, in matrices and sentences: as Markdown, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool import __version__
from convtool.core.derivation import ConvStep, Derivation, PoolStep
from convtool.core.geometry import OUTSIDE
from convtool.core.stages import STEPS
from convtool.io.rectangles import to_numbers
from convtool.text import printable
from convtool.view.numerals import numeral, place

LONGEST_SUM = 25
"""Products that are written out one by one."""

_KEPT = {"max": "largest", "min": "smallest"}


@dataclass(frozen=True, eq=False)
class Told:
    """A derivation, and what a reader needs beside it.

    Attributes
    ----------
    input, filter
        Names of the image and of the filter.
    convention
        ``cross-correlation`` or ``convolution``.
    padding_mode
        What the padding holds.
    """

    input: str
    filter: str
    convention: str
    padding_mode: str
    derivation: Derivation


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix with the numbers of its rows and columns, and the cells that stand in brackets."""

    title: str
    values: NDArray[Any]
    rows: Sequence[str]
    columns: Sequence[str]
    marked: NDArray[np.bool_] | None = None


def derivation_as_markdown(told: Told, *, precision: int) -> str:
    """The same for a page of notes: a heading, tables and lines."""
    blocks = [f"### {_escaped(title_of(told, precision))}"]
    for part in parts_of(told, precision):
        if isinstance(part, str):
            blocks.append(_escaped(part))
        else:
            blocks += [_markdown_table(matrix, precision) for matrix in part]
    return "\n\n".join(blocks) + "\n"


def derivation_as_json(told: Told) -> str:
    """The same on one line, for machines, with every number as it is."""
    derivation = told.derivation
    return json.dumps(
        {
            "input": told.input,
            "filter": told.filter,
            "stage": derivation.stage,
            "at": derivation.at,
            "value": derivation.value,
            "pool": derivation.pool and _pool_fields(derivation.pool),
            "relu": _relu_fields(derivation),
            "conv": derivation.conv and _conv_fields(derivation.conv),
            "convention": told.convention,
            "padding_mode": told.padding_mode,
            "version": __version__,
        }
    )


def title_of(told: Told, precision: int) -> str:
    """What stands above: the image, the filter, the cell and its value."""
    derivation = told.derivation
    value = numeral(derivation.value, precision)
    return f"{told.input} · {told.filter} · {STEPS[derivation.stage]} at {place(derivation.at)} = {value}"


def parts_of(told: Told, precision: int) -> Iterator[str | list[Matrix]]:
    """Matrices, and sentences between them."""
    derivation = told.derivation
    if derivation.pool:
        yield from _pool_parts(derivation.pool, precision)
    if derivation.conv:
        yield from _conv_parts(derivation.conv, told, precision)
        if derivation.rectified is not None:
            before, after = (numeral(n, precision) for n in (derivation.conv.value, derivation.rectified))
            yield f"ReLU: max(0, {before}) = {after}"


def _pool_parts(step: PoolStep, precision: int) -> Iterator[str | list[Matrix]]:
    title = "window of the feature map"
    rows, columns = _names(step.rows), _names(step.columns)
    value = numeral(step.value, precision)
    if step.winner is None:
        yield [Matrix(title, step.values, rows, columns)]
        total = numeral(step.total, precision)
        yield f"Pool: the mean of the window, {total} ÷ {step.cells} = {value}"
        yield "Each cell of it counts alike; --stage relu tells how one of them came to be."
        return
    won = np.zeros(step.values.shape, bool)
    won[step.rows.index(step.winner[0]), step.columns.index(step.winner[1])] = True
    yield [Matrix(title, step.values, rows, columns, won)]
    alike = np.count_nonzero(step.values == np.float32(step.value))
    first = f"the first of {alike}, " if alike > 1 else ""
    yield f"Pool: the {_KEPT[step.kind]} is {value}, {first}at {place(step.winner)}. It came of this patch:"


def _conv_parts(step: ConvStep, told: Told, precision: int) -> Iterator[str | list[Matrix]]:
    rows, columns = _names(step.rows), _names(step.columns)
    down, across = (_names(range(size)) for size in step.padded.shape)
    for number, channel in enumerate(step.channels):
        of = f", channel {channel}" if len(step.channels) > 1 else ""
        yield [
            Matrix(f"patch{of}", step.patch[number], rows, columns, step.padded),
            Matrix(f"filter{of}", step.weights[number], down, across),
            Matrix(f"products{of}", step.products[number], down, across),
        ]
    if step.padded.any():
        yield f"[ ] is padding: {told.padding_mode}"
    if told.convention == "convolution":
        yield "The filter is turned by 180° (--flip)."
    yield from _sums(step, precision)


def _sums(step: ConvStep, precision: int) -> Iterator[str]:
    """From the products to the response, a line for each thing that is done."""
    total = numeral(step.total, precision)
    if step.products.size > LONGEST_SUM:
        yield f"{step.products.size:,} products add up to {total}"
    else:
        pairs = zip(step.patch.ravel().tolist(), step.weights.ravel().tolist(), strict=True)
        terms = [f"{_factor(x, precision)}×{_factor(w, precision)}" for x, w in pairs]
        written = [step.total, *step.patch.ravel().tolist(), *step.weights.ravel().tolist()]
        equals = "=" if all(float(numeral(number, precision)) == number for number in written) else "≈"
        yield f"{' + '.join(terms)} {equals} {total}"
    if step.deviation is not None:
        by = numeral(step.deviation, precision)
        yield (
            f"÷ {by}, the standard deviation of the patch = {numeral(step.quotient, precision)}"
            if step.deviation
            else "The patch is constant, so it counts as 0 (normalize local)."
        )
    if step.bias:
        yield (
            f"{numeral(step.quotient, precision)} + {_factor(step.bias, precision)} bias"
            f" = {numeral(step.quotient + step.bias, precision)}"
        )
    if step.rounding:
        more = "more" if step.rounding > 0 else "less"
        yield f"In float32 it is {step.value:.9g}: {abs(step.rounding):.1e} {more} than without rounding."


def _factor(value: float, precision: int) -> str:
    text = numeral(value, precision)
    return f"({text})" if value < 0 else text


def _names(numbers: Sequence[int]) -> list[str]:
    """What rows or columns are called; those that copy nothing have no number."""
    return ["-" if number == OUTSIDE else str(number) for number in numbers]


def _markdown_table(matrix: Matrix, precision: int) -> str:
    marked = np.zeros(matrix.values.shape, bool) if matrix.marked is None else matrix.marked
    head = [_escaped(matrix.title), *matrix.columns]
    lines = [head, ["---:"] * len(head)]
    for name, values, marks in zip(matrix.rows, matrix.values.tolist(), marked.tolist(), strict=True):
        cells = [numeral(value, precision) for value in values]
        lines.append(
            [f"**{name}**", *(f"[{c}]" if mark else c for c, mark in zip(cells, marks, strict=True))]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Text that Markdown and HTML take literally."""
    return re.sub(r"([\\`*_{}\[\]<>#|&~])", r"\\\1", printable(text))


def _pool_fields(step: PoolStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "rows": step.rows,
        "columns": step.columns,
        "values": to_numbers(step.values),
        "winner": step.winner,
        "cells": step.cells,
        "value": step.value,
    }


def _relu_fields(derivation: Derivation) -> dict[str, float] | None:
    if derivation.conv is None or derivation.rectified is None:
        return None
    return {"before": derivation.conv.value, "value": derivation.rectified}


def _conv_fields(step: ConvStep) -> dict[str, Any]:
    return {
        "at": step.at,
        "channels": list(step.channels),
        "rows": [None if row == OUTSIDE else row for row in step.rows],
        "columns": [None if column == OUTSIDE else column for column in step.columns],
        "padded": step.padded.tolist(),
        "patch": to_numbers(step.patch),
        "weights": to_numbers(step.weights),
        "products": (step.products + 0.0).tolist(),
        "sum": step.total,
        "deviation": step.deviation,
        "bias": step.bias,
        "rounding": step.rounding,
        "value": step.value,
    }
