"""How each kind of layer is written onto a tape, and what of it is learned."""

from __future__ import annotations

from convtool.net.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Identity,
    LeakyRelu,
    MaxPool,
    PRelu,
    Relu,
)
from convtool.net.ops.base import Operation
from convtool.net.training.layers.activations import LEAKY_RELU, PRELU, RELU
from convtool.net.training.layers.avg_pools import AVG_POOL, GLOBAL_AVG_POOL
from convtool.net.training.layers.base import Kind
from convtool.net.training.layers.batch_norm import BATCH_NORM
from convtool.net.training.layers.conv import CONV
from convtool.net.training.layers.dense import DENSE
from convtool.net.training.layers.max_pools import GLOBAL_MAX_POOL, MAX_POOL
from convtool.net.training.layers.shaping import ADD, DROPOUT, FLATTEN, IDENTITY
from convtool.net.training.layers.unchanged import UNCHANGED

_KINDS: dict[type[Operation], Kind] = {
    Add: ADD,
    AvgPool: AVG_POOL,
    BatchNorm: BATCH_NORM,
    Conv: CONV,
    Dense: DENSE,
    Dropout: DROPOUT,
    Flatten: FLATTEN,
    GlobalAvgPool: GLOBAL_AVG_POOL,
    GlobalMaxPool: GLOBAL_MAX_POOL,
    Identity: IDENTITY,
    LeakyRelu: LEAKY_RELU,
    MaxPool: MAX_POOL,
    PRelu: PRELU,
    Relu: RELU,
}


def kind_of(operation: Operation) -> Kind:
    """How a layer is trained; one without a form of its own is run as it is."""
    return _KINDS.get(type(operation), UNCHANGED)
