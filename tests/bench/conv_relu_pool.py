"""A bank of filters, Conv → ReLU → MaxPool 2×2, on one picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool import FilterBank, feature_maps
from convtool.core.arrays import Float32
from tests.bench.case import Case, Peer, Setting, same_responses
from tests.bench.images import dense, photograph
from tests.bench.onnx_graph import onnx_graph
from tests.bench.peers import opencv, torch
from tests.bench.timing import Run

BANKS = ((8, 3), (16, 3), (64, 3), (16, 5), (64, 7))
"""Filters, and their size."""


def cases(setting: Setting) -> Iterator[Case]:
    """One case for each bank."""
    for filters, size in BANKS:
        yield _case(setting, filters, size)


def _case(setting: Setting, filters: int, size: int) -> Case:
    side, threads = setting.side(1024), setting.threads
    weights = dense(filters, 1, size)

    def ours() -> Run:
        image, bank = photograph(side), FilterBank(weights)
        return lambda: feature_maps(image, bank, pool=2, threads=threads)

    def onnx_runtime() -> Run:
        return onnx_graph(photograph(side)[None], weights, threads, pool=2)

    def filter_2d() -> Run:
        cv2, image = opencv(threads), photograph(side)
        margin = size // 2
        pooled_side = (side - 2 * margin) // 2

        def run() -> Float32:
            maps = np.empty((filters, pooled_side, pooled_side), np.float32)
            for kernel, pooled in zip(weights[:, 0], maps, strict=True):
                response = cv2.filter2D(image, -1, kernel)[margin:-margin, margin:-margin]
                rows = cv2.max(response[::2], response[1::2])
                np.maximum(rows[:, ::2], rows[:, 1::2], out=pooled)
                np.maximum(pooled, 0, out=pooled)  # after the pool: the same maps, a quarter of the cells
            return maps

        return run

    def pytorch() -> Run:
        module = torch(threads)
        functional = module.nn.functional
        image, kernels = module.from_numpy(photograph(side)[None, None]), module.from_numpy(weights)
        return lambda: functional.max_pool2d(functional.relu(functional.conv2d(image, kernels)), 2)

    peers = (
        Peer("ONNX Runtime", 1, onnx_runtime),
        Peer("OpenCV, in a loop", 2.5, filter_2d),
        Peer("PyTorch", 8, pytorch),
    )
    name = f"{filters} filters {size}×{size}"
    return Case(f"Conv → ReLU → MaxPool 2×2, {side}²", name, ours, peers, same_responses(weights))
