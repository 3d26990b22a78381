"""Networks as ONNX models: a node for every layer, named as the layer is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.errors import InputError
from convtool.net import ops
from convtool.net.network import Layer, Network, naming
from convtool.net.onnx_reader import CLASSES_KEY, DESCRIPTION_KEY, INPUT_KEY, META_KEY, onnx_package
from convtool.net.ops.base import Shape

OPSET, IR_VERSION = 19, 9
"""The operators written, and the file format that goes with them."""

_LIKELY_SIZES = (64, 32, 128, 256, 512, 1024)
"""Sizes to try where a network takes any: only how many axes values have is read off."""

_AUTOMATIC = {"same": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}
_PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def onnx_of_network(network: Network) -> bytes:
    """Write a network; what goes in is scaled already, how is said in the metadata.

    Raises
    ------
    InputError
        A layer that ONNX has no operator for.
    OutputError
        The onnx package is missing.
    """
    onnx = onnx_package()
    shapes = _shapes(network)
    graph = _Graph(onnx, {network.input.name, *(layer.name for layer in network.layers)})
    for layer in network.layers:
        with naming(layer.name):
            _WRITERS[type(layer.operation)](graph, layer, [shapes[name] for name in layer.inputs])
    size = network.input.size or ("H", "W")
    first = graph.value(network.input.name, ("N", network.input.channels, *size))
    outputs = [
        graph.value(name, ("N", *shapes[name][1:]) if network.input.size else [None] * len(shapes[name]))
        for name in network.outputs
    ]
    model = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, network.name, [first], outputs, graph.arrays),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="convtool",
    )
    onnx.helper.set_model_props(model, _metadata(network))
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _metadata(network: Network) -> dict[str, str]:
    """What ONNX has no field for, as JSON."""
    facts = {
        INPUT_KEY: {name: getattr(network.input, name) for name in ("scale", "mean", "std")},
        CLASSES_KEY: network.classes,
        DESCRIPTION_KEY: network.description,
        META_KEY: network.meta,
    }
    return {key: json.dumps(fact) for key, fact in facts.items() if fact is not None}


def _shapes(network: Network) -> dict[str, Shape]:
    sizes = [network.input.size] if network.input.size else [(side, side) for side in _LIKELY_SIZES]
    for size in sizes:
        try:
            return network.shapes(size)
        except InputError as error:
            fault = error
    raise fault


class _Graph:
    """A graph in the making."""

    def __init__(self, onnx: Any, taken: set[str]) -> None:
        self._onnx = onnx
        self._taken = taken
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []

    def value(self, name: str, shape: Sequence[Any]) -> Any:
        """What a value is, for a graph's ends."""
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, shape)

    def array(self, name: str, values: ArrayLike, dtype: type = np.float32) -> str:
        """Numbers that are part of the model; their name."""
        name = self.free(name)
        self.constant(name, np.asarray(values, dtype))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> None:
        """A layer that is numbers alone."""
        self.arrays.append(self._onnx.numpy_helper.from_array(values, name))

    def free(self, name: str) -> str:
        """A name that nothing has yet, this one if it can be."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        """A node."""
        given = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], output, **given))


_REAL = ("alpha", "beta", "bias")
"""Attributes that are no whole numbers to ONNX, even where they are whole."""

_Writer = Callable[[_Graph, Layer, list[Shape]], None]


def _conv(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    if operation.bank.normalize:
        raise InputError("ONNX has no operator that divides by the deviation of a window (normalize)")
    source, padding = layer.inputs[0], _padding(operation.padding)
    if operation.padding_mode != "zeros" and operation.padding != "valid":
        rows, columns = operation.windows(shapes[0])
        pads = [0, 0, rows.before, columns.before, 0, 0, rows.after, columns.after]
        if operation.padding_mode not in _PAD_MODES:
            raise InputError(f"ONNX has no padding mode {operation.padding_mode!r}")
        source, padding = graph.free(f"{layer.name}.padded"), {}
        ends = graph.array(f"{layer.name}.pads", pads, np.int64)
        graph.node("Pad", [layer.inputs[0], ends], source, mode=_PAD_MODES[operation.padding_mode])
    arrays = [graph.array(f"{layer.name}.weights", operation.bank.weights)]
    if operation.bank.bias.any():
        arrays.append(graph.array(f"{layer.name}.bias", operation.bank.bias))
    graph.node(
        "Conv",
        [source, *arrays],
        layer.name,
        strides=_both(operation.stride),
        dilations=_both(operation.dilation),
        group=operation.groups,
        **padding,
    )


def _pool(operator: str) -> _Writer:
    def write(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
        operation: Any = layer.operation
        counted = {"count_include_pad": int(operation.count_include_pad)} if operator == "AveragePool" else {}
        graph.node(
            operator,
            layer.inputs,
            layer.name,
            kernel_shape=_both(operation.size),
            strides=_both(operation.size if operation.stride is None else operation.stride),
            dilations=_both(operation.dilation),
            ceil_mode=int(operation.ceil_mode),
            **counted,
            **_padding(operation.padding),
        )

    return write


def _both(sizes: Any) -> list[int]:
    return [int(size) for size in np.broadcast_to(sizes, 2)]


def _padding(padding: Any) -> dict[str, Any]:
    if isinstance(padding, str):
        return {"auto_pad": _AUTOMATIC[padding]}
    sides = np.asarray(padding)
    top_left, bottom_right = (sides[:, 0], sides[:, 1]) if sides.ndim == 2 else (_both(sides), _both(sides))
    return {"pads": [int(pad) for pad in (*top_left, *bottom_right)]}


def _plain(operator: str, *options: tuple[str, str]) -> _Writer:
    """A node whose attributes are options of the layer: pairs of ONNX's name and ours."""

    def write(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
        told = {theirs: getattr(layer.operation, ours) for theirs, ours in options}
        attributes = {name: float(value) if name in _REAL else value for name, value in told.items()}
        graph.node(operator, layer.inputs, layer.name, **attributes)

    return write


def _prelu(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    slope: NDArray[Any] = layer.operation.arrays["slope"]
    if slope.ndim == 1:
        slope = slope.reshape(-1, *[1] * (len(shapes[0]) - 2))
    graph.node("PRelu", [layer.inputs[0], graph.array(f"{layer.name}.slope", slope)], layer.name)


def _clip(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    ends = [
        graph.array(f"{layer.name}.{name}", value) if np.isfinite(value) else ""
        for name, value in (("low", operation.low), ("high", operation.high))
    ]
    graph.node("Clip", [layer.inputs[0], *ends], layer.name)


def _softmax(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    if operation.flat and operation.axis not in (-1, len(shapes[0]) - 1):
        raise InputError("ONNX has no softmax over several axes; put flatten before it")
    graph.node("Softmax", layer.inputs, layer.name, axis=operation.axis)


def _batch_norm(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    arrays = [graph.array(f"{layer.name}.{name}", values) for name, values in operation.arrays.items()]
    graph.node("BatchNormalization", [layer.inputs[0], *arrays], layer.name, epsilon=float(operation.epsilon))


def _dense(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    arrays = [graph.array(f"{layer.name}.{name}", values) for name, values in layer.operation.arrays.items()]
    graph.node("Gemm", [layer.inputs[0], *arrays], layer.name, transB=1)


def _constant(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    graph.constant(layer.name, layer.operation.arrays["value"])


def _reshape(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    shape = graph.array(f"{layer.name}.shape", operation.to, np.int64)
    graph.node("Reshape", [layer.inputs[0], shape], layer.name, allowzero=int(operation.zero_is_zero))


def _pad(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    untouched = [0] * (len(shapes[0]) - len(operation.before))
    pads = [*untouched, *operation.before, *untouched, *operation.after]
    arrays = [
        graph.array(f"{layer.name}.pads", pads, np.int64),
        graph.array(f"{layer.name}.value", operation.value),
    ]
    graph.node("Pad", [layer.inputs[0], *arrays], layer.name, mode=operation.mode)


def _resize(graph: _Graph, layer: Layer, shapes: list[Shape]) -> None:
    operation: Any = layer.operation
    if operation.size is not None:
        ends = ["", "", graph.array(f"{layer.name}.size", operation.size, np.int64)]
    else:
        ends = ["", graph.array(f"{layer.name}.scale", operation.scale)]
    graph.node(
        "Resize",
        [layer.inputs[0], *ends],
        layer.name,
        mode=operation.mode,
        axes=[len(shapes[0]) - 2, len(shapes[0]) - 1],
        coordinate_transformation_mode=operation.coordinates,
        nearest_mode=operation.rounding,
    )


_WRITERS: dict[type[ops.Operation], _Writer] = {
    ops.Add: _plain("Add"),
    ops.AvgPool: _pool("AveragePool"),
    ops.BatchNorm: _batch_norm,
    ops.Clip: _clip,
    ops.Concat: _plain("Concat", ("axis", "axis")),
    ops.Constant: _constant,
    ops.Conv: _conv,
    ops.Dense: _dense,
    ops.Dropout: _plain("Dropout"),
    ops.Flatten: _plain("Flatten", ("axis", "axis")),
    ops.GlobalAvgPool: _plain("GlobalAveragePool"),
    ops.GlobalMaxPool: _plain("GlobalMaxPool"),
    ops.Identity: _plain("Identity"),
    ops.LeakyRelu: _plain("LeakyRelu", ("alpha", "slope")),
    ops.LocalResponseNorm: _plain(
        "LRN", ("size", "size"), ("alpha", "alpha"), ("beta", "beta"), ("bias", "bias")
    ),
    ops.MaxPool: _pool("MaxPool"),
    ops.Multiply: _plain("Mul"),
    ops.PRelu: _prelu,
    ops.Pad: _pad,
    ops.Relu: _plain("Relu"),
    ops.Reshape: _reshape,
    ops.Resize: _resize,
    ops.Sigmoid: _plain("Sigmoid"),
    ops.Softmax: _softmax,
    ops.Tanh: _plain("Tanh"),
    ops.Transpose: _plain("Transpose", ("perm", "axes")),
}
