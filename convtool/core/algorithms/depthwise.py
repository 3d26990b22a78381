"""One filter for each channel: every pass goes over all channels at once."""

from __future__ import annotations

from functools import partial

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.algorithms.im2col import tile_of
from convtool.core.arrays import Float32
from convtool.core.shifts import PASS_CELLS
from convtool.core.stages import Slide
from convtool.core.threads import Scratch


def estimate(work: Workload) -> Estimate | str:
    """A multiplication and an addition for each tap, over all channels."""
    facts, slide = work.facts, work.slide
    if not slide.groups == work.channels == facts.filters:
        return "there is not one filter for each channel"
    images, rows = tile_of(work, PASS_CELLS // facts.filters)
    tiles = -(-work.images // images) * -(-work.rows // rows)
    a_cell = costs.elementwise(facts.taps, facts.taps, costs.is_strided(slide.stride))
    row_calls = tiles * 2 * facts.taps * facts.filters * rows * images * 15.0
    return Estimate(
        work.responses * facts.filters * a_cell + tiles * 2 * facts.taps * costs.CALL + row_calls,
        work.multiply_adds,
        (images, rows, work.columns),
        4 * facts.filters * images * rows * work.columns,
        f"{facts.taps} taps over {facts.filters} channels at once",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """For each tap its weights, one a channel."""
    channels = len(weights)
    if slide.groups != channels:
        raise ValueError("depthwise needs one filter for each channel")
    taps = [
        (ky, kx, np.ascontiguousarray(weights[:, 0, ky, kx]).reshape(channels, 1, 1))
        for ky in range(weights.shape[2])
        for kx in range(weights.shape[3])
    ]
    return Prepared(partial(_correlate, taps, slide))


DEPTHWISE = Algorithm(estimate, prepare)


def _correlate(
    taps: list[tuple[int, int, Float32]], slide: Slide, strips: Float32, out: Float32, scratch: Scratch
) -> None:
    (sy, sx), (dy, dx) = slide.stride, slide.dilation
    rows, columns = out.shape[-2:]
    product = scratch.array("product", *out.shape)
    out[...] = 0
    for ky, kx, coefficients in taps:
        seen = strips[:, :, ky * dy :: sy, kx * dx :: sx][:, :, :rows, :columns]
        np.multiply(seen, coefficients, out=product)
        np.add(out, product, out=out)
