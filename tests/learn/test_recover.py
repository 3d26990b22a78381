"""Kernels recovered from pictures before and after: exact, moved, clipped, rounded, noisy, or not at all."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from convtool import FilterBank, feature_maps, recover_filter
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.learn import least_squares
from convtool.learn.recover import Recovery
from tests import oracles
from tests.strategies import Pair, pairs
from tests.tolerances import assert_equal, assert_near

KERNEL = np.array([[1, 2, -1], [0, 3, -2], [1, 1, -4]])


def photo(*shape: int, seed: int = 0, levels: int = 256) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, levels, shape)


def filtered(
    before: NDArray, kernel: Any, bias: float = 0, padding: Literal["valid", "same"] = "valid"
) -> NDArray[np.float32]:
    return feature_maps(before, FilterBank(kernel, bias), relu=False, padding=padding)


def weights(recovery: Recovery) -> NDArray[np.float32]:
    assert recovery.bank.weights.shape[:2] == (1, 1)
    return recovery.bank.weights[0, 0]


def check_exact(recovery: Recovery, kernel: NDArray, bias: float, shift: Pair = (0, 0)) -> None:
    assert_equal(weights(recovery), kernel.astype(np.float32))
    assert recovery.bank.bias.tolist() == [bias]
    assert (recovery.exact, recovery.determined) == (True, True)
    assert (recovery.divisor, recovery.shift) == (1, shift)
    assert recovery.residual == 0
    assert recovery.explained == pytest.approx(1, abs=1e-9)


# Whole numbers


@given(
    size=pairs(1, 5),
    padding=st.sampled_from(["valid", "same"]),
    bias=st.integers(-300, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_whole_kernels_come_back_exactly(
    size: Pair, padding: Literal["valid", "same"], bias: int, seed: int
) -> None:
    """Even and odd, of any sides, not turned, whether their picture was padded or not."""
    kernel = np.random.default_rng(seed).integers(-9, 10, size)
    assume(kernel.any())
    before = photo(20, 23, seed=seed)
    after = filtered(before, kernel, bias, padding)
    check_exact(recover_filter(before, after, size), kernel, bias)


def test_a_turned_kernel_comes_back_turned() -> None:
    before = photo(20, 20)
    after = filtered(before, KERNEL[::-1, ::-1])
    check_exact(recover_filter(before, after, 3), KERNEL[::-1, ::-1], 0)


def test_every_cell_that_saw_a_whole_window_is_an_equation_but_those_at_the_ends_of_the_range() -> None:
    before = photo(20, 23)
    for padding in ("valid", "same"):
        after = filtered(before, KERNEL, 0, padding)
        inner = filtered(before, KERNEL)
        ends = np.count_nonzero((inner == inner.min()) | (inner == inner.max()))
        recovery = recover_filter(before, after, 3)
        assert recovery.windows == 18 * 21 - ends
        assert recovery.clipped == (0, 0)


def test_a_picture_that_was_not_filtered() -> None:
    before = photo(15, 15)
    check_exact(recover_filter(before, before, 3), np.diag([0, 1, 0]), 0)
    check_exact(recover_filter(before, 2 * before + 3, 1), np.array([[2]]), 3)


def test_values_of_16_bits_and_negative_ones() -> None:
    before = photo(20, 20, levels=65536) - 30_000
    after = feature_maps(before, FilterBank(KERNEL, 7), relu=False)
    check_exact(recover_filter(before, after, 3), KERNEL, 7)


# Moved pictures


@given(size=pairs(2, 5), place=st.tuples(st.floats(0, 1), st.floats(0, 1)), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_picture_that_was_moved_tells_how_far(size: Pair, place: tuple[float, float], seed: int) -> None:
    random = np.random.default_rng(seed)
    kernel = random.choice([-3, -2, 2, 3], size)
    shift = tuple(round(p * 2 * (k // 2)) - k // 2 for p, k in zip(place, size, strict=True))
    before = photo(30, 31, seed=seed)
    after = np.roll(filtered(before, kernel, 4, "same"), shift, (0, 1))
    check_exact(recover_filter(before, after, size), kernel, 4, shift)


@pytest.mark.parametrize("kernel", [np.full((3, 3), 1 / 9), np.outer([1, 2, 1], [1, 2, 1]) / 16], ids=str)
@pytest.mark.parametrize("shift", [(1, 1), (0, -1)], ids=str)
def test_a_smooth_picture_tells_how_far_it_was_moved(kernel: NDArray, shift: Pair) -> None:
    """Though a filter that leaves it in its place explains nearly all of it."""
    before = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(120, 120)), 3)
    before = np.rint(255 * (before - before.min()) / np.ptp(before))
    after = np.rint(np.roll(filtered(before, kernel, 0, "same"), shift, (0, 1)))
    recovery = recover_filter(before, after, 3)
    assert recovery.shift == shift
    assert recovery.exact
    assert weights(recovery) == pytest.approx(kernel, abs=0.02)


def test_how_a_picture_was_moved_is_looked_for_in_some_of_its_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the kernel is fitted to all of them."""
    monkeypatch.setattr(least_squares, "MOST_SEARCHED", 200)
    before = photo(40, 40)
    after = np.roll(filtered(before, KERNEL, 4, "same"), (-1, 1), (0, 1))
    recovery = recover_filter(before, after, 3)
    check_exact(recovery, KERNEL, 4, (-1, 1))
    assert recovery.windows > 1300


