"""How well a network tells labelled images, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from convtool.view.consoles import print_title
from convtool.view.tables import ELIDE_ABOVE, print_matrix, print_rows


def print_evaluation(console: Console, record: Mapping[str, Any]) -> None:
    """All in all, class by class, what was taken for what, and the worst mistakes."""
    print_title(
        console,
        f"{record['data']} · {record['model']} · {record['correct']:,} of {record['count']:,} recognised",
    )
    rows = [("accuracy", accuracy_of(record)), ("loss", f"{record['loss']:.4f}")]
    print_rows(console, ["all images", "result"], rows)
    console.print()
    _print_classes(console, record["classes"])
    _print_confusion(console, [each["name"] for each in record["classes"]], record["confusion"])
    if record["mistakes"]:
        _print_mistakes(console, record["mistakes"])


def accuracy_of(record: Mapping[str, Any]) -> str:
    """The share of images that were recognised, and between what it lies of all such images."""
    low, high = record["interval"]
    return f"{percent(record['accuracy'])} (95 % interval: {100 * low:.2f} to {percent(high)})"


def percent(share: float | None) -> str:
    """A share in percent, or a dash where there is none."""
    return "-" if share is None else f"{100 * share:.2f} %"


def _print_classes(console: Console, classes: Sequence[Mapping[str, Any]]) -> None:
    columns = [
        _to_the_right("images", [f"{each['count']:,}" for each in classes]),
        *(
            _to_the_right(head, [percent(each[key]) for each in classes])
            for head, key in (("recall", "recall"), ("precision", "precision"), ("F1", "f1"))
        ),
    ]
    names = ["class", *(each["name"] for each in classes)]
    head, *rows = zip(names, *columns, strict=True)
    print_rows(console, head, rows)
    console.print()


def _print_confusion(console: Console, names: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    if len(names) ** 2 <= ELIDE_ABOVE:
        title = "images of each class (rows), and what they are taken for (columns)"
        print_matrix(console, title, counts, labels=(names, names))
    else:
        size = f"{len(names)}×{len(names)}"
        print_title(console, f"confusion matrix of {size}: --confusion FILE draws it, --json prints it")
    console.print()


def _print_mistakes(console: Console, mistakes: Sequence[Mapping[str, Any]]) -> None:
    shares = _to_the_right("confidence", [percent(each["confidence"]) for each in mistakes])
    rows = [
        (share, each["true"], each["predicted"], each["name"])
        for share, each in zip(shares[1:], mistakes, strict=True)
    ]
    print_rows(console, [shares[0], "is", "taken for", "worst mistakes"], rows)
    console.print()


def _to_the_right(head: str, cells: Sequence[str]) -> list[str]:
    """A column of numbers below its head, as wide as the widest."""
    width = max(map(len, (head, *cells)))
    return [text.rjust(width) for text in (head, *cells)]
