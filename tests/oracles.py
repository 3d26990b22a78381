"""Slow, readable twins of the arithmetic: plain loops in float64 over (N, C, H, W), nothing of convtool."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = tuple[int, int]
Sides = tuple[Pair, Pair]
Padding = str | int | Pair | Sides


def pair(value: int | Pair) -> Pair:
    """Return (y, x) of an option given once for both axes or once for each."""
    return (value, value) if isinstance(value, int) else value


def extent(kernel: int, dilation: int) -> int:
    """Return the cells a dilated window spans, its holes included."""
    return dilation * (kernel - 1) + 1


def same_sides(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    """Return (before, after) that give ceil(size / stride) windows, the odd cell at the end."""
    windows = -(-size // stride)
    total = max((windows - 1) * stride + extent(kernel, dilation) - size, 0)
    return total // 2, total - total // 2


def sides(padding: Padding, size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Sides:
    """Return ((top, bottom), (left, right)) of any spelling of padding."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        rows, columns = zip(size, kernel, stride, dilation, strict=True)
        return same_sides(*rows), same_sides(*columns)
    rows, columns = pair(padding)
    return pair(rows), pair(columns)


def source(position: int, size: int, mode: str) -> int | None:
    """Return the cell shown at a position before, on or after an axis of `size` cells; None shows nothing."""
    if 0 <= position < size:
        return position
    if mode == "zeros":
        return None
    if mode == "replicate":
        return 0 if position < 0 else size - 1
    if mode == "circular":
        return position % size
    if mode == "symmetric":
        there_and_back = [*range(size), *reversed(range(size))]
    if mode == "reflect":
        there_and_back = [*range(size), *reversed(range(1, size - 1))]
    return there_and_back[position % len(there_and_back)]


def pad(images: NDArray, around: Sides, mode: str = "zeros") -> NDArray[np.float64]:
    """Return the images with cells added on each side, every cell looked up by itself."""
    (top, bottom), (left, right) = around
    count, channels, height, width = images.shape
    padded = np.zeros((count, channels, top + height + bottom, left + width + right))
    for y, x in product(range(padded.shape[2]), range(padded.shape[3])):
        from_y, from_x = source(y - top, height, mode), source(x - left, width, mode)
        if from_y is not None and from_x is not None:
            padded[:, :, y, x] = images[:, :, from_y, from_x]
    return padded


def conv2d(
    images: NDArray,
    weights: NDArray,
    bias: NDArray | None = None,
    *,
    stride: int | Pair = 1,
    padding: Padding = "valid",
    padding_mode: str = "zeros",
    dilation: int | Pair = 1,
    groups: int = 1,
    flip: bool = False,
) -> NDArray[np.float64]:
    """Return the responses: every filter laid on every patch, products summed, bias added."""
    (stride_y, stride_x), (dilation_y, dilation_x) = pair(stride), pair(dilation)
    filters, depth, kernel_y, kernel_x = weights.shape
    weights = weights.astype(np.float64)
    if flip:
        weights = weights[:, :, ::-1, ::-1]
    around = sides(padding, images.shape[2:], (kernel_y, kernel_x), pair(stride), pair(dilation))
    padded = pad(images, around, padding_mode)
    span_y, span_x = extent(kernel_y, dilation_y), extent(kernel_x, dilation_x)
    tops = range(0, padded.shape[2] - span_y + 1, stride_y)
    lefts = range(0, padded.shape[3] - span_x + 1, stride_x)
    responses = np.empty((len(images), filters, len(tops), len(lefts)))
    for n, o in product(range(len(images)), range(filters)):
        first = o // (filters // groups) * depth
        for (y, top), (x, left) in product(enumerate(tops), enumerate(lefts)):
            rows = slice(top, top + span_y, dilation_y)
            columns = slice(left, left + span_x, dilation_x)
            patch = padded[n, first : first + depth, rows, columns]
            responses[n, o, y, x] = np.sum(patch * weights[o]) + (0 if bias is None else bias[o])
    return responses


