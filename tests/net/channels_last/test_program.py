"""Whole networks in chunks of channels-last maps: what the layers give one by one, for any threads."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.core.bank import FilterBank
from convtool.core.geometry import PADDING_MODES
from convtool.errors import ConvtoolError, InputError
from convtool.net.channels_last import workspace
from convtool.net.channels_last.program import Program, run_channels_last, runs_here
from convtool.net.network import Input, Layer, Network
from convtool.net.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Constant,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Identity,
    LeakyRelu,
    LocalResponseNorm,
    MaxPool,
    Multiply,
    Operation,
    Pad,
    PRelu,
    Relu,
    Reshape,
    Resize,
    Sigmoid,
    Softmax,
    Tanh,
    Transpose,
)
from convtool.net.running import run_network
from tests.strategies import EXACT_BELOW
from tests.tolerances import assert_equal, assert_same_bytes

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Values = dict[str, np.ndarray]
Wide = tuple[Network, np.ndarray]

KINDS = [
    *("conv", "conv", "conv", "pointwise", "depthwise", "grouped", "batch_norm", "relu", "max_pool"),
    *("avg_pool", "prelu", "leaky_relu", "clip", "pointwise_function", "global", "add", "multiply"),
    *("concat", "flatten", "reshape", "transpose", "dense", "pad", "resize", "constant", "softmax"),
]


def layer_of(draw: DrawFn, kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> Operation:
    """A layer of a kind that reads values of a shape; it may turn out that it cannot."""
    channels = shape[1] if len(shape) > 1 else 1
    pairs: SearchStrategy[Any] = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = st.one_of(
        st.sampled_from(["same", "valid", "same_lower", 0, 1]),
        st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
    )

    def normal(*sizes: int) -> np.ndarray:
        return rng.standard_normal(sizes).astype(np.float32)

    def conv(filters: int, depth: int, groups: int, kernel: Any) -> Conv:
        size = (kernel, kernel) if isinstance(kernel, int) else kernel
        weights = normal(filters, depth, *size) / np.float32(depth * size[0] * size[1]) ** 0.5
        bank = FilterBank(weights, normal(filters) if draw(st.booleans()) else None)
        mode = draw(st.sampled_from(["zeros", "zeros", "zeros", *PADDING_MODES]))
        return Conv(bank, draw(pairs), draw(padding), mode, draw(pairs), groups)

    match kind:
        case "conv":
            return conv(draw(st.integers(1, 5)), channels, 1, draw(pairs))
        case "pointwise":
            return Conv(FilterBank(normal(draw(st.integers(1, 5)), channels, 1, 1)), draw(pairs))
        case "depthwise":
            return conv(channels, 1, channels, draw(pairs))
        case "grouped":
            return conv(4, max(channels // 2, 1), 2, draw(pairs))
        case "batch_norm":
            return BatchNorm(
                normal(channels), normal(channels), normal(channels), normal(channels) ** 2 + 0.1
            )
        case "relu":
            return Relu()
        case "max_pool":
            return MaxPool(
                draw(pairs), draw(st.none() | pairs), draw(padding), draw(st.booleans()), draw(pairs)
            )
        case "avg_pool":
            options = draw(st.none() | pairs), draw(padding), draw(st.booleans()), draw(pairs)
            return AvgPool(draw(pairs), *options, count_include_pad=draw(st.booleans()))
        case "prelu":
            slopes = st.sampled_from([(1,), (channels,), (channels, 1, 1), (1, channels, 1, 1), shape[1:]])
            return PRelu(normal(*draw(slopes)))
        case "leaky_relu":
            return LeakyRelu(0.25)
        case "clip":
            return Clip(-0.5, 0.75)
        case "pointwise_function":
            return draw(st.sampled_from([Sigmoid(), Tanh(), Identity(), Dropout(), LocalResponseNorm(3)]))
        case "global":
            return draw(st.sampled_from([GlobalAvgPool(), GlobalMaxPool()]))
        case "add":
            return Add()
        case "multiply":
            return Multiply()
        case "concat":
            return Concat(draw(st.integers(-1, 3)))
        case "flatten":
            return Flatten(draw(st.sampled_from([1, 1, 1, 0, 2])))
        case "reshape":
            return Reshape(draw(st.sampled_from([(0, -1), (0, -1, 2), (0, 2, -1, 1), (-1, 4), (1, -1)])))
        case "transpose":
            orders = [(0, 2, 3, 1), (0, 3, 1, 2), (0, 2, 1), (0, 1, 3, 2), (1, 0), (1, 0, 2, 3)]
            return Transpose(draw(st.sampled_from(orders)))
        case "dense":
            return Dense(normal(3, channels) / channels, normal(3) if draw(st.booleans()) else None)
        case "pad":
            before = draw(st.sampled_from([(1, 0), (0, 2), (1, 0, 0), (-1, 1), (1, 0, 0, 0)]))
            return Pad(before, before[::-1], value=0.5)
        case "resize":
            return Resize(2.0, mode=draw(st.sampled_from(["nearest", "linear"])))
        case "constant":
            return Constant(
                normal(*draw(st.sampled_from([(1,), (1, channels), (channels, 1, 1), shape[1:]])))
            )
        case _:
            return Softmax(draw(st.sampled_from([1, 1, -1, 0])), draw(st.booleans()))


@st.composite
def networks(draw: DrawFn) -> Wide:
    """A network of up to eight layers of any kind, and a batch of images."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(3, 9), st.integers(3, 9)))
    shapes: dict[str, tuple[int, ...]] = {"input": shape}
    layers: list[Layer] = []
    for number in range(draw(st.integers(1, 8))):
        name = f"layer{number}"
        # Mostly one after the other, as layers are joined, and sometimes one that reads what lies back.
        source = list(shapes)[-1] if draw(st.booleans()) else draw(st.sampled_from(list(shapes)))
        try:
            operation = layer_of(draw, draw(st.sampled_from(KINDS)), shapes[source], rng)
            two = operation.inputs in (2, None)
            inputs = (source, draw(st.sampled_from(list(shapes)))) if two else (source,)
            inputs = inputs[: operation.inputs]
            found = operation.shape(*(shapes[each] for each in inputs))
        except ConvtoolError:
            continue
        if np.prod(found) < 20_000:
            layers.append(Layer(name, operation, inputs))
            shapes[name] = found
    if not layers:
        layers.append(Layer("relu", Relu(), ("input",)))
    images = rng.standard_normal(shape).astype(np.float32)
    return Network("any", Input("input", shape[1]), tuple(layers), (layers[-1].name,)), images


