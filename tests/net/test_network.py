"""Networks as data: what is checked when one is made, and the shapes that go through it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convtool import FilterBank
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.net.network import Input, Layer, Network, brief, naming
from convtool.net.ops import (
    Add,
    Concat,
    Constant,
    Conv,
    Dense,
    Flatten,
    MaxPool,
    Multiply,
    Operation,
    Pad,
    Relu,
)
from tests.tolerances import assert_equal, assert_near, assert_same_bytes


def network(*layers: tuple[str, Operation, tuple[str, ...]], **options: Any) -> Network:
    made = tuple(Layer(*layer) for layer in layers)
    return Network("net", **{"input": Input(), "layers": made, "outputs": (made[-1].name,)} | options)


CONV = Conv(FilterBank(np.ones((4, 1, 3, 3)), np.ones(4)))
CHAIN = (
    ("conv", CONV, ("input",)),
    ("relu", Relu(), ("conv",)),
    ("pool", MaxPool(2), ("relu",)),
    ("flat", Flatten(), ("pool",)),
    ("dense", Dense(np.ones((10, 36))), ("flat",)),
)


def test_shapes_are_those_of_every_value() -> None:
    assert network(*CHAIN).shapes((8, 9), 2) == {
        "input": (2, 1, 8, 9),
        "conv": (2, 4, 6, 7),
        "relu": (2, 4, 6, 7),
        "pool": (2, 4, 3, 3),
        "flat": (2, 36),
        "dense": (2, 10),
    }


def test_what_it_takes_to_compute_some_values() -> None:
    branched = network(*CHAIN, ("aside", Relu(), ("pool",)), ("both", Add(), ("pool", "aside")))
    assert branched.needed(["pool"]) == {"input", "conv", "relu", "pool"}
    assert branched.needed({"both"}) == {"input", "conv", "relu", "pool", "aside", "both"}
    assert branched.needed(("input",)) == {"input"}


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((2, 9), "^layer 'conv': the map is 2×9, smaller than the filter's 3×3 window"),
        ((3, 9), "^layer 'pool': the map is 1×7, smaller than the pool's 2×2 window"),
        ((9, 10), "^layer 'dense': it reads vectors of 36 values, its input is 1×48$"),
    ],
)
def test_where_shapes_do_not_chain_the_layer_is_named(size: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        network(*CHAIN).shapes(size)


def test_options_that_fit_no_layer_are_bad_input_in_a_network() -> None:
    grouped = network(("conv", Conv(FilterBank(np.ones((4, 1, 3, 3))), groups=3), ("input",)))
    with pytest.raises(InputError, match="layer 'conv': groups is 3; it must divide"):
        grouped.shapes((9, 9))


def test_a_shape_beyond_any_memory_is_refused_before_it_is_computed_with() -> None:
    vast = network(("pad", Pad((2**40, 2**40), (0, 0)), ("input",)), ("pool", MaxPool(2), ("pad",)))
    with pytest.raises(InputError, match=r"layer 'pad': its output would be 1×1×.*, more than any memory"):
        vast.shapes((8, 8))


@pytest.mark.parametrize(
    ("noted", "message"),
    [
        ({"meta": {"loss": [float("nan")]}}, "^it holds nan; every number must be finite in float32$"),
        ({"meta": {"entropy": 2**127}}, "^it holds 1701.*; whole numbers end at 9007199254740992$"),
        ({"meta": {"mean": np.float32(1)}}, "^it holds .*, no text, number, list or object of JSON$"),
        ({"description": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_notes_that_no_file_can_hold_are_refused(noted: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        network(*CHAIN, **noted)


def test_parameters_are_all_numbers_that_were_learned() -> None:
    assert network(*CHAIN).parameters == 4 * 9 + 4 + 360


def test_a_layer_is_found_by_its_name() -> None:
    found = network(*CHAIN)
    assert found["pool"] is found.layers[2]
    with pytest.raises(ArgumentError, match="there is no layer 'pol'; net has conv, relu, pool, flat, dense"):
        found["pol"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [("a", Relu(), ("input",)), ("a", Relu(), ("a",))],
            "the name 'a' is given twice; every layer needs",
        ),
        ([("input", Relu(), ("input",))], "the name 'input' is given twice"),
        ([("a", Relu(), ("b",))], "layer 'a' reads 'b', which no layer gives"),
        ([("a", Relu(), ("a",))], "layer 'a' reads 'a', which stands behind it or reads it in turn; a layer"),
        (
            [("a", Add(), ("input", "b")), ("b", Relu(), ("a",))],
            "layer 'a' reads 'b', which stands behind it or reads it in turn",
        ),
        ([("a", Relu(), ())], r"layer 'a': relu reads 1 value\(s\), 0 are given"),
        ([("a", Relu(), ("input", "input"))], r"layer 'a': relu reads 1 value\(s\), 2 are given"),
        ([("a", Add(), ("input",))], r"layer 'a': add reads 2 value\(s\), 1 are given"),
        ([("a", Multiply(), ("input",) * 3)], r"layer 'a': multiply reads 2 value\(s\), 3 are given"),
        ([("a", Concat(), ())], r"layer 'a': concat reads at least 1 value\(s\), 0 are given"),
        ([("a", Constant([1]), ("input",))], "layer 'a': constant reads .*, 1 are given"),
    ],
)
def test_a_graph_that_cannot_be_walked_is_refused(
    layers: list[tuple[str, Operation, tuple[str, ...]]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        network(*layers)


def test_a_network_has_layers() -> None:
    with pytest.raises(InputError, match="it has no layers; a network has at least one"):
        Network("net", Input(), (), ())


def test_an_output_is_a_layer() -> None:
    with pytest.raises(
        InputError, match="the output 'scores' is no layer; its layers are conv, relu, pool, "
    ):
        network(*CHAIN, outputs=("scores",))
    assert network(*CHAIN, outputs=("pool", "input")).outputs == ("pool", "input")


def test_a_concat_may_read_one_value_or_many() -> None:
    for count in (1, 5):
        joined = network(("all", Concat(), ("input",) * count))
        assert joined.shapes((2, 2))["all"] == (1, count, 2, 2)


def test_the_first_of_many_names_are_told() -> None:
    assert brief("abcdefgh") == "a, b, c, d, e, f, g, h"
    assert brief("abcdefghi") == "a, b, c, d, e, f, g, h, … (9 in all)"


@pytest.mark.parametrize(
    ("error", "kind"), [(ArgumentError, InputError), (InputError, InputError), (LimitError, LimitError)]
)
def test_a_fault_is_given_the_name_of_its_layer(error: type[Exception], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^weights.bin: layer 'conv1': too large$"), naming("conv1"):
        raise error("too large", "weights.bin")


def test_input_is_scaled_before_mean_and_deviation() -> None:
    values = np.array([[[0, 255]], [[51, 102]]], np.float32)
    scaled = Input(channels=2, scale=1 / 255, mean=(0.5, 0.2), std=(0.5, 0.1)).scaled(values)
    assert scaled.dtype == np.float32
    assert_near(scaled, [[[-1, 1]], [[0, 2]]])
    assert_near(Input(channels=2, mean=(51.0,), std=(2.0,)).scaled(values), (values - 51) / 2)
    assert_near(Input(channels=2, scale=3).scaled(values), values * 3)


def test_input_that_needs_no_scaling_is_left_as_it_is() -> None:
    values = np.array([[[1e-45, -0.0]]], np.float32)
    assert_same_bytes(Input().scaled(values), values)


def test_a_number_for_all_channels_needs_no_tuple() -> None:
    values = np.ones((3, 2, 2), np.float32)
    source = Input(channels=3, mean=0.25, std=0.5)
    assert (source.mean, source.std) == ((0.25,), (0.5,))
    assert_equal(source.scaled(values), np.full((3, 2, 2), 1.5))
    assert Input(channels=3, mean=[1, 2, 3]).mean == (1, 2, 3)


def test_a_size_given_once_is_rows_and_columns() -> None:
    assert Input(size=28).size == (28, 28)
    assert Input(size=[28, 32]).size == (28, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "channels is 0; it must be a whole number of at least 1"),
        ({"size": (0, 4)}, r"size is \(0, 4\); it must be a whole number of at least 1"),
        ({"scale": "1"}, "scale is '1'; it must be a number"),
        ({"scale": np.inf}, "scale is inf; it must be a number"),
        ({"mean": (1, 2)}, r"mean is \(1, 2\); give a number, or one for each of 3 channel\(s\)"),
        ({"mean": (np.nan,)}, r"mean is \(nan,\); give a number"),
        ({"mean": ("1",)}, r"mean is \('1',\); give a number"),
        ({"mean": "black"}, "mean is 'black'; give a number"),
        ({"mean": None}, "mean is None; give a number"),
        ({"std": {"a": 1}}, "std is {'a': 1}; give a number"),
        ({"std": ()}, r"std is \(\); give a number"),
        ({"std": (1, 0, 1)}, r"std is \(1, 0, 1\); it must be above 0"),
        ({"std": -1}, r"std is \(-1,\); it must be above 0"),
    ],
)
def test_an_input_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Input(**{"channels": 3} | options)
