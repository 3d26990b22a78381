"""``convtool sheet``: maps side by side, in colours with their scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from convtool.cli import options as o
from convtool.cli.display import Display
from convtool.cli.groups import grouped

if TYPE_CHECKING:
    from convtool.jobs.sheet import Shown
    from convtool.view.drawings.looks import Look
    from convtool.view.drawings.panels import Panel


@grouped
def sheet(
    *,
    maps: o.Maps,
    output: Annotated[str, o.written("Where to write the sheet, a PNG; - is standard output.")],
    drawing: o.Drawing,
    range_: o.Range = None,
    reading: o.Reading,
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Draw maps side by side in colours, each with its name, its size and its scale.

    Pictures are drawn as they look, unless --colormap asks for colours.

    \b
    Examples:
      convtool sheet maps/*.png -o sheet.png
      convtool sheet a.map.png b.map.png --range 0,255 -o both.png
      convtool sheet pooled.npy --zoom 32 -o cells.png
    """
    from convtool.jobs.outputs import check_picture_output, opened
    from convtool.jobs.sheet import shown
    from convtool.view.drawings.sheet import maps_sheet

    display = Display(quiet=quiet, strict=reading.strict, stdout_is_data=output == "-")
    check_picture_output(output, maps)
    found = shown(
        maps,
        pictures_as_maps=drawing.colormap is not None,
        inputs=reading.options(),
        notify=display.notice,
    )
    look = drawing.look(range_)
    limits = o.limits(reading.max_pixels, reading.max_memory)
    picture = maps_sheet((_panel(each, look) for each in found), look, limits)
    with opened(output) as stream:
        stream.write(picture)


def _panel(shown: Shown, look: Look) -> Panel:
    """A map or a picture, as it will be drawn."""
    from convtool.view.drawings.panels import map_panel, picture_panel

    title = shown.input if shown.part is None else f"{shown.input} · {shown.part}"
    if shown.picture:
        return picture_panel(shown.values, title, look)
    return map_panel(shown.values, title, shown.filter or "", look, shown.stage)
