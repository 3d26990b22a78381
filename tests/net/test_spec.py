"""Networks as specs: every kind of layer there and back, arrays wherever they may be, every refusal."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import FilterBank, load_filter
from convtool.errors import InputError
from convtool.io.networks import FORMAT, NetworkFile, spec_of_json
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.spec import network_of_spec, options_of, spec_of_network
from tests.net.every_kind import EVERY_KIND, assert_same_network, facts_of, network_of, numbers
from tests.tolerances import assert_equal

RELU = {"kind": "relu"}
ROWS = [[1, 2], [3, 4]]


def named(name: str) -> FilterBank:
    return load_filter(name)


def made(*layers: Any, arrays: dict[str, NDArray[Any]] | None = None, **keys: Any) -> Network:
    """The network of a spec, by way of its JSON."""
    text = json.dumps({"format": FORMAT, "layers": list(layers), **keys}).encode()
    return network_of_spec(NetworkFile(spec_of_json(text), arrays or {}), "file", named)


def of(layer: dict[str, Any], **options: Any) -> ops.Operation:
    return made(layer, **options).layers[-1].operation


class TestThereAndBack:
    def test_every_kind_is_here(self) -> None:
        assert {operation.kind for operation in EVERY_KIND.values()} == set(ops.OPERATIONS)

    @pytest.mark.parametrize("kind", EVERY_KIND)
    def test_a_layer_is_the_same(self, kind: str) -> None:
        network = network_of(EVERY_KIND[kind])
        spec, arrays = spec_of_network(network)
        read = network_of_spec(NetworkFile(spec_of_json(json.dumps(spec).encode()), arrays), "file", named)
        assert_same_network(read, network)

    def test_what_goes_in_and_comes_out_is_the_same(self) -> None:
        layers = (Layer("a", ops.Relu(), ("image",)), Layer("b", ops.Identity(), ("a",)))
        for source in (
            Input("image"),
            Input("image", 3, (4, 5), 0.5, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
            Input("image", 3, mean=(0.25,), std=(2.0,)),
        ):
            meta = {"seed": 1, "losses": [0.5, None]}
            network = Network("its own", source, layers, ("b", "a"), ("one", "two"), "for people", meta)
            spec, arrays = spec_of_network(network)
            assert_same_network(made(**json.loads(json.dumps(spec)), arrays=arrays), network)

    @pytest.mark.parametrize(
        ("operation", "told"),
        [
            (ops.Relu(), {}),
            (ops.Conv(FilterBank(ROWS)), {}),
            (ops.Conv(FilterBank(ROWS, normalize="local"), 2, "same"), {
                "stride": 2, "padding": "same", "normalize": "local"}),
            (ops.MaxPool(2), {"size": 2}),
            (ops.MaxPool((2, 3), 1), {"size": (2, 3), "stride": 1}),
            (ops.Clip(low=0), {"low": 0}),
            (ops.Dense([[1]], [2]), {}),
        ],
    )  # fmt: skip
    def test_only_what_is_not_so_anyway_is_told(self, operation: ops.Operation, told: dict[str, Any]) -> None:
        assert options_of(operation) == told


class TestArrays:
    def test_in_the_spec(self) -> None:
        conv = of({"kind": "conv", "weights": [[ROWS, ROWS]], "bias": [3]}, input={"channels": 2})
        assert facts_of(conv) == facts_of(ops.Conv(FilterBank([[ROWS, ROWS]], [3])))
        assert facts_of(of({"kind": "prelu", "slope": 0.5})) == facts_of(ops.PRelu(0.5))
        dense = of({"kind": "dense", "weights": ROWS, "bias": None})
        assert dense.arrays.keys() == {"weights"}

    def test_beside_the_spec(self) -> None:
        arrays = {"c.weights": numbers(2, 1, 3, 3), "c.bias": numbers(2)}
        conv = of({"name": "c", "kind": "conv", "stride": 2}, arrays=arrays)
        assert facts_of(conv) == facts_of(ops.Conv(FilterBank(*arrays.values()), 2))

    def test_a_filter_by_its_name(self) -> None:
        bank = named("kirsch")
        conv = of({"kind": "conv", "weights": "kirsch"})
        assert facts_of(conv) == facts_of(ops.Conv(FilterBank(bank.weights, bank.bias)))
        assert of({"kind": "conv", "weights": "sobel-x", "bias": -4}).arrays["bias"].tolist() == [-4]

    def test_several_filters_by_their_names(self) -> None:
        names = ["sobel-x", "laplacian-4", "sobel-y"]
        conv = of({"kind": "conv", "weights": names, "bias": [1, 2, 3], "normalize": "local"})
        weights = np.concatenate([named(name).weights for name in names])
        assert facts_of(conv) == facts_of(ops.Conv(FilterBank(weights, [1, 2, 3], normalize="local")))

    def test_the_biases_and_the_normalisation_of_a_filter_count(self) -> None:
        bank = FilterBank([ROWS, ROWS], [5, 6], normalize="local")
        file = NetworkFile({"layers": [{"kind": "conv", "weights": ["a", "a"]}]}, {})
        (layer,) = network_of_spec(file, "file", lambda _: bank).layers
        assert isinstance(layer.operation, ops.Conv)
        assert layer.operation.bank.normalize == "local"
        assert_equal(layer.operation.bank.bias, np.array([5, 6, 5, 6]))

    def test_a_number_alone_is_the_bias_of_one_filter(self) -> None:
        assert of({"kind": "conv", "weights": ROWS, "bias": 7}).arrays["bias"].tolist() == [7]


class TestNames:
    def test_are_made_of_the_kind_and_its_count(self) -> None:
        network = made(RELU, {"kind": "max_pool", "size": 2}, {**RELU, "name": "own"}, RELU)
        assert [layer.name for layer in network.layers] == ["relu1", "max_pool1", "own", "relu3"]
        assert (network.name, network.outputs, network.classes) == ("file", ("relu3",), None)

    def test_a_layer_reads_the_one_before(self) -> None:
        constant = {"kind": "constant", "value": 1}
        network = made(RELU, constant, {"kind": "add", "inputs": ["relu1", "constant1"]}, RELU)
        assert [layer.inputs for layer in network.layers] == [
            ("input",),
            (),
            ("relu1", "constant1"),
            ("add1",),
        ]

    def test_one_input_needs_no_list(self) -> None:
        network = made(RELU, {**RELU, "inputs": "image"}, input={"name": "image"})
        assert [layer.inputs for layer in network.layers] == [("image",), ("image",)]

    def test_what_is_for_people_is_kept_as_it_is(self) -> None:
        network = made(RELU, name="n", description="what it does", meta={"any": ["thing"]}, classes=["a"])
        assert (network.name, network.classes) == ("n", ("a",))
        assert (network.description, network.meta) == ("what it does", {"any": ["thing"]})
        assert (made(RELU).description, made(RELU).meta) == (None, None)
        assert set(spec_of_network(made(RELU)).spec) == {"format", "name", "input", "layers", "outputs"}


CONV = {"kind": "conv", "weights": ROWS}
REFUSED: list[tuple[list[Any], dict[str, Any], str]] = [
    ([{"kind": "konv"}], {}, r"^layer 1 is of kind 'konv'; did you mean conv\? there are conv, relu, "),
    ([RELU, {"name": "a"}], {}, "^layer 2 is of kind None; there are conv"),
    ([{"kind": ["relu"]}], {}, "^layer 1 is of kind "),
    ([{**RELU, "slope": 1}], {}, "^layer 'relu1': unknown key 'slope'; relu has name, kind, inputs$"),
    ([{**CONV, "wieghts": 1}], {}, "^layer 'conv1': unknown key 'wieghts'; conv has .*weights, bias, norm"),
    ([{**CONV, "bank": 1}], {}, "^layer 'conv1': unknown key 'bank'"),
    ([RELU], {"inputs": 1}, "^unknown key 'inputs'; a spec has format, name, .*, meta$"),
    ([RELU], {"input": {"width": 1}}, "^unknown key 'width'; input has name, channels, size, scale, mean"),
    ([RELU], {"input": [1, 28, 28]}, r'^input is \[1, 28, 28\]; it is an object such as \{'),
    ([RELU], {"input": {"channels": True}}, "^layer 'input': channels is True; "),
    ([RELU], {"input": {"channels": 0}}, "^layer 'input': channels is 0; "),
    ([RELU], {"input": {"size": [8, 8, 8]}}, r"^layer 'input': size is \(8, 8, 8\); "),
    ([RELU], {"input": {"scale": "255"}}, "^layer 'input': scale is '255'; it must be a number"),
    ([RELU], {"input": {"mean": [1, 2]}}, r"mean is \(1, 2\); give a number, or one for each of 1 channel"),
    ([RELU], {"input": {"std": 0}}, r"std is \(0,\); it must be above 0$"),
    ([RELU], {"input": {"name": 1}}, "^the name of the input is 1; it must be a text$"),
    ([{"kind": "conv"}], {}, "^layer 'conv1': conv needs weights: numbers, the name of a filter, or"),
    ([{**CONV, "weights": []}], {}, "^layer 'conv1': weights has an empty list"),
    ([{**CONV, "weights": [[1, 2], [3]]}], {}, "^layer 'conv1': row 2 has 1 values, row 1 has 2; weigh"),
    ([{**CONV, "weights": [[True]]}], {}, "^layer 'conv1': row 1 column 1 of weights is true, not a finite"),
    ([{**CONV, "weights": [["1"]]}], {}, '^layer .conv1.: row 1 column 1 of weights is "1", not a finite'),
    ([{**CONV, "weights": {}}], {}, "^layer 'conv1': weights is .*; it must be a list of rows of numbers"),
    ([{**CONV, "bias": [1, 2]}], {}, "^layer 'conv1': bias"),
    ([{**CONV, "weights": "sobel-z"}], {}, "^layer 'conv1': no built-in filter is called 'sobel-z'; did you"),
    ([{**CONV, "weights": ["sobel-x", "gaussian-5"]}], {}, "^layer 'conv1': the filters sobel-x, gaussian-5"),
    ([{**CONV, "normalize": "global"}], {}, "^layer 'conv1': normalize is 'global'"),
    ([{**CONV, "stride": 0}], {}, "^layer 'conv1': stride is 0; "),
    ([{**CONV, "stride": True}], {}, "^layer 'conv1': stride is True; "),
    ([{**CONV, "padding": "full"}], {}, "^layer 'conv1': padding is 'full'"),
    ([{**CONV, "padding_mode": ["zeros"]}], {}, r"^layer 'conv1': padding_mode is \['zeros'\]; it must"),
    ([{**CONV, "padding_mode": "mirror"}], {}, "^layer 'conv1': padding_mode is 'mirror'"),
    ([{**CONV, "groups": True}], {}, "^layer 'conv1': groups is True; it must be a whole number$"),
    ([{**CONV, "groups": 1.0}], {}, "^layer 'conv1': groups is 1.0; it must be a whole number$"),
    ([{"kind": "leaky_relu", "slope": True}], {}, "^layer 'leaky_relu1': slope is True; it must be a number"),
    ([{"kind": "leaky_relu", "slope": "1"}], {}, "^layer 'leaky_relu1': slope is '1'; it must be a number$"),
    ([{"kind": "softmax", "flat": 1}], {}, "^layer 'softmax1': flat is 1; it must be true or false$"),
    ([{"kind": "max_pool"}], {}, "^layer 'max_pool1': max_pool needs size$"),
    ([{"kind": "max_pool", "size": True}], {}, "^layer 'max_pool1': "),
    ([{"kind": "batch_norm", "scale": [1]}], {}, "batch_norm needs shift, mean, variance$"),
    ([{"kind": "dense", "weights": [1, 2]}], {}, r"^layer 'dense1': weights has shape \(2,\); it must"),
    ([{"kind": "resize"}], {}, "^layer 'resize1': resize takes a scale or a size"),
    ([{**RELU, "name": ""}], {}, "^the name of layer 1 is ''; it must be a text$"),
    ([RELU, {**RELU, "name": 5}], {}, "^the name of layer 2 is 5; it must be a text$"),
    ([{**RELU, "name": "a"}, {**RELU, "name": "a"}], {}, "the name 'a' is given twice"),
    ([{**RELU, "inputs": ["input", "input"]}], {}, r"layer 'relu1': relu reads 1 value\(s\), 2 are given"),
    ([{"kind": "add"}], {}, r"layer 'add1': add reads 2 value\(s\), 1 are given"),
    ([{"kind": "add", "inputs": ["input", 5]}], {}, "^layer 'add1': inputs is .*; it must be a list of te"),
    ([{**RELU, "inputs": {"a": 1}}], {}, "^layer 'relu1': inputs is .*; it must be a list of texts$"),
    ([{**RELU, "inputs": "nope"}], {}, "layer 'relu1' reads 'nope', which no layer gives"),
    ([], {}, "^it has no layers"),
    ([RELU, 5], {}, "^layers is .*; it must be a list of objects$"),
    ([RELU], {"outputs": []}, "^it has no outputs; name at least one of its layers$"),
    ([RELU], {"outputs": ["nope"]}, "the output 'nope' is no layer; its layers are relu1"),
    ([RELU], {"outputs": "relu1"}, "^outputs is 'relu1'; it must be a list of texts$"),
    ([RELU], {"classes": [1]}, r"^classes is \[1\]; it must be a list of texts$"),
    ([RELU], {"name": 5}, "^name is 5; it must be a text$"),
    ([RELU], {"description": ["a"]}, r"^description is \['a'\]; it must be a text$"),
    ([RELU], {"meta": ["a"]}, r"^meta is \['a'\]; it must be an object, such as \{\"made by\": \"hand\"\}$"),
    ([CONV, CONV], {"input": {"size": [2, 9]}}, "^layer 'conv2': the map is 1×8, smaller than the filter's"),
    ([CONV], {"input": {"channels": 3, "size": 9}}, r"^layer 'conv1': its input has 3 channel\(s\), its fil"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "keys", "says"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_refused(layers: list[Any], keys: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        made(*layers, **keys)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("layers", [5, None, "relu", {"kind": "relu"}])
def test_layers_are_a_list(layers: Any) -> None:
    says = f"^layers is {re.escape(repr(layers))}; it must be a list of objects$"
    with pytest.raises(InputError, match=says):
        network_of_spec(NetworkFile({"format": FORMAT, "layers": layers}, {}), "file", named)


def test_an_array_that_nobody_names() -> None:
    arrays = {"c.weights": numbers(1, 1, 2, 2), "c.bais": numbers(1), "d.weights": numbers(1)}
    with pytest.raises(InputError, match=r"^it holds c\.bais, d\.weights, which no layer of its spec has$"):
        made({"name": "c", "kind": "conv"}, arrays=arrays)
    with pytest.raises(InputError, match=r"^it holds relu1\.weights, which no layer"):
        made(RELU, arrays={"relu1.weights": numbers(1)})


def test_an_array_that_is_there_twice() -> None:
    with pytest.raises(InputError, match=r"^layer 'c': bias is given twice, in the spec and beside it$"):
        made({**CONV, "name": "c", "bias": 1}, arrays={"c.bias": numbers(1)})
    with pytest.raises(InputError, match=r"^it holds c\.weights, which no layer of its spec has$"):
        made({**CONV, "name": "c", "weights": "sobel-x"}, arrays={"c.weights": numbers(1, 1, 2, 2)})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_array_that_is_not_finite_names_its_layer(value: float) -> None:
    says = f"^layer 'c': weights hold {value} at "
    with pytest.raises(InputError, match=says):
        made({"name": "c", "kind": "conv"}, arrays={"c.weights": np.array([[1, value]])})
    with pytest.raises(InputError, match=r"^layer 'p': slope holds NaN or infinity"):
        made({"name": "p", "kind": "prelu"}, arrays={"p.slope": np.array([value])})


def test_whole_numbers_where_others_are_meant() -> None:
    """JSON writes 1.0 as 1; an operation is told a real number all the same."""
    operation = of({"kind": "leaky_relu", "slope": 1})
    assert isinstance(operation, ops.LeakyRelu)
    assert type(operation.slope) is float


ODD = st.sampled_from(
    [
        *(True, None, 0, -1, 3.5, 2**40, -(2.0**100), "", "x", "12", "a/../b", "same", "valid", "sobel-x"),
        *([], {}, [1, 2], [-1], [1, 2, 3], ROWS, [[1], []], [[[[[1]]]]], [True], [None], ["x"], {"a": 1}),
    ]
)
SOUND: list[dict[str, Any]] = [
    {**CONV, "bias": 1, "stride": 1, "padding": 0, "padding_mode": "zeros", "dilation": 1, "groups": 1},
    {"kind": "leaky_relu", "slope": 0.5},
    {"kind": "prelu", "slope": [1]},
    {"kind": "clip", "low": 0, "high": 1},
    {"kind": "softmax", "axis": 1, "flat": False},
    {"kind": "max_pool", "size": 2, "stride": 1, "padding": 0, "ceil_mode": False, "dilation": 1},
    {"kind": "avg_pool", "size": 2, "count_include_pad": True},
    {"kind": "batch_norm", "scale": [1], "shift": [1], "mean": [1], "variance": [1], "epsilon": 0.1},
    {"kind": "local_response_norm", "size": 1, "alpha": 1, "beta": 1, "bias": 1},
    {"kind": "dense", "weights": [[1] * 8], "bias": [1]},
    {"kind": "concat", "inputs": ["input", "input"], "axis": 1},
    {"kind": "constant", "value": [1, 2]},
    {"kind": "flatten", "axis": 1},
    {"kind": "reshape", "to": [1, 64], "zero_is_zero": False},
    {"kind": "transpose", "axes": [0, 1, 3, 2]},
    {"kind": "pad", "before": [1, 1], "after": [1, 1], "mode": "constant", "value": 0},
    {"kind": "resize", "scale": 2, "mode": "nearest", "coordinates": "half_pixel", "rounding": "floor"},
    {"kind": "resize", "size": [3, 3]},
    {"kind": "dropout", "share": 0.5},
]


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_value_anywhere_is_taken_or_refused(data: st.DataObject) -> None:
    layer = dict(data.draw(st.sampled_from(SOUND)))
    layer[data.draw(st.sampled_from([*layer, "name", "inputs"]))] = data.draw(ODD)
    keys = {"input": {"size": [8, 8], data.draw(st.sampled_from(["mean", "std", "scale", "name"])): 1}}
    if data.draw(st.booleans()):
        keys["input"][data.draw(st.sampled_from([*keys["input"], "channels"]))] = data.draw(ODD)
    try:
        network = made(layer, **keys)
    except InputError as error:
        event(error.message.split(":")[-1][:20])
    else:
        spec, arrays = spec_of_network(network)
        assert_same_network(made(**json.loads(json.dumps(spec)), arrays=arrays), network)


class TestBegin:
    """Numbers for layers that have none, from whoever knows how many."""

    @staticmethod
    def begun(*layers: Any, **keys: Any) -> tuple[Network, list[tuple[str, list[Any]]]]:
        """A network, and which kind of layer was asked for, with the shapes that it reads."""
        asked: list[tuple[str, list[Any]]] = []

        def begin(layer: Any, reads: Any) -> tuple[Any, dict[str, NDArray[Any]]]:
            asked.append((layer["kind"], list(reads)))
            if layer["kind"] != "dense":
                return layer, {}
            kept = {key: value for key, value in layer.items() if key != "outputs"}
            return kept, {"weights": np.ones((layer["outputs"], reads[0][1]))}

        spec = {"layers": list(layers), "input": {"channels": 2, "size": [4, 6]}, **keys}
        return network_of_spec(NetworkFile(spec, {}), "file", named, begin), asked

    def test_is_told_the_shapes_that_each_layer_reads(self) -> None:
        network, asked = self.begun(
            {"kind": "max_pool", "size": 2},
            {"kind": "max_pool", "size": 2, "inputs": "input"},
            {"kind": "concat", "inputs": ["max_pool1", "max_pool2"]},
            {"kind": "constant", "value": [1, 2, 3]},
            {"kind": "add", "inputs": ["concat1", "constant1"]},
            {"kind": "flatten"},
            {"kind": "dense", "outputs": 5},
        )
        pooled = (1, 2, 2, 3)
        assert asked == [
            ("max_pool", [(1, 2, 4, 6)]),
            ("max_pool", [(1, 2, 4, 6)]),
            ("concat", [pooled, pooled]),
            ("constant", []),
            ("add", [(1, 4, 2, 3), (3,)]),
            ("flatten", [(1, 4, 2, 3)]),
            ("dense", [(1, 24)]),
        ]
        assert network["dense1"].operation.arrays["weights"].shape == (5, 24)

    def test_gives_numbers_that_are_not_in_the_spec_too(self) -> None:
        with pytest.raises(
            InputError, match="layer 'dense1': weights is given twice, in the spec and beside it"
        ):
            self.begun({"kind": "flatten"}, {"kind": "dense", "outputs": 2, "weights": [[1]]})

    @pytest.mark.parametrize(
        ("layer", "says"),
        [
            ({"kind": "relu", "inputs": "later"}, "it reads 'later', which no layer before it gives"),
            ({"kind": "relu", "inputs": []}, r"relu reads 1 value\(s\), 0 are given"),
            ({"kind": "concat", "inputs": []}, r"concat reads at least 1 value\(s\), 0 are given"),
        ],
    )
    def test_is_asked_for_nothing_that_reads_nothing(self, layer: Any, says: str) -> None:
        with pytest.raises(InputError, match=f"^layer '{layer['kind']}1': {says}"):
            self.begun(layer, {"kind": "relu", "name": "later"})
