"""ONNX models: every layer as ONNX Runtime has it, and one line for whatever is not understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from convtool.errors import ConvtoolError, InputError
from convtool.net.files import load_network
from convtool.net.network import Network
from convtool.net.onnx_reader import network_of_onnx
from convtool.net.running import run_network
from tests.net.onnx_peer import model_of, run_model
from tests.tolerances import assert_close, assert_equal

ROUNDINGS = 2**9
"""Terms of the largest sum of these models, twice."""


def read(model: ModelProto) -> Network:
    return decoded(model.SerializeToString())


def decoded(data: bytes) -> Network:
    def beside(location: str) -> bytes:
        raise InputError(f"there is no {location}")

    return network_of_onnx(data, "model", beside)


def refused(model: ModelProto, message: str) -> None:
    """One line, and no other exception."""
    with pytest.raises(InputError, match=message) as caught:
        read(model)
    assert "\n" not in str(caught.value)


def check_every_layer(model: ModelProto, images: np.ndarray) -> Network:
    """The model's outputs name what is compared; every other value is left as it comes."""
    network = read(model)
    names = [value.name for value in model.graph.output]
    found = run_network(network, images, names)
    shapes = network.shapes(images.shape[2:], len(images))
    for name, expected in zip(names, run_model(model, {"image": images}), strict=True):
        assert found[name].shape == shapes[name] == expected.shape
        scale = max(1, float(np.abs(expected).max()))
        assert_close(found[name], expected, case="conv", terms=ROUNDINGS, scale=scale)
    return network


def newest_opset() -> int:
    """The newest that both onnx and ONNX Runtime know."""
    opset = onnx.defs.onnx_opset_version()
    images = np.ones((1, 1, 4, 4), np.float32)
    while True:
        try:
            run_model(
                model_of([helper.make_node("Relu", ["image"], ["y"])], {}, opset=opset), {"image": images}
            )
        except Exception:  # of a class of its own, and never for 13
            assert opset > 13
            opset -= 1
        else:
            return opset


RNG = np.random.default_rng(7)


