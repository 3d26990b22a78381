"""The pooling layers: their values, their shapes, and which cells they came of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convtool.net.ops.base import Reach
from tests import oracles
from tests.core.test_peers_onnx import pool_attributes, shared_pool
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, jacobian, pulled
from tests.strategies import Pair, PoolCase, generators, pairs, pool_cases
from tests.tolerances import assert_close, assert_equal

each_kind = pytest.mark.parametrize("kind", [MaxPool, AvgPool])
each_global = pytest.mark.parametrize("kind", [GlobalMaxPool, GlobalAvgPool])


def area(size: int | Pair) -> int:
    return int(np.prod(oracles.pair(size)))


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers none of which is there twice, so that a step of a quarter changes no winner."""
    return rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)


@given(case=pool_cases(dilated=True).map(shared_pool))
@settings(max_examples=80)
def test_the_largest_of_every_window(case: PoolCase) -> None:
    dilations = oracles.pair(case.options["dilation"])
    expected = run_node("MaxPool", case.image, dilations=dilations, **pool_attributes(case))
    assert_equal(foreseen(MaxPool(case.kernel_size, **case.options), case.image), expected)


@given(case=pool_cases(dilated=False).map(shared_pool))
@settings(max_examples=80)
def test_the_mean_of_every_window(case: PoolCase) -> None:
    counted = int(case.options["count_include_pad"])
    expected = run_node("AveragePool", case.image, count_include_pad=counted, **pool_attributes(case))
    actual = foreseen(AvgPool(case.kernel_size, **case.options), case.image)
    both = 2 * area(case.kernel_size)
    assert_close(actual, expected, case="pool", terms=both, scale=np.abs(case.image).max())


