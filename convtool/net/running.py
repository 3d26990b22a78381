"""Running a network: its steps one after the other, each value given up when nothing reads it any more."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.net.channels_last.program import run_channels_last, runs_here
from convtool.net.fusing import steps_of
from convtool.net.network import Network, naming
from convtool.net.ops.base import by


def run_network(network: Network, images: Float32, wanted: Collection[str] = ()) -> dict[str, Float32]:
    """The values of the wanted layers, or of the outputs, for images ``(N, C, H, W)``.

    Parameters
    ----------
    images
        Values as the first layers take them: see `Input.scaled`.
    wanted
        Names of layers, the input's included.

    Returns
    -------
    dict
        An array for each name.

    Raises
    ------
    ArgumentError
        A layer that there is not.
    InputError
        Images of other channels or of a size that does not go through.
    """
    if images.ndim != 4 or images.shape[1] != network.input.channels:
        raise InputError(
            f"{network.name} reads (N, {network.input.channels}, H, W), the images are {by(images.shape)}"
        )
    names = tuple(wanted) or network.outputs
    for name in names:
        if name != network.input.name:
            network[name]
    values: dict[str, Float32] = {network.input.name: np.ascontiguousarray(images, np.float32)}
    shown = frozenset(names)
    if runs_here(network, shown, images.shape):
        return run_channels_last(network, values[network.input.name], shown)
    for step in steps_of(network, shown):
        with naming(step.name):
            values[step.name] = step.run(*(values[name] for name in step.inputs))
        for name in step.last_read:
            del values[name]
    return {name: values[name] for name in names}


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