def random(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


class Graph:
    """Nodes one behind the other, and the constants that they read."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def add(self, operator: str, *inputs: str | np.ndarray | None, **attributes: Any) -> str:
        """Append a node and return the name of its output; arrays become initializers."""
        name, names = f"{operator.lower()}{len(self.nodes)}", []
        for place, value in enumerate(inputs):
            if isinstance(value, np.ndarray):
                self.constants[f"{name}.{place}"] = value
            names.append(f"{name}.{place}" if isinstance(value, np.ndarray) else value or "")
        self.nodes.append(helper.make_node(operator, names, [name], **attributes))
        return name

    def model(self, **options: Any) -> ModelProto:
        """The model, every node's value an output of it."""
        return model_of(
            self.nodes, self.constants, **{"outputs": [node.output[0] for node in self.nodes]} | options
        )


def classifier(opset: int) -> ModelProto:
    """A network with every operator whose form changed over time, in the form of an opset."""
    graph = Graph()
    conv = graph.add("Conv", "image", random(6, 3, 3, 3), random(6), pads=[1, 1, 1, 1], strides=[2, 1])
    parts = random(6), random(6), random(6), RNG.uniform(0.5, 2, 6).astype(np.float32)
    norm = graph.add("BatchNormalization", conv, *parts, epsilon=1e-3)
    if opset < 11:
        clipped = graph.add("Clip", norm, min=-1.0, max=2.5)
    else:
        clipped = graph.add("Clip", norm, np.array(-1, np.float32), np.array(2.5, np.float32))
        clipped = graph.add("Clip", clipped, None, np.array(2, np.float32))
    grouped = graph.add("Conv", clipped, random(4, 3, 3, 3), group=2, auto_pad="SAME_UPPER")
    sloped = graph.add("PRelu", grouped, random(4, 1, 1))
    left = graph.add("MaxPool", sloped, kernel_shape=[2, 2], strides=[2, 2])
    right = graph.add("AveragePool", sloped, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    joined = graph.add("Concat", left, right, axis=1)
    if opset < 11:
        padded = graph.add("Pad", joined, pads=[0, 0, 1, 2, 0, 0, 0, 1], mode="reflect")
        padded = graph.add("Pad", padded, pads=[0, 0, 1, 0, 0, 1, 0, 0], value=1.5)
    else:
        padded = graph.add("Pad", joined, np.array([0, 0, 1, 2, 0, 0, 0, 1]), mode="reflect")
        padded = graph.add("Pad", padded, np.array([0, 0, 1, 0, 0, 1, 0, 0]), np.array(1.5, np.float32))
    scales = np.array([1, 1, 2, 3], np.float32)
    if opset < 9:
        larger = graph.add("Upsample", padded, mode="nearest", scales=scales.tolist())
    elif opset < 11:
        larger = graph.add("Upsample" if opset == 9 else "Resize", padded, scales, mode="linear")
    else:
        none = None if opset >= 13 else np.array([], np.float32)
        larger = graph.add("Resize", padded, none, scales, mode="linear")
        larger = graph.add("Resize", larger, none, none, np.array([2, 9, 5, 6]), nearest_mode="floor")
    dropped = graph.add("Dropout", larger, **({"ratio": 0.3} if opset < 12 else {}))
    normal = graph.add("LRN", dropped, size=3, alpha=0.5)
    scores = graph.add("Softmax", normal, axis=1)
    turned = graph.add("Transpose", scores, perm=[0, 2, 1, 3])
    shaped = graph.add("Reshape", turned, np.array([0, -1]))
    graph.add("Softmax", shaped)
    pooled = graph.add("GlobalAveragePool", graph.add("LeakyRelu", larger, alpha=0.2))
    vectors = graph.add("Flatten", graph.add("Mul", pooled, graph.add("GlobalMaxPool", larger)))
    dense = graph.add("Gemm", vectors, random(9, 5), random(5), alpha=0.5, beta=2.0)
    dense = graph.add("MatMul", dense, random(5, 4))
    graph.add("Tanh", graph.add("Sigmoid", graph.add("Add", dense, random(4))))
    return graph.model(shape=(None, 3, 13, 10), opset=opset)


@pytest.mark.parametrize("opset", [7, 8, 9, 10, 11, 12, 13, newest_opset()])
def test_every_layer_is_that_of_onnx_runtime(opset: int) -> None:
    network = check_every_layer(classifier(opset), random(2, 3, 13, 10))
    assert (network.name, network.input.name, network.input.channels) == ("model", "image", 3)
    assert network.input.size == (13, 10)


@pytest.mark.parametrize(
    ("pool", "attributes"),
    [
        ("MaxPool", {"ceil_mode": 1, "strides": [2, 2]}),
        ("MaxPool", {"dilations": [2, 1]}),
        ("MaxPool", {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ("MaxPool", {"auto_pad": "VALID"}),
        ("AveragePool", {"count_include_pad": 1, "pads": [1, 2, 0, 1]}),
        ("AveragePool", {"pads": [1, 2, 0, 1], "ceil_mode": 1, "strides": [2, 2]}),
        ("AveragePool", {}),
    ],
)
def test_every_form_of_a_pool(pool: str, attributes: dict[str, Any]) -> None:
    graph = Graph()
    graph.add(pool, "image", kernel_shape=[3, 3], **attributes)
    check_every_layer(graph.model(shape=(1, 2, 8, 9)), random(1, 2, 8, 9))


GEMM_BIASES = [None, (), (1,), (5,), (1, 5), (1, 1), (5, 1), (5, 5)]


@pytest.mark.parametrize("bias", GEMM_BIASES, ids=str)
@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize("turned_weights", [0, 1])
def test_every_form_of_gemm(bias: tuple[int, ...] | None, turned: int, turned_weights: int) -> None:
    graph = Graph()
    vectors = graph.add("Reshape", "image", np.array([4, 5] if turned else [5, 4]))
    weights, added = (
        random(5, 4) if turned_weights else random(4, 5),
        () if bias is None else (random(*bias),),
    )
    graph.add("Gemm", vectors, weights, *added, alpha=0.5, beta=-2.0, transA=turned, transB=turned_weights)
    check_every_layer(graph.model(shape=(1, 1, 5, 4)), random(1, 1, 5, 4))


@pytest.mark.parametrize("slope", [(), (1,), (4,), (3, 1, 1), (1, 3, 1, 1), (5, 4), (3, 5, 4)], ids=str)
def test_every_form_of_prelu(slope: tuple[int, ...]) -> None:
    graph = Graph()
    graph.add("PRelu", "image", random(*slope))
    check_every_layer(graph.model(shape=(2, 3, 5, 4)), random(2, 3, 5, 4))


def test_constants_are_read_wherever_they_stand() -> None:
    """In initializers, in Constant nodes of each form, in what a layer reads as a value."""
    graph = Graph()
    graph.nodes = [
        helper.make_node("Constant", [], ["shift"], value=numpy_helper.from_array(random(2, 1, 1))),
        helper.make_node("Constant", [], ["factor"], value_float=2.5),
        helper.make_node("Constant", [], ["offsets"], value_floats=[1.0, -2.0, 3.0, 4.0]),
        helper.make_node("Constant", [], ["shape"], value_ints=[0, 2, -1]),
    ]
    graph.add("Add", "shift", "image")
    graph.add("Mul", graph.nodes[-1].output[0], "factor")
    graph.add("Add", graph.nodes[-1].output[0], "offsets")
    graph.add("Mul", graph.nodes[-1].output[0], random(1, 2, 1, 1))
    graph.add("Concat", graph.nodes[-1].output[0], random(1, 3, 3, 4), "image", axis=1)
    graph.add("Identity", graph.nodes[-2].output[0])
    graph.add("Reshape", graph.nodes[-1].output[0], "shape")
    outputs = [node.output[0] for node in graph.nodes if node.op_type != "Constant"]
    network = check_every_layer(graph.model(shape=(1, 2, 3, 4), outputs=outputs), random(1, 2, 3, 4))
    kinds = [layer.operation.kind for layer in network.layers]
    assert kinds == [
        *("constant", "add", "constant", "multiply", "constant", "add", "constant", "multiply"),
        *("constant", "concat", "identity", "reshape"),
    ]


def test_a_constant_that_two_layers_read_is_there_once() -> None:
    graph = Graph()
    graph.constants["shift"] = random(1, 1, 1)
    graph.add("Add", graph.add("Add", "image", "shift"), "shift")
    network = check_every_layer(graph.model(), random(1, 1, 4, 4))
    assert [layer.name for layer in network.layers] == ["shift", "add0", "add1"]


def test_weights_of_other_types_become_float32() -> None:
    for dtype in (np.float16, np.float64, np.int8, np.int64):
        weights = np.array([[[[1, -2], [3, 4]]]], dtype)
        model = model_of([helper.make_node("Conv", ["image", "w"], ["y"])], {"w": weights})
        assert_equal(read(model)["y"].operation.arrays["weights"], weights.astype(np.float32))


def test_an_initializer_that_is_also_an_input_is_no_input() -> None:
    """As in models of before opset 9, where every initializer was listed so."""
    graph = Graph()
    graph.add("Conv", "image", random(1, 1, 3, 3))
    model = graph.model()
    model.graph.input.insert(0, helper.make_tensor_value_info("conv0.1", TensorProto.FLOAT, (1, 1, 3, 3)))
    check_every_layer(model, random(1, 1, 4, 4))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 1, 4, 6), (4, 6)), (("batch", 1, "height", "width"), None), ((None, 1, 4, None), None)],
)
def test_the_size_of_the_input_may_be_left_open(shape: tuple[Any, ...], size: Any) -> None:
    graph = Graph()
    graph.add("Relu", "image")
    assert read(graph.model(shape=shape)).input.size == size


