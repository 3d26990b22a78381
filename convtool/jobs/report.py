"""What a report page is made of: one image, and the filters laid on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import prod

from convtool.core.arrays import Float32
from convtool.core.bank import may_overflow
from convtool.core.workings import LaidFilter, NamedPlanes, Workings
from convtool.io.filters import FilterFile
from convtool.io.images import Image, read_image
from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.naming import filter_labels
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions
from convtool.jobs.reading import Notify, check_stdin_once, concerning, noticed, noticed_filter
from convtool.jobs.stages import convolved, planes_for, windows_of_filters, windows_of_pool

BYTES_OF_A_VALUE = 44
"""What a value of an image takes while its page is written: as a number, and as text several times."""

BYTES_OF_A_WEIGHT = 180
"""What a weight takes meanwhile, which is written out in digits."""

BYTES_OF_A_CELL = 12
"""What a cell takes where the page is shown: its response, feature map and pooled map."""


def workings_of(
    path: str,
    filters: Sequence[str],
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    notify: Notify,
) -> Workings:
    """Lay filters on an image, and refuse what a run would refuse; nothing is computed.

    Parameters
    ----------
    path, filters, notify
        As in `convtool.jobs.image.convolve_images`, but for the one image.
    """
    check_stdin_once([path, *filters])
    files = [noticed_filter(name, notify) for name in filters]
    image = read_image(path, frame=inputs.frame, limits=inputs.limits)
    noticed(image, path, notify)
    planes: list[NamedPlanes] = []
    laid: list[LaidFilter] = []
    for file in files:
        with concerning(f"{spoken(path)} with {file.label}"):
            laid += _laid(image, file, inputs, conv, pool, planes)
    workings = Workings(
        spoken(path),
        f"{conv.spoken} · pool {pool.spoken}",
        tuple(planes),
        tuple(laid),
        conv.padding_mode,
        conv.flip,
        pool.kind,
    )
    with concerning(spoken(path)):
        _check_memory(workings, inputs.limits or Limits.of())
    return workings


def _laid(
    image: Image,
    file: FilterFile,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    planes: list[NamedPlanes],
) -> list[LaidFilter]:
    """The filters of a file, each on every plane that it reads by itself; what they read joins ``planes``."""
    bank = file.bank
    values, channel_names = planes_for(image, file, inputs, conv)
    conv_windows = windows_of_filters(values, bank, conv)
    pool_windows = windows_of_pool((conv_windows[0].count, conv_windows[1].count), pool)
    if may_overflow(bank, values):  # only the responses themselves tell
        deque(convolved(image, file, inputs, conv, pool, frozenset({"conv"})), maxlen=0)
    read = [
        _among(planes, image, each, name, inputs) for each, name in zip(values, channel_names, strict=True)
    ]
    return [
        LaidFilter(
            name=label if channel_name is None else f"{label}.{channel_name}",
            description=file.description,
            planes=place,
            channel=number * conv.groups // len(bank) * bank.in_channels,
            weights=bank.weights[number],
            bias=float(bank.bias[number]),
            normalized=bank.normalize is not None,
            conv=conv_windows,
            pool=pool_windows,
        )
        for number, label in enumerate(filter_labels(file.label, bank))
        for place, channel_name in zip(read, channel_names, strict=True)
    ]


def _among(
    planes: list[NamedPlanes], image: Image, values: Float32, channel: str | None, inputs: InputOptions
) -> int:
    """Where among the planes these are, which join them if no filter has read them before."""
    if channel is None:
        whole_name = "brightness" if image.picture else "values"
        channel = "RGB" if image.colour and len(values) > 1 else whole_name
    for place, known in enumerate(planes):
        if known.name == channel:
            return place
    white = (1.0 if inputs.scale == "unit" else image.maximum) if image.picture and image.maximum else None
    planes.append(NamedPlanes(channel, values, white))
    return len(planes) - 1


def _check_memory(workings: Workings, limits: Limits) -> None:
    """Refuse a page that is estimated not to fit, neither while it is written nor where it is shown."""
    values = sum(planes.values.size for planes in workings.planes)
    weights = sum(laid.weights.size for laid in workings.filters)
    cells = sum(prod(axis.count for axis in laid.conv) for laid in workings.filters)
    height, width = workings.planes[0].values.shape[1:]
    limits.check_memory(
        BYTES_OF_A_VALUE * values + BYTES_OF_A_WEIGHT * weights + BYTES_OF_A_CELL * cells,
        f"a page of {len(workings.filters)} filter(s) on an image of {height}×{width}",
    )