def relu(x: NDArray) -> NDArray[np.float64]:
    """Return x where it is positive, NaN where it is NaN, else 0."""
    rectified = [value if value > 0 or np.isnan(value) else 0 for value in x.ravel().tolist()]
    return np.array(rectified, dtype=np.float64).reshape(x.shape)


def starts(size: int, kernel: int, stride: int, around: Pair, dilation: int, ceil_mode: bool) -> list[int]:
    """Return where an axis' windows begin; 0 is the first cell of the image, padding lies before it."""
    before, after = around
    span = extent(kernel, dilation)
    begins = list(range(-before, size + after - span + 1, stride))
    cells_remain = begins[-1] + span < size + after
    following = begins[-1] + stride
    if ceil_mode and cells_remain and following < size:
        begins.append(following)
    return begins


def max_pool2d(
    images: NDArray,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: Padding = 0,
    dilation: int | Pair = 1,
    ceil_mode: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each window's largest value and its flat place y * W + x; the first of equals, NaN above all."""
    kernel, dilation = pair(kernel_size), pair(dilation)
    stride = kernel if stride is None else pair(stride)
    count, channels, height, width = images.shape
    rows, columns = sides(padding, (height, width), kernel, stride, dilation)
    tops = starts(height, kernel[0], stride[0], rows, dilation[0], ceil_mode)
    lefts = starts(width, kernel[1], stride[1], columns, dilation[1], ceil_mode)
    values = np.empty((count, channels, len(tops), len(lefts)))
    places = np.empty(values.shape, dtype=np.int64)
    for (i, top), (j, left) in product(enumerate(tops), enumerate(lefts)):
        ys = [y for y in range(top, top + extent(kernel[0], dilation[0]), dilation[0]) if 0 <= y < height]
        xs = [x for x in range(left, left + extent(kernel[1], dilation[1]), dilation[1]) if 0 <= x < width]
        for n, c in product(range(count), range(channels)):
            best_y, best_x = ys[0], xs[0]
            for y, x in product(ys, xs):
                value, best = images[n, c, y, x], images[n, c, best_y, best_x]
                if value > best or (np.isnan(value) and not np.isnan(best)):
                    best_y, best_x = y, x
            values[n, c, i, j] = images[n, c, best_y, best_x]
            places[n, c, i, j] = best_y * width + best_x
    return values, places


def min_pool2d(
    images: NDArray,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: Padding = 0,
    dilation: int | Pair = 1,
    ceil_mode: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each window's smallest value and its flat place: the largest of the negated."""
    negated = -images.astype(np.float64)
    values, places = max_pool2d(negated, kernel_size, stride, padding, dilation, ceil_mode)
    return -values, places


def avg_pool2d(
    images: NDArray,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> NDArray[np.float64]:
    """Return each window's mean; padding counts as zeros if asked, cells past the padding never count."""
    kernel = pair(kernel_size)
    stride = kernel if stride is None else pair(stride)
    count, channels, height, width = images.shape
    rows, columns = sides(padding, (height, width), kernel, stride, (1, 1))
    tops = starts(height, kernel[0], stride[0], rows, 1, ceil_mode)
    lefts = starts(width, kernel[1], stride[1], columns, 1, ceil_mode)
    means = np.empty((count, channels, len(tops), len(lefts)))
    for (i, top), (j, left) in product(enumerate(tops), enumerate(lefts)):
        total, counted = np.zeros((count, channels)), 0
        for y, x in product(range(top, top + kernel[0]), range(left, left + kernel[1])):
            inside = 0 <= y < height and 0 <= x < width
            padded = y < height + rows[1] and x < width + columns[1]
            if inside:
                total += images[:, :, y, x]
            if inside or (count_include_pad and padded):
                counted += 1
        means[:, :, i, j] = total / counted
    return means


def global_max_pool2d(images: NDArray) -> NDArray[np.float64]:
    """Return every plane's largest value as (N, C, 1, 1)."""
    return max_pool2d(images, images.shape[2:])[0]


def global_avg_pool2d(images: NDArray) -> NDArray[np.float64]:
    """Return every plane's mean as (N, C, 1, 1)."""
    return avg_pool2d(images, images.shape[2:])
