"""``convtool plan``: how images would be convolved, and why so."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped


@grouped
def plan(
    *,
    images: o.Images,
    filters: o.Filters,
    relu: o.Relu = True,
    pool: Annotated[
        Any,
        o.parsed(
            "--pool", values.positive_pair, "N|Y,X", "Pool in the same pass, with windows of this size."
        ),
    ] = None,
    pool_kind: Annotated[
        o.PoolKind | None, typer.Option("--pool-kind", help="What is kept of a window [default: max].")
    ] = None,
    sliding: o.Sliding,
    channels: o.Channels = "luma",
    frame: o.Frame = None,
    max_pixels: o.MaxPixels = None,
    max_memory: o.MaxMemory = None,
    json: o.Json = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Show how Conv would run: by which algorithm, at what cost, and why not by another.

    Nothing is computed. With --pool it is the one pass of 'run --save pool'.

    \b
    Examples:
      convtool plan photo.png --filter sobel-x
      convtool plan photo.png --filter bank.npy --pool 2 --json
    """
    if pool_kind is not None and pool is None:
        raise typer.BadParameter("--pool-kind says how to pool; give the size of the windows with --pool")
    from convtool.jobs.options import InputOptions
    from convtool.jobs.plans import plan_images

    plans = plan_images(
        images,
        filters,
        inputs=InputOptions(channels, frame=frame, limits=o.limits(max_pixels, max_memory)),
        conv=sliding.options(),
        relu=relu,
        pool=pool,
        pool_kind=pool_kind or "max",
        notify=Display().notice,
    )
    from convtool.view.consoles import console_for
    from convtool.view.plans import plan_as_json, print_plan

    console = console_for(sys.stdout, color)
    for image, filter_, planned in plans:
        if json:
            print(plan_as_json(image, filter_, planned), flush=True)
        else:
            print_plan(console, image, filter_, planned)
