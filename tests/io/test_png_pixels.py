"""Pixels that a PNG's header promises and its stream does not hold, which decoders paint black."""

from __future__ import annotations

import io
import re
import zlib
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.io import png_pixels
from convtool.io.png import read_facts
from convtool.io.png_pixels import Pixels
from tests.io import handmade as hm
from tests.io.handmade import decoded

KINDS = [(depth, 0) for depth in (1, 2, 4, 8, 16)] + [(depth, 3) for depth in (1, 2, 4, 8)]
KINDS += [(depth, colour_type) for colour_type in (2, 4, 6) for depth in (8, 16)]


def deflated(size: int) -> bytes:
    return zlib.compress(np.random.default_rng(0).bytes(size))


def pixels(pieces: tuple[bytes, ...], width: int = 5, height: int = 7, **changes: Any) -> Pixels:
    return Pixels(
        width, height, **({"depth": 8, "colour_type": 0, "interlaced": False} | changes), pieces=pieces
    )


@pytest.mark.parametrize(("depth", "colour_type"), KINDS)
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (9, 2), (33, 17)])
def test_the_size_of_rows(depth: int, colour_type: int, size: tuple[int, int]) -> None:
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    row = 1 + int(np.ceil(size[0] * samples * depth / 8))
    assert pixels((), *size, depth=depth, colour_type=colour_type).inflated_size == size[1] * row


@given(width=st.integers(1, 40), height=st.integers(1, 40), depth=st.sampled_from([1, 4, 8, 16]))
def test_the_size_of_seven_passes(width: int, height: int, depth: int) -> None:
    turn = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    expected = 0
    for number in "1234567":
        rows = [sum(turn[y % 8][x % 8] == number for x in range(width)) for y in range(height)]
        expected += sum(1 + -(-columns * depth // 8) for columns in rows if columns)
    assert pixels((), width, height, depth=depth, interlaced=True).inflated_size == expected


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_sound_stream_in_any_pieces(cut: int) -> None:
    stream = deflated(42)
    pixels((stream[:cut], b"", stream[cut:])).check()
    pixels((deflated(42) + b"more",)).check()
    pixels((deflated(5000),)).check()


def test_a_long_stream_in_several_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_pixels, "_AT_A_TIME", 4)
    pixels((deflated(42),)).check()
    with pytest.raises(InputError, match="end after 41 of 42 bytes"):
        pixels((deflated(41),)).check()


@pytest.mark.parametrize("held", [0, 1, 18, 41])
@pytest.mark.parametrize("worth_a_thread", [1, 10**9])
def test_a_short_stream_is_refused(held: int, worth_a_thread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """I5."""
    monkeypatch.setattr(png_pixels, "WORTH_A_THREAD", worth_a_thread)
    content = hm.SIGNATURE + hm.header(5, 7) + hm.chunk(b"IDAT", deflated(held)) + hm.chunk(b"IEND", b"")
    message = f"the PNG's pixels end after {held} of 42 bytes; the file is damaged"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        decoded(content)


def test_no_pixels_at_all_are_refused() -> None:
    content = hm.SIGNATURE + hm.header(5, 7) + hm.chunk(b"IEND", b"")
    with pytest.raises(InputError):
        decoded(content)


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_damaged_stream_is_refused(place: int) -> None:
    stream = bytearray(deflated(42))
    stream[place] ^= 0x55
    with pytest.raises(InputError, match=r"^the PNG's pixels (are damaged|end after)"):
        pixels((bytes(stream),)).check()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_picture_of_pillow_is_whole(mode: str) -> None:
    stream = io.BytesIO()
    picture = (
        PIL.Image.new(mode, (37, 23)) if mode == "I;16" else PIL.Image.new("RGB", (37, 23)).convert(mode)
    )
    picture.save(stream, "PNG")
    read_facts(stream).pixels.check()
