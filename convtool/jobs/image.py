"""One image after another: read it, make its maps, write them, and give each with its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from convtool.core.arrays import Float32
from convtool.core.planner import Plan
from convtool.io.filters import FilterFile
from convtool.io.images import Image, read_image
from convtool.io.maps import read_map
from convtool.io.source import spoken
from convtool.jobs.describe import describe
from convtool.jobs.naming import filter_labels
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions, Stage
from convtool.jobs.outputs import Outputs, PlannedMap
from convtool.jobs.reading import Notify, concerning, noticed, noticed_filter
from convtool.jobs.stages import StageMap, convolved, pooled, rectified
from convtool.record import RunRecord


@dataclass(frozen=True, eq=False)
class Outcome:
    """One map, and the record of it.

    Attributes
    ----------
    values
        The map.
    complete
        Makes its record from the fields that follow from the values alone.
    """

    values: Float32
    complete: Callable[..., RunRecord]

    @cached_property
    def record(self) -> RunRecord:
        """The record, made when first asked for: a run that shows none need not hash its maps."""
        return self.complete(**describe(self.values))


@dataclass(frozen=True, eq=False)
class Convolved:
    """What filters made of one image; it is written as the outcomes are taken.

    Attributes
    ----------
    input
        The image as named by the user.
    image
        What the filters were laid on.
    made
        Of each filter file, the stages of each of its filters in turn: see `convolved`.
    outcomes
        The same maps, each once it is written.
    """

    input: str
    image: Image
    made: list[tuple[FilterFile, list[tuple[StageMap, ...]]]]
    outcomes: Iterator[Outcome]


def convolve_images(
    images: Sequence[str],
    filters: Sequence[str],
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    wanted: frozenset[Stage],
    output: OutputOptions,
    notify: Notify,
    together: bool = False,
) -> Iterator[Convolved]:
    """Conv, and as asked for ReLU and Pool, of every image with every filter.

    Parameters
    ----------
    images, filters
        Paths, ``-`` for standard input; a filter may be a built-in's name.
    wanted
        The stages to give; those in ``output.save`` are written too.
    notify
        Called with each notice, a line of text.
    together
        Make all maps of an image before any of them is written; where one file holds them, so it is.

    Yields
    ------
    Convolved
        Image by image; if not together, filter file by filter file.
    """
    outputs = Outputs(output, [*images, *filters], notify)
    files = [noticed_filter(name, notify) for name in filters]
    planned = [
        PlannedMap(path, label, name)
        for path in images
        for name, file in zip(filters, files, strict=True)
        for label in filter_labels(file.label, file.bank)
    ]
    outputs.check(planned, images)
    for path in images:
        yield from convolve_image(
            path,
            files,
            outputs,
            inputs=inputs,
            conv=conv,
            pool=pool,
            wanted=wanted,
            notify=notify,
            together=together,
        )


def convolve_image(
    path: str,
    filters: Sequence[FilterFile],
    outputs: Outputs,
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    wanted: frozenset[Stage],
    notify: Notify,
    together: bool = False,
) -> Iterator[Convolved]:
    """The same of one image, with filters that are read and outputs that are checked."""
    stacked = len(filters) > 1 or not filters[0].bank.single
    batches = [filters] if together or outputs.options.file is not None else [[file] for file in filters]

    def made_by(file: FilterFile, image: Image) -> list[tuple[StageMap, ...]]:
        with concerning(f"{spoken(path)} with {file.label}"):
            return list(convolved(image, file, inputs, conv, pool, wanted))

    image = read_image(path, frame=inputs.frame, limits=inputs.limits)
    noticed(image, path, notify)
    for batch in batches:
        made = [(file, made_by(file, image)) for file in batch]
        maps = [stage_map for _, filtered in made for stages in filtered for stage_map in stages]
        if together:  # before anything is done with them, what could not be written is refused
            parts = dict.fromkeys(stage_map.part for stage_map in maps)
            outputs.check([PlannedMap(path, part) for part in parts], [path])
        yield Convolved(path, image, made, deliver(path, maps, outputs, stacked, conv))


def rectify_maps(
    paths: Sequence[str], *, inputs: InputOptions, output: OutputOptions, notify: Notify
) -> Iterator[Outcome]:
    """ReLU of saved maps, or of any image."""
    return _transform_maps(paths, lambda image: rectified(image, inputs), inputs, output, notify)


def pool_maps(
    paths: Sequence[str], *, pool: PoolOptions, inputs: InputOptions, output: OutputOptions, notify: Notify
) -> Iterator[Outcome]:
    """Pool of saved maps, or of any image."""
    return _transform_maps(paths, lambda image: pooled(image, inputs, pool), inputs, output, notify)


def _transform_maps(
    paths: Sequence[str],
    transform: Callable[[Image], Iterator[StageMap]],
    inputs: InputOptions,
    output: OutputOptions,
    notify: Notify,
) -> Iterator[Outcome]:
    outputs = Outputs(output, paths, notify)
    outputs.check([PlannedMap(path) for path in paths], paths)
    for path in paths:
        image = read_map(path, frame=inputs.frame, limits=inputs.limits)
        noticed(image, path, notify)
        with concerning(spoken(path)):
            maps = list(transform(image))
        yield from deliver(path, maps, outputs, maps[0].part is not None, None)


def deliver(
    path: str,
    maps: list[StageMap],
    outputs: Outputs,
    stacked: bool,
    conv: ConvOptions | None,
) -> Iterator[Outcome]:
    """Write the maps of one image."""
    for stage_map, output in zip(maps, outputs.write(path, maps, stacked=stacked), strict=True):
        record = partial(
            RunRecord,
            input=path,
            filter=stage_map.filter,
            stage=stage_map.stage,
            output=output.path,
            exact=stage_map.exact,
            step=output.written.step,
            clipped=output.written.clipped,
            convention=conv.convention if conv else None,
            plan=_plan_fields(stage_map.plan) if stage_map.plan else None,
            seconds=round(stage_map.seconds, 6),
        )
        yield Outcome(stage_map.values, record)


def _plan_fields(plan: Plan) -> dict[str, Any]:
    """What a record keeps of a plan."""
    return {"algorithm": plan.algorithm, "tile": plan.tile, "threads": plan.threads}
