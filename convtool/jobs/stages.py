"""The arithmetic of one image: its maps, stage by stage, as two-dimensional arrays with their names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from convtool.core.activation import relu
from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank, is_exact, may_overflow
from convtool.core.convolution import feature_maps, plan
from convtool.core.geometry import Pair, Window, window
from convtool.core.planner import Plan
from convtool.core.pooling import (
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool2d,
    min_pool2d,
    pool_memory,
    pool_windows,
)
from convtool.errors import InputError
from convtool.io.filters import FilterFile
from convtool.io.images import Image, first_infinite
from convtool.io.limits import Limits
from convtool.jobs.naming import filter_labels
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions, Stage
from convtool.jobs.reading import named_planes, scaled


@dataclass(frozen=True, eq=False)
class StageMap:
    """One map ``(H, W)``.

    Attributes
    ----------
    filter
        The filter's label, for records.
    part
        What tells this map's file from the others of its image.
    exact
        Whether no rounding happened on the way.
    seconds
        Time that its stage took, for all filters of the file.
    plan
        How the responses that it came of were computed; ``None`` for what was made of a saved map.
    """

    stage: Stage
    filter: str | None
    part: str | None
    values: Float32
    exact: bool
    seconds: float
    plan: Plan | None = None


def convolved(
    image: Image,
    filter_file: FilterFile,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    wanted: frozenset[Stage],
) -> Iterator[tuple[StageMap, ...]]:
    """Run Conv → ReLU → Pool with all filters of one file; give the wanted stages of each in turn.

    Of R, G and B apart each filter makes stages of its own.

    A stage that is wanted alone is computed in one pass: the maps before it are never held.
    """
    planes, channel_names = planes_for(image, filter_file, inputs, conv)
    bank = filter_file.bank
    labels = [
        label if channel is None else f"{label}.{channel}"
        for label in filter_labels(filter_file.label, bank)
        for channel in channel_names
    ]
    alone = next(iter(wanted)) if len(wanted) == 1 else "conv"
    # ReLU and pool would hide a sum beyond float32.
    in_one_pass = (
        wanted == {alone} and (alone != "pool" or _is_fusible(pool)) and not may_overflow(bank, planes)
    )
    _check_memory(planes, image, bank, conv, _pass_to(alone if in_one_pass else "conv", pool), inputs, wanted)
    if in_one_pass:
        batches = _one_pass(planes, bank, conv, pool, alone)
    else:
        batches = _stage_by_stage(planes, bank, conv, pool, wanted)
    stages = [_named(batch, labels) for batch in batches if batch.stage in wanted]
    yield from zip(*stages, strict=True)


def planned(
    image: Image, filter_file: FilterFile, inputs: InputOptions, conv: ConvOptions, **stages: Any
) -> Plan:
    """Say how one pass over an image would run; ``stages`` are `feature_maps`' relu, pool and pool_kind."""
    planes, _ = planes_for(image, filter_file, inputs, conv)
    return plan(planes.shape, filter_file.bank, **stages, **asdict(conv))


def planes_for(
    image: Image, filter_file: FilterFile, inputs: InputOptions, conv: ConvOptions
) -> tuple[Float32, list[str | None]]:
    """The image as a batch ``(N, C, H, W)`` for this filter, and the name of each of the N."""
    channels = filter_file.bank.in_channels * conv.groups
    if inputs.channels == "each":
        if channels != 1:
            raise InputError(f"--channels each is for filters of one channel, this one reads {channels}")
        names, planes = zip(*named_planes(image, inputs), strict=True)
        return np.stack(planes)[:, np.newaxis], list(names)
    values = scaled(image.luma() if channels == 1 else image, inputs).values
    return values[np.newaxis] if values.ndim == 3 else values[np.newaxis, np.newaxis], [None]


def rectified(image: Image, inputs: InputOptions) -> Iterator[StageMap]:
    """ReLU of every map in a file."""
    return _plane_by_plane("relu", image, inputs, relu, lambda shape: 4 * prod(shape))


def pooled(image: Image, inputs: InputOptions, pool: PoolOptions) -> Iterator[StageMap]:
    """Pool every map in a file."""
    averages = pool.kind == "avg"
    return _plane_by_plane(
        "pool", image, inputs, partial(pooled_by, pool), partial(_memory_of_pool, pool), averages=averages
    )


def pooled_by(pool: PoolOptions, maps: Float32) -> Float32:
    """Pool maps ``(…, H, W)`` as the options say."""
    if pool.size is None:
        if pool.kind == "min":
            return min_pool2d(maps, maps.shape[-2:])
        return global_max_pool2d(maps) if pool.kind == "max" else global_avg_pool2d(maps)
    arguments = (maps, pool.size, pool.stride, pool.padding)
    if pool.kind == "avg":
        return avg_pool2d(*arguments, ceil_mode=pool.ceil_mode)
    extreme = max_pool2d if pool.kind == "max" else min_pool2d
    return extreme(*arguments, ceil_mode=pool.ceil_mode)


def windows_of_filters(planes: Float32, bank: FilterBank, conv: ConvOptions) -> Window:
    """How the filters of a bank slide over planes ``(N, C, H, W)``."""
    plan(planes.shape, bank, **asdict(conv))  # refuses other channels, groups and modes
    size = planes.shape[2], planes.shape[3]
    return window(size, bank.kernel_size, stride=conv.stride, padding=conv.padding, dilation=conv.dilation)


