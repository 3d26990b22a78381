"""Architectures: those with names, what specs without numbers say, and the numbers that are drawn."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import FilterBank, load_filter, load_network
from convtool.errors import InputError
from convtool.io.networks import FORMAT
from convtool.net.evaluation import evaluate
from convtool.net.network import Network
from convtool.net.ops import BatchNorm, Dense
from convtool.net.training.architectures import (
    Architecture,
    architecture_names,
    initialized,
    named_architecture,
)
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Trainer
from tests.net.every_kind import assert_same_network
from tests.net.training.lessons import CLASSES, lines
from tests.tolerances import DEVIATIONS, assert_equal

CONV: dict[str, Any] = {"kind": "conv", "filters": 4, "size": 3}
FLATTEN = {"kind": "flatten"}
REST: list[dict[str, Any]] = [FLATTEN, {"kind": "dense"}, {"kind": "softmax"}]

each_name = pytest.mark.parametrize("name", architecture_names())


def found(name: str) -> FilterBank:
    return load_filter(name)


def begun(
    *layers: dict[str, Any], channels: int = 1, size: tuple[int, int] = (8, 8), seed: int = 0, **keys: Any
) -> Network:
    spec = {"format": FORMAT, "layers": list(layers), **keys}
    return initialized(Architecture(spec, found, "own"), channels, size, CLASSES, seed)


def weights_of(network: Network, layer: str) -> NDArray[np.float32]:
    return network[layer].operation.arrays["weights"]


class TestNamed:
    def test_there_are_two(self) -> None:
        assert architecture_names() == ["deep-cnn", "notes-cnn"]

    @each_name
    @pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 32)])
    def test_each_learns_pictures_of_any_size(self, name: str, channels: int, side: int) -> None:
        data = lines(32, channels=channels, side=side)
        network = initialized(named_architecture(name), channels, (side, side), CLASSES, 0)
        assert network.input.size == (side, side)
        assert network.input.channels == channels
        assert network.classes == CLASSES
        assert network[network.outputs[0]].operation.kind == "softmax"
        trainer = Trainer(network, data, None, Recipe(epochs=3, batch=8))
        losses = [epoch.loss for epoch in trainer.epochs(lambda _: False)]
        assert losses[2] < losses[0]
        assert evaluate(trainer.best(), data).loss < evaluate(network, data).loss

    def test_numbers_that_each_learns(self) -> None:
        """Biases come while it learns: they are 0 at first, and no numbers of their own."""
        notes, deep = (
            initialized(named_architecture(name), 3, (8, 8), CLASSES, 0).parameters
            for name in ("notes-cnn", "deep-cnn")
        )
        assert notes == 16 * 27 + 32 * 16 * 9 + 2 * 32 * 2 * 2
        convolutions = 16 * 27 + 32 * 16 * 9 + 32 * 32 * 9 + 64 * 32 * 9
        norms = 4 * (16 + 32 + 32 + 64)
        assert deep == convolutions + norms + 128 * 64 * 2 * 2 + 2 * 128

    @each_name
    def test_each_is_described(self, name: str) -> None:
        spec = named_architecture(name).spec
        assert spec["name"] == name
        assert len(spec["description"]) > 40


class TestNumbers:
    def test_the_same_seed_draws_the_same(self) -> None:
        layers = [CONV, {"kind": "batch_norm"}, {"kind": "relu"}, CONV, *REST]
        first, again, other = (begun(*layers, seed=seed) for seed in (1, 1, 2))
        assert_same_network(again, first)
        for name in ("conv1", "conv2", "dense1"):
            assert not np.array_equal(weights_of(other, name), weights_of(first, name))
        assert not np.array_equal(weights_of(first, "conv2")[:, :1], weights_of(first, "conv1"))

    @pytest.mark.parametrize(
        ("layers", "name", "reads"),
        [
            ([{**CONV, "filters": 500}], "conv1", 9 * 2),
            ([{**CONV, "filters": 1000, "groups": 2}], "conv1", 9),
            ([FLATTEN, {"kind": "dense", "outputs": 100}, {"kind": "dense"}], "dense1", 8 * 8 * 2),
        ],
    )
    def test_weights_are_normal_with_a_variance_of_2_over_what_is_read(
        self, layers: list[dict[str, Any]], name: str, reads: int
    ) -> None:
        weights = weights_of(begun(*layers, channels=2, seed=3), name).astype(np.float64).ravel()
        normal = weights / sqrt(2 / reads)
        deviation = DEVIATIONS / sqrt(normal.size)
        assert abs(normal.mean()) < deviation
        assert abs((normal**2).mean() - 1) < deviation * sqrt(2)  # the variance of the square is 2
        assert abs((normal**4).mean() - 3) < deviation * sqrt(96)

    def test_there_is_no_bias_but_one_that_is_given(self) -> None:
        network = begun({**CONV, "bias": [1, 2, 3, 4]}, CONV, *REST)
        assert network["conv1"].operation.arrays["bias"].tolist() == [1, 2, 3, 4]
        assert "bias" not in network["conv2"].operation.arrays
        dense = network["dense1"].operation
        assert isinstance(dense, Dense)
        assert dense.bias is None

    def test_batch_normalisation_starts_as_nothing(self) -> None:
        norm = begun(CONV, {"kind": "batch_norm", "epsilon": 0.5}, *REST)["batch_norm1"].operation
        assert isinstance(norm, BatchNorm)
        assert {name: values.tolist() for name, values in norm.arrays.items()} == {
            "scale": [1] * 4,
            "shift": [0] * 4,
            "mean": [0] * 4,
            "variance": [1] * 4,
        }
        assert norm.epsilon == 0.5


class TestSpecs:
    def test_say_how_many_filters_of_what_size(self) -> None:
        layers = [{**CONV, "size": [2, 3]}, {**CONV, "filters": 6, "size": 1, "groups": 2, "stride": 2}]
        network = begun(*layers, FLATTEN, {"kind": "dense", "outputs": 5}, {"kind": "dense"}, channels=3)
        shapes = {
            each.name: weights_of(network, each.name).shape
            for each in network.layers
            if each.operation.arrays
        }
        assert shapes == {"conv1": (4, 3, 2, 3), "conv2": (6, 2, 1, 1), "dense1": (5, 72), "dense2": (2, 5)}
        assert network["conv2"].operation.stride == 2

    def test_may_have_numbers_already(self) -> None:
        weights = [[[[1, 0], [0, -1]]]]
        norm = {"kind": "batch_norm", "scale": [2], "shift": [1], "mean": [0], "variance": [4]}
        dense = {"kind": "dense", "weights": [[0.5] * 49, [1] * 49]}
        network = begun({"kind": "conv", "weights": weights}, norm, FLATTEN, dense)
        assert weights_of(network, "conv1").tolist() == weights
        assert network["batch_norm1"].operation.arrays["variance"].tolist() == [4]
        assert weights_of(network, "dense1")[0].tolist() == [0.5] * 49

    def test_may_name_filters(self) -> None:
        network = begun({"kind": "conv", "weights": ["sobel-x", "sobel-y"]}, CONV, *REST)
        sobel = np.concatenate([found(name).weights for name in ("sobel-x", "sobel-y")])
        assert_equal(weights_of(network, "conv1"), sobel)
        assert weights_of(network, "conv2").shape == (4, 2, 3, 3)

    def test_may_branch(self) -> None:
        network = begun(
            {**CONV, "name": "a", "padding": "same"},
            {**CONV, "name": "b", "inputs": "input", "padding": "same"},
            {"kind": "concat", "inputs": ["a", "b", "input"]},
            {"kind": "constant", "value": 2},
            {"kind": "multiply", "inputs": ["concat1", "constant1"]},
            CONV,
            *REST,
        )
        assert weights_of(network, "conv3").shape == (4, 9, 3, 3)

    @pytest.mark.parametrize(
        ("given", "channels", "size"),
        [
            ({}, 3, (8, 9)),
            ({"size": None}, 3, (8, 9)),
            ({"size": 5}, 3, (5, 5)),
            ({"channels": 1, "size": [5, 6]}, 1, (5, 6)),
        ],
    )
    def test_may_say_which_images_they_read(self, given: Any, channels: int, size: tuple[int, int]) -> None:
        source = begun(CONV, *REST, channels=3, size=(8, 9), input=given).input
        assert (source.channels, source.size) == (channels, size)

    def test_are_of_the_classes_that_are_learned(self) -> None:
        assert begun(CONV, *REST, classes=["other"]).classes == CLASSES

    @pytest.mark.parametrize(
        ("layers", "message"),
        [
            ([{"kind": "conv", "size": 3}], "'conv1': filters is None; it must be a whole number"),
            ([{**CONV, "filters": 0}], "'conv1': filters is 0; it must be a whole number"),
            ([{**CONV, "filters": "8"}], "'conv1': filters is '8'; it must be a whole number"),
            ([{**CONV, "filters": 2.5}], "'conv1': filters is 2.5; it must be a whole number"),
            ([{**CONV, "filters": 2**52, "size": 2**10}], "'conv1': it would learn .* more than any"),
            ([{"kind": "conv", "filters": 3}], r"'conv1': size is None; .*, or a \(y, x\) pair"),
            ([{**CONV, "size": [3, 0]}], r"'conv1': size is \[3, 0\]; it must be"),
            ([{**CONV, "size": "3"}], "'conv1': size is '3'; it must be"),
            ([{**CONV, "size": 20}], "'conv1': the map is 8×8, smaller than the filter's 20×20 window"),
            ([{**CONV, "groups": 2}], r"'conv1': groups is 2; it must divide the 1 channel\(s\)"),
            ([{**CONV, "groups": "2"}], "'conv1': groups is '2'; it must be a whole number"),
            ([CONV, {**CONV, "filters": 6, "groups": 4}], r"'conv2': groups is 4; .* and the 6 filter\(s\)"),
            ([FLATTEN, CONV], "'conv1': it needs maps .*; put it before flatten"),
            ([FLATTEN, {"kind": "dense", "outputs": 0}], "'dense1': outputs is 0; it must be a whole"),
            ([FLATTEN, {"kind": "dense", "outputs": "2"}], "'dense1': outputs is '2'; it must be a whole"),
            ([{"kind": "dense"}], "'dense1': it reads vectors of 64 values, .*; put flatten before it"),
            ([{"kind": "reshape", "to": [-1]}, {"kind": "batch_norm"}], "'batch_norm1': it has numbers"),
            ([{**CONV, "inputs": "nowhere"}], "'conv1': it reads 'nowhere', which no layer"),
            ([{**CONV, "inputs": []}], r"'conv1': conv reads 1 value\(s\), 0 are given; name them"),
            ([{"kind": "relu", "inputs": []}], r"'relu1': relu reads 1 value\(s\), 0 are given"),
            ([{"kind": "concat", "inputs": []}], r"'concat1': concat reads at least 1 value\(s\), 0"),
            ([{"kind": "add", "inputs": ["input"]}], r"'add1': add reads 2 value\(s\), 1 are given"),
            ([CONV, {"kind": "prelu"}], "'prelu1': prelu needs slope"),
        ],
    )  # fmt: skip
    def test_that_are_wrong_are_refused(self, layers: list[dict[str, Any]], message: str) -> None:
        with pytest.raises(InputError, match=f"^layer {message}"):
            begun(*layers, *REST)

    @pytest.mark.parametrize(
        ("layers", "keys", "message"),
        [
            ([], {}, "it has no layers"),
            (
                [FLATTEN, {"kind": "dense", "outputs": 3}],
                {},
                r"it names 2 class\(es\), 'dense1' gives 3 score",
            ),
            ([CONV], {"input": 3}, "input is 3; it is an object"),
            ([CONV], {"input": {"size": [4]}}, r"layer 'input': size is \(4,\)"),
            ([CONV], {"weights": 3}, "unknown key 'weights'"),
        ],
    )
    def test_whose_rest_is_wrong_are_refused(self, layers: Any, keys: Any, message: str) -> None:
        with pytest.raises(InputError, match=f"^{message}"):
            begun(*layers, **keys)


ODD = st.sampled_from(
    [
        True,
        None,
        0,
        -1,
        3.5,
        2**52,
        1e30,
        "",
        "x",
        "3",
        "same",
        "sobel-x",
        [],
        {},
        [1, 2],
        [0],
        [3, 3],
        ["x"],
        [[1]],
    ]
)
SOUND: list[dict[str, Any]] = [
    {**CONV, "stride": 1, "padding": "same", "dilation": 1, "groups": 1, "bias": [0, 0, 0, 0]},
    {"kind": "batch_norm", "epsilon": 0.1},
    {"kind": "reshape", "to": [0, -1]},
    {"kind": "concat", "inputs": ["input", "conv1"]},
    {"kind": "add", "inputs": ["conv1", "conv1"]},
    {"kind": "dense", "outputs": 2},
]


@given(data=st.data())
@settings(max_examples=150)
def test_any_value_anywhere_is_taken_or_refused(data: st.DataObject) -> None:
    layer = dict(data.draw(st.sampled_from(SOUND)))
    layer[data.draw(st.sampled_from([*layer, "name", "inputs"]))] = data.draw(ODD)
    source: dict[str, Any] = {"size": [8, 8]}
    if data.draw(st.booleans()):
        source[data.draw(st.sampled_from(["size", "channels", "scale", "name"]))] = data.draw(ODD)
    try:
        network = begun({**CONV, "padding": "same"}, layer, *REST, input=source)
    except (InputError, MemoryError):
        return
    assert network.classes == CLASSES


@pytest.mark.parametrize("layer", [CONV, {"kind": "conv", "size": 3}, {"kind": "dense", "outputs": 2}])
def test_to_read_an_architecture_as_a_network_says_that_it_is_to_be_trained(
    layer: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"format": FORMAT, "layers": [layer]}))
    key = next(key for key in ("filters", "size", "outputs") if key in layer)
    message = (
        f"own.json: layer '{layer['kind']}1': {key} says how many numbers it will learn, it has none yet; "
    )
    with pytest.raises(InputError, match=f"{message}train it: 'convtool net train DATA --architecture FILE"):
        load_network(path)
