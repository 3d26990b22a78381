"""Whether the images of a batch go through a network apart, each as if it were alone."""

from __future__ import annotations

from collections.abc import Collection

from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.net.network import Network
from convtool.net.ops import Pad, Resize, Softmax
from convtool.net.ops.activations import axis_of
from convtool.net.ops.base import Operation, Shape

COUNTS = (2, 3)
"""Images of two batches, which differ in nothing but their first axis as long as images are apart."""


def mixing_layer(network: Network, size: Pair, wanted: Collection[str]) -> str | None:
    """The first layer on the way to some values whose own, for an image, depend on the rest of its batch.

    Parameters
    ----------
    size
        Of images that go through the network one at a time.
    """
    needed = network.needed(wanted)
    source = network.input
    known: dict[str, list[Shape]] = {source.name: [(count, source.channels, *size) for count in COUNTS]}
    of_images = {source.name}
    for layer in network.layers:
        if layer.name not in needed:
            continue
        reads = list(zip(*(known[name] for name in layer.inputs), strict=True)) or [(), ()]
        try:
            shapes = [layer.operation.shape(*each) for each in reads]
        except InputError:  # what takes one image takes no batch
            return layer.name
        known[layer.name] = shapes
        if of_images.isdisjoint(layer.inputs):
            continue
        of_images.add(layer.name)
        if shapes != [(count, *shapes[0][1:]) for count in COUNTS] or _mixes(layer.operation, reads[0][0]):
            return layer.name
    return None


def _mixes(operation: Operation, shape: Shape) -> bool:
    """Whether an operation that leaves the first axis as long as it is works along it."""
    match operation:
        case Softmax():
            return axis_of(operation.axis, len(shape)) == 0
        case Pad():
            return len(operation.before) == len(shape) and operation.before[0] != 0
        case Resize():
            return len(shape) == 2
        case _:
            return False
