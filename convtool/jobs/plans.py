"""How images would be convolved, without doing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convtool.core.planner import Plan
from convtool.core.pooling import PoolKind
from convtool.errors import LimitError
from convtool.io.images import read_image
from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.options import ConvOptions, InputOptions
from convtool.jobs.reading import Notify, check_stdin_once, concerning, noticed, noticed_filter
from convtool.jobs.stages import planned


def plan_images(
    images: Sequence[str],
    filters: Sequence[str],
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    relu: bool,
    pool: Any,
    pool_kind: PoolKind,
    notify: Notify,
) -> Iterator[tuple[str, str, Plan]]:
    """Plan one pass over every image with every filter.

    Parameters
    ----------
    images, filters, notify
        As in `convtool.jobs.image.convolve_images`.
    relu, pool, pool_kind
        As in `convtool.feature_maps`.

    Yields
    ------
    tuple
        The image as the user named it, the filter's label, and the plan.
    """
    check_stdin_once([*images, *filters])
    files = [noticed_filter(name, notify) for name in filters]
    for path in images:
        image = read_image(path, frame=inputs.frame, limits=inputs.limits)
        noticed(image, path, notify)
        for file in files:
            with concerning(f"{spoken(path)} with {file.label}"):
                plan = planned(image, file, inputs, conv, relu=relu, pool=pool, pool_kind=pool_kind)
            try:
                (inputs.limits or Limits.of()).check_memory(plan.peak_memory, "the work")
            except LimitError as refusal:
                notify(f"{spoken(path)} with {file.label}: conv and run would refuse this: {refusal}")
            yield path, file.label, plan
