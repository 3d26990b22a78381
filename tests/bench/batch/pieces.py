"""What the work on an image is made of, in one process: reading, writing, seeing files to the disk."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from convtool import feature_maps, load_filter, load_image
from convtool.io.images import read_image
from convtool.io.maps import MAP_FORMATS, write_map
from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.journal import Journal
from convtool.jobs.batch.work import Item
from convtool.jobs.describe import describe
from tests.bench.batch import photographs
from tests.bench.batch.recipes import recipe
from tests.bench.figures import Figure
from tests.bench.timing import FULL, QUICK, best_times

SIDE = 1024
FILE = bytes(100_000)
"""A file of the size of a small photograph's map."""


def figures(images: int, scratch: Path) -> Iterator[Figure]:
    """Nanoseconds of a value that is read or written, milliseconds of a file; photographs, two formats."""
    colour = list(photographs.take(scratch, images, SIDE))[0 :: len(photographs.SOURCES)]
    for path in colour[:2]:
        stored = read_image(path).values.size
        taken = best_times({"": lambda path=path: read_image(path)}, QUICK)[""]
        yield Figure(f"read a stored value, {path.suffix[1:]}, ns", taken / stored * 1e9)
    maps = feature_maps(load_image(colour[0]), load_filter("sobel-x"))

    def write(format_: str) -> None:
        write_map(io.BytesIO(), maps, format_)
        describe(maps)

    for format_ in MAP_FORMATS:
        taken = best_times({"": lambda format_=format_: write(format_)}, QUICK)[""]
        yield Figure(f"record and write a value, {format_}, ns", taken / maps.size * 1e9)
    yield Figure("write and sync a file of 100 kB, ms", _synced(scratch) * 1000)
    yield from _journal(colour[0], scratch)


def _synced(scratch: Path) -> float:
    """Seconds of a new file."""
    numbers = count()

    def write() -> None:
        with (scratch / str(next(numbers))).open("wb") as stream:
            stream.write(FILE)
            stream.flush()
            os.fsync(stream.fileno())

    return best_times({"": write}, FULL)[""]


def _journal(image: Path, scratch: Path) -> Iterator[Figure]:
    """A line of an image that four filters made eight files of: its time, synced, and its size."""
    made = recipe(scratch, scratch / "maps")
    result = finish(Item(str(image), image.name, 0), made)
    assert result.status == "done", result.error
    with Journal.open(made.output.folder, made, fresh=True) as journal:
        taken = best_times({"": lambda: journal.append([result])}, FULL)[""]
        first, second = (journal.append([result])[0] for _ in range(2))
    yield Figure("write and sync a line of the journal, ms", taken * 1000)
    yield Figure("a line of the journal, kB", (second - first) / 1000)