# Metadata


def with_metadata(**entries: str) -> ModelProto:
    graph = Graph()
    graph.add("Relu", "image")
    model = graph.model(shape=(1, 3, 4, 4))
    helper.set_model_props(model, {f"convtool.{key}": value for key, value in entries.items()})
    return model


def test_metadata_say_how_values_are_scaled_what_the_scores_are_of_and_what_was_noted() -> None:
    network = read(
        with_metadata(
            input=json.dumps({"scale": 0.5, "mean": [1, 2, 3], "std": 4}),
            classes=json.dumps(["cat", "dog"]),
            description='"which animal it is"',
            meta='{"seed": 7, "epochs": [0.5, null]}',
        )
    )
    assert (network.input.scale, network.input.mean, network.input.std) == (0.5, (1, 2, 3), (4,))
    assert network.classes == ("cat", "dog")
    assert (network.description, network.meta) == ("which animal it is", {"seed": 7, "epochs": [0.5, None]})
    plain = read(with_metadata())
    assert (plain.input.scale, plain.input.mean, plain.input.std, plain.classes) == (1, (0,), (1,), None)
    assert (plain.description, plain.meta) == (None, None)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"input": "{"}, "its metadata 'convtool.input' is no JSON; remove it"),
        ({"input": "[" * 100_000}, "its metadata 'convtool.input' is no JSON; remove it"),
        ({"input": "[]"}, "its metadata 'convtool.input' is not understood; remove it"),
        ({"input": '{"size": 3}'}, "its metadata 'convtool.input' is not understood; remove it"),
        ({"input": '{"scale": "1"}'}, "scale is '1'; it must be a number"),
        ({"input": '{"scale": null}'}, "scale is None; it must be a number"),
        ({"input": '{"mean": "black"}'}, "mean is 'black'; give a number"),
        ({"input": '{"mean": null}'}, "mean is None; give a number"),
        ({"input": '{"mean": [1, 2]}'}, r"mean is \(1, 2\); give a number, or one for each of 3"),
        ({"input": '{"mean": [[1], 2, 3]}'}, "mean is .*; give a number, or one for each of 3"),
        ({"input": '{"mean": NaN}'}, "mean is nan; give a number"),
        ({"input": '{"mean": {}}'}, "mean is {}; give a number"),
        ({"input": '{"std": 0}'}, r"std is \(0,\); it must be above 0"),
        ({"input": '{"std": 1' + "0" * 5000 + "}"}, "no JSON|must be"),
        ({"classes": "3"}, "its metadata 'convtool.classes' is no list of names; remove it"),
        ({"classes": "[3]"}, "its metadata 'convtool.classes' is no list of names; remove it"),
        ({"classes": "cat"}, "its metadata 'convtool.classes' is no JSON; remove it"),
        ({"description": "a cat"}, "its metadata 'convtool.description' is no JSON; remove it"),
        ({"description": "[]"}, "its metadata 'convtool.description' is no text; remove it"),
        ({"meta": "null"}, "its metadata 'convtool.meta' is no object; remove it"),
        ({"meta": '{"a": [NaN]}'}, "it holds nan; every number must be finite"),
        (
            {"meta": '{"a":' * 200 + "1" + "}" * 200},
            "it holds lists or objects that are nested more than 100",
        ),
    ],
)
def test_metadata_that_are_not_understood_are_refused(entries: dict[str, str], message: str) -> None:
    refused(with_metadata(**entries), message)


