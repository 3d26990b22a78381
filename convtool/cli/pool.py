"""``convtool pool``: pool saved maps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.groups import grouped


@grouped
def pool(
    *,
    maps: o.Maps,
    kind: Annotated[o.PoolKind, typer.Option("--kind", help="What is kept of a window.")] = "max",
    size: Annotated[
        Any, o.parsed("--size", values.positive_pair, "N|Y,X", "Size of a window [default: 2].")
    ] = None,
    stride: Annotated[
        Any, o.parsed("--stride", values.positive_pair, "N|Y,X", "Step of the window [default: its size].")
    ] = None,
    padding: Annotated[
        Any,
        o.parsed("--padding", values.padding, "N|Y,X|T,B,L,R", "Cells added around the map [default: 0]."),
    ] = None,
    ceil: Annotated[
        bool, typer.Option("--ceil", help="Keep a last window that reaches beyond the map.")
    ] = False,
    global_: o.Global = False,
    reading: o.Reading,
    writing: o.Writing,
    showing: o.Showing,
) -> None:
    """Pool saved maps: the largest, smallest or mean value of every window.

    \b
    Examples:
      convtool pool photo.sobel-x.map.png --size 2
      convtool pool map.npy --kind avg --size 3 --stride 2 -o pooled.npy
    """
    if global_:
        values.only_one("--global", "--size, --stride, --padding and --ceil", size, stride, padding, ceil)
    from convtool.jobs.image import pool_maps
    from convtool.jobs.options import PoolOptions

    display = showing.display(reading, writing)
    outcomes = pool_maps(
        maps,
        pool=PoolOptions(kind, None if global_ else size or 2, stride, padding or 0, ceil),
        inputs=reading.options(),
        output=writing.options(frozenset({"pool"})),
        notify=display.notice,
    )
    display.show(outcomes)