def test_the_smoother_a_picture_the_less_a_move_shows() -> None:
    before = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(200, 200)), 5)
    before = np.rint(255 * (before - before.min()) / np.ptp(before))
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    after = np.rint(np.roll(filtered(before, kernel, 0, "same"), (1, 1), (0, 1)))
    assert recover_filter(before, after, 5).shift == (1, 1)


def test_a_picture_that_was_cropped_is_not_moved() -> None:
    """Without padding there is one place it can lie at."""
    before = photo(20, 20)
    recovery = recover_filter(before, np.roll(filtered(before, KERNEL), 1, 0), 3)
    assert recovery.shift == (0, 0)
    assert not recovery.exact


def nearly_moved(noise: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """A smooth picture, and it blurred, noisy, and moved by a row, which hardly shows."""
    random = np.random.default_rng(8)
    before = ndimage.gaussian_filter(random.normal(size=(90, 90)), 2)
    before *= 255 / np.ptp(before)
    blurred = filtered(before, np.full((3, 3), 1 / 9), 0, "same")
    return before, np.roll(blurred, 1, 0) + random.normal(size=blurred.shape) * noise


@pytest.mark.parametrize(("noise", "shift"), [(0.1, (1, 0)), (5, (0, 0))])
def test_a_move_has_to_explain_much_more(noise: float, shift: Pair) -> None:
    """Than the picture in its place: half of what is left there must go."""
    before, after = nearly_moved(noise)
    recovery = recover_filter(before, after, 3)
    assert recovery.shift == shift
    inner, lower = after[1:-1, 1:-1], after[2:-1, 1:-1]
    left = []
    for seen, values in ((before, inner), (before[:-1], lower)):
        free = (values > values.min()) & (values < values.max())
        kernel, bias, _ = oracles.fitted_kernel(seen, values, (3, 3), free)
        errors = (values - filtered(seen, kernel, bias))[free]
        left.append(errors.var() / values[free].var())
    assert left[1] < 0.99 * left[0]
    assert (left[1] < left[0] / 2) == (shift == (1, 0))


# Divisors and biases


@pytest.mark.parametrize(
    ("divisor", "kernel"), [(2, KERNEL), (9, np.ones((3, 3))), (16, KERNEL), (37, KERNEL)]
)
def test_whole_numbers_over_a_divisor(divisor: int, kernel: NDArray) -> None:
    before = photo(25, 25)
    recovery = recover_filter(before, filtered(before, kernel / divisor), 3)
    assert recovery.divisor == divisor
    assert_equal(weights(recovery), (kernel / divisor).astype(np.float32))
    assert recovery.bank.bias.tolist() == [0]
    assert (recovery.exact, recovery.determined) == (True, True)


def test_the_divisor_is_the_smallest() -> None:
    before = photo(25, 25)
    assert recover_filter(before, filtered(before, KERNEL * 6 / 4), 3).divisor == 2
    assert recover_filter(before, filtered(before, np.full((2, 2), 0.25)), 2).divisor == 4


@pytest.mark.parametrize("bias", [0, 100, -20.5, 0.25, 0.05, 1e4])
def test_biases(bias: float) -> None:
    before = photo(25, 25)
    recovery = recover_filter(before, filtered(before, KERNEL / 2, bias), 3)
    assert_equal(weights(recovery), (KERNEL / 2).astype(np.float32))
    assert recovery.bank.bias[0] == pytest.approx(bias, rel=1e-6, abs=1e-4)
    assert recovery.exact


# Clipped and rounded pictures


def test_clipped_values_are_no_equations_and_are_counted() -> None:
    before = photo(40, 40)
    whole = filtered(before, KERNEL)
    recovery = recover_filter(before, np.clip(whole, 0, 255), 3)
    check_exact(recovery, KERNEL, 0)
    assert recovery.clipped == (np.count_nonzero(whole < 0), np.count_nonzero(whole > 255))
    assert min(recovery.clipped) > 100
    assert recovery.windows == np.count_nonzero((whole > 0) & (whole < 255))


def test_a_picture_that_relu_cut() -> None:
    before = photo(30, 30)
    whole = filtered(before, KERNEL, 11)
    recovery = recover_filter(before, np.maximum(whole, 0), 3)
    check_exact(recovery, KERNEL, 11)
    assert recovery.clipped == (np.count_nonzero(whole < 0), 0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [(3, 3), (2, 4), (5, 5)], ids=str)
def test_clipped_pictures_of_8_bits_give_weights_within_a_hundredth(size: Pair, seed: int) -> None:
    kernel = np.random.default_rng(seed).normal(size=size)
    kernel *= 1.5 / np.abs(kernel).sum()
    before = photo(80, 80, seed=seed)
    after = np.clip(np.rint(filtered(before, kernel, 90)), 0, 255).astype(np.uint8)
    recovery = recover_filter(before, after, size)
    assert weights(recovery) == pytest.approx(kernel, abs=0.01 * np.abs(kernel).max())
    assert recovery.bank.bias[0] == pytest.approx(90, abs=0.5)
    assert (recovery.determined, recovery.shift) == (True, (0, 0))
    assert max(recovery.clipped) > 0
    assert recovery.residual == pytest.approx(1 / np.sqrt(12), rel=0.1)


def test_where_too_few_values_lie_between_the_ends_all_are_equations_and_none_is_clipped() -> None:
    before = photo(40, 40)
    after = np.where(filtered(before, KERNEL) > 0, 255, 0)
    recovery = recover_filter(before, after, 3)
    errors = filtered(before, weights(recovery), recovery.bank.bias.item()) - after
    assert recovery.windows == after.size
    assert (recovery.clipped, recovery.exact) == ((0, 0), False)
    assert recovery.residual == pytest.approx(np.sqrt(np.square(errors, dtype=np.float64).mean()))
    assert recovery.residual**2 == pytest.approx((1 - recovery.explained) * after.var(), rel=1e-6)


def test_the_residual_is_that_of_the_equations_though_responses_lie_beyond_the_range() -> None:
    """Noise of 80 on values of 0…255: what is left is told by what is explained."""
    before = photo(40, 40)
    noise = np.random.default_rng(9).normal(0, 80, (38, 38))
    after = np.clip(filtered(before, KERNEL / 2, 128) + noise, 0, 255).astype(np.float32)
    recovery = recover_filter(before, after, 3)
    free = (after > 0) & (after < 255)
    assert min(recovery.clipped) > 0
    assert recovery.residual**2 == pytest.approx((1 - recovery.explained) * after[free].var(), rel=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_rounded_pictures_are_given_back_to_the_last_value(seed: int) -> None:
    kernel = np.random.default_rng(seed).normal(size=(3, 3))
    before = photo(60, 60, seed=seed)
    after = np.rint(filtered(before, kernel, 20))
    recovery = recover_filter(before, after, 3)
    assert recovery.exact
    assert np.abs(filtered(before, weights(recovery), recovery.bank.bias.item()) - after).max() < 0.502
    assert np.abs(filtered(before, kernel + 0.01, 20) - after).max() > 1


@pytest.mark.parametrize("seed", range(6))
def test_no_divisor_is_so_large_that_any_weights_would_do(seed: int) -> None:
    kernel = np.random.default_rng(seed).normal(size=(3, 3))
    before = photo(24, 24, seed=seed)
    recovery = recover_filter(before, np.rint(filtered(before, kernel, 20)), 3)
    assert recovery.divisor == 1
    assert recovery.errors.max() > 0.25 / (4 * 1024)


def test_rounded_whole_kernels_over_a_divisor_come_back_exactly() -> None:
    before = photo(60, 60)
    after = np.rint(filtered(before, KERNEL / 8, 100))
    recovery = recover_filter(before, after, 3)
    assert_equal(weights(recovery), (KERNEL / 8).astype(np.float32))
    assert (recovery.divisor, recovery.bank.bias.tolist(), recovery.exact) == (8, [100], True)


# Pictures of floats


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1 / 255, 0), (1e-20, 0), (1e4, 0), (1, 1000)])
def test_pictures_of_floats(scale: float, offset: float) -> None:
    random = np.random.default_rng(4)
    before = (random.normal(size=(25, 25)) * scale + offset).astype(np.float32)
    kernel = random.normal(size=(3, 4))
    after = filtered(before, kernel, 0.5 * scale)
    recovery = recover_filter(before, after, (3, 4))
    largest = np.abs(before).max() * np.abs(kernel).sum()
    assert weights(recovery) == pytest.approx(kernel, abs=1e-6 * (1 + offset))
    assert np.abs(feature_maps(before, recovery.bank, relu=False) - after).max() <= 1e-6 * largest
    assert (recovery.exact, recovery.determined, recovery.divisor) == (True, True, 1)
    assert recovery.residual <= 1e-6 * largest


