"""ONNX models as networks: the graph walked node by node, whatever is not understood refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ConvtoolError, InputError, OutputError
from convtool.net.network import Input, Layer, Network, brief, naming
from convtool.net.onnx_nodes import OPERATORS, Node, layers_of
from convtool.net.ops import Constant

INSTALL = "pip install 'convtool-maps[onnx]'"
OLDEST_OPSET = 7
DOMAINS = ("", "ai.onnx")
INPUT_KEY, CLASSES_KEY = "convtool.input", "convtool.classes"
DESCRIPTION_KEY, META_KEY = "convtool.description", "convtool.meta"
"""Where a model's metadata say how values are scaled, what the scores are of, and what its maker noted."""

_EXTERNAL = 1
_NUMBERS = "fiub"

_Beside = Callable[[str], bytes]


def network_of_onnx(data: bytes, name: str, beside: _Beside) -> Network:
    """Read a model.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What the network is called.
    beside
        Gives the bytes of a file that lies beside the model, or refuses it.

    Raises
    ------
    InputError
        A model that is damaged, or that has an operator that is not understood.
    OutputError
        The onnx package is missing.
    """
    onnx = onnx_package()
    with _damage_named():
        model = onnx.load_model_from_string(data)
        graph = model.graph
    opset = _opset(model)
    _check_names(graph)
    _check_operators(graph)
    constants = {tensor.name: _array(onnx, tensor, beside) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise InputError("it has sparse weights; export it with dense ones")
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise InputError(
            f"it has {len(inputs)} inputs ({brief(v.name for v in inputs)}); a network reads one image"
        )
    layers = _layers(onnx, graph, constants, opset, beside)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return Network(
        name=name,
        input=_input(inputs[0], metadata),
        layers=tuple(_with_constants(layers, constants, inputs[0].name)),
        outputs=tuple(value.name for value in graph.output),
        classes=_classes(metadata),
        description=_noted(metadata, DESCRIPTION_KEY, str, "no text"),
        meta=_noted(metadata, META_KEY, dict, "no object"),
    )


def onnx_package() -> Any:
    """The onnx package, or how to install it."""
    try:
        import onnx
    except ImportError as error:
        raise OutputError(f"ONNX models take the onnx package; install it with {INSTALL}") from error
    return onnx


@contextmanager
def _damage_named() -> Iterator[None]:
    from google.protobuf.message import DecodeError

    try:
        yield
    except ConvtoolError:
        raise
    except (DecodeError, ValueError, TypeError, OverflowError, KeyError, IndexError, AttributeError) as error:
        raise InputError(
            f"the ONNX model is damaged ({str(error).splitlines()[0][:80]}); export it again"
        ) from error


def _overflow_refused() -> np.errstate:
    """What is too large for float32 becomes infinity, which layers refuse: NumPy need not warn."""
    return np.errstate(over="ignore")


def _opset(model: Any) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in DOMAINS]
    if not versions or not model.graph.node:
        raise InputError("not an ONNX model, or one without layers; export it again")
    opset = max(versions)
    if opset < OLDEST_OPSET:
        raise InputError(
            f"its operators are of opset {opset}; {OLDEST_OPSET} or newer are understood: convert it"
        )
    return int(opset)