# What is refused


def one_node(
    operator: str, *inputs: np.ndarray | str | None, opset: int = 13, **attributes: Any
) -> ModelProto:
    graph = Graph()
    graph.add(operator, "image", *inputs, **attributes)
    return graph.model(opset=opset, shape=(1, 2, 8, 8))


WEIGHTS = np.ones((4, 2, 3, 3), np.float32)
ONES = np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (one_node("Conv", "image"), "layer 'conv0': Conv computes its weights while it runs; convtool takes"),
        (
            one_node("Conv", WEIGHTS[0]),
            r"layer 'conv0': Conv has weights of shape \(2, 3, 3\); convtool conv",
        ),
        (one_node("Conv", WEIGHTS * np.nan), "layer 'conv0': weights hold nan at"),
        (one_node("Conv", WEIGHTS.astype("f8") * 1e300), "layer 'conv0': weights hold inf at"),
        (one_node("Conv", WEIGHTS[:0]), "layer 'conv0': weights have shape .*; a filter holds at least one"),
        (one_node("Conv", WEIGHTS, ONES), r"layer 'conv0': bias has shape \(2,\) for 4 filter"),
        (one_node("Conv", WEIGHTS, strides=[0, 1]), r"layer 'conv0': stride is \(0, 1\); it must be"),
        (one_node("Conv", WEIGHTS, strides=[-2, 1]), r"layer 'conv0': stride is \(-2, 1\); it must be"),
        (one_node("Conv", WEIGHTS, dilations=[0, 1]), r"layer 'conv0': dilation is \(0, 1\); it must be"),
        (one_node("Conv", WEIGHTS, group=0), "layer 'conv0': groups is 0; it must be"),
        (one_node("Conv", WEIGHTS, strides=[1]), r"Conv has strides \[1\]; convtool works on images"),
        (one_node("Conv", WEIGHTS, pads=[1, 1]), r"Conv has pads \[1, 1\]; convtool works on images"),
        (one_node("Conv", WEIGHTS, pads=[-1, 0, 0, 0]), "layer 'conv0': padding is"),
        (one_node("Conv", WEIGHTS, auto_pad="SOME"), "Conv has auto_pad 'SOME', which ONNX does not know"),
        (one_node("Conv", WEIGHTS, strides=2), "layer 'conv0': the ONNX model is damaged"),
        (one_node("Conv", WEIGHTS, strides="ab"), "layer 'conv0': the ONNX model is damaged"),
        (one_node("MaxPool", kernel_shape=[0, 2]), r"layer 'maxpool0': kernel_size is \(0, 2\); it must be"),
        (one_node("MaxPool", kernel_shape=[2, 2], pads=[2, 0, 0, 0]), "layer 'maxpool0': padding is"),
        (
            one_node("MaxPool", kernel_shape=[2, 2, 2]),
            r"MaxPool has kernel_shape \[2, 2, 2\]; convtool works",
        ),
        (one_node("AveragePool", kernel_shape=[2, 2], strides=[0, 0]), "stride is"),
        (one_node("BatchNormalization", ONES, ONES, ONES, -ONES), "variance and epsilon sum to 0 or less"),
        (one_node("BatchNormalization", ONES, ONES, ONES, ONES[:1]), "its arrays differ in length"),
        (one_node("BatchNormalization", *[ONES] * 4, spatial=0, opset=8), "not over rows and columns"),
        (one_node("BatchNormalization", *[ONES] * 4, training_mode=1, opset=14), "in training mode"),
        (one_node("BatchNormalization", ONES, ONES, ONES), "computes its variance while it runs"),
        (one_node("LRN"), "layer 'lrn0': size is 0; it must be"),
        (one_node("Reshape", np.array([-1, -1])), r"to is \[-1, -1\]; at most one size may be -1"),
        (one_node("Reshape", "image"), "Reshape computes its shape while it runs"),
        (one_node("MatMul", ONES), r"weights has shape \(2,\); it must have 2 axes"),
        (one_node("Gemm", WEIGHTS), r"Gemm has a second matrix of shape \(4, 2, 3, 3\); it must have two"),
        (one_node("Gemm", np.ones((2, 3), np.float32), alpha=np.inf), "weights holds NaN or infinity"),
        (one_node("Pad", np.array([1, 2, 3])), r"before is \(1,\), after \(2, 3\); give one number an axis"),
        (one_node("Pad", np.array([1] * 8), mode="mirror"), "mode is 'mirror'; choose one of constant"),
        (
            one_node("Pad", np.array([1, 1]), None, np.array([9]), opset=18),
            "Pad names axis 9; maps have four",
        ),
        (one_node("Pad", np.array([1, 1]), None, np.array([1, 2]), opset=18), "layer 'pad0': "),
        (
            one_node("Resize", None, np.ones(4, np.float32), mode="cubic"),
            "Resize has mode 'cubic'; nearest and",
        ),
        (one_node("Resize", None, np.array([1, 2, 1, 1], np.float32)), "rows and columns can be resized"),
        (one_node("Resize"), "rows and columns can be resized"),
        (
            one_node("Resize", None, np.array([1, 1, 0, 1], np.float32)),
            r"scale is .*; it must be a number above",
        ),
        (one_node("Resize", None, None, np.array([1, 2, 0, 4])), r"size is \(0, 4\); it must be"),
        (
            one_node(
                "Resize", None, np.ones(4, np.float32), coordinate_transformation_mode="tf_crop_and_resize"
            ),
            "coordinates is 'tf_crop_and_resize'; choose one of",
        ),
        (one_node("Upsample", opset=9), "rows and columns can be resized"),
        (
            one_node("Dropout", np.array(0.5, "f4"), np.array(True)),
            "Dropout in training mode is not supported",
        ),
        (one_node("Transpose", perm=[0, 0, 1, 2]), r"axes is \[0, 0, 1, 2\]; name every axis from 0 on once"),
        (one_node("Clip", "image"), "Clip computes its min while it runs"),
        (one_node("PRelu", ONES * np.inf), "slope holds NaN or infinity"),
        (one_node("Relu", "image"), r"layer 'relu0': relu reads 1 value\(s\), 2 are given"),
        (one_node("Add"), r"layer 'add0': add reads 2 value\(s\), 1 are given"),
        (one_node("Add", ONES * np.nan), "value holds NaN or infinity"),
        (one_node("Add", np.array(["a", "b"])), "it holds .*, no numbers"),
        (one_node("Add", "nowhere"), "layer 'add0' reads 'nowhere', which no layer gives"),
        (one_node("LeakyRelu", alpha=float("nan")), "layer 'leakyrelu0': slope is nan; it must be a number"),
        (one_node("Softmax", axis="x"), "layer 'softmax0': the ONNX model is damaged"),
    ],
)
def test_what_a_node_cannot_be_is_refused_with_its_name(model: ModelProto, message: str) -> None:
    refused(model, message)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (one_node("Conv", WEIGHTS, group=3), "layer 'conv0': groups is 3; it must divide the 2 channel"),
        (
            one_node("Conv", WEIGHTS[:, :1]),
            r"layer 'conv0': its input has 2 channel\(s\), its filters read 1",
        ),
        (
            one_node("MaxPool", kernel_shape=[9, 9]),
            "layer 'maxpool0': the map is 8×8, smaller than the pool's",
        ),
        (one_node("Reshape", np.array([5, -1])), "layer 'reshape0': its input 1×2×8×8 holds 128 values"),
        (one_node("Transpose", perm=[1, 0]), "layer 'transpose0': axes is"),
        (one_node("MatMul", np.ones((8, 2), np.float32)), "layer 'matmul0': it reads vectors of 8 values"),
        (one_node("Softmax", axis=4), "layer 'softmax0': axis is 4, its input has 4 axes"),
        (one_node("Pad", np.array([2**50] * 8)), "layer 'pad0': its output would be"),
        (one_node("Resize", None, np.array([1, 1, 0.01, 1], np.float32)), "layer 'resize0': of its input"),
    ],
)
def test_shapes_that_do_not_chain_are_refused_when_the_file_is_read(
    model: ModelProto, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_all_operators_that_are_not_understood_are_told_at_once() -> None:
    graph = Graph()
    graph.add("Erf", graph.add("Relu", graph.add("Cos", "image")))
    model = graph.model()
    model.graph.node.append(helper.make_node("Gelu", ["image"], ["z"], domain="com.microsoft"))
    refused(
        model, "^it uses Cos, Erf, com.microsoft.Gelu, which convtool does not run; supported are Constant"
    )


def test_inputs_of_a_model() -> None:
    model = one_node("Relu")
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, (1, 2, 8, 8)))
    refused(model, r"it has 2 inputs \(image, mask\); a network reads one image")
    del model.graph.input[:]
    refused(model, r"it has 0 inputs \(\); a network reads one image")


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((1, 2, 8), "1×2×8"),
        ((1, "channels", 8, 8), r"1×\?×8×8"),
        ((8,), "8"),
        ((), "of unknown shape"),
        ((1, 2, -8, 8), "1×2×-8×8"),
    ],
)
def test_an_input_is_images_of_known_channels(shape: tuple[Any, ...], told: str) -> None:
    graph = Graph()
    graph.add("Relu", "image")
    refused(graph.model(shape=shape), f"its input 'image' is {told}; a network reads images")


