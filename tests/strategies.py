"""Hypothesis strategies for images, filters and options that belong together, (N, C, H, W) throughout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn
    from numpy.typing import NDArray

Pair = tuple[int, int]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular", "symmetric")
REAL_TYPES = (
    "?",
    "u1",
    "i1",
    "u2",
    "i2",
    "u4",
    "i4",
    "u8",
    "i8",
    "f2",
    "f4",
    "f8",
    ">u2",
    ">i4",
    ">f2",
    ">f4",
    ">f8",
)
"""Types of arrays that are accepted everywhere, both byte orders among them."""

EXACT_BELOW = 2**24
"""Integer responses are exact where sum |w| * max |x| + |b| stays below this."""


NEVER_WHOLE = frozenset({"winograd"})
"""Algorithms that take no whole weights: where they are asked for, another computes them exactly."""


@dataclass(frozen=True)
class ConvCase:
    """An image, a bank and the options to lay one on the other."""

    image: NDArray
    weights: NDArray
    bias: NDArray | None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PoolCase:
    """An image, a window and the options to move it."""

    image: NDArray
    kernel_size: int | Pair
    options: dict[str, Any] = field(default_factory=dict)


def spelled(draw: DrawFn, both: Pair) -> int | Pair:
    """Return a pair as it is, or as one number if its two are equal and the draw says so."""
    return both[0] if both[0] == both[1] and draw(st.booleans()) else both


def pairs(low: int, high: int) -> st.SearchStrategy[Pair]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def generators(draw: DrawFn) -> np.random.Generator:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


@st.composite
def paddings(draw: DrawFn, most: Pair) -> tuple[Any, Pair]:
    """Return a padding in one of its five spellings, no side above `most`, and the cells it adds (y, x)."""
    form = draw(st.sampled_from(["valid", "same", "number", "pair", "sides"]))
    if form in ("valid", "same"):
        return form, (0, 0)
    if form == "number":
        number = draw(st.integers(0, min(most)))
        return number, (2 * number, 2 * number)
    rows, columns = st.integers(0, most[0]), st.integers(0, most[1])
    if form == "pair":
        y, x = draw(rows), draw(columns)
        return (y, x), (2 * y, 2 * x)
    around = draw(st.tuples(st.tuples(rows, rows), st.tuples(columns, columns)))
    return around, (sum(around[0]), sum(around[1]))


@st.composite
def image_sizes(draw: DrawFn, window: Pair, added: Pair, padding: Any, least: Pair = (1, 1)) -> Pair:
    """Return (height, width) that hold a window of `window` cells once `added` cells are around them."""
    height, width = (
        max(low, 1 if padding == "same" else cells - more)
        for low, cells, more in zip(least, window, added, strict=True)
    )
    return height + draw(st.integers(0, 9)), width + draw(st.integers(0, 9))


def whole_weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> NDArray[np.int64]:
    """Return integer weights: any, mostly zero, products of a column and a row, or far from each other."""
    if kind == "separable":
        column, row = rng.integers(-4, 5, (*shape[:3], 1)), rng.integers(-4, 5, (*shape[:2], 1, shape[3]))
        return column * row
    if kind == "sparse":
        return rng.integers(-9, 10, shape) * (rng.random(shape) < 0.2)
    if kind == "wide":
        return rng.integers(-2, 3, shape) * 10 ** rng.integers(0, 4, shape)
    return rng.integers(-9, 10, shape)


def real_weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> NDArray[np.float32]:
    """Return weights of the same kinds as the integer ones, real."""
    if kind == "separable":
        values = rng.standard_normal((*shape[:3], 1)) * rng.standard_normal((*shape[:2], 1, shape[3]))
    else:
        values = whole_weights(rng, shape, kind) * rng.random(shape)
    return values.astype(np.float32)


@st.composite
def conv_options(draw: DrawFn, kernel: Pair, steps: bool = True) -> tuple[dict[str, Any], Pair]:
    """Return options of conv2d, groups aside, and an image size they are valid for."""
    dilation = draw(st.one_of(st.just((1, 1)), pairs(1, 3))) if steps else (1, 1)
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    padding, added = draw(paddings(most=(7, 7)))
    options = {
        "stride": spelled(draw, draw(st.one_of(st.just((1, 1)), pairs(1, 4))) if steps else (1, 1)),
        "padding": padding,
        "padding_mode": draw(st.sampled_from(PADDING_MODES)),
        "dilation": spelled(draw, dilation),
        "flip": draw(st.booleans()),
    }
    return options, draw(image_sizes(span, added, padding))


@st.composite
def conv_cases(draw: DrawFn, whole: bool, algorithm: str = "auto") -> ConvCase:
    """Return a valid call of conv2d: `whole` numbers within the exact range, or real ones.

    Where an algorithm cannot do everything, nearly all cases are such that it can.
    """
    kernel = {"pointwise": (1, 1), "winograd": (3, 3)}.get(algorithm)
    if kernel is None:
        kernel = draw(pairs(2 if algorithm == "separable" else 1, 5))
    options, size = draw(conv_options(kernel, steps=algorithm != "winograd"))
    groups, depth, filters = (draw(st.integers(1, 3)) for _ in range(3))
    kinds = ["any", "separable", "sparse", "wide"]
    if algorithm in ("separable", "depthwise"):
        depth = 1
    if algorithm == "separable":
        kinds = ["separable"]
    elif algorithm == "depthwise":
        filters = 1
    elif algorithm == "winograd":
        groups = 1
    shape = (groups * filters, depth, *kernel)
    image_shape = (draw(st.integers(1, 2)), groups * depth, *size)
    kind = draw(st.sampled_from(kinds))
    with_bias, strong = draw(st.booleans()), draw(st.booleans())
    rng = draw(generators())
    options["groups"] = groups
    if whole:
        weights = whole_weights(rng, shape, kind)
        bias = rng.integers(-1000, 1001, shape[0]) if with_bias else None
        largest_sum = max(int(np.abs(weights).sum(axis=(1, 2, 3)).max()), 1)
        limit = (EXACT_BELOW - 1 - (1000 if with_bias else 0)) // largest_sum
        limit = limit if strong else min(limit, 9)
        dtype = draw(st.sampled_from([np.float32, np.int32, np.float64]))
        image = rng.integers(-limit, limit + 1, image_shape).astype(dtype)
        return ConvCase(image, weights.astype(dtype), bias, options)
    weights = real_weights(rng, shape, kind)
    bias = rng.standard_normal(shape[0]).astype(np.float32) if with_bias else None
    image = rng.standard_normal(image_shape) + (100 if strong else 0)
    return ConvCase(image.astype(np.float32), weights, bias, options)


@st.composite
def pool_images(draw: DrawFn, size: Pair) -> NDArray[np.float32]:
    """Return images with many equal values, or real ones over several magnitudes."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size)
    many_ties = draw(st.booleans())
    rng = draw(generators())
    if many_ties:
        return rng.integers(-3, 4, shape).astype(np.float32)
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(np.float32)


@st.composite
def pool_cases(draw: DrawFn, dilated: bool) -> PoolCase:
    """Return a valid call of a pool, every window of which sees at least one cell of the image."""
    kernel = draw(pairs(1, 4))
    dilation = draw(pairs(1, 3)) if dilated and draw(st.booleans()) else (1, 1)
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    padding, added = draw(paddings(most=(kernel[0] - 1, kernel[1] - 1)))
    size = draw(image_sizes(span, added, padding, least=dilation))
    options = {"padding": padding, "ceil_mode": draw(st.booleans())}
    if draw(st.booleans()):
        options["stride"] = spelled(draw, draw(pairs(1, 5)))
    if dilated:
        options["dilation"] = spelled(draw, dilation)
    else:
        options["count_include_pad"] = draw(st.booleans())
    return PoolCase(draw(pool_images(size)), spelled(draw, kernel), options)
