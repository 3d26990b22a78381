"""From an image's file to the values that a network's first layers take, and on through the network."""

from __future__ import annotations

import time
from collections.abc import Collection

import numpy as np

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.io.images import Image, read_image
from convtool.io.limits import Limits
from convtool.io.resizing import resized
from convtool.io.source import spoken
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, concerning, noticed, scaled
from convtool.net.network import Network
from convtool.net.running import memory_of, run_network


def prepared(path: str, network: Network, inputs: InputOptions, notify: Notify) -> Float32:
    """An image's values ``(C, H, W)`` as the first layers take them."""
    return network.input.scaled(fitted(path, network, inputs, notify))


def fitted(path: str, network: Network, inputs: InputOptions, notify: Notify) -> Float32:
    """An image's values ``(C, H, W)`` as stored, in the channels and the size that a network reads."""
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
    return values


def run_on_one(
    network: Network, values: Float32, layers: Collection[str], inputs: InputOptions
) -> tuple[dict[str, Float32], float]:
    """The values of layers for one image ``(C, H, W)``, if they fit in memory, and the seconds it took."""
    size = values.shape[1], values.shape[2]
    limits = inputs.limits or Limits.of()
    limits.check_memory(memory_of(network, size, 1, layers), f"{network.name} on {size[0]}×{size[1]}")
    start = time.perf_counter()
    found = run_network(network, values[np.newaxis], layers)
    return found, time.perf_counter() - start


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
