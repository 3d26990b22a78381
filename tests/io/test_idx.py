"""IDX files made by hand: read as they are written, and refused in a line where a byte is wrong."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from convtool.errors import ConvtoolError, InputError, LimitError
from convtool.io.idx import IMAGES, LABELS, idx_axes, read_idx
from convtool.io.limits import Limits
from tests.io import handmade as hm
from tests.tolerances import assert_same_bytes

LABELS_FILE = b"\0\0\x08\x01\0\0\0\x03\x07\0\xff"
IMAGES_FILE = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03\1\2\3\xfd\xfe\xff"
DAMAGED = r"^the gzip is damaged or cut short; fetch it again$"

packings = pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])


def read(content: bytes, axes: int = IMAGES, **limits: int) -> NDArray[np.uint8]:
    return read_idx(hm.source_of(content), axes, Limits(**limits))


def axes_of(content: bytes) -> int | None:
    return idx_axes(hm.source_of(content))


@packings
def test_files_made_by_hand(packed: type[bytes]) -> None:
    assert read(packed(LABELS_FILE), LABELS).tolist() == [7, 0, 255]
    assert read(packed(IMAGES_FILE)).tolist() == [[[1, 2, 3]], [[253, 254, 255]]]
    assert (axes_of(packed(LABELS_FILE)), axes_of(packed(IMAGES_FILE))) == (LABELS, IMAGES)


@packings
@given(values=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=5)))
def test_what_is_written_is_read(values: NDArray[np.uint8], packed: type[bytes]) -> None:
    result = read(packed(hm.idx(values)))
    assert_same_bytes(result, values)
    assert result.flags.writeable


def test_a_gzip_of_several_parts() -> None:
    assert read(gzip.compress(IMAGES_FILE[:9]) + gzip.compress(IMAGES_FILE[9:])).shape == (2, 1, 3)


def test_a_file_of_many_pieces() -> None:
    values = np.random.default_rng(1).integers(0, 256, (3, 1100, 1000), np.uint8)
    for content in (hm.idx(values), gzip.compress(hm.idx(values), 1)):
        assert_same_bytes(read(content), values)


@packings
@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"\0\1\x08\3", b"\1\0\x08\3", b"\0\0\x07\3", b"PK\3\4"], ids=repr
)
def test_what_is_no_idx_file(content: bytes, packed: type[bytes]) -> None:
    assert axes_of(packed(content)) is None
    with pytest.raises(
        InputError, match=r"^no IDX file; it begins with two zeros, a type and a number of axe"
    ):
        read(packed(content))


@packings
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (IMAGES_FILE[:-1], r"its header promises 6 bytes for shape \(2, 1, 3\), the file holds 5; fetch it"),
        (IMAGES_FILE[:16], r"its header promises 6 bytes for shape \(2, 1, 3\), the file holds 0; fetch it"),
        (IMAGES_FILE + b"\0", r"promises 6 bytes for shape \(2, 1, 3\), the file holds more; fetch it again"),
        (IMAGES_FILE[:15], "the IDX file ends within its header; fetch it again"),
        (IMAGES_FILE[:4], "the IDX file ends within its header; fetch it again"),
        (LABELS_FILE, "an IDX file of 1 axes; images have 3, labels have 1"),
        (b"\0\0\x08\xff", "an IDX file of 255 axes; images have 3, labels have 1"),
        (b"\0\0\x0d\3", "an IDX file of float32; pictures and labels are read from those of uint8"),
        (b"\0\0\x09\3", "an IDX file of int8; pictures and labels are read from those of uint8"),
        (hm.idx_header(2, 0, 3), r"an IDX file of shape \(2, 0, 3\); it holds no values"),
    ],
)
def test_what_is_refused(content: bytes, says: str, packed: type[bytes]) -> None:
    with pytest.raises(InputError, match=says):
        read(packed(content))


@pytest.mark.parametrize("length", range(3, len(gzip.compress(IMAGES_FILE))))
def test_a_truncated_gzip(length: int) -> None:
    with pytest.raises(InputError, match=DAMAGED):
        read(gzip.compress(IMAGES_FILE)[:length])


@pytest.mark.parametrize("place", [-8, -1], ids=["checksum", "length"])
def test_a_gzip_whose_end_does_not_fit(place: int) -> None:
    content = bytearray(gzip.compress(IMAGES_FILE))
    content[place] ^= 1
    with pytest.raises(InputError, match=DAMAGED):
        read(bytes(content))


def test_a_gzip_with_something_behind_it() -> None:
    with pytest.raises(InputError, match=DAMAGED):
        read(gzip.compress(IMAGES_FILE) + b"rest")


@given(
    flips=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 255)), min_size=1, max_size=4),
    packed=st.booleans(),
)
@settings(max_examples=600)
def test_any_other_bytes_are_read_or_refused(flips: list[tuple[int, int]], packed: bool) -> None:
    content = bytearray(gzip.compress(IMAGES_FILE) if packed else IMAGES_FILE)
    for place, value in flips:
        content[place % len(content)] = value
    try:
        line = f"{read(bytes(content)).size} values"
    except ConvtoolError as error:
        line = str(error)
    assert line == "6 values" or len(line.splitlines()) == 1


class TestLimits:
    @pytest.mark.parametrize("sizes", [(2**32 - 1,) * 3, (10**6, 1000, 1000), (7, 1, 1)], ids=str)
    def test_sizes_are_held_against_the_file_before_anything_is_allocated(
        self, sizes: tuple[int, ...]
    ) -> None:
        tracemalloc.start()
        with pytest.raises(InputError, match=r"its header promises \d+ bytes for shape .*, the file holds 6"):
            read(hm.idx_header(*sizes) + bytes(6), memory=2**60, pixels=2**64)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**16

    def test_a_gzip_of_a_header_that_promises_far_more_than_it_is(self) -> None:
        content = gzip.compress(hm.idx_header(200_000, 28, 28) + bytes(200_000 * 784))
        says = r"^it would inflate to 156800000 bytes, over 100 times its own; unpack it with gunzip$"
        with pytest.raises(LimitError, match=says):
            read(content, memory=2**60)

    def test_a_gzip_is_never_unpacked_beyond_what_its_header_promises(self) -> None:
        """Three images in front of 3 GiB of zeros."""
        piece = zlib.compressobj(9, zlib.DEFLATED, 31)
        start = piece.compress(hm.idx_header(3, 28, 28) + bytes(3 * 784)) + piece.flush(zlib.Z_FULL_FLUSH)
        zeros = piece.compress(bytes(2**20)) + piece.flush(zlib.Z_FULL_FLUSH)
        tracemalloc.start()
        with pytest.raises(InputError, match=r"shape \(3, 28, 28\), the file holds more; fetch it again$"):
            read(start + zeros * 3072)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * 2**20

    def test_memory_is_estimated(self) -> None:
        content = hm.idx(np.zeros((10, 100, 100), np.uint8))
        assert read(content, memory=100_000).shape == (10, 100, 100)
        with pytest.raises(
            LimitError, match=r"^it holds 100000 values; it takes about .* --max-memory 1M or"
        ):
            read(content, memory=99_999)

    def test_pixels_are_those_of_an_image(self) -> None:
        content = hm.idx(np.zeros((10, 100, 100), np.uint8))
        assert read(content, pixels=10_000).shape == (10, 100, 100)
        with pytest.raises(LimitError, match=r"^the image is 100×100, 10000 pixels.*--max-pixels 10000 or"):
            read(content, pixels=9999)


def test_the_header_of_the_tests_is_the_one_made_by_hand() -> None:
    assert hm.idx(np.array([[[1, 2, 3]], [[253, 254, 255]]], np.uint8)) == IMAGES_FILE
    assert hm.idx_header(3) == struct.pack(">II", 0x801, 3)