def _check_names(graph: Any) -> None:
    """Refuse names that are no text: protobuf gives such as bytes."""
    names = [each.name for each in (*graph.initializer, *graph.input, *graph.output)]
    for node in graph.node:
        names += [node.op_type, node.domain, node.name, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    if not all(isinstance(name, str) for name in names):
        raise InputError("the ONNX model is damaged (a name in it is no text); export it again")


def _check_operators(graph: Any) -> None:
    """Refuse all that is not understood, at once."""
    foreign = {
        f"{node.domain}.{node.op_type}" if node.domain not in DOMAINS else node.op_type
        for node in graph.node
        if node.domain not in DOMAINS or node.op_type not in (*OPERATORS, "Constant")
    }
    if foreign:
        raise InputError(
            f"it uses {', '.join(sorted(foreign))}, which convtool does not run; "
            f"supported are Constant, {', '.join(sorted(OPERATORS))}"
        )


def _layers(
    onnx: Any, graph: Any, constants: dict[str, NDArray[Any]], opset: int, beside: _Beside
) -> list[Layer]:
    layers: list[Layer] = []
    read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    for node in graph.node:
        name = node.output[0] if node.output else ""
        with naming(name or node.name), _damage_named(), _overflow_refused():
            if unsupported := [each for each in node.output[1:] if each in read]:
                raise InputError(
                    f"{node.op_type} gives {brief(unsupported)} too; only first outputs are understood"
                )
            attributes = {each.name: _attribute(onnx, each, beside) for each in node.attribute}
            if node.op_type == "Constant":
                constants[name] = _constant(attributes)
            else:
                layers += layers_of(Node(node.op_type, name, tuple(node.input), attributes, constants, opset))
    return layers


def _with_constants(layers: list[Layer], constants: dict[str, NDArray[Any]], source: str) -> Iterator[Layer]:
    """The layers, each constant that one of them reads like a value before it."""
    given = {source}
    for layer in layers:
        for name in layer.inputs:
            if name in constants and name not in given:
                given.add(name)
                with naming(name), _overflow_refused():
                    yield Layer(name, Constant(constants[name]), ())
        yield layer
        given.add(layer.name)


def _input(value: Any, metadata: Mapping[str, str]) -> Input:
    axes = value.type.tensor_type.shape.dim
    sizes = [axis.dim_value if axis.HasField("dim_value") else None for axis in axes]
    if len(sizes) != 4 or not sizes[1] or min(size or 1 for size in sizes) < 1:
        told = "×".join(str(size or "?") for size in sizes) or "of unknown shape"
        raise InputError(
            f"its input {value.name!r} is {told}; a network reads images (N, C, H, W), C a number"
        )
    size = (sizes[2], sizes[3]) if sizes[2] and sizes[3] else None
    stated = _noted(metadata, INPUT_KEY, dict, "not understood") or {}
    if set(stated) - {"scale", "mean", "std"}:
        raise InputError(f"its metadata {INPUT_KEY!r} is not understood; remove it")
    stated = {key: tuple(v) if isinstance(v, list) else v for key, v in stated.items()}
    with naming(value.name):
        return Input(value.name, sizes[1], size, **stated)


def _classes(metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    names = _noted(metadata, CLASSES_KEY, list, "no list of names")
    if names is None:
        return None
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"its metadata {CLASSES_KEY!r} is no list of names; remove it")
    return tuple(names)


def _noted(metadata: Mapping[str, str], key: str, kind: type, fault: str) -> Any:
    """What convtool's own metadata say; ``None`` if they say nothing."""
    if key not in metadata:
        return None
    try:
        value = json.loads(metadata[key])
    except (ValueError, RecursionError):
        raise InputError(f"its metadata {key!r} is no JSON; remove it") from None
    if not isinstance(value, kind):
        raise InputError(f"its metadata {key!r} is {fault}; remove it")
    return value


def _array(onnx: Any, tensor: Any, beside: _Beside) -> NDArray[Any]:
    """An initializer's numbers, wherever they lie."""
    with naming(tensor.name), _damage_named():
        if tensor.data_location == _EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            data = beside(entries.get("location", ""))
            offset = int(entries.get("offset", 0))
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            length = int(np.prod(tensor.dims, dtype=np.float64) * dtype.itemsize)
            if not 0 <= offset <= len(data) - length or length < 0:
                raise InputError(
                    f"its numbers lie beyond the end of {entries.get('location')}; copy that file whole"
                )
            values = np.frombuffer(data, dtype, offset=offset, count=length // dtype.itemsize)
            values = values.reshape(tensor.dims)
        else:
            values = onnx.numpy_helper.to_array(tensor)
        if values.dtype.kind not in _NUMBERS:
            raise InputError(f"it holds {values.dtype}, no numbers")
        return np.asarray(values)


def _attribute(onnx: Any, attribute: Any, beside: _Beside) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    return _array(onnx, value, beside) if isinstance(value, onnx.TensorProto) else value


def _constant(attributes: dict[str, Any]) -> NDArray[Any]:
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if name in attributes:
            return np.asarray(attributes[name])
    raise InputError(f"Constant holds {brief(attributes) or 'nothing'}; only numbers are understood")
