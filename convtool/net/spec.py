"""Networks as specs: JSON in which every layer is an object; its arrays are in it, beside it, or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.bank import FilterBank
from convtool.core.geometry import is_real
from convtool.errors import InputError
from convtool.io.networks import FORMAT, NetworkFile
from convtool.io.rectangles import rectangle
from convtool.net.network import Input, Layer, Network, brief, check_count, naming
from convtool.net.ops import OPERATIONS, Conv
from convtool.net.ops.base import Operation, Shape
from convtool.text import quoted

FindFilter = Callable[[str], FilterBank]
"""From the name of a built-in filter, or of a filter file beside the spec, to its bank."""

Begin = Callable[[Mapping[str, Any], Sequence[Shape]], tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]]
"""From a layer that may have no numbers yet, and the shapes that it reads, to one that has, and to them."""

COUNTS = {"conv": ("filters", "size"), "dense": ("outputs",)}
"""The keys that say how many numbers a layer will learn, by its kind."""

_KEYS = ("format", "name", "description", "input", "classes", "layers", "outputs", "meta")
_LAYER_KEYS = ("name", "kind", "inputs")
_INPUT_KEYS = ("name", "channels", "size", "scale", "mean", "std")
_BANK_KEYS = ("weights", "bias", "normalize")


def network_of_spec(
    file: NetworkFile, name: str, find_filter: FindFilter, begin: Begin | None = None
) -> Network:
    """Build the network that a spec describes.

    Parameters
    ----------
    file
        The spec, and arrays by ``{layer}.{field}``, such as ``conv1.weights``.
    name
        What the network is called if the spec does not say.
    begin
        Gives numbers to layers that have none yet; the spec says then which size of images goes in.

    Raises
    ------
    InputError
        A key, kind or value that is not understood, an array that is missing or that nothing names,
        shapes that do not chain.
    """
    spec, arrays = file
    _refuse_unknown(spec, _KEYS, "a spec")
    described = spec.get("layers")
    if not isinstance(described, list) or not all(isinstance(layer, dict) for layer in described):
        raise InputError(f"layers is {quoted(described)}; it must be a list of objects")
    source = input_of(spec)
    used: set[str] = set()
    layers: list[Layer] = []
    shapes: dict[str, Shape] = {source.name: (1, source.channels, *(source.size or ()))}
    kinds: Counter[str] = Counter()
    for number, fields_ in enumerate(described, 1):
        kind = fields_.get("kind")
        if not isinstance(kind, str) or kind not in OPERATIONS:
            close = get_close_matches(kind, OPERATIONS) if isinstance(kind, str) else []
            guess = f"did you mean {' or '.join(close)}? " if close else ""
            raise InputError(
                f"layer {number} is of kind {quoted(kind)}; {guess}there are {', '.join(OPERATIONS)}"
            )
        kinds[kind] += 1
        own = _text(fields_.get("name", f"{kind}{kinds[kind]}"), f"the name of layer {number}")
        with naming(own):
            inputs = _inputs(fields_, OPERATIONS[kind].inputs, layers, source)
            reads = [] if begin is None else _shapes_read(OPERATIONS[kind], inputs, shapes)
            if begin is not None:
                fields_, fresh = begin(fields_, reads)
                arrays = arrays | {f"{own}.{key}": values for key, values in fresh.items()}
            operation = _operation(own, fields_, arrays, find_filter, used)
            layers.append(Layer(own, operation, inputs))
            if begin is not None:
                shapes[own] = operation.shape(*reads)
    if extra := set(arrays) - used:
        raise InputError(f"it holds {brief(sorted(extra))}, which no layer of its spec has")
    classes = spec.get("classes")
    network = Network(
        name=_text(spec.get("name", name), "name"),
        input=source,
        layers=tuple(layers),
        outputs=_texts(spec.get("outputs", [layers[-1].name] if layers else []), "outputs"),
        classes=None if classes is None else _texts(classes, "classes"),
        **_notes(spec),
    )
    if source.size is not None:
        network.shapes(source.size)
    return network


def spec_of_network(network: Network) -> NetworkFile:
    """The spec of a network, and its arrays."""
    layers, arrays = [], {}
    for layer in network.layers:
        described: dict[str, Any] = {
            "name": layer.name,
            "kind": layer.operation.kind,
            "inputs": list(layer.inputs),
        }
        for name, values in layer.operation.arrays.items():
            arrays[f"{layer.name}.{name}"] = values
        layers.append(described | options_of(layer.operation))
    spec = {
        "format": FORMAT,
        "name": network.name,
        **({} if network.description is None else {"description": network.description}),
        "input": _described(network.input),
        **({} if network.classes is None else {"classes": list(network.classes)}),
        "layers": layers,
        "outputs": list(network.outputs),
        **({} if network.meta is None else {"meta": network.meta}),
    }
    return NetworkFile(spec, arrays)


def options_of(operation: Operation) -> dict[str, Any]:
    """What an operation was told, but for its arrays and what is so anyway."""
    told = {
        field.name: getattr(operation, field.name)
        for field in fields(operation)  # type: ignore[arg-type]
        if field.name != "bank" and field.name not in operation.arrays
    }
    defaults = {field.name: field.default for field in fields(operation)}  # type: ignore[arg-type]
    options = {name: value for name, value in told.items() if value is not None and value != defaults[name]}
    if isinstance(operation, Conv) and operation.bank.normalize:
        options["normalize"] = operation.bank.normalize
    return options


def _described(source: Input) -> dict[str, Any]:
    described: dict[str, Any] = {"name": source.name, "channels": source.channels}
    if source.size is not None:
        described["size"] = source.size
    if source.scale != 1:
        described["scale"] = source.scale
    for name in ("mean", "std"):
        numbers = getattr(source, name)
        if numbers != getattr(Input, name):
            described[name] = numbers[0] if len(numbers) == 1 else numbers
    return described


def input_of(spec: Mapping[str, Any]) -> Input:
    """What a spec says goes in.

    Raises
    ------
    InputError
        A key or a value that is not understood.
    """
    described = spec.get("input", {})
    if not isinstance(described, dict):
        raise InputError(
            f'input is {quoted(described)}; it is an object such as {{"channels": 1, "size": [28, 28]}}'
        )
    _refuse_unknown(described, _INPUT_KEYS, "input")
    options = {key: _tuples(value) for key, value in described.items()}
    for key in ("mean", "std"):
        if key in options and not isinstance(options[key], tuple):
            options[key] = (options[key],)
    if "name" in options:
        _text(options["name"], "the name of the input")
    with naming("input"):
        return Input(**options)


def _notes(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What is for people."""
    description, meta = spec.get("description"), spec.get("meta")
    if not isinstance(description, str | None):
        raise InputError(f"description is {quoted(description)}; it must be a text")
    if not isinstance(meta, dict | None):
        raise InputError(f'meta is {quoted(meta)}; it must be an object, such as {{"made by": "hand"}}')
    return {"description": description, "meta": meta}


