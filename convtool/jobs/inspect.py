"""Looking at files: what an image, a map or a filter holds, and what can be known of a filter."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from convtool.core.arrays import Float32
from convtool.core.bank import KernelFacts, kernel_facts
from convtool.io.filters import FilterFile, decode_filter, filter_label, holds_filter, is_path
from convtool.io.images import Image, decode_image
from convtool.io.source import open_source
from convtool.jobs.image import Outcome
from convtool.jobs.naming import filter_labels, numbers
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import (
    LAYER_OF,
    Notify,
    check_stdin_once,
    named_planes,
    noticed,
    noticed_filter,
    scaled,
)
from convtool.record import RunRecord


@dataclass(frozen=True, eq=False)
class Sight:
    """One thing to look at: a matrix, or a picture in colour.

    Attributes
    ----------
    values
        ``(H, W)``, or ``(3, H, W)`` of a picture: its R, G, B.
    input, filter, stage
        As in a record.
    picture
        Whether these are pixels, and no map, matrix or filter.
    limits
        What is black and what is white, in a picture of up to 8 bits; else ``None``.
    """

    values: Float32
    input: str
    filter: str | None = None
    stage: str | None = None
    picture: bool = False
    limits: tuple[float, float] | None = None


def show_files(names: Sequence[str], *, inputs: InputOptions, notify: Notify) -> Iterator[Outcome]:
    """Give every matrix of every image, map or filter, with a record of it."""
    for sight in _sights(names, inputs, notify, colour=False):
        record = partial(RunRecord, input=sight.input, filter=sight.filter, stage=sight.stage)
        yield Outcome(sight.values, record)


def see_files(names: Sequence[str], *, inputs: InputOptions, notify: Notify) -> Iterator[Sight]:
    """Give every image, map or filter as it is to be seen: in colour, unless each channel is wanted."""
    return _sights(names, inputs, notify, colour=inputs.channels != "each")


def check_filters(names: Sequence[str], *, notify: Notify) -> Iterator[tuple[str, KernelFacts]]:
    """Tell what can be known of every kernel of every filter, with its label."""
    check_stdin_once(names)
    for name in names:
        filter_file = noticed_filter(name, notify)
        for label, kernel in kernels(filter_file):
            yield label, kernel_facts(kernel)


def kernels(filter_file: FilterFile) -> Iterator[tuple[str, Float32]]:
    """Every kernel ``(kh, kw)`` of a bank with its label; channels are numbered."""
    for label, weights in zip(
        filter_labels(filter_file.label, filter_file.bank), filter_file.bank.weights, strict=True
    ):
        for number, kernel in zip(numbers(len(weights)), weights, strict=True):
            yield label if len(weights) == 1 else f"{label}.{number}", kernel


def _sights(names: Sequence[str], inputs: InputOptions, notify: Notify, *, colour: bool) -> Iterator[Sight]:
    check_stdin_once(names)
    for name in names:
        found = _found(name, inputs, notify)
        if isinstance(found, FilterFile):
            yield from (Sight(kernel, name, label) for label, kernel in kernels(found))
        else:
            yield from _sights_of(found, name, inputs, colour)


def _sights_of(image: Image, name: str, inputs: InputOptions, colour: bool) -> Iterator[Sight]:
    label, stage = (image.scale.filter, image.scale.stage) if image.scale else (None, None)
    limits = None
    if image.picture and image.maximum is not None and image.maximum <= 255:
        limits = (0.0, 1.0 if inputs.scale == "unit" else image.maximum)
    whole = colour and image.colour
    planes = [(None, scaled(image, inputs).values)] if whole else named_planes(image, inputs)
    for part, values in planes:
        yield Sight(values, name, part or label, stage, image.picture, limits)


def _found(name: str, inputs: InputOptions, notify: Notify) -> FilterFile | Image:
    """What a name stands for, by the content of its file."""
    if not os.path.lexists(name) and (LAYER_OF in name or not is_path(name)):
        return noticed_filter(name, notify)
    found: FilterFile | Image
    with open_source(name, inputs.limits) as source:
        if holds_filter(source):
            found = decode_filter(source, filter_label(name))
        else:
            found = decode_image(source, frame=inputs.frame, limits=inputs.limits)
    noticed(found, name, notify)
    return found