def test_large_floats_are_not_rounded_numbers() -> None:
    """Though from 2**24 on every float32 is whole."""
    before = np.random.default_rng(4).normal(size=(25, 25)).astype(np.float32) * np.float32(1e12)
    kernel = np.random.default_rng(5).normal(size=(3, 4))
    recovery = recover_filter(before, filtered(before, kernel), (3, 4))
    assert recovery.exact
    assert weights(recovery) == pytest.approx(kernel, rel=1e-5, abs=1e-5)


def test_whole_kernels_of_pictures_of_floats() -> None:
    before = np.random.default_rng(5).random((25, 25)).astype(np.float32)
    recovery = recover_filter(before, filtered(before, KERNEL, -2), 3)
    assert_equal(weights(recovery), KERNEL.astype(np.float32))
    assert recovery.bank.bias.tolist() == [-2]
    assert recovery.exact


@pytest.mark.parametrize("size", [(3, 3), (1, 4), (4, 2)], ids=str)
def test_in_noise_they_are_those_of_least_squares_with_their_standard_errors(size: Pair) -> None:
    random = np.random.default_rng(6)
    before = (random.normal(size=(24, 26)) * 5 + 40).astype(np.float32)
    exact = filtered(before, random.normal(size=size), 3)
    after = (exact + random.normal(size=exact.shape)).astype(np.float32)
    # The ends of the range could be clipped: double them, and the least squares know of them too.
    recovery = recover_filter(before, after, size)
    free = (after > after.min()) & (after < after.max())
    expected, bias, errors = oracles.fitted_kernel(before, after, size, free)
    assert_near(weights(recovery), expected)
    assert recovery.bank.bias[0] == pytest.approx(bias, rel=1e-5)
    assert recovery.errors == pytest.approx(errors, rel=1e-5)
    left = (after - filtered(before, expected, bias))[free]
    assert recovery.residual == pytest.approx(np.sqrt((left**2).mean()), rel=1e-5)
    assert recovery.explained == pytest.approx(1 - left.var() / after[free].var(), rel=1e-5)
    assert (recovery.exact, recovery.windows) == (False, np.count_nonzero(free))