def windows_of_pool(size: Pair, pool: PoolOptions) -> Window:
    """How a pool slides over a map ``(H, W)``."""
    kernel_size = size if pool.size is None else pool.size
    return pool_windows(size, kernel_size, pool.stride, pool.padding, 1, pool.ceil_mode)


class _Batch(NamedTuple):
    """All maps ``(N, O, H, W)`` of one stage."""

    stage: Stage
    values: Float32
    exact: bool
    seconds: float
    plan: Plan


def _one_pass(
    planes: Float32, bank: FilterBank, conv: ConvOptions, pool: PoolOptions, stage: Stage
) -> Iterator[_Batch]:
    start = time.perf_counter()
    maps, chosen = _planned_maps(planes, bank, **_pass_to(stage, pool), **asdict(conv))
    exact = is_exact(bank, planes) and not (stage == "pool" and pool.kind == "avg")
    yield _Batch(stage, maps, exact, time.perf_counter() - start, chosen)


def _stage_by_stage(
    planes: Float32, bank: FilterBank, conv: ConvOptions, pool: PoolOptions, wanted: frozenset[Stage]
) -> Iterator[_Batch]:
    """Every stage up to the last that is wanted."""
    exact = is_exact(bank, planes)
    start = time.perf_counter()
    responses, chosen = _planned_maps(planes, bank, **_pass_to("conv", pool), **asdict(conv))
    for response in responses.reshape(-1, *responses.shape[2:]):
        if not np.isfinite(response).all():
            raise InputError(
                f"a response has {first_infinite(response)}, a sum beyond float32's 3.4e38; "
                "scale the image or the filter down"
            )
    yield _Batch("conv", responses, exact, time.perf_counter() - start, chosen)
    if wanted == {"conv"}:
        return
    start = time.perf_counter()
    maps = relu(responses)
    yield _Batch("relu", maps, exact, time.perf_counter() - start, chosen)
    if "pool" not in wanted:
        return
    start = time.perf_counter()
    smaller = pooled_by(pool, maps)
    yield _Batch("pool", smaller, exact and pool.kind != "avg", time.perf_counter() - start, chosen)


def _pass_to(stage: Stage, pool: PoolOptions) -> dict[str, Any]:
    """The options of `feature_maps` that lead to a stage."""
    size = pool.size if stage == "pool" else None
    return {"relu": stage != "conv", "pool": size, "pool_kind": pool.kind}


def _check_memory(
    planes: Float32,
    image: Image,
    bank: FilterBank,
    conv: ConvOptions,
    first_pass: dict[str, Any],
    inputs: InputOptions,
    wanted: frozenset[Stage],
) -> None:
    """Refuse work that is estimated not to fit."""
    held = 0 if np.shares_memory(planes, image.values) else image.values.nbytes
    estimate = held + memory_of(plan(planes.shape, bank, **first_pass, **asdict(conv)), planes.nbytes, wanted)
    height, width = planes.shape[2:]
    limits = inputs.limits or Limits.of()
    limits.check_memory(estimate, f"{len(bank)} filter(s) on an image of {height}×{width}")


def memory_of(first_pass: Plan, planes: int, wanted: frozenset[Stage]) -> int:
    """Estimated bytes of the first pass over so many bytes of planes, the maps after it, and their files."""
    return first_pass.peak_memory + len(wanted) * (first_pass.bytes_moved - planes)


def _planned_maps(planes: Float32, bank: FilterBank, **options: Any) -> tuple[Float32, Plan]:
    """The maps and how they were computed; the call has made that plan already and remembers it."""
    return feature_maps(planes, bank, **options), plan(planes.shape, bank, **options)


def _memory_of_pool(pool: PoolOptions, shape: tuple[int, ...]) -> int:
    """Bytes that pooling one map takes; the window of a global pool is the map itself."""
    if pool.size is None:
        return 4 * prod(shape)
    return pool_memory(shape, pool.size, pool.stride, pool.padding, pool.ceil_mode)


def _named(batch: _Batch, labels: list[str]) -> list[StageMap]:
    """Order the maps: filter 1 of each channel, then filter 2 of each channel, and so on."""
    flat = batch.values.swapaxes(0, 1).reshape(-1, *batch.values.shape[2:])
    return [
        StageMap(batch.stage, label, label, values, batch.exact, batch.seconds, batch.plan)
        for label, values in zip(labels, flat, strict=True)
    ]


def _is_fusible(pool: PoolOptions) -> bool:
    """Whether the pool's windows lie side by side, as those of `feature_maps` do."""
    side_by_side = pool.size is not None and pool.stride in (None, pool.size)
    return side_by_side and pool.padding == 0 and not pool.ceil_mode


def _plane_by_plane(
    stage: Stage,
    image: Image,
    inputs: InputOptions,
    operation: Callable[[Float32], Float32],
    memory: Callable[[tuple[int, ...]], int],
    *,
    averages: bool = False,
) -> Iterator[StageMap]:
    label = image.scale.filter if image.scale else None
    height, width = image.values.shape[-2:]
    limits = inputs.limits or Limits.of()
    limits.check_memory(2 * image.values.nbytes + memory((height, width)), f"{stage} of {height}×{width}")
    for name, plane in named_planes(image, inputs):
        start = time.perf_counter()
        result = operation(plane)
        # Of values that are not whole it is not known whether they were rounded on their way here.
        exact = not averages and bool(np.all(plane == np.rint(plane)))
        yield StageMap(stage, name or label, name, result, exact, time.perf_counter() - start)