def one_by_one(network: Network, images: np.ndarray) -> Values:
    values = {network.input.name: images}
    with np.errstate(invalid="ignore"):
        for layer in network.layers:
            values[layer.name] = layer.operation.run(*(values[name] for name in layer.inputs))
    return values


def assert_values(found: Values, expected: Values) -> None:
    for name, values in found.items():
        finite = expected[name][np.isfinite(expected[name])]  # a pool's window may lie in the padding alone
        largest = np.abs(finite).max(initial=0)
        assert values.dtype == np.float32
        assert values.flags.c_contiguous
        assert values.shape == expected[name].shape
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-5 * largest, err_msg=name)


@given(networks(), st.data(), st.sampled_from([None, 1, 3, 100]), st.sampled_from([1, 2]), st.booleans())
def test_a_network_gives_what_its_layers_give_one_by_one(
    wide: Wide, data: st.DataObject, chunk: int | None, threads: int, many_blocks: bool
) -> None:
    network, images = wide
    names = ["input", *(layer.name for layer in network.layers)]
    wanted = data.draw(st.one_of(st.just(set(names)), st.sets(st.sampled_from(names), min_size=1)))
    with pytest.MonkeyPatch.context() as patch:
        if many_blocks:
            patch.setattr(workspace, "BLOCK_VALUES", 100)
        found = run_channels_last(network, images, frozenset(wanted), chunk=chunk, threads=threads)
    assert found.keys() == wanted
    assert_values(found, one_by_one(network, images))


@given(networks(), st.booleans())
def test_any_number_of_threads_gives_the_same_bytes_again_and_again(wide: Wide, many_blocks: bool) -> None:
    network, images = wide
    wanted = frozenset(network.outputs)
    (name,) = wanted
    with pytest.MonkeyPatch.context() as patch:
        if many_blocks:
            patch.setattr(workspace, "BLOCK_VALUES", 100)
        first = run_channels_last(network, images, wanted, threads=1)[name]
        for threads in (2, 3, None):
            assert_same_bytes(run_channels_last(network, images, wanted, threads=threads)[name], first)


def three_by_three(
    rng: np.random.Generator, padding: Any, pool: MaxPool | None, filters: int = 40
) -> tuple[Layer, ...]:
    """3×3 filters over 32 channels, ReLU, and perhaps a pool; ``clip`` changes nothing but the layout."""
    weights = rng.standard_normal((filters, 32, 3, 3)).astype(np.float32) / 17
    conv = Conv(FilterBank(weights, rng.standard_normal(filters)), padding=padding)
    after = () if pool is None else (Layer("pool", pool, ("relu",)),)
    return (
        Layer("clip", Clip(), ("input",)),
        Layer("conv", conv, ("clip",)),
        Layer("relu", Relu(), ("conv",)),
        *after,
    )


