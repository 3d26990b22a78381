"""Pictures gathered one by one into one array: of one size, with as many channels as are wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from convtool.core.arrays import Float32, is_whole
from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.io.images import Image
from convtool.io.limits import ALWAYS_FITS, Limits
from convtool.io.resizing import resized
from convtool.net.data.dataset import Dataset, Stored
from convtool.net.files import Progress
from convtool.net.ops.base import by

GRAY, COLOUR = 1, 3


@dataclass(frozen=True)
class Wanted:
    """What pictures are made.

    Attributes
    ----------
    size
        Rows and columns; ``None`` leaves pictures that agree as they are.
    default_size
        The size of pictures that do not agree; ``None`` refuses them.
    channels
        1 turns colour into brightness, 3 repeats gray; ``None`` gives 3 if any picture has 3.
    """

    size: Pair | None = None
    default_size: Pair | None = None
    channels: int | None = None


def planes_of(image: Image, channels: int | None) -> Float32:
    """One or three planes ``(C, H, W)`` of an image, of which so many are wanted."""
    if channels == GRAY:
        image = image.luma()
    planes = image.values if image.values.ndim == 3 else image.values[np.newaxis]
    if len(planes) not in (GRAY, COLOUR if channels is None else channels):
        raise InputError(f"it has {len(planes)} channels, {channels or f'{GRAY} or {COLOUR}'} can be read")
    return planes


def as_stored(values: Float32) -> Stored:
    """The same values in 8 bits, if each is whole and from 0 to 255."""
    if values.min() >= 0 and values.max() <= 255 and is_whole(values):
        return values.astype(np.uint8)
    return values


class Gathering:
    """Pictures of one kind, the size of which may show only when one comes that differs.

    Attributes
    ----------
    resized
        How many were not of the size that all are made.
    """

    def __init__(self, wanted: Wanted, expected: int, limits: Limits) -> None:
        self.resized = 0
        self._wanted = wanted
        self._size = wanted.size
        self._expected = expected
        self._limits = limits
        self._pictures: list[Stored] = []
        self._bytes = 0
        self._checked = ALWAYS_FITS

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, planes: Float32) -> None:
        """Take in a picture ``(C, H, W)``.

        Raises
        ------
        InputError
            It is of another size than those before, and no size is known to make them all.
        LimitError
            All that are expected would not fit into memory.
        """
        if self._size is None and self._pictures and planes.shape[1:] != self._pictures[0].shape[1:]:
            self._settle_size(planes)
        self._keep(planes)

    def array(self) -> Stored:
        """All pictures ``(N, C, H, W)``."""
        channels = self._wanted.channels or max(map(len, self._pictures))
        shape = (len(self), channels, *self._pictures[0].shape[1:])
        dtype = np.result_type(*{picture.dtype for picture in self._pictures})
        self._check_memory(self._bytes + int(np.prod(shape)) * dtype.itemsize, len(self))
        images = np.empty(shape, dtype)
        for image, picture in zip(images, self._pictures, strict=True):
            image[:] = picture
        return images

    def notices(self) -> tuple[str, ...]:
        """What was done to pictures, one line or none."""
        if not self.resized:
            return ()
        height, width = self._pictures[0].shape[1:]
        return (f"{self.resized} of {len(self)} picture(s) resized to {height}×{width}",)

    def _settle_size(self, other: Float32) -> None:
        self._size = self._wanted.default_size
        if self._size is None:
            sizes = " and ".join(by(picture.shape[1:]) for picture in (self._pictures[0], other))
            raise InputError(f"its pictures are of several sizes, such as {sizes}; give one with --size")
        before, self._pictures, self._bytes = self._pictures, [], 0
        for picture in before:
            self._keep(picture.astype(np.float32))

    def _keep(self, planes: Float32) -> None:
        if self._size is not None and planes.shape[1:] != self._size:
            self._check_memory(len(planes) * prod(self._size) * self._expected, self._expected)
            planes = resized(planes, self._size)
            self.resized += 1
        self._pictures.append(as_stored(planes))
        self._bytes += self._pictures[-1].nbytes
        if self._bytes > self._checked:  # before twice as much is taken
            self._check_memory(2 * self._bytes * self._expected // len(self), self._expected)
            self._checked = 2 * self._bytes

    def _check_memory(self, estimate: int, pictures: int) -> None:
        self._limits.check_memory(
            estimate, f"{pictures} pictures of its size (make them smaller with --size)"
        )


def made_alike(
    dataset: Dataset, wanted: Wanted, limits: Limits, progress: Progress | None
) -> tuple[Dataset, tuple[str, ...]]:
    """The data set at the size and with the channels that are wanted, and what was done to it."""
    _, channels, *size = dataset.images.shape
    if wanted.size in (None, tuple(size)) and wanted.channels in (None, channels):
        return dataset, ()
    colour = channels == COLOUR and dataset.images.dtype == np.uint8  # of real numbers there is no luma
    gathering = Gathering(wanted, len(dataset), limits)
    for done, values in enumerate(dataset.images, start=1):
        gathering.add(planes_of(Image(values.astype(np.float32), colour), wanted.channels))
        if progress is not None:
            progress(done, len(dataset))
    return replace(dataset, images=gathering.array()), gathering.notices()
