"""``convtool pool``: pool saved maps."""

from __future__ import annotations

from typing import Annotated

import typer

from convtool.cli import options as o
from convtool.cli.display import Display


def pool(
    maps: o.Maps,
    kind: o.PoolKind = "max",
    size: o.PoolSize = "2",
    stride: o.PoolStride = None,
    padding: o.PoolPadding = "0",
    ceil: Annotated[
        bool, typer.Option("--ceil", help="Keep a last window that reaches beyond the map.")
    ] = False,
    global_: o.Global = False,
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
    r"""Pool saved maps: the largest, smallest or mean value of every window.

    \b
    Examples:
      convtool pool photo.sobel-x.map.png --size 2
      convtool pool map.npy --kind avg --size 3 --stride 2 -o pooled.npy
    """
    from convtool.jobs.image import pool_maps
    from convtool.jobs.options import InputOptions, OutputOptions, PoolOptions

    display = Display(precision, full, json, quiet, color, stdout_is_data=output == "-")
    outcomes = pool_maps(
        maps,
        pool=PoolOptions(kind, None if global_ else size, stride, padding, ceil),
        inputs=InputOptions(channels, scale, frame, strict, max_pixels),
        output=OutputOptions(frozenset({"pool"}), out_dir, output, format_, depth, range_),
        notify=display.notice,
    )
    display.show(outcomes)
