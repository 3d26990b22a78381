"""``convtool run``: Conv → ReLU → Pool."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display


def run(
    images: o.Images,
    filters: o.Filters,
    pool: Annotated[
        Any,
        typer.Option(
            "--pool", parser=values.positive_pair, metavar="N|Y,X", help="Size of the pool's windows."
        ),
    ] = "2",
    pool_stride: Annotated[
        Any,
        typer.Option(
            "--pool-stride",
            parser=values.positive_pair,
            metavar="N|Y,X",
            help="Step of the pool's windows [default: their size].",
        ),
    ] = None,
    pool_kind: Annotated[
        o.PoolKindName, typer.Option("--pool-kind", help="What is kept of a window.")
    ] = "max",
    global_: o.Global = False,
    save: Annotated[
        Any,
        typer.Option(
            "--save",
            parser=values.stages,
            metavar="STAGES",
            help="What to write: conv, map, pool, several with commas, or none.",
        ),
    ] = "map,pool",
    stride: o.Stride = "1",
    padding: o.Padding = "valid",
    padding_mode: o.PaddingMode = "zeros",
    dilation: o.Dilation = "1",
    groups: o.Groups = "1",
    flip: o.Flip = False,
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
    r"""Run Conv, ReLU and Pool on images, write the maps and print the matrices.

    \b
    Examples:
      convtool run photo.png --filter sobel-x --out-dir maps/
      convtool run photo.png --filter edge.json --filter log-5 --pool 4 --json
    """
    from convtool.jobs.image import convolve_images
    from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

    display = Display(precision, full, json, quiet, color, stdout_is_data=output == "-")
    outcomes = convolve_images(
        images,
        filters,
        inputs=InputOptions(channels, scale, frame, strict, max_pixels),
        conv=ConvOptions(stride, padding, padding_mode, dilation, groups, flip),
        with_relu=True,
        pool=PoolOptions(pool_kind, None if global_ else pool, pool_stride),
        wanted=save if save == {"pool"} else frozenset(("conv", "relu", "pool")),
        output=OutputOptions(save, out_dir, output, format_, depth, range_),
        notify=display.notice,
    )
    display.show(outcomes)
