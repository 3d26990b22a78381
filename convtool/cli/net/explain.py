"""``convtool net explain``: one value of a layer, back to the pixels it came of."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import LayerName, Model


@grouped
def explain(
    *,
    model: Model,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A picture or matrix; - is standard input.")],
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
    from convtool.jobs.net.explain import explain_in_image

    display = showing.display(reading)
    explained = explain_in_image(model, image, layer, at, inputs=reading.options(), notify=display.notice)
    if display.json:
        from convtool.view.networks import explanation_as_json

        print(explanation_as_json(model, image, explained))
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.networks import print_explanation

        console = console_for(sys.stdout, display.color)
        title = f"{image} · {model}"
        print_explanation(console, title, explained, precision=display.precision, full=display.full)
