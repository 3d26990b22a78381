"""Finding in files: a filter's responses to an image, and their peaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convtool.io.images import Image, read_image
from convtool.io.source import spoken
from convtool.jobs.naming import filter_labels
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions
from convtool.jobs.reading import Notify, check_stdin_once, concerning, noticed, noticed_filter
from convtool.jobs.stages import convolved
from convtool.learn.peaks import OVERLAP, Peak, find_peaks


@dataclass(frozen=True)
class FindOptions:
    """Which peaks count: see `convtool.find_peaks`.

    A ``threshold`` of ``None`` is 0, and with ``top`` none at all.
    """

    threshold: float | None = None
    top: int | None = None
    overlap: float = OVERLAP

    @property
    def least(self) -> float:
        """The response that a peak is above."""
        if self.threshold is None:
            return 0.0 if self.top is None else -np.inf
        return self.threshold


@dataclass(frozen=True, eq=False)
class Finds:
    """The peaks of one image.

    Attributes
    ----------
    input, filter
        The image as named by the user, the filter's label.
    parts
        The labels of the filters of a bank, one for each.
    image
        What was looked at.
    peaks
        The highest first.
    """

    input: str
    filter: str
    parts: tuple[str, ...]
    image: Image
    peaks: list[Peak]

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        """Each peak, for machines."""
        for peak in self.peaks:
            yield {
                "input": self.input,
                "filter": self.parts[peak.filter],
                "rank": peak.rank,
                "y": peak.y,
                "x": peak.x,
                "size": peak.size,
                "score": float(str(np.float32(peak.score))),
            }


def find_in_images(
    images: Sequence[str], filters: Sequence[str], find: FindOptions, *, inputs: InputOptions, notify: Notify
) -> Iterator[Finds]:
    """Find the peaks of every filter in every image; the largest response of a bank's filters counts."""
    check_stdin_once([*images, *filters])
    files = [noticed_filter(name, notify) for name in filters]
    for path in images:
        image = read_image(path, frame=inputs.frame, limits=inputs.limits)
        noticed(image, path, notify)
        for file in files:
            with concerning(f"{spoken(path)} with {file.label}"):
                maps = convolved(image, file, inputs, ConvOptions(), PoolOptions(), frozenset(("conv",)))
                responses = np.stack([response.values for (response,) in maps])
                peaks = find_peaks(
                    responses,
                    file.bank.kernel_size,
                    threshold=find.least,
                    top=find.top,
                    overlap=find.overlap,
                )
            yield Finds(path, file.label, tuple(filter_labels(file.label, file.bank)), image, peaks)
