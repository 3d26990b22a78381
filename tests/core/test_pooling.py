"""The pools and ReLU against naive loops, and the rules of their arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convtool import avg_pool2d, global_avg_pool2d, global_max_pool2d, max_pool2d, min_pool2d, relu
from convtool.errors import ArgumentError, ConvtoolError, InputError
from tests import oracles
from tests.strategies import REAL_TYPES, Pair, PoolCase, pairs, pool_cases
from tests.tolerances import assert_close, assert_equal, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NAN, INF = np.nan, np.inf

each_pool = pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d, min_pool2d])
each_extreme = pytest.mark.parametrize(
    ("pool", "oracle"),
    [(max_pool2d, oracles.max_pool2d), (min_pool2d, oracles.min_pool2d)],
    ids=["max", "min"],
)
each_operation = pytest.mark.parametrize(
    "operation",
    [
        relu,
        lambda x: max_pool2d(x, 1),
        lambda x: max_pool2d(x, (2, 3), 2, padding=1),
        lambda x: max_pool2d(x, 2, return_indices=True)[0],
        lambda x: avg_pool2d(x, 1),
        lambda x: avg_pool2d(x, (2, 3), 2, padding=1),
        lambda x: min_pool2d(x, 1),
        lambda x: min_pool2d(x, 3, 1, padding="same"),
        global_max_pool2d,
        global_avg_pool2d,
    ],
    ids=["relu", "max 1", "max", "max places", "avg 1", "avg", "min 1", "min", "global max", "global avg"],
)


def whole_image(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).integers(-9, 10, shape).astype(np.float32)


def check_extreme(pool: Callable, oracle: Callable, case: PoolCase) -> None:
    values, places = oracle(case.image, case.kernel_size, **case.options)
    actual = pool(case.image, case.kernel_size, **case.options)
    assert actual.dtype == np.float32
    assert_equal(actual, values)
    actual, indices = pool(case.image, case.kernel_size, **case.options, return_indices=True)
    assert_equal(actual, values)
    assert indices.dtype == np.int64
    assert_equal(indices, places)


def check_average(case: PoolCase) -> None:
    actual = avg_pool2d(case.image, case.kernel_size, **case.options)
    assert actual.dtype == np.float32
    expected = oracles.avg_pool2d(case.image, case.kernel_size, **case.options)
    scale = oracles.avg_pool2d(np.abs(case.image), case.kernel_size, **case.options)
    terms = int(np.prod(oracles.pair(case.kernel_size)))
    assert_close(actual, expected, case="pool", terms=terms, scale=scale)


@each_extreme
@given(case=pool_cases(dilated=True))
@settings(max_examples=250)
def test_the_extreme_of_every_window_and_its_place(pool: Callable, oracle: Callable, case: PoolCase) -> None:
    check_extreme(pool, oracle, case)


@given(case=pool_cases(dilated=False))
@settings(max_examples=250)
def test_the_mean_of_every_window(case: PoolCase) -> None:
    check_average(case)


@pytest.mark.slow
@each_extreme
@given(case=pool_cases(dilated=True))
@settings(max_examples=1_000)
def test_many_extremes_and_their_places(pool: Callable, oracle: Callable, case: PoolCase) -> None:
    check_extreme(pool, oracle, case)


@pytest.mark.slow
@given(case=pool_cases(dilated=False))
@settings(max_examples=1_000)
def test_many_means(case: PoolCase) -> None:
    check_average(case)


@given(case=pool_cases(dilated=False))
@settings(max_examples=100)
def test_global_pools_see_the_whole_plane(case: PoolCase) -> None:
    assert_equal(global_max_pool2d(case.image), oracles.global_max_pool2d(case.image))
    actual = global_avg_pool2d(case.image)
    scale = oracles.global_avg_pool2d(np.abs(case.image))
    terms = case.image[0, 0].size
    assert_close(actual, oracles.global_avg_pool2d(case.image), case="pool", terms=terms, scale=scale)


@given(case=pool_cases(dilated=False))
@settings(max_examples=100)
def test_relu_keeps_what_is_positive(case: PoolCase) -> None:
    actual = relu(case.image)
    assert actual.dtype == np.float32
    assert_equal(actual, oracles.relu(case.image))


def test_a_large_plane_of_a_bright_image_keeps_its_mean() -> None:
    image = np.full((1000, 1001), 65535, dtype=np.uint16)
    image[::2] = 65533
    actual = global_avg_pool2d(image)
    assert_close(actual, np.array([[65534.0]]), case="pool", terms=1, scale=65535)


def test_the_notes_pooling_example() -> None:
    assert_equal(max_pool2d(np.array([[2, 0], [3, 5]]), 2), np.array([[5]]))


def test_small_pictures_known_by_hand() -> None:
    picture = np.arange(1, 26).reshape(5, 5)
    assert_equal(max_pool2d(picture, 2), np.array([[7, 9], [17, 19]]))
    assert_equal(min_pool2d(picture, 2), np.array([[1, 3], [11, 13]]))
    assert_equal(avg_pool2d(picture, 2), np.array([[4, 6], [14, 16]]))
    assert_equal(max_pool2d(picture, 2, ceil_mode=True), np.array([[7, 9, 10], [17, 19, 20], [22, 24, 25]]))
    assert_equal(avg_pool2d(picture, 2, ceil_mode=True)[2], np.array([21.5, 23.5, 25]))
    assert_equal(max_pool2d(picture, (1, 3), 2), np.array([[3, 5], [13, 15], [23, 25]]))
    assert_equal(max_pool2d(picture, 2, 1, dilation=4), np.array([[25]]))
    assert_equal(max_pool2d(picture, 2, padding="same")[2], np.array([22, 24, 25]))


def test_padding_counts_in_a_mean_only_if_asked_and_never_past_the_end() -> None:
    row = np.full((1, 4), 12)
    options = {"padding": ((0, 0), (1, 1)), "ceil_mode": True}
    # Windows: padding and cells 0 to 2; cells 2 and 3, padding, and a cell past it that never counts.
    assert_equal(avg_pool2d(row, (1, 4), (1, 3), **options), np.array([[9, 8]]))
    assert_equal(avg_pool2d(row, (1, 4), (1, 3), **options, count_include_pad=False), np.array([[12, 12]]))


def test_ceil_mode_drops_a_window_that_would_start_in_the_end_padding() -> None:
    row = np.arange(1, 5)[None]
    kept = max_pool2d(row, (1, 2), 2, padding=((0, 0), (1, 1)), ceil_mode=True)
    assert_equal(kept, np.array([[1, 3, 4]]))
    dropped = max_pool2d(row, (1, 3), (1, 4), padding=((0, 0), (0, 2)), ceil_mode=True)
    assert_equal(dropped, np.array([[3]]))
    assert_equal(avg_pool2d(row, (1, 3), (1, 4), padding=((0, 0), (0, 2)), ceil_mode=True), np.array([[2]]))


@each_extreme
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 1), ((1, 4), (1, 3))], ids=str)
def test_same_padding_of_a_dilated_window_has_one_value_a_stride(
    pool: Callable, oracle: Callable, kernel: Any, stride: Any
) -> None:
    image = whole_image(1, 1, 7, 8)
    values, places = pool(image, kernel, stride, padding="same", dilation=3, return_indices=True)
    expected, expected_places = oracle(image, kernel, stride, "same", dilation=3)
    (stride_y, stride_x) = oracles.pair(stride)
    assert values.shape == (1, 1, -(-7 // stride_y), -(-8 // stride_x))
    assert_equal(values, expected)
    assert_equal(places, expected_places)


@each_extreme
def test_the_first_of_equals_in_row_order_is_the_place(pool: Callable, oracle: Callable) -> None:
    flat = np.full((4, 6), 3)
    places = pool(flat, (2, 3), return_indices=True)[1]
    assert_equal(places, np.array([[0, 3], [12, 15]]))
    assert_equal(pool(flat, 3, 2, padding=1, return_indices=True)[1], np.array([[0, 1, 3], [6, 7, 9]]))
    ties = np.array([[0, 7, 0], [7, 0, 7]]) * (1 if oracle is oracles.max_pool2d else -1)
    assert_equal(pool(ties, (2, 3), return_indices=True)[1], np.array([[1]]))


@each_extreme
def test_places_are_counted_within_each_plane(pool: Callable, oracle: Callable) -> None:
    image = whole_image(2, 3, 6, 9)
    values, places = pool(image, 3, return_indices=True)
    found = np.take_along_axis(image.reshape(2, 3, -1), places.reshape(2, 3, -1), axis=2)
    assert_equal(found.reshape(values.shape), values)
    assert_equal(places, oracle(image, 3)[1])


@each_extreme
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_padding_never_wins(pool: Callable, oracle: Callable, ceil_mode: bool) -> None:
    worst = np.full((1, 1, 4, 5), -INF if pool is max_pool2d else INF)
    values, places = pool(worst, 3, 2, padding=1, ceil_mode=ceil_mode, return_indices=True)
    expected, expected_places = oracle(worst, 3, 2, 1, ceil_mode=ceil_mode)
    assert_equal(values, expected)
    assert_equal(places, expected_places)


@each_extreme
@pytest.mark.parametrize("options", [{}, {"padding": 1, "stride": 1}, {"dilation": 2, "stride": 1}], ids=str)
def test_nan_goes_through_an_extreme(pool: Callable, oracle: Callable, options: dict[str, Any]) -> None:
    image = whole_image(1, 1, 7, 8)
    image[0, 0, 2, 5] = NAN
    image[0, 0, 3, 1] = INF
    image[0, 0, 4, 4] = -INF
    values, places = pool(image, 2, **options, return_indices=True)
    expected, expected_places = oracle(image, 2, **options)
    assert np.isnan(expected).any()
    assert not np.isnan(expected).all()
    assert_equal(values, expected)
    assert_equal(pool(image, 2, **options), expected)
    assert_equal(places, expected_places)


def test_nan_and_infinity_spoil_only_their_own_means() -> None:
    image = whole_image(7, 8)
    image[2, 5], image[6, 0] = NAN, INF
    means = avg_pool2d(image, 2, 1)
    clean = avg_pool2d(np.where(np.isfinite(image), image, 0), 2, 1)
    expected = clean.copy()
    expected[1:3, 4:6] = NAN
    expected[5, 0] = INF
    assert_equal(means, expected)


def test_nan_goes_through_global_pools() -> None:
    image = whole_image(2, 3, 4)
    image[1, 2, 0] = NAN
    assert_equal(np.isnan(global_max_pool2d(image)), np.array([[[False]], [[True]]]))
    assert_equal(np.isnan(global_avg_pool2d(image)), np.array([[[False]], [[True]]]))


def test_relu_of_special_values() -> None:
    special = np.array([[NAN, -NAN, INF, -INF, 0.0, -0.0, 1e-45, -1e-45]], dtype=np.float32)
    expected = np.array([[NAN, NAN, INF, 0, 0, 0, 1e-45, 0]], dtype=np.float32)
    assert_equal(relu(special), expected)


@each_operation
@pytest.mark.parametrize("shape", [(6, 7), (1, 6, 7), (3, 6, 7), (1, 1, 6, 7), (2, 3, 6, 7)], ids=str)
def test_the_result_has_the_axes_of_the_input(operation: Callable, shape: tuple[int, ...]) -> None:
    image = whole_image(*shape)
    images = image.reshape((1,) * (4 - image.ndim) + shape)
    actual = operation(image)
    assert actual.ndim == image.ndim
    assert_equal(actual, operation(images).reshape(actual.shape))


def test_global_pools_keep_one_cell_of_each_plane() -> None:
    for operation in (global_max_pool2d, global_avg_pool2d):
        assert operation(whole_image(6, 7)).shape == (1, 1)
        assert operation(whole_image(3, 6, 7)).shape == (3, 1, 1)
        assert operation(whole_image(2, 3, 6, 7)).shape == (2, 3, 1, 1)


@each_extreme
def test_places_have_the_axes_of_the_input(pool: Callable, oracle: Callable) -> None:
    image = whole_image(2, 3, 6, 7)
    for part, place in [(image, ...), (image[0], 0), (image[0, 0], (0, 0))]:
        places = pool(part, 2, return_indices=True)[1]
        assert_equal(places, oracle(image, 2)[1][place])


@each_operation
def test_an_empty_batch_gives_an_empty_batch(operation: Callable) -> None:
    result = operation(np.empty((0, 3, 6, 7), dtype=np.float32))
    assert result.shape == (0, *operation(whole_image(1, 3, 6, 7)).shape[1:])


@each_operation
def test_inputs_are_neither_changed_nor_handed_back(operation: Callable) -> None:
    image = whole_image(2, 3, 6, 7)
    before = image.copy()
    image.flags.writeable = False
    result = operation(image)
    assert_same_bytes(image, before)
    assert not np.shares_memory(result, image)


@each_operation
def test_layout_in_memory_does_not_matter(operation: Callable) -> None:
    image = whole_image(2, 3, 6, 7)
    expected = operation(image)
    assert_same_bytes(operation(np.asfortranarray(image)), expected)
    assert_same_bytes(operation(np.repeat(image, 2, axis=3)[..., ::2]), expected)
    assert_same_bytes(operation(image[..., ::-1, ::-1].copy()[..., ::-1, ::-1]), expected)
    assert_same_bytes(
        operation(np.ascontiguousarray(image.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)), expected
    )


@each_operation
@pytest.mark.parametrize("dtype", REAL_TYPES)
def test_every_real_type_is_accepted(operation: Callable, dtype: str) -> None:
    image = np.abs(whole_image(2, 6, 7)).astype(dtype)
    result = operation(image)
    assert result.dtype == np.dtype(np.float32)
    assert result.dtype.isnative
    assert_same_bytes(result, operation(image.astype(np.float32)))


@each_pool
def test_threads_do_not_change_a_byte(pool: Callable) -> None:
    image = np.random.default_rng(1).standard_normal((5, 301, 407), dtype=np.float32)
    for kernel, stride in [(2, None), (3, 1), ((5, 2), (2, 3))]:
        alone = pool(image, kernel, stride, padding="same", threads=1)
        for threads in (2, 3, None):
            assert_same_bytes(pool(image, kernel, stride, padding="same", threads=threads), alone)


not_a_step = pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", (1, 0), (1, 2, 3), ()])


@each_pool
@not_a_step
@pytest.mark.parametrize("argument", ["kernel_size", "stride"])
def test_steps_are_positive_whole_numbers(pool: Callable, argument: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=argument):
        pool(whole_image(6, 7), **{"kernel_size": 2, argument: value})


@not_a_step
@pytest.mark.parametrize("pool", [max_pool2d, min_pool2d])
def test_a_dilation_is_a_positive_whole_number(pool: Callable, value: object) -> None:
    with pytest.raises(ArgumentError, match="dilation"):
        pool(whole_image(6, 7), 2, dilation=value)


@each_pool
@pytest.mark.parametrize("value", [-1, 0.5, True, None, "full", (1, -1), (1, 1, 1), ((1, 1), (1,))])
def test_padding_has_five_spellings(pool: Callable, value: object) -> None:
    with pytest.raises(ArgumentError, match="padding"):
        pool(whole_image(6, 7), 3, padding=value)


@each_pool
@pytest.mark.parametrize("value", [3, 4, (0, 3), (3, 0), ((0, 0), (0, 3)), ((3, 0), (0, 0))])
def test_padding_is_smaller_than_the_window(pool: Callable, value: object) -> None:
    with pytest.raises(ArgumentError, match="padding"):
        pool(whole_image(6, 7), 3, padding=value)


@each_pool
def test_threads_are_checked(pool: Callable) -> None:
    with pytest.raises(ArgumentError, match=r"^threads is 0; it must be a whole number of at least 1$"):
        pool(whole_image(6, 7), 2, threads=0)


@each_pool
@pytest.mark.parametrize(
    ("shape", "kernel"), [((2, 9), (3, 4)), ((9, 2), (4, 3)), ((3, 8, 4), (2, 5))], ids=str
)
def test_a_window_larger_than_the_map_is_refused_with_both_sizes(
    pool: Callable, shape: tuple[int, ...], kernel: tuple[int, int]
) -> None:
    """I17, M5."""
    says = f"{shape[-2]}×{shape[-1]}, smaller than the pool's {kernel[0]}×{kernel[1]} window"
    with pytest.raises(InputError, match=says):
        pool(np.ones(shape), kernel)


@each_extreme
def test_a_dilated_window_larger_than_the_map_is_refused(pool: Callable, oracle: Callable) -> None:
    image = np.ones((1, 1, 5, 5))
    assert_equal(pool(image, 2, dilation=4), oracle(image, 2, dilation=4)[0])
    with pytest.raises(InputError, match="5"):
        pool(image, 2, dilation=5)


@each_operation
@pytest.mark.parametrize("dtype", ["c8", "U1", "S1", "O", "M8[s]"])
def test_only_real_numbers_are_accepted(operation: Callable, dtype: str) -> None:
    other = np.ones((6, 7)).astype("i8").astype(dtype)
    with pytest.raises(ConvtoolError, match=re.escape(str(other.dtype))):
        operation(other)


each_pool_of_any_size = pytest.mark.parametrize(
    "operation",
    [
        lambda x: max_pool2d(x, 1),
        lambda x: avg_pool2d(x, 1),
        lambda x: min_pool2d(x, 1),
        global_max_pool2d,
        global_avg_pool2d,
    ],
    ids=["max", "avg", "min", "global max", "global avg"],
)


@each_pool_of_any_size
@pytest.mark.parametrize("shape", [(), (7,), (1, 1, 1, 6, 7)], ids=str)
def test_a_map_has_two_to_four_axes(operation: Callable, shape: tuple[int, ...]) -> None:
    with pytest.raises(ConvtoolError, match=re.escape(str(shape))):
        operation(np.ones(shape))


@each_pool_of_any_size
@pytest.mark.parametrize("shape", [(0, 7), (7, 0), (2, 0, 7), (2, 3, 7, 0)], ids=str)
def test_a_map_has_cells(operation: Callable, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="0"):
        operation(np.ones(shape))


def test_ceil_mode_takes_a_map_smaller_than_its_window_as_pytorch_does() -> None:
    assert max_pool2d(np.arange(4).reshape(2, 2), 3, 2, ceil_mode=True).tolist() == [[3]]
    with pytest.raises(InputError, match=r"1×1.* smaller than the pool's 3×3 window"):
        max_pool2d(np.ones((1, 1)), 3, 2, ceil_mode=True)


def test_a_window_whose_taps_all_lie_in_the_padding_has_no_winner() -> None:
    case = {"kernel_size": (1, 2), "padding": ((0, 0), (1, 1)), "dilation": (1, 2)}
    values, places = max_pool2d(np.ones((1, 1)), **case, return_indices=True)
    assert values.tolist() == max_pool2d(np.ones((1, 1)), **case).tolist() == [[-np.inf]]
    assert places.tolist() == [[-1]]


def test_the_mean_of_a_large_window_does_not_drift() -> None:
    assert avg_pool2d(np.full((1024, 1024), 65535, np.uint16), 1024).tolist() == [[65535]]
    assert avg_pool2d(np.full((2, 2), 3e38, np.float32), 2).tolist() == [[np.float32(3e38)]]


@given(
    shape=pairs(1, 60),
    kernel=pairs(1, 40),
    stride=pairs(1, 4),
    dilation=pairs(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=200)
def test_large_windows_are_those_of_every_cell(
    shape: Pair, kernel: Pair, stride: Pair, dilation: Pair, seed: int
) -> None:
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    assume(all(r <= n for r, n in zip(reach, shape, strict=True)))
    image = np.random.default_rng(seed).integers(-99, 100, shape).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(image, reach)
    windows = windows[:: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    assert_equal(max_pool2d(image, kernel, stride, dilation=dilation), windows.max((2, 3)))
    assert_equal(min_pool2d(image, kernel, stride, dilation=dilation), windows.min((2, 3)))
    if dilation == (1, 1):
        mean = windows.sum((2, 3), dtype=np.float64) / (kernel[0] * kernel[1])
        assert_equal(avg_pool2d(image, kernel, stride), mean.astype(np.float32))
