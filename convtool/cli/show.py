"""``convtool show``: print any image, filter or map as a matrix."""

from __future__ import annotations

from typing import Annotated

import typer

from convtool.cli import options as o
from convtool.cli.groups import grouped


@grouped
def show(
    *,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Images, maps, filter files or built-in names.")
    ],
    reading: o.Reading,
    showing: o.Showing,
) -> None:
    """Print the numbers of any image, filter or map.

    \b
    Examples:
      convtool show photo.png sobel-x maps/photo.sobel-x.map.png
      convtool show image.json --full --precision 2
    """
    from convtool.jobs.inspect import show_files

    display = showing.display(reading)
    display.show(show_files(files, inputs=reading.options(), notify=display.notice))
