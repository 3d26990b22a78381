"""Labelled pictures as one array, and parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Stored = NDArray[np.uint8] | NDArray[np.float32]
"""Values as they are stored: 8 bits where that is exact, else float32."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures of one size, each of one class.

    Attributes
    ----------
    images
        ``(N, C, H, W)``, values as stored: uint8 where every value is whole and from 0 to 255, else float32.
    labels
        ``(N,)``: for each image the number of its class.
    classes
        The names of the classes, in the order of their numbers.
    names
        What messages call each image: a path, or its number in its file.
    """

    images: Stored
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: ArrayLike) -> Dataset:
        """The images at these places, in this order."""
        chosen = np.asarray(indices, np.intp)
        names = [self.names[index] for index in chosen]
        return Dataset(self.images[chosen], self.labels[chosen], self.classes, names)