def test_of_large_pictures_as_many_windows_as_were_taken_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_squares, "MOST_WINDOWS", 300)
    before = photo(42, 32)
    assert 200 < recover_filter(before, filtered(before, KERNEL), 3).windows <= 300


def test_more_noise_leaves_less_explained_and_at_last_nothing_determined() -> None:
    random = np.random.default_rng(7)
    before = photo(30, 30)
    exact = filtered(before, KERNEL)
    noise = random.normal(size=exact.shape)
    little, some, much = (recover_filter(before, exact + level * noise, 3) for level in (1.5, 60, 3000))
    assert 1 > little.explained > 0.999 > some.explained > 0.97 > 0.2 > much.explained >= 0
    assert [each.determined for each in (little, some, much)] == [True, True, False]
    assert little.errors.max() < some.errors.max() < much.errors.max()
    assert weights(little) == pytest.approx(KERNEL, abs=0.01)
    assert [each.exact for each in (little, some, much)] == [False, False, False]


def test_of_a_picture_that_no_filter_made_the_weights_are_those_of_least_squares() -> None:
    """Though its values are whole, no response need round to them."""
    before = photo(40, 40)
    after = ndimage.median_filter(before, 3)[1:-1, 1:-1]
    recovery = recover_filter(before, after, 3)
    free = (after > after.min()) & (after < after.max())
    kernel, bias, _ = oracles.fitted_kernel(before, after, (3, 3), free)
    assert_near(weights(recovery), kernel)
    assert recovery.bank.bias[0] == pytest.approx(bias, rel=1e-6)
    assert not recovery.exact


