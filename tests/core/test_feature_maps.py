"""feature_maps, which is fused, gives what conv2d, relu and a pool give one after the other.

To the byte for whole numbers, and for algorithms that sum element-wise; BLAS and FFT may sum real numbers
in another order where tiles have another shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import convtool
from convtool import FilterBank, avg_pool2d, conv2d, feature_maps, max_pool2d, min_pool2d, plan
from convtool.core.algorithms import ALGORITHMS
from convtool.errors import ArgumentError, InputError
from tests.core.jobs import ELEMENTWISE
from tests.strategies import ConvCase, conv_cases, pairs
from tests.tolerances import assert_close, assert_equal, assert_same_bytes, response_scale

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn
    from numpy.typing import NDArray

POOLS = {"max": max_pool2d, "avg": avg_pool2d, "min": min_pool2d}

each_algorithm = pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])


def assert_fused(actual: NDArray, expected: NDArray, case: ConvCase, algorithm: str) -> None:
    """Hold the fused maps against those of the steps."""
    numbers = [case.image, case.weights, *([] if case.bias is None else [case.bias])]
    bank = FilterBank(case.weights)
    runs = plan(case.image.shape, bank, algorithm=algorithm, **case.options).algorithm
    if (algorithm == runs and runs in ELEMENTWISE) or all(
        np.array_equal(each, np.rint(each)) for each in numbers
    ):
        assert_same_bytes(actual, expected)
    else:  # either may be off by the bound
        terms = 2 * case.weights[0].size
        scale = response_scale(case.image, case.weights, case.bias).max()
        assert_close(actual, expected.astype(np.float64), case="conv", terms=terms, scale=scale)


def step_by_step(
    image: NDArray,
    weights: NDArray,
    bias: NDArray | None = None,
    *,
    relu: bool = True,
    pool: int | tuple[int, int] | None = None,
    pool_kind: str = "max",
    **options: Any,
) -> NDArray[np.float32]:
    """Return what feature_maps should: each stage whole before the next."""
    maps = conv2d(image, weights, bias, **options)
    if relu:
        maps = convtool.relu(maps)
    return maps if pool is None else POOLS[pool_kind](maps, pool)


@st.composite
def pooled_cases(draw: DrawFn, algorithm: str) -> tuple[ConvCase, dict[str, Any]]:
    """Return a call of conv2d, and feature_maps' own options with a pool that fits its response."""
    case = draw(conv_cases(whole=draw(st.booleans()), algorithm=algorithm))
    height, width = conv2d(case.image, case.weights, **case.options).shape[2:]
    both = draw(st.tuples(st.integers(1, min(height, 5)), st.integers(1, min(width, 5))))
    number = draw(st.integers(1, min(height, width, 5)))
    return case, {
        "relu": draw(st.booleans()),
        "pool": draw(st.sampled_from([None, number, both])),
        "pool_kind": draw(st.sampled_from([*POOLS])),
    }


@each_algorithm
@given(data=st.data())
@settings(max_examples=80)
def test_the_fused_maps_are_those_of_the_steps(algorithm: str, data: st.DataObject) -> None:
    case, own = data.draw(pooled_cases(algorithm))
    options = {**case.options, **own, "algorithm": algorithm}
    actual = feature_maps(case.image, FilterBank(case.weights, case.bias), **options)
    assert_fused(actual, step_by_step(case.image, case.weights, case.bias, **options), case, algorithm)


@given(shape=pairs(13, 60), kernel=pairs(1, 7), pool=pairs(1, 7), kind=st.sampled_from([*POOLS]))
@settings(max_examples=100)
def test_pools_that_do_not_divide_the_map_leave_its_end_out(
    shape: tuple[int, int], kernel: tuple[int, int], pool: tuple[int, int], kind: str
) -> None:
    rng = np.random.default_rng(0)
    image, weights = rng.standard_normal(shape), rng.standard_normal((3, *kernel))
    actual = feature_maps(image, FilterBank(weights), pool=pool, pool_kind=kind)
    expected = step_by_step(image, weights, pool=pool, pool_kind=kind)
    assert_fused(actual, expected, ConvCase(image[None, None], weights[:, None], None), "auto")
    assert actual.shape[1:] == tuple(
        (size - k + 1) // window for size, k, window in zip(shape, kernel, pool, strict=True)
    )


