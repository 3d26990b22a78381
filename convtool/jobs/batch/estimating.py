"""What a batch would do, from the headers of its images: files, memory, time. Nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import Any

from convtool.core.convolution import plan
from convtool.core.planner import Plan
from convtool.errors import explained
from convtool.io.filters import FilterFile
from convtool.io.images import Shape, read_shape
from convtool.jobs.batch.doing import is_proven, stages_of
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.naming import STAGE_SUFFIXES, filter_labels, image_stem, numbers, output_name
from convtool.jobs.stages import memory_of

READ = 25e-9
"""Seconds that a stored value takes to be read, measured as docs/scale.md says, as are these:"""
WRITE = {"png": 20e-9, "npy": 4e-9, "csv": 400e-9, "json": 400e-9}
"""a value of a map to be recorded and written,"""
FILE = 0.4e-3
"""and a file to be synced."""


def estimated(item: Item, recipe: Recipe) -> dict[str, Any]:
    """The line of a dry run: the files, the bytes of memory and the seconds that an image would take."""
    line: dict[str, Any] = {"input": item.input, "status": "planned", "outputs": [], "error": None, "exit": 0}
    memory = seconds = None
    try:
        if is_proven(item, recipe):
            line["status"] = "skipped"
        else:
            shape = read_shape(recipe.path_of(item), frame=recipe.inputs.frame, limits=recipe.inputs.limits)
            memory, seconds = _costs(shape, recipe)
            line["outputs"] = list(_outputs(item, shape, recipe))
    except Exception as fault:
        error, code = explained(fault)
        line |= {"status": "failed", "error": recipe.as_named(error, item), "exit": code}
    return {**line, "memory": memory, "seconds": seconds}


def _costs(shape: Shape, recipe: Recipe) -> tuple[int, float]:
    """Bytes and seconds of one image in one process."""
    stages = stages_of(recipe)
    memory, seconds = 0, READ * prod(shape.size)
    for file in recipe.filters:
        planes = _planes(shape, file, recipe)
        work = _first_pass(planes, file, recipe)
        maps = (work.bytes_moved - 4 * prod(planes)) // 4
        memory = max(memory, 4 * prod(shape.size) + memory_of(work, 4 * prod(planes), stages))
        written = len(recipe.output.save)
        files = written * planes[0] * len(file.bank)
        seconds += work.seconds + written * maps * WRITE[recipe.output.format] + files * FILE
    return memory, round(seconds, 6)


def _planes(shape: Shape, file: FilterFile, recipe: Recipe) -> tuple[int, int, int, int]:
    """The batch ``(N, C, H, W)`` that a filter is laid on."""
    channels = file.bank.in_channels * recipe.conv.groups
    height, width = shape.size[-2:]
    there = shape.size[0] if len(shape.size) == 3 else 1
    if recipe.inputs.channels == "each":
        return there, channels, height, width
    return 1, 1 if channels == 1 and shape.colour else there, height, width


def _first_pass(planes: tuple[int, int, int, int], file: FilterFile, recipe: Recipe) -> Plan:
    return plan(planes, file.bank, threads=1, relu=False, **asdict(recipe.conv))


def _outputs(item: Item, shape: Shape, recipe: Recipe) -> Iterator[str]:
    """The files that would be written."""
    channels: list[str] = [""]
    if recipe.inputs.channels == "each" and len(shape.size) == 3:
        channels = [f".{name}" for name in ("RGB" if shape.colour else numbers(shape.size[0]))]
    folder = Path(recipe.output.folder, item.place).parent
    for file in recipe.filters:
        for label in filter_labels(file.label, file.bank):
            for channel in channels:
                for stage in STAGE_SUFFIXES:
                    if stage not in recipe.output.save:
                        continue
                    name = output_name(image_stem(item.input), label + channel, stage, recipe.output.format)
                    yield str(folder / name)
