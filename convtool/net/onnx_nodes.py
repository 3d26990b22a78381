"""ONNX operators as layers: what each attribute and constant input means here, by opset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.bank import FilterBank
from convtool.errors import InputError
from convtool.net import ops
from convtool.net.network import Layer
from convtool.net.ops.base import Operation


@dataclass(frozen=True)
class Node:
    """One node of an ONNX graph.

    Attributes
    ----------
    operator
        Its type, such as ``Conv``.
    name
        Of its first output.
    inputs
        Names; empty where an input is left out.
    attributes
        Plain Python values and arrays.
    constants
        Every value of the graph that is known before it runs.
    opset
        The version of the operators.
    """

    operator: str
    name: str
    inputs: Sequence[str]
    attributes: Mapping[str, Any]
    constants: Mapping[str, NDArray[Any]]
    opset: int

    def has(self, place: int) -> bool:
        """Whether an input is given."""
        return place < len(self.inputs) and bool(self.inputs[place])

    def constant(self, place: int, what: str) -> NDArray[Any]:
        """An input that has to be known before the graph runs."""
        name = self.inputs[place] if self.has(place) else ""
        if name not in self.constants:
            raise InputError(
                f"{self.operator} computes its {what} while it runs; convtool takes constants there: "
                "export the model with constants folded"
            )
        return self.constants[name]

    def numbers(self, place: int, what: str, attribute: str, since: int) -> list[Any] | None:
        """Numbers that are an attribute before an opset, and an input since; ``None`` if left out."""
        if self.opset < since:
            value = self.attributes.get(attribute)
            return None if value is None else np.ravel(value).tolist()
        return np.ravel(self.constant(place, what)).tolist() if self.has(place) else None

    def get(self, attribute: str, default: Any) -> Any:
        """An attribute, or its default."""
        return self.attributes.get(attribute, default)


def layers_of(node: Node) -> list[Layer]:
    """The layers that do what a node does: most are one."""
    return OPERATORS[node.operator](node)


_Made = tuple[Operation, Sequence[str]]


def _conv(node: Node) -> _Made:
    weights = node.constant(1, "weights")
    if weights.ndim != 4:
        raise InputError(
            f"Conv has weights of shape {weights.shape}; convtool convolves images, (O, I, kh, kw)"
        )
    bias = node.constant(2, "bias") if node.has(2) else None
    bank = FilterBank(weights, bias)
    operation = ops.Conv(
        bank,
        stride=_pair(node, "strides"),
        padding=_padding(node),
        dilation=_pair(node, "dilations"),
        groups=int(node.get("group", 1)),
    )
    return operation, node.inputs[:1]


def _max_pool(node: Node) -> _Made:
    return ops.MaxPool(**_pool(node)), node.inputs[:1]


def _avg_pool(node: Node) -> _Made:
    counted = bool(node.get("count_include_pad", 0))
    return ops.AvgPool(**_pool(node), count_include_pad=counted), node.inputs[:1]


def _pool(node: Node) -> dict[str, Any]:
    return {
        "size": _pair(node, "kernel_shape"),
        "stride": _pair(node, "strides"),
        "padding": _padding(node),
        "dilation": _pair(node, "dilations"),
        "ceil_mode": bool(node.get("ceil_mode", 0)),
    }


def _pair(node: Node, attribute: str) -> tuple[int, int]:
    value = node.get(attribute, [1, 1])
    if len(value) != 2:
        raise InputError(
            f"{node.operator} has {attribute} {list(value)}; convtool works on images, with two numbers"
        )
    return int(value[0]), int(value[1])


def _padding(node: Node) -> Any:
    automatic = node.get("auto_pad", "NOTSET")
    match automatic:
        case "SAME_UPPER":
            return "same"
        case "SAME_LOWER":
            return "same_lower"
        case "VALID":
            return "valid"
        case "NOTSET":
            pads = [int(pad) for pad in node.get("pads", [0, 0, 0, 0])]
            if len(pads) != 4:
                raise InputError(
                    f"{node.operator} has pads {pads}; convtool works on images, with four numbers"
                )
            top, left, bottom, right = pads
            return (top, bottom), (left, right)
        case _:
            raise InputError(f"{node.operator} has auto_pad {automatic!r}, which ONNX does not know")


def _batch_norm(node: Node) -> _Made:
    if node.get("training_mode", 0) or not node.get("spatial", 1):
        raise InputError(
            "BatchNormalization in training mode, or not over rows and columns, is not supported"
        )
    scale, shift, mean, variance = (
        node.constant(place, what) for place, what in enumerate(("scale", "shift", "mean", "variance"), 1)
    )
    return ops.BatchNorm(scale, shift, mean, variance, float(node.get("epsilon", 1e-5))), node.inputs[:1]


def _lrn(node: Node) -> _Made:
    alpha, beta, bias = (
        float(node.get(name, value)) for name, value in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    )
    return ops.LocalResponseNorm(int(node.get("size", 0)), alpha, beta, bias), node.inputs[:1]


def _clip(node: Node) -> _Made:
    low, high = (node.numbers(place, name, name, since=11) for place, name in ((1, "min"), (2, "max")))
    return ops.Clip(low[0] if low else -np.inf, high[0] if high else np.inf), node.inputs[:1]


def _prelu(node: Node) -> _Made:
    slope = node.constant(1, "slope")
    if slope.ndim == 1:  # ONNX spreads it over the last axis, where ours is that of the channels
        slope = slope[np.newaxis] if slope.size > 1 else slope.reshape(())
    elif slope.ndim == 3 and slope.shape[1:] == (1, 1):
        slope = slope[:, 0, 0]
    return ops.PRelu(slope), node.inputs[:1]


def _softmax(node: Node) -> _Made:
    if node.opset < 13:
        return ops.Softmax(int(node.get("axis", 1)), flat=True), node.inputs[:1]
    return ops.Softmax(int(node.get("axis", -1))), node.inputs[:1]


def _reshape(node: Node) -> _Made:
    shape = [int(size) for size in np.ravel(node.constant(1, "shape"))]
    return ops.Reshape(shape, zero_is_zero=bool(node.get("allowzero", 0))), node.inputs[:1]


def _matmul(node: Node) -> _Made:
    return ops.Dense(node.constant(1, "second matrix").T), node.inputs[:1]


def _pad(node: Node) -> _Made:
    pads = node.numbers(1, "pads", "pads", since=11) or []
    values = node.numbers(2, "value", "value", since=11)
    before, after = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    if node.has(3):
        axes = [int(axis) for axis in np.ravel(node.constant(3, "axes"))]
        before, after = (_spread(axes, side) for side in (before, after))
    return ops.Pad(before, after, node.get("mode", "constant"), values[0] if values else 0.0), node.inputs[:1]


def _spread(axes: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """Numbers of some axes of maps ``(N, C, H, W)`` as numbers of all four."""
    spread = [0] * 4
    for axis, number in zip(axes, numbers, strict=True):
        if not -4 <= axis < 4:
            raise InputError(f"Pad names axis {axis}; maps have four")
        spread[axis] = number
    return spread


def _resize(node: Node) -> _Made:
    mode = node.get("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear"):
        raise InputError(f"{node.operator} has mode {mode!r}; nearest and linear are supported")
    for attribute, plain in (("antialias", 0), ("keep_aspect_ratio_policy", "stretch")):
        if node.get(attribute, plain) != plain:
            raise InputError(f"Resize with {attribute} is not supported")
    options: dict[str, Any] = {"mode": "nearest" if mode == "nearest" else "linear"}
    if node.operator == "Upsample" or node.opset < 11:
        options |= {"coordinates": "asymmetric", "rounding": "floor"}
        scales, sizes = node.numbers(1, "scales", "scales", since=9), None
    else:
        options["coordinates"] = node.get("coordinate_transformation_mode", "half_pixel")
        options["rounding"] = node.get("nearest_mode", "round_prefer_floor")
        scales, sizes = node.numbers(2, "scales", "scales", 11), node.numbers(3, "sizes", "sizes", 11)
    axes = [axis % 4 for axis in node.get("axes", range(4))]
    by_axis = dict(zip(axes, sizes or scales or [], strict=False))
    if sizes and {2, 3} <= set(by_axis):
        return ops.Resize(size=(int(by_axis[2]), int(by_axis[3])), **options), node.inputs[:1]
    if sizes or not scales or by_axis.get(0, 1) != 1 or by_axis.get(1, 1) != 1:
        raise InputError(f"{node.operator} has scales or sizes {by_axis}; rows and columns can be resized")
    return ops.Resize((by_axis.get(2, 1.0), by_axis.get(3, 1.0)), **options), node.inputs[:1]


def _dropout(node: Node) -> _Made:
    if node.has(2) and bool(np.ravel(node.constant(2, "training mode"))[0]):
        raise InputError("Dropout in training mode is not supported; export the model for inference")
    return ops.Dropout(), node.inputs[:1]


def _gemm(node: Node) -> list[Layer]:
    """``α·A'·B' + β·C``: a dense layer, after a transposition and before a sum where these are needed."""
    weights = node.constant(1, "second matrix")
    if weights.ndim != 2:
        raise InputError(f"Gemm has a second matrix of shape {weights.shape}; it must have two axes")
    weights = float(node.get("alpha", 1.0)) * (weights if node.get("transB", 0) else weights.T)
    layers, source = [], node.inputs[0]
    if node.get("transA", 0):
        layers.append(Layer(f"{node.name}.turned", ops.Transpose((1, 0)), (source,)))
        source = layers[-1].name
    if not node.has(2):
        return [*layers, Layer(node.name, ops.Dense(weights), (source,))]
    added = float(node.get("beta", 1.0)) * node.constant(2, "bias")
    if added.size in (1, len(weights)) and (added.ndim < 2 or added.shape[0] == 1):
        bias = np.broadcast_to(added.ravel(), len(weights))
        return [*layers, Layer(node.name, ops.Dense(weights, bias), (source,))]
    product, addend = f"{node.name}.product", f"{node.name}.addend"
    return [
        *layers,
        Layer(product, ops.Dense(weights), (source,)),
        Layer(addend, ops.Constant(added), ()),
        Layer(node.name, ops.Add(), (product, addend)),
    ]


def _plain(operation: Callable[[], Operation]) -> Callable[[Node], _Made]:
    return lambda node: (operation(), node.inputs)


_OF_ONE_LAYER: dict[str, Callable[[Node], _Made]] = {
    "Add": _plain(ops.Add),
    "AveragePool": _avg_pool,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Concat": lambda node: (ops.Concat(int(node.get("axis", 1))), node.inputs),
    "Conv": _conv,
    "Dropout": _dropout,
    "Flatten": lambda node: (ops.Flatten(int(node.get("axis", 1))), node.inputs),
    "GlobalAveragePool": _plain(ops.GlobalAvgPool),
    "GlobalMaxPool": _plain(ops.GlobalMaxPool),
    "Identity": _plain(ops.Identity),
    "LRN": _lrn,
    "LeakyRelu": lambda node: (ops.LeakyRelu(float(node.get("alpha", 0.01))), node.inputs),
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "Mul": _plain(ops.Multiply),
    "PRelu": _prelu,
    "Pad": _pad,
    "Relu": _plain(ops.Relu),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": _plain(ops.Sigmoid),
    "Softmax": _softmax,
    "Tanh": _plain(ops.Tanh),
    "Transpose": lambda node: (ops.Transpose(node.get("perm", None)), node.inputs),
    "Upsample": _resize,
}


def _alone(make: Callable[[Node], _Made]) -> Callable[[Node], list[Layer]]:
    def layers(node: Node) -> list[Layer]:
        operation, inputs = make(node)
        return [Layer(node.name, operation, tuple(inputs))]

    return layers


OPERATORS: dict[str, Callable[[Node], list[Layer]]] = {
    "Gemm": _gemm,
    **{name: _alone(make) for name, make in _OF_ONE_LAYER.items()},
}
"""What is understood, besides Constant."""
