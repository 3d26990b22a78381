"""Pictures by Pillow: the stored numbers of every accepted format, whatever a decoder does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io import png
from convtool.io.decoders import decoding
from convtool.io.frames import gif_frames, tiff_pages
from convtool.io.limits import MAX_FRAMES_COUNTED, Limits
from convtool.io.source import Source

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
_ORIENTATION, _BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLES_PER_PIXEL, _SAMPLE_FORMAT = 0x0112, 258, 262, 277, 339
_WHITE_IS_ZERO = 0  # a value of _PHOTOMETRIC
_SIGNED = 2  # a value of _SAMPLE_FORMAT


class Picture(NamedTuple):
    """A decoded picture, upright.

    Attributes
    ----------
    stored
        The file's numbers ``(H, W)`` or ``(3, H, W)``.
    colour
        Whether they are R, G, B.
    maximum
        The largest value their type can hold; ``None`` for real numbers.
    notices
        What was given up, one line each.
    facts
        What a PNG says of itself; ``None`` for other formats.
    """

    stored: NDArray[Any]
    colour: bool
    maximum: float | None
    notices: tuple[str, ...]
    facts: png.PngFacts | None


def read_picture(source: Source, frame: int | None, limits: Limits) -> Picture:
    """Decode a picture, if it is within the limits."""
    facts = png.read_facts(source.stream) if source.head(8) == png.SIGNATURE else None
    with decoding(source, limits) as picture, ExitStack() as beside:
        _check_size(picture, limits)
        if facts is not None:
            beside.enter_context(facts.pixels.checked_meanwhile())
        frame_notices = _choose_frame(picture, source, frame)
        _check_size(picture, limits)  # again: a later page may be larger than the first
        largest = _largest_sample(picture, facts)
        inverted = picture.format == "TIFF" and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        orientation, orientation_notices = _orientation(picture)
        if picture.mode == "P":
            _check_palette(picture, facts)
        if facts is not None and facts.colour_type == png.GRAY_ALPHA and picture.mode == "RGBA":
            picture = picture.convert("LA")  # as the file has it, of 16 bits
        losses = tuple(_losses(picture, largest))
        stored, colour, maximum = _pixels(picture, largest)
        if inverted and picture.mode.startswith("I;16"):  # shallower samples are inverted by Pillow
            stored = largest - stored
    if colour:
        stored = stored.transpose(2, 0, 1)
    if orientation in _UPRIGHT:
        stored = _UPRIGHT[orientation](stored)
    notices = (*frame_notices, *orientation_notices, *losses)
    return Picture(np.ascontiguousarray(stored), colour, maximum, notices, facts)


def picture_size(source: Source, frame: int | None, limits: Limits) -> tuple[tuple[int, int], bool]:
    """Rows and columns of a picture, upright, and whether it has colours, from its header alone."""
    with decoding(source, limits) as picture:
        if frame:
            _choose_frame(picture, source, frame)
        _check_size(picture, limits)
        height, width = picture.height, picture.width
        turned = picture.format == "JPEG" and picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
        colour = picture.mode in ("P", "PA") or len(picture.getbands()) > 2
    return ((width, height) if turned else (height, width)), colour


def _check_size(picture: Any, limits: Limits) -> None:
    bands = len(picture.getbands())
    # Pillow's pixels, of four bytes for colour and for long numbers, and what is made of them.
    stored = 12 if bands > 1 else 8 if picture.mode in ("I", "F") else 4
    limits.check_image(picture.height, picture.width, bands, stored)


def _choose_frame(picture: Any, source: Source, frame: int | None) -> tuple[str, ...]:
    """Go to the frame; give a notice if others are passed over unasked."""
    frames = _count_frames(picture, source)
    some = f"{frames}" if frames <= MAX_FRAMES_COUNTED else f"over {MAX_FRAMES_COUNTED}"
    if frame is None:
        return (f"frame 0 of {some} is used; choose another with --frame",) if frames > 1 else ()
    try:
        if frame:
            picture.seek(frame)
    except EOFError:
        raise InputError(
            f"it has {some} frame(s), counted from 0; --frame {frame} is not among them"
        ) from None
    return ()


def _count_frames(picture: Any, source: Source) -> int:
    """How many frames there are; one more than the limit stands for any number beyond it."""
    most = MAX_FRAMES_COUNTED + 1
    count = {"TIFF": tiff_pages, "GIF": gif_frames}.get(picture.format)
    if count is None:
        return min(getattr(picture, "n_frames", 1), most)
    place = source.stream.tell()
    frames = count(source.stream, most)
    source.stream.seek(place)  # Pillow reads on from where it was
    return frames


def _largest_sample(picture: Any, facts: png.PngFacts | None) -> int:
    """The largest sample that the file can store, which Pillow's mode does not always tell.

    Read before the pixels are loaded, since Pillow then forgets the maximum of a PGM.
    """
    if facts is not None:
        return (1 << facts.depth) - 1
    if picture.format == "TIFF":
        samples = int(picture.tag_v2.get(_SAMPLES_PER_PIXEL, 1))
        bits = int(max(picture.tag_v2.get(_BITS_PER_SAMPLE, (1,))[:samples]))
        if _SIGNED in picture.tag_v2.get(_SAMPLE_FORMAT, ()):
            bits -= 1
        return (1 << bits) - 1
    if picture.format == "PPM" and picture.mode != "1":
        decoder, _, _, arguments = picture.tile[0]
        if decoder == "raw":
            return 65535 if picture.mode == "I" else 255
        return int(arguments[-1])
    return 1 if picture.mode == "1" else 255


def _check_palette(picture: Any, facts: png.PngFacts | None) -> None:
    """Refuse a pixel whose colour the palette does not hold; Pillow takes it for black."""
    held = facts.palette if facts is not None else len(picture.getpalette("RGB")) // 3
    highest = int(np.asarray(picture).max())
    if highest >= held:
        raise InputError(f"a pixel has colour {highest} (from 0) of a palette that holds {held}")


def _orientation(picture: Any) -> tuple[int, tuple[str, ...]]:
    """The EXIF orientation, 1 to 8, and a notice if what stands there is ignored."""
    picture.load()  # Pillow turns a TIFF itself while loading it, and takes the tag away
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # what a decoder may raise is not known
        return 1, ("its EXIF data is damaged and is ignored",)
    if orientation not in (1, *_UPRIGHT):
        return 1, (f"EXIF orientation {orientation!r} is not one of 1 to 8 and is ignored",)
    return int(orientation), ()


def _losses(picture: Any, largest: int) -> Iterator[str]:
    """What `_pixels` gives up, one notice each."""
    mode = picture.mode
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        yield "alpha is dropped"
    if mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        yield f"{mode} is converted to RGB"
    if largest > 255 and mode not in ("I", "F") and not mode.startswith("I;16"):
        yield f"{largest.bit_length()}-bit {mode} is reduced to 8 bits"


def _pixels(picture: Any, largest: int) -> tuple[NDArray[Any], bool, float | None]:
    """The stored numbers ``(H, W)`` or ``(H, W, 3)``, whether they are colour, and their type's maximum."""
    match picture.mode:
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
