"""Counting pages and frames without decoding them: files of Pillow, and files that never end."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.io import pictures
from convtool.io.frames import gif_frames, tiff_pages
from tests.io.handmade import decoded
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from collections.abc import Callable


def saved(format_: str, frames: int, **options: Any) -> bytes:
    pages = [PIL.Image.fromarray(np.full((3, 4), 10 * n, np.uint8)) for n in range(frames)]
    stream = io.BytesIO()
    pages[0].save(stream, format_, save_all=True, append_images=pages[1:], **options)
    return stream.getvalue()


def counted(content: bytes, most: int = 99) -> int:
    return (gif_frames if content.startswith(b"GIF") else tiff_pages)(io.BytesIO(content), most)


@pytest.mark.parametrize(
    ("format_", "options"),
    [("GIF", {}), ("GIF", {"comment": b"x" * 700}), ("TIFF", {}), ("TIFF", {"big_tiff": True}),
     ("TIFF", {"compression": "tiff_lzw"})],
)  # fmt: skip
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_files_of_pillow(format_: str, options: dict[str, Any], frames: int) -> None:
    content = saved(format_, frames, **options)
    assert counted(content) == frames
    assert counted(content, most=3) == min(frames, 3)


def test_pages_in_the_other_byte_order() -> None:
    content = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">HI", 0, 14) + struct.pack(">HI", 0, 0)
    assert counted(content) == 2


def test_pages_that_name_each_other_in_a_circle() -> None:
    content = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 14) + struct.pack("<HI", 0, 8)
    assert counted(content) == 2


@given(cut=st.integers(0, 400), junk=st.binary(max_size=40))
def test_what_is_damaged_ends_the_count(cut: int, junk: bytes) -> None:
    for format_ in ("GIF", "TIFF"):
        content = saved(format_, 3)
        assert 1 <= counted(content[: max(4, cut)] + junk) <= 99


def many_pages(count: int) -> bytes:
    """A TIFF whose first page is a picture and whose others are empty directories."""
    first = bytearray(saved("TIFF", 1))
    (directory,) = struct.unpack_from("<I", first, 4)
    (entries,) = struct.unpack_from("<H", first, directory)
    struct.pack_into("<I", first, directory + 2 + 12 * entries, len(first))
    pages = (struct.pack("<HI", 0, len(first) + 6 * (n + 1)) for n in range(count))
    return bytes(first) + b"".join(pages)


def many_frames(count: int) -> bytes:
    """A GIF of one frame, again and again."""
    content = saved("GIF", 1)
    start = content.index(b",", 13 + 3 * 2)
    return content[:start] + content[start:-1] * count + b";"


@pytest.mark.parametrize(
    ("count", "content"),
    [(tiff_pages, many_pages(50_000)), (gif_frames, many_frames(50_000))],
    ids=["TIFF", "GIF"],
)
def test_a_file_of_very_many_is_not_read_to_its_end(count: Callable[..., int], content: bytes) -> None:
    stream = io.BytesIO(content)
    assert count(stream, 1001) == 1001
    assert stream.tell() < len(content) / 40
    image = decoded(content)
    assert image.values.shape[-2:] == (3, 4)
    assert "frame 0 of over 1000 is used; choose another with --frame" in image.notices


def test_a_frame_beyond_the_last() -> None:
    with pytest.raises(
        InputError, match=r"^it has 2 frame\(s\), counted from 0; --frame 2 is not among them$"
    ):
        decoded(saved("GIF", 2), frame=2)


def test_a_frame_beyond_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_FRAMES_COUNTED", 2)
    for format_ in ("GIF", "TIFF"):
        content = saved(format_, 5)
        assert decoded(content).notices[0] == "frame 0 of over 2 is used; choose another with --frame"
        assert_equal(decoded(content, frame=4).luma().values, np.full((3, 4), 40))
        with pytest.raises(InputError, match=r"it has over 2 frame\(s\), counted from 0; --frame 5 is not"):
            decoded(content, frame=5)
