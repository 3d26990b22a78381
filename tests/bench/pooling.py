"""Max pools of one large map."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool import max_pool2d
from convtool.core.arrays import Float32
from tests.bench.case import Case, Peer, Setting, same_values
from tests.bench.images import photograph
from tests.bench.peers import opencv, torch
from tests.bench.timing import Run


def cases(setting: Setting) -> Iterator[Case]:
    """The pool of most networks, and a large one that overlaps."""
    group, side, threads = f"pooling, {setting.side(2048)}²", setting.side(2048), setting.threads

    def slices() -> Run:
        return lambda: _four_slices(photograph(side))

    def dilate() -> Run:
        cv2, image = opencv(threads), photograph(side)
        window = np.ones((7, 7), np.uint8)
        return lambda: cv2.dilate(image, window)

    yield Case(
        group,
        "max 2×2",
        lambda: _ours(side, threads, size=2, stride=2, padding=0),
        (
            Peer("PyTorch", 8, lambda: _pytorch(side, threads, size=2, stride=2, padding=0)),
            Peer("NumPy, 4 slices", 0.9, slices),
        ),
        same_values,
    )
    yield Case(
        group,
        "max 7×7, stride 1",
        lambda: _ours(side, threads, size=7, stride=1, padding=3),
        (
            Peer("PyTorch", 40, lambda: _pytorch(side, threads, size=7, stride=1, padding=3)),
            Peer("OpenCV dilate", 1, dilate),
        ),
        same_values,
    )


def _ours(side: int, threads: int, *, size: int, stride: int, padding: int) -> Run:
    image = photograph(side)
    return lambda: max_pool2d(image, size, stride, padding, threads=threads)


def _pytorch(side: int, threads: int, *, size: int, stride: int, padding: int) -> Run:
    module = torch(threads)
    image = module.from_numpy(photograph(side)[None, None])
    return lambda: module.nn.functional.max_pool2d(image, size, stride, padding)


def _four_slices(x: Float32) -> Float32:
    upper, lower = x[::2], x[1::2]
    pooled: Float32 = np.maximum(
        np.maximum(upper[:, ::2], upper[:, 1::2]), np.maximum(lower[:, ::2], lower[:, 1::2])
    )
    return pooled
