"""``convtool show``: print any image, filter or map as a matrix."""

from __future__ import annotations

from typing import Annotated

import typer

from convtool.cli import options as o
from convtool.cli.display import Display


def show(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Images, maps, filter files or built-in names.")
    ],
    channels: o.Channels = "luma",
    scale: o.Scale = "stored",
    frame: o.Frame = None,
    strict: o.Strict = False,
    max_pixels: o.MaxPixels = None,
    precision: o.Precision = "4",
    full: o.Full = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    r"""Print the numbers of any image, filter or map.

    \b
    Examples:
      convtool show photo.png sobel-x maps/photo.sobel-x.map.png
      convtool show image.json --full --precision 2
    """
    from convtool.jobs.inspect import show_files
    from convtool.jobs.options import InputOptions

    display = Display(precision, full, json, quiet, color)
    inputs = InputOptions(channels, scale, frame, strict, max_pixels)
    display.show(show_files(files, inputs=inputs, notify=display.notice))
