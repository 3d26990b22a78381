"""A value traced back to its pixels: what they add up to, and how much each counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import FilterBank, load_image, load_network, run_network
from convtool.errors import ArgumentError, InputError
from convtool.net import ops
from convtool.net.explaining import Explanation, Share, explain_unit
from convtool.net.network import Input, Layer, Network
from tests.cli.runner import SAMPLES
from tests.net.every_kind import IMAGE, numbers
from tests.tolerances import assert_equal

LINES = load_network(SAMPLES / "lines.json")
DRAWING = load_image(SAMPLES / "drawing.json")[np.newaxis]


def chain(*operations: ops.Operation, source: Input | None = None) -> Network:
    names = ["input", *"abcdefgh"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", source or Input(channels=2), tuple(layers), (layers[-1].name,))


def exact(network: Network, image: NDArray[np.floating], layer: str, at: tuple[int, ...]) -> float:
    values = {network.input.name: image[np.newaxis].astype(np.float32)}
    for each in network.layers:
        values[each.name] = each.operation.run(*(values[name] for name in each.inputs))
    return float(values[layer][(0, *at)])


def all_weights(found: Explanation, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The weights of every pixel of the image, those outside the box among them."""
    y, x, height, width = found.box
    weights = np.zeros(shape, np.float32)
    weights[:, y : y + height, x : x + width] = found.weights
    return weights