def _inputs(
    described: Mapping[str, Any], wanted: int | None, layers: list[Layer], source: Input
) -> tuple[str, ...]:
    if "inputs" not in described:
        if wanted == 0:
            return ()
        return (layers[-1].name if layers else source.name,)
    given = described["inputs"]
    return _texts([given] if isinstance(given, str) else given, "inputs")


def _shapes_read(
    operation: type[Operation], inputs: tuple[str, ...], shapes: Mapping[str, Shape]
) -> list[Shape]:
    """The shapes of what a layer reads, all of which has to be known by then."""
    check_count(operation, inputs)
    for name in inputs:
        if name not in shapes:
            raise InputError(f"it reads {quoted(name)}, which no layer before it gives")
    return [shapes[name] for name in inputs]


def _operation(
    layer: str,
    described: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    find_filter: FindFilter,
    used: set[str],
) -> Operation:
    made = OPERATIONS[described["kind"]]
    known = {field.name: field for field in fields(made)}  # type: ignore[arg-type]
    known.pop("bank", None)
    if counted := [key for key in COUNTS.get(made.kind, ()) if key in described]:
        raise InputError(
            f"{counted[0]} says how many numbers it will learn, it has none yet; "
            "train it: 'convtool net train DATA --architecture FILE -o model.npz'"
        )
    own = _BANK_KEYS if made is Conv else ()
    _refuse_unknown(described, (*_LAYER_KEYS, *own, *known), made.kind)
    options: dict[str, Any] = {}

    def array(name: str) -> NDArray[Any] | None:
        """An array of the layer: in the spec, or by its name beside it."""
        key = f"{layer}.{name}"
        if key in arrays:
            used.add(key)
            if name in described:
                raise InputError(f"{name} is given twice, in the spec and beside it")
            return arrays[key]
        value = described.get(name)
        if value is None or is_real(value):
            return None if value is None else np.asarray(value)
        return rectangle(value, name)

    for name, field in known.items():
        if "ArrayLike" in str(field.type):
            value = array(name)
            if value is not None:
                options[name] = value
        elif name in described:
            options[name] = _option(name, described[name], field)
    missing = [name for name, field in known.items() if field.default is MISSING and name not in options]
    if missing:
        raise InputError(f"{made.kind} needs {', '.join(missing)}")
    if made is not Conv:
        return made(**options)
    bank = _bank(described, array("bias"), array, find_filter)
    return Conv(bank, **options)


def _bank(
    described: Mapping[str, Any],
    bias: NDArray[Any] | None,
    array: Callable[[str], NDArray[Any] | None],
    find_filter: FindFilter,
) -> FilterBank:
    """The filters of a convolution: numbers, or names of filters, whose biases count unless one is given."""
    named = described.get("weights")
    names = [named] if isinstance(named, str) else named
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        banks = [find_filter(name) for name in names]
        shapes = {bank.weights.shape[1:] for bank in banks}
        ways = {bank.normalize for bank in banks}
        if len(shapes) > 1 or len(ways) > 1:
            raise InputError(
                f"the filters {brief(names)} differ in size or normalisation; they must be alike"
            )
        weights = np.concatenate([bank.weights for bank in banks])
        own = np.concatenate([bank.bias for bank in banks])
        return FilterBank(
            weights, own if bias is None else bias, normalize=described.get("normalize", ways.pop())
        )
    weights_or_none = array("weights")
    if weights_or_none is None:
        raise InputError("conv needs weights: numbers, the name of a filter, or a list of names")
    return FilterBank(weights_or_none, bias, normalize=described.get("normalize"))


def _option(name: str, value: Any, field: Field[Any]) -> Any:
    """An option's value, of the type that its default has."""
    fits = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    words = fits.get(type(field.default))
    kind = type(field.default)
    plain = field.type not in ("Sizes", "Sizes | None", "Sides")
    if words is not None and plain:
        allowed = (int, float) if kind is float else (kind,)
        if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
            raise InputError(f"{name} is {quoted(value)}; it must be {words}")
        if kind is float:
            number: Any = value
            return float(number)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _refuse_unknown(described: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    if unknown := set(described) - set(known):
        raise InputError(f"unknown key {quoted(min(unknown))}; {what} has {', '.join(known)}")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{what} is {quoted(value)}; it must be a text")
    return value


def _texts(values: Any, what: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{what} is {quoted(values)}; it must be a list of texts")
    return tuple(values)