def test_pictures_that_have_nothing_to_do_with_each_other() -> None:
    recovery = recover_filter(photo(40, 40), photo(40, 40, seed=1), 3)
    assert recovery.explained < 0.05
    assert (recovery.exact, recovery.determined) == (False, False)
    assert recovery.residual == pytest.approx(256 / np.sqrt(12), rel=0.05)


@pytest.mark.parametrize("seed", range(8))
def test_no_move_explains_less_than_none(seed: int) -> None:
    """Of pictures that have nothing to do with each other any may seem the likeliest."""
    before, after = photo(10, 10, seed=seed), photo(10, 10, seed=100 + seed)
    inner = after[1:-1, 1:-1]
    free = (inner > inner.min()) & (inner < inner.max())
    kernel, bias, _ = oracles.fitted_kernel(before, inner, (3, 3), free)
    left = (inner - oracles.conv2d(before[None, None], kernel[None, None])[0, 0] - bias)[free]
    assert recover_filter(before, after, 3).explained >= 1 - left.var() / inner[free].var() - 1e-9


# What the pictures leave open


@pytest.mark.parametrize("rise", [(1, 2), (0, 1), (3, 0)], ids=str)
def test_a_picture_that_rises_evenly_determines_no_weights(rise: Pair) -> None:
    """Every kernel of the same sum and the same first moments gives the same picture."""
    rows, columns = np.mgrid[:24, :24]
    before = rise[0] * rows + rise[1] * columns
    recovery = recover_filter(before, filtered(before, KERNEL), 3)
    assert not recovery.determined
    assert np.isinf(recovery.errors).all()
    assert recovery.exact
    assert recovery.explained == pytest.approx(1)


def test_only_weights_that_leave_a_trace_have_errors() -> None:
    """Of stripes the rows are all alike: a column of the kernel is known by its sum alone."""
    before = np.tile(photo(1, 40), (20, 1))
    recovery = recover_filter(before, filtered(before, KERNEL), 3)
    assert not recovery.determined
    assert np.isinf(recovery.errors).all()
    assert_near(weights(recovery).sum(axis=0), KERNEL.sum(axis=0))
    line = recover_filter(before, filtered(before, KERNEL.sum(axis=0)[None]), (1, 3))
    assert line.determined
    assert np.isfinite(line.errors).all()
    assert weights(line).tolist() == [[2, 6, -7]]


def test_a_picture_of_two_values_determines_what_it_shows() -> None:
    before = 255 * photo(24, 24, levels=2)
    check_exact(recover_filter(before, filtered(before, KERNEL), 3), KERNEL, 0)


# What is given


def test_pictures_may_be_lists_any_real_type_or_have_axes_of_one() -> None:
    before = photo(20, 20)
    after = filtered(before, KERNEL)
    for first, second in (
        (before.tolist(), after.tolist()),
        (before.astype(np.uint8), after.astype(np.int32)),
        (before[None], after[None, None]),
        (before.astype(">f8"), np.asfortranarray(after)),
    ):
        check_exact(recover_filter(first, second, np.array([3, 3])), KERNEL, 0)


def test_pictures_are_left_as_they_are() -> None:
    before = photo(20, 20).astype(np.float32)
    after = filtered(before, KERNEL)
    copies = before.copy(), after.copy()
    before.flags.writeable = after.flags.writeable = False
    recover_filter(before, after, 3)
    assert_equal(before, copies[0])
    assert_equal(after, copies[1])


