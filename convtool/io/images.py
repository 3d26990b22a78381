"""Images as arrays: what a file is, and the numbers of a picture, a matrix (NPY, JSON, CSV) or a map file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.bank import EXACT_BELOW
from convtool.core.tiles import row_tiles
from convtool.errors import ArgumentError, InputError
from convtool.io import npy, png
from convtool.io.decoders import ACCEPTED
from convtool.io.limits import (
    MAX_JSON_BYTES,
    MAX_TEXT_BYTES,
    MEMORY_OF_JSON,
    Limits,
    check_bytes,
)
from convtool.io.map_scale import ENTRY, MapScale
from convtool.io.pictures import Picture, picture_size, read_picture
from convtool.io.rectangles import Float64, parse_csv, parse_json, rectangle
from convtool.io.source import PathLike, Source, open_source, spoken, warn_of

_LOOKS_LIKE = {
    b"%PDF": "a PDF",
    b"%!PS": "PostScript",
    b"PK\x03\x04": "a ZIP archive (NPZ, DOCX, …)",
    b"\x1f\x8b": "gzip",
    b"<svg": "SVG",
    b"<": "HTML or XML",
    b"\x7fELF": "a program",
    b"\x89HDF": "HDF5",
    **{bytes([0x80, protocol]): "a Python pickle" for protocol in range(2, 6)},
}


SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".gif", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".npy"),
)
"""How the names of images end, in lower case; JSON and CSV may be anything, so only a user can say."""

_MEMORY_OF_CSV = 10  # bytes that a byte of text may take while it is parsed: "1," is a number of an array


@dataclass(frozen=True, eq=False)
class Image:
    """What a file holds, as numbers.

    Attributes
    ----------
    values
        Float32 ``(H, W)`` or ``(C, H, W)``.
    colour
        Whether the channels are the R, G, B of a picture.
    maximum
        The largest value its type can hold; ``None`` for real numbers.
    picture
        Whether the values are the pixels of a picture, not of a map file or a matrix.
    scale
        The scale of a map file; ``None`` if it is none.
    notices
        What the reader gave up, one line each.
    """

    values: Float32
    colour: bool = False
    maximum: float | None = None
    picture: bool = False
    scale: MapScale | None = None
    notices: tuple[str, ...] = ()

    def unit(self) -> Image:
        """Scale stored numbers to 0…1 by their type's maximum; real numbers stay as they are."""
        if self.maximum is None:
            return self
        return replace(self, values=self.values / np.float32(self.maximum), maximum=None)

    def luma(self) -> Image:
        """Turn colour into brightness as Pillow's ``L`` does; anything else stays as it is.

        ``L = (19595 R + 38470 G + 7471 B + 32768) >> 16`` on 8-bit values (ITU-R 601).
        """
        return self._luma if self.colour else self

    @cached_property
    def _luma(self) -> Image:  # kept, since every filter asks for it
        gray = np.empty(self.values.shape[1:], np.float32)
        for _, start, stop in row_tiles(1, *self.values.shape[1:]):
            red, green, blue = self.values[:, start:stop]
            # All sums are below 2²⁴, so that float32 holds them.
            gray[start:stop] = np.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536)
        return replace(self, values=gray, colour=False)


class Shape(NamedTuple):
    """``(H, W)`` or ``(C, H, W)``, and whether the channels are the R, G, B of a picture."""

    size: tuple[int, ...]
    colour: bool


