"""``convtool net show``: a network's layers."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.net.arguments import Model


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

    from convtool.io.source import spoken
    from convtool.jobs.net.layers import layers_as_records, shown_size
    from convtool.jobs.reading import concerning
    from convtool.net.files import read_network

    network = read_network(model, Display().notice, limits=o.limits(None, max_memory))
    with concerning(spoken(model)):
        shown = shown_size(network, size)
        records = list(layers_as_records(network, shown))
    if json:
        for record in records:
            print(dumps(record))
        return
    from convtool.view.consoles import console_for
    from convtool.view.networks import print_layers

    title = f"{network.name} · images of {network.input.channels}×{shown[0]}×{shown[1]}"
    print_layers(console_for(sys.stdout, color), title, records)
