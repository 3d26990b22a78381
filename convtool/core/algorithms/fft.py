"""Large dense kernels by the convolution theorem, block by block (overlap–save).

A block of the strip and the kernel are transformed, multiplied and transformed back; the cells that
wrapped around are dropped, which is why blocks overlap by the kernel's reach. In float32 the error is
a few units in the last place of Σ|w|·max|x|. For whole weights the transforms run in float64, and the
responses of whole pixels are rounded: while Σ|w|·max|x| < 2²⁴ the error bound of a block of up to
1024×1024 cells, about log₂(1024²)·2⁻⁵³·‖w‖₂·‖x‖₂ ≤ 20·2⁻⁵³·2²⁴·1024, is far below a half.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32, is_whole
from convtool.core.geometry import Pair
from convtool.core.stages import Slide
from convtool.core.threads import Scratch

LENGTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 240, 256, 320, 384, 512, 640, 768, 1024)
"""Transform lengths of small factors, which are the quick ones."""

CACHED = 400
"""Lengths above which a square block falls out of a core's cache."""


def estimate(work: Workload) -> Estimate | str:
    """Transforms of the channels and of every response, and the products between."""
    facts = work.facts
    reach = [d * (k - 1) + 1 for d, k in zip(work.slide.dilation, facts.kernel_size, strict=True)]
    if max(reach) > LENGTHS[-1] // 2:
        return f"the filter reaches over {max(reach)} cells, more than half of the largest block"
    sizes = [
        _length(count * stride, r)
        for count, stride, r in zip((work.rows, work.columns), work.slide.stride, reach, strict=True)
    ]
    cells = math.prod(sizes)
    kept = [max(1, (n - r) // s + 1) for n, r, s in zip(sizes, reach, work.slide.stride, strict=True)]
    blocks = work.images * math.prod(
        -(-count // k) for count, k in zip((work.rows, work.columns), kept, strict=True)
    )
    transforms = (work.channels + facts.filters) / 2 * costs.FFT * math.log2(cells)
    products = facts.filters * facts.in_channels * costs.SPECTRUM
    precision = 2 if facts.whole else 1
    a_block = precision * cells * (transforms + products) + 12 * costs.CALL * facts.filters
    kernels = precision * cells * facts.filters * facts.in_channels / 2 * costs.FFT * math.log2(cells)
    return Estimate(
        kernels + blocks * a_block,
        blocks * cells * (4 * math.log2(cells) * (work.channels + facts.filters) / 2 + 2 * products),
        (1, kept[0], kept[1]),
        precision * 8 * cells * (work.channels + facts.filters * facts.in_channels + 3),
        f"blocks of {sizes[0]}×{sizes[1]} in float{32 * precision}",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """Kernels spread by their dilation; whole ones are transformed in float64."""
    whole = is_whole(weights)
    filters, in_channels, height, width = weights.shape
    dy, dx = slide.dilation
    spread = np.zeros(
        (filters, in_channels, dy * (height - 1) + 1, dx * (width - 1) + 1),
        np.float64 if whole else np.float32,
    )
    spread[:, :, ::dy, ::dx] = weights
    return Prepared(partial(_correlate, _Spectra(spread), whole, slide))


FFT = Algorithm(estimate, prepare)


class _Spectra(dict[Pair, NDArray[np.complexfloating]]):
    """The conjugate spectra of the kernels for each block size that occurs, computed when first asked for."""

    def __init__(self, kernels: NDArray[np.floating]) -> None:
        self._kernels = kernels

    def __missing__(self, size: Pair) -> NDArray[np.complexfloating]:
        spectra = np.conj(np.fft.rfft2(self._kernels, s=size))
        self[size] = spectra
        return spectra

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Precision of the transforms."""
        return self._kernels.dtype


def _length(result: int, reach: int) -> int:
    """The transform length along one axis that costs least a result cell."""

    def cost(n: int) -> float:
        blocks = -(-result // (n - reach + 1))
        return blocks * (n * math.log2(n) * (1.15 if n > CACHED else 1) + 300)

    fitting = [n for n in LENGTHS if reach <= n // 2]
    return min(fitting, key=cost)


def _correlate(
    spectra: _Spectra, whole: bool, slide: Slide, strips: Float32, out: Float32, scratch: Scratch
) -> None:
    (sy, sx), (height, width) = slide.stride, strips.shape[-2:]
    size = _quick_length(height), _quick_length(width)
    kernels = spectra[size]
    filters, in_channels = len(kernels) // slide.groups, kernels.shape[1]
    rows, columns = out.shape[-2:]
    for strip, responses in zip(strips, out, strict=True):
        blocks = np.fft.rfft2(strip.astype(spectra.dtype, copy=False), s=size)
        exact = whole and is_whole(strip)
        for o, response in enumerate(responses):
            first = o // filters * in_channels
            product = blocks[first] * kernels[o, 0]
            for i in range(1, in_channels):
                product += blocks[first + i] * kernels[o, i]
            back = np.fft.irfft2(product, s=size)[::sy, ::sx][:rows, :columns]
            if exact:
                back = np.rint(back) + 0.0  # never -0
            response[...] = back


def _quick_length(cells: int) -> int:
    return next((n for n in LENGTHS if n >= cells), cells)
