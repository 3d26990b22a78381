"""Running a network: its steps one after the other, each value given up when nothing reads it any more."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32, as_planes
from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.net.channels_last.program import run_channels_last, runs_here
from convtool.net.fusing import steps_of
from convtool.net.network import Network, naming
from convtool.net.ops.base import by


def run_network(network: Network, images: ArrayLike, wanted: Collection[str] = ()) -> dict[str, Float32]:
    """Compute the values of layers, each given up when nothing reads it any more.

    Parameters
    ----------
    network
        See `convtool.load_network`.
    images
        ``(H, W)``, ``(C, H, W)`` or ``(N, C, H, W)``, as the first layers take them:
        ``network.input.scaled(image)`` scales an image as the network's file says.
    wanted
        Names of layers, whose values are given whatever runs together; the outputs if there are none.

    Returns
    -------
    dict
        Float32 arrays by name, with a leading N if the images had it.

    Raises
    ------
    ArgumentError
        A layer that there is not.
    InputError
        Images of other channels or of a size that does not go through.

    Examples
    --------
    >>> lines = load_network("samples/lines.json")
    >>> run_network(lines, load_image("samples/drawing.json"), ["strongest"])["strongest"].ravel().tolist()
    [15.0, 15.0, 25.0]
    """
    planes = as_planes("images", images)
    if planes.values.shape[1] != network.input.channels:
        raise InputError(
            f"{network.name} reads (N, {network.input.channels}, H, W), the images are "
            f"{by(planes.values.shape)}"
        )
    names = tuple(wanted) or network.outputs
    for name in names:
        if name != network.input.name:
            network[name]
    shown = frozenset(names)
    start = np.ascontiguousarray(planes.values)
    if runs_here(network, shown, start.shape):
        values = run_channels_last(network, start, shown)
    else:
        values = _run_by_steps(network, start, shown)
    whole = planes.ndim == planes.values.ndim
    constants = {layer.name for layer in network.layers if layer.operation.inputs == 0}
    return {name: values[name] if whole or name in constants else values[name][0] for name in names}


def _run_by_steps(network: Network, images: Float32, wanted: frozenset[str]) -> dict[str, Float32]:
    """Run on the engine, one step after the other."""
    values = {network.input.name: images}
    for step in steps_of(network, wanted):
        read = [values[name] for name in step.inputs]
        shapes = [value.shape for value in read]
        for layer in step.layers:
            with naming(layer.name):
                shapes = [layer.operation.shape(*shapes)]
        with naming(step.name), np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values[step.name] = step.run(*read)
        del read
        for name in step.last_read:
            del values[name]
    return values


def memory_of(network: Network, size: Pair, images: int = 1, wanted: Collection[str] = ()) -> int:
    """Bytes that running takes at the most, about: weights, and all values that are held at once."""
    names = tuple(wanted) or network.outputs
    shapes = network.shapes(size, images)
    cells = {name: prod(shape) for name, shape in shapes.items()}
    held = most = cells[network.input.name]
    for step in steps_of(network, frozenset(names)):
        held += cells[step.name]
        # An operation may need as much again while it works: a padded input, or what becomes its output.
        most = max(most, held + max(cells[name] for name in (step.name, *step.inputs)))
        held -= sum(cells[name] for name in step.last_read)
    return 4 * (most + network.parameters)
