"""Plan and arrays in, maps out: tile by tile, with ReLU and Pool done while the tile is in cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import cached_property
from typing import NamedTuple

import numpy as np

from convtool.core.activation import leak, rectify
from convtool.core.algorithms import ALGORITHMS
from convtool.core.algorithms.base import NO_PHASES, Phases, Prepared
from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.frame import frame_regions, inside_of, inside_regions, with_spill
from convtool.core.geometry import Pair
from convtool.core.normalize import deviations
from convtool.core.planner import Plan
from convtool.core.pooling import REDUCTIONS, pool_strip, window_areas
from convtool.core.stages import Stages
from convtool.core.threads import SCRATCH, for_each, single_threaded_blas
from convtool.core.tiles import BAND_ROWS, Region, padded, regions


def execute(images: Float32, bank: FilterBank, stages: Stages, plan: Plan) -> Float32:
    """Run the stages on images ``(N, C, H, W)``.

    Nothing but the result is ever held whole; with local normalisation, the deviations of a band of rows.
    """
    if bank.normalize and len(images) > 1:
        return np.concatenate([execute(image[np.newaxis], bank, stages, plan) for image in images])
    size = stages.result[0].count, stages.result[1].count
    result = np.empty((len(images), len(bank), *size), np.float32)
    pass_over = _Pass(images, bank, stages, plan, result)
    prepared = pass_over.prepared
    inside = (
        inside_of(stages) if prepared.spills and not bank.normalize and images.flags.c_contiguous else None
    )
    with nullcontext() if prepared.local else single_threaded_blas():
        if inside is None:
            for band in _bands(regions(len(images), size, plan.tile), bank):
                pass_over.begin(band)
                for_each(band, pass_over.tile, plan.threads)
        else:
            tiles = inside_regions(len(images), inside, plan.tile)
            for_each(tiles, pass_over.inside, plan.threads)
            frames = [frame_regions(n, inside, stages) for n in range(len(images))]
            for_each(frames, pass_over.frame, plan.threads)
    return result


quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""A sum beyond float32 is infinity, and what follows from it NaN, whichever thread or BLAS computes it."""


class _Opened(NamedTuple):
    """A region of the result, the strips that it reads, and the rows and columns of its responses."""

    region: Region
    result: Float32
    strips: Float32
    spans: list[Pair]


