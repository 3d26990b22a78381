"""Pillow's decoders, held in check: which formats, how much, and what becomes of their faults."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from convtool.errors import ConvtoolError, InputError, LimitError
from convtool.io.limits import MAX_JPEG_SCANS, Limits
from convtool.io.png import SIGNATURE
from convtool.io.source import Source

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM")
ACCEPTED = "accepted are PNG, JPEG, TIFF, BMP, GIF, WebP, PPM/PGM, NPY, JSON and CSV"

_BEGINS = rb"\x89PNG|\xff\xd8|II[*+]\0|MM\0[*+]|BM|GIF8|RIFF....WEBP|P[1-6fFy]\s"
"""How files of `FORMATS` begin, in their order."""

_STDERR = Lock()


@contextmanager
def decoding(source: Source, limits: Limits) -> Iterator[Any]:
    """Open with Pillow; whatever a decoder raises, and it may raise anything, is one line."""
    import PIL.Image

    if source.head(2) == b"\xff\xd8":
        _check_scans(source)
    own_limit = PIL.Image.MAX_IMAGE_PIXELS
    # A GIF's frame may be larger than its screen, and takes memory before we see it; Pillow refuses
    # twice this number. The sizes of all else are checked by us.
    PIL.Image.MAX_IMAGE_PIXELS = limits.pixels if source.head(4) == b"GIF8" else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _quiet_decoder(source), _opened(source) as picture:
                yield picture
    except PIL.UnidentifiedImageError:
        if re.match(_BEGINS, source.head(12), re.DOTALL):
            raise InputError(
                "begins like a picture, but is damaged or of an unknown kind; save it as PNG or NPY"
            ) from None
        raise InputError(f"neither a picture nor a matrix; {ACCEPTED}") from None
    except PIL.Image.DecompressionBombError as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        pixels = int(found[1]) if found else 2 * limits.pixels
        raise LimitError(limits.refusal(f"a frame of it has {pixels} pixels", pixels)) from None
    except (ConvtoolError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # of the system's, not the decoder's
            raise
        told = str(error) if isinstance(error, OSError) else ""  # others speak of Python, not of the file
        raise InputError(f"cannot be decoded: {told or 'it is damaged'}") from error
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = own_limit


def _check_scans(source: Source) -> None:
    """Refuse a JPEG that paints its pixels over and over, each time at the cost of all."""
    scans, last = 0, b""
    source.stream.seek(0)
    while piece := source.stream.read(2**20):
        scans += (last + piece).count(b"\xff\xda")
        last = piece[-1:]
    if scans > MAX_JPEG_SCANS:
        raise LimitError(
            f"the JPEG has {scans} scans, over the limit of {MAX_JPEG_SCANS}; save it again, or as PNG"
        )


@contextmanager
def _quiet_decoder(source: Source) -> Iterator[None]:
    """Keep what libtiff writes to descriptor 2, past Python, from the user; the fault itself is raised."""
    if source.head(2) not in (b"II", b"MM"):
        yield
        return
    with _STDERR:  # one thread at a time, so that each puts back what it found
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


def _opened(source: Source) -> Any:
    """Open by what the file begins with; for a PNG no other format's decoder is loaded."""
    import PIL.Image

    if source.head(8) != SIGNATURE:
        return PIL.Image.open(source.stream, formats=FORMATS)
    from PIL.PngImagePlugin import PngImageFile

    try:
        return PngImageFile(source.stream)
    except SyntaxError as error:  # how a decoder says that it does not know the file
        raise PIL.UnidentifiedImageError from error
