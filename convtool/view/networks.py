"""Networks as tables: their layers, the scores of an image, and what one value came of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from convtool.core.bank import EXACT_BELOW
from convtool.net.explaining import Explanation, Share
from convtool.view.consoles import print_title
from convtool.view.numerals import numeral, place
from convtool.view.tables import print_matrix, print_rows

MOST_VALUES = 1024
"""Pixels up to which a record holds them."""


def print_layers(console: Console, title: str, records: Iterable[Mapping[str, Any]]) -> None:
    """A row for each layer, and their sums."""
    layers = list(records)
    print_title(console, title)
    heads = ["layer", "kind", "output", "sees"]
    texts = [
        [layer["layer"], layer["kind"], _by(layer["shape"]), _by(layer["field"]) or "-"] for layer in layers
    ]
    texts.append([f"{len(layers)} layer{'s' * (len(layers) > 1)}", "", "", ""])
    for name in ("parameters", "multiply_adds"):
        numbers = [layer[name] for layer in layers]
        counts = [name.replace("_", "-"), *(f"{number:,}" for number in (*numbers, sum(numbers)))]
        width = max(map(len, counts))
        heads.append(counts[0].rjust(width))
        for row, count in zip(texts, counts[1:], strict=True):
            row.append(count.rjust(width))
    print_rows(console, heads, texts)
    console.print()


def print_scores(console: Console, record: Mapping[str, Any], precision: int) -> None:
    """The best scores of an image, or the shapes of what came out."""
    print_title(console, f"{record['input']} · {record['model']}")
    if record["top"]:
        rows = [
            [str(best["index"]), best["class"] or "-", _score(best["score"], precision)]
            for best in record["top"]
        ]
        print_rows(console, ["index", "class", "score"], rows)
    else:
        rows = [[name, _by(shape)] for name, shape in record["outputs"].items()]
        print_rows(console, ["output", "shape"], rows)
    console.print()


def print_exciting(console: Console, title: str, records: Iterable[Mapping[str, Any]]) -> None:
    """A row for each map of a layer: its strongest patch, and where that is."""
    print_title(console, title)
    rows = []
    for record in records:
        number = str(record["map"]).rjust(len("map"))
        if not record["patches"]:
            rows.append([number, "-", "-", "-", "none above 0"])
            continue
        best = record["patches"][0]
        strengths = " ".join(f"{each['strength']:.4g}" for each in record["patches"])
        name = f"{best['name']} ({best['class']})"
        rows.append([number, name, place((best["y"], best["x"])), _by(best["size"]), strengths])
    print_rows(console, ["map", "strongest in", "at", "size", "strengths"], rows)
    console.print()


def print_explanation(
    console: Console, title: str, explained: Explanation, *, precision: int, full: bool
) -> None:
    """The layers that the value came through, and every pixel's part in it."""
    value = numeral(explained.value, precision)
    print_title(console, f"{title} · {explained.layer} at {place(explained.at)} = {value}")
    rows = [
        [
            share.layer,
            share.kind,
            f"{share.units:,}",
            _span(share.rows),
            _span(share.columns),
            _product(share, precision),
        ]
        for share in explained.shares
    ]
    print_rows(console, ["layer", "kind", "values", "rows", "columns", "strongest: value × weight"], rows)
    console.print()
    parts = explained.pixels * explained.weights
    for channel, part in enumerate(parts):
        if part.size:
            heading = f"value × weight of every cell that counts in channel {channel}"
            print_matrix(console, heading, part, precision=precision, full=full, first=explained.box[:2])
            console.print()
    total = float(parts.sum(dtype="float64"))
    kind = "constant" if explained.linear else "rest, since not every layer is linear"
    print_title(
        console,
        f"{numeral(total, precision)} in all + {numeral(explained.constant, precision)} {kind} = "
        + _cut(explained, precision)
        + value,
    )


def explanation_as_json(model: str, image: str, explained: Explanation) -> str:
    """An explanation on one line, for machines."""
    y, x, height, width = explained.box
    small = explained.pixels.size <= MOST_VALUES
    return json.dumps(
        {
            "input": image,
            "model": model,
            "layer": explained.layer,
            "at": explained.at,
            "value": explained.value,
            "field": {"y": y, "x": x, "height": height, "width": width},
            "constant": explained.constant,
            "cut": explained.cut,
            "linear": explained.linear,
            "shares": [share._asdict() for share in explained.shares],
            "pixels": explained.pixels.tolist() if small else None,
            "weights": explained.weights.tolist() if small else None,
        }
    )


def _cut(explained: Explanation, precision: int) -> str:
    """The sum, where an activation cut it off."""
    if explained.cut is None:
        return ""
    return f"{numeral(explained.cut, precision)}, which {explained.shares[0].kind} makes "


def _product(share: Share, precision: int) -> str:
    value, weight = (numeral(n, precision) for n in (share.strongest_value, share.strongest_weight))
    return f"{place(share.strongest)}: {value} × {weight}"


def _by(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape))


def _score(value: float, precision: int) -> str:
    return str(int(value)) if value == int(value) and abs(value) < EXACT_BELOW else f"{value:.{precision}f}"


def _span(ends: tuple[int, int] | None) -> str:
    if ends is None:
        return "-"
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}…{ends[1]}"
