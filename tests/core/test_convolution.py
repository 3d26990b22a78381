"""conv2d against naive loops, for every algorithm in the registry, and the rules of its arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convtool import FilterBank, conv2d, plan, relu
from convtool.core.algorithms import ALGORITHMS
from convtool.errors import ArgumentError, ConvtoolError, InputError
from tests import oracles
from tests.strategies import EXACT_BELOW, NEVER_WHOLE, PADDING_MODES, REAL_TYPES, ConvCase, conv_cases
from tests.tolerances import assert_close, assert_equal, assert_same_bytes, response_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

each_algorithm = pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])


def whole_image(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float32)


def check_whole(case: ConvCase, algorithm: str) -> None:
    actual = conv2d(case.image, case.weights, case.bias, algorithm=algorithm, **case.options)
    assert actual.dtype == np.float32
    assert_equal(actual, oracles.conv2d(case.image, case.weights, case.bias, **case.options))
    assert not np.signbit(actual[actual == 0]).any()


def check_real(case: ConvCase, algorithm: str) -> None:
    actual = conv2d(case.image, case.weights, case.bias, algorithm=algorithm, **case.options)
    assert actual.dtype == np.float32
    expected = oracles.conv2d(case.image, case.weights, case.bias, **case.options)
    scale = response_scale(case.image, case.weights, case.bias)
    assert_close(actual, expected, case="conv", terms=case.weights[0].size, scale=scale)


def suited(data: st.DataObject, whole: bool, algorithm: str) -> ConvCase:
    """Draw a case that the algorithm itself computes, unless it never does."""
    case = data.draw(conv_cases(whole=whole, algorithm=algorithm))
    if algorithm != "auto" and not (whole and algorithm in NEVER_WHOLE):
        planned = plan(case.image.shape, FilterBank(case.weights), algorithm=algorithm, **case.options)
        assume(planned.algorithm == algorithm)
    return case


@each_algorithm
@given(data=st.data())
@settings(max_examples=120)
def test_whole_numbers_are_exact(algorithm: str, data: st.DataObject) -> None:
    check_whole(suited(data, whole=True, algorithm=algorithm), algorithm)


@each_algorithm
@given(data=st.data())
@settings(max_examples=60)
def test_real_numbers_are_within_the_bound(algorithm: str, data: st.DataObject) -> None:
    check_real(suited(data, whole=False, algorithm=algorithm), algorithm)


@pytest.mark.slow
@each_algorithm
@given(data=st.data())
@settings(max_examples=500)
def test_many_whole_numbers_are_exact(algorithm: str, data: st.DataObject) -> None:
    check_whole(suited(data, whole=True, algorithm=algorithm), algorithm)


@pytest.mark.slow
@each_algorithm
@given(data=st.data())
@settings(max_examples=500)
def test_many_real_numbers_are_within_the_bound(algorithm: str, data: st.DataObject) -> None:
    check_real(suited(data, whole=False, algorithm=algorithm), algorithm)


@each_algorithm
@given(case=conv_cases(whole=True))
@settings(max_examples=30)
def test_what_an_algorithm_cannot_do_is_exact_too(algorithm: str, case: ConvCase) -> None:
    check_whole(case, algorithm)


@each_algorithm
@pytest.mark.parametrize("padding_mode", PADDING_MODES)
@pytest.mark.parametrize(
    ("channels", "shape", "options"),
    [
        (1, (1, 1, 3, 3), {"padding": "same"}),
        (1, (2, 1, 11, 11), {"padding": 5}),
        (3, (2, 3, 5, 4), {"padding": ((0, 7), (9, 1)), "flip": True}),
        (4, (4, 1, 3, 3), {"padding": "same", "stride": 2, "groups": 4}),
        (2, (3, 2, 3, 3), {"padding": (4, 3), "dilation": (4, 3)}),
    ],
    ids=["3x3", "11x11", "uneven", "depthwise", "dilated"],
)
def test_larger_images_are_exact(
    algorithm: str, padding_mode: str, channels: int, shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    image = whole_image(2, channels, 17, 29)
    weights = whole_image(*shape, seed=1)
    case = ConvCase(image, weights, None, {**options, "padding_mode": padding_mode})
    check_whole(case, algorithm)


@each_algorithm
@pytest.mark.parametrize("taps", [1, 3, 15], ids=lambda taps: f"{taps}x{taps}")
@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_exact_response_is_exact(algorithm: str, taps: int, sign: int) -> None:
    largest = EXACT_BELOW - 1
    weights = np.ones((taps, taps), dtype=np.int64)
    brightest, bias = divmod(largest, taps * taps)
    image = np.full((40, 50), sign * brightest)
    response = conv2d(image, weights, [sign * bias], algorithm=algorithm)
    assert_equal(response, np.full((41 - taps, 51 - taps), sign * largest))


@each_algorithm
def test_sixteen_bit_images_under_a_strong_filter_are_exact(algorithm: str) -> None:
    rng = np.random.default_rng(3)
    image = rng.choice([0, 1, 65534, 65535], (1, 1, 45, 52)).astype(np.uint16)
    weights = rng.permutation([*[10] * 12, *[-10] * 13]).reshape(1, 1, 5, 5)
    assert np.abs(weights).sum() * 65535 < EXACT_BELOW
    assert_equal(conv2d(image, weights, algorithm=algorithm), oracles.conv2d(image, weights))


@each_algorithm
@pytest.mark.parametrize(
    "weights",
    [
        [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
        [[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, 36, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]],
        [[3, 7, 11]],
        [[0, 0], [0, 0]],
    ],
    ids=["sobel", "binomial", "row", "zero"],
)
def test_separable_whole_filters_are_exact(algorithm: str, weights: list[list[int]]) -> None:
    bank = np.array(weights)[None, None]
    image = np.random.default_rng(5).integers(0, 65536, (1, 1, 33, 47))
    assert_equal(conv2d(image, bank, algorithm=algorithm), oracles.conv2d(image, bank))


@each_algorithm
def test_an_impulse_shows_the_filter_turned_and_flip_shows_it_as_printed(algorithm: str) -> None:
    impulse = np.zeros((5, 6))
    impulse[2, 3] = 1
    weights = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    as_printed = np.zeros((5, 6))
    as_printed[1:4, 2:5] = weights
    turned = np.zeros((5, 6))
    turned[1:4, 2:5] = [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    assert_equal(conv2d(impulse, weights, padding="same", algorithm=algorithm), turned)
    assert_equal(conv2d(impulse, weights, padding="same", flip=True, algorithm=algorithm), as_printed)


def test_the_notes_filtering_example() -> None:
    image = np.array([[1, 2, 1], [2, 1, 1], [1, 1, 1]])
    weights = np.array([[1, 0.5], [0.5, 1]])
    assert_equal(conv2d(image, weights), np.array([[4, 4], [4, 3]]))


@each_algorithm
def test_twice_the_notes_filter_is_whole_and_exact(algorithm: str) -> None:
    image = np.array([[1, 2, 1], [2, 1, 1], [1, 1, 1]])
    assert_equal(conv2d(image, [[2, 1], [1, 2]], algorithm=algorithm), np.array([[8, 8], [8, 6]]))


@each_algorithm
def test_the_notes_pooling_example_up_to_relu(algorithm: str) -> None:
    image = np.array([[1, 0, 2], [3, 1, 0], [0, 0, 4]])
    response = conv2d(image, np.array([[1, 0], [0, 1]]), algorithm=algorithm)
    assert_equal(response, np.array([[2, 0], [3, 5]]))
    assert_equal(relu(response), np.array([[2, 0], [3, 5]]))


@each_algorithm
def test_an_even_filter_under_same_has_its_odd_cell_at_the_end(algorithm: str) -> None:
    image = np.array([[1, 2, 3]])
    response = conv2d(image, np.array([[10, 1]]), padding="same", algorithm=algorithm)
    assert_equal(response, np.array([[12, 23, 30]]))


@each_algorithm
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", [0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0]),
        ("reflect", [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]),
        ("replicate", [1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3]),
        ("circular", [2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]),
        ("symmetric", [2, 3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1, 2]),
    ],
)
def test_pads_wider_than_the_image_go_on(algorithm: str, mode: str, expected: list[int]) -> None:
    options = {"padding": (0, 5), "padding_mode": mode, "algorithm": algorithm}
    assert_equal(conv2d(np.array([[1, 2, 3]]), np.ones((1, 1)), **options), np.array([expected]))


@each_algorithm
def test_reflecting_a_single_row_repeats_it(algorithm: str) -> None:
    options = {"padding": (2, 0), "padding_mode": "reflect", "algorithm": algorithm}
    assert_equal(conv2d(np.array([[4, 6]]), np.ones((3, 1)), **options), np.array([[12, 18]] * 3))


@each_algorithm
@pytest.mark.parametrize(
    ("image", "weights", "expected"),
    [
        ((6, 7), (2, 3), (5, 5)),
        ((6, 7), (1, 2, 3), (1, 5, 5)),
        ((6, 7), (4, 2, 3), (4, 5, 5)),
        ((6, 7), (4, 1, 2, 3), (4, 5, 5)),
        ((1, 6, 7), (2, 3), (1, 5, 5)),
        ((1, 6, 7), (4, 2, 3), (4, 5, 5)),
        ((1, 6, 7), (1, 1, 2, 3), (1, 5, 5)),
        ((3, 6, 7), (4, 3, 2, 3), (4, 5, 5)),
        ((2, 1, 6, 7), (2, 3), (2, 1, 5, 5)),
        ((1, 1, 6, 7), (2, 3), (1, 1, 5, 5)),
        ((2, 1, 6, 7), (4, 2, 3), (2, 4, 5, 5)),
        ((2, 3, 6, 7), (4, 3, 2, 3), (2, 4, 5, 5)),
    ],
)
def test_axes_of_the_result(
    algorithm: str, image: tuple[int, ...], weights: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    pixels, filters = whole_image(*image), whole_image(*weights, seed=1)
    images = pixels.reshape((1,) * (4 - pixels.ndim) + image)
    bank = filters.reshape(-1, 1, *weights[-2:]) if filters.ndim < 4 else filters
    actual = conv2d(pixels, filters, algorithm=algorithm)
    assert actual.shape == expected
    assert_equal(actual, oracles.conv2d(images, bank).reshape(expected))


@each_algorithm
def test_three_axes_of_weights_are_filters_of_one_channel_each(algorithm: str) -> None:
    image, weights = whole_image(3, 6, 7), whole_image(6, 2, 3, seed=1)
    actual = conv2d(image, weights, groups=3, algorithm=algorithm)
    assert_equal(actual, oracles.conv2d(image[None], weights[:, None], groups=3)[0])


@each_algorithm
def test_an_empty_batch_gives_an_empty_batch(algorithm: str) -> None:
    response = conv2d(np.empty((0, 2, 6, 7), dtype=np.float32), whole_image(4, 2, 3, 3), algorithm=algorithm)
    assert response.shape == (0, 4, 4, 5)
    assert response.dtype == np.float32


@each_algorithm
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("mode", PADDING_MODES)
def test_inputs_are_neither_changed_nor_handed_back(algorithm: str, kernel: int, mode: str) -> None:
    image, weights = whole_image(2, 2, 6, 7), np.zeros((2, 2, kernel, kernel), dtype=np.float32)
    weights[[0, 1], [0, 1], kernel // 2, kernel // 2] = 1
    bias = np.zeros(2, dtype=np.float32)
    inputs = (image, weights, bias)
    before = [array.copy() for array in inputs]
    for array in inputs:
        array.flags.writeable = False
    response = conv2d(*inputs, padding="same", padding_mode=mode, algorithm=algorithm)
    assert_equal(response, before[0])
    for array, old in zip(inputs, before, strict=True):
        assert_same_bytes(array, old)
        assert not np.shares_memory(response, array)


@each_algorithm
def test_layout_in_memory_does_not_matter(algorithm: str) -> None:
    image, weights, bias = whole_image(2, 3, 8, 9), whole_image(4, 3, 3, 2, seed=1), whole_image(4, seed=2)
    expected = oracles.conv2d(image, weights, bias)

    def spread(array: NDArray) -> NDArray:
        wide = np.full([2 * size for size in array.shape], np.float32(77))
        view = wide[(slice(None, None, 2),) * array.ndim]
        view[...] = array
        return view

    def backwards(array: NDArray) -> NDArray:
        every_axis = (slice(None, None, -1),) * array.ndim
        return array[every_axis].copy()[every_axis]

    for layout in (np.asfortranarray, spread, backwards):
        actual = conv2d(layout(image), layout(weights), layout(bias), algorithm=algorithm)
        assert_equal(actual, expected)
    channels_last = np.ascontiguousarray(image.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert_equal(conv2d(channels_last, weights, bias, algorithm=algorithm), expected)
    one_row_seen_often = np.broadcast_to(whole_image(1, 9), (8, 9))
    actual = conv2d(one_row_seen_often, weights[0, 0], algorithm=algorithm)
    assert_equal(actual, oracles.conv2d(one_row_seen_often[None, None], weights[:1, :1])[0, 0])


@each_algorithm
@pytest.mark.parametrize("dtype", REAL_TYPES)
def test_every_real_type_is_accepted(algorithm: str, dtype: str) -> None:
    rng = np.random.default_rng(13)
    image, weights, bias = (
        rng.integers(0, 2 if dtype == "?" else 10, shape).astype(dtype)
        for shape in [(1, 2, 8, 9), (3, 2, 3, 2), (3,)]
    )
    expected = oracles.conv2d(image, weights, bias)
    for arguments in [
        (image, weights, bias),
        (image.astype(np.float32), weights, bias.astype(np.float32)),
        (image, weights.astype(np.float32), bias),
    ]:
        actual = conv2d(*arguments, algorithm=algorithm)
        assert actual.dtype == np.dtype(np.float32)
        assert actual.dtype.isnative
        assert_equal(actual, expected)


def test_numbers_may_be_numpy_integers() -> None:
    image, weights = whole_image(2, 8, 9), whole_image(2, 1, 3, 3, seed=1)
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    as_numpy = {name: np.array(value)[()] for name, value in options.items()}
    as_numpy = {
        name: tuple(value) if isinstance(value, np.ndarray) else value for name, value in as_numpy.items()
    }
    assert_equal(conv2d(image, weights, **as_numpy), oracles.conv2d(image[None], weights, **options)[0])


@pytest.mark.parametrize("argument", ["stride", "dilation"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", None, (1, 0), (1, 2, 3), (1, True), ()])
def test_steps_are_positive_whole_numbers(argument: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=argument):
        conv2d(whole_image(6, 7), np.ones((2, 2)), **{argument: value})


@pytest.mark.parametrize(
    "value",
    [-1, 1.5, True, None, "full", (1, -1), (1, 2, 3), (1, 2, 3, 4), ((1, 2), (3,)), ((1, 2), (3, -4))],
)
def test_padding_has_five_spellings(value: object) -> None:
    with pytest.raises(ArgumentError, match="padding"):
        conv2d(whole_image(6, 7), np.ones((2, 2)), padding=value)


@pytest.mark.parametrize("mode", ["mirror", "constant", "edge", "", None, 1])
def test_an_unknown_padding_mode_is_named_beside_the_known(mode: object) -> None:
    with pytest.raises(ArgumentError, match="padding_mode") as caught:
        conv2d(whole_image(6, 7), np.ones((2, 2)), padding_mode=mode)
    for known in PADDING_MODES:
        assert known in str(caught.value)


@pytest.mark.parametrize("name", ["fastest", "", None])
def test_an_unknown_algorithm_is_named_beside_the_known(name: object) -> None:
    with pytest.raises(ArgumentError, match="algorithm") as caught:
        conv2d(whole_image(6, 7), np.ones((2, 2)), algorithm=name)
    for known in ("auto", *ALGORITHMS):
        assert known in str(caught.value)


def test_threads_are_checked() -> None:
    with pytest.raises(ArgumentError, match=r"^threads is 0; it must be a whole number of at least 1$"):
        conv2d(whole_image(6, 7), np.ones((2, 2)), threads=0)


@pytest.mark.parametrize("groups", [0, -1, 1.5, True, None])
def test_groups_are_counted_from_one(groups: object) -> None:
    with pytest.raises(ArgumentError, match="groups"):
        conv2d(whole_image(6, 7), np.ones((2, 2)), groups=groups)


@pytest.mark.parametrize(
    ("channels", "weights", "groups"),
    [(3, (4, 1, 2, 2), 2), (4, (3, 2, 2, 2), 2), (2, (3, 1, 2, 2), 3)],
    ids=["channels", "filters", "too many"],
)
def test_groups_divide_channels_and_filters(channels: int, weights: tuple[int, ...], groups: int) -> None:
    with pytest.raises(ArgumentError, match="groups"):
        conv2d(whole_image(channels, 6, 7), np.ones(weights), groups=groups)


@pytest.mark.parametrize("bias", [[1, 2], [1, 2, 3, 4], [], [[1, 2, 3]], 5], ids=str)
def test_a_bias_is_one_number_for_each_filter(bias: object) -> None:
    with pytest.raises(ConvtoolError, match="bias"):
        conv2d(whole_image(6, 7), np.ones((3, 2, 2)), bias)


@pytest.mark.parametrize(
    ("channels", "weights", "groups"),
    [(3, (2, 2, 2, 2), 1), (3, (2, 2), 1), (1, (1, 3, 2, 2), 1), (4, (2, 4, 2, 2), 2)],
    ids=str,
)
def test_channels_of_image_and_filter_must_agree(
    channels: int, weights: tuple[int, ...], groups: int
) -> None:
    with pytest.raises(InputError, match="channel"):
        conv2d(whole_image(channels, 6, 7), np.ones(weights), groups=groups)


@pytest.mark.parametrize("shape", [(), (7,), (1, 1, 1, 6, 7)], ids=str)
def test_an_image_has_two_to_four_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConvtoolError, match=rf"image.*{re.escape(str(shape))}"):
        conv2d(np.ones(shape), np.ones((1, 1)))


@pytest.mark.parametrize("shape", [(), (7,), (1, 1, 1, 2, 2)], ids=str)
def test_weights_have_two_to_four_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConvtoolError, match=rf"weights.*{re.escape(str(shape))}"):
        conv2d(np.ones((6, 7)), np.ones(shape))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 3, 3), (1, 0, 3, 3)], ids=str)
def test_weights_are_not_empty(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConvtoolError, match="weights"):
        conv2d(np.ones((6, 7)), np.ones(shape))


@each_algorithm
@pytest.mark.parametrize(
    ("image", "kernel", "options"),
    [
        ((2, 9), (3, 4), {}),
        ((9, 2), (3, 4), {}),
        ((2, 9), (5, 4), {"padding": (1, 0)}),
        ((6, 9), (4, 4), {"dilation": 2}),
    ],
    ids=["low", "narrow", "padded", "dilated"],
)
def test_an_image_smaller_than_the_filter_is_refused_with_both_sizes(
    algorithm: str, image: tuple[int, int], kernel: tuple[int, int], options: dict[str, Any]
) -> None:
    """I17."""
    with pytest.raises(InputError, match="smaller") as caught:
        conv2d(np.ones(image), np.ones(kernel), algorithm=algorithm, **options)
    numbers = set(map(int, re.findall(r"\d+", str(caught.value))))
    spanned = {k * options.get("dilation", 1) - options.get("dilation", 1) + 1 for k in kernel}
    assert set(image) <= numbers
    assert set(kernel) <= numbers or spanned <= numbers


@pytest.mark.parametrize("shape", [(0, 9), (9, 0), (1, 0, 9), (2, 1, 9, 0)], ids=str)
def test_an_image_has_cells(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=rf"image.*{re.escape(str(shape))}"):
        conv2d(np.ones(shape), np.ones((1, 1)), padding=1)


@pytest.mark.parametrize("dtype", ["c8", "c16", "U1", "S1", "O", "M8[s]", "V4"])
def test_only_real_numbers_are_accepted(dtype: str) -> None:
    other = np.ones((6, 7)).astype("i8").astype(dtype)
    name = re.escape(str(other.dtype))
    with pytest.raises(ConvtoolError, match=f"image.*{name}"):
        conv2d(other, np.ones((2, 2)))
    with pytest.raises(ConvtoolError, match=f"weights.*{name}"):
        conv2d(np.ones((6, 7)), other[:2, :2])
    with pytest.raises(ConvtoolError, match=f"bias.*{name}"):
        conv2d(np.ones((6, 7)), np.ones((2, 2)), other[0, :1])
