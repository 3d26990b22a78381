"""Peaks as a table, as comma-separated values, and drawn on the picture they were found in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from rich.console import Console

from convtool.core.arrays import Float32
from convtool.learn.peaks import Peak
from convtool.view.consoles import print_title
from convtool.view.drawings.drawing import as_png
from convtool.view.drawings.pixels import picture_codes
from convtool.view.tables import print_rows

FIELDS = ("input", "filter", "rank", "y", "x", "height", "width", "score")
"""The columns of comma-separated values."""

FRAME, SHADOW = (255, 214, 10), (0, 0, 0)
"""Colours of the frames, and of what sets them off."""

SMALLEST_LETTERS = 10
"""Pixels, on the smallest of pictures."""


def print_finds(
    console: Console, input_: str, filter_: str, records: Iterable[Mapping[str, Any]], precision: int
) -> None:
    """A title and a row for each peak; scores that are all whole have no decimals."""
    peaks = list(records)
    count = "1 peak" if len(peaks) == 1 else f"{len(peaks) or 'no'} peaks"
    print_title(console, f"{input_} · {filter_} · {count}")
    if peaks:
        decimals = 0 if all(peak["score"].is_integer() for peak in peaks) else precision
        rows = [
            [
                str(peak["rank"]),
                str(peak["y"]),
                str(peak["x"]),
                "×".join(map(str, peak["size"])),
                f"{peak['score']:.{decimals}f}",
                peak["filter"],
            ]
            for peak in peaks
        ]
        print_rows(console, ["rank", "y", "x", "size", "score", "filter"], rows)
    console.print()


def finds_as_csv(records: Iterable[Mapping[str, Any]], *, header: bool) -> str:
    """A line for each peak, and before them the names of the columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(FIELDS)
    for record in records:
        height, width = record["size"]
        fields = {**record, "height": height, "width": width}
        writer.writerow([fields[name] for name in FIELDS])
    return text.getvalue()


def annotated(values: Float32, peaks: Sequence[Peak], *, colour: bool) -> bytes:
    """A PNG of an image ``(H, W)`` or ``(C, H, W)`` with a frame and its rank for each peak.

    Pictures of 8 bits keep their values; other numbers are spread over 0…255.
    """
    planes = values.reshape(-1, *values.shape[-2:])
    (codes,) = picture_codes([planes if colour else planes.mean(axis=0, keepdims=True)])
    picture = Image.fromarray(codes).convert("RGB")
    draw = ImageDraw.Draw(picture)
    thick = max(1, round(min(picture.size) / 400))
    font = ImageFont.load_default(max(SMALLEST_LETTERS, round(min(picture.size) / 40)))
    for peak in reversed(peaks):  # the best on top
        height, width = peak.size
        box = (peak.x - 1, peak.y - 1, peak.x + width, peak.y + height)
        draw.rectangle([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline=SHADOW, width=thick + 2)
        draw.rectangle(box, outline=FRAME, width=thick)
        place = (peak.x + thick + 1, peak.y + thick)
        draw.text(place, str(peak.rank), FRAME, font, stroke_width=max(1, thick), stroke_fill=SHADOW)
    return as_png(picture)
