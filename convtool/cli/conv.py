"""``convtool conv``: Conv → ReLU, or the signed response alone."""

from __future__ import annotations

from typing import Annotated

import typer

from convtool.cli import options as o
from convtool.cli.display import Display


def conv(
    images: o.Images,
    filters: o.Filters,
    relu: Annotated[
        bool, typer.Option("--relu/--no-relu", help="Rectify, or keep the signed response.")
    ] = True,
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
    r"""Convolve images and rectify: one feature map for each filter.

    \b
    Examples:
      convtool conv photo.png --filter sobel-x -o map.png
      convtool conv photo.png --filter edge.json --no-relu -o response.npy
    """
    from convtool.jobs.image import convolve_images
    from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, Stage

    display = Display(precision, full, json, quiet, color, stdout_is_data=output == "-")
    stage: frozenset[Stage] = frozenset(("relu",) if relu else ("conv",))
    outcomes = convolve_images(
        images,
        filters,
        inputs=InputOptions(channels, scale, frame, strict, max_pixels),
        conv=ConvOptions(stride, padding, padding_mode, dilation, groups, flip),
        with_relu=relu,
        pool=None,
        wanted=stage,
        output=OutputOptions(stage, out_dir, output, format_, depth, range_),
        notify=display.notice,
    )
    display.show(outcomes)
