"""How training goes, a line for each epoch as it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from convtool.view.consoles import print_line, print_title
from convtool.view.evaluation import accuracy_of, percent

HEADS = ("epoch", "loss", "accuracy", "loss", "accuracy", "rate", "images/s")
WIDTHS = (5, 6, 8, 6, 8, 7, 8)
"""Of the columns below the heads; with two spaces between them they fit 60 columns."""

ABOVE = " " * 25 + "--- held out ---"
"""What stands above the heads of the fourth and the fifth column."""


def print_record(console: Console, record: Mapping[str, Any]) -> None:
    """Print what a training began with, an epoch, or what came of it."""
    match record["event"]:
        case "begin":
            _print_beginning(console, record)
        case "epoch":
            _print_epoch(console, record)
        case "end":
            _print_ending(console, record)


def _print_beginning(console: Console, record: Mapping[str, Any]) -> None:
    size = "×".join(map(str, record["size"]))
    print_title(console, f"{record['data']} · {record['architecture']}")
    print_line(
        console, f"{record['images']:,} images of {size} to learn from, {record['held_out']:,} held out"
    )
    print_line(console, f"{len(record['classes']):,} classes, {record['parameters']:,} parameters")
    print_title(console, ABOVE)
    print_title(console, _row(HEADS))


def _print_epoch(console: Console, record: Mapping[str, Any]) -> None:
    speed = record["images_per_second"]
    cells = (
        str(record["epoch"]),
        _number(record["loss"]),
        percent(record["accuracy"]),
        _number(record["validation_loss"]),
        percent(record["validation_accuracy"]),
        f"{record['rate']:.1e}",
        "-" if speed is None else f"{speed:,.0f}",
    )
    print_line(console, _row(cells))


def _print_ending(console: Console, record: Mapping[str, Any]) -> None:
    console.print()
    print_line(console, f"{record['output']}: the network as it was after epoch {record['epoch']}")
    if record["validation_accuracy"] is not None:
        print_line(console, f"held out: {percent(record['validation_accuracy'])} recognised")
    if record["test"] is not None:
        test = record["test"]
        print_line(
            console,
            f"{test['data']}: {test['correct']:,} of {test['count']:,} recognised, {accuracy_of(test)}",
        )


def _row(cells: Sequence[str]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def _number(value: float | None) -> str:
    """A number with as many decimals, up to four, as its column holds."""
    if value is None:
        return "-"
    texts = [f"{value:.{decimals}f}" for decimals in (4, 3, 2, 1, 0)]
    return next((text for text in texts if len(text) <= WIDTHS[1]), texts[-1])
