"""Looking at files: what an image, a map or a filter holds, and what can be known of a filter."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial

from convtool.core.arrays import Float32
from convtool.core.bank import KernelFacts, kernel_facts
from convtool.io.filters import FilterFile, decode_filter, filter_label, holds_filter, is_path
from convtool.io.images import Image, decode_image
from convtool.io.source import open_source
from convtool.jobs.image import Outcome
from convtool.jobs.naming import filter_labels, numbers
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, check_stdin_once, named_planes, noticed, noticed_filter
from convtool.record import RunRecord


def show_files(names: Sequence[str], *, inputs: InputOptions, notify: Notify) -> Iterator[Outcome]:
    """Give every matrix of every image, map or filter, with a record of it."""
    check_stdin_once(names)
    for name in names:
        yield from _show(name, inputs, notify)


def check_filters(names: Sequence[str], *, notify: Notify) -> Iterator[tuple[str, KernelFacts]]:
    """Tell what can be known of every kernel of every filter, with its label."""
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


def _show(name: str, inputs: InputOptions, notify: Notify) -> Iterator[Outcome]:
    if not is_path(name) and not os.path.lexists(name):
        yield from _shown_filter(name, noticed_filter(name, notify))
        return
    with open_source(name) as source:
        if holds_filter(source):
            filter_file = decode_filter(source, filter_label(name))
            noticed(filter_file, name, notify)
            yield from _shown_filter(name, filter_file)
            return
        image = decode_image(source, frame=inputs.frame, limits=inputs.limits)
    noticed(image, name, notify)
    yield from _shown_image(name, image, inputs)


def _shown_filter(name: str, filter_file: FilterFile) -> Iterator[Outcome]:
    for label, kernel in kernels(filter_file):
        yield Outcome(kernel, partial(RunRecord, input=name, filter=label, stage=None))


def _shown_image(name: str, image: Image, inputs: InputOptions) -> Iterator[Outcome]:
    label, stage = (image.scale.filter, image.scale.stage) if image.scale else (None, None)
    for part, plane in named_planes(image, inputs):
        yield Outcome(plane, partial(RunRecord, input=name, filter=part or label, stage=stage))
