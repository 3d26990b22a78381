"""Tiny valid files of every format, mode and depth that convtool reads, made by code."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
from numpy.typing import NDArray

from tests.io.handmade import (
    GRAY,
    GRAY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    SIGNATURE,
    chunk,
    exif,
    gray_png,
    gray_tiff,
    idx,
    map_chunk,
    npy_of,
    png,
    text_chunk,
    zipped_chunk,
)

Files = dict[str, bytes]
"""Files by a name that tells what they are."""

HEIGHT, WIDTH = 4, 5
_DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGBA: (8, 16)}
_SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
_TIFF_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F")
_DTYPES = ("?", "b", "B", "<i2", ">u2", "<i4", ">u4", "<i8", ">u8", "<f2", ">f4", "<f8")
_COLOURS = bytes(range(48))


def images() -> Files:
    """Everything that the image gate takes."""
    kinds = (pngs, jpegs, tiffs, bmps, gifs, webps, netpbms, arrays)
    return {**dict(pair for kind in kinds for pair in kind()), **matrices(), **maps(), **tables()}


def pngs() -> Iterator[tuple[str, bytes]]:
    """PNG of every colour type and depth, and with every kind of chunk that is looked at."""
    for colour_type, depths in _DEPTHS.items():
        for depth in depths:
            size = (WIDTH * depth * _SAMPLES[colour_type] + 7) // 8
            rows = [bytes(y + x for x in range(size)) for y in range(HEIGHT)]
            if colour_type == PALETTE:
                rows = [bytes(size)] * HEIGHT
                yield (
                    f"png-{colour_type}-{depth}",
                    png(WIDTH, depth, colour_type, rows, chunk(b"PLTE", _COLOURS)),
                )
            else:
                yield f"png-{colour_type}-{depth}", png(WIDTH, depth, colour_type, rows)
    codes = _gray().astype(np.uint8)
    chunks = {
        "transparent": chunk(b"tRNS", b"\0\7"),
        "turned": chunk(b"eXIf", exif(6)),
        "text": chunk(b"tEXt", b"Title\0a title") + zipped_chunk(b"zTXt", b"a text"),
        "unicode": text_chunk("Title", "größer", compressed=True),
        "gamma": chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"pHYs", bytes(9)),
        "profile": zipped_chunk(b"iCCP", bytes(128)),
    }
    for name, extra in chunks.items():
        yield f"png-{name}", gray_png(codes, extra)
    header = struct.pack(
        ">IIBBBBB", 1, 1, 8, GRAY, 0, 0, 1
    )  # a picture of one pixel has one of the seven passes
    pixel = chunk(b"IDAT", zlib.compress(b"\0\7"))
    yield "png-interlaced", SIGNATURE + chunk(b"IHDR", header) + pixel + chunk(b"IEND", b"")
    yield "png-animated", _saved("L", "PNG", **_two_frames("L"))


def jpegs() -> Iterator[tuple[str, bytes]]:
    """JPEG: gray, colour and CMYK, in one scan and several, turned by its EXIF data."""
    for mode, progressive in product(("L", "RGB", "CMYK"), (False, True)):
        yield (
            f"jpeg-{mode}-{progressive}",
            _saved(mode, "JPEG", progressive=progressive, exif=b"Exif\0\0" + exif(3)),
        )


def tiffs() -> Iterator[tuple[str, bytes]]:
    """TIFF: every mode, compression, byte order and sample format; several pages; turned; big."""
    for mode in _TIFF_MODES:
        yield f"tiff-{mode}", _saved(mode, "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"tiff-{compression}", _saved("RGB", "TIFF", compression=compression)
    for compression in ("group3", "group4", "tiff_ccitt"):
        yield f"tiff-{compression}", _saved("1", "TIFF", compression=compression)
    for dtype in ("u1", "i1", "<u2", ">u2", ">i2", "<i4", "<u4", "<f4", ">f4"):
        yield f"tiff-{dtype}", gray_tiff(_gray().astype(dtype))
    yield "tiff-turned", gray_tiff(_gray().astype("u1"), orientation=8)
    yield "tiff-pages", _saved("L", "TIFF", **_two_frames("RGB"))
    yield "tiff-big", _saved("L", "TIFF", big_tiff=True)


def bmps() -> Iterator[tuple[str, bytes]]:
    """BMP of every mode that there is."""
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"bmp-{mode}", _saved(mode, "BMP")


def gifs() -> Iterator[tuple[str, bytes]]:
    """GIF: gray, palette, transparent, of several frames."""
    for mode in ("1", "L", "P", "RGB"):
        yield f"gif-{mode}", _saved(mode, "GIF")
    yield "gif-transparent", _saved("P", "GIF", transparency=0, interlace=1)
    yield "gif-frames", _saved("L", "GIF", **_two_frames("L"), duration=20, loop=0)


def webps() -> Iterator[tuple[str, bytes]]:
    """WebP: with and without loss, with and without alpha, of several frames."""
    for mode, lossless in product(("RGB", "RGBA"), (False, True)):
        yield f"webp-{mode}-{lossless}", _saved(mode, "WEBP", lossless=lossless, exif=b"Exif\0\0" + exif(2))
    yield "webp-frames", _saved("RGB", "WEBP", **_two_frames("RGB"))


def netpbms() -> Iterator[tuple[str, bytes]]:
    """PBM, PGM, PPM and PFM, as text and as bytes, of every width of sample."""
    samples = bytes(range(18))
    yield "pbm-text", b"P1\n# a comment\n3 2\n1 0 1\n0 1 0\n"
    yield "pgm-text", b"P2\n3 2\n7\n0 1 2\n3 4 7\n"
    yield "ppm-text", b"P3 1 2 255 0 1 2 3 4 255\n"
    yield "pbm", b"P4\n3 2\n\xa0\x40"
    for largest in (1, 7, 255, 256, 65535):
        width = 1 if largest < 256 else 2
        yield f"pgm-{largest}", b"P5\n3 2\n%d\n" % largest + bytes(6 * width)
        yield f"ppm-{largest}", b"P6\n3 2\n%d\n" % largest + bytes(18 * width)
    yield "pfm", b"Pf\n3 2\n-1.0\n" + np.arange(6, dtype="<f4").tobytes()
    yield "cmyk", b"PyCMYK\n3 1\n255\n" + samples[:12]


def arrays() -> Iterator[tuple[str, bytes]]:
    """NPY of every type, order of bytes and axes, and version of the header."""
    for dtype in _DTYPES:
        yield f"npy-{dtype}", npy_of(_gray().astype(dtype))
    for major in (1, 2, 3):
        yield f"npy-version-{major}", npy_of(_gray().astype("<f4"), version=(major, 0))
    yield "npy-fortran", npy_of(np.asfortranarray(_gray().astype("<f4")))
    yield "npy-planes", npy_of(np.stack([_gray()] * 2))


def matrices() -> Files:
    """Matrices and planes as JSON."""
    return {
        "json": b"[[1, 0, 2], [3, -1, 0], [0, 0, 4]]",
        "json-planes": b"[[[1, 2]], [[3, 4.5e-3]]]",
        "json-mark": b"\xef\xbb\xbf[[16777217]]",
    }


def tables() -> Files:
    """Matrices as CSV."""
    return {
        "csv": b"1,0,2\n3,-1,0\n",
        "csv-real": b" 1.5e-3 , -2E+4\r\n\r\n.5,16777217\r\n",
        "csv-mark": b"\xef\xbb\xbf1\n2\n",
    }


def maps() -> Files:
    """Map files of both depths, reduced by another program, and with every key of their scale."""
    codes = _gray()
    return {
        "map-16": gray_png(codes.astype(np.uint16), map_chunk()),
        "map-8": gray_png(codes.astype(np.uint8), map_chunk(depth=8, step=1 / 3, offset=-1e30, stage="pool")),
        "map-reduced": gray_png(codes.astype(np.uint8), map_chunk(stage=None, filter=None)),
        "map-inflated": gray_png(
            codes.astype(np.uint16), text_chunk("convtool.map", _map_entry(step=5e-324), compressed=True)
        ),
        "map-large": gray_png(codes.astype(np.uint16), map_chunk(offset=10**30, step=2**70)),
    }


def filter_texts() -> Files:
    """Filters as JSON: every key and number of axes."""
    bank = {
        "format": "convtool.filter/1",
        "name": "pair",
        "names": ["a", "ä/\u202e"],
        "weights": [[[1, 0.5], [-1, 2]], [[0, 1e-30], [3, 4]]],
        "bias": [1, -2.5],
        "divisor": 3,
        "normalize": "local",
        "description": "two filters",
        "source": "nobody",
        "meta": {"a": [1, None, True, {"b": "c"}]},
    }
    return {
        "rows": b"[[1, 0, -1], [2, 0, -2], [1, 0, -1]]",
        "object": b'{"weights": [[1, 0], [0, 1]], "bias": 0}',
        "bank": json.dumps(bank).encode(),
        "colour": b'{"weights": [[[[1]], [[2]], [[3]]]]}',
        "small": b'{"weights": [[1e-400, 16777217]], "divisor": 1e300}',
    }


def filter_arrays() -> Files:
    """Filters as NPY: every type and number of axes."""
    shapes = ((2, 2), (2, 1, 3), (2, 3, 1, 2))
    weights = {f"axes-{len(shape)}": np.arange(12)[: np.prod(shape)].reshape(shape) - 3.5 for shape in shapes}
    typed = {f"type-{dtype}": np.eye(3).astype(dtype) for dtype in _DTYPES}
    return {name: npy_of(array) for name, array in {**weights, **typed}.items()}


def idx_files() -> Files:
    """Images and labels as IDX, packed and not."""
    plain = {"images": idx(_gray().astype(np.uint8)[np.newaxis]), "labels": idx(np.arange(5, dtype=np.uint8))}
    return {**plain, **{f"{name}-packed": gzip.compress(content) for name, content in plain.items()}}


def data_sets() -> Files:
    """Data sets as NPZ: channels on every axis, labels of both kinds, classes named and not."""
    images, numbers, texts = np.arange(80).reshape(2, 5, 8), np.array([1, 0]), np.array(["b", "ä"])
    return {
        "gray": _saved_arrays(images=images.astype(np.uint8), labels=numbers),
        "real": _saved_arrays(images=images[:, np.newaxis] / 7, labels=texts),
        "channels-last": _saved_arrays(images=images[..., np.newaxis], labels=numbers, classes=texts),
        "packed": _saved_arrays(np.savez_compressed, images=images, labels=texts, classes=texts),
    }


def _saved_arrays(save: Callable[..., None] = np.savez, **arrays: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def _gray() -> NDArray[np.int64]:
    return np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 5


def _map_entry(**changes: Any) -> str:
    entry = {"format": "convtool.map/1", "offset": 0, "step": 1, "depth": 16, "stage": "conv", "filter": "ä"}
    return json.dumps({**entry, **changes})


def _picture(mode: str) -> PIL.Image.Image:
    colours = PIL.Image.fromarray(np.stack([_gray().astype(np.uint8)] * 3, axis=2))
    if mode in ("LAB", "YCbCr", "CMYK", "RGBA"):
        return PIL.Image.frombytes(
            mode, (WIDTH, HEIGHT), bytes(WIDTH * HEIGHT * len(PIL.Image.new(mode, (1, 1)).getbands()))
        )
    return colours.convert("L").convert(mode) if mode in ("I;16", "LA") else colours.convert(mode)


def _two_frames(mode: str) -> dict[str, Any]:
    return {"save_all": True, "append_images": [PIL.Image.new(mode, (WIDTH, HEIGHT), 9)]}


def _saved(mode: str, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    _picture(mode).save(stream, format_, **options)
    return stream.getvalue()
