"""``convtool net run``: scores of the classes, and the maps of any layer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display, written_anyway
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import Model
from convtool.cli.sheet_option import display_with_sheet

if TYPE_CHECKING:
    from convtool.jobs.image import Outcome
    from convtool.jobs.net.run import NetworkRun


@grouped
def run(
    *,
    model: Model,
    images: o.Images,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--maps",
            metavar="PATTERN",
            help="Write the maps of layers so called, such as 'conv*'; may be repeated.",
            show_default=False,
        ),
    ] = None,
    sheet: Annotated[
        str | None, o.written("Draw the one image and what every layer makes of it, as a PNG.", "--sheet")
    ] = None,
    top: Annotated[Any, o.parsed("--top", values.positive, "N", "How many of the best scores.")] = "5",
    reading: o.GrayReading,
    writing: o.Writing,
    showing: o.Showing,
) -> None:
    """Run a network on images: scores of the classes, and the maps of any layer.

    \b
    Examples:
      convtool net run model.onnx photo.png --top 3
      convtool net run model.npz *.png --maps 'pool*' --json
      convtool net run model.npz photo.png --sheet layers.png
    """
    from convtool.jobs.net.run import run_on_images

    display = display_with_sheet(sheet, images, [model], reading, writing, showing)
    runs = run_on_images(
        model,
        images,
        maps=maps or (),
        all_layers=sheet is not None,
        top=top,
        inputs=reading.options(),
        output=writing.options(frozenset(), sheet),
        notify=display.notice,
    )
    made = ((each, list(each.maps)) for each in runs)
    with written_anyway(made):
        for each, outcomes in made:
            if sheet is not None:
                _draw(each, sheet)
            _show(each.record, outcomes, display)


def _draw(run: NetworkRun, path: str) -> None:
    """An image on its way through the network."""
    from convtool.jobs.outputs import opened
    from convtool.jobs.reading import concerning
    from convtool.view.drawings.layers import layers_sheet

    with concerning(f"{run.record['input']} with {run.record['model']}"):
        sheet = layers_sheet(run.image, run.layers, run.classes)
    with opened(path) as stream:
        stream.write(sheet)


def _show(record: dict[str, Any], maps: list[Outcome], display: Display) -> None:
    """What a network made of one image, once it is written."""
    if display.json:
        from json import dumps

        print(dumps({**record, "maps": [outcome.record.output for outcome in maps]}), flush=True)
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.networks import print_scores

        print_scores(console_for(sys.stdout, display.color), record, display.precision)
        display.show(maps)
