"""3×3 filters over many channels with 16 products for every 2×2 responses, where others take 36.

``Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`` as in `convtool.core.algorithms.winograd`. Channels-last, the cells of
all 4×4 patches ``d`` are 16 rows, and both transforms are products with a small matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.algorithms.winograd import G
from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Window
from convtool.net.channels_last.workspace import Block, Call, Lend, Workspace, blocks

B = np.array([[1, 0, 0, 0], [0, 1, -1, 1], [-1, 1, 1, 0], [0, 0, 0, -1]], np.float32)
A = np.array([[1, 0], [1, 1], [1, -1], [0, -1]], np.float32)

EDGE = 2
"""Cells that a patch has more than responses along an axis."""

FEWEST = 32
"""Channels and filters from which fewer products make good for the transforms."""


def suits(bank: FilterBank, windows: Window, groups: int) -> bool:
    """Whether it is for such filters, and quicker; sums of whole numbers stay exact by patches."""
    plain = all((axis.kernel, axis.stride, axis.dilation) == (3, 1, 1) for axis in windows)
    many = min(len(bank), bank.in_channels) >= FEWEST
    return plain and groups == 1 and many and not bank.facts.whole


def suits_pool(windows: Window) -> bool:
    """Whether the windows of a pool are the 2×2 responses."""
    return all((a.kernel, a.stride, a.dilation, a.before) == (2, 2, 1, 0) for a in windows)


def places(responses: int) -> int:
    """Patches along an axis."""
    return -(-responses // 2)


def correlate(space: Workspace, bank: FilterBank, padded: Float32, windows: Window, pooled: bool) -> Float32:
    """Add the calls on maps ``(n, 2·down + 2, 2·across + 2, C)``; return responses or their 2×2 maxima."""
    rows, columns = (axis.count for axis in windows)
    down, across = places(rows), places(columns)
    filters, channels = len(bank), padded.shape[3]
    in_float64 = np.kron(G, G) @ bank.weights.astype(np.float64).reshape(-1, 9).T
    kernels = np.ascontiguousarray(
        in_float64.reshape(16, filters, channels).transpose(0, 2, 1), dtype=np.float32
    )
    seen = _patches(padded, down, across)
    size = (rows // 2, columns // 2) if pooled else (rows, columns)
    output = space.array(len(padded), *size, filters)
    forth, back = np.ascontiguousarray(np.kron(B, B).T), np.ascontiguousarray(np.kron(A, A).T)

    def write(block: Block, lend: Lend) -> Iterator[Call]:
        images, cut = block
        cells = seen[:, :, images, cut]
        count = cells[0, 0].size
        patches, transformed = lend("patches of maps", 2, 16, count * channels)
        products = lend("products of patches", 16, count, filters)
        responses = lend("responses of patches", 4, count * filters)
        yield partial(np.copyto, patches.view(seen.dtype).reshape(cells.shape), cells)
        yield partial(np.matmul, forth, patches, transformed)
        yield partial(np.matmul, transformed.reshape(16, count, channels), kernels, products)
        yield partial(np.matmul, back, products.reshape(16, -1), responses)
        found = responses.reshape(2, 2, *cells.shape[2:], filters)
        if pooled:
            place = output[block]
            whole = found[:, :, :, : place.shape[1], : place.shape[2]]
            yield partial(np.maximum.reduce, whole, axis=(0, 1), out=place)
            return
        for a, b in np.ndindex(2, 2):
            place = output[images, 2 * cut.start + a : 2 * cut.stop : 2, b::2]
            yield partial(np.copyto, place, found[a, b, :, : place.shape[1], : place.shape[2]])

    space.each(write, blocks(len(padded), down, 16 * across * (channels + filters) // 2))
    return output


def _patches(padded: Float32, down: int, across: int) -> np.ndarray:
    """``(4, 4, n, down, across)`` of a cell's channels."""
    image, row, column, _ = padded.strides
    cells = np.dtype((np.void, column))
    return as_strided(
        padded.reshape(-1)[: padded.shape[3]].view(cells),
        (4, 4, len(padded), down, across),
        (row, column, image, 2 * row, 2 * column),
        writeable=False,
    )
