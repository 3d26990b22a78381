"""Slow, readable twins of the arithmetic: plain loops in float64 over (N, C, H, W), nothing of convtool."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil, cos, exp, floor, log, radians, sin, sqrt
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


Box = tuple[int, int, int, int]


def cells(box: Box) -> set[Pair]:
    """Return the cells of a box (y, x, height, width)."""
    y, x, height, width = box
    return set(product(range(y, y + height), range(x, x + width)))


def iou(first: Box, second: Box) -> Fraction:
    """Return how much two boxes share: the cells of both over the cells of either, exactly."""
    shared, either = cells(first) & cells(second), cells(first) | cells(second)
    return Fraction(len(shared), len(either))


def peaks(
    responses: NDArray, size: Pair, threshold: float, overlap: Fraction, top: int | None
) -> list[tuple[int, int, float, int]]:
    """Return (y, x, score, filter) of greedy non-maximum suppression over the local maxima of (O, H, W)."""
    filters, height, width = responses.shape
    best = {}
    for y, x in product(range(height), range(width)):
        winner = 0
        for o in range(filters):
            if responses[o, y, x] > responses[winner, y, x]:
                winner = o
        best[y, x] = (float(responses[winner, y, x]), winner)
    candidates = []
    for (y, x), (score, winner) in best.items():
        around = [best.get((y + dy, x + dx), (score, 0))[0] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        if score > threshold and not any(neighbour > score for neighbour in around):
            candidates.append((y, x, score, winner))
    candidates.sort(key=lambda found: (-found[2], found[0], found[1]))
    kept: list[tuple[int, int, float, int]] = []
    for candidate in candidates:
        shares = [iou((*candidate[:2], *size), (*other[:2], *size)) for other in kept]
        if all(share <= overlap for share in shares):
            kept.append(candidate)
    return kept[:top]


def ncc(picture: NDArray, template: NDArray) -> NDArray[np.float64]:
    """Return the correlation coefficient of a template (C, h, w) with every window; 0 where it is flat."""
    _, height, width = template.shape
    rows, columns = picture.shape[1] - height + 1, picture.shape[2] - width + 1
    wanted = template.astype(np.float64) - template.mean(dtype=np.float64)
    found = np.zeros((rows, columns))
    for y, x in product(range(rows), range(columns)):
        window = picture[:, y : y + height, x : x + width].astype(np.float64)
        if window.min() < window.max():
            window -= window.mean()
            found[y, x] = (wanted * window).sum() / sqrt((wanted**2).sum() * (window**2).sum())
    return found


def between(plane: NDArray, y: float, x: float) -> float:
    """Return the value at a place between cells, interpolated linearly; outside, that of the border."""
    y, x = min(max(y, 0), plane.shape[0] - 1), min(max(x, 0), plane.shape[1] - 1)
    value = 0.0
    for row, column in {(row, column) for row in (floor(y), ceil(y)) for column in (floor(x), ceil(x))}:
        value += float(plane[row, column]) * (1 - abs(y - row)) * (1 - abs(x - column))
    return value


def warped(planes: NDArray, box: Box, angle: float, scale: float) -> NDArray[np.float64]:
    """Return a box of (C, H, W) turned counter-clockwise and enlarged about its middle, a cell at a time."""
    top, left, height, width = box
    middle_y, middle_x = top + (height - 1) / 2, left + (width - 1) / 2
    turned = np.empty((len(planes), height, width))
    for c, i, j in product(range(len(planes)), range(height), range(width)):
        up, right = (height - 1) / 2 - i, j - (width - 1) / 2
        # What stands here stood `angle` degrees clockwise of here, and nearer the middle.
        from_right = (right * cos(radians(angle)) + up * sin(radians(angle))) / scale
        from_up = (up * cos(radians(angle)) - right * sin(radians(angle))) / scale
        turned[c, i, j] = between(planes[c], middle_y - from_up, middle_x + from_right)
    return turned


def auc(positives: NDArray, negatives: NDArray) -> float:
    """Return the share of pairs in which the positive is higher; equal ones count half."""
    won = [(p > n) + (p == n) / 2 for p, n in product(positives.tolist(), negatives.tolist())]
    return sum(won) / len(won)


def covariance_within(classes: list[NDArray]) -> NDArray[np.float64]:
    """Return the covariance of the rows of several classes about the means of their own."""
    count = classes[0].shape[1]
    total = np.zeros((count, count))
    for vectors in classes:
        means = [sum(column) / len(column) for column in vectors.T.tolist()]
        for row in vectors.tolist():
            for i, j in product(range(count), range(count)):
                total[i, j] += (row[i] - means[i]) * (row[j] - means[j])
    return total / sum(len(vectors) for vectors in classes)


def logistic_loss(
    weights: NDArray, bias: float, positives: NDArray, negatives: NDArray, ridge: float
) -> float:
    """Return mean log(1 + exp(-t (w x + b))) + ridge / 2 * |w|^2, half of it of each class."""

    def cost(fit: float) -> float:
        return log(1 + float(np.exp(-fit))) if fit > -30 else -fit

    fits = sum(cost(float(row @ weights) + bias) for row in positives) / len(positives)
    misses = sum(cost(-float(row @ weights) - bias) for row in negatives) / len(negatives)
    return (fits + misses) / 2 + ridge / 2 * sum(w * w for w in weights.tolist())


def fitted_kernel(
    before: NDArray, after: NDArray, kernel: Pair, wanted: NDArray
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return weights, bias and the weights' standard errors: least squares over the windows wanted."""
    rows, values = [], []
    for y, x in np.argwhere(wanted):
        rows.append([*before[y : y + kernel[0], x : x + kernel[1]].ravel(), 1])
        values.append(after[y, x])
    design, results = np.array(rows, np.float64), np.array(values, np.float64)
    solution = np.linalg.lstsq(design, results, rcond=None)[0]
    left = ((results - design @ solution) ** 2).sum() / (len(design) - len(solution))
    errors = np.sqrt(left * np.diag(np.linalg.inv(design.T @ design)))
    return solution[:-1].reshape(kernel), float(solution[-1]), errors[:-1].reshape(kernel)