@pytest.mark.parametrize(
    ("before", "after", "size", "message"),
    [
        (
            (24, 20),
            (20, 18),
            3,
            (
                "before is 24×20 and after 20×18; a filter of 3×3 makes 24×20 with padding, or 22×18 "
                "without; a size of 5,3 would fit them"
            ),
        ),
        (
            (20, 20),
            (24, 24),
            3,
            (
                "before is 20×20 and after 24×24; a filter of 3×3 makes 20×20 with padding, or 18×18 "
                "without; bring after to one of these sizes"
            ),
        ),
        (
            (20, 20),
            (10, 24),
            (2, 3),
            (
                "before is 20×20 and after 10×24; a filter of 2×3 makes 20×20 with padding, or 19×18 "
                "without; bring after to one of these sizes"
            ),
        ),
        (
            (80, 80),
            (20, 20),
            3,
            (
                "before is 80×80 and after 20×20; a filter of 3×3 makes 80×80 with padding, or 78×78 "
                "without; bring after to one of these sizes"
            ),
        ),
    ],
    ids=["smaller", "larger", "both", "much smaller"],
)
def test_sizes_that_no_filter_makes_of_each_other_are_refused(
    before: Pair, after: Pair, size: Any, message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        recover_filter(photo(*before), photo(*after), size)


@pytest.mark.parametrize(
    ("before", "after", "size", "count"),
    [
        ((4, 4), (4, 4), 3, 4),
        ((4, 4), (2, 2), 3, 4),
        ((2, 2), (2, 2), 5, 0),
        ((9, 1), (9, 1), 3, 0),
        ((4, 5), (2, 3), 3, 6),
        ((12, 3), (10, 1), 3, 10),
    ],
    ids=str,
)
def test_fewer_windows_than_unknowns_are_refused(before: Pair, after: Pair, size: int, count: int) -> None:
    message = (
        f"^the pictures have {count} whole windows for {size**2} weights and a bias; "
        "use larger pictures or a smaller size$"
    )
    with pytest.raises(InputError, match=message):
        recover_filter(photo(*before), photo(*after), size)


def test_one_window_more_than_unknowns_is_enough() -> None:
    before = photo(13, 3)
    recovery = recover_filter(before, filtered(before, KERNEL), 3)
    assert_near(weights(recovery), KERNEL)
    assert recovery.windows == 11


@pytest.mark.parametrize("size", [0, -3, 2.5, (3, 0), (3, 3, 3), "3"], ids=str)
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^size is .*; it must be a whole number of at least 1, or a \(y"
    ):
        recover_filter(photo(9, 9), photo(9, 9), size)


def test_a_size_of_more_weights_than_can_be_solved_is_refused() -> None:
    message = "^size is 32×33, which is 1056 weights; at most 1024 can be solved for, use a smaller size$"
    with pytest.raises(LimitError, match=message):
        recover_filter(photo(80, 80), photo(80, 80), (32, 33))


@pytest.mark.parametrize(
    ("spoilt", "error", "message"),
    [
        (np.full((9, 9), 7), InputError, "is 7 everywhere and tells nothing about a filter; give a picture"),
        (np.full((9, 9), np.nan), InputError, "holds NaN or infinity; put finite numbers in their place$"),
        (np.full((9, 9), np.inf), InputError, "holds NaN or infinity; put finite numbers in their place$"),
        (photo(3, 9, 9), InputError, r"has shape \(1, 3, 9, 9\); give one plane \(H, W\)"),
        (photo(2, 1, 9, 9), InputError, r"has shape \(2, 1, 9, 9\); give one plane \(H, W\)"),
        (np.zeros((0, 9)), InputError, r"has shape \(0, 9\); it holds no values"),
        (np.array([["a"]]), ArgumentError, "has dtype <U1; it must be a real number type"),
    ],
    ids=["constant", "nan", "infinity", "colour", "batch", "empty", "text"],
)
def test_what_is_no_plane_of_different_numbers_is_refused(
    spoilt: NDArray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^before {message}"):
        recover_filter(spoilt, photo(9, 9), 3)
    with pytest.raises(error, match=f"^after {message}"):
        recover_filter(photo(9, 9), spoilt, 3)
