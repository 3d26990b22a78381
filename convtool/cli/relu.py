"""``convtool relu``: rectify saved responses."""

from __future__ import annotations

from convtool.cli import options as o
from convtool.cli.groups import grouped


@grouped
def relu(
    *,
    maps: o.Maps,
    reading: o.Reading,
    writing: o.Writing,
    showing: o.Showing,
) -> None:
    """Rectify saved responses: what is negative becomes 0.

    \b
    Example:
      convtool relu photo.sobel-x.conv.png -o map.png
    """
    from convtool.jobs.image import rectify_maps

    display = showing.display(reading, writing)
    outcomes = rectify_maps(
        maps,
        inputs=reading.options(),
        output=writing.options(frozenset({"relu"})),
        notify=display.notice,
    )
    display.show(outcomes)
