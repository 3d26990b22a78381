"""``convtool show``: print any image, filter or map as a matrix, or draw it in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import options as o
from convtool.cli.groups import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convtool.cli.display import Display
    from convtool.jobs.inspect import Sight
    from convtool.view.colormaps import Colormap

_OF_NUMBERS = ("precision", "full", "json")
"""Options that a picture has no use for."""


@grouped
def show(
    *,
    ctx: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Images, maps, filter files or built-in names.")
    ],
    view: Annotated[
        bool,
        typer.Option("--view", help="Draw them in the terminal: in its colours, or in ASCII if it has none."),
    ] = False,
    reading: o.Reading,
    showing: o.Showing,
) -> None:
    """Print the numbers of any image, filter or map, or draw it in the terminal.

    \b
    Examples:
      convtool show photo.png sobel-x maps/photo.sobel-x.map.png
      convtool show image.json --full --precision 2
      convtool show photo.png sobel-x --view
    """
    display = showing.display(reading)
    if not view:
        from convtool.jobs.inspect import show_files

        display.show(show_files(files, inputs=reading.options(), notify=display.notice))
        return
    for name in _OF_NUMBERS:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"--{name} is for printed numbers; leave it out, or --view")
    from convtool.jobs.inspect import see_files

    _draw(see_files(files, inputs=reading.options(), notify=display.notice), display)


def _draw(sights: Iterable[Sight], display: Display) -> None:
    if display.quiet:
        for _ in sights:
            pass
        return
    from convtool.view.consoles import console_for
    from convtool.view.maps import heading
    from convtool.view.terminal import paint_of, print_picture

    console = console_for(sys.stdout, display.color)
    paint = paint_of(console, display.color)
    for sight in sights:
        title = heading(sight.stage, sight.input, sight.filter, sight.values.shape[-2:])
        colormap: Colormap | None = "gray" if sight.picture else None
        print_picture(console, paint, title, sight.values, colormap, sight.limits)
        sys.stdout.flush()