class _Pass:
    """What the tiles of one execution share."""

    def __init__(
        self, images: Float32, bank: FilterBank, stages: Stages, plan: Plan, result: Float32
    ) -> None:
        self._images, self._bank, self._stages, self._plan, self._result = images, bank, stages, plan, result
        phases = Phases(plan.phases, REDUCTIONS[stages.pool_kind].combine)
        self.prepared = ALGORITHMS[plan.algorithm].prepare(bank.weights, stages.slide, phases)
        self._bias = bank.bias.reshape(-1, 1, 1) if bank.bias.any() else None
        self._deviations: Float32 | None = None
        self._first_row = 0
        self._areas = window_areas(stages.pool) if stages.pool and stages.pool_kind == "avg" else None

    @quiet
    def begin(self, band: list[Region]) -> None:
        """Look at the windows of regions that lie side by side, if responses are divided by deviations."""
        if self._bank.normalize:
            rows = self._stages.conv_span(0, band[0].rows.start, band[-1].rows.stop)
            self._first_row = rows[0]
            self._deviations = deviations(self._images[0], self._stages, rows, self._plan.threads)

    @quiet
    def tile(self, region: Region) -> None:
        """Compute one region of the result."""
        self._compute(self._open(region))

    @quiet
    def inside(self, region: Region) -> None:
        """Compute one region of the inside, and write what has no meaning between its rows."""
        opened = self._open(region)
        self._compute(opened._replace(result=with_spill(opened.result)))

    @quiet
    def frame(self, regions_of_image: list[Region]) -> None:
        """Compute the frame of one image, too little work to share."""
        for region in regions_of_image:
            self._compute_border(self._open(region))

    def _open(self, region: Region) -> _Opened:
        stages = self._stages
        spans = [stages.conv_span(axis, cut.start, cut.stop) for axis, cut in enumerate(region[1:])]
        rows, columns = (
            axis.reads(*span, stages.padding_mode) for axis, span in zip(stages.conv, spans, strict=True)
        )
        strips = padded(self._images[region.images], rows, columns)
        return _Opened(region, self._result[region.images, :, region.rows, region.columns], strips, spans)

    def _compute(self, opened: _Opened) -> None:
        region, result, strips, spans = opened
        stages, pool = self._stages, self._stages.pool
        prepared, phases = self.prepared, self._plan.phases
        if not prepared.local and not _is_finite(strips):
            prepared = ALGORITHMS["taps"].prepare(self._bank.weights, stages.slide, NO_PHASES)
            phases = 1, 1
        if pool is None or phases != (1, 1):
            prepared.correlate(strips, result, SCRATCH)
            self._normalize(result, spans)
            self._finish(result)
            return
        shape = (*result.shape[:2], *(stop - start for start, stop in spans))
        responses = SCRATCH.array("responses", *shape)
        prepared.correlate(strips, responses, SCRATCH)
        self._normalize(responses, spans)
        if self._areas is not None:
            self._finish(responses)
        result[...] = pool_strip(responses, pool, stages.pool_kind, region.rows, region.columns, self._areas)
        if self._areas is None:  # bias and ReLU never change which value is the largest
            self._finish(result)

    def _compute_border(self, opened: _Opened) -> None:
        """Compute a region of the frame; columns lie down as rows, since few long runs are quicker."""
        _, result, strips, _ = opened
        rows, columns = result.shape[2:]
        if rows <= columns or self.prepared.local or not _is_finite(strips):
            self._compute(opened)
            return
        responses = SCRATCH.array("responses", *result.shape[:2], columns, rows)
        self._lying_down.correlate(np.ascontiguousarray(strips.swapaxes(2, 3)), responses, SCRATCH)
        result[...] = responses.swapaxes(2, 3)
        self._finish(result)

    @cached_property
    def _lying_down(self) -> Prepared:
        """The same work with rows and columns exchanged."""
        slide = self._stages.slide
        exchanged = slide._replace(dilation=slide.dilation[::-1])
        weights = np.ascontiguousarray(self._bank.weights.swapaxes(2, 3))
        return ALGORITHMS[self._plan.algorithm].prepare(weights, exchanged, NO_PHASES)

    def _normalize(self, responses: Float32, spans: list[Pair]) -> None:
        """Divide responses ``(1, O, rows, columns)`` by the deviations of their windows, in place."""
        if self._deviations is not None:
            first = self._first_row
            rows, columns = slice(spans[0][0] - first, spans[0][1] - first), slice(*spans[1])
            of_groups = np.split(responses[0], len(self._deviations))
            for maps, deviation in zip(of_groups, self._deviations[:, rows, columns], strict=True):
                np.divide(maps, deviation, out=maps)

    def _finish(self, responses: Float32) -> None:
        """Bias and ReLU, in place."""
        if self._bias is not None:
            np.add(responses, self._bias, out=responses)
        if self._stages.relu:
            rectify(responses, out=responses)
        elif self._stages.slopes is not None:
            leak(responses, self._stages.slopes, SCRATCH.array("below 0", *responses.shape[2:]))


def _bands(tiles: list[Region], bank: FilterBank) -> Iterator[list[Region]]:
    """All tiles at once; of a bank that normalises, bands of about `BAND_ROWS` rows, one after the other."""
    band: list[Region] = []
    for tile in tiles:
        if band and bank.normalize and tile.rows.start - band[0].rows.start >= BAND_ROWS:
            yield band
            band = []
        band.append(tile)
    yield band


def _is_finite(values: Float32) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.min()) and np.isfinite(values.max()))
