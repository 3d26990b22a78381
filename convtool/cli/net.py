"""``convtool net``: whole networks, shown, run, explained, taken apart and written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display, written_anyway
from convtool.cli.groups import grouped
from convtool.errors import ArgumentError

if TYPE_CHECKING:
    from convtool.jobs.image import Outcome

net = typer.Typer(
    name="net",
    help="Run networks (convtool's NPZ, a spec in JSON, ONNX) and look into their layers.",
    epilog="Example: convtool net run model.onnx photo.png --maps 'conv*'",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="An NPZ, a spec in JSON or an ONNX model; - is standard input.")
]
Image = Annotated[str, typer.Argument(metavar="IMAGE", help="A picture or matrix; - is standard input.")]
LayerName = Annotated[
    str, typer.Option("--layer", metavar="NAME", help="A layer's name, as 'net show' lists it.")
]


@net.command()
def show(
    model: Model,
    size: Annotated[
        Any,
        o.parsed(
            "--size", values.positive_pair, "N|Y,X", "Images to show it for [default: the model's own]."
        ),
    ] = None,
    max_memory: o.MaxMemory = None,
    json: o.Json = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Show a network's layers: shapes, what a unit sees of the image, parameters, work.

    \b
    Example:
      convtool net show model.onnx
    """
    from json import dumps

    from convtool.jobs.networks import layers_as_records, shown_size
    from convtool.jobs.reading import concerning
    from convtool.net.files import read_network

    network = read_network(model, Display().notice, limits=o.limits(None, max_memory))
    with concerning(model):
        shown = shown_size(network, size)
        records = list(layers_as_records(network, shown))
    if json:
        for record in records:
            print(dumps(record))
        return
    from convtool.view.networks import print_layers
    from convtool.view.tables import console_for

    title = f"{network.name} · images of {network.input.channels}×{shown[0]}×{shown[1]}"
    print_layers(console_for(sys.stdout, color), title, records)


@net.command()
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
    """
    from convtool.jobs.networks import run_on_images

    display = showing.display(reading, writing)
    runs = run_on_images(
        model,
        images,
        maps=maps or (),
        top=top,
        inputs=reading.options(),
        output=writing.options(frozenset()),
        notify=display.notice,
    )
    made = ((each.record, list(each.maps)) for each in runs)
    with written_anyway(made):
        for record, outcomes in made:
            _show(record, outcomes, display)


def _show(record: dict[str, Any], maps: list[Outcome], display: Display) -> None:
    """What a network made of one image, once it is written."""
    if display.json:
        from json import dumps

        print(dumps({**record, "maps": [outcome.record.output for outcome in maps]}), flush=True)
    elif display.tables:
        from convtool.view.networks import print_scores
        from convtool.view.tables import console_for

        print_scores(console_for(sys.stdout, display.color), record, display.precision)
        display.show(maps)


@net.command()
@grouped
def explain(
    *,
    model: Model,
    image: Image,
    layer: LayerName,
    at: Annotated[
        Any, o.parsed("--at", values.place, "C,Y,X|N", "The unit: channel, row and column, from 0.")
    ],
    reading: o.GrayReading,
    showing: o.Showing,
) -> None:
    """Explain one value of a layer: back through the layers to the pixels it came of.

    \b
    Example:
      convtool net explain model.onnx photo.png --layer relu2 --at 3,10,12
    """
    from convtool.jobs.networks import explain_in_image

    display = showing.display(reading)
    explained = explain_in_image(model, image, layer, at, inputs=reading.options(), notify=display.notice)
    if display.json:
        from convtool.view.networks import explanation_as_json

        print(explanation_as_json(model, image, explained))
    elif display.tables:
        from convtool.view.networks import print_explanation
        from convtool.view.tables import console_for

        console = console_for(sys.stdout, display.color)
        title = f"{image} · {model}"
        print_explanation(console, title, explained, precision=display.precision, full=display.full)


@net.command()
def filters(
    model: Model,
    layer: LayerName,
    output: o.FilterOutput,
    format_: o.FilterFormat = "json",
    sheet: Annotated[
        str | None,
        typer.Option(
            "--sheet", metavar="FILE", help="Draw the filters side by side, as a PNG.", show_default=False
        ),
    ] = None,
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Write the filters of a layer as a filter file, JSON or NPY, and draw them.

    \b
    Example:
      convtool net filters model.onnx --layer conv1 -o bank.npy --sheet bank.png
    """
    from convtool.jobs.export import check_filter_output, write_filter
    from convtool.jobs.outputs import check_picture_output, opened
    from convtool.net.files import filters_of_layer

    check_filter_output(output, [model])
    if sheet is not None:
        check_picture_output(sheet, [model], pictures=1)
        if sheet == output:
            raise ArgumentError("-o and --sheet would both write to one place; name another")
    notice = Display(quiet=quiet).notice
    file = filters_of_layer(model, layer, notice)
    if sheet is not None:
        from convtool.view.kernels import kernel_sheet

        with opened(sheet) as stream:
            stream.write(kernel_sheet(file.bank.weights))
            write_filter(file, output, format_, notify=notice)
        return
    write_filter(file, output, format_, notify=notice)


@net.command()
def export(
    model: Model,
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="Where to: .npz or .onnx.", show_default=False),
    ],
    max_memory: o.MaxMemory = None,
    debug: o.Debug = False,
) -> None:
    """Write a network as one NPZ, or as ONNX.

    \b
    Example:
      convtool net export spec.json -o model.onnx
    """
    from convtool.jobs.networks import export_network

    export_network(model, output, limits=o.limits(None, max_memory), notify=Display().notice)