def test_nodes_are_in_order() -> None:
    first, second = helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])
    refused(model_of([first, second], {}), "layer 'a' reads 'b', which stands behind it or reads it in turn")
    late = [helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["image"], ["b"])]
    refused(model_of(late, {}), "layer 'a' reads 'b', which stands behind it")


def test_names_are_given_once() -> None:
    twice = [helper.make_node("Relu", ["image"], ["a"]), helper.make_node("Tanh", ["image"], ["a"])]
    refused(model_of(twice, {}), "the name 'a' is given twice")


def test_only_first_outputs_are_understood_if_others_are_read() -> None:
    pool = helper.make_node("MaxPool", ["image"], ["a", "places"], kernel_shape=[2, 2])
    assert read(model_of([pool], {}))["a"].operation.kind == "max_pool"
    refused(model_of([pool], {}, outputs=["a", "places"]), "layer 'a': MaxPool gives places too; only first")


def test_outputs_are_layers() -> None:
    graph = Graph()
    graph.add("Relu", "image")
    refused(graph.model(outputs=["scores"]), "the output 'scores' is no layer; its layers are relu0")


@pytest.mark.parametrize("opset", [1, 6])
def test_old_operators_are_refused(opset: int) -> None:
    refused(one_node("Relu", opset=opset), f"its operators are of opset {opset}; 7 or newer are understood")


