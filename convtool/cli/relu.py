"""``convtool relu``: rectify saved responses."""

from __future__ import annotations

from convtool.cli import options as o
from convtool.cli.display import Display


def relu(
    maps: o.Maps,
    channels: o.Channels = "luma",
    scale: o.Scale = "stored",
    frame: o.Frame = None,
    strict: o.Strict = False,
    max_pixels: o.MaxPixels = None,
    out_dir: o.OutDir = ".",
    output: o.OutFile = None,
    format_: o.Format = "png",
    depth: o.Depth = "16",
    range_: o.Range = None,
    precision: o.Precision = "4",
    full: o.Full = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    r"""Rectify saved responses: what is negative becomes 0.

    \b
    Example:
      convtool relu photo.sobel-x.conv.png -o map.png
    """
    from convtool.jobs.image import rectify_maps
    from convtool.jobs.options import InputOptions, OutputOptions

    display = Display(precision, full, json, quiet, color, stdout_is_data=output == "-")
    outcomes = rectify_maps(
        maps,
        inputs=InputOptions(channels, scale, frame, strict, max_pixels),
        output=OutputOptions(frozenset({"relu"}), out_dir, output, format_, depth, range_),
        notify=display.notice,
    )
    display.show(outcomes)
