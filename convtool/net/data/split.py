"""Pictures held out to measure on: a share of each class, and copies of one never on both sides."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import whole
from convtool.errors import ArgumentError
from convtool.net.data.dataset import Dataset, Stored

DIGEST_BYTES = 16

Indices = NDArray[np.intp]


def hashes(images: Stored) -> list[bytes]:
    """A digest of each image's shape and values; equal values give equal digests, in 8 bits as in float32."""
    empty = blake2b(repr(images.shape[1:]).encode(), digest_size=DIGEST_BYTES)
    digests = []
    for image in images:
        digest = empty.copy()
        digest.update((image + np.float32(0)).astype("<f4", copy=False).tobytes())  # + 0: the sign off -0.0
        digests.append(digest.digest())
    return digests


def held_out(dataset: Dataset, share: float, seed: int) -> tuple[Indices, Indices]:
    """Divide pictures into those to learn from and those held out.

    Of each class a share of the distinct pictures is held out, at least one and not all, and with
    them their copies. A class of one picture is learned from. So is a picture that bears several
    labels: whatever is said of it would be wrong.

    Parameters
    ----------
    share
        From 0, which holds nothing out, to below 1.
    seed
        Decides which; the same data and seed give the same pictures.

    Returns
    -------
    tuple
        Indices to learn from and indices held out, each in ascending order.

    Raises
    ------
    ArgumentError
        A share or a seed that there is not.
    """
    if not 0 <= share < 1:
        raise ArgumentError(f"the share held out is {share}; it is at least 0 and below 1")
    whole("seed", seed, 0)
    pictures = _distinct(dataset)
    doubtful = _of_several_labels(dataset, pictures)
    held = np.zeros(len(pictures), np.bool_)  # by the number of a distinct picture
    for label in range(len(dataset.classes)):
        own = np.unique(pictures[dataset.labels == label])
        own = own[~np.isin(own, doubtful)]
        if share and len(own) > 1:
            count = min(max(1, round(share * len(own))), len(own) - 1)
            held[np.random.default_rng([seed, label]).permutation(own)[:count]] = True
    return np.flatnonzero(~held[pictures]), np.flatnonzero(held[pictures])


def leaks(train: Dataset, test: Dataset) -> Indices:
    """Indices in ``test`` of the pictures that are in ``train`` too."""
    known = set(hashes(train.images))
    return np.flatnonzero([digest in known for digest in hashes(test.images)])


def contradictions(dataset: Dataset) -> list[Indices]:
    """Where each picture stands that bears several labels."""
    pictures = _distinct(dataset)
    return [np.flatnonzero(pictures == number) for number in _of_several_labels(dataset, pictures)]


def _distinct(dataset: Dataset) -> Indices:
    """For each image the number of its picture, which its copies share; counted in order."""
    numbers: dict[bytes, int] = {}
    digests = hashes(dataset.images)
    return np.array([numbers.setdefault(digest, len(numbers)) for digest in digests], np.intp)


def _of_several_labels(dataset: Dataset, pictures: Indices) -> Indices:
    """The numbers of the pictures that bear several labels."""
    _, first = np.unique(pictures, return_index=True)
    return np.unique(pictures[dataset.labels != dataset.labels[first][pictures]])
