"""The kinds of layers there are, by the names that specs give them."""

from __future__ import annotations

from convtool.net.ops.activations import Clip, LeakyRelu, PRelu, Relu, Sigmoid, Softmax, Tanh
from convtool.net.ops.base import Operation
from convtool.net.ops.combining import Add, Concat, Constant, Multiply
from convtool.net.ops.conv import Conv
from convtool.net.ops.dense import Dense
from convtool.net.ops.normalizations import BatchNorm, LocalResponseNorm
from convtool.net.ops.pools import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convtool.net.ops.resize import Resize
from convtool.net.ops.shaping import Dropout, Flatten, Identity, Pad, Reshape, Transpose

OPERATIONS: dict[str, type[Operation]] = {
    operation.kind: operation
    for operation in (
        Conv,
        Relu,
        LeakyRelu,
        PRelu,
        Sigmoid,
        Tanh,
        Clip,
        Softmax,
        MaxPool,
        AvgPool,
        GlobalMaxPool,
        GlobalAvgPool,
        BatchNorm,
        LocalResponseNorm,
        Dense,
        Add,
        Multiply,
        Concat,
        Constant,
        Flatten,
        Reshape,
        Transpose,
        Pad,
        Resize,
        Identity,
        Dropout,
    )
}

__all__ = [
    "OPERATIONS",
    "Add",
    "AvgPool",
    "BatchNorm",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Identity",
    "LeakyRelu",
    "LocalResponseNorm",
    "MaxPool",
    "Multiply",
    "Operation",
    "PRelu",
    "Pad",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Transpose",
]
