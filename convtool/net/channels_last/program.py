"""A network written out as calls for one shape of input, and run on chunks of a batch, each in one thread."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import prod
from threading import local
from typing import NamedTuple

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.threads import for_each, single_threaded_blas
from convtool.core.tiles import even_cuts
from convtool.net.apart import mixing_layer
from convtool.net.buffers import shares
from convtool.net.channels_last.convolutions import convolve
from convtool.net.channels_last.layers import add_to_channels, run_as_it_is, write_layer
from convtool.net.channels_last.workspace import Workspace, as_layers_know, channels_first, quiet
from convtool.net.fusing import Step, steps_of
from convtool.net.network import Layer, Network, naming
from convtool.net.ops.base import Operation, Shape
from convtool.net.ops.conv import Conv
from convtool.net.ops.normalizations import BatchNorm
from convtool.net.ops.pools import MaxPool
from convtool.net.ops.shaping import Identity
from convtool.net.remembering import remembered

LARGEST = 3 * 1024 * 1024
"""Values of one image's largest layer up to which a network runs here.

Measured with single convolutions, ReLU and 2×2 pool, and with P-Net, on squares of 32 to 1024 cells:
up to 128² it is 1.5 to 5 times as fast as the engine, at 512² both are alike for one convolution and P-Net
is still 2.5 times as fast. Beyond, the engine holds less and shares all of its work among threads.
"""

LARGE_KERNEL, MOST_LAID_OUT = 7 * 7, 2 * 1024 * 1024
"""Kernels above 7×7 run here while their patches are so few values: the engine has quicker ways for them."""

KEPT_VALUES = 1024 * 1024
"""Values of a chunk's largest layer up to which a thread keeps the memory of a program for the next call."""

CHUNK_VALUES = 256 * 1024
"""Values of a chunk's largest layer, about: few enough for a core's cache, and enough that two threads,
which give Python to each other at every call, are seldom in each other's way."""

CHUNKS = 8
"""Chunks that a batch is cut into at the least, for as many threads."""


class Program:
    """The calls that take a chunk of images to the wanted values, and the memory they work in.

    Attributes
    ----------
    values
        The wanted values of the images that were run last, by name, as views ``(n, C, H, W)``.
    """

    def __init__(self, network: Network, wanted: frozenset[str], shape: Shape) -> None:
        self._space = Workspace()
        self._images = self._space.array(*shape)
        held = {network.input.name: self._images.transpose(0, 2, 3, 1)}
        for step in steps_of(network, wanted):
            with naming(step.name):
                held[step.name] = self._write(step, held)
            for name in step.last_read:
                read = held.pop(name)
                if not any(shares(read, each) for each in held.values()):
                    self._space.release(read)
        self.values = {name: as_layers_know(held[name]) for name in wanted}

    @quiet
    def run(self, images: Float32, threads: int | None) -> None:
        """Compute the values for images; threads share what is large."""
        self._space.sharing.threads = threads
        np.copyto(self._images, images)
        for call in self._space.calls:
            call()

    def _write(self, step: Step, held: dict[str, Float32]) -> Float32:
        """Add the calls of a step."""
        inputs = [held[name] for name in step.inputs]
        others = [each for name, each in held.items() if name != step.inputs[0]] if inputs else []
        free = bool(inputs) and step.inputs[0] in step.last_read
        free = free and not any(shares(inputs[0], each) for each in others)
        shape = _shape_after(step, [channels_first(each.shape) for each in inputs])
        operation = step.layers[0].operation
        written = (
            self._write_chain(step, operation, inputs[0])
            if isinstance(operation, Conv)
            else write_layer(self._space, operation, inputs, free)
        )
        return run_as_it_is(self._space, step.run, shape, inputs) if written is None else written

    def _write_chain(self, step: Step, conv: Conv, maps: Float32) -> Float32 | None:
        """Add a convolution and what runs with it; a max-pool first, since bias and ReLU keep the order."""
        assert step.bank is not None
        operations = [layer.operation for layer in step.layers[1:]]
        pools = [each for each in operations if isinstance(each, MaxPool)]
        value = convolve(self._space, conv, step.bank, maps, pools[0] if pools else None)
        if value is None:
            return None
        add_to_channels(self._space, value, step.bank.bias)
        for operation in operations:
            if not isinstance(operation, BatchNorm | Identity | MaxPool):
                value = self._then(operation, value)
        return value

    def _then(self, operation: Operation, value: Float32) -> Float32:
        """Add a layer that nothing but it reads the input of."""
        written = write_layer(self._space, operation, [value], True)
        assert written is not None
        if not shares(written, value):
            self._space.release(value)
        return written


