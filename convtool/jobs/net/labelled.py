"""Labelled pictures read as a network takes them, and the pictures that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convtool.core.geometry import Pair, pair
from convtool.errors import ArgumentError
from convtool.io.limits import Limits
from convtool.jobs.outputs import check_picture_output
from convtool.jobs.reading import Notify
from convtool.net.data.dataset import Dataset
from convtool.net.data.reading import read_data
from convtool.net.files import Progress
from convtool.net.network import Network


def read_for(
    network: Network,
    data: str,
    *,
    size: Pair | int | None,
    limits: Limits,
    notify: Notify,
    progress: Progress,
) -> Dataset:
    """Read labelled pictures in the size and channels that a network reads.

    Parameters
    ----------
    size
        Rows and columns, for a network that takes any.
    """
    return read_data(
        data,
        size=size_of(network.name, network.input.size, size),
        channels=network.input.channels,
        limits=limits,
        notify=notify,
        progress=progress,
    )


def size_of(network: str, own: Pair | None, asked: Pair | int | None) -> Pair | None:
    """The size that pictures are made: a network's own, or the one asked for where it takes any."""
    if own is not None and asked is not None:
        raise ArgumentError(f"{network} reads images of {own[0]}×{own[1]}; leave --size out")
    return own if asked is None else pair("size", asked)


def check_picture(path: str, inputs: Sequence[str], option: str = "-o") -> None:
    """Refuse, before any work, what no picture can be written to: least of all one of those that are read."""
    folders = [name for name in inputs if name and Path(path).is_file()]
    read = [str(file) for folder in folders for file in Path(folder).rglob("*")]
    check_picture_output(path, [*inputs, *read], option=option)
