"""Images of every kind against the values their bytes were made from, and what is noticed or refused."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import threading
import tracemalloc
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from convtool.errors import ArgumentError, InputError, LimitError, NoticeWarning
from convtool.io import images, npy
from convtool.io.images import Image, load_image, read_image
from convtool.io.limits import Limits
from tests.io import handmade as hm
from tests.io.handmade import decoded
from tests.strategies import REAL_TYPES
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from tests.io.conftest import Write

RNG = np.random.default_rng(7)
BYTES = RNG.integers(0, 256, (5, 7), np.uint8)
SHORTS = RNG.integers(0, 65536, (5, 7), np.uint16)
GRAYS = RNG.permutation(np.arange(256, dtype=np.uint8)).reshape(16, 16)
COLOURS = RNG.integers(0, 256, (5, 7, 3), np.uint8)
SHORTS[0, :3] = 255, 256, 65535

PLTE = hm.chunk(b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))


def assert_image(image: Image, values: ArrayLike, maximum: float | None) -> None:
    assert image.values.dtype == np.float32
    assert image.values.flags.writeable
    assert image.values.flags.c_contiguous
    assert_equal(image.values, np.asarray(values, np.float32))
    assert image.maximum == maximum
    unit = image.unit()
    assert_equal(unit.values, image.values / np.float32(maximum or 1))
    assert unit.maximum is None


def planar(colours: NDArray[Any]) -> NDArray[Any]:
    return colours.transpose(2, 0, 1)


def saved(picture: PIL.Image.Image, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format_, **options)
    return stream.getvalue()


def picture_of(values: NDArray[Any]) -> PIL.Image.Image:
    return PIL.Image.fromarray(values)


def pgm(magic: str, maximum: int, values: list[int]) -> bytes:
    """One row of gray: P2 as text, P5 as bytes."""
    head = f"{magic}\n# made by hand\n{len(values)} 1\n{maximum}\n".encode()
    if magic == "P2":
        return head + " ".join(map(str, values)).encode()
    return head + np.array(values, ">u2" if maximum > 255 else "u1").tobytes()


class TestGray:
    @pytest.mark.parametrize(
        ("content", "values", "maximum"),
        [
            pytest.param(hm.png(4, 1, hm.GRAY, [b"\xa0"]), [[1, 0, 1, 0]], 1, id="png-1"),
            pytest.param(hm.png(4, 2, hm.GRAY, [b"\x1b"]), [[0, 1, 2, 3]], 3, id="png-2"),
            pytest.param(
                hm.png(16, 4, hm.GRAY, [bytes.fromhex("0123456789abcdef")]), [range(16)], 15, id="png-4"
            ),
            pytest.param(hm.gray_png(BYTES), BYTES, 255, id="png-8"),
            pytest.param(hm.gray_png(SHORTS), SHORTS, 65535, id="png-16"),
            pytest.param(hm.tiff(b"\xa0", width=4, height=1, bits=1), [[1, 0, 1, 0]], 1, id="tiff-1"),
            pytest.param(hm.tiff(b"\x1b", width=4, height=1, bits=2), [[0, 1, 2, 3]], 3, id="tiff-2"),
            pytest.param(
                hm.tiff(bytes.fromhex("0123456789abcdef"), width=16, height=1, bits=4),
                [range(16)],
                15,
                id="tiff-4",
            ),
            pytest.param(hm.gray_tiff(BYTES), BYTES, 255, id="tiff-8"),
            pytest.param(
                hm.gray_tiff(np.array([[-128, -1, 0, 127]], "i1")), [[-128, -1, 0, 127]], 127, id="tiff-int8"
            ),
            pytest.param(hm.gray_tiff(SHORTS.astype("<u2")), SHORTS, 65535, id="tiff-16-little"),
            pytest.param(hm.gray_tiff(SHORTS.astype(">u2")), SHORTS, 65535, id="tiff-16-big"),
            pytest.param(
                hm.gray_tiff(np.array([[-32768, -1, 32767]], "<i2")),
                [[-32768, -1, 32767]],
                32767,
                id="tiff-int16-little",
            ),
            pytest.param(
                hm.gray_tiff(np.array([[-32768, -1, 32767]], ">i2")),
                [[-32768, -1, 32767]],
                32767,
                id="tiff-int16-big",
            ),
            pytest.param(
                hm.gray_tiff(np.array([[0, 1, 3 * 2**30]], "<u4")),
                [[0, 1, 3 * 2**30]],
                2**32 - 1,
                id="tiff-uint32",
            ),
            pytest.param(
                hm.gray_tiff(np.array([[-5, 2**24]], ">i4")), [[-5, 2**24]], 2**31 - 1, id="tiff-int32"
            ),
            pytest.param(
                hm.gray_tiff(np.array([[-1.5, 1e-3]], "<f4")), [[-1.5, 1e-3]], None, id="tiff-float-little"
            ),
            pytest.param(
                hm.gray_tiff(np.array([[-1.5, 1e-3]], ">f4")), [[-1.5, 1e-3]], None, id="tiff-float-big"
            ),
            pytest.param(b"P1\n3 2\n1 0 1\n010\n", [[0, 1, 0], [1, 0, 1]], 1, id="pbm-text"),
            pytest.param(b"P4\n3 2\n\xa0\x40", [[0, 1, 0], [1, 0, 1]], 1, id="pbm-bytes"),
            *(
                pytest.param(pgm(magic, top, row), [row], top, id=f"{magic}-{top}")
                for magic in ("P2", "P5")
                for top, row in {
                    1: [0, 1],
                    15: [*range(16)],
                    127: [*range(128)],
                    255: [0, 1, 128, 255],
                    1023: [0, 1, 300, 511, 512, 1022, 1023],
                    40000: [0, 1, 19999, 20000, 39999, 40000],
                    65535: [0, 1, 255, 256, 65534, 65535],
                }.items()
            ),
            pytest.param(
                b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 1.5, -2e9), [[1.5, -2e9]], None, id="pfm-little"
            ),
            pytest.param(b"Pf\n2 1\n1.0\n" + struct.pack(">2f", 1.5, -2), [[1.5, -2]], None, id="pfm-big"),
            pytest.param(saved(picture_of(BYTES), "BMP"), BYTES, 255, id="bmp-8"),
            pytest.param(saved(picture_of(GRAYS), "GIF"), GRAYS, 255, id="gif-8"),
            pytest.param(saved(picture_of(BYTES > 99), "BMP"), BYTES > 99, 1, id="bmp-1"),
            pytest.param(
                saved(picture_of(BYTES), "TIFF", compression="tiff_lzw"), BYTES, 255, id="tiff-8-lzw"
            ),
            pytest.param(
                saved(picture_of(SHORTS), "TIFF", compression="tiff_adobe_deflate"),
                SHORTS,
                65535,
                id="tiff-16-deflate",
            ),
        ],
    )
    def test_values_are_as_stored(self, content: bytes, values: ArrayLike, maximum: float | None) -> None:
        image = decoded(content)
        assert_image(image, values, maximum)
        assert (image.colour, image.picture, image.notices) == (False, True, ())

    @pytest.mark.parametrize("suffix", ["png", "tiff"])
    @pytest.mark.parametrize("values", [BYTES, SHORTS], ids=["8", "16"])
    def test_files_of_opencv(self, suffix: str, values: NDArray[Any]) -> None:
        _, content = cv2.imencode(f".{suffix}", values)
        assert_image(decoded(content.tobytes()), values, np.iinfo(values.dtype).max)

    @given(values=hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)))
    def test_sixteen_bits_stay_sixteen_bits(self, values: NDArray[np.uint16]) -> None:
        for content in (
            hm.gray_png(values),
            hm.gray_tiff(values.astype("<u2")),
            hm.gray_tiff(values.astype(">u2")),
            saved(picture_of(values), "PNG"),
            saved(picture_of(values), "TIFF"),
        ):
            assert_image(decoded(content), values, 65535)


class TestColour:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(hm.colour_png(COLOURS), id="png"),
            pytest.param(saved(picture_of(COLOURS), "TIFF"), id="tiff"),
            pytest.param(saved(picture_of(COLOURS), "BMP"), id="bmp"),
            pytest.param(saved(picture_of(COLOURS), "WEBP", lossless=True), id="webp"),
            pytest.param(saved(picture_of(COLOURS), "PPM"), id="ppm"),
            pytest.param(
                b"P3\n7 5\n255\n" + " ".join(map(str, COLOURS.ravel().tolist())).encode(), id="ppm-text"
            ),
            pytest.param(cv2.imencode(".png", COLOURS[..., ::-1])[1].tobytes(), id="opencv"),
        ],
    )
    def test_rgb(self, content: bytes) -> None:
        image = decoded(content)
        assert_image(image, planar(COLOURS), 255)
        assert (image.colour, image.picture, image.notices) == (True, True, ())

    def test_ppm_of_few_levels(self) -> None:
        assert_image(decoded(b"P6\n2 1\n15\n\0\1\7\x08\x0e\x0f"), [[[0, 8]], [[1, 14]], [[7, 15]]], 15)

    @pytest.mark.parametrize(
        ("depth", "row"), [(1, b"\x40"), (2, b"\x18"), (4, b"\x01\x20"), (8, b"\x00\x01\x02")]
    )
    def test_palette_becomes_rgb(self, depth: int, row: bytes) -> None:
        indices = [0, 1, 0] if depth == 1 else [0, 1, 2]
        palette = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]])
        image = decoded(hm.png(3, depth, hm.PALETTE, [row], PLTE))
        assert_image(image, planar(palette[[indices]]), 255)
        assert (image.colour, image.notices) == (True, ())

    @pytest.mark.parametrize(("palette", "colours"), [([PLTE], 3), ([], 0)])
    def test_palette_that_lacks_a_colour_is_refused(self, palette: list[bytes], colours: int) -> None:
        content = hm.png(2, 8, hm.PALETTE, [b"\0\3"], *palette)
        with pytest.raises(InputError, match=f"a pixel has colour 3 .* of a palette that holds {colours}$"):
            decoded(content)

    @given(
        colours=hnp.arrays(
            np.uint8,
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=8).map(lambda shape: (*shape, 3)),
        )
    )
    def test_luma_is_that_of_pillow(self, colours: NDArray[np.uint8]) -> None:
        luma = decoded(hm.colour_png(colours)).luma()
        assert_image(luma, np.asarray(picture_of(colours).convert("L")), 255)
        assert not luma.colour

    def test_luma_of_every_primary(self) -> None:
        half = [0, 52, 184]  # its weighted sum lies halfway between 51 and 52
        colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], half]], np.uint8)
        assert_equal(decoded(hm.colour_png(colours)).luma().values, np.array([[76, 150, 29, 255, 52]]))

    def test_luma_leaves_gray_alone(self) -> None:
        image = decoded(hm.gray_png(SHORTS))
        assert image.luma() is image

    def test_luma_is_computed_once(self) -> None:
        image = decoded(hm.colour_png(COLOURS))
        assert image.luma() is image.luma()
        half = replace(image, values=image.values // 2)
        assert_equal(half.luma().values, np.asarray(picture_of(COLOURS // 2).convert("L")))
        assert image.unit().luma() is not image.luma()


class TestGivenUp:
    @pytest.mark.parametrize(
        ("content", "values"),
        [
            pytest.param(hm.png(2, 8, hm.GRAY_ALPHA, [b"\7\xff\x09\0"]), [[7, 9]], id="la"),
            pytest.param(
                hm.png(1, 8, hm.RGBA, [b"\1\2\3\0"]), [[[1]], [[2]], [[3]]], id="rgba-over-hidden-colour"
            ),
            pytest.param(
                hm.png(1, 8, hm.RGB, [b"\1\2\3"], hm.chunk(b"tRNS", b"\0\1\0\2\0\3")),
                [[[1]], [[2]], [[3]]],
                id="rgb-trns",
            ),
            pytest.param(
                hm.png(1, 8, hm.PALETTE, [b"\1"], PLTE, hm.chunk(b"tRNS", b"\0\x80")),
                [[[40]], [[50]], [[60]]],
                id="palette-trns",
            ),
            pytest.param(
                hm.png(4, 1, hm.GRAY, [b"\xa0"], hm.chunk(b"tRNS", b"\0\1")), [[1, 0, 1, 0]], id="1-bit-trns"
            ),
            pytest.param(
                hm.png(4, 2, hm.GRAY, [b"\x1b"], hm.chunk(b"tRNS", b"\0\1")), [[0, 1, 2, 3]], id="2-bit-trns"
            ),
            pytest.param(hm.gray_png(BYTES, hm.chunk(b"tRNS", b"\0\1")), BYTES, id="8-bit-trns"),
            pytest.param(hm.gray_png(SHORTS, hm.chunk(b"tRNS", b"\0\1")), SHORTS, id="16-bit-trns"),
            pytest.param(
                saved(PIL.Image.new("RGBA", (1, 1), (9, 8, 7, 1)), "WEBP", lossless=True, exact=True),
                [[[9]], [[8]], [[7]]],
                id="webp",
            ),
            pytest.param(
                saved(PIL.Image.new("RGBA", (1, 1), (9, 8, 7, 1)), "TIFF"), [[[9]], [[8]], [[7]]], id="tiff"
            ),
            pytest.param(saved(PIL.Image.new("LA", (1, 1), (9, 1)), "TIFF"), [[9]], id="tiff-la"),
        ],
    )
    def test_alpha_is_dropped_with_a_notice(self, content: bytes, values: ArrayLike) -> None:
        image = decoded(content)
        assert_equal(image.values, np.asarray(values))
        assert image.colour == (np.ndim(values) == 3)
        assert image.notices == ("alpha is dropped",)

    @pytest.mark.parametrize(
        ("content", "mode", "values"),
        [
            (hm.png(1, 16, hm.RGB, [b"\1\xff\2\xff\3\0"]), "RGB", [[[1]], [[2]], [[3]]]),
            (hm.png(1, 16, hm.RGBA, [b"\1\xff\2\xff\3\0\0\0"]), "RGBA", [[[1]], [[2]], [[3]]]),
            (hm.png(2, 16, hm.GRAY_ALPHA, [b"\1\xff\xff\xff\7\0\0\0"]), "LA", [[1, 7]]),
        ],
    )
    def test_sixteen_bit_png_of_more_channels_keeps_eight(
        self, content: bytes, mode: str, values: ArrayLike
    ) -> None:
        image = decoded(content)
        assert_image(image, values, 255)
        assert image.colour == (mode != "LA")
        alpha = ("alpha is dropped",) if "A" in mode else ()
        assert image.notices == (*alpha, f"16-bit {mode} is reduced to 8 bits")

    def test_sixteen_bit_colour_tiff_keeps_eight(self) -> None:
        _, content = cv2.imencode(".tiff", (COLOURS.astype(np.uint16) << 8 | 200)[..., ::-1])
        image = decoded(content.tobytes())
        assert_image(image, planar(COLOURS), 255)
        assert image.notices == ("16-bit RGB is reduced to 8 bits",)

    def test_ppm_of_many_levels_keeps_eight_bits(self) -> None:
        image = decoded(b"P3\n1 1\n1023\n0 512 1023\n")
        assert_image(image, [[[0]], [[128]], [[255]]], 255)
        assert image.notices == ("10-bit RGB is reduced to 8 bits",)

    def test_cmyk_is_converted(self) -> None:
        cyan, magenta, yellow, black = 255 * np.eye(4, dtype=np.uint8)
        inks = np.array([[0 * black, cyan, magenta, yellow, black]])
        image = decoded(saved(PIL.Image.fromarray(inks, "CMYK"), "TIFF"))
        expected = [[255] * 3, [0, 255, 255], [255, 0, 255], [255, 255, 0], [0] * 3]
        assert_image(image, planar(np.array([expected])), 255)
        assert (image.colour, image.notices) == (True, ("CMYK is converted to RGB",))

    @pytest.mark.parametrize("mode", ["YCbCr", "LAB"])
    def test_other_colour_spaces_are_converted_as_pillow_does(self, mode: str) -> None:
        picture = PIL.Image.frombytes(mode, (7, 5), COLOURS.tobytes())
        image = decoded(saved(picture, "TIFF"))
        assert_image(image, planar(np.asarray(picture.convert("RGB"))), 255)
        assert (image.colour, image.notices) == (True, (f"{mode} is converted to RGB",))

    def test_several_losses_are_noticed_each(self) -> None:
        orientation = hm.chunk(b"eXIf", hm.exif(12))
        image = decoded(hm.png(1, 16, hm.RGBA, [bytes(8)], orientation))
        assert image.notices == (
            "EXIF orientation 12 is not one of 1 to 8 and is ignored",
            "alpha is dropped",
            "16-bit RGBA is reduced to 8 bits",
        )

    def test_load_image_warns(self, write: Write) -> None:
        path = write(hm.png(1, 8, hm.GRAY_ALPHA, [b"\7\xff"]))
        with pytest.warns(NoticeWarning, match=f"^{re.escape(str(path))}: alpha is dropped$") as caught:
            assert_equal(load_image(path), np.array([[7]]))
        assert caught[0].filename == __file__

    def test_strict_refuses(self, write: Write) -> None:
        path = write(hm.png(1, 8, hm.GRAY_ALPHA, [b"\7\xff"]))
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}: alpha is dropped$"):
            load_image(path, strict=True)

    def test_standard_input_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stdin = io.BytesIO(hm.png(1, 8, hm.GRAY_ALPHA, [b"\7\xff"]))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
        with pytest.warns(NoticeWarning, match=r"^stdin: alpha is dropped$"):
            assert_equal(load_image("-"), np.array([[7]]))
        stdin.seek(0)
        with pytest.raises(InputError, match=r"^stdin: alpha is dropped$"):
            load_image("-", strict=True)

    def test_strict_takes_what_loses_nothing(self, write: Write) -> None:
        assert_equal(load_image(write(hm.gray_png(SHORTS)), strict=True), SHORTS)


# EXIF 2.32, tag 0x0112: on which side of the upright picture the stored first row and column lie.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored_as(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """What a camera that turned so stores of an upright picture ``(H, W, …)``."""
    row_side, column_side = SIDES[orientation]
    stored = upright.swapaxes(0, 1) if row_side in ("left", "right") else upright
    if row_side in ("bottom", "right"):
        stored = stored[::-1]
    if column_side in ("bottom", "right"):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


@pytest.mark.parametrize("orientation", SIDES)
class TestOrientation:
    def test_png(self, orientation: int) -> None:
        tag = hm.chunk(b"eXIf", hm.exif(orientation))
        assert_image(decoded(hm.gray_png(stored_as(SHORTS, orientation), tag)), SHORTS, 65535)
        colour = decoded(hm.colour_png(stored_as(COLOURS, orientation), tag))
        assert_image(colour, planar(COLOURS), 255)
        assert colour.notices == ()

    def test_few_bits(self, orientation: int) -> None:
        upright = np.array([[0, 1, 2, 3], [3, 3, 0, 1]], np.uint8)
        stored = stored_as(upright, orientation)
        shifts = 6 - 2 * np.arange(stored.shape[1])
        rows = [bytes([sum(row << shifts)]) for row in stored]
        tag = hm.chunk(b"eXIf", hm.exif(orientation))
        assert_image(decoded(hm.png(stored.shape[1], 2, hm.GRAY, rows, tag)), upright, 3)

    @pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">i4"])
    def test_tiff(self, orientation: int, dtype: str) -> None:
        stored = stored_as(BYTES, orientation).astype(dtype)
        image = decoded(hm.gray_tiff(stored, orientation=orientation))
        assert_equal(image.values, BYTES)
        assert image.notices == ()

    def test_webp(self, orientation: int) -> None:
        stored = picture_of(stored_as(COLOURS, orientation))
        content = saved(stored, "WEBP", lossless=True, exif=hm.exif(orientation))
        assert_image(decoded(content), planar(COLOURS), 255)

    def test_jpeg(self, orientation: int) -> None:
        blocks = np.kron(np.array([[0, 85, 170], [255, 40, 200]], np.uint8), np.ones((8, 8), np.uint8))
        stored = picture_of(stored_as(blocks, orientation))
        content = saved(stored, "JPEG", quality=100, exif=b"Exif\0\0" + hm.exif(orientation))
        assert_image(decoded(content), blocks, 255)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientation_that_is_none_is_ignored_with_a_notice(orientation: int) -> None:
    notice = f"EXIF orientation {orientation} is not one of 1 to 8 and is ignored"
    for content in (
        hm.gray_png(BYTES, hm.chunk(b"eXIf", hm.exif(orientation))),
        hm.gray_tiff(BYTES, orientation=orientation),
    ):
        image = decoded(content)
        assert_equal(image.values, BYTES)
        assert image.notices == (notice,)


def test_damaged_exif_is_ignored_with_a_notice() -> None:
    image = decoded(hm.gray_png(BYTES, hm.chunk(b"eXIf", b"garbage")))
    assert_equal(image.values, BYTES)
    assert image.notices == ("its EXIF data is damaged and is ignored",)


class TestFrames:
    gif = saved(picture_of(GRAYS), "GIF", save_all=True, append_images=[picture_of(GRAYS[::-1])])
    tiff = saved(picture_of(GRAYS), "TIFF", save_all=True, append_images=[picture_of(SHORTS[:2])])

    @pytest.mark.parametrize("content", [gif, tiff], ids=["gif", "tiff"])
    def test_the_first_is_taken_with_a_notice(self, content: bytes) -> None:
        image = decoded(content)
        assert_image(image, GRAYS, 255)
        assert image.notices == ("frame 0 of 2 is used; choose another with --frame",)

    @pytest.mark.parametrize("content", [gif, tiff], ids=["gif", "tiff"])
    def test_one_that_is_asked_for_is_not_noticed(self, content: bytes) -> None:
        assert_image(decoded(content, frame=0), GRAYS, 255)
        assert decoded(content, frame=0).notices == ()

    def test_another(self, write: Write) -> None:
        assert_equal(decoded(self.gif, frame=1).luma().values, GRAYS[::-1])
        assert_image(decoded(self.tiff, frame=1), SHORTS[:2], 65535)
        assert_equal(load_image(write(self.tiff), frame=1), SHORTS[:2])

    @pytest.mark.parametrize(("content", "frames"), [(gif, 2), (hm.gray_png(BYTES), 1)], ids=["gif", "png"])
    @pytest.mark.parametrize("frame", [-1, 2])
    def test_one_that_is_not_there(self, content: bytes, frames: int, frame: int) -> None:
        with pytest.raises(
            InputError, match=rf"^it has {frames} frame\(s\), counted from 0; --frame {frame} is not among"
        ):
            decoded(content, frame=frame)


class TestMatrices:
    @pytest.mark.parametrize("fortran", [False, True], ids=["C", "Fortran"])
    @pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)], ids=str)
    @pytest.mark.parametrize("dtype", REAL_TYPES)
    def test_npy(self, dtype: str, version: tuple[int, int], fortran: bool) -> None:
        kind = np.dtype(dtype)
        values = np.array([[0, 1, 2], [100, 7, 1]]).astype(kind)
        if kind.kind in "if":
            values[1, 1] = -7
        maximum = None if kind.kind == "f" else 1 if kind.kind == "b" else np.iinfo(kind).max
        image = decoded(hm.npy_of(np.asarray(values, order="F" if fortran else "C"), version))
        assert_image(image, values, maximum)
        assert (image.colour, image.picture, image.notices) == (False, False, ())

    def test_float32_is_read_without_a_copy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read = []

        def noted(*arguments: Any) -> NDArray[Any]:
            read.append(npy.read_values(*arguments))
            return read[0]

        monkeypatch.setattr(images, "npy", SimpleNamespace(**{**vars(npy), "read_values": noted}))
        image = decoded(hm.npy_of(SHORTS.astype(np.float32)))
        assert image.values is read[0]

    def test_three_axes_are_channel_height_width(self) -> None:
        values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)[..., :2]
        assert_image(decoded(hm.npy_of(values)), values, None)
        assert_image(decoded(b"[[[1, 2]], [[3, 4]]]"), [[[1, 2]], [[3, 4]]], None)

    @pytest.mark.parametrize("shape", [(3, 5, 7), (3, 4, 5), (8, 3, 2), (4, 4, 1)])
    def test_the_first_axis_is_the_channels(self, shape: tuple[int, ...]) -> None:
        values = np.zeros(shape, np.uint8)
        assert_image(decoded(hm.npy_of(values)), values, 255)

    @pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7, 4), (480, 640, 3), (3, 9, 3)])
    def test_channels_last_are_refused_with_a_hint(self, shape: tuple[int, ...]) -> None:
        message = f"an array of shape {shape}, it seems with channels last; an image is (C, H, W): use a.tr"
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            decoded(hm.npy_of(np.zeros(shape, np.uint8)))

    @pytest.mark.parametrize("shape", [(), (3,), (1, 1, 2, 2)])
    def test_other_numbers_of_axes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputError, match=re.escape(f"array of shape {shape}; an image is (H, W) or (C")):
            decoded(hm.npy_of(np.zeros(shape)))

    @pytest.mark.parametrize("text", ["[1, 2]", "[[[[1]]]]"])
    def test_other_numbers_of_axes_in_json_are_refused(self, text: str) -> None:
        with pytest.raises(InputError, match=r"^an array of shape .*; an image is \(H, W\) or \(C, H, W\)$"):
            decoded(text.encode())

    @pytest.mark.parametrize(
        "text",
        [
            "1,2.5\n-3,4e2\n",
            "1, 2.5\r\n-3 ,+400\r\n",
            "\ufeff1,2.5\n\n-3,400.0",
            "[[1, 2.5], [-3, 4e2]]",
            "\ufeff [[1, 2.5],\n [-3, 400]]\n",
            "\n" * 200 + "[[1, 2.5], [-3, 400]]",
        ],
    )
    def test_text(self, text: str) -> None:
        assert_image(decoded(text.encode()), [[1, 2.5], [-3, 400]], None)

    def test_one_number(self) -> None:
        assert_image(decoded(b"5"), [[5]], None)
        assert_image(decoded(b"[[5]]"), [[5]], None)

    def test_an_object_is_no_image(self) -> None:
        with pytest.raises(InputError, match=r"^a JSON object, perhaps a filter file; an image in JSON is"):
            decoded(b'{"weights": [[1]]}')

    def test_unit_leaves_real_numbers_alone(self, write: Write) -> None:
        values = np.array([[0, 300.5]], np.float32)
        assert_equal(load_image(write(hm.npy_of(values)), scale="unit"), values)


class TestBeyondFloat32:
    @pytest.mark.parametrize(
        ("values", "count"),
        [
            (np.array([[2**24, 2**25, -(2**31)]], np.int32), 0),
            (np.array([[2**24 + 1, 2**24 + 2, -(2**24) - 1]], np.int32), 2),
            (np.array([[2**53 + 1, -(2**53) - 1, 2**62, -(2**63), 0]], np.int64), 2),
            (np.array([[2**63 - 1]], np.int64), 1),
            (np.array([[2**64 - 1, 2**63, 0]], np.uint64), 1),
            (np.array([[2**24 + 1, 2**24 + 2, 0.1, 2**24 - 0.5]], np.float64), 1),
            (np.array([[3.4e38, 0.1]], np.float32), 0),
        ],
    )
    def test_whole_numbers_that_change_are_noticed(self, values: NDArray[Any], count: int) -> None:
        image = decoded(hm.npy_of(values))
        assert_equal(image.values, values.astype(np.float32))
        notice = f"{count} whole number(s) beyond 2^24 rounded to float32"
        assert image.notices == ((notice,) if count else ())

    @pytest.mark.parametrize(
        "content",
        [b"16777217,5", b"[[16777217, 5]]", hm.gray_tiff(np.array([[16777217, 5]], "<i4"))],
        ids=["csv", "json", "tiff"],
    )
    def test_wherever_they_come_from(self, content: bytes) -> None:
        image = decoded(content)
        assert_equal(image.values, np.array([[16777216, 5]]))
        assert image.notices == ("1 whole number(s) beyond 2^24 rounded to float32",)

    @pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_nan_and_infinity_are_refused_with_their_place(self, dtype: str, value: float) -> None:
        values = np.zeros((2, 3, 5), dtype)
        values[1, 2, 4] = values[1, 2, 3] = value
        place = "channel 1 row 2 column 3"
        with pytest.raises(InputError, match=rf"^{value} at {place} \(from 0\); every value must be finite"):
            decoded(hm.npy_of(values))
        with pytest.raises(InputError, match=rf"^{value} at row 2 column 3 \(from 0\); every value must be"):
            decoded(hm.npy_of(values[1]))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_in_a_float_tiff(self, value: float) -> None:
        with pytest.raises(InputError, match=rf"^{value} at row 1 column 0 \(from 0\); every value must be"):
            decoded(hm.gray_tiff(np.array([[0, 1], [value, 2]], "<f4")))

    def test_what_float32_cannot_hold_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"^1e\+39 at row 0 column 1 \(from 0\); every value must be"):
            decoded(hm.npy_of(np.array([[1, 1e39]])))
        with pytest.raises(InputError, match=r"^1e\+39 at row 0 column 1 \(from 0\); every value must be"):
            decoded(b"1,1e39")


class TestLoading:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (hm.gray_png(BYTES), "picture.jpg"),
            (hm.gray_png(BYTES), "picture"),
            (hm.npy_of(BYTES), "array.png"),
            (hm.gray_tiff(BYTES), "table.csv"),
            (str(BYTES.tolist()), "pickle.npy"),
            (str(BYTES.tolist()), "json"),
            ("\n".join(",".join(map(str, row)) for row in BYTES.tolist()), "table.json"),
        ],
    )
    def test_the_content_decides_not_the_suffix(self, write: Write, content: bytes | str, name: str) -> None:
        assert_equal(load_image(write(content, name)), BYTES)
        assert_equal(load_image(str(write(content, name))), BYTES)

    def test_channels(self, write: Write) -> None:
        path = write(hm.colour_png(COLOURS))
        assert_equal(load_image(path, channels="rgb"), planar(COLOURS))
        assert_equal(load_image(path), np.asarray(picture_of(COLOURS).convert("L")))

    def test_scale(self, write: Write) -> None:
        path = write(hm.gray_png(SHORTS))
        assert_equal(load_image(path, scale="unit"), SHORTS.astype(np.float32) / np.float32(65535))
        colours = load_image(write(hm.colour_png(COLOURS)), channels="rgb", scale="unit")
        assert_equal(colours, planar(COLOURS).astype(np.float32) / np.float32(255))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"channels": "gray"}, "channels is 'gray'; choose 'luma' or 'rgb'"),
            ({"scale": "auto"}, "scale is 'auto'; choose 'stored' or 'unit'"),
        ],
    )
    def test_options_that_are_none(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ArgumentError, match=f"^{message}$"):
            load_image("absent.png", **options)

    def test_pillow_is_left_as_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 5)
        decoded(hm.gray_png(BYTES))
        with pytest.raises(InputError, match="neither a picture nor a matrix"):
            decoded(b"\xff")
        assert PIL.Image.MAX_IMAGE_PIXELS == 5
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            decoded(hm.gray_png(BYTES))
        assert caught == []

    def test_a_fifo_is_read_like_a_file(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_bytes, args=[hm.gray_png(SHORTS)])
        writer.start()
        try:
            assert_equal(load_image(fifo), SHORTS)
        finally:
            writer.join()


class TestPixelLimit:
    huge = hm.SIGNATURE + hm.header(100_000, 100_000) + hm.chunk(b"IEND", b"")

    @pytest.mark.parametrize(
        "content",
        [
            hm.gray_png(BYTES),
            hm.gray_tiff(BYTES),
            saved(picture_of(BYTES), "GIF"),
            hm.npy_of(BYTES),
            str(BYTES.tolist()).encode(),
            b"\n".join(b"1,2,3,4,5,6,7" for _ in range(5)),
        ],
        ids=["png", "tiff", "gif", "npy", "json", "csv"],
    )
    def test_more_pixels_are_refused(self, content: bytes) -> None:
        assert decoded(content, limits=Limits(35)).values.shape[-2:] == (5, 7)
        with pytest.raises(
            LimitError,
            match=r"^the image is 5×7, 35 pixels .* limit of 34; raise it with --max-pixels 35 or ",
        ):
            decoded(content, limits=Limits(34))

    def test_pages_are_held_to_it_each(self) -> None:
        content = saved(picture_of(BYTES[:1]), "TIFF", save_all=True, append_images=[picture_of(BYTES)])
        assert decoded(content, limits=Limits(34)).values.shape == (1, 7)
        with pytest.raises(LimitError, match=r"^the image is 5×7, 35 pixels"):
            decoded(content, frame=1, limits=Limits(34))

    def test_what_a_header_claims_is_refused_before_it_is_decoded(self) -> None:
        with pytest.raises(
            LimitError,
            match=r"100000×100000, 10000000000 pixels \(37\.3 GiB as float32\), over the limit of 1",
        ):
            decoded(self.huge)

    @pytest.mark.parametrize(
        ("limit", "content"), [("MAX_JSON_BYTES", b"[[1, 2]]"), ("MAX_TEXT_BYTES", b"1, 2, 3\n")]
    )
    def test_text_has_a_limit_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch, limit: str, content: bytes
    ) -> None:
        monkeypatch.setattr(images, limit, 8)
        assert decoded(content).values.shape[0] == 1
        message = r"^text of 9 bytes is over the limit of 8; convert it to NPY$"
        with pytest.raises(LimitError, match=message):
            decoded(content + b"\n")

    def test_the_environment_sets_it(self, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
        path = write(hm.gray_png(BYTES))
        monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "34")
        with pytest.raises(LimitError, match=f"^{re.escape(str(path))}: the image is 5×7"):
            load_image(path)
        assert read_image(path, limits=Limits(35)).values.shape == (5, 7)
        monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "35")
        assert_equal(load_image(path), BYTES)


UNREADABLE = "begins like a picture, but is damaged or of an unknown kind; save it as PNG or NPY"


def one_line(error: pytest.ExceptionInfo[Any], path: Path) -> None:
    assert str(error.value).startswith(f"{path}: ")
    assert len(str(error.value).splitlines()) == 1


class TestNoImage:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "looks like a PDF; accepted are PNG, JPEG"),
            (b"%PDF-1.7\nplain", "looks like a PDF; accepted are PNG, JPEG"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "looks like PostScript; accepted are"),
            (b"PK\x03\x04\x14\0", "looks like a ZIP archive (NPZ, DOCX, …); accepted are"),
            (b"\x1f\x8b\x08\0", "looks like gzip; accepted are"),
            (b"<svg xmlns='x'/>", "looks like SVG; accepted are"),
            (b"\n <html>", "looks like HTML or XML; accepted are"),
            (b"\x7fELF\2\1", "looks like a program; accepted are"),
            (b"\x89HDF\r\n", "looks like HDF5; accepted are"),
            (b"\x80\x04\x95\0", "looks like a Python pickle; accepted are"),
            (RNG.bytes(1000), "neither a picture nor a matrix; accepted are PNG"),
            (b"\xff", "neither a picture nor a matrix; accepted are PNG"),
            (bytes(100), "neither a picture nor a matrix; accepted are PNG"),
            ("héllo", "neither a picture nor a matrix; accepted are PNG"),
            (saved(picture_of(COLOURS), "ICO"), "neither a picture nor a matrix; accepted are PNG"),
            (saved(picture_of(COLOURS), "EPS"), "looks like PostScript; accepted are"),
            ("[[1, 2]]".encode("utf-16"), "neither a picture nor a matrix; accepted are PNG"),
            ("hello, world\n", 'row 1 column 1 is "hello", not a finite number; remove the header line'),
            (" \n\n", "holds no numbers; a matrix is a rectangle of numbers"),
            (b"\x93NUMPY", "the NPY header is damaged"),
            (b"P5\n2 x1\n255\n..", "cannot be decoded: it is damaged"),
            (hm.gray_tiff(np.zeros((2, 3), "<f8")), UNREADABLE),
            (b"\xff\xd8\xff\xe0", UNREADABLE),
            (b"GIF89a\0", UNREADABLE),
            (b"RIFF\n\0\0\0WEBP", UNREADABLE),
            ("P5,P6\n", "neither a picture nor a matrix; accepted are PNG"),
            (b"", "it is empty"),
        ],
    )
    def test_what_it_looks_like_is_named(self, write: Write, content: bytes | str, message: str) -> None:
        path = write(content, "picture.png")
        with pytest.raises(InputError, match=f": {re.escape(message)}") as error:
            load_image(path)
        one_line(error, path)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
    @pytest.mark.parametrize("values", [BYTES.repeat(12, 0).repeat(9, 1), COLOURS.repeat(12, 0)], ids="LC")
    @pytest.mark.parametrize(
        ("format_", "options"),
        [
            ("PNG", {}),
            ("JPEG", {}),
            ("JPEG", {"progressive": True}),
            ("TIFF", {}),
            ("TIFF", {"compression": "tiff_lzw"}),
            ("GIF", {}),
            ("BMP", {}),
            ("WEBP", {}),
            ("WEBP", {"lossless": True}),
            ("PPM", {}),
        ],
        ids=lambda value: value if isinstance(value, str) else "-".join(value),
    )
    def test_truncated(
        self, write: Write, format_: str, options: dict[str, Any], values: NDArray[Any], share: float
    ) -> None:
        whole = saved(picture_of(values), format_, **options)
        decoded(whole)
        path = write(whole[: max(12, int(share * len(whole)))])
        with pytest.raises(InputError) as error:
            load_image(path)
        one_line(error, path)
        said = r"the PNG ends .*; it is truncated$|cannot be decoded: |begins like a picture, but is damaged"
        assert re.match(said, error.value.message)
        assert "accepted" not in error.value.message

    @pytest.mark.parametrize("share", [0.5, 0.9])
    @pytest.mark.parametrize("content", [hm.npy_of(SHORTS), b"[" + b"[1,2]," * 9 + b"[1,2]]"])
    def test_truncated_matrix(self, write: Write, content: bytes, share: float) -> None:
        decoded(content)
        path = write(content[: int(share * len(content))])
        with pytest.raises(
            InputError, match=r"the header promises|header is damaged|not valid JSON"
        ) as error:
            load_image(path)
        one_line(error, path)

    @pytest.mark.parametrize(
        ("place", "message"),
        [
            (lambda folder: folder, "it is a folder; name a file"),
            (lambda folder: folder / "absent.png", "cannot be read: No such file or directory"),
            (lambda folder: Path("/dev/zero"), "it is a device or socket; name a file"),
        ],
        ids=["folder", "missing", "device"],
    )
    def test_no_file(self, tmp_path: Path, place: Callable[[Path], Path], message: str) -> None:
        path = place(tmp_path)
        with pytest.raises(InputError, match=f": {message}$") as error:
            load_image(path)
        one_line(error, path)


@pytest.mark.parametrize("kind", [np.uint8, "<u2"])
def test_where_white_is_zero_more_is_brighter_at_any_depth(kind: Any) -> None:
    values = np.array([[0, 10], [200, np.iinfo(kind).max]], kind)
    image = decoded(hm.gray_tiff(values, photometric=0))
    assert_equal(image.values, np.iinfo(kind).max - values.astype(np.float32))


@pytest.mark.parametrize("content", [b"[[1e-60, 0], [2, -1e-50]]", b"1e-60,0\n2,-1e-50\n"])
def test_numbers_too_small_for_float32_are_noticed(content: bytes) -> None:
    image = decoded(content)
    assert_equal(image.values, np.array([[0, 0], [2, 0]]))
    assert image.notices == ("2 number(s) too small for float32 became 0",)


def test_libtiff_writes_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.BytesIO()
    PIL.Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(
        stream, "TIFF", compression="tiff_lzw"
    )
    content = bytearray(stream.getvalue())
    content[8:200] = bytes(192)
    with pytest.raises(InputError):
        decoded(bytes(content))
    assert capfd.readouterr() == ("", "")
    with PIL.Image.open(io.BytesIO(content)) as picture, suppress(Exception):
        picture.load()
    assert capfd.readouterr().err  # which Pillow alone would have let through


def test_a_gif_whose_first_frame_claims_more_than_its_screen_takes_no_memory() -> None:
    start = b"GIF89a\x04\0\x04\0\x80\0\0" + bytes(6) + b"!\xf9\x04\x08\0\0\0\0"
    frame = b",\0\0\0\0" + struct.pack("<HH", 65535, 65535) + b"\0\x02\x02L\x01\0;"
    message = (
        r"^a frame of it has 4294836225 pixels, over the limit of 100000000; raise it with --max-pixels 42948"
    )
    with pytest.raises(LimitError, match=message):
        decoded(start + frame)


def test_a_tiff_that_names_more_samples_than_it_has_is_read_by_its_first() -> None:
    stream = io.BytesIO()
    PIL.Image.fromarray(BYTES).save(stream, "TIFF", tiffinfo={258: (8, 16)})
    content = stream.getvalue()
    assert_equal(decoded(content).values, BYTES)


def test_a_jpeg_of_very_many_scans_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    PIL.Image.fromarray(np.tile(BYTES, (9, 9))).save(stream, "JPEG", progressive=True)
    content = stream.getvalue()
    scan = content[content.rindex(b"\xff\xda") : -2]
    assert decoded(content[:-2] + scan * 30 + content[-2:]).values.shape == (45, 63)
    with pytest.raises(
        LimitError, match=r"^the JPEG has 1\d\d scans, over the limit of 50; save it again, or as PNG$"
    ):
        decoded(content[:-2] + scan * 100 + content[-2:])


def test_a_chunk_that_claims_more_than_the_file_holds_takes_no_memory() -> None:
    content = hm.SIGNATURE + hm.header(1, 1) + struct.pack(">I4s", 0xFFFFFFFF, b"IDAT") + b"abc"
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="ends inside its IDAT chunk; it is truncated"):
            decoded(content)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()