def runs_here(network: Network, wanted: frozenset[str], shape: Shape) -> bool:
    """Whether a network is quicker here, for images ``(N, C, H, W)``: if its maps are small."""
    if shape[0] == 0:
        return False
    facts = _facts_of(network, wanted, shape)
    together = 1 if facts.apart else shape[0]
    return facts.largest * together <= LARGEST and facts.laid_out <= MOST_LAID_OUT


def run_channels_last(
    network: Network,
    images: Float32,
    wanted: frozenset[str],
    *,
    chunk: int | None = None,
    threads: int | None = None,
) -> dict[str, Float32]:
    """The wanted values for images ``(N, C, H, W)``, so many at a time; how many changes only roundings."""
    facts = _facts_of(network, wanted, images.shape)
    parts = _parts(len(images), min(chunk, len(images)) if chunk and facts.apart else facts.chunk)
    kept = facts.largest * parts[0].stop <= KEPT_VALUES
    found = {name: np.empty(facts.shapes[name], np.float32) for name in wanted}

    def work(part: slice) -> None:
        program = (_PROGRAMS.of if kept else Program)(network, wanted, images[part].shape)
        program.run(images[part], threads if len(parts) == 1 else 1)
        for name, values in program.values.items():
            if len(parts) == 1 or name in facts.fixed:
                found[name][...] = values  # of the fixed, every part gives the same
            else:
                found[name][part] = values

    with single_threaded_blas():
        for_each(parts, work, threads)
    return found


def _parts(count: int, chunk: int) -> list[slice]:
    """Parts of a batch, as even as can be, since each size has its own program."""
    return [slice(*pair) for pair in pairwise(even_cuts(count, -(-count // chunk)))]


class _Facts(NamedTuple):
    """What shapes tell of a run.

    Attributes
    ----------
    shapes
        Of every value that is computed.
    fixed
        Values that no image has a part in.
    largest
        Values of the largest layer of one image.
    laid_out
        Values of the most patches that a large kernel sees in one image.
    apart
        Whether no layer joins the images of a batch.
    chunk
        Images that are run at a time.
    """

    shapes: dict[str, Shape]
    fixed: frozenset[str]
    largest: int
    laid_out: int
    apart: bool
    chunk: int


@remembered(64)
def _facts_of(network: Network, wanted: frozenset[str], shape: Shape) -> _Facts:
    layers = [layer for step in steps_of(network, wanted) for layer in step.layers]
    shapes = _shapes(network, layers, shape)
    fixed: set[str] = set()
    for layer in layers:
        if fixed.issuperset(layer.inputs):
            fixed.add(layer.name)
    count = shape[0]
    largest = max(prod(each) for name, each in shapes.items() if name not in fixed) // max(count, 1)
    fitting = min(max(1, CHUNK_VALUES // max(largest, 1)), -(-count // CHUNKS))
    apart = mixing_layer(network, (shape[2], shape[3]), wanted) is None
    laid_out = max((_laid_out(layer.operation, shapes[layer.name]) for layer in layers), default=0)
    return _Facts(shapes, frozenset(fixed), largest, laid_out, apart, fitting if apart else count)


def _laid_out(operation: Operation, output: Shape) -> int:
    if not isinstance(operation, Conv) or prod(operation.bank.kernel_size) <= LARGE_KERNEL:
        return 0
    return prod(output[2:]) * prod(operation.bank.weights.shape[1:])


def _shapes(network: Network, layers: list[Layer], shape: Shape) -> dict[str, Shape]:
    shapes = {network.input.name: shape}
    for layer in layers:
        with naming(layer.name):
            shapes[layer.name] = layer.operation.shape(*(shapes[name] for name in layer.inputs))
    return shapes


def _shape_after(step: Step, inputs: list[Shape]) -> Shape:
    for layer in step.layers:
        inputs = [layer.operation.shape(*inputs)]
    return inputs[0]


class _Programs(local):
    """The programs that a thread wrote last: another thread writes into memory of its own."""

    def __init__(self) -> None:
        self.of = lru_cache(maxsize=4)(Program)


_PROGRAMS = _Programs()