@each_algorithm
@pytest.mark.parametrize("kind", [*POOLS])
@pytest.mark.parametrize(
    ("channels", "shape", "own"),
    [
        (1, (3, 1, 3, 3), {"pool": 2}),
        (3, (4, 3, 5, 5), {"pool": (3, 2), "padding": "same", "padding_mode": "reflect"}),
        (3, (6, 1, 3, 2), {"pool": (1, 7), "groups": 3, "stride": 2, "relu": False}),
        (2, (2, 2, 3, 3), {"pool": (97, 3), "dilation": 3, "padding": 4, "padding_mode": "circular"}),
    ],
    ids=["plain", "same", "groups", "tall"],
)
def test_larger_images_give_the_maps_of_the_steps_and_any_threads_the_same_bytes(
    algorithm: str, kind: str, channels: int, shape: tuple[int, ...], own: dict[str, Any]
) -> None:
    rng = np.random.default_rng(2)
    image = rng.standard_normal((channels, 399, 517), dtype=np.float32)
    weights, bias = rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(shape[0])
    options = {**own, "pool_kind": kind, "algorithm": algorithm}
    alone = feature_maps(image, FilterBank(weights, bias), threads=1, **options)
    expected = step_by_step(image, weights, bias, **options)
    conv = {name: value for name, value in own.items() if name not in ("pool", "relu")}
    assert_fused(alone, expected, ConvCase(image[None], weights, bias, conv), algorithm)
    for threads in (2, 3):
        together = feature_maps(image, FilterBank(weights, bias), threads=threads, **options)
        assert_same_bytes(together, alone)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"relu": False},
        {"padding": ((0, 2), (3, 1)), "padding_mode": "symmetric"},
        {"stride": (2, 1), "flip": True},
        {"pool": 2, "pool_kind": "avg"},
        {"pool": (2, 3), "pool_kind": "min", "relu": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("image_axes", [2, 3, 4])
@pytest.mark.parametrize("weights", [(3, 2), (1, 3, 2), (3, 3, 2), (1, 1, 3, 2), (3, 1, 3, 2)], ids=str)
def test_axes_are_those_of_the_steps(
    options: dict[str, Any], image_axes: int, weights: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    image, filters = rng.standard_normal((1, 1, 9, 11))[(0,) * (4 - image_axes)], rng.standard_normal(weights)
    actual = feature_maps(image, FilterBank(filters), **options)
    assert_same_bytes(actual, step_by_step(image, filters, **options))


def test_the_notes_pooling_example() -> None:
    image = np.array([[1, 0, 2], [3, 1, 0], [0, 0, 4]])
    assert_equal(feature_maps(image, FilterBank([[1, 0], [0, 1]]), pool=2), np.array([[5]]))


def test_relu_comes_before_the_pool() -> None:
    image = np.array([[-6.0, 2.0]])
    bank = FilterBank([[1]])
    assert_equal(feature_maps(image, bank, pool=(1, 2), pool_kind="avg"), np.array([[1]]))
    assert_equal(feature_maps(image, bank, pool=(1, 2), pool_kind="avg", relu=False), np.array([[-2]]))
    assert_equal(feature_maps(image, bank, pool=(1, 2), pool_kind="min"), np.array([[0]]))


def test_inputs_are_neither_changed_nor_handed_back() -> None:
    image, weights = np.ones((6, 8), dtype=np.float32), np.ones((1, 1), dtype=np.float32)
    bank = FilterBank(weights)
    image.flags.writeable = False
    for options in ({}, {"relu": False}, {"pool": 1}, {"pool": 2}):
        maps = feature_maps(image, bank, **options)
        assert not np.shares_memory(maps, image)
        assert_equal(maps, np.ones(maps.shape))
    assert_equal(image, np.ones((6, 8)))


@pytest.mark.parametrize("pool", [0, -2, 1.5, True, "2", (2, 0), (2, 2, 2)])
def test_a_pool_is_a_size(pool: object) -> None:
    with pytest.raises(ArgumentError, match="pool"):
        feature_maps(np.ones((6, 7)), FilterBank(np.ones((2, 2))), pool=pool)


@pytest.mark.parametrize("kind", ["mean", "", None])
def test_an_unknown_pool_kind_is_named_beside_the_known(kind: object) -> None:
    with pytest.raises(ArgumentError, match=r"pool.kind") as caught:
        feature_maps(np.ones((6, 7)), FilterBank(np.ones((2, 2))), pool=2, pool_kind=kind)
    for known in POOLS:
        assert known in str(caught.value)


def test_a_pool_larger_than_the_map_is_refused_with_both_sizes() -> None:
    with pytest.raises(InputError, match="5×8, smaller than the pool's 7×7 window"):
        feature_maps(np.ones((6, 9)), FilterBank(np.ones((2, 2))), pool=7)


def test_options_of_the_convolution_are_checked_as_there() -> None:
    bank = FilterBank(np.ones((3, 3)))
    with pytest.raises(ArgumentError, match="stride"):
        feature_maps(np.ones((6, 7)), bank, stride=0)
    with pytest.raises(ArgumentError, match="padding_mode"):
        feature_maps(np.ones((6, 7)), bank, padding_mode="mirror")
    with pytest.raises(InputError, match="smaller"):
        feature_maps(np.ones((2, 7)), bank)


def test_a_bank_given_as_weights_is_told_where_it_belongs() -> None:
    with pytest.raises(ArgumentError, match=r"call feature_maps\(image, bank\), or pass bank.weights"):
        conv2d(np.ones((3, 3)), FilterBank([[1]]))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"bank is a str; use FilterBank\(weights\), or load_filter"):
        feature_maps(np.ones((3, 3)), "kirsch")  # type: ignore[arg-type]