def load_image(
    path: PathLike,
    *,
    channels: Literal["luma", "rgb"] = "luma",
    scale: Literal["stored", "unit"] = "stored",
    frame: int | None = None,
    strict: bool = False,
) -> Float32:
    """Read an image, a matrix or a map file.

    Parameters
    ----------
    path
        A file, or ``-`` for standard input. What it is, its content says, not its suffix.
    channels
        ``"luma"`` makes colour ``(H, W)``; ``"rgb"`` keeps it ``(3, H, W)``.
    scale
        ``"stored"`` gives the file's numbers (8 bits 0…255, 16 bits 0…65535); ``"unit"`` divides by
        the type's maximum.
    frame
        Which frame or page, from 0.
    strict
        Raise where something would be given up (alpha, bits), instead of a `NoticeWarning`.

    Returns
    -------
    ndarray
        Float32 ``(H, W)`` or ``(C, H, W)``. Map files give the values they stand for.

    Raises
    ------
    ArgumentError
        An empty path, ``channels`` or ``scale`` of another name, a ``CONVTOOL_MAX_PIXELS`` that is no
        number.
    InputError
        The file is missing, damaged, or no image, or has no such frame; with ``strict``, something
        would be given up.
    LimitError
        It has more pixels than ``CONVTOOL_MAX_PIXELS``, or too many bytes.

    Warns
    -----
    NoticeWarning
        Something was given up: alpha, bits, other frames.

    Examples
    --------
    >>> load_image("samples/notes-pipeline.json").tolist()
    [[1.0, 0.0, 2.0], [3.0, 1.0, 0.0], [0.0, 0.0, 4.0]]
    """
    if channels not in ("luma", "rgb"):
        raise ArgumentError(f"channels is {channels!r}; choose 'luma' or 'rgb'")
    if scale not in ("stored", "unit"):
        raise ArgumentError(f"scale is {scale!r}; choose 'stored' or 'unit'")
    image = read_image(path, frame=frame)
    if strict and image.notices:
        raise InputError(image.notices[0], spoken(path))
    warn_of(image.notices, path)
    if channels == "luma":
        image = image.luma()
    return image.unit().values if scale == "unit" else image.values


def read_image(path: PathLike, *, frame: int | None = None, limits: Limits | None = None) -> Image:
    """Read what ``path`` holds, colour and all; what is given up is in `Image.notices`."""
    with open_source(path, limits) as source:
        return decode_image(source, frame=frame, limits=limits)


def read_shape(path: PathLike, *, frame: int | None = None, limits: Limits | None = None) -> Shape:
    """How large an image is, from its header where it has one; what is wrong with its pixels is not seen."""
    limits = limits or Limits.of()
    with open_source(path) as source:
        if source.head(6) == npy.MAGIC:
            header = npy.read_header(source.stream, source.size)
            _check_shape(header.shape, header.dtype.itemsize, limits)
            return Shape(header.shape, False)
        if _is_text(source.text_start()):
            return Shape(decode_image(source, limits=limits).values.shape, False)
        _refuse_known(source.text_start())
        (height, width), colour = picture_size(source, frame, limits)
        return Shape((3, height, width) if colour else (height, width), colour)


def decode_image(source: Source, *, frame: int | None = None, limits: Limits | None = None) -> Image:
    """Read an opened source; see `read_image`."""
    limits = limits or Limits.of()
    if source.head(6) == npy.MAGIC:
        return _read_npy(source, limits)
    start = source.text_start()
    _refuse_known(start)
    if _is_text(start):
        return _read_text(source, limits)
    return _from_picture(read_picture(source, frame, limits))


def _read_npy(source: Source, limits: Limits) -> Image:
    header = npy.read_header(source.stream, source.size)
    _check_shape(header.shape, header.dtype.itemsize, limits)
    stored = npy.read_values(source.stream, header)
    kind = stored.dtype.kind
    return _from_numbers(stored, None if kind == "f" else 1 if kind == "b" else np.iinfo(stored.dtype).max)


def _read_text(source: Source, limits: Limits) -> Image:
    is_json = source.text_start().startswith((b"[", b"{"))
    check_bytes(source.size, MAX_JSON_BYTES if is_json else MAX_TEXT_BYTES, "text")
    limits.check_memory(
        source.size * (MEMORY_OF_JSON if is_json else _MEMORY_OF_CSV), f"a text of {source.size} bytes"
    )
    data = source.stream.read()
    numbers = _json_matrix(data) if is_json else parse_csv(data)
    _check_shape(numbers.shape, numbers.itemsize, limits)
    return _from_numbers(numbers, None)


def _json_matrix(data: bytes) -> Float64:
    content = parse_json(data)
    if isinstance(content, dict):
        raise InputError("a JSON object, perhaps a filter file; an image in JSON is a list of rows")
    return rectangle(content, "the matrix")


def _check_shape(shape: tuple[int, ...], itemsize: int, limits: Limits) -> None:
    if len(shape) not in (2, 3) or 0 in shape:
        raise InputError(f"an array of shape {shape}; an image is (H, W) or (C, H, W)")
    if len(shape) == 3 and shape[-1] in (3, 4):
        raise InputError(
            f"an array of shape {shape}, it seems with channels last; an image is (C, H, W): use "
            "a.transpose(2, 0, 1), or save planes that narrow each by itself"
        )
    channels = shape[0] if len(shape) == 3 else 1
    limits.check_image(shape[-2], shape[-1], channels, channels * itemsize)


