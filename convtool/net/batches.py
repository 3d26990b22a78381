"""A network run on many images, as many at a time as memory allows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.io.limits import Limits
from convtool.net.apart import mixing_layer
from convtool.net.data.dataset import Stored
from convtool.net.files import Progress
from convtool.net.network import Network
from convtool.net.ops.base import by
from convtool.net.running import memory_of, run_network

MOST_AT_ONCE, BYTES_AT_ONCE = 256, 64 * 2**20
"""Images that are run together, and the memory they may take; one image takes what it takes."""


def values_of(
    network: Network,
    images: Stored,
    layer: str,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, Float32]]:
    """The values of a layer for images ``(N, C, H, W)`` as they are stored, some of them at a time.

    Yields
    ------
    tuple
        Which images, and the layer's values for them.

    Raises
    ------
    InputError
        Images that do not go through.
    LimitError
        More memory for one image than is allowed.
    """
    height, width = images.shape[2:]
    step = _images_at_once(network, (height, width), layer, limits or Limits.of())
    for start in range(0, len(images), step):
        part = slice(start, min(start + step, len(images)))
        values = network.input.scaled(images[part].astype(np.float32))
        yield part, run_network(network, values, [layer])[layer]
        if progress is not None:
            progress(part.stop, len(images))


def _images_at_once(network: Network, size: Pair, layer: str, limits: Limits) -> int:
    """How many images of a size are run together, as many as there is memory for."""
    several = network.input.name in network.needed([layer]) and mixing_layer(network, size, [layer]) is None
    count = MOST_AT_ONCE if several else 1
    most = BYTES_AT_ONCE if limits.memory is None else min(BYTES_AT_ONCE, limits.memory)
    while (memory := memory_of(network, size, count, [layer])) > most and count > 1:
        count //= 2
    limits.check_memory(memory, f"{network.name} on {by(size)}")
    return count
