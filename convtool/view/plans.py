"""How a convolution would run, as a table and as a JSON line."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console

from convtool.core.planner import Plan
from convtool.view.consoles import print_title
from convtool.view.tables import print_rows


def print_plan(console: Console, image: str, filter_: str, plan: Plan) -> None:
    """The algorithm and why, below it what it costs, then what was rejected; and a blank line."""
    print_title(console, f"{image} · {filter_}")
    images, rows, columns = plan.tile
    costs = [
        ("time", f"about {_time(plan.seconds)} on {_count(plan.threads, 'thread')}"),
        ("multiply-adds", f"{plan.multiply_adds:,} of a plain convolution, {plan.operations:,} done"),
        ("memory", f"{_size(plan.bytes_moved)} moved, {_size(plan.peak_memory)} at the peak"),
        (
            "tile",
            f"{_count(images, 'image')}, {_count(rows, 'row')}, {_count(columns, 'column')} of the result",
        ),
    ]
    rejected = [(f"not {name}", reason) for name, reason in plan.rejected]
    print_rows(console, [plan.algorithm, plan.why], [*costs, *rejected])
    console.print()


def plan_as_json(image: str, filter_: str, plan: Plan) -> str:
    """A plan on one line, for machines."""
    return json.dumps({"input": image, "filter": filter_, **asdict(plan)})


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _time(seconds: float) -> str:
    return f"{_digits(seconds)} s" if seconds >= 1 else f"{_digits(seconds * 1e3)} ms"


def _size(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{_digits(count / factor)} {unit}"
    return f"{count} bytes"


def _digits(number: float) -> str:
    return f"{number:.3g}" if number < 99.5 else f"{number:.0f}"