def test_no_layers_and_no_opset_are_no_model() -> None:
    model = one_node("Relu")
    del model.graph.node[:]
    refused(model, "not an ONNX model, or one without layers; export it again")
    model = one_node("Relu")
    del model.opset_import[:]
    refused(model, "not an ONNX model, or one without layers")
    with pytest.raises(InputError, match="not an ONNX model"):
        decoded(b"")


def test_sparse_weights_are_refused() -> None:
    model = one_node("Relu")
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            numpy_helper.from_array(ONES, "sparse"), numpy_helper.from_array(np.array([0, 3])), (4,)
        )
    )
    refused(model, "it has sparse weights; export it with dense ones")


def test_an_initializer_of_no_numbers_is_refused() -> None:
    model = one_node("Conv", WEIGHTS)
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]
    refused(model, "^layer 'conv0.1': the ONNX model is damaged")


# External data


@pytest.fixture
def external(tmp_path: Path) -> Callable[..., Path]:
    """A model whose weights lie in a file beside it, and where it says they do."""

    def saved(location: str = "weights.bin", **entries: Any) -> Path:
        model = one_node("Conv", WEIGHTS * np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1))
        tensor = model.graph.initializer[0]
        numbers = tensor.raw_data
        (tmp_path / "weights.bin").write_bytes(b"some" + numbers)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, "offset": 4, "length": len(numbers), **entries}.items():
            tensor.external_data.add(key=key, value=str(value))
        path = tmp_path / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return saved


