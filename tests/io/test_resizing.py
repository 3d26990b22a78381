"""Images at another size: against plain loops over the triangles that are laid on the cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.io.resizing import resized
from tests.tolerances import assert_close, assert_same_bytes

Size = tuple[int, int]


def shares(before: int, after: int) -> NDArray[np.float64]:
    """How much each cell before counts in each after: triangles as wide as the cells that become one."""
    scale = before / after
    reach = max(scale, 1)
    table = np.zeros((after, before))
    for cell in range(after):
        middle = (cell + 0.5) * scale
        for other in range(before):
            table[cell, other] = max(0, 1 - abs(other + 0.5 - middle) / reach)
        table[cell] /= table[cell].sum()
    return table


def slowly(planes: NDArray[np.float32], size: Size) -> NDArray[np.float64]:
    rows, columns = (shares(before, after) for before, after in zip(planes.shape[1:], size, strict=True))
    exact = planes.astype(np.float64)
    return np.einsum("yh,chw,xw->cyx", rows, exact, columns)


sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(before=sizes, after=sizes, channels=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_every_cell_is_the_mean_under_its_triangle(
    before: Size, after: Size, channels: int, seed: int
) -> None:
    planes = np.random.default_rng(seed).uniform(-1000, 1000, (channels, *before)).astype(np.float32)
    result = resized(planes, after)
    assert result.dtype == np.float32
    assert_close(result, slowly(planes, after), case="conv", terms=sum(before), scale=1000)


def test_numbers_between_and_beyond_those_of_pictures_are_kept() -> None:
    planes = np.array([[[0.25, 1000.75], [-3.5, 70000.125]]], np.float32)
    assert_same_bytes(resized(planes, (2, 2)), planes)
    assert resized(planes, (1, 1)).tolist() == [[[planes.mean()]]]


def test_rows_come_first() -> None:
    planes = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    assert resized(planes, (4, 3)).shape == (1, 4, 3)
    assert resized(planes, (4, 3))[0, :, 1].tolist() == [1, 1.75, 3.25, 4]


@pytest.mark.parametrize("order", ["C", "F"])
def test_planes_of_any_layout(order: str) -> None:
    planes = np.random.default_rng(1).uniform(size=(3, 5, 7)).astype(np.float32)
    turned = np.asarray(planes, order=order)  # type: ignore[call-overload]
    assert_same_bytes(resized(turned, (3, 4)), resized(planes, (3, 4)))
    swapped = planes.transpose(0, 2, 1)
    assert_same_bytes(resized(swapped, (4, 3)), resized(np.ascontiguousarray(swapped), (4, 3)))


def test_a_flat_image_stays_flat() -> None:
    assert np.ptp(resized(np.full((1, 50, 40), 0.1, np.float32), (7, 9))) <= 2**-26
