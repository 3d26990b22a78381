"""What the layers of a network are, for images of a size."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.net.fields import fields_of
from convtool.net.network import Network

SHOWN_SIZES = ((256, 256), (64, 64), (32, 32), (128, 128), (512, 512))
"""What a network that takes any size is shown for: the first that goes through."""


def layers_as_records(network: Network, size: Pair) -> Iterator[dict[str, Any]]:
    """Every layer: what it is, what comes out of it, what it sees, and what it costs."""
    shapes = network.shapes(size)
    fields = fields_of(network, shapes)
    for layer in network.layers:
        field = fields.get(layer.name, ())
        seen = size if field is None else [ceil(span.cells) for span in field]
        yield {
            "layer": layer.name,
            "kind": layer.operation.kind,
            "inputs": list(layer.inputs),
            "shape": list(shapes[layer.name][1:]),
            "field": list(seen),
            "parameters": sum(array.size for array in layer.operation.arrays.values()),
            "multiply_adds": layer.operation.multiply_adds(
                shapes[layer.name], *(shapes[name] for name in layer.inputs)
            ),
        }


def shown_size(network: Network, size: Pair | int | None) -> Pair:
    """Rows and columns of the images that a network is shown for."""
    if stated := size or network.input.size:
        return (stated, stated) if isinstance(stated, int) else stated
    for candidate in SHOWN_SIZES:
        try:
            network.shapes(candidate)
        except InputError as error:
            fault = error
        else:
            return candidate
    raise InputError(f"{fault.message}; say with --size which images it takes")
