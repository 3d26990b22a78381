"""Architectures: specs whose layers say how many numbers they learn, and where learning starts.

One file for each that has a name. What a layer is without its numbers: ``filters`` and ``size`` of a
``conv``, ``outputs`` of ``dense`` (absent: as many as there are classes), nothing of ``batch_norm``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair, pair, whole
from convtool.errors import InputError
from convtool.io.filters import read_filter
from convtool.io.networks import NetworkFile, spec_of_json
from convtool.net.network import MOST_VALUES, Network
from convtool.net.ops.base import Shape, by, maps_of
from convtool.net.spec import COUNTS, FindFilter, network_of_spec

VARIANCE = 2.0
"""Of weights, times the values that a unit reads: ReLU loses half of it."""

Numbers = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Architecture:
    """A spec whose layers may have no numbers yet, where it finds the filters that it names, and its name."""

    spec: Mapping[str, Any]
    find_filter: FindFilter
    name: str


def architecture_names() -> list[str]:
    """The architectures that have a name."""
    return sorted(
        each.name.removesuffix(".json")
        for each in files(__package__).iterdir()
        if each.name.endswith(".json")
    )


def named_architecture(name: str) -> Architecture:
    """The architecture that has a name."""
    spec = spec_of_json((files(__package__) / f"{name}.json").read_bytes())
    return Architecture(spec, lambda each: read_filter(each).bank, name)


def initialized(
    architecture: Architecture, channels: int, size: Pair, classes: Sequence[str], seed: int
) -> Network:
    """The network of an architecture before it is trained; layers that have their numbers keep them.

    Weights are drawn from normal distributions with a variance of 2 over the values that a unit reads.

    Parameters
    ----------
    channels, size
        Of the images, where the spec does not say.

    Raises
    ------
    InputError
        A spec that is none, or that does not fit such images.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    spec, random = architecture.spec, np.random.default_rng([seed, 0])
    source = spec.get("input", {})
    if isinstance(source, dict):
        source = {"channels": channels, **source}
        if source.get("size") is None:
            source["size"] = list(size)

    def begin(layer: Mapping[str, Any], reads: Sequence[Shape]) -> tuple[Mapping[str, Any], Numbers]:
        """Numbers for a layer that has none."""
        kept = {key: value for key, value in layer.items() if key not in COUNTS.get(layer["kind"], ())}
        if "weights" in layer or "scale" in layer:
            return layer, {}
        match layer["kind"]:
            case "conv":
                filters, kernel = whole("filters", layer.get("filters")), pair("size", layer.get("size"))
                return kept, {"weights": _drawn(random, filters, _channels(layer, reads[0]), *kernel)}
            case "dense":
                outputs = whole("outputs", layer.get("outputs", len(classes)))
                return kept, {"weights": _drawn(random, outputs, prod(reads[0][1:]))}
            case "batch_norm":
                channels_read = prod(reads[0][1:2])
                ones, zeros = np.ones(channels_read), np.zeros(channels_read)
                return kept, {"scale": ones, "shift": zeros, "mean": zeros, "variance": ones}
        return layer, {}

    complete = {**spec, "input": source, "classes": list(classes)}
    return network_of_spec(NetworkFile(complete, {}), architecture.name, architecture.find_filter, begin)


def _channels(layer: Mapping[str, Any], reads: Shape) -> int:
    """How many channels each filter reads."""
    groups = whole("groups", layer.get("groups", 1))
    channels = maps_of(reads)[1]
    if channels % groups:
        raise InputError(f"groups is {groups}; it must divide the {channels} channel(s) of its input")
    return channels // groups


def _drawn(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    if prod(shape) > MOST_VALUES:
        raise InputError(f"it would learn {by(shape)} weights, more than any memory holds")
    weights: NDArray[np.float32] = random.standard_normal(shape, np.float32)
    return weights * np.float32(sqrt(VARIANCE / prod(shape[1:])))
