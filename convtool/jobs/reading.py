"""From an opened image to the planes that are worked on: notices, brightness or channels, scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from convtool.core.arrays import Float32
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.filters import FilterFile, read_filter
from convtool.io.images import Image
from convtool.io.source import STDIN, spoken
from convtool.jobs.naming import numbers
from convtool.jobs.options import InputOptions

LAYER_OF = "::"
"""Stands between a model's file and the layer whose filters are meant."""

Notify = Callable[[str], None]
"""Called with each notice, a line of text; it may raise, and then nothing is written."""


def check_stdin_once(inputs: Sequence[str]) -> None:
    """Refuse ``-`` for two inputs: the second would find standard input at its end."""
    if sum(model_of(name) == STDIN for name in inputs) > 1:
        raise ArgumentError("- is given twice; standard input holds one input, save the other to a file")


def noticed(file: Image | FilterFile, path: str, notify: Notify) -> None:
    """Pass on what the reader gave up."""
    for notice in file.notices:
        notify(f"{spoken(path)}: {notice}")


def model_of(name: str) -> str:
    """The file that ``MODEL::LAYER`` is read from; the name itself if it is no such."""
    model, separator, _ = name.rpartition(LAYER_OF)
    return model if separator else name


def noticed_filter(name: str, notify: Notify) -> FilterFile:
    """Read a filter, or those of ``MODEL::LAYER``, and pass on what the reader gave up."""
    if LAYER_OF in name:
        from convtool.net.files import filters_of_layer

        model, _, layer = name.rpartition(LAYER_OF)
        return filters_of_layer(model, layer, notify)
    filter_file = read_filter(name)
    noticed(filter_file, name, notify)
    return filter_file


@contextmanager
def concerning(what: str) -> Iterator[None]:
    """Name what was being worked on in a fault of its values."""
    try:
        yield
    except (InputError, LimitError) as error:
        error.file = error.file or what
        raise


def scaled(image: Image, inputs: InputOptions) -> Image:
    """The image with its stored numbers, or scaled to 0…1."""
    return image.unit() if inputs.scale == "unit" else image


def named_planes(image: Image, inputs: InputOptions) -> list[tuple[str | None, Float32]]:
    """Every plane ``(H, W)`` of an image with its name: R, G, B, or 01, 02, …; ``None`` if it is alone."""
    if inputs.channels == "luma":
        image = image.luma()
    values = scaled(image, inputs).values
    if values.ndim == 2:
        return [(None, values)]
    names = list("RGB") if image.colour else numbers(len(values))
    return list(zip(names, values, strict=True))
