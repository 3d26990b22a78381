"""Images as arrays: pictures that Pillow decodes, matrices as NPY, JSON or CSV, and our own map files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.bank import EXACT_BELOW
from convtool.errors import ArgumentError, ConvtoolError, InputError, NoticeWarning
from convtool.io import npy, png
from convtool.io.limits import (
    MAX_JSON_BYTES,
    MAX_TEXT_BYTES,
    check_bytes,
    check_pixels,
    max_pixels,
)
from convtool.io.map_scale import ENTRY, MapScale
from convtool.io.rectangles import parse_csv, parse_json, rectangle
from convtool.io.source import PathLike, Source, open_source

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM")
ACCEPTED = "accepted are PNG, JPEG, TIFF, BMP, GIF, WebP, PPM/PGM, NPY, JSON and CSV"

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

# EXIF orientation → how stored rows and columns become upright (CIPA DC-008, tag 0x0112).
_UPRIGHT = {
    2: lambda a: a[..., :, ::-1],
    3: lambda a: a[..., ::-1, ::-1],
    4: lambda a: a[..., ::-1, :],
    5: lambda a: a.swapaxes(-1, -2),
    6: lambda a: a.swapaxes(-1, -2)[..., :, ::-1],
    7: lambda a: a.swapaxes(-1, -2)[..., ::-1, ::-1],
    8: lambda a: a.swapaxes(-1, -2)[..., ::-1, :],
}
_ORIENTATION, _BITS_PER_SAMPLE, _SAMPLE_FORMAT = 0x0112, 258, 339
_SIGNED = 2  # a value of _SAMPLE_FORMAT


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
    kind
        Whether Pillow decoded it, or it is an array, or a map file's picture.
    scale
        The scale of a map file; ``None`` if it is none.
    notices
        What the reader gave up, one line each.
    """

    values: Float32
    colour: bool = False
    maximum: float | None = None
    kind: Literal["picture", "matrix", "map"] = "matrix"
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
        if not self.colour:
            return self
        red, green, blue = self.values.astype(np.uint32)
        gray = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
        return replace(self, values=gray.astype(np.float32), colour=False)


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
    InputError
        The file is missing, damaged, or no image.
    LimitError
        It has more pixels than ``CONVTOOL_MAX_PIXELS``.

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
    for notice in image.notices:
        if strict:
            raise InputError(notice, str(path))
        warnings.warn(f"{path}: {notice}", NoticeWarning, stacklevel=2)
    if channels == "luma":
        image = image.luma()
    return image.unit().values if scale == "unit" else image.values


def read_image(path: PathLike, *, frame: int | None = None, pixel_limit: int | None = None) -> Image:
    """Read what ``path`` holds, colour and all; what is given up is in `Image.notices`."""
    with open_source(path) as source:
        return decode_image(source, frame=frame, pixel_limit=pixel_limit)


def decode_image(source: Source, *, frame: int | None = None, pixel_limit: int | None = None) -> Image:
    """Read an opened source; see `read_image`."""
    limit = max_pixels(pixel_limit)
    head = source.head(64)
    if head.startswith(npy.MAGIC):
        return _read_npy(source, limit)
    if _is_text(head):
        return _read_text(source, limit)
    return _read_picture(source, frame, limit)


def _read_npy(source: Source, limit: int) -> Image:
    shape, _, _ = npy.read_shape(source.stream, source.size)
    _check_shape(shape, limit)
    source.stream.seek(0)
    stored = npy.read_npy(source.stream, source.size)
    kind = stored.dtype.kind
    return _from_numbers(stored, None if kind == "f" else 1 if kind == "b" else np.iinfo(stored.dtype).max)


