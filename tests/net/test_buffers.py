"""Buffers: arrays that are given out, given up, and given out again."""

from __future__ import annotations

import numpy as np

from convtool.net.buffers import Buffers, shares


def test_an_array_is_of_its_type_and_contiguous() -> None:
    made = Buffers(np.float64).array(2, 3, 4)
    assert (made.shape, made.dtype) == ((2, 3, 4), np.float64)
    assert made.flags.c_contiguous
    assert Buffers(np.float32).array().shape == ()


def test_memory_that_is_given_up_is_used_again_the_smallest_that_fits_first() -> None:
    buffers = Buffers(np.float32)
    large, small, smallest = (buffers.array(size, 10) for size in (9, 5, 2))
    for array in (large, smallest, small):
        buffers.release(array.reshape(-1)[:3])
    first, second, third, fourth = (buffers.array(*shape) for shape in ((5, 8), (5, 8), (5, 8), (20,)))
    assert np.shares_memory(first, small)
    assert np.shares_memory(second, large)
    assert np.shares_memory(fourth, smallest)
    assert not any(np.shares_memory(third, each) for each in (large, small, smallest))


def test_memory_that_is_given_up_twice_is_used_once() -> None:
    buffers = Buffers(np.float32)
    array = buffers.array(6)
    buffers.release(array)
    buffers.release(array.reshape(2, 3))
    assert np.shares_memory(buffers.array(6), array)
    assert not np.shares_memory(buffers.array(6), array)


def test_views_of_an_array_share_its_buffer() -> None:
    buffers = Buffers(np.float32)
    one, other = buffers.array(6), buffers.array(6)
    assert shares(one, one.reshape(2, 3)[1])
    assert not shares(one, other)
