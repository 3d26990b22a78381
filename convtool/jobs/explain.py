"""One value of an image's maps, and what it came of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convtool.core.arrays import Float32
from convtool.core.convolution import turned
from convtool.core.derivation import Derivation, PoolStep, derive_pooled, derive_response
from convtool.core.geometry import Pair
from convtool.core.stages import MAPS
from convtool.errors import ArgumentError
from convtool.io.filters import FilterFile
from convtool.io.images import Image, read_image
from convtool.io.source import spoken
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions, Stage
from convtool.jobs.reading import Notify, check_stdin_once, concerning, noticed, noticed_filter
from convtool.jobs.stages import convolved, planes_for, windows_of_filters, windows_of_pool

_STEPS: dict[Stage, tuple[Stage, ...]] = {
    "conv": ("conv",),
    "relu": ("conv", "relu"),
    "pool": ("conv", "relu", "pool"),
}


def explain_in_image(
    path: str,
    filters: Sequence[str],
    stage: Stage,
    at: Pair,
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    notify: Notify,
) -> Iterator[tuple[str, Derivation]]:
    """Tell for every filter how the value of one cell came to be, with its label.

    The values are those that a run writes.
    """
    check_stdin_once([path, *filters])
    files = [noticed_filter(name, notify) for name in filters]
    image = read_image(path, frame=inputs.frame, limits=inputs.limits)
    noticed(image, path, notify)
    for file in files:
        with concerning(f"{spoken(path)} with {file.label}"):
            yield from _explained(image, file, stage, at, inputs, conv, pool)


def _explained(
    image: Image,
    file: FilterFile,
    stage: Stage,
    at: Pair,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
) -> Iterator[tuple[str, Derivation]]:
    planes, _ = planes_for(image, file, inputs, conv)
    bank = turned(file.bank) if conv.flip else file.bank
    windows = windows_of_filters(planes, bank, conv)
    for number, maps in enumerate(convolved(image, file, inputs, conv, pool, frozenset(_STEPS[stage]))):
        values: dict[Stage, Float32] = {each.stage: each.values for each in maps}
        _check_inside(at, stage, values[stage])
        pooled = _pool_step(values["relu"], values["pool"], pool, at) if stage == "pool" else None
        place = pooled.winner if pooled else at
        filter_, plane = divmod(number, len(planes))
        response = None
        if place is not None:
            response = derive_response(
                planes[plane],
                bank,
                filter_,
                windows,
                place,
                float(values["conv"][place]),
                padding_mode=conv.padding_mode,
                groups=conv.groups,
            )
        label = maps[0].filter
        assert label is not None
        yield label, Derivation(stage, at, float(values[stage][at]), pooled, response)


def _pool_step(feature_map: Float32, pooled: Float32, pool: PoolOptions, at: Pair) -> PoolStep:
    height, width = feature_map.shape
    windows = windows_of_pool((height, width), pool)
    return derive_pooled(feature_map, windows, pool.kind, at, float(pooled[at]))


def _check_inside(at: Pair, stage: Stage, values: Float32) -> None:
    height, width = values.shape
    if at[0] >= height or at[1] >= width:
        raise ArgumentError(
            f"--at {at[0]},{at[1]} lies outside the {MAPS[stage]} of {height}×{width}; "
            f"give a row from 0 to {height - 1} and a column from 0 to {width - 1}"
        )
