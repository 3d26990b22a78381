"""Data sets in an NPZ: the arrays ``images`` and ``labels``, and perhaps the names of the ``classes``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io.images import as_read
from convtool.io.limits import Limits
from convtool.io.npz import Npz
from convtool.io.source import Source
from convtool.net.data.dataset import Dataset, Stored
from convtool.net.data.gathering import COLOUR, GRAY, as_stored
from convtool.net.data.labels import numbered
from convtool.net.network import brief
from convtool.text import quoted

IMAGES, LABELS, CLASSES = "images.npy", "labels.npy", "classes.npy"


def read_npz_data(source: Source, limits: Limits) -> tuple[Dataset, tuple[str, ...]]:
    """Read a data set, and give what its values lose in float32.

    Images are ``(N, H, W)``, or of four axes of which the second or the last is that of the channels:
    the one that is 1 or 3 long. Labels ``(N,)`` are texts, or whole numbers that name classes
    themselves or, if there are ``classes``, count them from 0.

    Raises
    ------
    InputError
        Other arrays, shapes or types, values that are not finite, labels of no class.
    LimitError
        More pixels or memory than is allowed.
    """
    archive = Npz(source, limits)
    if not {IMAGES, LABELS} <= {*archive.names} <= {IMAGES, LABELS, CLASSES}:
        raise InputError(
            f"it holds {brief(map(quoted, archive.names))}; a data set holds {IMAGES} and {LABELS}, and "
            f"perhaps {CLASSES}, as numpy.savez writes them"
        )
    images, notices = _images(archive, limits)
    labels, classes = _labels(archive)
    if len(labels) != len(images):
        raise InputError(f"it holds {len(images)} images and {len(labels)} labels; each image has one label")
    return Dataset(images, labels, classes, [*map(str, range(len(images)))]), notices


def _images(archive: Npz, limits: Limits) -> tuple[Stored, tuple[str, ...]]:
    """Images ``(N, C, H, W)``, and what their values lose."""
    stored = _channels_second(archive.array(IMAGES))
    limits.check_image(stored.shape[2], stored.shape[3], stored.shape[1], stored.itemsize)
    if stored.dtype == np.uint8:
        return np.ascontiguousarray(stored), ()
    try:
        values, notices = as_read(stored)
    except InputError as error:
        raise InputError(f"{IMAGES}: {error.message}") from None
    return as_stored(values), notices


def _channels_second(images: NDArray[Any]) -> NDArray[Any]:
    if images.ndim == 3:
        return images[:, np.newaxis]
    second, last = (images.ndim == 4 and images.shape[axis] in (GRAY, COLOUR) for axis in (1, 3))
    if second and last:
        raise InputError(
            f"{IMAGES}: an array of shape {images.shape}, whose channels may be its second axis or its last; "
            "save gray images as (N, H, W), and colour ones that are wider than 3"
        )
    if not second and not last:
        raise InputError(
            f"{IMAGES}: an array of shape {images.shape}; images are (N, H, W), (N, C, H, W) or "
            f"(N, H, W, C), of {GRAY} or {COLOUR} channels"
        )
    return images if second else images.transpose(0, 3, 1, 2)


def _labels(archive: Npz) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """For each image the number of its class, and what the classes are called."""
    labels = _vector(archive, LABELS, "biuU", "whole numbers or texts")
    if CLASSES not in archive.names:
        return numbered(labels)
    classes = _vector(archive, CLASSES, "U", "texts").tolist()
    name, count = Counter(classes).most_common(1)[0]
    if count > 1:
        raise InputError(f"{CLASSES}: {quoted(name)} stands twice; every class needs a name of its own")
    numbers = labels
    if labels.dtype.kind == "U":
        inverse, distinct = numbered(labels)
        places = {name: number for number, name in enumerate(classes)}
        numbers = np.array([places.get(name, -1) for name in distinct])[inverse]
    unknown = np.flatnonzero((numbers < 0) | (numbers >= len(classes)))
    if unknown.size:
        label = quoted(labels[unknown[0]].item())
        raise InputError(
            f"{LABELS}: {label} at {unknown[0]} (from 0) is none of its {len(classes)} classes; a label is "
            "the name of one, or its number from 0"
        )
    return numbers.astype(np.intp), tuple(classes)


def _vector(archive: Npz, name: str, kinds: str, what: str) -> NDArray[Any]:
    values = archive.array(name, texts=True)
    if values.ndim != 1 or values.dtype.kind not in kinds:
        raise InputError(
            f"{name}: an array of shape {values.shape} and dtype {values.dtype}; it is a list of {what}"
        )
    return values
