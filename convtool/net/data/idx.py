"""Data sets in two IDX files: images, and labels that are found beside them by name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from convtool.errors import InputError
from convtool.io.idx import IMAGES, LABELS, read_idx
from convtool.io.limits import Limits
from convtool.io.source import PathLike, Source, open_source
from convtool.net.data.dataset import Dataset
from convtool.net.data.labels import numbered
from convtool.text import quoted

_NAME = re.compile(r"(.*)(images|labels)([-.]idx)[13](-ubyte)(\.gz)?", re.DOTALL)
_EXAMPLE = "train-images-idx3-ubyte and train-labels-idx1-ubyte"


def read_idx_data(source: Source, path: PathLike, limits: Limits) -> Dataset:
    """Read opened images, and the labels beside them, each of which names a class by its number.

    Raises
    ------
    InputError
        A damaged file, no labels beside it, or not as many as images.
    LimitError
        More pixels or memory than is allowed.
    """
    labels_file = _beside(path, "labels")
    images = read_idx(source, IMAGES, limits)
    with open_source(labels_file, limits) as labels_source:
        labels, classes = numbered(read_idx(labels_source, LABELS, limits))
        if len(labels) != len(images):
            raise InputError(f"it holds {len(labels)} labels for the {len(images)} images beside it")
    return Dataset(images[:, np.newaxis], labels, classes, [*map(str, range(len(images)))])


def idx_images_of(labels_file: PathLike) -> Path:
    """The images that belong to a file of labels."""
    return _beside(labels_file, "images")


def is_idx_images(name: str) -> bool:
    """Whether a file of this name holds images of a data set."""
    found = _NAME.fullmatch(name)
    return found is not None and found[2] == "images"


def _beside(path: PathLike, what: str) -> Path:
    """The file of images or labels that belongs to one of the other, packed or not."""
    found = _NAME.fullmatch(Path(path).name)
    if found is None:
        raise InputError(f"an IDX file finds its {what} by its name; call the two such as {_EXAMPLE}")
    axes = IMAGES if what == "images" else LABELS
    plain = Path(path).with_name(f"{found[1]}{what}{found[3]}{axes}{found[4]}")
    for place in (plain, plain.with_name(f"{plain.name}.gz")):
        if place.is_file():
            return place
    raise InputError(f"its {what} are not beside it; put {quoted(plain.name)} there, or with .gz")
