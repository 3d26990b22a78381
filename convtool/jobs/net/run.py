"""Networks run on images: the best scores, and the maps of any layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import prod
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32
from convtool.errors import ArgumentError
from convtool.io.source import spoken
from convtool.jobs.image import Outcome, deliver
from convtool.jobs.naming import numbers
from convtool.jobs.net.images import fitted, run_on_one
from convtool.jobs.options import InputOptions, OutputOptions, Stage
from convtool.jobs.outputs import Outputs, PlannedMap
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.jobs.stages import StageMap
from convtool.net.files import read_network
from convtool.net.network import Layer, Network, brief
from convtool.net.ops import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convtool.net.scores import check_scores

_POOLS = (MaxPool, AvgPool, GlobalMaxPool, GlobalAvgPool)


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """What a network made of one image.

    Attributes
    ----------
    record
        For machines: ``input``, ``model``, ``top``, and the outputs' shapes.
    maps
        Those that were asked for, written.
    image
        ``(C, H, W)`` as it went in, but not scaled yet.
    layers
        Those that were asked for, or all: each one's name, what it does, and what it gave.
    classes
        What the scores are of, if the network says.
    """

    record: dict[str, Any]
    maps: Iterator[Outcome]
    image: Float32
    layers: tuple[tuple[str, str, Float32], ...]
    classes: tuple[str, ...] | None


def run_on_images(
    model: str,
    images: Sequence[str],
    *,
    maps: Sequence[str],
    all_layers: bool = False,
    top: int,
    inputs: InputOptions,
    output: OutputOptions,
    notify: Notify,
) -> Iterator[NetworkRun]:
    """Run a network on every image: the best scores, and the maps of layers that match a pattern."""
    check_stdin_once([model, *images])
    if output.file is not None and not maps:
        raise ArgumentError("-o holds the maps of a layer, none is asked for; name one with --maps")
    network = read_network(model, notify, limits=inputs.limits)
    wanted = _matching(network, maps)
    stages = frozenset(_stage(network[name]) for name in wanted)
    if output.file is not None and len(stages) > 1:
        raise ArgumentError(
            f"-o holds the maps of one layer, --maps names {brief(wanted)}; name one, or use --out-dir"
        )
    outputs = Outputs(replace(output, save=stages), [model, *images], notify)
    outputs.check([PlannedMap(path, name, model) for path in images for name in wanted], images)
    for path in images:
        image = fitted(path, network, inputs, notify)
        with concerning(f"{spoken(path)} with {network.name}"):
            seen = tuple(layer.name for layer in network.layers) if all_layers else wanted
            names = tuple(dict.fromkeys((*network.outputs, *seen)))
            found, seconds = run_on_one(network, network.input.scaled(image), names, inputs)
            record = {
                "input": path,
                "model": model,
                "top": _best(network, found[network.outputs[0]], top),
                "outputs": {name: list(found[name].shape[1:]) for name in network.outputs},
                "seconds": round(seconds, 6),
                "version": __version__,
            }
            drawn = [each for name in wanted for each in _maps(network[name], found[name], seconds)]
        written = deliver(path, drawn, outputs, True, None)
        yield NetworkRun(record, written, image, _shown(network, found, seen), network.classes)


def _shown(
    network: Network, found: Mapping[str, Float32], names: Sequence[str]
) -> tuple[tuple[str, str, Float32], ...]:
    """Layers with what they do and what they gave for the one image."""
    return tuple((name, network[name].operation.kind, found[name][0]) for name in names)


def _best(network: Network, scores: Float32, top: int) -> list[dict[str, Any]]:
    """The highest scores, if the output is a vector of them."""
    vector = scores.reshape(-1)
    if prod(scores.shape[2:]) != 1:
        return []
    check_scores(vector[np.newaxis])
    order = np.argsort(-vector, kind="stable")[:top].tolist()
    classes = network.classes
    return [
        {
            "index": index,
            "class": classes[index] if classes else None,
            "score": float(str(vector[index])),
        }
        for index in order
    ]


def _matching(network: Network, patterns: Sequence[str]) -> tuple[str, ...]:
    """The layers whose name a pattern matches, in the network's order."""
    names = [layer.name for layer in network.layers]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ArgumentError(f"no layer is called {pattern!r}; {network.name} has {brief(names)}")
    return tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))


def _stage(layer: Layer) -> Stage:
    """What kind of map a layer gives: a signed response, a feature map or a pooled map."""
    if isinstance(layer.operation, _POOLS):
        return "pool"
    return "relu" if layer.operation.kind == "relu" else "conv"


def _maps(layer: Layer, values: Float32, seconds: float) -> list[StageMap]:
    """Every map ``(H, W)`` of a layer; a vector is one map of one row."""
    planes = values[0] if values.ndim == 4 else values.reshape(1, 1, -1)
    names = [layer.name]
    if len(planes) > 1:
        names = [f"{layer.name}-{number}" for number in numbers(len(planes))]
    stage = _stage(layer)
    return [
        StageMap(stage, name, name, plane, exact=False, seconds=seconds)
        for name, plane in zip(names, planes, strict=True)
    ]
