"""``convtool run``: Conv → ReLU → Pool."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.groups import grouped


@grouped
def run(
    *,
    images: o.Images,
    filters: o.Filters,
    pool: Annotated[
        Any, o.parsed("--pool", values.positive_pair, "N|Y,X", "Size of the pool's windows [default: 2].")
    ] = None,
    pool_stride: Annotated[
        Any,
        o.parsed(
            "--pool-stride", values.positive_pair, "N|Y,X", "Step of the pool [default: its windows' size]."
        ),
    ] = None,
    pool_kind: Annotated[o.PoolKind, typer.Option("--pool-kind", help="What is kept of a window.")] = "max",
    global_: o.Global = False,
    save: Annotated[
        Any,
        o.parsed("--save", values.stages, "STAGES", "What to write: conv, map, pool with commas, or none."),
    ] = "map,pool",
    sliding: o.Sliding,
    reading: o.Reading,
    writing: o.Writing,
    showing: o.Showing,
) -> None:
    """Run Conv, ReLU and Pool on images, write the maps and print the matrices.

    \b
    Examples:
      convtool run photo.png --filter sobel-x --out-dir maps/
      convtool run photo.png --filter edge.json --filter log-5 --pool 4 --json
    """
    if global_:
        values.only_one("--global", "--pool and --pool-stride", pool, pool_stride)
    from convtool.jobs.image import convolve_images
    from convtool.jobs.options import PoolOptions

    display = showing.display(reading, writing)
    outcomes = convolve_images(
        images,
        filters,
        inputs=reading.options(),
        conv=sliding.options(),
        pool=PoolOptions(pool_kind, None if global_ else pool or 2, pool_stride),
        wanted=save if save == {"pool"} else frozenset(("conv", "relu", "pool")),
        output=writing.options(save),
        notify=display.notice,
    )
    display.show(outcomes)
