"""``--sheet`` of commands that write maps too: what is checked of it before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convtool.cli.display import Display
from convtool.errors import ArgumentError

if TYPE_CHECKING:
    from convtool.cli.options import GrayReading, Showing, Writing


def display_with_sheet(
    sheet: str | None,
    images: Sequence[str],
    others: Sequence[str],
    reading: GrayReading,
    writing: Writing,
    showing: Showing,
) -> Display:
    """What shows the maps, once it is known that a sheet of the one image can be written too.

    Neither the images nor the ``others`` that are read are ever written over.
    """
    display = showing.display(reading, writing)
    if sheet is None:
        return display
    from convtool.jobs.outputs import check_picture_output

    if len(images) > 1:
        raise ArgumentError(f"--sheet draws one image, {len(images)} are given; give one")
    if showing.json and sheet == "-":
        raise ArgumentError("--json and a picture would both write to standard output; name a file for it")
    check_picture_output(sheet, [*others, *images], option="--sheet")
    return replace(display, stdout_is_data=True) if sheet == "-" else display
