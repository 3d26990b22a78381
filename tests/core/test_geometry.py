"""Window counts, padding and reach, against NumPy's own padding and plain counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convtool.core.geometry import OUTSIDE, PADDING_MODES, Axis, check_padding_mode, pair, window
from convtool.errors import ArgumentError, InputError

NUMPY_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
    "symmetric": "symmetric",
}


@given(
    size=st.integers(1, 9),
    before=st.integers(0, 30),
    after=st.integers(0, 30),
    mode=st.sampled_from(PADDING_MODES),
)
def test_padded_cells_copy_what_numpy_copies(size: int, before: int, after: int, mode: str) -> None:
    along_y, _ = window((size, 1), 1, padding=((before, after), (0, 0)))
    cells = np.arange(size)
    options: dict[str, Any] = {"constant_values": -1} if mode == "zeros" else {}
    expected = np.pad(cells, (before, after), NUMPY_MODES[mode], **options)
    assert along_y.sources(mode).tolist() == expected.tolist()


@given(
    size=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    around=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    ceil_mode=st.booleans(),
    mode=st.sampled_from(PADDING_MODES),
    data=st.data(),
)
def test_what_windows_read_is_told_in_pieces(
    size: int,
    kernel: int,
    stride: int,
    dilation: int,
    around: tuple[int, int],
    ceil_mode: bool,
    mode: str,
    data: st.DataObject,
) -> None:
    assume(sum(around) + size >= dilation * (kernel - 1) + 1)
    along, _ = window(
        (size, 1),
        (kernel, 1),
        stride=(stride, 1),
        padding=(around, (0, 0)),
        dilation=(dilation, 1),
        ceil_mode=ceil_mode,
    )
    start = data.draw(st.integers(0, along.count - 1))
    stop = data.draw(st.integers(start + 1, along.count))
    span = along.span(start, stop)
    assert span == slice(start * stride, (stop - 1) * stride + dilation * (kernel - 1) + 1)
    read: list[int] = []
    for at, cells in along.reads(start, stop, mode):
        assert at.start == len(read)
        assert at.stop > at.start
        if cells is None:
            read += [OUTSIDE] * (at.stop - at.start)
        elif isinstance(cells, slice):
            assert 0 <= cells.start < cells.stop <= size
            read += range(cells.start, cells.stop)
        else:
            read += cells.tolist()
        assert at.stop == len(read)
    assert read == along.sources(mode)[span].tolist()


def test_cells_of_the_map_are_one_slice() -> None:
    along, _ = window((9, 9), 3, padding=2)
    read = [(piece.at, piece.cells) for piece in along.reads(0, along.count, "zeros")]
    assert read == [(slice(0, 2), None), (slice(2, 11), slice(0, 9)), (slice(11, 13), None)]
    assert [piece.cells for piece in along.reads(3, 5, "reflect")] == [slice(1, 5)]


@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
)
def test_windows_are_counted(
    size: int, kernel: int, stride: int, dilation: int, before: int, after: int
) -> None:
    reach = dilation * (kernel - 1) + 1
    starts = range(0, before + size + after - reach + 1, stride)
    arguments: dict[str, Any] = {
        "stride": (stride, 1),
        "padding": ((before, after), (0, 0)),
        "dilation": (dilation, 1),
    }
    if not starts:
        with pytest.raises(InputError, match=f"{size}×1.*smaller than the filter's {reach}×1 window"):
            window((size, 1), (kernel, 1), **arguments)
        return
    along_y, along_x = window((size, 1), (kernel, 1), **arguments)
    assert (along_y.count, along_x.count) == (len(starts), 1)
    assert along_y.reach == reach
    assert along_y.span(0, along_y.count) == slice(0, starts[-1] + reach)


@given(
    size=st.integers(1, 40), kernel=st.integers(1, 8), stride=st.integers(1, 5), dilation=st.integers(1, 3)
)
def test_same_gives_one_window_a_stride_and_the_odd_cell_to_the_end(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    along_y, _ = window((size, 1), (kernel, 1), stride=stride, padding="same", dilation=dilation)
    assert along_y.count == -(-size // stride)
    assert along_y.after - along_y.before in (0, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "count"),
    [
        (5, 2, 2, 0, 3),  # the last window reaches one cell beyond
        (4, 2, 2, 0, 2),
        (3, 1, 2, 0, 2),
        (4, 3, 3, 1, 2),
        (2, 2, 3, 1, 1),  # a second window would start in the padding
    ],
)
def test_ceil_mode_keeps_a_last_window_that_starts_inside(
    size: int, kernel: int, stride: int, padding: int, count: int
) -> None:
    along_y, _ = window((size, size), kernel, stride=stride, padding=padding, ceil_mode=True)
    assert along_y.count == count


def test_padding_is_given_for_all_sides_a_pair_of_axes_or_each_side() -> None:
    def sides(padding: Any) -> list[tuple[int, int]]:
        return [(axis.before, axis.after) for axis in window((9, 9), 3, padding=padding)]

    assert sides("valid") == [(0, 0), (0, 0)]
    assert sides(1) == [(1, 1), (1, 1)]
    assert sides((1, 2)) == [(1, 1), (2, 2)]
    assert sides(((1, 2), (3, 4))) == [(1, 2), (3, 4)]


@pytest.mark.parametrize("padding", ["full", -1, (1, 2, 3), ((1, 2), (3, -4)), 1.5, True, None])
def test_other_paddings_are_refused(padding: Any) -> None:
    with pytest.raises(ArgumentError, match="padding is"):
        window((9, 9), 3, padding=padding)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", "22", (1, 2, 3), (1, 0), None, np.nan])
def test_only_whole_numbers_of_at_least_one_are_sizes(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"stride is .*; it must be a whole number of at least 1"):
        pair("stride", value)


def test_numpy_integers_are_whole_numbers() -> None:
    assert pair("stride", np.int32(2)) == (2, 2)
    assert pair("stride", np.array([2, 3])) == (2, 3)


def test_an_unknown_padding_mode_is_told_the_known_ones() -> None:
    with pytest.raises(ArgumentError, match="'mirror'; choose one of zeros, reflect, replicate"):
        check_padding_mode("mirror")


few = st.integers(1, 4)


@given(size=st.integers(1, 9), kernel=few, stride=few, dilation=few, before=st.integers(0, 5), count=few)
@settings(max_examples=200)
def test_every_tap_inside_the_map_meets_its_cells_once(
    size: int, kernel: int, stride: int, dilation: int, before: int, count: int
) -> None:
    axis = Axis(size, kernel, stride, dilation, before, 0, count)
    expected = [
        (number, cell)
        for tap in range(kernel)
        for number in range(count)
        if 0 <= (cell := number * stride + tap * dilation - before) < size
    ]
    windows, cells = np.arange(count), np.arange(size)
    found = [
        pair_
        for place, inside in axis.taps()
        for pair_ in zip(windows[place].tolist(), cells[inside].tolist(), strict=True)
    ]
    assert found == expected
