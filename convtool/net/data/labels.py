"""Labels as numbers of classes: whatever a file calls them, and in the order that a network gives scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.net.data.dataset import Dataset
from convtool.net.network import brief

LEAST_OF_A_CLASS = 2
"""One picture to learn from, and one to hold out."""


def numbered(labels: NDArray[Any]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Number labels, which are whole numbers or texts, in their order; each distinct one names a class."""
    distinct, numbers = np.unique(labels, return_inverse=True)
    return numbers, tuple(map(str, distinct.tolist()))


def relabelled(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """The same pictures, their labels in the order of a network's classes, matched by name.

    Raises
    ------
    InputError
        A class that the network does not know.
    """
    places = {name: number for number, name in enumerate(classes)}
    unknown = [name for name in dataset.classes if name not in places]
    if unknown:
        raise InputError(f"the network does not know its class(es) {brief(unknown)}; it has {brief(classes)}")
    moved = np.array([places[name] for name in dataset.classes], np.intp)
    return replace(dataset, labels=moved[dataset.labels], classes=tuple(classes))


def check_trainable(dataset: Dataset, least: int = LEAST_OF_A_CLASS) -> None:
    """Refuse to learn from fewer than two classes, or from a class of fewer pictures than ``least``."""
    if len(dataset.classes) < 2:
        raise InputError(
            f"it has one class, {dataset.classes[0]!r}; a network learns to tell two or more apart"
        )
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    few = [
        f"{name!r} ({count})" for name, count in zip(dataset.classes, counts, strict=True) if count < least
    ]
    if few:
        raise InputError(
            f"a class needs at least {least} picture(s), there are too few of {brief(few)}; "
            "add some, or leave the class out"
        )
