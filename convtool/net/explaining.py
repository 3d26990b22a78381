"""One value of a layer traced back, layer by layer, to the pixels that it came of.

Where all layers are linear around the image's values, as ReLU and max pools are, the value is exactly
the sum of every pixel it saw times a weight, and a constant that comes of the biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from convtool.core.arrays import Float32
from convtool.errors import ArgumentError, InputError
from convtool.net.network import Network
from convtool.net.ops import Clip, Relu
from convtool.net.ops.base import Shape, by
from convtool.net.running import run_network


class Share(NamedTuple):
    """What one layer has to do with the value.

    Attributes
    ----------
    layer, kind
        Its name and what it does.
    units
        How many of its values count.
    rows, columns
        The first and the last that hold one; ``None`` where there are no rows and columns.
    strongest, strongest_value, strongest_weight
        The unit that counts most, its value, and the weight it counts with.
    """

    layer: str
    kind: str
    units: int
    rows: tuple[int, int] | None
    columns: tuple[int, int] | None
    strongest: tuple[int, ...]
    strongest_value: float
    strongest_weight: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """A value and what it came of.

    Attributes
    ----------
    layer, at, value
        Which, where, and what.
    shares
        From the layer itself back to the input.
    box
        First row, first column, rows and columns of the image that count.
    pixels, weights
        ``(C, rows, columns)``: the values there as the first layers take them, and their weights.
    constant
        What is left of the value: the biases, for layers that are linear.
    linear
        Whether every layer on the way is.
    cut
        The value that an activation cut off, if it did: then that is what is traced back.
    """

    layer: str
    at: tuple[int, ...]
    value: float
    shares: tuple[Share, ...]
    box: tuple[int, int, int, int]
    pixels: Float32
    weights: Float32
    constant: float
    linear: bool
    cut: float | None = None


@np.errstate(over="ignore", invalid="ignore")  # what is infinite is refused
def explain_unit(network: Network, image: Float32, layer: str, at: Sequence[int]) -> Explanation:
    """Trace a unit back.

    Parameters
    ----------
    image
        ``(C, H, W)`` as the first layers take it: see `Input.scaled`.
    layer, at
        The unit: a layer's name, and channel, row and column, or the one number of a vector.

    Raises
    ------
    ArgumentError
        A layer or a unit that there is not.
    InputError
        Values or weights on the way that are beyond float32.
    """
    needed = _path(network, layer)
    values = run_network(network, image[np.newaxis], [network.input.name, *needed])
    for name in needed:
        _check_finite(name, values[name])
    place = _place(values[layer].shape, layer, at)
    cutting = network[layer] if needed else None
    if cutting is not None and isinstance(cutting.operation, Relu | Clip):
        before, after = (float(values[name][place]) for name in (cutting.inputs[0], layer))
        if before != after:
            return _of_cut(explain_unit(network, image, cutting.inputs[0], at), network, layer, after)
    gradients: dict[str, Float32] = {layer: np.zeros_like(values[layer])}
    gradients[layer][place] = 1
    shares = []
    linear = True
    for name in reversed(needed):
        gradient = gradients.pop(name, None)
        if gradient is None or not gradient.any():
            continue
        node = network[name]
        if node.operation.inputs != 0:
            shares.append(_share(name, node.operation.kind, gradient, values[name]))
        linear = linear and node.operation.linear
        inputs = [values[source] for source in node.inputs]
        pulled = node.operation.pull(gradient, values[name], *inputs)
        for source, part in zip(node.inputs, pulled, strict=True):
            gradients[source] = gradients[source] + part if source in gradients else part
    weights = gradients.get(network.input.name, np.zeros_like(image[np.newaxis]))[0]
    _check_finite(network.input.name, weights)
    shares.append(_share(network.input.name, "image", weights[np.newaxis], image[np.newaxis]))
    value = float(values[layer][place])
    seen = float(np.vdot(weights.astype(np.float64), image.astype(np.float64)))
    box = _box(weights)
    y, x, height, width = box
    rows, columns = slice(y, y + height), slice(x, x + width)
    return Explanation(
        layer=layer,
        at=place[1:],
        value=value,
        shares=tuple(shares),
        box=box,
        pixels=image[:, rows, columns],
        weights=weights[:, rows, columns],
        constant=value - seen,
        linear=linear,
    )


def _of_cut(before: Explanation, network: Network, layer: str, value: float) -> Explanation:
    """An explanation of the value that an activation cut off, as one of what it made of it."""
    share = Share(layer, network[layer].operation.kind, 1, None, None, before.at, value, 1.0)
    cut = before.value if before.cut is None else before.cut
    return replace(before, layer=layer, value=value, shares=(share, *before.shares), cut=cut)


def _check_finite(layer: str, values: Float32) -> None:
    if not np.isfinite(values).all():
        raise InputError(
            f"layer {layer!r} has NaN or infinity; its numbers are too large to explain in float32"
        )


def _path(network: Network, layer: str) -> list[str]:
    """The layers that a layer depends on, itself last, in order: none for the input."""
    if layer != network.input.name:
        network[layer]
    needed = {layer}
    for node in reversed(network.layers):
        if node.name in needed:
            needed.update(node.inputs)
    return [node.name for node in network.layers if node.name in needed]


def _place(shape: Shape, layer: str, at: Sequence[int]) -> tuple[int, ...]:
    sizes = shape[1:]
    if len(at) != len(sizes) or not all(0 <= n < size for n, size in zip(at, sizes, strict=True)):
        axes = {1: "one number", 3: "C,Y,X"}.get(len(sizes), f"{len(sizes)} numbers")
        last = ",".join(str(size - 1) for size in sizes)
        raise ArgumentError(
            f"there is no unit {','.join(map(str, at))} in layer {layer!r}, which is {by(sizes)}; "
            f"give {axes} from 0 to {last}"
        )
    return 0, *at


def _share(name: str, kind: str, gradient: Float32, values: Float32) -> Share:
    counted = np.abs(gradient[0] * values[0])
    if not counted.any():
        counted = np.abs(gradient[0])
    strongest = tuple(int(n) for n in np.unravel_index(int(counted.argmax()), counted.shape))
    rows = columns = None
    if gradient.ndim == 4 and gradient.any():
        y, x, height, width = _box(gradient[0])
        rows, columns = (y, y + height - 1), (x, x + width - 1)
    return Share(
        name,
        kind,
        int(np.count_nonzero(gradient)),
        rows,
        columns,
        strongest,
        float(values[0][strongest]),
        float(gradient[0][strongest]),
    )


def _box(weights: Float32) -> tuple[int, int, int, int]:
    """First row and column, and rows and columns, of the weights that are not 0."""
    sides = []
    for others in ((0, 2), (0, 1)):
        found = np.flatnonzero(weights.any(axis=others))
        sides.append((int(found[0]), int(found[-1] - found[0]) + 1) if found.size else (0, 0))
    (y, height), (x, width) = sides
    return y, x, height, width
