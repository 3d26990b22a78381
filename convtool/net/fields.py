"""What part of the image each unit of each layer sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from convtool.net.network import Network
from convtool.net.ops.base import Shape


class Span(NamedTuple):
    """Cells of the image that a unit sees along one axis.

    Attributes
    ----------
    cells
        How many, those of the padding included.
    step
        From one unit's first cell to that of the unit beside it.
    first
        The first cell of the first unit; negative in the padding.
    """

    cells: float = 1.0
    step: float = 1.0
    first: float = 0.0

    @property
    def end(self) -> float:
        """Behind the last cell of the first unit."""
        return self.first + self.cells


Field = tuple[Span, Span]
"""Rows and columns that the units of a layer see: their receptive field."""


def fields_of(network: Network, shapes: Mapping[str, Shape]) -> dict[str, Field | None]:
    """The field of every layer, by name; ``None`` if its units see the whole image.

    Layers that see nothing of the image are left out.

    References
    ----------
    Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill 2019.
    """
    fields: dict[str, Field | None] = {network.input.name: (Span(), Span())}
    for layer in network.layers:
        before = [fields[name] for name in layer.inputs if name in fields]
        if not before:
            continue
        reach = layer.operation.reach(*(shapes[name] for name in layer.inputs))
        narrow = [field for field in before if field is not None]
        if reach is None or len(narrow) < len(before):
            fields[layer.name] = None
            continue
        rows, columns = (
            Span(span.cells + (cells - 1) * span.step, span.step * step, span.first + first * span.step)
            for span, cells, step, first in zip(map(_united, zip(*narrow, strict=True)), *reach, strict=True)
        )
        fields[layer.name] = rows, columns
    return fields


def _united(spans: Sequence[Span]) -> Span:
    """The smallest span that holds all of several."""
    first = min(span.first for span in spans)
    return Span(max(span.end for span in spans) - first, spans[0].step, first)