@st.composite
def piecewise_linear(draw: st.DrawFn) -> tuple[Network, str]:
    """A network of layers that are linear around any image, and one of its layers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers: list[Layer] = []
    shapes = {"input": (1, 2, 6, 7)}

    def append(operation: ops.Operation, *inputs: str) -> None:
        layers.append(Layer(f"{operation.kind}{len(layers)}", operation, inputs))
        shapes[layers[-1].name] = operation.shape(*(shapes[name] for name in inputs))

    for _ in range(draw(st.integers(1, 6))):
        names = list(shapes)
        before = draw(st.sampled_from([names[-1], names[-1], *names]))
        _, channels, *size = shapes[before]
        padding = draw(st.sampled_from([1, "same_lower"]))
        mode = draw(st.sampled_from(["zeros", "replicate", "circular"]))
        weights = rng.uniform(-1, 1, (3, channels, 3, 2))
        made = {
            "conv": ops.Conv(FilterBank(weights, rng.uniform(-1, 1, 3)), 1, padding, mode),
            "norm": ops.BatchNorm(*rng.uniform(0.5, 2, (4, channels))),
            "relu": ops.Relu(),
            "leaky": ops.LeakyRelu(0.1),
            "prelu": ops.PRelu(rng.uniform(-1, 1, channels)),
            "clip": ops.Clip(-0.5, 1.5),
            "max": ops.MaxPool(2, 1, ceil_mode=True),
            "avg": ops.AvgPool((2, 3), 1, (1, 0)),
            "pad": ops.Pad((1, 0), (0, 2), "edge"),
            "resize": ops.Resize(1.5, mode="linear"),
            "add": ops.Add(),
            "concat": ops.Concat(),
        }
        kind = draw(st.sampled_from(list(made)))
        if min(size) < 3:
            kind = "relu"
        append(made[kind], *((before, before) if kind in ("add", "concat") else (before,)))
    if draw(st.booleans()):
        append(ops.Flatten(), layers[-1].name)
        append(ops.Dense(rng.uniform(-1, 1, (3, shapes[layers[-1].name][1])), [1, 2, 3]), layers[-1].name)
    layer = draw(st.sampled_from(layers)).name
    return Network("random", Input(channels=2), tuple(layers), (layers[-1].name,)), layer


@given(drawn=piecewise_linear(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=120, deadline=None)
def test_the_parts_add_up_and_weights_are_what_small_changes_do(
    drawn: tuple[Network, str], seed: int
) -> None:
    network, layer = drawn
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((2, 6, 7)).astype(np.float32)
    shape = network.shapes((6, 7))[layer][1:]
    at = tuple(int(rng.integers(size)) for size in shape)
    found = explain_unit(network, image, layer, at)
    assert found.linear
    assert (found.layer, found.at) == (layer, at)
    assert found.value == pytest.approx(exact(network, image, layer, at), rel=1e-5, abs=1e-5)
    traced = found.value if found.cut is None else found.cut
    parts = float((found.pixels.astype(np.float64) * found.weights).sum())
    assert parts + found.constant == pytest.approx(traced, abs=1e-4)
    y, x, height, width = found.box
    assert_equal(found.pixels, image[:, y : y + height, x : x + width])
    assume(found.cut is None)
    weights = all_weights(found, image.shape)
    step = np.float32(2**-8)
    off = 0
    for place in np.ndindex(image.shape):
        moved = [image.copy(), image.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        up, down = (exact(network, each, layer, at) for each in moved)
        here = (up - found.value) / step, (found.value - down) / step
        if abs(here[0] - here[1]) > 1e-2:  # a bend lies between
            continue
        off += abs(weights[place] - sum(here) / 2) > 1e-2
    assert off == 0


class TestConstant:
    def test_is_what_biases_make(self) -> None:
        conv = ops.Conv(FilterBank(numbers(1, 2, 3, 3), [7]))
        found = explain_unit(chain(conv), IMAGE, "a", (0, 1, 2))
        assert found.box == (1, 2, 3, 3)
        assert_equal(found.weights, conv.bank.weights[0])
        assert found.constant == 7
        assert found.value == float((found.pixels * found.weights).sum()) + 7

    def test_of_a_layer_without_biases_is_nothing(self) -> None:
        found = explain_unit(LINES, DRAWING, "lines", (0, 2, 3))
        assert found.constant == 0
        assert found.weights.tolist() == [[[-1, 2, -1]] * 3]


class TestCut:
    def test_values_are_traced_to_what_was_cut_off(self) -> None:
        conv = ops.Conv(FilterBank([[[[1]], [[0]]]], [-9]))
        found = explain_unit(chain(conv, ops.Relu()), IMAGE, "b", (0, 0, 0))
        before = float(IMAGE[0, 0, 0]) - 9
        assert (found.layer, found.value, found.cut, found.constant) == ("b", 0, before, -9)
        assert [share.layer for share in found.shares] == ["b", "a", "input"]
        assert found.shares[0] == Share("b", "relu", 1, None, None, (0, 0, 0), 0, 1)

    @pytest.mark.parametrize(("low", "high", "value"), [(20, 30, 20), (-30, -20, -20)])
    def test_a_clip_cuts_at_both_ends(self, low: float, high: float, value: float) -> None:
        found = explain_unit(chain(ops.LeakyRelu(1), ops.Clip(low, high)), IMAGE, "b", (1, 2, 3))
        assert (found.value, found.cut) == (value, float(IMAGE[1, 2, 3]))
        assert found.weights.ravel().tolist() == [0, 1]

    def test_a_value_that_is_not_cut_off_is_traced_itself(self) -> None:
        image = np.abs(IMAGE) + 1
        found = explain_unit(chain(ops.Identity(), ops.Relu()), image, "b", (0, 1, 1))
        assert (found.cut, found.value) == (None, float(image[0, 1, 1]))
        assert [share.layer for share in found.shares] == ["b", "a", "input"]

    @pytest.mark.parametrize("first", [ops.Relu(), ops.Clip(low=-2)])
    def test_of_the_first_layer_is_a_pixel(self, first: ops.Operation) -> None:
        found = explain_unit(chain(first), np.full((2, 3, 4), -5, np.float32), "a", (1, 2, 3))
        assert (found.cut, found.box, found.weights.tolist()) == (-5, (2, 3, 1, 1), [[[0]], [[1]]])
        assert [share.layer for share in found.shares] == ["a", "input"]
        assert found.constant == 0

    def test_by_two_layers_is_the_first_value(self) -> None:
        network = chain(ops.Identity(), ops.Clip(-1, 1), ops.Relu())
        image = np.full((2, 2, 2), -3, np.float32)
        found = explain_unit(network, image, "c", (0, 1, 1))
        assert (found.value, found.cut) == (0, -3)
        assert float((found.pixels * found.weights).sum()) + found.constant == found.cut


class TestShares:
    def test_lead_from_the_layer_back_to_the_image(self) -> None:
        found = explain_unit(LINES, DRAWING, "strongest", (2, 0, 0))
        names = ["strongest", "combined", "pooled", "found", "lines", "input"]
        assert [share.layer for share in found.shares] == names
        assert [share.units for share in found.shares] == [1, 1, 18, 18, 6, 35]
        assert found.shares[1] == Share("combined", "conv", 1, (1, 1), (1, 1), (2, 1, 1), found.value, 1)
        assert found.shares[2][3:5] == ((1, 3), (1, 3))
        assert found.value == 25

    def test_every_unit_is_one_that_is_there(self) -> None:
        found = explain_unit(LINES, DRAWING, "shares", (0,))
        values = run_network(LINES, DRAWING[np.newaxis], [each.name for each in LINES.layers])
        for share in found.shares[:-1]:
            assert values[share.layer][0][share.strongest] == np.float32(share.strongest_value)
            assert (share.rows is None) == (values[share.layer].ndim == 2)
        assert not found.linear

    def test_layers_that_have_no_part_are_left_out(self) -> None:
        layers = (
            Layer("used", ops.Identity(), ("input",)),
            Layer("other", ops.Relu(), ("input",)),
            Layer("given", ops.Constant([2]), ()),
            Layer("sum", ops.Add(), ("used", "given")),
            Layer("behind", ops.Relu(), ("sum",)),
        )
        network = Network("n", Input(channels=2), layers, ("behind", "other"))
        found = explain_unit(network, IMAGE, "sum", (0, 0, 0))
        assert [share.layer for share in found.shares] == ["sum", "used", "input"]
        assert found.constant == 2


def test_an_image_that_does_not_count() -> None:
    layers = (Layer("given", ops.Constant([[3, 4]]), ()), Layer("twice", ops.Relu(), ("given",)))
    found = explain_unit(Network("n", Input(channels=2), layers, ("twice",)), IMAGE, "twice", (1,))
    assert (found.value, found.constant, found.box) == (4, 4, (0, 0, 0, 0))
    assert found.weights.shape == found.pixels.shape == (2, 0, 0)


def test_what_is_not_linear_is_a_derivative() -> None:
    found = explain_unit(chain(ops.Sigmoid()), IMAGE, "a", (0, 2, 2))
    assert not found.linear
    assert found.weights.ravel()[0] == pytest.approx(found.value * (1 - found.value), abs=1e-6)
    assert float((found.pixels * found.weights).sum()) + found.constant == pytest.approx(found.value)


@pytest.mark.parametrize(
    ("layer", "at", "says"),
    [
        ("nope", (0,), "^there is no layer 'nope'; lines has lines, found, pooled, "),
        ("", (0,), "^there is no layer ''; "),
        ("lines", (0,), "^there is no unit 0 in layer 'lines', which is 2×10×10; give C,Y,X from 0 to 1"),
        ("lines", (), "^there is no unit  in layer 'lines'"),
        ("lines", (2, 0, 0), "^there is no unit 2,0,0 in layer"),
        ("lines", (0, 10, 0), "^there is no unit 0,10,0 in layer"),
        ("lines", (0, 0, -1), "^there is no unit 0,0,-1 in layer"),
        ("shares", (3,), "^there is no unit 3 in layer 'shares', which is 3; give one number from 0 to 2$"),
        ("shares", (0, 0, 0), "^there is no unit 0,0,0 in layer 'shares', which is 3; give one number"),
    ],
)  # fmt: skip
def test_a_unit_that_there_is_not(layer: str, at: tuple[int, ...], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        explain_unit(LINES, DRAWING, layer, at)


@pytest.mark.parametrize("weight", [3e38, -3e38])
def test_numbers_too_large_for_float32_are_refused(weight: float) -> None:
    conv = ops.Conv(FilterBank([[[[weight]], [[1]]]]))
    again = ops.Conv(FilterBank([[[[weight]]]]))
    says = "layer 'b' has NaN or infinity; its numbers are too large to explain in float32"
    with pytest.raises(InputError, match=says):
        explain_unit(chain(conv, again), np.full_like(IMAGE, 0.5), "b", (0, 0, 0))
    with pytest.raises(InputError, match="layer 'input' has NaN or infinity"):
        explain_unit(chain(conv, again), np.zeros_like(IMAGE), "b", (0, 0, 0))
