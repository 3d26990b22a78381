"""Running: the same values whoever else is asked for, and errors that name the layer."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.errors import ArgumentError, InputError
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.running import memory_of, run_network
from tests.net.graphs import networks, one_by_one, wanted_of
from tests.tolerances import assert_close, assert_equal, assert_same_bytes

ROUNDINGS = 160
"""A folded factor rounds each weight once more, and every layer sums in its own order: 1e-5 in all."""


def chain(*operations: ops.Operation, channels: int = 1) -> Network:
    names = ["input", *(f"{each.kind}{n}" for n, each in enumerate(operations))]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", Input(channels=channels), tuple(layers), (layers[-1].name,))


@given(data=st.data())
@settings(max_examples=150)
def test_values_are_those_of_the_layers_one_by_one(data: st.DataObject) -> None:
    network, images = data.draw(networks())
    wanted = data.draw(wanted_of(network))
    unchanged = images.copy()
    found = run_network(network, images, wanted)
    assert tuple(found) == (wanted or network.outputs)
    assert_equal(images, unchanged)
    expected = one_by_one(network, images)
    shapes = network.shapes(images.shape[2:], len(images))
    scale = max(1, *(float(np.abs(value).max()) for value in expected.values()))
    for name, value in found.items():
        assert value.dtype == np.float32
        assert value.shape == shapes[name]
        assert_close(value, expected[name], case="conv", terms=ROUNDINGS, scale=scale)


@given(data=st.data())
@settings(max_examples=40)
def test_the_same_images_give_the_same_bytes(data: st.DataObject) -> None:
    network, images = data.draw(networks())
    wanted = data.draw(wanted_of(network))
    again = run_network(network, images, wanted)
    for name, value in run_network(network, images, wanted).items():
        assert_same_bytes(value, again[name])


NORM = ops.BatchNorm([2, -3], [1, -1], [4, -8], [0.25, 4], 0)


@pytest.mark.parametrize(
    "operations",
    [
        [NORM, ops.Relu(), ops.MaxPool(2)],
        [NORM, ops.AvgPool(2), ops.Relu()],
        [ops.Relu(), NORM],
        [ops.MaxPool(2), NORM],
        [ops.AvgPool(2), NORM, NORM],
        [NORM, ops.LeakyRelu(-2.0), ops.MaxPool(2)],
        [ops.PRelu([0.5, -3]), NORM],
        [ops.PRelu(np.full((2, 1, 1), 0.5)), ops.Relu()],
        [ops.MaxPool(2), ops.LeakyRelu(-2.0)],
        [ops.MaxPool(2), ops.Relu(), ops.MaxPool(2)],
        [ops.AvgPool(2, dilation=2), ops.Relu()],
        [ops.Dropout(), NORM, ops.Identity(), ops.Relu(), ops.Relu()],
    ],
    ids=lambda operations: "-".join(each.kind for each in operations),
)
@pytest.mark.parametrize("normalize", [None, "local"])
def test_what_a_convolution_takes_along_changes_no_value(operations: list[Any], normalize: Any) -> None:
    bank = FilterBank([[[[1, 2], [3, 4]]], [[[-1, 0], [2, -1]]]], [5, -6], normalize=normalize)
    images = np.random.default_rng(0).integers(-9, 10, (2, 1, 9, 10)).astype(np.float32)
    network = chain(ops.Conv(bank), *operations)
    found, expected = run_network(network, images), one_by_one(network, images)
    scale = max(float(np.abs(value).max()) for value in expected.values())
    for name, value in found.items():
        assert_close(value, expected[name], case="conv", terms=ROUNDINGS, scale=scale)


def test_a_folded_normalisation_is_exact_where_its_numbers_are() -> None:
    conv = ops.Conv(FilterBank([[[[1, 2], [3, 4]]], [[[-1, 0], [0, 1]]]], [5, -6]))
    norm = ops.BatchNorm([2, 3], [1, -1], [4, 8], [0.25, 4], 0)
    network, images = chain(conv, norm, ops.Relu(), ops.MaxPool(2)), np.arange(25.0).reshape(1, 1, 5, 5)
    expected = one_by_one(network, images.astype(np.float32))["max_pool3"]
    assert_equal(run_network(network, images)["max_pool3"], expected)


def test_images_of_any_type_and_order_are_read() -> None:
    network = chain(ops.Conv(FilterBank([[1, 2], [3, 4]])))
    images = np.arange(24).reshape(2, 1, 3, 4)
    expected = run_network(network, images.astype(np.float32))["conv0"]
    for given_ in (images.astype(np.uint8), np.asfortranarray(images), images[:, :, ::-1][:, :, ::-1]):
        assert_equal(run_network(network, given_)["conv0"], expected)


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5)], ids=str)
def test_one_image_needs_no_axis_for_many(shape: tuple[int, ...]) -> None:
    network, image = (
        chain(ops.Conv(FilterBank(np.ones((3, 2, 2)))), ops.Flatten()),
        np.ones(shape, np.float32),
    )
    found = run_network(network, image, ["conv0", "flatten1"])
    assert {name: value.shape for name, value in found.items()} == {"conv0": (3, 3, 4), "flatten1": (36,)}
    with pytest.raises(InputError, match=r"images has shape \(5,\); it must be \(H, W\)"):
        run_network(network, np.ones(5))


def test_the_input_may_be_wanted() -> None:
    images = np.ones((1, 1, 2, 2), np.float32)
    assert_equal(run_network(chain(ops.Relu()), images, ["input"])["input"], images)


def test_views_and_layers_that_give_back_their_input_are_not_overwritten() -> None:
    layers = (
        Layer("same", ops.Identity(), ("input",)),
        Layer("turned", ops.Transpose((0, 1, 3, 2)), ("same",)),
        Layer("conv", ops.Conv(FilterBank([[2.0]])), ("turned",)),
        Layer("sum", ops.Add(), ("same", "input")),
    )
    images = np.arange(6.0, dtype=np.float32).reshape(1, 1, 2, 3)
    found = run_network(
        Network("views", Input(), layers, ("sum",)), images, ["conv", "same", "sum", "turned"]
    )
    assert_equal(found["same"], images)
    assert_equal(found["sum"], 2 * images)
    assert_equal(found["conv"], 2 * images.swapaxes(2, 3))


@pytest.mark.parametrize(("shape", "told"), [((1, 3, 8, 8), "1×3×8×8"), ((2, 8, 8), "1×2×8×8")])
def test_images_of_other_channels_are_refused(shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(InputError, match=rf"chain reads \(N, 1, H, W\), the images are {told}$"):
        run_network(chain(ops.Relu()), np.ones(shape, np.float32))


def test_a_layer_that_there_is_not_is_refused() -> None:
    with pytest.raises(ArgumentError, match="there is no layer 'conv'; chain has relu0"):
        run_network(chain(ops.Relu()), np.ones((1, 1, 2, 2), np.float32), ["conv"])


ONE = ops.Conv(FilterBank(np.ones((1, 1, 1, 1))))
FOUR = ops.Conv(FilterBank(np.ones((4, 1, 1, 1))))
THREE = ops.BatchNorm([1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1])


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (
            [ops.Flatten(), ops.Dense(np.ones((2, 9)))],
            "layer 'dense1': it reads vectors of 9 values, its input",
        ),
        ([ops.Dense(np.ones((2, 4)))], "layer 'dense0': .*its input is 1×1×4×4"),
        ([FOUR, THREE], r"layer 'batch_norm1': it has numbers for 3 channel\(s\), its input is 1×4×4×4"),
        ([ONE, THREE], r"layer 'batch_norm1': it has numbers for 3 channel\(s\), its input is 1×1×4×4"),
        ([THREE], r"layer 'batch_norm0': it has numbers for 3 channel\(s\), its input is 1×1×4×4"),
        ([ONE, ops.Relu(), ops.MaxPool(5)], "layer 'max_pool2': the map is 4×4, smaller than the pool's 5×5"),
        ([ops.MaxPool(4), FOUR, ops.AvgPool(2)], "layer 'avg_pool2': the map is 1×1, smaller than"),
        ([FOUR, ONE], r"layer 'conv1': its input has 4 channel\(s\), its filters read 1"),
        ([ops.Reshape([3, -1])], "layer 'reshape0': its input 1×1×4×4 holds 16 values"),
    ],
)
def test_images_that_do_not_go_through_are_refused_with_the_layer(
    operations: list[Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run_network(chain(*operations), np.ones((1, 1, 4, 4), np.float32))


def test_layers_that_nobody_needs_may_not_fit() -> None:
    network = chain(ops.Relu(), ops.MaxPool(9))
    images = np.ones((1, 1, 4, 4), np.float32)
    assert_equal(run_network(network, images, ["relu0"])["relu0"], images)


@pytest.mark.parametrize(
    "operations",
    [
        [ops.LocalResponseNorm(3)],
        [ops.LeakyRelu(1e10)],
        [ops.BatchNorm([1e30], [1], [1], [1])],
        [ops.Conv(FilterBank([[1e30]])), ops.Relu()],
        [ops.Flatten(), ops.Dense(np.full((2, 16), 1e30))],
        [ops.Pad((1, 1), (1, 1), value=3e38), ops.AvgPool(2), ops.Sigmoid(), ops.Tanh()],
        [ops.Flatten(), ops.Softmax()],
    ],
    ids=lambda operations: "-".join(each.kind for each in operations),
)
def test_numbers_beyond_float32_are_infinite_without_a_word(operations: list[Any]) -> None:
    """NumPy's warnings are errors here, and lines on a user's terminal otherwise."""
    found = run_network(chain(*operations), np.full((1, 1, 4, 4), -3e38, np.float32))
    assert len(found) == 1


def test_memory_is_that_of_weights_and_of_what_is_held_at_once() -> None:
    network = chain(ONE, ops.Sigmoid(), ops.Tanh())
    cells = prod((1, 1, 8, 8))
    assert memory_of(network, (8, 8)) == 4 * (3 * cells + 1)
    assert memory_of(network, (8, 8), 5) == 4 * (3 * 5 * cells + 1)
    assert memory_of(network, (8, 8), 1, ["conv0", "sigmoid1", "tanh2"]) == 4 * (4 * cells + 1)


def test_a_constant_is_whole_for_one_image_too() -> None:
    value = np.arange(12.0).reshape(3, 2, 2)
    layers = (Layer("offset", ops.Constant(value), ()), Layer("sum", ops.Add(), ("input", "offset")))
    network = Network("moved", Input(channels=3), layers, ("sum",))
    found = run_network(network, np.zeros((3, 2, 2)), ["offset", "sum"])
    assert found["offset"].tolist() == found["sum"].tolist() == value.tolist()
