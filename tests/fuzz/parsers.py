"""Every parser of files from outside, as one function of bytes, with the files to start from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convtool.core.bank import kernel_facts
from convtool.io.filters import decode_filter, encode_filter
from convtool.io.idx import idx_axes, read_idx
from convtool.io.images import decode_image
from convtool.io.limits import Limits
from convtool.io.maps import read_map
from convtool.io.rectangles import parse_csv
from convtool.net.data.npz import read_npz_data
from convtool.net.data.split import contradictions
from tests.fuzz import seeds
from tests.fuzz.judge import MOST_PIXELS
from tests.fuzz.seeds import Files
from tests.io.handmade import source_of

CRASHES = Path(__file__).with_name("crashes")
"""Files that once broke a parser, in a folder by the parser's name."""

LIMITS = Limits(MOST_PIXELS)


@dataclass(frozen=True)
class Parser:
    """A parser, and valid files for it.

    Attributes
    ----------
    read
        Reads a file's content, and does with the result what every command does.
    seeds
        Makes the valid files.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], Files]

    def crashes(self) -> Files:
        """The files that once broke it, by their names."""
        return {path.name: path.read_bytes() for path in sorted((CRASHES / self.name).glob("*"))}


def read_any_image(content: bytes) -> None:
    """Decode whatever the image gate takes."""
    image = decode_image(source_of(content), limits=LIMITS)
    image.luma()
    image.unit()


def read_any_map(content: bytes) -> None:
    """Read a map as a file, the way commands do."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        read_map(file.name, limits=LIMITS)


def read_any_filter(content: bytes) -> None:
    """Decode a filter, look at it and write it again."""
    filter_file = decode_filter(source_of(content), "fuzzed")
    _ = filter_file.bank.facts
    for kernels in filter_file.bank.weights:
        for kernel in kernels:
            kernel_facts(kernel)
    for format_ in ("json", "npy"):
        decode_filter(source_of(encode_filter(filter_file, format_)), "again")


def read_any_idx(content: bytes) -> None:
    """Read the values of an IDX file of any axes."""
    source = source_of(content)
    axes = idx_axes(source)
    if axes is not None:
        read_idx(source, axes, LIMITS)


def read_any_data_set(content: bytes) -> None:
    """Read a data set from an NPZ and look at every picture and label."""
    dataset, _ = read_npz_data(source_of(content), LIMITS)
    contradictions(dataset)


PARSERS = {
    parser.name: parser
    for parser in (
        Parser("image", read_any_image, seeds.images),
        Parser("filter-json", read_any_filter, seeds.filter_texts),
        Parser("filter-npy", read_any_filter, seeds.filter_arrays),
        Parser("map", read_any_map, seeds.maps),
        Parser("csv", parse_csv, seeds.tables),
        Parser("idx", read_any_idx, seeds.idx_files),
        Parser("data-npz", read_any_data_set, seeds.data_sets),
    )
}
