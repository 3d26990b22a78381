"""``convtool run``: Conv → ReLU → Pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import options as o
from convtool.cli.groups import grouped
from convtool.cli.sheet_option import display_with_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convtool.io.limits import Limits
    from convtool.jobs.image import Convolved
    from convtool.jobs.options import ConvOptions, PoolOptions, Stage
    from convtool.view.drawings.looks import Look
    from convtool.view.drawings.stages import FilterRow


@grouped
def run(
    *,
    images: o.Images,
    filters: o.Filters,
    pooling: o.Pooling,
    save: o.Save = "map,pool",
    sheet: Annotated[
        str | None, o.written("Draw the one image, the filters and all maps of theirs, as a PNG.", "--sheet")
    ] = None,
    drawing: o.Drawing,
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
      convtool run photo.png --filter kirsch --save none --sheet kirsch.png
    """
    if sheet is None and drawing != o.Drawing():
        raise typer.BadParameter("--colormap, --shared-scale and --zoom are for --sheet; name a file with it")
    from convtool.jobs.image import convolve_images

    display = display_with_sheet(sheet, images, filters, reading, writing, showing)
    conv, pool = sliding.options(), pooling.options()
    every: frozenset[Stage] = frozenset(("conv", "relu", "pool"))

    made = convolve_images(
        images,
        filters,
        inputs=reading.options(),
        conv=conv,
        pool=pool,
        wanted=save if save == {"pool"} and sheet is None else every,
        output=writing.options(save, sheet),
        notify=display.notice,
        together=sheet is not None,
    )
    if sheet is not None:
        (convolved,) = made
        limits = o.limits(reading.max_pixels, reading.max_memory)
        _draw(convolved, sheet, conv, pool, drawing.look(writing.range), limits)
        made = iter((convolved,))
    display.show(outcome for each in made for outcome in each.outcomes)


def _draw(
    convolved: Convolved, path: str, conv: ConvOptions, pool: PoolOptions, look: Look, limits: Limits
) -> None:
    """The image, and what filters make of it."""
    from convtool.io.source import spoken
    from convtool.jobs.outputs import opened
    from convtool.view.drawings.panels import input_panel
    from convtool.view.drawings.stages import Heading, stages_sheet

    title = "input" + ", filtered by its brightness" * _is_seen_gray(convolved)
    image = input_panel(convolved.image.values, title, look, picture=convolved.image.picture)
    heading = Heading(spoken(convolved.input), f"{conv.spoken} · {conv.convention}", pool.spoken)
    sheet = stages_sheet(image, list(_rows(convolved)), heading, look, limits)
    with opened(path) as stream:
        stream.write(sheet)


def _is_seen_gray(convolved: Convolved) -> bool:
    """Whether filters read the brightness of an image that has colours."""
    return convolved.image.colour and all(
        file.bank.in_channels == 1 and len(filtered) == len(file.bank) for file, filtered in convolved.made
    )


def _rows(convolved: Convolved) -> Iterator[FilterRow]:
    """What each filter makes of the image; of R, G and B apart there are several rows for each."""
    from convtool.view.drawings.stages import FilterRow

    for file, filtered in convolved.made:
        rows_each = len(filtered) // len(file.bank)
        for number, (response, feature_map, pooled) in enumerate(filtered):
            yield FilterRow(
                response.filter or "",
                file.bank.weights[number // rows_each],
                float(file.bank.bias[number // rows_each]),
                (response.values, feature_map.values, pooled.values),
            )