def _from_numbers(stored: NDArray[Any], maximum: float | None) -> Image:
    values, notices = as_read(stored)
    return Image(values, maximum=maximum, notices=notices)


def as_read(stored: NDArray[Any]) -> tuple[Float32, tuple[str, ...]]:
    """A file's numbers in float32, and what they lose by it; what is not finite is refused."""
    with np.errstate(over="ignore", invalid="ignore"):  # a NaN may be a signalling one
        values = stored.astype(np.float32, order="C", copy=not stored.flags.writeable)
    if stored.dtype.kind in "bui" and stored.dtype.itemsize <= 2:
        return values, ()
    if not np.isfinite(values).all():
        raise InputError(f"{first_infinite(stored)}; every value must be finite in float32")
    changed = np.count_nonzero(_is_rounded(stored, values))
    lost = np.count_nonzero(values == 0) - np.count_nonzero(stored == 0)
    return values, (
        *([f"{changed} whole number(s) beyond 2^24 rounded to float32"] if changed else []),
        *([f"{lost} number(s) too small for float32 became 0"] if lost else []),
    )


def first_infinite(values: NDArray[Any]) -> str:
    """Name the first value that is not finite in float32, and its place."""
    with np.errstate(over="ignore", invalid="ignore"):
        infinite = ~np.isfinite(values.astype(np.float32, copy=False))
    place = tuple(int(k) for k in np.argwhere(infinite)[0])
    if len(place) > 3:
        return f"{values[place]} at {place}"
    axes = ("channel", "row", "column")[-len(place) :]
    return f"{values[place]} at {' '.join(map('{} {}'.format, axes, place))} (from 0)"


def _is_rounded(stored: NDArray[Any], values: Float32) -> NDArray[np.bool_]:
    """Which whole numbers float32 does not hold; only such beyond 2²⁴ can be."""
    rounded: NDArray[np.bool_]
    if stored.dtype.kind == "f":
        rounded = (values != stored) & (np.rint(stored) == stored)
        return rounded
    # Compared with each other, both would become float64, which rounds 64-bit integers itself.
    lowest_bit = np.maximum(stored & -stored, 1)
    rounded = np.abs(stored // lowest_bit) >= EXACT_BELOW
    return rounded


def _from_picture(picture: Picture) -> Image:
    image = _from_numbers(picture.stored, picture.maximum)
    scale = MapScale.from_entries(picture.facts.entries) if picture.facts else None
    if picture.facts is not None and scale is not None:
        return _decode_map(image.values, scale, picture.facts)
    notices = (*picture.notices, *image.notices)
    return replace(image, colour=picture.colour, picture=True, notices=notices)


def _decode_map(codes: Float32, scale: MapScale, facts: png.PngFacts) -> Image:
    if facts.colour_type != png.GRAY:
        raise InputError(f"a {ENTRY} picture that another program made colour; use the file convtool wrote")
    notices: tuple[str, ...] = ()
    if (facts.depth, scale.depth) == (8, 16):
        codes = codes * 257  # 255 stands for 65535
        coarse = scale.step * 257
        notices = (
            f"another program reduced the map to 8 bits: its step grew from {scale.step:g} to {coarse:g}",
        )
    elif facts.depth != scale.depth:
        raise InputError(
            f"a {ENTRY} picture of {scale.depth} bits that another program saved with {facts.depth}; "
            "use the file convtool wrote"
        )
    values = scale.decode(codes)
    if not np.isfinite(values).all():
        raise InputError(f"its {ENTRY} scale leads to {first_infinite(values)}; every value must be finite")
    return Image(values, scale=scale, notices=notices)


def _is_text(start: bytes) -> bool:
    printable = bytes(range(32, 127)) + b"\t\n\r\f"
    is_netpbm = re.match(rb"P[1-6fFy]", start)  # it begins like text
    return not is_netpbm and not start[:64].strip(printable)


def _refuse_known(start: bytes) -> None:
    for magic, name in _LOOKS_LIKE.items():
        if start.startswith(magic):
            raise InputError(f"looks like {name}; {ACCEPTED}")