def test_numbers_beside_the_model_are_read(external: Callable[..., Path]) -> None:
    path = external()
    weights = load_network(path)["conv0"].operation.arrays["weights"]
    assert_equal(weights, WEIGHTS * np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1))
    images = random(1, 2, 8, 8)
    found = run_network(load_network(path), images)["conv0"]
    whole = onnx.load(path)
    assert_close(found, run_model(whole, {"image": images})[0], case="conv", terms=36, scale=200)


def test_numbers_in_a_folder_beside_the_model_are_read(external: Callable[..., Path], tmp_path: Path) -> None:
    path = external("data/weights.bin")
    (tmp_path / "data").mkdir()
    (tmp_path / "weights.bin").rename(tmp_path / "data" / "weights.bin")
    assert load_network(path)["conv0"].operation.arrays["weights"].max() == 3


@pytest.mark.parametrize(
    "location",
    [
        "../weights.bin",
        "a/../../weights.bin",
        "/etc/hostname",
        "",
        "weights\0.bin",
        "link.bin",
        "linked/w.bin",
    ],
)
def test_numbers_elsewhere_are_not_read(external: Callable[..., Path], location: str, tmp_path: Path) -> None:
    path = external(location)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "w.bin").write_bytes(bytes(1000))
    (tmp_path / "link.bin").symlink_to(outside / "w.bin")
    (tmp_path / "linked").symlink_to(outside)
    with pytest.raises(InputError, match=r"layer 'conv0.1': .*only files beside it are read, and no links"):
        load_network(path)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            {"location": "others.bin"},
            "names the file 'others.bin', which is not there; put it beside model.onnx",
        ),
        ({"location": "."}, "only files beside|not there"),
        ({"offset": 8}, "its numbers lie beyond the end of weights.bin; copy that file whole"),
        ({"offset": -4}, "its numbers lie beyond the end of weights.bin"),
        ({"offset": 2**70}, "its numbers lie beyond the end of weights.bin"),
        ({"offset": "x"}, "the ONNX model is damaged"),
    ],
)
def test_numbers_that_are_not_there_are_missed(
    external: Callable[..., Path], entries: dict[str, Any], message: str
) -> None:
    path = external(**entries)
    with pytest.raises(InputError, match=rf"layer 'conv0.1': .*{message}"):
        load_network(path)