@st.composite
def dilated_means(draw: st.DrawFn) -> tuple[AvgPool, np.ndarray, dict[str, Any]]:
    """An average over windows with holes, padded so that every window sees a cell of the map."""
    kernel, dilation, stride = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(1, 3))
    pads = tuple((draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))) for k in kernel)
    counted, ceil_mode = draw(st.booleans()), draw(st.booleans())
    size = tuple(d * (k - 1) + 1 + draw(st.integers(0, 5)) for k, d in zip(kernel, dilation, strict=True))
    image = draw(generators()).integers(-9, 10, (1, 2, *size)).astype(np.float32)
    attributes = {
        "kernel_shape": kernel,
        "strides": stride,
        "dilations": dilation,
        "pads": [pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        "ceil_mode": int(ceil_mode),
        "count_include_pad": int(counted),
    }
    return AvgPool(kernel, stride, pads, ceil_mode, dilation, counted), image, attributes


@given(case=dilated_means())
@settings(max_examples=80)
def test_the_mean_of_windows_with_holes(case: tuple[AvgPool, np.ndarray, dict[str, Any]]) -> None:
    operation, image, attributes = case
    expected = run_node("AveragePool", image, **attributes)
    assert_close(foreseen(operation, image), expected, case="pool", terms=2 * area(operation.size), scale=9)


@each_kind
@given(kernel=pairs(1, 5), size=pairs(1, 12), rng=generators(), data=st.data())
@settings(max_examples=40)
def test_same_lower_puts_the_odd_cell_at_the_start(
    kind: type, kernel: Pair, size: Pair, rng: np.random.Generator, data: st.DataObject
) -> None:
    stride = tuple(data.draw(st.integers(1, k)) for k in kernel)
    image = rng.integers(-9, 10, (1, 2, *size)).astype(np.float32)
    operator = "MaxPool" if kind is MaxPool else "AveragePool"
    counted = {} if kind is MaxPool else {"count_include_pad": False}
    expected = run_node(operator, image, kernel_shape=kernel, strides=stride, auto_pad="SAME_LOWER")
    actual = foreseen(kind(kernel, stride, "same_lower", **counted), image)
    assert_close(actual, expected, case="pool", terms=2 * area(kernel), scale=9)


def test_same_lower_goes_by_the_size_if_no_stride_is_given() -> None:
    even, image = (np.arange(n, dtype=np.float32).reshape(1, 1, 1, n) for n in (4, 5))
    assert MaxPool((1, 2), padding="same_lower").run(even).ravel().tolist() == [1, 3]
    assert MaxPool((1, 2), padding="same_lower").run(image).ravel().tolist() == [0, 2, 4]
    assert MaxPool((1, 2), padding="same").run(image).ravel().tolist() == [1, 3, 4]


@given(case=pool_cases(dilated=True), rng=generators())
@settings(max_examples=80)
def test_all_of_a_gradient_goes_to_the_cell_that_won(case: PoolCase, rng: np.random.Generator) -> None:
    operation, image = MaxPool(case.kernel_size, **case.options), distinct(rng, (1, *case.image.shape[1:]))
    gradient = rng.integers(-9, 10, operation.shape(image.shape)).astype(np.float32)
    assume(np.isfinite(operation.run(image)).all())
    expected = jacobian(operation, image, 0.25) @ gradient.ravel()
    assert_equal(pulled(operation, gradient, image), expected.reshape(image.shape))


def test_of_equal_cells_the_first_wins() -> None:
    image, gradient = np.zeros((1, 1, 2, 4), np.float32), np.array([[[[3, 5]]]], np.float32)
    assert pulled(MaxPool(2), gradient, image)[0, 0].tolist() == [[3, 0, 5, 0], [0, 0, 0, 0]]
    one = np.full((1, 1, 1, 1), 7, np.float32)
    assert pulled(GlobalMaxPool(), one, image)[0, 0].tolist() == [[7, 0, 0, 0], [0, 0, 0, 0]]


def test_a_window_in_the_padding_gives_its_gradient_to_nobody() -> None:
    operation = MaxPool((1, 2), padding=((0, 0), (1, 1)), dilation=(1, 2))
    image = np.ones((1, 1, 1, 1), np.float32)
    assert pulled(operation, np.full((1, 1, 1, 1), 9, np.float32), image).tolist() == [[[[0]]]]


def check_mean(operation: AvgPool, image: np.ndarray, rng: np.random.Generator) -> None:
    gradient = rng.integers(-9, 10, operation.shape(image.shape)).astype(np.float32)
    shares = jacobian(operation, np.zeros_like(image), 1)
    assert_close(
        pulled(operation, gradient, image),
        (shares @ gradient.ravel()).reshape(image.shape),
        case="pool",
        terms=2 * area(operation.size),
        scale=(shares @ np.abs(gradient.ravel())).reshape(image.shape),
    )


@given(case=pool_cases(dilated=False), rng=generators())
@settings(max_examples=80)
def test_a_gradient_is_shared_out_over_the_window(case: PoolCase, rng: np.random.Generator) -> None:
    image = rng.integers(-9, 10, (1, *case.image.shape[1:])).astype(np.float32)
    check_mean(AvgPool(case.kernel_size, **case.options), image, rng)


@given(case=dilated_means(), rng=generators())
@settings(max_examples=40)
def test_a_gradient_is_shared_out_over_a_window_with_holes(
    case: tuple[AvgPool, np.ndarray, dict[str, Any]], rng: np.random.Generator
) -> None:
    check_mean(case[0], case[1], rng)


@each_global
@given(size=pairs(1, 6), rng=generators())
@settings(max_examples=30)
def test_a_global_pool_sees_every_map_whole(kind: type, size: Pair, rng: np.random.Generator) -> None:
    operator = "GlobalMaxPool" if kind is GlobalMaxPool else "GlobalAveragePool"
    images = np.stack([distinct(rng, (3, *size)) for _ in range(2)])
    expected = run_node(operator, images)
    cells = size[0] * size[1]
    assert_close(foreseen(kind(), images), expected, case="pool", terms=2 * cells, scale=3 * cells)
    image, gradient = images[:1], rng.integers(-9, 10, (1, 3, 1, 1)).astype(np.float32)
    back = (jacobian(kind(), image, 0.25) @ gradient.ravel()).reshape(image.shape)
    assert_close(pulled(kind(), gradient, image), back, case="pool", terms=2 * cells, scale=30 * cells)
    assert kind().reach(image.shape) is None


@each_kind
def test_every_image_and_channel_gets_its_own_gradient(kind: type) -> None:
    images = distinct(np.random.default_rng(1), (2, 3, 4, 4))
    gradient = distinct(np.random.default_rng(2), (2, 3, 2, 2))
    back = pulled(kind(2), gradient, images)
    assert_equal(back.reshape(2, 3, 2, 2, 2, 2).sum(axis=(3, 5)), gradient)


@each_kind
def test_reach_of_a_padded_pool(kind: type) -> None:
    operation = kind((3, 2), (2, 1), ((1, 0), (1, 0)), dilation=(2, 1))
    assert operation.reach((1, 1, 9, 9)) == Reach((5, 2), (2, 1), (-1, -1))
    assert kind(2).reach((1, 1, 9, 9)) == Reach((2, 2), (2, 2), (0, 0))


@each_kind
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size is 0; it must be a whole number of at least 1"),
        ({"size": 2, "stride": (1, 0)}, r"stride is \(1, 0\); it must be a whole number of at least 1"),
        ({"size": 2, "dilation": 0}, "dilation is 0; it must be"),
        ({"size": 2, "padding": 2}, "padding is 2"),
        ({"size": 2, "padding": "full"}, "padding is 'full'; use 'valid', 'same'"),
        ({"size": 2, "stride": 0, "padding": "same_lower"}, "stride is 0; it must be"),
    ],
)
def test_options_that_fit_no_map_are_refused_at_once(
    kind: type, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        kind(**options)


@each_kind
def test_a_map_smaller_than_the_window_is_refused(kind: type) -> None:
    with pytest.raises(InputError, match="2×9, smaller than the pool's 3×3 window"):
        kind(3).shape((1, 1, 2, 9))


@pytest.mark.parametrize("operation", [MaxPool(2), AvgPool(2), GlobalMaxPool(), GlobalAvgPool()])
def test_vectors_are_not_pooled(operation: Any) -> None:
    with pytest.raises(InputError, match=r"it needs maps \(N, C, H, W\), its input is 1×4; put it before"):
        operation.shape((1, 4))
