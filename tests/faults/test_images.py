"""Rows I1 to I19: files that are given as images."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.cli.runner import ROOT, as_process
from tests.faults.commands import (
    NOTES,
    READERS,
    Reader,
    Words,
    bound_by_permissions,
    converting,
    done,
    every,
    filtering,
    finding,
    learning,
    recovering_by,
    recovering_from,
    refused,
    refused_image,
    saved,
    seconds_of_children,
    shown,
)
from tests.io import handmade as hm

RNG = np.random.default_rng(19)
NOISE = PIL.Image.fromarray(RNG.integers(0, 256, (64, 64), np.uint8))
COLOUR_NOISE = PIL.Image.fromarray(RNG.integers(0, 256, (64, 64, 3), np.uint8))
ACCEPTED = "accepted are PNG, JPEG, TIFF, BMP, GIF, WebP, PPM/PGM, NPY, JSON and CSV"
PLTE = hm.chunk(b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))
SHORTS: list[list[float]] = [[0, 255, 256], [257, 65534, 65535]]


every_reader = pytest.mark.parametrize("reader", READERS)
each_command = pytest.mark.parametrize("reader", [finding, learning, recovering_from])


@pytest.mark.parametrize(
    "command",
    [
        *(converting("bad.png"), ("show", "bad.png"), filtering("bad.png")),
        *(reader("bad.png") for reader in READERS),
        ("find", "good.csv", "--filter", "bad.png"),
    ],
    ids=" ".join,
)
def test_i01_an_empty_file(command: Words) -> None:
    """An empty file, given as an image or as a filter."""
    Path("bad.png").touch()
    Path("good.csv").write_text("1,2\n3,4\n")
    refused(*command, says=("convtool: bad.png: ", "empty"))


@pytest.mark.parametrize(
    "command",
    [converting("-"), ("relu", "-", "-o", "-"), ("show", "-"), *(reader("-") for reader in READERS)],
    ids=" ".join,
)
def test_i01_an_empty_stdin(command: Words) -> None:
    """Standard input that ends at once."""
    refused(*command, says=("convtool: stdin: ", "empty"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", ("PostScript", ACCEPTED), id="eps"),
        pytest.param(b"%PDF-1.7\n", ("PDF", ACCEPTED), id="pdf"),
        pytest.param(b"\x1f\x8b\x08" + bytes(30), ("gzip", ACCEPTED), id="gzip"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", ("SVG", ACCEPTED), id="svg"),
        pytest.param(b"<!DOCTYPE html><html></html>", ("HTML", ACCEPTED), id="html"),
        pytest.param(b"\x7fELF\2\1\1" + bytes(60), ("program", ACCEPTED), id="elf"),
        pytest.param(b"\x89HDF\r\n\x1a\n" + bytes(60), ("HDF5", ACCEPTED), id="hdf5"),
        pytest.param(RNG.bytes(300), (ACCEPTED,), id="garbage"),
        pytest.param(b"\0" * 300, (ACCEPTED,), id="zeros"),
        pytest.param(saved(NOISE, "TGA"), (ACCEPTED,), id="tga"),
        pytest.param(saved(NOISE, "ICO"), (ACCEPTED,), id="ico"),
        pytest.param(saved(NOISE, "PCX"), (ACCEPTED,), id="pcx"),
        pytest.param(saved(NOISE, "SGI"), (ACCEPTED,), id="sgi"),
        pytest.param(b"\x89PNG\r\n\x1a\n", ("truncated",), id="png-signature-alone"),
        pytest.param(b"\xff\xd8\xff\xe0garbage", ("decoded",), id="jpeg-start-alone"),
        pytest.param(b"Lorem ipsum dolor\n", ("row 1 column 1", '"Lorem ipsum dolor"'), id="text"),
    ],
)
def test_i02_what_is_no_image(content: bytes, words: Words) -> None:
    """Text, garbage, or a format outside the allow-list, named .png."""
    refused_image(content, *words)


@every_reader
def test_i02_what_is_no_image_for_any_command(reader: Reader) -> None:
    """Garbage named .png, given to every command that reads an image."""
    refused_image(RNG.bytes(300), ACCEPTED, reader=reader)


HUGE = 100_000
WIDEST = struct.pack("<HH", 65535, 65535)
GIF_HEADER = b"GIF89a" + WIDEST + b"\x80\0\0" + bytes(6) + b",\0\0\0\0" + WIDEST + b"\0"


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(
            hm.SIGNATURE + hm.header(HUGE, HUGE) + hm.chunk(b"IEND", b""), "100000×100000", id="png"
        ),
        pytest.param(hm.tiff(b"", width=HUGE, height=HUGE, bits=8), "100000×100000", id="tiff"),
        pytest.param(
            b"BM" + struct.pack("<IIIIiiHHIIiiII", 70, 0, 54, 40, HUGE, HUGE, 1, 24, 0, 0, 0, 0, 0, 0),
            "100000×100000",
            id="bmp",
        ),
        pytest.param(b"P5\n100000 100000\n255\n", "100000×100000", id="pgm"),
        pytest.param(
            hm.SIGNATURE + hm.header(12_000, 12_000) + hm.chunk(b"IEND", b""), "12000×12000", id="png-144-mpx"
        ),
        pytest.param(hm.tiff(b"", width=10_001, height=10_000, bits=1), "10000×10001", id="tiff-100-mpx"),
    ],
)
def test_i03_a_header_that_claims_too_many_pixels(content: bytes, size: str) -> None:
    """A header alone that claims 100 000 × 100 000 pixels, or 100 to 179 million."""
    refused_image(content, size, "GiB as float32", "limit of 100000000", "--max-pixels", code=4)


@each_command
def test_i03_too_many_pixels_for_any_command(reader: Reader) -> None:
    """A header alone that claims 100 000 × 100 000 pixels, given to the other commands."""
    content = hm.SIGNATURE + hm.header(HUGE, HUGE) + hm.chunk(b"IEND", b"")
    words = ("100000×100000", "GiB as float32", "limit of 100000000", "--max-pixels")
    refused_image(content, *words, code=4, reader=reader)


def test_i03_a_gif_that_claims_too_many_pixels() -> None:
    """A frame of 65535 × 65535 pixels, which Pillow itself refuses."""
    refused_image(
        GIF_HEADER + b"\2\2\x4c\1\0;", "4294836225 pixels", "limit of 100000000", "--max-pixels", code=4
    )


def png_of_88_megapixels() -> bytes:
    """A whole picture of 11 000 × 8 000 pixels of one bit, in 11 KB."""
    pixels = zlib.compress(bytes(8_000 * (1 + 11_000 // 8)), 9)
    body = hm.header(11_000, 8_000, 1) + hm.chunk(b"IDAT", pixels)
    return hm.SIGNATURE + body + hm.chunk(b"IEND", b"")


@pytest.mark.parametrize("by", ["option", "environment"])
def test_i03_floats_that_do_not_fit(by: str) -> None:
    """A PNG of 88 million pixels in 11 KB, whose floats are more than the memory that may be taken."""
    content = png_of_88_megapixels()
    assert len(content) < 11_500
    option = ("--max-memory", "100M") if by == "option" else ()
    environment = {} if by == "option" else {"CONVTOOL_MAX_MEMORY": "100M"}
    before = seconds_of_children()
    refused_image(content, "8000×11000", "--max-memory", code=4, options=option, env=environment)
    assert seconds_of_children() - before < 1


def test_i03_a_limit_that_is_raised() -> None:
    """An image over a limit that the option or the environment raises is read."""
    Path("a.csv").write_text("1,2\n3,4\n")
    refused(*converting("a.csv", "--max-pixels", "3"), code=4, says=("a.csv: ", "2×2", "--max-pixels 4"))
    assert done("show", "a.csv", "--json", "--max-pixels", "4").record["values"] == [[1, 2], [3, 4]]
    environment = {"CONVTOOL_MAX_PIXELS": "3"}
    refused(*converting("a.csv"), code=4, says=("a.csv: ", "CONVTOOL_MAX_PIXELS=4"), env=environment)


WHOLE = {
    "png": saved(NOISE, "PNG"),
    "jpeg": saved(COLOUR_NOISE, "JPEG"),
    "jpeg-progressive": saved(COLOUR_NOISE, "JPEG", progressive=True),
    "tiff": saved(NOISE, "TIFF"),
    "tiff-lzw": saved(NOISE, "TIFF", compression="tiff_lzw"),
    "tiff-deflate": saved(NOISE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": saved(COLOUR_NOISE, "TIFF", compression="jpeg"),
    "bmp": saved(NOISE, "BMP"),
    "gif": saved(NOISE, "GIF"),
    "webp": saved(COLOUR_NOISE, "WEBP"),
    "webp-lossless": saved(COLOUR_NOISE, "WEBP", lossless=True),
    "ppm": saved(COLOUR_NOISE, "PPM"),
}


@pytest.mark.parametrize("percent", [50, 90])
@pytest.mark.parametrize("kind", WHOLE)
def test_i04_truncated(kind: str, percent: int) -> None:
    """A picture cut at 50 % or 90 % of its bytes."""
    content = WHOLE[kind]
    refused_image(content[: len(content) * percent // 100])


@each_command
def test_i04_truncated_for_any_command(reader: Reader) -> None:
    """A picture cut at half of its bytes, given to the other commands."""
    refused_image(WHOLE["jpeg"][: len(WHOLE["jpeg"]) // 2], reader=reader)


def test_i04_the_same_files_whole() -> None:
    """The pictures that the other tests cut are sound themselves."""
    planes = shown({f"{kind}.bin": content for kind, content in WHOLE.items()})
    assert set(planes) == {f"{kind}.bin" for kind in WHOLE}


ROWS = [bytes([10 * row + column for column in range(12)]) for row in range(4)]


def png_of_stream(stream: bytes, colour_type: int = hm.GRAY, depth: int = 8, interlaced: int = 0) -> bytes:
    """A PNG that claims 4 pixels by 4, its pixel data any deflated bytes; 3 bytes a pixel if RGB."""
    facts = struct.pack(">IIBBBBB", 4, 4, depth, colour_type, 0, 0, interlaced)
    idat = hm.chunk(b"IDAT", zlib.compress(stream))
    return hm.SIGNATURE + hm.chunk(b"IHDR", facts) + idat + hm.chunk(b"IEND", b"")


def test_i05_no_end() -> None:
    """A PNG without its last chunk, IEND."""
    refused_image(hm.png(4, 8, hm.GRAY, [row[:4] for row in ROWS])[:-12], "IEND", "truncated")


@each_command
def test_i05_no_end_for_any_command(reader: Reader) -> None:
    """A PNG without its last chunk, given to the other commands."""
    content = hm.png(4, 8, hm.GRAY, [row[:4] for row in ROWS])[:-12]
    refused_image(content, "IEND", "truncated", reader=reader)


def test_i05_a_bad_checksum() -> None:
    """A PNG whose pixel data has a wrong checksum."""
    content = bytearray(hm.png(4, 8, hm.GRAY, [row[:4] for row in ROWS]))
    content[content.index(b"IEND") - 5] ^= 1
    refused_image(bytes(content), "checksum", "IDAT")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png_of_stream(b"\0" + ROWS[0][:4]), id="1-row-of-4"),
        pytest.param(png_of_stream(b"".join(b"\0" + row[:4] for row in ROWS[:3])), id="3-rows-of-4"),
        pytest.param(png_of_stream(b"".join(b"\0" + row[:4] for row in ROWS)[:-1]), id="but-for-a-byte"),
        pytest.param(png_of_stream(b"\0" + ROWS[0], hm.RGB), id="rgb"),
        pytest.param(png_of_stream(b"\0\xa0", depth=1), id="1-bit"),
        pytest.param(png_of_stream(b"\0" + ROWS[0][:8], depth=16), id="16-bit"),
        pytest.param(png_of_stream(b"\0" + ROWS[0][:4], interlaced=1), id="interlaced"),
        pytest.param(png_of_stream(b""), id="nothing"),
    ],
)
def test_i05_a_short_stream(content: bytes) -> None:
    """A PNG whose pixel data is sound, but holds 1 of 4 rows."""
    refused_image(content)


def test_i05_the_same_streams_whole() -> None:
    """The streams that the other tests cut are read when they are whole."""
    gray = b"".join(b"\0" + row[:4] for row in ROWS)
    interlaced = b"".join(b"\0" + bytes(ROWS[y][x] for x in columns) for y, columns in adam7_rows())
    expected = [list(row[:4]) for row in ROWS]
    planes = shown({"a.png": png_of_stream(gray), "b.png": png_of_stream(interlaced, interlaced=1)})
    assert planes == {"a.png": [expected], "b.png": [expected]}


def adam7_rows() -> list[tuple[int, list[int]]]:
    """The rows of every pass over 4 × 4 pixels that has any, as y and every x (PNG, 8.2)."""
    passes = [(0, 0, 4, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]  # top, left, steps
    return [
        (y, list(range(left, 4, step_x)))
        for top, left, step_y, step_x in passes
        for y in range(top, 4, step_y)
    ]


@pytest.mark.parametrize("place", [0.3, 0.6, 0.7, 0.95])
def test_i06_damaged_bits_of_a_jpeg(place: float) -> None:
    """A bit of a JPEG flipped: decoded without a word or refused in a line."""
    content = bytearray(WHOLE["jpeg"])
    content[int(len(content) * place)] ^= 8
    Path("bad.jpg").write_bytes(content)
    finished = as_process("show", "bad.jpg", "--json")
    assert finished.code in (0, 3)
    assert finished.err.count("\n") == (finished.code == 3)


def test_i06_what_security_promises_of_jpeg() -> None:
    """That damage in a JPEG may go unnoticed is said where users look for promises."""
    page = " ".join((ROOT / "SECURITY.md").read_text().split())
    assert re.search(r"[^.]*flipped bits in a JPEG[^.]*without a word", page)


def test_i07_sixteen_bits_are_kept() -> None:
    """Gray of 16 bits: PNG, both byte orders of TIFF, and PGM (modes I;16, I;16B and I)."""
    shorts = np.array(SHORTS, np.uint16)
    pgm = b"P5\n3 2\n65535\n" + shorts.astype(">u2").tobytes()
    files = {
        "a.png": hm.gray_png(shorts),
        "little.tif": hm.gray_tiff(shorts.astype("<u2")),
        "big.tif": hm.gray_tiff(shorts.astype(">u2")),
        "deflated.tif": saved(PIL.Image.fromarray(shorts), "TIFF", compression="tiff_adobe_deflate"),
        "wide.tif": hm.gray_tiff(shorts.astype("<i4")),
        "a.pgm": pgm,
    }
    assert shown(files) == every(files, SHORTS)
    done("relu", "big.tif", "-o", "out.npy", notices=[("big.tif", "no map file")])
    assert np.load("out.npy").tolist() == SHORTS


def test_i07_sixteen_bits_are_found_learned_and_recovered() -> None:
    """Gray of 16 bits: a peak of 65535, a filter learned and one recovered from the low byte alone."""
    shorts = 256 * 200 + RNG.permutation(20 * 20).reshape(20, 20).astype(np.uint16) % 256
    shorts[3, 4] = 65535
    Path("deep.png").write_bytes(hm.gray_png(shorts.astype(np.uint16)))
    Path("one.json").write_text("[[1]]")
    record = done("find", "deep.png", "-f", "one.json", "--top", "1", "--json").record
    assert (record["y"], record["x"], record["score"]) == (3, 4, 65535)
    done("learn", "--patch", "deep.png@9,9,5,5", "-o", "low.json", "-q")
    record = done("find", "deep.png", "-f", "low.json", "--top", "1", "--json").record
    assert (record["y"], record["x"]) == (9, 9)
    done("conv", "deep.png", "-f", "sobel-x", "--no-relu", "-o", "after.npy", "-q")
    record = done("recover", "deep.png", "after.npy", "--size", "3", "-o", "f.json", "--json").record
    assert record["weights"] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


REDUCED = {
    "rgb.png": (hm.png(1, 16, hm.RGB, [b"\1\xff\2\xff\3\0"]), [[[1]], [[2]], [[3]]]),
    "rgba.png": (hm.png(1, 16, hm.RGBA, [b"\1\xff\2\xff\3\0\xff\xff"]), [[[1]], [[2]], [[3]]]),
    "la.png": (hm.png(2, 16, hm.GRAY_ALPHA, [b"\1\xff\xff\xff\7\0\xff\xff"]), [[[1, 7]]]),
    "rgb.tif": (
        cv2.imencode(".tiff", np.array([[[0x3FF, 0x2FF, 0x1FF]]], np.uint16))[1].tobytes(),
        [[[1]], [[2]], [[3]]],
    ),
}


def test_i08_sixteen_bit_colour_keeps_eight() -> None:
    """Colour, or gray with alpha, of 16 bits: the high byte is kept, with a notice."""
    files = {name: content for name, (content, _) in REDUCED.items()}
    notices: list[Words] = []
    for name in files:
        notices += [(name, "alpha is dropped")] * ("a.png" in name)
        notices += [(name, "16-bit", "reduced to 8 bits")]
    planes = shown(files, "--channels", "each", notices=notices)
    assert planes == {name: values for name, (_, values) in REDUCED.items()}


@pytest.mark.parametrize("name", REDUCED)
def test_i08_a_strict_user_refuses_fewer_bits(name: str) -> None:
    """Colour of 16 bits under --strict."""
    refused_image(REDUCED[name][0], name=name, options=("--strict",))


@each_command
def test_i08_a_strict_user_of_any_command(reader: Reader) -> None:
    """Colour of 16 bits under --strict, given to the other commands."""
    rows = [RNG.bytes(18) for _ in range(3)]
    content = hm.png(3, 16, hm.RGB, rows)
    refused_image(content, "reduced to 8 bits", "--strict", options=("--strict",), reader=reader)


def test_i09_palettes_become_colours() -> None:
    """Palettes, with and without alpha: a pixel is the colour that it names."""
    picture = PIL.Image.frombytes("P", (3, 1), b"\0\1\2")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    files = {
        "a.png": hm.png(3, 8, hm.PALETTE, [b"\0\1\2"], PLTE),
        "alpha.png": hm.png(3, 8, hm.PALETTE, [b"\0\1\2"], PLTE, hm.chunk(b"tRNS", b"\0\x80")),
        "2-bit.png": hm.png(3, 2, hm.PALETTE, [b"\x18"], PLTE),
        "a.bmp": saved(picture, "BMP"),
        "a.gif": saved(picture, "GIF"),
        "a.tif": saved(picture, "TIFF"),
    }
    planes = shown(files, "--channels", "each", notices=[("alpha.png", "alpha is dropped")])
    assert planes == every(files, [[10, 40, 70]], [[20, 50, 80]], [[30, 60, 90]])


def bmp_of_two_colours(index: int) -> bytes:
    """A BMP of 4 × 4 pixels, one of this colour, whose palette holds two."""
    palette = bytes([0, 0, 255, 0, 0, 255, 0, 0])
    start = 14 + 40 + len(palette)
    facts = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 8, 0, 16, 0, 0, 2, 2)
    sizes = struct.pack("<III", start + 16, 0, start)
    return b"BM" + sizes + facts + palette + bytes([index]) + bytes(15)


def gif_of_two_colours(index: int) -> bytes:
    """A GIF of 4 × 4 pixels, one of this colour, whose palette holds two; each pixel a code of 9 bits."""
    size = struct.pack("<HH", 4, 4)
    codes = [256, index, *[0] * 15, 257]  # begin and end beside the pixels
    packed = sum(code << 9 * place for place, code in enumerate(codes)).to_bytes(21, "little")
    palette = bytes([255, 0, 0, 0, 255, 0])
    head = b"GIF89a" + size + b"\x80\0\0" + palette + b",\0\0\0\0" + size + b"\0"
    return head + b"\x08" + bytes([len(packed)]) + packed + b"\0;"


def test_i09_the_palettes_of_two_colours_are_sound() -> None:
    """The files that the next test damages: one pixel of the second colour, green."""
    planes = shown({"a.bmp": bmp_of_two_colours(1), "a.gif": gif_of_two_colours(1)}, "--channels", "each")
    assert [np.sum(green) for _, green, _ in planes.values()] == [255, 255]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(hm.png(2, 8, hm.PALETTE, [b"\0\3"], PLTE), ("colour 3", "holds 3"), id="out-of-range"),
        pytest.param(hm.png(3, 2, hm.PALETTE, [b"\x1c"], PLTE), ("colour 3", "holds 3"), id="2-bit"),
        pytest.param(hm.png(2, 8, hm.PALETTE, [b"\0\1"]), ("holds 0",), id="no-palette"),
        pytest.param(bmp_of_two_colours(7), ("colour 7", "holds 2"), id="bmp"),
        pytest.param(gif_of_two_colours(7), ("colour 7", "holds 2"), id="gif"),
    ],
)
def test_i09_a_palette_that_lacks_a_colour(content: bytes, words: Words) -> None:
    """A pixel that names a colour which the palette has not, or no palette at all."""
    refused_image(content, "palette", *words)


@each_command
def test_i09_a_palette_that_lacks_a_colour_for_any_command(reader: Reader) -> None:
    """A pixel that names a colour which the palette has not, given to the other commands."""
    refused_image(hm.png(2, 8, hm.PALETTE, [b"\0\3"], PLTE), "palette", "colour 3", "holds 3", reader=reader)


FEW_BITS = {
    "1.png": (hm.png(4, 1, hm.GRAY, [b"\xa0"]), [[1, 0, 1, 0]], 1),
    "2.png": (hm.png(4, 2, hm.GRAY, [b"\x1b"]), [[0, 1, 2, 3]], 3),
    "4.png": (hm.png(4, 4, hm.GRAY, [b"\x01\x8f"]), [[0, 1, 8, 15]], 15),
    "1.tif": (hm.tiff(b"\xa0", width=4, height=1, bits=1), [[1, 0, 1, 0]], 1),
    "2.tif": (hm.tiff(b"\x1b", width=4, height=1, bits=2), [[0, 1, 2, 3]], 3),
    "4.tif": (hm.tiff(b"\x01\x8f", width=4, height=1, bits=4), [[0, 1, 8, 15]], 15),
    "1.bmp": (saved(PIL.Image.fromarray(np.array([[True, False, True, False]])), "BMP"), [[1, 0, 1, 0]], 1),
    "1.pbm": (b"P4\n4 1\n\x50", [[1, 0, 1, 0]], 1),
}


def test_i10_few_bits_keep_their_own_numbers() -> None:
    """Gray of 1, 2 and 4 bits: 0 and 1, 0 to 3, 0 to 15; with --scale unit, 0 to 1."""
    files = {name: content for name, (content, _, _) in FEW_BITS.items()}
    assert shown(files) == {name: [values] for name, (_, values, _) in FEW_BITS.items()}
    units = shown(files, "--scale", "unit")
    for name, (_, values, maximum) in FEW_BITS.items():
        divided = np.array(values, np.float32) / np.float32(maximum)
        assert np.array_equal(np.array(units[name][0], np.float32), divided), name


def test_i11_alpha_is_dropped() -> None:
    """Alpha above hidden colour, LA, RGBA and transparent colours: the colour below, with a notice."""
    colour, gray = [[[1]], [[2]], [[3]]], [[[7, 9]]]
    files = {
        "hidden.png": (hm.png(1, 8, hm.RGBA, [b"\1\2\3\0"]), colour),
        "rgba.png": (hm.png(1, 8, hm.RGBA, [b"\1\2\3\x80"]), colour),
        "la.png": (hm.png(2, 8, hm.GRAY_ALPHA, [b"\7\xff\x09\0"]), gray),
        "trns.png": (hm.png(1, 8, hm.RGB, [b"\1\2\3"], hm.chunk(b"tRNS", b"\0\1\0\2\0\3")), colour),
        "rgba.tif": (saved(PIL.Image.new("RGBA", (1, 1), (1, 2, 3, 0)), "TIFF"), colour),
        "rgba.webp": (
            saved(PIL.Image.new("RGBA", (1, 1), (1, 2, 3, 1)), "WEBP", lossless=True, exact=True),
            colour,
        ),
    }
    notices = [(name, "alpha is dropped") for name in files]
    contents = {name: content for name, (content, _) in files.items()}
    planes = shown(contents, "--channels", "each", notices=notices)
    assert planes == {name: values for name, (_, values) in files.items()}
    refused(*converting("hidden.png", "--strict"), says=("hidden.png: ", "alpha is dropped", "--strict"))


@pytest.mark.parametrize("reader", [finding, learning, recovering_by])
def test_i11_alpha_is_dropped_by_any_command(reader: Reader) -> None:
    """Alpha above gray: the other commands take the gray below with one notice, or refuse it if strict."""
    rows = [bytes([k, 255, 3 * k % 7, 0, 50 - k, 128]) for k in (1, 20, 9)]
    Path("alpha.png").write_bytes(hm.png(3, 8, hm.GRAY_ALPHA, rows))
    Path("notes.csv").write_text("1,3,49\n20,4,30\n9,6,41\n")
    command = [{NOTES: "notes.csv"}.get(word, word) for word in reader("alpha.png")]
    refused(*command, "--strict", says=("alpha.png: ", "alpha is dropped", "--strict"))
    done(*command, notices=[("alpha.png", "alpha is dropped")])


def test_i12_other_colour_spaces_become_rgb() -> None:
    """CMYK, YCbCr and Lab: converted, with a notice."""
    cyan, magenta, yellow, black = 255 * np.eye(4, dtype=np.uint8)
    inks = PIL.Image.fromarray(np.array([[0 * black, cyan, magenta, yellow, black]]), "CMYK")
    grays = PIL.Image.frombytes("YCbCr", (3, 1), bytes([0, 128, 128, 99, 128, 128, 255, 128, 128]))
    lab = PIL.Image.frombytes("LAB", (2, 1), bytes([0, 0, 0, 255, 0, 0]))
    files = {
        "cmyk.tif": saved(inks, "TIFF"),
        "ycbcr.tif": saved(grays, "TIFF"),
        "lab.tif": saved(lab, "TIFF"),
        "cmyk.jpg": saved(inks.resize((40, 8), PIL.Image.Resampling.NEAREST), "JPEG", quality=100),
    }
    words = {"cmyk": "CMYK", "ycbc": "YCbCr", "lab.": "LAB"}
    notices = [(name, words[name[:4]], "converted to RGB") for name in files]
    planes = shown(files, "--channels", "each", notices=notices)
    assert planes["cmyk.tif"] == [[[255, 0, 255, 255, 0]], [[255, 255, 0, 255, 0]], [[255, 255, 255, 0, 0]]]
    assert planes["ycbcr.tif"] == [[[0, 99, 255]]] * 3
    assert np.abs(np.array(planes["lab.tif"]) - [[[0, 255]]] * 3).max() <= 1
    inks_of_jpeg = np.array(planes["cmyk.jpg"])[:, 4, 4::8]
    assert np.abs(inks_of_jpeg - np.array(planes["cmyk.tif"])[:, 0]).max() <= 3


UPRIGHT = [[1, 2, 3], [4, 5, 6]]
TURNED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}
"""How a camera stores the upright picture, by orientation (EXIF 2.32, tag 0x0112: the side of the first
row and of the first column)."""


def test_i13_orientation_is_applied() -> None:
    """EXIF orientations 1 to 8, in PNG, TIFF, WebP and JPEG."""
    files = {}
    for orientation, stored in TURNED.items():
        values, tag = np.array(stored, np.uint8), hm.exif(orientation)
        files[f"{orientation}.png"] = hm.gray_png(values, hm.chunk(b"eXIf", tag))
        files[f"{orientation}.tif"] = hm.gray_tiff(values, orientation=orientation)
        gray = PIL.Image.fromarray(values).convert("RGB")
        files[f"{orientation}.webp"] = saved(gray, "WEBP", lossless=True, exif=tag)
    assert shown(files) == every(files, UPRIGHT)
    blocks = {
        f"{orientation}.jpg": saved(
            PIL.Image.fromarray(np.kron(np.array(stored, np.uint8) * 40, np.ones((8, 8), np.uint8))),
            "JPEG",
            quality=100,
            exif=b"Exif\0\0" + hm.exif(orientation),
        )
        for orientation, stored in TURNED.items()
    }
    for name, (values,) in shown(blocks, "--full").items():
        assert np.rint(np.array(values)[4::8, 4::8] / 40).tolist() == UPRIGHT, name


def test_i13_an_orientation_that_is_none_is_ignored() -> None:
    """Invalid EXIF orientations, and EXIF that is damaged: a notice."""
    values = np.array(UPRIGHT, np.uint8)
    files = {}
    for orientation in (0, 9, 65535):
        files[f"{orientation}.png"] = hm.gray_png(values, hm.chunk(b"eXIf", hm.exif(orientation)))
        files[f"{orientation}.tif"] = hm.gray_tiff(values, orientation=orientation)
    notices: list[Words] = [
        (name, f"EXIF orientation {name.partition('.')[0]}", "1 to 8", "ignored") for name in files
    ]
    files["damaged.png"] = hm.gray_png(values, hm.chunk(b"eXIf", b"garbage"))
    notices.append(("damaged.png", "EXIF", "damaged", "ignored"))
    assert shown(files, notices=notices) == every(files, UPRIGHT)


FRAMES = [PIL.Image.fromarray(np.full((2, 2), value, np.uint8)) for value in (11, 22)]
SEVERAL = {
    f"a.{format_.lower()}": saved(FRAMES[0], format_, save_all=True, append_images=FRAMES[1:], **options)
    for format_, options in {"GIF": {}, "TIFF": {}, "PNG": {}, "WEBP": {"lossless": True}}.items()
}


def test_i14_several_frames() -> None:
    """GIF, TIFF, PNG and WebP of two frames: the first with a notice, or the one that is asked for."""
    notices = [(name, "frame 0 of 2", "--frame") for name in SEVERAL]
    assert shown(SEVERAL, notices=notices) == every(SEVERAL, [[11, 11], [11, 11]])
    assert shown(SEVERAL, "--frame", "0") == every(SEVERAL, [[11, 11], [11, 11]])
    assert shown(SEVERAL, "--frame", "1") == every(SEVERAL, [[22, 22], [22, 22]])


@pytest.mark.parametrize("name", SEVERAL)
def test_i14_a_frame_that_is_not_there(name: str) -> None:
    """A frame is asked for that the file has not."""
    refused_image(SEVERAL[name], "2 frame(s)", "--frame 2", name=name, options=("--frame", "2"))


@each_command
def test_i14_a_frame_that_is_not_there_for_any_command(reader: Reader) -> None:
    """A frame is asked of the other commands that the file has not."""
    refused_image(SEVERAL["a.tiff"], "2 frame(s)", "--frame 2", options=("--frame", "2"), reader=reader)


MEBIBYTE = 2**20


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([hm.zipped_chunk(b"zTXt", bytes(68 * MEBIBYTE))], id="zTXt"),
        pytest.param([hm.zipped_chunk(b"iCCP", bytes(68 * MEBIBYTE))], id="iCCP"),
        pytest.param([hm.text_chunk("a", "\0" * 68 * MEBIBYTE, compressed=True)], id="iTXt"),
        pytest.param([hm.zipped_chunk(b"zTXt", bytes(MEBIBYTE))] * 68, id="many"),
    ],
)
def test_i15_texts_that_inflate(chunks: list[bytes]) -> None:
    """Texts of 70 KB in a PNG that inflate to 68 MB."""
    content = hm.png(4, 8, hm.GRAY, [b"\1\2\3\4"], *chunks)
    assert len(content) < 80_000
    refused_image(content, "limit", code=4)


@each_command
def test_i15_texts_that_inflate_for_any_command(reader: Reader) -> None:
    """A text of 70 KB in a PNG that inflates to 68 MB, given to the other commands."""
    chunk = hm.zipped_chunk(b"zTXt", bytes(68 * MEBIBYTE))
    refused_image(hm.png(4, 8, hm.GRAY, [b"\1\2\3\4"], chunk), "limit", code=4, reader=reader)


NOT_FINITE = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}


@pytest.mark.parametrize("kind", ["tiff", "npy", "npy-float64", "pfm"])
@pytest.mark.parametrize("word", NOT_FINITE)
def test_i16_numbers_that_are_not_finite(kind: str, word: str) -> None:
    """A float TIFF, PFM or NPY matrix with NaN or infinity."""
    values = np.zeros((2, 3), np.float32)
    values[1, 2:] = NOT_FINITE[word]
    content = {
        "tiff": hm.gray_tiff(values),
        "npy": hm.npy_of(values),
        "npy-float64": hm.npy_of(values.astype(np.float64)),
        "pfm": b"Pf\n3 2\n-1.0\n" + values[::-1].tobytes(),
    }[kind]
    refused_image(content, f"{word} at row 1 column 2 (from 0)", "finite")


@each_command
def test_i16_numbers_that_are_not_finite_for_any_command(reader: Reader) -> None:
    """An NPY matrix with infinity, given to the other commands."""
    content = hm.npy_of(np.array([[1, 2], [np.inf, 4]]))
    refused_image(content, "inf at row 1 column 0 (from 0)", "finite", name="bad.npy", reader=reader)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (converting("a.csv"), ("2×3", "3×3")),
        (("find", "a.csv", "-f", "identity", "-o", "found.png"), (" with identity: ", "2×3", "3×3")),
        (("learn", "--patch", "a.csv@0,0,3,3", "-o", "f.json"), ("@0,0,3,3: 3×3", "2×3")),
        (("learn", "--patch", "b.csv@0,0,3,3", "--background", "a.csv", "-o", "f.json"), ("2×3", "3×3")),
        (("recover", "a.csv", "b.csv", "--size", "3", "-o", "f.json"), (" and b.csv: ", "2×3", "3×3")),
        (("conv", "a.csv", "-f", "gaussian-5", "--padding", "1", "-o", "out.npy"), ("2×3", "5×5")),
        (("conv", "a.csv", "-f", "identity", "--dilation", "4", "-o", "out.npy"), ("2×3", "9×9")),
        (("pool", "a.csv", "--size", "4,1", "--out-dir", "maps"), ("2×3", "4×1")),
        (("run", "a.csv", "-f", "identity", "--padding", "same", "--pool", "3", "-o", "out.npy",
          "--save", "pool"), ("2×3", "3×3")),
        (("plan", "a.csv", "-f", "identity"), ("2×3", "3×3")),
        (("explain", "a.csv", "-f", "identity", "--at", "0,0"), (" with identity: ", "2×3", "3×3")),
        (("explain", "a.csv", "-f", "notes-diagonal", "--at", "0,0", "--pool", "3"), ("1×2", "3×3")),
    ],
)  # fmt: skip
def test_i17_an_image_smaller_than_the_window(command: Words, words: Words) -> None:
    """An image or a map that is smaller than the filter or the pool's window."""
    Path("a.csv").write_text("1,2,3\n4,5,6\n")
    Path("b.csv").write_text("1,2,3\n4,5,7\n9,8,7\n")
    refused(*command, says=("convtool: a.csv", *words))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"1,2\n3\n", ("row 2", "has 1 values", "has 2"), id="csv-ragged"),
        pytest.param(b"1,2\n3,4,5\n", ("row 2", "has 3 values", "has 2"), id="csv-long"),
        pytest.param(b"\n \n\t\n", ("no numbers",), id="csv-blank"),
        pytest.param(b"1,2\n3,x\n", ("row 2 column 2", '"x"'), id="csv-text"),
        pytest.param(b"1,2\n3,\n", ("row 2 column 2", "empty cell"), id="csv-empty-cell"),
        pytest.param(b"1,2\n3,nan\n", ("row 2 column 2", '"nan"'), id="csv-nan"),
        pytest.param(b"1,2\n3,1e999\n", ("row 2 column 2", '"1e999"'), id="csv-infinity"),
        pytest.param(b"a,b\n1,2\n", ("row 1 column 1", '"a"', "header line"), id="csv-header"),
        pytest.param(b"1;2\n3;4\n", ("row 1 column 1", "commas"), id="csv-semicolons"),
        pytest.param(b"[[1, 2], [3]]", ("row 2", "has 1 values", "has 2"), id="json-ragged"),
        pytest.param(b"[]", ("empty list",), id="json-empty"),
        pytest.param(b"[[1, 2], []]", ("row 2", "has 0 values", "has 2"), id="json-empty-row"),
        pytest.param(b'[[1, 2], [3, "4"]]', ("row 2 column 2", '"4"'), id="json-text"),
        pytest.param(b"[[1, 2], [3, NaN]]", ("row 2 column 2", "NaN"), id="json-nan"),
        pytest.param(b"[[1, 2], [3, 4]", ("line 1 column",), id="json-cut"),
        pytest.param(b'{"weights": [[1]]}', ("JSON object", "filter", "list of rows"), id="json-object"),
    ],
)
def test_i18_a_matrix_that_is_none(content: bytes, words: Words) -> None:
    """A CSV or JSON matrix that is ragged, empty, has text or a header line."""
    refused_image(content, *words, name="bad.csv")


