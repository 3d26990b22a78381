"""Labelled pictures from wherever they are: folders, IDX files or an NPZ, told by what they hold."""

from __future__ import annotations

import os
from pathlib import Path

from convtool.core.geometry import Pair
from convtool.errors import InputError, LimitError
from convtool.io import npz
from convtool.io.idx import LABELS, idx_axes
from convtool.io.limits import Limits
from convtool.io.source import STDIN, PathLike, Source, open_source, spoken
from convtool.net.data.dataset import Dataset
from convtool.net.data.folders import names_in, read_folder
from convtool.net.data.gathering import COLOUR, GRAY, Wanted, made_alike
from convtool.net.data.idx import idx_images_of, is_idx_images, read_idx_data
from convtool.net.data.npz import read_npz_data
from convtool.net.files import Notify, Progress
from convtool.net.network import brief


def read_data(
    path: PathLike,
    *,
    size: Pair | None = None,
    default_size: Pair | None = None,
    channels: int | None = None,
    limits: Limits | None = None,
    notify: Notify,
    progress: Progress | None = None,
) -> Dataset:
    """Read labelled pictures, all made one size.

    Parameters
    ----------
    path
        A folder of a folder for each class; a file of images in IDX, with its labels beside it, or a
        folder of one such pair; an NPZ of ``images`` and ``labels``. What it is, its content says.
    size
        Rows and columns that all are made; their own if it is not given and they agree.
    default_size
        What they are made where they do not agree; such are refused if it is not given.
    channels
        1 or 3, as a network reads them: colour becomes brightness, gray is repeated. If not given,
        there are 3 if any picture has 3.
    limits
        What memory it may take; those of the environment if not given.
    notify
        Called with each notice: what was left out, what a picture gave up, how many were resized.
    progress
        Called while pictures are read or resized one by one.

    Raises
    ------
    InputError
        No labelled pictures, or damaged ones where they are all in one file.
    LimitError
        More pixels or memory than is allowed.
    """
    limits = limits or Limits.of()
    wanted = Wanted(size, default_size, channels)
    try:
        if channels not in (None, GRAY, COLOUR):
            raise InputError(f"pictures have {GRAY} or {COLOUR} channels, {channels} are asked for")
        dataset, notices = _read(path, wanted, limits, progress)
    except (InputError, LimitError) as error:
        error.file = error.file or spoken(path)
        raise
    for notice in notices:
        notify(f"{spoken(path)}: {notice}")
    return dataset


def _read(
    path: PathLike, wanted: Wanted, limits: Limits, progress: Progress | None
) -> tuple[Dataset, tuple[str, ...]]:
    if os.fspath(path) not in ("", STDIN) and Path(path).is_dir():
        images = [name for name in names_in(Path(path)) if is_idx_images(name)]
        if not images:
            return read_folder(Path(path), wanted, limits, progress)
        if len(images) > 1:
            raise InputError(f"it holds images in {brief(images)}; give one of these files")
        path = Path(path, images[0])
    with open_source(path, limits) as source:
        dataset, notices = _decoded(source, path, limits)
    alike, more = made_alike(dataset, wanted, limits, progress)
    return alike, (*notices, *more)


def _decoded(source: Source, path: PathLike, limits: Limits) -> tuple[Dataset, tuple[str, ...]]:
    if source.head(len(npz.MAGIC)) == npz.MAGIC:
        return read_npz_data(source, limits)
    axes = idx_axes(source)
    if axes is None:
        raise InputError(
            "no labelled pictures; they are in a folder for each class, in IDX files, or in an NPZ of images "
            "and labels"
        )
    if axes == LABELS:
        raise InputError(f"it holds labels; give its images, {idx_images_of(path)}")
    return read_idx_data(source, path, limits), ()
