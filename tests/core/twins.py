"""A quicker twin of the oracles' convolution, for images of many tiles; and the stages of a call."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from convtool.core.geometry import window
from convtool.core.stages import Stages
from tests import oracles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convtool import FilterBank

NUMPY_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
    "symmetric": "symmetric",
}
"""`numpy.pad`'s names of our padding modes."""


def conv2d(
    images: NDArray,
    weights: NDArray,
    bias: NDArray | None = None,
    *,
    stride: int | oracles.Pair = 1,
    padding: oracles.Padding = "valid",
    padding_mode: str = "zeros",
    dilation: int | oracles.Pair = 1,
    groups: int = 1,
    flip: bool = False,
) -> NDArray[np.float64]:
    """Return what `oracles.conv2d` does, tap by tap; taps of weight 0 see nothing, not even a NaN."""
    (sy, sx), (dy, dx) = oracles.pair(stride), oracles.pair(dilation)
    filters, depth, *kernel = weights.shape
    weights = weights.astype(np.float64)[:, :, :: -1 if flip else 1, :: -1 if flip else 1]
    around = oracles.sides(padding, images.shape[2:], tuple(kernel), (sy, sx), (dy, dx))
    padded = np.pad(images.astype(np.float64), ((0, 0), (0, 0), *around), NUMPY_MODES[padding_mode])
    rows, columns = (
        (size - oracles.extent(k, d)) // s + 1
        for size, k, d, s in zip(padded.shape[2:], kernel, (dy, dx), (sy, sx), strict=True)
    )
    responses = np.zeros((len(images), filters, rows, columns))
    for o, c, ky, kx in product(*map(range, weights.shape)):
        if weights[o, c, ky, kx]:
            plane = padded[:, o // (filters // groups) * depth + c, ky * dy :: sy, kx * dx :: sx]
            responses[:, o] += weights[o, c, ky, kx] * plane[:, :rows, :columns]
    return responses if bias is None else responses + np.asarray(bias)[:, None, None]


def pooled(maps: NDArray, size: oracles.Pair, kind: str) -> NDArray[np.float64]:
    """Return the pool of windows that lie side by side, what fills none left out."""
    rows, columns = maps.shape[-2] // size[0], maps.shape[-1] // size[1]
    whole = maps[..., : rows * size[0], : columns * size[1]]
    windows = whole.reshape(*maps.shape[:-2], rows, size[0], columns, size[1])
    reduce = {"max": np.max, "min": np.min, "avg": np.mean}[kind]
    return reduce(windows, axis=(-3, -1))


def stages(
    size: oracles.Pair,
    bank: FilterBank,
    *,
    relu: bool = False,
    pool: int | oracles.Pair | None = None,
    pool_kind: str = "max",
    padding_mode: str = "zeros",
    groups: int = 1,
    **options: Any,
) -> Stages:
    """Return the stages of `feature_maps` for an image of a size (height, width)."""
    conv = window(size, bank.kernel_size, **options)
    pools = None if pool is None else window((conv[0].count, conv[1].count), pool, stride=pool)
    return Stages(conv, padding_mode, groups, relu, pools, pool_kind)  # type: ignore[arg-type]
