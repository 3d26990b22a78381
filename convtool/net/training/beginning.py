"""Where training starts: an architecture with numbers drawn for it, or a network that has some."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair
from convtool.errors import ArgumentError, InputError
from convtool.io.filters import is_path
from convtool.io.limits import MAX_JSON_BYTES, Limits, check_bytes
from convtool.io.networks import spec_of_json
from convtool.io.source import open_source, spoken
from convtool.net.data.dataset import Dataset
from convtool.net.files import Notify, decode_network, filter_of_spec
from convtool.net.network import Network
from convtool.net.ops.base import by
from convtool.net.scores import class_names
from convtool.net.spec import input_of
from convtool.net.training.architectures import (
    Architecture,
    architecture_names,
    initialized,
    named_architecture,
)

_SCALES = {"scale", "mean", "std"}

AT_ONCE = 1024 * 1024
"""Values that are held as real numbers while all are measured, or those of one image."""


def read_architecture(name: str, notify: Notify, limits: Limits) -> Architecture | Network:
    """An architecture by its name or from a spec, or a network that has its numbers.

    Raises
    ------
    ArgumentError
        A name that no architecture has.
    InputError
        A file that is neither.
    """
    if not is_path(name):
        names = architecture_names()
        if name not in names:
            close = get_close_matches(name, names)
            guess = f"did you mean {' or '.join(close)}? " if close else ""
            raise ArgumentError(
                f"there is no architecture {name!r}; {guess}there are {', '.join(names)}, or name a file"
            )
        return named_architecture(name)
    with open_source(name, limits) as source:
        if not source.text_start().startswith(b"{"):
            return decode_network(source, name, notify, limits=limits)
        check_bytes(source.size, MAX_JSON_BYTES, "a network's spec")
        spec = spec_of_json(source.stream.read())
        input_of(spec)
        return Architecture(spec, lambda each: filter_of_spec(name, each, notify), Path(spoken(name)).stem)


def begun(start: Architecture | Network, data: Dataset, seed: int) -> Network:
    """The network before its first step on images like these.

    Of an architecture that does not say how images are scaled, they are so that the values of these
    have mean 0 and deviation 1.

    Raises
    ------
    InputError
        It does not fit the images or their classes.
    """
    _, channels, height, width = data.images.shape
    if isinstance(start, Architecture):
        network = initialized(start, channels, (height, width), data.classes, seed)
    elif start.classes in (None, data.classes):
        network = replace(start, classes=data.classes)
    else:
        raise InputError(
            f"{start.name} tells {len(start.classes)} class(es) apart, which are not those of the images; "
            "give a network of the same classes, or an architecture"
        )
    _check_reads(network, channels, (height, width))
    if isinstance(start, Architecture) and not _SCALES.intersection(start.spec.get("input", {})):
        mean, std = moments(data)
        network = replace(network, input=replace(network.input, mean=mean, std=std))
    return network


def _check_reads(network: Network, channels: int, size: Pair) -> None:
    """Refuse images that a network does not read, or makes no scores of."""
    source = network.input
    if source.channels != channels or source.size not in (None, size):
        wanted, given = by((source.channels, *(source.size or size))), by((channels, *size))
        raise InputError(f"{network.name} reads {wanted}, the images are {given}; make them alike")
    class_names(network, size)


def reads(start: Architecture | Network) -> tuple[int | None, Pair | None]:
    """The channels and the size of the images that it says it reads; ``None`` where it says nothing."""
    if isinstance(start, Network):
        return start.input.channels, start.input.size
    source = input_of(start.spec)
    return source.channels if "channels" in start.spec.get("input", {}) else None, source.size


def moments(data: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, 1 for the deviation of values that are all the same."""
    step = max(1, AT_ONCE // data.images[0].size)
    count = data.images[:, 0].size

    def mean_of(change: float | NDArray[np.float64], power: int) -> NDArray[np.float64]:
        sums = [
            ((data.images[i : i + step].astype(np.float64) - change) ** power).sum(axis=(0, 2, 3))
            for i in range(0, len(data), step)
        ]
        mean: NDArray[np.float64] = np.sum(sums, axis=0) / count
        return mean

    mean = mean_of(0.0, 1)
    std = np.sqrt(mean_of(mean.reshape(-1, 1, 1), 2))
    std[std == 0] = 1
    return tuple(mean.tolist()), tuple(std.tolist())