def counted(labels: list[int], predicted: list[int], kinds: int) -> list[list[int]]:
    """Return how many images of each class (row) were taken for each (column)."""
    return [
        [sum((true, taken) == (row, column) for true, taken in zip(labels, predicted, strict=True))
         for column in range(kinds)]
        for row in range(kinds)
    ]  # fmt: skip


def class_shares(labels: list[int], predicted: list[int], kind: int) -> tuple[float | None, ...]:
    """Return recall, precision and F1 of a class; None where a share is of nothing."""
    right = wrong = missed = 0
    for true, taken in zip(labels, predicted, strict=True):
        right += true == kind and taken == kind
        wrong += true != kind and taken == kind
        missed += true == kind and taken != kind
    recall = right / (right + missed) if right + missed else None
    precision = right / (right + wrong) if right + wrong else None
    if recall is None and precision is None:
        return None, None, None
    if not recall or not precision:
        return recall, precision, 0.0
    return recall, precision, 2 * precision * recall / (precision + recall)


def probabilities(scores: list[float]) -> list[float]:
    """Return the softmax of one image's scores."""
    powers = [exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def batch_norm(
    images: NDArray, scale: NDArray, shift: NDArray, epsilon: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return values normalised over all images of a batch, and each channel's mean and unbiased variance."""
    channels = images.shape[1]
    normalized, means, variances = np.empty(images.shape), np.empty(channels), np.empty(channels)
    for c in range(channels):
        values = images[:, c].ravel().tolist()
        means[c] = sum(values) / len(values)
        squares = sum((value - means[c]) ** 2 for value in values)
        variances[c] = squares / (len(values) - 1)
        deviation = sqrt(squares / len(values) + epsilon)
        normalized[:, c] = (images[:, c] - means[c]) / deviation * scale[c] + shift[c]
    return normalized, means, variances