@each_command
def test_i18_a_matrix_that_is_none_for_any_command(reader: Reader) -> None:
    """A ragged CSV matrix, given to the other commands."""
    refused_image(b"1,2\n3\n", "row 2", "has 1 values", "has 2", name="bad.csv", reader=reader)


@pytest.mark.parametrize("what", ["image", pytest.param("filter", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "word"),
    [("/dev/null", "device"), ("/dev/zero", "device"), ("./folder", "folder"), ("./socket", "socket"),
     ("./missing.png", "No such file"), ("good.csv/a.png", "Not a directory"), ("./loop", "symbolic links")],
)  # fmt: skip
def test_i19_what_is_no_file(name: str, word: str, what: str) -> None:
    """A device, a folder, a socket or nothing at all, given as an image or as a filter."""
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        Path("good.csv").write_text("1,2\n3,4\n")
        command = converting(name) if what == "image" else filtering(name)
        refused(*command, says=(f"convtool: {name}: ", word))


@every_reader
def test_i19_what_is_no_file_for_any_command(reader: Reader) -> None:
    """A device, given to every command that reads an image."""
    refused(*reader("/dev/null"), says=("convtool: /dev/null: ", "device"))


@pytest.mark.parametrize("reader", [finding, learning, recovering_by])
def test_i19_no_permission_for_any_command(reader: Reader) -> None:
    """A file that may not be read, given to the other commands."""
    Path("secret.csv").write_text("1,2\n3,4\n")
    Path("secret.csv").chmod(0)
    says = ("convtool: secret.csv: ", "Permission denied")
    refused(*reader("secret.csv"), says=says, preexec_fn=bound_by_permissions)


def test_i19_a_pipe_is_searched() -> None:
    """A pipe of the shell's by its name in /dev is an image to find in, to learn from and to recover by."""
    Path("one.json").write_text("[[1]]")
    content = hm.gray_png(np.array(SHORTS, np.uint16))
    records = done("find", "/dev/stdin", "-f", "one.json", "--json", stdin=content).records
    assert [(r["y"], r["x"], r["score"]) for r in records] == [(1, 2, 65535)]
    command = ("--patch", "/dev/stdin@0,0,2,2", "-o", "-", "-q")
    assert json.loads(done("learn", *command, stdin=content).out)["meta"]["patches"] == [command[1]]
    Path("shorts.csv").write_text("0,255,256\n257,65534,65535\n")
    command = ("shorts.csv", "/dev/stdin", "--size", "1", "-o", "f.json", "--json")
    assert done("recover", *command, stdin=content).record["weights"] == [[1]]


@pytest.mark.parametrize("what", ["image", "filter"])
@pytest.mark.parametrize("barred", ["secret.json", "cellar"])
def test_i19_no_permission(what: str, barred: str) -> None:
    """A file that may not be read, or a folder that may not be entered."""
    Path("cellar").mkdir()
    name = "secret.json" if barred == "secret.json" else "cellar/a.json"
    Path(name).write_text("[[1]]")
    command = converting(name) if what == "image" else filtering(name)
    Path(barred).chmod(0)
    try:
        refused(*command, says=(f"convtool: {name}: ", "Permission denied"), preexec_fn=bound_by_permissions)
    finally:
        Path(barred).chmod(0o700)


def test_i19_a_pipe_is_read() -> None:
    """A FIFO, or a pipe of the shell's by its name in /dev, is read like standard input."""
    os.mkfifo("pipe.png")
    content = hm.gray_png(np.array(SHORTS, np.uint16))
    writer = threading.Thread(target=Path("pipe.png").write_bytes, args=[content])
    writer.start()
    try:
        record = done("show", "pipe.png", "--json").record
    finally:
        writer.join()
    assert (record["input"], record["values"]) == ("pipe.png", SHORTS)
    assert done("show", "/dev/stdin", "--json", stdin=content).record["values"] == SHORTS
