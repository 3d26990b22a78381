"""Data sets in folders: each sub-folder is a class, and holds its pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from convtool.errors import InputError
from convtool.io.images import Image, read_image
from convtool.io.limits import Limits
from convtool.net.data.dataset import Dataset
from convtool.net.data.gathering import Gathering, Wanted, planes_of
from convtool.net.files import Progress
from convtool.net.network import brief
from convtool.text import quoted

REASONS_TOLD = 5

Reasons = dict[str, list[str]]
"""What is to be told, each with the names of the files that it is told of."""


def names_in(folder: Path) -> list[str]:
    """What lies in a folder and is not hidden, in the order of the names' bytes."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", str(folder)) from error
    return sorted((name for name in names if not name.startswith(".")), key=os.fsencode)


@dataclass
class _Kind:
    """Pictures whose values end at the same number."""

    pictures: Gathering
    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    notices: Reasons = field(default_factory=dict)


def read_folder(
    folder: Path, wanted: Wanted, limits: Limits, progress: Progress | None
) -> tuple[Dataset, tuple[str, ...]]:
    """Read every picture of every class, in the order of their names' bytes; tell what was given up.

    Hidden files are not looked at. What cannot be read is left out; so are pictures whose values end
    at another number than those of most, such as 65535 among 255: theirs mean something else.

    Raises
    ------
    InputError
        No class, no picture, a folder whose name no network can hold, or pictures of several sizes
        where no size is wanted.
    LimitError
        More memory than is allowed for all, or a picture that is over a limit by itself.
    """
    names = names_in(folder)
    classes = [name for name in names if (folder / name).is_dir()]
    _check_classes(classes)
    files = [
        (label, f"{name}/{file}") for label, name in enumerate(classes) for file in names_in(folder / name)
    ]
    kinds, unreadable = _read_all(folder, files, wanted, limits, progress)
    if not kinds:
        told = "".join(f"; {notice}" for notice in _told("left out ", unreadable))
        raise InputError(f"none of its {len(files)} file(s) can be read as a picture{told}")
    usual = max(kinds, key=lambda maximum: len(kinds[maximum].names))
    stray = [name for name in names if name not in classes]
    left_out = {"it is in no class's folder": stray} if stray else {}
    for maximum, other in kinds.items():
        if maximum != usual:
            left_out[f"it holds {_values(maximum)}, most pictures hold {_values(usual)}"] = other.names
    left_out |= unreadable
    kind = kinds[usual]
    dataset = Dataset(kind.pictures.array(), np.array(kind.labels, np.intp), tuple(classes), kind.names)
    return dataset, (*_told("left out ", left_out), *_told("", kind.notices), *kind.pictures.notices())


def _read_all(
    folder: Path, files: list[tuple[int, str]], wanted: Wanted, limits: Limits, progress: Progress | None
) -> tuple[dict[float | None, _Kind], Reasons]:
    """Every picture under the largest value of its type, and why files could not be read."""
    kinds: dict[float | None, _Kind] = {}
    unreadable: Reasons = {}
    for done, (label, name) in enumerate(files, start=1):
        try:
            image = _read(folder / name, limits)
            planes = planes_of(image, wanted.channels)
        except InputError as error:
            unreadable.setdefault(error.message, []).append(name)
        else:
            kind = kinds.setdefault(image.maximum, _Kind(Gathering(wanted, len(files), limits)))
            kind.pictures.add(planes)
            kind.names.append(name)
            kind.labels.append(label)
            for notice in image.notices:
                kind.notices.setdefault(notice, []).append(name)
        if progress is not None:
            progress(done, len(files))
    return kinds, unreadable


def _check_classes(classes: list[str]) -> None:
    if not classes:
        raise InputError("it holds no folders; a data set has one for each class, with its pictures in it")
    for name in classes:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise InputError(
                f"the folder {quoted(name)} names a class, and is not UTF-8; rename it"
            ) from None


def _read(file: Path, limits: Limits) -> Image:
    if not file.is_file():
        raise InputError("it is no plain file")  # a FIFO would be waited for
    return read_image(file, limits=limits)


def _values(maximum: float | None) -> str:
    return "real numbers" if maximum is None else f"values up to {maximum:g}"


def _told(what: str, reasons: Reasons) -> Iterator[str]:
    """One line for each of the first reasons, and one for the rest."""
    told = list(reasons.items())
    for reason, names in told[:REASONS_TOLD]:
        yield f"{what}{brief(names)}: {reason}"
    if rest := sum(len(names) for _, names in told[REASONS_TOLD:]):
        yield f"{what}{rest} more, for {len(told) - REASONS_TOLD} other reason(s)"
