"""One filter on one large picture, the result as large as the picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool import conv2d
from convtool.core.arrays import Float32
from tests.bench.case import Case, Peer, Setting, same_responses
from tests.bench.images import built_in, dense, gabor, photograph
from tests.bench.onnx_graph import onnx_graph
from tests.bench.peers import library, opencv
from tests.bench.timing import Run

DENSE_REACHES = {3: 0.75, 5: 0.6, 7: 0.5, 11: 0.55, 15: 0.9, 31: 0.8}
"""By the size of the kernel, against OpenCV."""


def cases(setting: Setting) -> Iterator[Case]:
    """Filters with structure first, then kernels of random weights."""
    yield _case(setting, "Sobel 3×3", built_in("sobel-x"), 1.1)
    yield _case(setting, "Gaussian 7×7", built_in("gaussian-7"), 1.2)
    yield _case(setting, "Gabor 11×11", gabor(), 1.0)
    for size, reach in DENSE_REACHES.items():
        yield _case(setting, f"dense {size}×{size}", dense(1, 1, size), reach)


def _case(setting: Setting, name: str, weights: Float32, opencv_reach: float) -> Case:
    side, threads = setting.side(2048), setting.threads
    kernel = weights[0, 0]
    margin = len(kernel) // 2

    def ours() -> Run:
        image = photograph(side)
        return lambda: conv2d(image, kernel, padding="same", padding_mode="reflect", threads=threads)

    def filter_2d() -> Run:
        cv2, image = opencv(threads), photograph(side)
        return lambda: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)

    def ndimage() -> Run:
        correlate, image = library("scipy.ndimage").correlate, photograph(side)
        return lambda: correlate(image, kernel, mode="mirror")

    def onnx_runtime() -> Run:
        return onnx_graph(photograph(side)[None], weights, threads, padding=margin)

    def overlap_add() -> Run:
        oaconvolve, set_workers = library("scipy.signal").oaconvolve, library("scipy.fft").set_workers
        image, turned = photograph(side), np.ascontiguousarray(kernel[::-1, ::-1])

        def run() -> Float32:
            with set_workers(threads):
                response: Float32 = oaconvolve(image, turned, mode="same")
            return response

        return run

    peers = (
        Peer("OpenCV filter2D", opencv_reach, filter_2d),
        Peer("SciPy correlate", 3, ndimage),
        Peer("ONNX Runtime", 3, onnx_runtime),
        Peer("SciPy oaconvolve", 1.8, overlap_add),
    )
    return Case(f"single filter, {side}²", name, ours, peers, same_responses(weights, margin))