def test_more_numbers_than_any_file_holds_are_missed(external: Callable[..., Path]) -> None:
    path = external()
    model = onnx.load(path, load_external_data=False)
    for dims in ([2**62, 2**62], [-1, 2, 3, 3], [5, 2, 3, 3]):
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)
        path.write_bytes(model.SerializeToString())
        with pytest.raises(InputError, match=r"model.onnx: layer 'conv0.1': "):
            load_network(path)


# Damage


SOUND = classifier(13).SerializeToString()


MOST_CELLS = 10**6
"""Values of a network that is run here: a damaged one may pad an image to any size."""


def survives(data: bytes) -> None:
    """It is refused, or it is a network that runs, and gives what its shapes say."""
    with suppress(ConvtoolError):
        network = decoded(data)
        size = network.input.size or (13, 10)
        shapes = network.shapes(size)
        if sum(map(prod, shapes.values())) < MOST_CELLS:
            images = np.ones((1, network.input.channels, *size), np.float32)
            for name, value in run_network(network, images, list(shapes)).items():
                assert value.shape == shapes[name]


@given(length=st.integers(0, len(SOUND) - 1))
@settings(max_examples=60)
def test_a_model_cut_off_is_no_traceback(length: int) -> None:
    survives(SOUND[:length])


@given(data=st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_no_traceback(data: bytes) -> None:
    survives(data)
    survives(b"\x08\x09" + data)


def graph_bytes() -> Iterator[int]:
    """Places of bytes that are no weights: all there is to go wrong."""
    weights = [tensor.raw_data for tensor in classifier(13).graph.initializer if len(tensor.raw_data) > 64]
    covered = np.zeros(len(SOUND), bool)
    for numbers in weights:
        start = SOUND.find(numbers)
        covered[start : start + len(numbers)] = start >= 0
    return iter(np.flatnonzero(~covered).tolist())


PLACES = list(graph_bytes())


@given(
    changes=st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 255)), min_size=1, max_size=3),
    dropped=st.none() | st.tuples(st.sampled_from(PLACES), st.integers(1, 8)),
)
@settings(max_examples=300)
def test_a_model_with_bytes_changed_is_no_traceback(
    changes: list[tuple[int, int]], dropped: tuple[int, int] | None
) -> None:
    data = bytearray(SOUND)
    for place, byte in changes:
        data[place] = byte
    if dropped is not None:
        del data[dropped[0] : sum(dropped)]
    survives(bytes(data))
