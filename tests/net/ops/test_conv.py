"""The convolution layer: its values, its shape, and what its filters saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.errors import ArgumentError, InputError
from convtool.net.ops import Conv
from convtool.net.ops.base import Reach
from tests import oracles
from tests.core import twins
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, jacobian, pulled
from tests.strategies import PADDING_MODES, ConvCase, Pair, conv_cases, generators, pairs
from tests.tolerances import assert_close, assert_equal


def layer(case: ConvCase, **changed: Any) -> Conv:
    options = {name: value for name, value in case.options.items() if name != "flip"}
    return Conv(FilterBank(case.weights, case.bias), **options | changed)


@given(case=conv_cases(whole=True))
@settings(max_examples=60)
def test_a_layer_gives_what_the_convolution_does(case: ConvCase) -> None:
    expected = twins.conv2d(case.image, case.weights, case.bias, **case.options | {"flip": False})
    assert_equal(foreseen(layer(case), case.image.astype(np.float32)), expected)


@st.composite
def same_lower_cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Pair]:
    """No dilation, and no stride beyond the window: ONNX Runtime has neither with SAME_LOWER."""
    kernel = draw(pairs(1, 6))
    stride = draw(st.tuples(*(st.integers(1, k) for k in kernel)))
    rng = draw(generators())
    size = draw(pairs(1, 12))
    return rng.integers(-9, 10, (1, 2, *size)), rng.integers(-9, 10, (3, 2, *kernel)), stride


@given(case=same_lower_cases())
@settings(max_examples=60)
def test_same_lower_puts_the_odd_cell_at_the_start(case: tuple[np.ndarray, np.ndarray, Pair]) -> None:
    maps, weights, stride = case[0].astype(np.float32), case[1].astype(np.float32), case[2]
    expected = run_node("Conv", maps, weights, auto_pad="SAME_LOWER", strides=stride)
    assert_equal(foreseen(Conv(FilterBank(weights), stride, "same_lower"), maps), expected)


@given(dilation=pairs(1, 3), stride=pairs(1, 4), kernel=pairs(1, 4), size=pairs(1, 9))
@settings(max_examples=60)
def test_same_lower_knows_every_stride_and_dilation(
    dilation: Pair, stride: Pair, kernel: Pair, size: Pair
) -> None:
    rng = np.random.default_rng(0)
    maps, weights = rng.integers(-9, 10, (1, 1, *size)), rng.integers(-9, 10, (2, 1, *kernel))
    sides = tuple(
        oracles.same_sides(*axis)[::-1] for axis in zip(size, kernel, stride, dilation, strict=True)
    )
    expected = oracles.conv2d(maps, weights, stride=stride, padding=sides, dilation=dilation)
    same = Conv(FilterBank(weights), stride, "same_lower", dilation=dilation)
    assert_equal(foreseen(same, maps.astype(np.float32)), expected)


@st.composite
def small_layers(draw: st.DrawFn, normalize: str | None = None) -> tuple[Conv, np.ndarray]:
    """A layer of whole weights with any options, and an image that it takes."""
    kernel, dilation, stride = draw(pairs(1, 3)), draw(pairs(1, 2)), draw(pairs(1, 3))
    groups, depth, filters = (draw(st.integers(1, 2)) for _ in range(3))
    padding = draw(
        st.sampled_from(["valid", "same", "same_lower"])
        | st.tuples(pairs(0, 3), pairs(0, 3))
        | st.integers(0, 4)
    )
    rng = draw(generators())
    bank = FilterBank(
        rng.integers(-9, 10, (groups * filters, depth, *kernel)),
        rng.integers(-9, 10, groups * filters),
        normalize=normalize,
    )
    size = tuple(d * (k - 1) + 1 + draw(st.integers(0, 3)) for d, k in zip(dilation, kernel, strict=True))
    mode = draw(st.sampled_from(PADDING_MODES))
    image = rng.integers(-9, 10, (1, groups * depth, *size)).astype(np.float32)
    return Conv(bank, stride, padding, mode, dilation, groups), image


@given(case=small_layers(), rng=generators())
@settings(max_examples=80)
def test_a_gradient_goes_back_along_every_weight(
    case: tuple[Conv, np.ndarray], rng: np.random.Generator
) -> None:
    operation, image = case
    gradient = rng.integers(-9, 10, operation.shape(image.shape)).astype(np.float32)
    expected = jacobian(operation, image, 1) @ gradient.ravel()
    assert_equal(pulled(operation, gradient, image), expected.reshape(image.shape))


@given(case=small_layers(), rng=generators())
@settings(max_examples=30)
def test_every_image_of_a_batch_gets_its_own_gradient(
    case: tuple[Conv, np.ndarray], rng: np.random.Generator
) -> None:
    operation, image = case
    images = rng.integers(-9, 10, (3, *image.shape[1:])).astype(np.float32)
    gradient = rng.integers(-9, 10, operation.shape(images.shape)).astype(np.float32)
    alone = [pulled(operation, gradient[n : n + 1], images[n : n + 1]) for n in range(3)]
    assert_equal(pulled(operation, gradient, images), np.concatenate(alone))


@given(case=small_layers(normalize="local"), data=st.data())
@settings(max_examples=60)
def test_what_a_normalised_response_came_of_adds_up_to_it(
    case: tuple[Conv, np.ndarray], data: st.DataObject
) -> None:
    operation, image = case
    output = foreseen(operation, image)
    unit = tuple(data.draw(st.integers(0, size - 1)) for size in output.shape)
    gradient = np.zeros_like(output)
    gradient[unit] = 1
    shares = pulled(operation, gradient, image).astype(np.float64) * image
    bias = operation.bank.bias[unit[1]]
    assert_close(
        output[unit],
        np.asarray(shares.sum() + bias),
        case="conv",
        terms=2 * operation.bank.weights[0].size,
        scale=np.abs(shares).sum() + abs(bias),
    )


def test_a_constant_window_has_no_say() -> None:
    operation = Conv(FilterBank(np.ones((1, 1, 2, 2)), [3], normalize="local"))
    image = np.full((1, 1, 2, 3), 5, np.float32)
    assert_equal(operation.run(image), np.full((1, 1, 1, 2), 3))
    assert_equal(pulled(operation, np.ones((1, 1, 1, 2), np.float32), image), np.zeros(image.shape))


@given(case=small_layers(), data=st.data())
@settings(max_examples=40)
def test_a_unit_sees_what_its_reach_says(case: tuple[Conv, np.ndarray], data: st.DataObject) -> None:
    operation, image = case
    seen_by_all = Conv(
        FilterBank(np.ones_like(operation.bank.weights)),
        operation.stride,
        operation.padding,
        "zeros",
        operation.dilation,
        operation.groups,
    )
    shape = seen_by_all.shape(image.shape)
    unit = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    gradient = np.zeros(shape, np.float32)
    gradient[unit] = 1
    seen = pulled(seen_by_all, gradient, image).any(axis=(0, 1))
    cells, step, first = seen_by_all.reach(image.shape)
    inside = []
    for axis, place in enumerate(unit[2:]):
        begin = int(first[axis] + place * step[axis])
        taps = range(begin, begin + cells[axis], oracles.pair(operation.dilation)[axis])
        inside.append([cell in taps for cell in range(image.shape[2 + axis])])
    assert_equal(seen, np.logical_and.outer(*inside))


def test_reach_of_a_padded_window() -> None:
    operation = Conv(FilterBank(np.ones((1, 1, 3, 2))), (2, 1), ((1, 0), (3, 2)), dilation=(2, 4))
    assert operation.reach((1, 1, 9, 9)) == Reach((5, 5), (2, 1), (-1, -3))


def test_the_work_is_one_multiply_add_a_weight_and_place() -> None:
    operation = Conv(FilterBank(np.ones((6, 2, 3, 3))), padding=1, groups=2)
    assert operation.multiply_adds(operation.shape((5, 4, 7, 8)), (5, 4, 7, 8)) == 5 * 6 * 7 * 8 * 2 * 9


@pytest.mark.parametrize(("bias", "names"), [([0, 2], ["weights", "bias"]), (None, ["weights"])])
def test_what_was_learned_is_weights_and_bias(bias: list[int] | None, names: list[str]) -> None:
    operation = Conv(FilterBank(np.ones((2, 1, 3, 3)), bias))
    assert list(operation.arrays) == names
    assert_equal(operation.arrays["weights"], np.ones((2, 1, 3, 3)))


BANK = FilterBank(np.ones((2, 3, 3, 3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 0}, "stride is 0; it must be a whole number of at least 1"),
        ({"dilation": (1, 0)}, r"dilation is \(1, 0\); it must be a whole number of at least 1"),
        ({"groups": 0}, "groups is 0; it must be a whole number of at least 1"),
        ({"padding": -1}, "padding is -1; use 'valid', 'same'"),
        ({"padding": "upper"}, "padding is 'upper'; use 'valid', 'same'"),
        ({"padding_mode": "mirror"}, "padding_mode is 'mirror'; choose one of zeros, reflect"),
        ({"stride": 0, "padding": "same_lower"}, "stride is 0; it must be"),
    ],
)
def test_options_that_fit_no_map_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Conv(BANK, **options)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((1, 3), InputError, r"it needs maps \(N, C, H, W\), its input is 1×3; put it before flatten"),
        ((1, 4, 9, 9), InputError, r"its input has 4 channel\(s\), its filters read 3"),
        ((1, 3, 2, 9), InputError, "the map is 2×9, smaller than the filter's 3×3 window"),
    ],
)
def test_maps_that_do_not_fit_are_refused(
    shape: tuple[int, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Conv(BANK).shape(shape)


def test_groups_divide_channels_and_filters() -> None:
    with pytest.raises(ArgumentError, match=r"groups is 3; it must divide the 9 channel\(s\) and the 2"):
        Conv(BANK, groups=3).shape((1, 9, 5, 5))
