"""Networks and images from files: shown, run, a unit explained, a layer's filters taken out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import ceil, prod
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.errors import ArgumentError, InputError
from convtool.io.images import Image, read_image
from convtool.io.limits import Limits
from convtool.io.resizing import resized
from convtool.io.source import spoken
from convtool.jobs.image import Outcome, deliver
from convtool.jobs.naming import numbers
from convtool.jobs.options import InputOptions, OutputOptions, Stage
from convtool.jobs.outputs import Outputs, PlannedMap, check_output, opened
from convtool.jobs.reading import Notify, check_stdin_once, concerning, noticed, scaled
from convtool.jobs.stages import StageMap
from convtool.net.explaining import Explanation, explain_unit
from convtool.net.fields import fields_of
from convtool.net.files import encode_network, network_format, read_network
from convtool.net.network import Layer, Network, brief
from convtool.net.ops import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convtool.net.running import memory_of, run_network

SHOWN_SIZES = ((256, 256), (64, 64), (32, 32), (128, 128), (512, 512))
"""What a network that takes any size is shown for: the first that goes through."""

_POOLS = (MaxPool, AvgPool, GlobalMaxPool, GlobalAvgPool)


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


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """What a network made of one image.

    Attributes
    ----------
    record
        For machines: ``input``, ``model``, ``top``, and the outputs' shapes.
    maps
        Those that were asked for, written.
    """

    record: dict[str, Any]
    maps: Iterator[Outcome]


def run_on_images(
    model: str,
    images: Sequence[str],
    *,
    maps: Sequence[str],
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
    limits = inputs.limits or Limits.of()
    for path in images:
        values = _prepared(path, network, inputs, notify)
        with concerning(f"{spoken(path)} with {network.name}"):
            size = values.shape[1], values.shape[2]
            names = tuple(dict.fromkeys((*network.outputs, *wanted)))
            limits.check_memory(memory_of(network, size, 1, names), f"{network.name} on {size[0]}×{size[1]}")
            start = time.perf_counter()
            found = run_network(network, values[np.newaxis], names)
            seconds = time.perf_counter() - start
            record = {
                "input": path,
                "model": model,
                "top": _best(network, found[network.outputs[0]], top),
                "outputs": {name: list(found[name].shape[1:]) for name in network.outputs},
                "seconds": round(seconds, 6),
                "version": __version__,
            }
            drawn = [each for name in wanted for each in _maps(network[name], found[name], seconds)]
        yield NetworkRun(record, deliver(path, drawn, outputs, True, None))


def explain_in_image(
    model: str, image: str, layer: str, at: Sequence[int], *, inputs: InputOptions, notify: Notify
) -> Explanation:
    """Trace one unit back to the pixels it came of."""
    check_stdin_once([model, image])
    network = read_network(model, notify, limits=inputs.limits)
    values = _prepared(image, network, inputs, notify)
    with concerning(f"{spoken(image)} with {network.name}"):
        every = [each.name for each in network.layers]
        size = values.shape[1], values.shape[2]
        limits = inputs.limits or Limits.of()
        limits.check_memory(2 * memory_of(network, size, 1, every), f"{network.name} on {size[0]}×{size[1]}")
        return explain_unit(network, values, layer, at)


def export_network(model: str, output: str, *, limits: Limits | None = None, notify: Notify) -> Network:
    """Write a network as NPZ or ONNX."""
    check_output(output, [model])
    format_ = network_format(output)
    network = read_network(model, notify, limits=limits)
    with concerning(spoken(model)):
        data = encode_network(network, format_)
    with opened(output) as stream:
        stream.write(data)
    return network


def _prepared(path: str, network: Network, inputs: InputOptions, notify: Notify) -> Float32:
    """An image's values ``(C, H, W)`` as the first layers take them."""
    image = read_image(path, frame=inputs.frame, limits=inputs.limits)
    noticed(image, path, notify)
    with concerning(f"{spoken(path)} with {network.name}"):
        values = _channels(image, network, inputs)
    if len(values) < network.input.channels:
        notify(f"{spoken(path)}: it is gray; {network.name} is given it as red, green and blue")
        values = np.repeat(values, network.input.channels, axis=0)
    size = network.input.size
    if size is not None and values.shape[1:] != size:
        notify(
            f"{spoken(path)}: resized from {values.shape[1]}×{values.shape[2]} to the {size[0]}×{size[1]} "
            f"that {network.name} reads"
        )
        values = resized(values, size)
    return network.input.scaled(values)


def _channels(image: Image, network: Network, inputs: InputOptions) -> Float32:
    """As many planes as the network reads; one alone, of a gray picture for a network of colours."""
    wanted = network.input.channels
    if wanted == 1:
        image = image.luma()
    values = scaled(image, inputs).values
    planes = values if values.ndim == 3 else values[np.newaxis]
    gray = len(planes) == 1 and wanted == 3 and image.picture
    if len(planes) != wanted and not gray:
        raise InputError(f"the image has {len(planes)} channel(s), {network.name} reads {wanted}")
    return planes


def _best(network: Network, scores: Float32, top: int) -> list[dict[str, Any]]:
    """The highest scores, if the output is a vector of them."""
    vector = scores.reshape(-1)
    if prod(scores.shape[2:]) != 1:
        return []
    if not np.isfinite(vector).all():
        raise InputError("its scores hold NaN or infinity; the numbers on the way are too large for float32")
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
