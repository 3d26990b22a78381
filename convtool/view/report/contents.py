"""What a report page computes with, as JSON can hold it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32, is_whole
from convtool.core.workings import LaidFilter, NamedPlanes, Workings
from convtool.text import printable
from convtool.view.colormaps import DIVERGING, Colormap, palette

_COLORMAPS: dict[str, Colormap] = {"sequential": "viridis", "diverging": DIVERGING, "gray": "gray"}

_WHOLE_TYPES = (np.uint8, np.uint16, np.int16)
"""From the one of the fewest bytes on; values that fit none of them stay float32."""


def report_contents(workings: Workings) -> dict[str, Any]:
    """Everything that the page needs to compute each map by itself, exactly as it is."""
    return {
        "title": printable(workings.title),
        "version": f"convtool {__version__}",
        "options": workings.options,
        "inputs": [_input(planes) for planes in workings.planes],
        "filters": [_filter(laid) for laid in workings.filters],
        "padding_mode": workings.padding_mode,
        "flip": workings.flip,
        "pool_kind": workings.pool_kind,
        "count_include_pad": True,
        "colormaps": {
            name: [bytes(colour).hex() for colour in palette(colormap)]
            for name, colormap in _COLORMAPS.items()
        },
    }


def _input(planes: NamedPlanes) -> dict[str, Any]:
    dtype = _smallest_dtype(planes.values)
    raw = planes.values.astype(dtype.newbyteorder("<"), copy=False).tobytes()
    colours = {1: "gray", 3: "rgb"}.get(len(planes.values), "scale")
    return {
        "name": planes.name,
        "shape": planes.values.shape,
        "dtype": dtype.name,
        "values": b64encode(raw).decode("ascii"),
        "colours": colours if planes.white else "scale",
        "white": planes.white,
    }


def _filter(laid: LaidFilter) -> dict[str, Any]:
    return {
        "name": printable(laid.name),
        "description": None if laid.description is None else printable(laid.description),
        "input": laid.planes,
        "channel": laid.channel,
        "weights": laid.weights.tolist(),
        "bias": laid.bias,
        "normalize": "local" if laid.normalized else None,
        "conv": [asdict(axis) for axis in laid.conv],
        "pool": [asdict(axis) for axis in laid.pool],
    }


def _smallest_dtype(values: Float32) -> np.dtype[Any]:
    """The type of the fewest bytes that holds every value as it is."""
    if is_whole(values):
        lowest, highest = values.min(), values.max()
        for whole in _WHOLE_TYPES:
            limits = np.iinfo(whole)
            if limits.min <= lowest and highest <= limits.max:
                return np.dtype(whole)
    return np.dtype(np.float32)