@pytest.mark.parametrize("pool", [None, MaxPool(2), MaxPool(2, ceil_mode=True), MaxPool(3, 2, 1)], ids=str)
@pytest.mark.parametrize("padding", ["valid", "same", ((2, 0), (0, 3))])
@pytest.mark.parametrize("size", [(3, 3), (6, 4), (7, 8), (12, 13)])
@pytest.mark.parametrize("block", [workspace.BLOCK_VALUES, 3000])
def test_many_filters_of_many_channels_give_what_few_products_give(
    size: tuple[int, int], padding: Any, pool: MaxPool | None, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    layers = three_by_three(rng, padding, pool)
    images = rng.standard_normal((5, 32, *size)).astype(np.float32)
    network = Network("wide", Input("input", 32), layers, (layers[-1].name,))
    try:
        network.shapes(size)
    except InputError:
        return  # no window of the pool fits
    monkeypatch.setattr(workspace, "BLOCK_VALUES", block)
    for wanted in ({layers[-1].name}, {layer.name for layer in layers}):
        found = run_channels_last(network, images, frozenset(wanted), chunk=3)
        assert_values(found, one_by_one(network, images))
        alone = run_channels_last(network, images, frozenset(wanted), chunk=3, threads=1)
        assert_same_bytes(alone[layers[-1].name], found[layers[-1].name])


def test_whole_weights_give_whole_sums() -> None:
    rng = np.random.default_rng(4)
    weights = rng.integers(0, 10, (32, 32, 3, 3)).astype(np.float32)
    layers = (
        Layer("clip", Clip(), ("input",)),
        Layer("conv", Conv(FilterBank(weights), padding=1), ("clip",)),
    )
    most = (EXACT_BELOW - 1) // int(np.abs(weights).sum(axis=(1, 2, 3)).max())
    images = rng.integers(most - 50, most + 1, (2, 32, 6, 6)).astype(np.float32)
    found = run_network(Network("whole", Input("input", 32), layers, ("conv",)), images)["conv"]
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)]).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    assert_equal(found, np.einsum("nchwyx,ocyx->nohw", windows, weights.astype(np.int64)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("pool", [None, MaxPool(2)], ids=str)
def test_few_products_leave_what_is_no_number_where_it_is_seen(bad: float, pool: MaxPool | None) -> None:
    rng = np.random.default_rng(5)
    layers = three_by_three(rng, 1, pool)
    images = rng.standard_normal((2, 32, 8, 8)).astype(np.float32)
    images[0, 3, 0, 3] = bad
    network = Network("wide", Input("input", 32), layers, (layers[-1].name,))
    found = run_network(network, images)[layers[-1].name]
    assert np.isfinite(found[1]).all()
    seen = np.zeros((8, 8), bool)
    seen[:2, 2:5] = True
    if pool is not None:
        seen = seen.reshape(4, 2, 4, 2).any(axis=(1, 3))
    assert np.isfinite(found[0][:, ~seen]).all()
    assert not np.isfinite(found[0][:, seen]).all()
    with np.errstate(invalid="ignore"):
        expected = one_by_one(network, images)[layers[-1].name]
    assert_equal(np.isnan(found), np.isnan(expected))


def test_the_memory_of_a_program_goes_with_it() -> None:
    layers = (Layer("conv", Conv(FilterBank(np.ones((4, 1, 3, 3)), np.ones(4))), ("input",)),)
    network = Network("large", Input("input", 1), layers, ("conv",))
    program = Program(network, frozenset({"conv"}), (1, 1, 400, 400))
    memory = weakref.ref(program.values["conv"].base)
    gc.disable()
    try:
        del program
        assert memory() is None
    finally:
        gc.enable()


def test_the_path_is_chosen_by_shapes() -> None:
    def network(kernel: int) -> Network:
        bank = FilterBank(np.ones((1, 1, kernel, kernel), np.float32))
        return Network("one", Input("input", 1), (Layer("conv", Conv(bank), ("input",)),), ("conv",))

    wanted = frozenset({"conv"})
    assert runs_here(network(3), wanted, (1, 1, 64, 64))
    assert runs_here(network(3), wanted, (900, 1, 64, 64))
    assert not runs_here(network(3), wanted, (1, 1, 2048, 2048))
    assert not runs_here(network(31), wanted, (1, 1, 256, 256))
    assert runs_here(network(31), wanted, (1, 1, 64, 64))
    assert not runs_here(network(3), wanted, (0, 1, 64, 64))
    joined = Network("joined", Input("input", 1), (Layer("flat", Flatten(0), ("input",)),), ("flat",))
    assert runs_here(joined, frozenset({"flat"}), (9, 1, 64, 64))
    assert not runs_here(joined, frozenset({"flat"}), (900, 1, 64, 64))


def test_images_are_left_as_they_are_and_results_do_not_change_with_the_next_run() -> None:
    layers = (Layer("relu", Relu(), ("input",)), Layer("more", LeakyRelu(0.5), ("relu",)))
    network = Network("two", Input("input", 2), layers, ("more",))
    images = np.random.default_rng(0).standard_normal((2, 2, 3, 3)).astype(np.float32)
    before = images.copy()
    first = run_network(network, images, ["input", "relu", "more"])
    kept = {name: values.copy() for name, values in first.items()}
    run_network(network, -images, ["input", "relu", "more"])
    assert_equal(images, before)
    for name, values in kept.items():
        assert_equal(first[name], values)
    assert_equal(first["more"], np.maximum(before, 0))


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_where_it_is_seen(channels: int, bad: float) -> None:
    rng = np.random.default_rng(1)
    filters = FilterBank(rng.standard_normal((8, channels, 3, 3)).astype(np.float32))
    by_channel = FilterBank(rng.standard_normal((8, 1, 3, 3)).astype(np.float32))
    layers = (
        Layer("conv", Conv(filters, padding=1), ("input",)),
        Layer("relu", Relu(), ("conv",)),
        Layer("pool", MaxPool(2), ("relu",)),
        Layer("depthwise", Conv(by_channel, padding="same", groups=8), ("pool",)),
        Layer("pool2", MaxPool(3, 1, 1), ("depthwise",)),
    )
    network = Network("five", Input("input", channels), layers, ("pool2",))
    images = rng.standard_normal((3, channels, 16, 16)).astype(np.float32)
    images[1, 0, 0, 15] = bad
    wanted = [layer.name for layer in layers]
    with np.errstate(invalid="ignore"):
        expected = one_by_one(network, images)
        found = run_channels_last(network, images, frozenset(wanted))
    for name in wanted:
        assert_equal(np.isfinite(found[name]), np.isfinite(expected[name]))
        assert_equal(np.isnan(found[name]), np.isnan(expected[name]))
    assert np.isfinite(found["pool2"][[0, 2]]).all()
    assert np.isfinite(found["pool2"][1, :, 4:, :4]).all()


def test_rows_of_vectors_are_images_where_a_layer_mixes_them() -> None:
    layers = (Layer("flatten", Flatten(), ("input",)), Layer("resize", Resize(1.005), ("flatten",)))
    network = Network("mixed", Input("input", 1), layers, ("resize",))
    images = np.random.default_rng(6).standard_normal((200, 1, 2, 2)).astype(np.float32)
    assert_equal(run_network(network, images)["resize"], one_by_one(network, images)["resize"])
    layers = (
        Layer("flatten", Flatten(), ("input",)),
        Layer("resize", Resize(1.005, mode="linear"), ("flatten",)),
    )
    images = images[:102]
    network = Network("mixed", Input("input", 1), layers, ("resize",))
    assert_equal(run_network(network, images)["resize"], one_by_one(network, images)["resize"])


def test_every_image_meets_every_other_where_axes_are_spread() -> None:
    layers = (
        Layer("mean", GlobalAvgPool(), ("input",)),
        Layer("flatten", Flatten(), ("input",)),
        Layer("add", Add(), ("mean", "flatten")),
    )
    network = Network("spread", Input("input", 1), layers, ("add",))
    images = np.random.default_rng(7).standard_normal((3, 1, 2, 2)).astype(np.float32)
    found = run_network(network, images)["add"]
    assert found.shape == (3, 1, 3, 4)
    assert_equal(
        found,
        images.mean(axis=(2, 3), keepdims=True, dtype=np.float64).astype(np.float32) + images.reshape(3, 4),
    )


def test_a_shape_that_does_not_chain_names_its_layer() -> None:
    layers = (
        Layer("flatten", Flatten(), ("input",)),
        Layer("scores", Dense(np.ones((2, 9), np.float32)), ("flatten",)),
    )
    network = Network("dense", Input("input", 1), layers, ("scores",))
    assert_equal(run_network(network, np.ones((1, 1, 3, 3), np.float32))["scores"], np.full((1, 2), 9))
    with pytest.raises(InputError, match="layer 'scores': it reads vectors of 9 values, its input is 1×12"):
        run_network(network, np.ones((1, 1, 3, 4), np.float32))
