"""3×3 filters over many channels with 16 products for every four responses, where others take 36.

Winograd's F(2×2, 3×3): ``Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`` gives the 2×2 responses ``Y`` of a 3×3
kernel ``g`` on a 4×4 patch ``d``. Summed over channels, each of the 16 products is a matrix product of
filters and patches. The transforms of patches and responses are additions alone. The four places in
``Y`` are the phases of a 2×2 pool.

References
----------
Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, arXiv:1509.09308.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.algorithms.im2col import COLUMN_CELLS, tile_of
from convtool.core.arrays import Float32
from convtool.core.stages import Slide
from convtool.core.threads import Scratch

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


def estimate(work: Workload) -> Estimate | str:
    """Sixteen products, and the additions before and after."""
    facts, slide = work.facts, work.slide
    if facts.kernel_size != (3, 3) or slide != Slide((1, 1), (1, 1), 1):
        return "it is for 3×3 filters without stride, dilation or groups"
    if facts.whole:
        return "the weights are whole, and its fractions would need more digits than they"
    if work.phases not in ((1, 1), (2, 2)):
        return "its four responses at a time are no windows of this pool"
    filters, channels = facts.filters, facts.in_channels
    images, rows = tile_of(work, COLUMN_CELLS // (4 * max(filters, channels)))
    rows = min(work.rows, -(-rows // 2) * 2)
    tiles = -(-work.images // images) * -(-work.rows // rows)
    patches = work.responses / 4
    products = 16 * costs.matrix_product(filters, channels, patches)
    additions = 24 * (filters + channels) * patches * costs.ADD
    sorting = work.responses * (channels + filters * (work.phases == (1, 1))) * costs.STRIDED
    return Estimate(
        products + additions + sorting + tiles * 60 * costs.CALL,
        work.multiply_adds * 4 / 9,
        (images, rows, work.columns),
        4 * images * rows * work.columns * (8 * channels + 6 * filters),
        f"16 products of {filters} filters with {channels} channels for every 2×2 responses",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """Transform the kernels: ``(4, 4, O, C)``, computed in float64."""
    filters, channels = weights.shape[:2]
    transformed = np.kron(G, G) @ weights.astype(np.float64).reshape(-1, 9).T
    return Prepared(
        partial(_correlate, transformed.astype(np.float32).reshape(4, 4, filters, channels), phases)
    )


WINOGRAD = Algorithm(estimate, prepare, phases=True)


def _correlate(kernels: Float32, phases: Phases, strips: Float32, out: Float32, scratch: Scratch) -> None:
    for strip, responses in zip(strips, out, strict=True):
        patches = _transformed_patches(strip, scratch)
        down, across = patches.shape[-2:]
        products = scratch.array("products", 4, 4, len(responses), down * across)
        np.matmul(kernels, patches.reshape(4, 4, -1, down * across), out=products)
        places = _transformed_back(products, scratch).reshape(2, 2, len(responses), down, across)
        if phases.size == (1, 1):
            for a, b in np.ndindex(2, 2):
                place = responses[:, a::2, b::2]
                np.copyto(place, places[a, b, :, : place.shape[1], : place.shape[2]])
        else:
            phases.combine(places[0], places[1], out=places[0])
            phases.combine(places[0, 0], places[0, 1], out=places[0, 0])
            np.copyto(responses, places[0, 0, :, : responses.shape[1], : responses.shape[2]])


def _transformed_patches(strip: Float32, scratch: Scratch) -> Float32:
    """``Bᵀ d B`` of the 4×4 patches ``d``, two cells apart: ``(4, 4, C, down, across)``.

    The strip's rows and columns are sorted into odd and even ones. Then a cell of all patches of all
    channels is one contiguous run, and each addition is a single loop; patches that reach beyond the
    strip are computed too, of zeros or of the next channel's cells, and never looked at.
    """
    channels, height, width = strip.shape
    down, across = -(-height // 2), -(-width // 2)
    cells = channels * down * across
    lanes = scratch.array("lanes", 2, 2, cells + across + 1)
    for a, b in np.ndindex(2, 2):
        seen = strip[:, a::2, b::2]
        lane = lanes[a, b, :cells].reshape(channels, down, across)
        lane[:, : seen.shape[1], : seen.shape[2]] = seen
        lane[:, seen.shape[1] :] = 0
        lane[:, :, seen.shape[2] :] = 0
    lanes[..., cells:] = 0
    half = scratch.array("half", 4, 2, cells + 1)
    _combine(lanes[0], lanes[1], across, half)
    patches = scratch.array("patches", 4, 4, cells)
    _combine(half[:, 0], half[:, 1], 1, patches.swapaxes(0, 1))
    return patches.reshape(4, 4, channels, down, across)


def _combine(even: Float32, odd: Float32, step: int, out: Float32) -> None:
    """``Bᵀ d`` for ``d`` = (even, odd, the next even, the next odd), each next one ``step`` later."""
    cells = out.shape[-1]
    now, later = slice(cells), slice(step, step + cells)
    np.subtract(even[..., now], even[..., later], out=out[0])
    np.add(odd[..., now], even[..., later], out=out[1])
    np.subtract(even[..., later], odd[..., now], out=out[2])
    np.subtract(odd[..., now], odd[..., later], out=out[3])


def _transformed_back(products: Float32, scratch: Scratch) -> Float32:
    """``Aᵀ M A`` of the products ``(4, 4, O, windows)``: the responses ``(2, 2, O, windows)``."""
    half = scratch.array("half responses", 2, *products.shape[1:])
    places = scratch.array("places", 2, 2, *products.shape[2:])
    for m, out in ((products, half), (half.swapaxes(0, 1), places.swapaxes(0, 1))):
        np.add(m[0], m[1], out=out[0])
        np.add(out[0], m[2], out=out[0])
        np.subtract(m[1], m[2], out=out[1])
        np.subtract(out[1], m[3], out=out[1])
    return places
