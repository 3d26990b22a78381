"""Networks of one layer, of every kind and with every option, and when two networks are the same."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool import FilterBank
from convtool.net import ops
from convtool.net.network import Input, Layer, Network

SIZE = (6, 7)


def numbers(*shape: int) -> NDArray[np.float32]:
    """Random numbers that are exact in few bits."""
    return np.random.default_rng(sum(shape)).integers(-8, 9, shape).astype(np.float32) / 4


IMAGE = numbers(2, *SIZE)


def bank(depth: int = 2, **options: Any) -> FilterBank:
    return FilterBank(numbers(4, depth, 3, 3), numbers(4), **options)


BEYOND_ONNX = {
    "conv, normalized": ops.Conv(bank(normalize="local")),
    "conv, symmetric": ops.Conv(bank(), padding=1, padding_mode="symmetric"),
    "softmax, flat": ops.Softmax(flat=True),
}
"""What ONNX has no operator for."""

EVERY_KIND: dict[str, ops.Operation] = {
    "conv": ops.Conv(bank()),
    "conv, no bias": ops.Conv(FilterBank(numbers(1, 2, 2, 3))),
    "conv, options": ops.Conv(bank(), (2, 1), ((1, 0), (2, 1)), dilation=(1, 2)),
    "conv, same": ops.Conv(bank(), 2, "same"),
    "conv, same lower": ops.Conv(bank(), 2, "same_lower"),
    "conv, groups": ops.Conv(bank(1), padding=(1, 0), groups=2),
    "conv, reflect": ops.Conv(bank(), padding=1, padding_mode="reflect"),
    "conv, replicate": ops.Conv(bank(), padding=(2, 1), padding_mode="replicate"),
    "conv, circular": ops.Conv(bank(), 2, "same", "circular"),
    "relu": ops.Relu(),
    "leaky relu": ops.LeakyRelu(0.25),
    "leaky relu, whole": ops.LeakyRelu(2),
    "prelu": ops.PRelu(0.25),
    "prelu, channels": ops.PRelu([0.25, -0.5]),
    "prelu, spread": ops.PRelu(numbers(2, 1, 7)),
    "sigmoid": ops.Sigmoid(),
    "tanh": ops.Tanh(),
    "clip": ops.Clip(-1, 0.5),
    "clip, low": ops.Clip(low=0.25),
    "clip, high": ops.Clip(high=0),
    "softmax": ops.Softmax(),
    "softmax, columns": ops.Softmax(-1, flat=True),
    "max pool": ops.MaxPool(2),
    "max pool, options": ops.MaxPool((2, 3), 1, ((1, 0), (1, 2)), dilation=(1, 2)),
    "max pool, ceil": ops.MaxPool(3, (2, 3), 1, ceil_mode=True),
    "max pool, same": ops.MaxPool(2, 2, "same_lower"),
    "avg pool": ops.AvgPool((3, 2), 2, 1),
    "avg pool, inside": ops.AvgPool(3, 2, 1, count_include_pad=False),
    "global max pool": ops.GlobalMaxPool(),
    "global avg pool": ops.GlobalAvgPool(),
    "batch norm": ops.BatchNorm([1, 2], [3, -1], [0.5, 0], [4, 0.25], 2**-10),
    "local response norm": ops.LocalResponseNorm(3, 0.5, 1, 2),
    "dense": ops.Dense(numbers(3, 84), numbers(3)),
    "dense, no bias": ops.Dense(numbers(1, 84)),
    "add": ops.Add(),
    "multiply": ops.Multiply(),
    "concat": ops.Concat(),
    "concat, rows": ops.Concat(-2),
    "constant": ops.Constant(numbers(2, 1, 7)),
    "flatten": ops.Flatten(),
    "flatten, images": ops.Flatten(3),
    "reshape": ops.Reshape((0, -1, 3)),
    "reshape, no zero": ops.Reshape((1, -1), zero_is_zero=True),
    "transpose": ops.Transpose(),
    "transpose, axes": ops.Transpose((0, 2, 1, 3)),
    "pad": ops.Pad((1, 0), (0, 2), value=0.5),
    "pad, less": ops.Pad((0, 0, -1, 1), (0, 0, 2, -2), "edge"),
    "pad, reflect": ops.Pad((2, 1), (1, 3), "reflect"),
    "pad, wrap": ops.Pad((2, 1), (1, 3), "wrap"),
    "resize": ops.Resize((2, 1.5)),
    "resize, linear": ops.Resize(2, mode="linear", coordinates="asymmetric"),
    "resize, size": ops.Resize(size=(3, 9), coordinates="align_corners", rounding="ceil"),
    "identity": ops.Identity(),
    "dropout": ops.Dropout(0.25),
    **BEYOND_ONNX,
}


def network_of(operation: ops.Operation, **options: Any) -> Network:
    """A network in which the operation has what it reads."""
    source = Input(channels=2, size=SIZE)
    inputs: tuple[str, ...] = ("input",) * (operation.inputs if operation.inputs is not None else 3)
    layers = []
    if isinstance(operation, ops.Dense):
        layers.append(Layer("flat", ops.Flatten(), inputs))
        inputs = ("flat",)
    layers.append(Layer("it", operation, inputs))
    if not inputs:
        layers.append(Layer("sum", ops.Add(), ("input", "it")))
    options = {"input": source, "outputs": (layers[-1].name,), **options}
    return Network("made", layers=tuple(layers), **options)


def assert_same_network(left: Network, right: Network) -> None:
    """Assert that nothing distinguishes two networks, down to the bits of their arrays."""
    for name in ("name", "input", "outputs", "classes", "description", "meta"):
        assert getattr(left, name) == getattr(right, name)
    assert [(each.name, each.inputs) for each in left.layers] == [
        (each.name, each.inputs) for each in right.layers
    ]
    for one, other in zip(left.layers, right.layers, strict=True):
        assert facts_of(one.operation) == facts_of(other.operation)


def facts_of(operation: ops.Operation) -> dict[str, Any]:
    """All that an operation is."""
    facts: dict[str, Any] = {"kind": operation.kind}
    for field in fields(operation):  # type: ignore[arg-type]
        value = getattr(operation, field.name)
        if isinstance(value, FilterBank):
            facts |= {"weights": _bits(value.weights), "bias": _bits(value.bias), "way": value.normalize}
        else:
            facts[field.name] = _bits(value) if isinstance(value, np.ndarray) else value
    return facts


def _bits(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.dtype, array.shape, array.tobytes()