def _read_text(source: Source, limit: int) -> Image:
    text = source.head(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    is_json = text[:1] in (b"[", b"{")
    if not is_json:
        _refuse_known(text)
    check_bytes(source.size, MAX_JSON_BYTES if is_json else MAX_TEXT_BYTES, "text")
    data = source.stream.read()
    if not is_json:
        numbers = parse_csv(data)
    else:
        content = parse_json(data)
        if isinstance(content, dict):
            raise InputError("a JSON object, perhaps a filter file; an image in JSON is a list of rows")
        numbers = rectangle(content, "the matrix")
    _check_shape(numbers.shape, limit)
    return _from_numbers(numbers, None)


def _check_shape(shape: tuple[int, ...], limit: int) -> None:
    if len(shape) not in (2, 3) or 0 in shape:
        raise InputError(f"an array of shape {shape}; an image is (H, W) or (C, H, W)")
    if len(shape) == 3 and shape[-1] in (3, 4):
        raise InputError(
            f"an array of shape {shape}, it seems with channels last; an image is (C, H, W): use "
            "a.transpose(2, 0, 1), or save planes that narrow each by itself"
        )
    channels = shape[0] if len(shape) == 3 else 1
    check_pixels(shape[-2], shape[-1], channels, limit)


def _from_numbers(stored: NDArray[Any], maximum: float | None) -> Image:
    with np.errstate(over="ignore"):
        values = stored.astype(np.float32, order="C", copy=not stored.flags.writeable)
    if stored.dtype.kind in "bui" and stored.dtype.itemsize <= 2:
        return Image(values, maximum=maximum)
    if not np.isfinite(values).all():
        raise InputError(f"{first_infinite(stored)}; every value must be finite in float32")
    changed = np.count_nonzero(_is_rounded(stored, values))
    notices = (f"{changed} whole number(s) beyond 2^24 rounded to float32",) if changed else ()
    return Image(values, maximum=maximum, notices=notices)


def first_infinite(values: NDArray[Any]) -> str:
    """Name the first value that is not finite in float32, and its place."""
    with np.errstate(over="ignore"):
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


def _read_picture(source: Source, frame: int | None, limit: int) -> Image:
    facts = png.read_facts(source.stream) if source.head(8) == png.SIGNATURE else None
    source.stream.seek(0)
    with _decoding(source) as picture:
        check_pixels(picture.height, picture.width, len(picture.getbands()), limit)
        notices = _choose_frame(picture, frame)
        check_pixels(picture.height, picture.width, len(picture.getbands()), limit)
        largest = _largest_sample(picture, facts)
        orientation = _orientation(picture, notices)
        if facts is not None:
            picture = _as_in_file(picture, facts)
        stored, colour, maximum = _pixels(picture, largest, notices)
    if colour:
        stored = stored.transpose(2, 0, 1)
    if orientation in _UPRIGHT:
        stored = _UPRIGHT[orientation](stored)
    image = replace(_from_numbers(np.ascontiguousarray(stored), maximum), colour=colour, kind="picture")
    scale = MapScale.from_entries(facts.entries) if facts else None
    if scale is not None:
        return _decode_map(image, scale, facts)
    return replace(image, notices=(*notices, *image.notices))


def _decode_map(image: Image, scale: MapScale, facts: png.PngFacts | None) -> Image:
    if facts is None or facts.colour_type != png.GRAY:
        raise InputError(f"a {ENTRY} picture that another program made colour; use the file convtool wrote")
    codes = image.values
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
    return Image(values, kind="map", scale=scale, notices=notices)


@contextmanager
def _decoding(source: Source) -> Iterator[Any]:
    """Open with Pillow; whatever a decoder raises, and it may raise anything, is one line."""
    import PIL.Image

    own_limit = PIL.Image.MAX_IMAGE_PIXELS
    PIL.Image.MAX_IMAGE_PIXELS = None  # check_pixels holds our own
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(source.stream, formats=FORMATS) as picture:
                yield picture
    except PIL.UnidentifiedImageError:
        _refuse_known(source.head(64))
        raise InputError(f"neither a picture nor a matrix; {ACCEPTED}") from None
    except (ConvtoolError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"cannot be decoded: {error or type(error).__name__}; {ACCEPTED}") from error
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = own_limit


def _choose_frame(picture: Any, frame: int | None) -> list[str]:
    frames = getattr(picture, "n_frames", 1)
    if frame is not None:
        if not 0 <= frame < frames:
            raise InputError(f"it has {frames} frame(s), counted from 0; --frame {frame} is not among them")
        picture.seek(frame)
    elif frames > 1:
        return [f"frame 0 of {frames} is used; choose another with --frame"]
    return []


def _largest_sample(picture: Any, facts: png.PngFacts | None) -> int:
    """The largest sample that the file can store, which Pillow's mode does not always tell.

    Read before the pixels are loaded, since Pillow then forgets the maximum of a PGM.
    """
    if facts is not None:
        return (1 << facts.depth) - 1
    if picture.format == "TIFF":
        bits = int(max(picture.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
        if _SIGNED in picture.tag_v2.get(_SAMPLE_FORMAT, ()):
            bits -= 1
        return (1 << bits) - 1
    if picture.format == "PPM" and picture.mode != "1":
        decoder, _, _, arguments = picture.tile[0]
        if decoder == "raw":
            return 65535 if picture.mode == "I" else 255
        return int(arguments[-1])
    return 1 if picture.mode == "1" else 255


def _as_in_file(picture: Any, facts: png.PngFacts) -> Any:
    """Hold what Pillow made of a PNG against the file."""
    if picture.mode == "P":
        highest = int(np.asarray(picture).max())
        if highest >= facts.palette:  # Pillow takes it for black
            raise InputError(f"a pixel has colour {highest} (from 0) of a palette that holds {facts.palette}")
    if picture.mode == "RGBA" and facts.colour_type == png.GRAY_ALPHA:  # if of 16 bits
        return picture.convert("LA")
    return picture


def _orientation(picture: Any, notices: list[str]) -> int:
    picture.load()  # Pillow turns a TIFF itself while loading it, and takes the tag away
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # what a decoder may raise is not known
        notices.append("its EXIF data is damaged and is ignored")
        return 1
    if orientation not in (1, *_UPRIGHT):
        notices.append(f"EXIF orientation {orientation!r} is not one of 1 to 8 and is ignored")
        return 1
    return int(orientation)


def _pixels(picture: Any, largest: int, notices: list[str]) -> tuple[NDArray[Any], bool, float | None]:
    """The stored numbers ``(H, W)`` or ``(H, W, 3)``, whether they are colour, and their type's maximum."""
    mode = picture.mode
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        notices.append("alpha is dropped")
    if mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notices.append(f"{mode} is converted to RGB")
    if largest > 255 and mode not in ("I", "F") and not mode.startswith("I;16"):
        notices.append(f"{largest.bit_length()}-bit {mode} is reduced to 8 bits")
    match mode:
        case "1":
            return np.asarray(picture), False, 1
        case "L" if largest == 127 and picture.format == "TIFF":
            return np.asarray(picture).view(np.int8), False, largest
        case "L":
            return _unstretched(np.asarray(picture), largest, 255), False, min(largest, 255)
        case "LA" | "La":
            return np.asarray(picture)[..., 0], False, 255
        case "I" if picture.format == "PPM":
            return _unstretched(np.asarray(picture), largest, 65535), False, largest
        case "I" | "I;16" | "I;16B" | "I;16L" | "I;16N":
            stored = np.asarray(picture)
            return stored.view(np.uint32) if largest >= 2**31 else stored, False, largest
        case "F":
            return np.asarray(picture), False, None
        case _:
            stored = np.asarray(picture.convert("RGB"))
            if picture.format == "PPM":
                stored = _unstretched(stored, largest, 255)
                return stored, True, min(largest, 255)
            return stored, True, 255


def _unstretched(stored: NDArray[Any], largest: int, stretched_to: int) -> NDArray[Any]:
    """Undo Pillow's stretch of gray of few bits to 0…255, or of a PGM to 0…65535."""
    if largest >= stretched_to:
        return stored
    unstretched: NDArray[Any] = np.rint(stored * (largest / stretched_to))
    return unstretched


def _is_text(head: bytes) -> bool:
    printable = bytes(range(32, 127)) + b"\t\n\r\f"
    plain = head.removeprefix(b"\xef\xbb\xbf")
    netpbm = plain[:1] == b"P" and plain[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6", b"f", b"F", b"y")
    return not netpbm and not plain.strip(printable)


def _refuse_known(head: bytes) -> None:
    for magic, name in _LOOKS_LIKE.items():
        if head.startswith(magic):
            raise InputError(f"looks like {name}; {ACCEPTED}")
