"""Which layers run together: batch normalisation folded into filters, ReLU and pool into their pass.

Layers are joined only where nothing else reads what lies between them and nobody asked to see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Pair, pair
from convtool.core.pooling import PoolKind
from convtool.net.network import Layer, Network
from convtool.net.ops.activations import LeakyRelu, PRelu, Relu
from convtool.net.ops.conv import Conv
from convtool.net.ops.normalizations import BatchNorm
from convtool.net.ops.pools import AvgPool, MaxPool
from convtool.net.ops.shaping import Identity
from convtool.net.remembering import remembered


@dataclass(frozen=True, eq=False)
class Step:
    """One or several layers that run as one.

    Attributes
    ----------
    layers
        The layers, in order; the last one's name is that of the value.
    inputs
        What is read.
    bank
        The filters of a convolution, the normalisation that follows folded into them.
    run
        From the inputs' values to the output's.
    last_read
        Values that no later step reads.
    """

    layers: tuple[Layer, ...]
    inputs: tuple[str, ...]
    bank: FilterBank | None
    run: Callable[..., Float32]
    last_read: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.layers[-1].name


@remembered(16)
def steps_of(network: Network, wanted: frozenset[str]) -> tuple[Step, ...]:
    """The steps that it takes to see the wanted layers; layers that none of them needs are left out."""
    needed = network.needed(wanted)
    layers = [layer for layer in network.layers if layer.name in needed]
    chains = list(_chains(layers, wanted))
    steps = []
    read_later: set[str] = set(wanted)
    for chain in reversed(chains):
        inputs = chain[0].inputs
        last_read = tuple(name for name in dict.fromkeys(inputs) if name not in read_later)
        read_later.update(inputs)
        bank = _bank_of(chain)
        steps.append(Step(chain, inputs, bank, _run_of(chain, bank), last_read))
    return tuple(reversed(steps))


def _chains(layers: list[Layer], wanted: frozenset[str]) -> Iterator[tuple[Layer, ...]]:
    """The layers, those that run as one together."""
    readers = Counter(name for layer in layers for name in layer.inputs)
    by_input = {layer.inputs[0]: layer for layer in layers if layer.inputs}
    joined: set[str] = set()
    for layer in layers:
        if layer.name in joined:
            continue
        chain = [layer]
        while (
            isinstance(layer.operation, Conv)
            and chain[-1].name not in wanted
            and readers[chain[-1].name] == 1
        ):
            following = by_input.get(chain[-1].name)
            if following is None or not _fits(chain, following):
                break
            chain.append(following)
            joined.add(following.name)
        yield tuple(chain)


def _fits(chain: list[Layer], following: Layer) -> bool:
    """Whether a layer can be joined to a convolution and what already is."""
    kinds = [type(layer.operation) for layer in chain]
    pooled, rectified = MaxPool in kinds or AvgPool in kinds, Relu in kinds
    operation, conv = following.operation, chain[0].operation
    if isinstance(operation, Identity):
        return True
    if PRelu in kinds or LeakyRelu in kinds:
        return False
    if isinstance(conv, Conv) and _slopes_of(operation, len(conv.bank)):
        return not pooled and not rectified
    if isinstance(operation, BatchNorm):
        alike = isinstance(conv, Conv) and len(operation.line[0]) == len(conv.bank)
        return alike and not pooled and not rectified
    if isinstance(operation, Relu):
        return not rectified and AvgPool not in kinds  # the largest value is the same before and after
    return not pooled and _pool_of(operation) is not None


def _pool_of(operation: object) -> tuple[Pair, PoolKind] | None:
    """Size and kind of a pool whose windows lie side by side."""
    if not isinstance(operation, MaxPool | AvgPool):
        return None
    size = pair("size", operation.size)
    strides = size if operation.stride is None else pair("stride", operation.stride)
    plain = operation.padding in (0, "valid", (0, 0), ((0, 0), (0, 0))) and not operation.ceil_mode
    if not plain or strides != size or pair("dilation", operation.dilation) != (1, 1):
        return None
    return size, "max" if isinstance(operation, MaxPool) else "avg"


def _slopes_of(operation: object, filters: int) -> tuple[float, ...] | None:
    """The slope below 0 of every filter."""
    if isinstance(operation, LeakyRelu):
        return (operation.slope,) * filters
    if isinstance(operation, PRelu):
        slopes: Float32 = operation.arrays["slope"]
        if slopes.size in (1, filters) and slopes.ndim < 2:
            return tuple(np.broadcast_to(slopes, filters).tolist())
    return None


def _bank_of(chain: tuple[Layer, ...]) -> FilterBank | None:
    if not isinstance(chain[0].operation, Conv):
        return None
    bank = chain[0].operation.bank
    for layer in chain[1:]:
        if isinstance(layer.operation, BatchNorm):
            bank = _folded(bank, layer.operation)
    return bank


def _run_of(chain: tuple[Layer, ...], bank: FilterBank | None) -> Callable[..., Float32]:
    conv = chain[0].operation
    if len(chain) == 1 or not isinstance(conv, Conv):
        return conv.run
    assert bank is not None
    relu, pool, slopes = False, None, None
    for layer in chain[1:]:
        relu = relu or isinstance(layer.operation, Relu)
        pool = pool or _pool_of(layer.operation)
        slopes = slopes or _slopes_of(layer.operation, len(bank))
    size, kind = pool or (None, "max")
    return lambda maps: conv.fused(maps, bank=bank, relu=relu, pool=size, pool_kind=kind, slopes=slopes)


def _folded(bank: FilterBank, norm: BatchNorm) -> FilterBank:
    """Filters that give what their responses would be normalised to."""
    factor, offset = norm.line
    weights = bank.weights * factor.reshape(-1, 1, 1, 1)
    bias = bank.bias * factor + offset
    return FilterBank(weights.astype(np.float32), bias.astype(np.float32), bank.names, bank.normalize)
