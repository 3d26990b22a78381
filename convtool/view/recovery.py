"""A recovered filter, and how sure it is, as tables and as a JSON line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console

from convtool.core.arrays import Float32
from convtool.view.tables import print_matrix, print_rows


def print_recovery(console: Console, record: Mapping[str, Any], weights: Float32, precision: int) -> None:
    """The weights, what is known of them, and their standard errors unless they are exact."""
    height, width = record["size"]
    divisor = record["divisor"]
    over = f" · to be divided by {divisor}" if divisor != 1 else ""
    title = f"{record['before']} → {record['after']} · {height} × {width}{over} → {record['output']}"
    print_matrix(console, title, weights, precision=precision)
    console.print()
    low, high = record["clipped"]
    rows = [
        (
            "fit",
            f"{100 * record['explained']:.6g} % of the variance, {record['residual']:.3g} left over (rms)",
        ),
        ("exact", "yes: it gives every value back" if record["exact"] else "no"),
        ("determined", "yes" if record["determined"] else "no: other filters explain the pictures as well"),
        ("bias", f"{record['bias']:g}"),
        ("clipped", f"{low} values below, {high} above" if low or high else "no"),
        ("moved", _move(*record["shift"])),
        ("resembles", _resemblance(record["resembles"])),
    ]
    print_rows(console, ["recovered", f"from {record['windows']:,} windows"], rows)
    console.print()
    if not record["exact"]:
        errors = np.array([[np.inf if e is None else e for e in row] for row in record["errors"]])
        print_matrix(console, "Standard errors of the weights", errors, precision=precision)
        console.print()


def recovery_as_json(record: Mapping[str, Any]) -> str:
    """One line, for machines."""
    return json.dumps(record, allow_nan=False)


def _move(down: int, right: int) -> str:
    parts = [
        f"{abs(cells)} {'row' if axis == 'y' else 'column'}{'s' * (abs(cells) > 1)} {way[cells < 0]}"
        for axis, cells, way in (("y", down, ("down", "up")), ("x", right, ("right", "left")))
        if cells
    ]
    return " and ".join(parts) or "no"


def _resemblance(known: Mapping[str, Any] | None) -> str:
    if known is None:
        return "no built-in filter"
    turned = ", turned by 180° (--flip)" if known["flipped"] else ""
    times = f", times {known['scale']:g}" if known["scale"] != 1 else ""
    return f"{known['filter']}{turned}{times}"
