"""Plan and arrays in, maps out: tile by tile, with ReLU and Pool done while the tile is in cache."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from convtool.core.activation import rectify
from convtool.core.algorithms import ALGORITHMS
from convtool.core.algorithms.base import NO_PHASES, Phases
from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.normalize import divide_by_deviation
from convtool.core.planner import Plan
from convtool.core.pooling import REDUCTIONS, pool_strip, window_areas
from convtool.core.stages import Stages
from convtool.core.threads import SCRATCH, for_each, single_threaded_blas
from convtool.core.tiles import Region, padded, regions


def execute(images: Float32, bank: FilterBank, stages: Stages, plan: Plan) -> Float32:
    """Run the stages on images ``(N, C, H, W)``; nothing but the result is ever held whole."""
    size = stages.result[0].count, stages.result[1].count
    result = np.empty((len(images), len(bank), *size), np.float32)
    pass_over = _Pass(images, bank, stages, plan, result)
    with nullcontext() if pass_over.prepared.local else single_threaded_blas():
        for_each(regions(len(images), size, plan.tile), pass_over, plan.threads)
    return result


class _Pass:
    """What the tiles of one execution share."""

    def __init__(
        self, images: Float32, bank: FilterBank, stages: Stages, plan: Plan, result: Float32
    ) -> None:
        self._images, self._bank, self._stages, self._plan, self._result = images, bank, stages, plan, result
        phases = Phases(plan.phases, REDUCTIONS[stages.pool_kind].combine)
        self.prepared = ALGORITHMS[plan.algorithm].prepare(bank.weights, stages.slide, phases)
        self._bias = bank.bias.reshape(-1, 1, 1) if bank.bias.any() else None
        self._areas = window_areas(stages.pool) if stages.pool and stages.pool_kind == "avg" else None

    def __call__(self, region: Region) -> None:
        """Compute one region of the result."""
        stages, pool = self._stages, self._stages.pool
        result = self._result[region.images, :, region.rows, region.columns]
        spans = [stages.conv_span(axis, cut.start, cut.stop) for axis, cut in enumerate(region[1:])]
        rows, columns = (
            axis.reads(*span, stages.padding_mode) for axis, span in zip(stages.conv, spans, strict=True)
        )
        strips = padded(self._images[region.images], rows, columns)
        prepared, phases = self.prepared, self._plan.phases
        if not prepared.local and not _is_finite(strips):
            prepared = ALGORITHMS["taps"].prepare(self._bank.weights, stages.slide, NO_PHASES)
            phases = 1, 1
        if pool is None or phases != (1, 1):
            prepared.correlate(strips, result, SCRATCH)
            self._normalize(result, strips)
            self._finish(result)
            return
        shape = (*result.shape[:2], *(stop - start for start, stop in spans))
        responses = SCRATCH.array("responses", *shape)
        prepared.correlate(strips, responses, SCRATCH)
        self._normalize(responses, strips)
        if self._areas is not None:
            self._finish(responses)
        result[...] = pool_strip(responses, pool, stages.pool_kind, region.rows, region.columns, self._areas)
        if self._areas is None:  # bias and ReLU never change which value is the largest
            self._finish(result)

    def _normalize(self, responses: Float32, strips: Float32) -> None:
        if self._bank.normalize:
            for strip, maps in zip(strips, responses, strict=True):
                divide_by_deviation(maps, strip, self._bank.kernel_size, self._stages.slide)

    def _finish(self, responses: Float32) -> None:
        """Bias and ReLU, in place."""
        if self._bias is not None:
            np.add(responses, self._bias, out=responses)
        if self._stages.relu:
            rectify(responses, out=responses)


def _is_finite(values: Float32) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.min()) and np.isfinite(values.max()))
