"""``convtool recover``: which filter made this picture of that one."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped


@grouped
def recover(
    *,
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help="The picture as it was; - is standard input.")
    ],
    after: Annotated[
        str, typer.Argument(metavar="AFTER", help="What a filter made of it: a picture or a map.")
    ],
    size: Annotated[Any, o.parsed("--size", values.positive_pair, "K|Y,X", "Size of the filter.")],
    output: o.FilterOutput,
    format_: o.FilterFormat = "json",
    reading: o.GrayReading,
    precision: o.Precision = "4",
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Find the filter that turned one picture into another, and how sure that is.

    \b
    Examples:
      convtool recover photo.png photo.map.png --size 3 -o filter.json
      convtool recover before.png after.png --size 5,7 -o filter.json --json
    """
    from convtool.jobs.recover import recover_from_files

    display = Display(
        json=json, quiet=quiet, color=color, strict=reading.strict, stdout_is_data=output == "-"
    )
    recovered = recover_from_files(
        before, after, size, output, format_, inputs=reading.options(), notify=display.notice
    )
    if json:
        from convtool.view.recovery import recovery_as_json

        print(recovery_as_json(recovered.record))
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.recovery import print_recovery

        print_recovery(console_for(sys.stdout, color), recovered.record, recovered.weights, precision)
