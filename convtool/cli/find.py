"""``convtool find``: where a filter responds most."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped
from convtool.errors import ArgumentError


@grouped
def find(
    *,
    images: o.Images,
    filters: o.Filters,
    threshold: Annotated[
        Any,
        o.parsed(
            "--threshold",
            values.number,
            "NUMBER",
            "Response that a peak is above [default: 0, where a learned bias cuts].",
        ),
    ] = None,
    top: Annotated[
        Any, o.parsed("--top", values.positive, "N", "The N best; alone, whatever the threshold.")
    ] = None,
    overlap: Annotated[
        Any,
        o.parsed("--overlap", values.share, "SHARE", "Share above which windows that overlap are one find."),
    ] = "0.3",
    output: Annotated[
        str | None, o.written("Draw the finds on the image, as a PNG; - is standard output.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    reading: o.GrayReading,
    precision: o.Precision = "4",
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Find where filters respond most: peaks whose windows do not overlap.

    \b
    Examples:
      convtool find photo.png --filter eye.json
      convtool find photo.png --filter eye.json --top 5 -o found.png
      convtool find *.png --filter eye.json --json
    """
    if csv and json:
        raise typer.BadParameter("--csv and --json would both write to standard output; choose one")
    if csv and output == "-":
        raise ArgumentError("--csv and -o - would both write to standard output; choose one")
    from convtool.jobs.find import FindOptions, find_in_images
    from convtool.jobs.outputs import check_picture_output, opened

    display = Display(
        json=json or csv,
        quiet=quiet,
        color=color,
        strict=reading.strict,
        stdout_is_data=output == "-",
    )
    if output is not None:
        check_picture_output(output, [*images, *filters], pictures=len(images) * len(filters))
    found = find_in_images(
        images,
        filters,
        FindOptions(threshold, top, overlap),
        inputs=reading.options(),
        notify=display.notice,
    )
    from convtool.view.finds import annotated, finds_as_csv, print_finds

    header = True
    for finds in found:
        if output is not None:
            picture = annotated(finds.image.values, finds.peaks, colour=finds.image.colour)
            with opened(output) as stream:
                stream.write(picture)
        if csv:
            sys.stdout.write(finds_as_csv(finds.records, header=header))
            header = False
        elif json:
            from json import dumps

            for record in finds.records:
                print(dumps(record), flush=True)
        elif display.tables:
            from convtool.view.consoles import console_for

            print_finds(console_for(sys.stdout, color), finds.input, finds.filter, finds.records, precision)
