"""Frames: maps with their padding, against a look at every cell, and what goes back to those copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.core.geometry import window
from convtool.net.training.layers.frames import Frame
from convtool.net.training.tape import Joint
from tests import oracles
from tests.net.training.tapes import PoisonedTape
from tests.strategies import PADDING_MODES, generators, pairs

Sides = tuple[tuple[int, int], tuple[int, int]]
few = st.integers(0, 3)


def framed(maps: np.ndarray, kernel: Any, stride: Any, sides: Sides, mode: str) -> tuple[Frame, np.ndarray]:
    """A frame of maps ``(C, H, W, n)``, and what it holds."""
    frame = Frame(maps.shape, window(maps.shape[1:3], kernel, stride=stride, padding=sides), mode)
    tape = PoisonedTape(Joint(1, maps.shape[3]), 0, maps.shape[3], np.float64)
    around = frame.filled(tape, maps)
    for call in tape.phases[0]:
        call()
    return frame, around


@given(
    more=pairs(0, 4),
    kernel=pairs(1, 3),
    stride=pairs(1, 4),
    sides=st.tuples(st.tuples(few, few), st.tuples(few, few)),
    mode=st.sampled_from(PADDING_MODES),
    rng=generators(),
)
@settings(max_examples=150)
def test_a_frame_is_the_padded_maps_as_far_as_windows_read(
    more: Any, kernel: Any, stride: Any, sides: Sides, mode: str, rng: np.random.Generator
) -> None:
    size = [k + m for k, m in zip(kernel, more, strict=True)]
    maps = rng.integers(1, 99, (2, *size, 3)).astype(np.float64)
    frame, around = framed(maps, kernel, stride, sides, mode)
    padded = oracles.pad(np.moveaxis(maps, 3, 0), sides, mode)
    expected = np.moveaxis(padded, 0, 3)[:, : frame.shape[1], : frame.shape[2]]
    assert frame.shape == expected.shape == around.shape
    np.testing.assert_array_equal(around, expected)


@pytest.mark.parametrize(
    ("mode", "plain", "back"),
    [("zeros", True, None), ("replicate", False, [3, 3, 15]), ("circular", False, [7, 9, 5])],
)
def test_what_copies_of_a_cell_have_goes_to_the_cell(
    mode: str, plain: bool, back: list[float] | None
) -> None:
    """A row of three cells, with one before and two behind; the frame is given back 1, 2, 3, … ."""
    maps = np.zeros((1, 1, 3, 1))
    frame, around = framed(maps, (1, 2), 1, ((0, 0), (1, 2)), mode)
    assert frame.plain == plain
    assert around.shape == (1, 1, 6, 1)
    if back is None:
        return
    tape = PoisonedTape(Joint(1, 1), 0, 1, np.float64)
    given_back = tape.array(1, 1, 6, 1)
    given_back[...] = np.arange(1.0, 7).reshape(given_back.shape)
    found = frame.given_back(tape, given_back)
    for call in tape.phases[0]:
        call()
    assert found.ravel().tolist() == back
