"""Every limit on what is read and on the memory that is taken: its default, and what raises it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from convtool.errors import ArgumentError, LimitError
from convtool.io.memory import available_memory

MAX_PIXELS = 100_000_000
MEMORY_SHARE = 0.5  # of what is available
ALWAYS_FITS = 64 * 2**20  # so little that asking the system would take longer
MAX_JSON_BYTES = 16 * 2**20
MEMORY_OF_JSON = 40  # bytes that a byte may take while it is parsed: "1," is a number of a list
MAX_TEXT_BYTES = 64 * 2**20
MAX_STREAM_BYTES = 2**30
MAX_NPY_HEADER_BYTES = 10_000
MOST_INFLATED = 100  # times its own size: what a packed array may become
MAX_PNG_ENTRY_BYTES = 2**20  # one text or colour profile, inflated; Pillow's own limit
MAX_PNG_TEXT_BYTES = 16 * 2**20  # all of them together
MAX_FRAMES_COUNTED = 1000
MAX_JPEG_SCANS = 50  # a progressive JPEG has about ten
MAX_FILTERS = 65_536
MAX_WEIGHTS = 16 * 2**20

_PIXELS_VARIABLE, _MEMORY_VARIABLE = "CONVTOOL_MAX_PIXELS", "CONVTOOL_MAX_MEMORY"
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Limits:
    """What the user allows.

    Attributes
    ----------
    pixels
        Of an image.
    memory
        Estimated bytes; ``None`` for half of what is available when it is asked for.
    """

    pixels: int = MAX_PIXELS
    memory: int | None = None

    @classmethod
    def of(cls, pixels: int | None = None, memory: int | None = None) -> Limits:
        """Take the options that are given, else the environment's ``CONVTOOL_MAX_…``, else the defaults."""
        if pixels is None:
            pixels = _pixels_of(os.environ.get(_PIXELS_VARIABLE))
        if memory is None and (setting := os.environ.get(_MEMORY_VARIABLE)) is not None:
            memory = parse_size(setting)
            if memory is None:
                raise ArgumentError(f"{_MEMORY_VARIABLE} is {setting!r}; set it to a size such as 500M or 8G")
        return cls(pixels, memory)

    def check_image(self, height: int, width: int, channels: int, stored_bytes: int) -> None:
        """Refuse an image that is too large, before it is decoded.

        Parameters
        ----------
        stored_bytes
            Of one pixel, as the decoder gives it.
        """
        pixels = height * width
        size = f"the image is {height}×{width}, {pixels} pixels"
        if pixels > self.pixels:
            raise LimitError(
                self.refusal(f"{size} ({pixels * channels * 4 / 2**30:.1f} GiB as float32)", pixels)
            )
        self.check_memory(pixels * (channels * 4 + stored_bytes), size)

    def refusal(self, what: str, pixels: int) -> str:
        """The message about too many pixels."""
        return (
            f"{what}, over the limit of {self.pixels}; "
            f"raise it with --max-pixels {pixels} or {_PIXELS_VARIABLE}={pixels}"
        )

    def check_memory(self, estimate: int, what: str) -> None:
        """Refuse work whose estimated bytes do not fit."""
        if self.memory is None and estimate < ALWAYS_FITS:
            return
        limit = self.memory if self.memory is not None else int(available_memory() * MEMORY_SHARE)
        if estimate > limit:
            of_what = "" if self.memory is not None else ", half of what is available"
            enough = _option(estimate)
            raise LimitError(
                f"{what}; it takes about {_spoken(estimate)} of memory, over the limit of {_spoken(limit)}"
                f"{of_what}; raise it with --max-memory {enough} or {_MEMORY_VARIABLE}={enough}"
            )


def parse_size(text: str) -> int | None:
    """Bytes of a size such as ``500M`` or ``8G`` (powers of 1024); ``None`` if it is none."""
    found = re.fullmatch(r"(\d{1,15})([KMGT]?)(iB|B)?", text, re.ASCII | re.IGNORECASE)
    if found is None or int(found[1]) < 1:
        return None
    return int(found[1]) * _UNITS[found[2].upper()]


def check_bytes(size: int, limit: int, what: str) -> None:
    """Refuse more than ``limit`` bytes of ``what``."""
    if size > limit:
        raise LimitError(f"{what} of {size} bytes is over the limit of {limit}; convert it to NPY")


def _pixels_of(setting: str | None) -> int:
    if setting is None:
        return MAX_PIXELS
    if not re.fullmatch(r"\d{1,18}", setting, re.ASCII) or int(setting) < 1:
        raise ArgumentError(f"{_PIXELS_VARIABLE} is {setting!r}; set it to a whole number of at least 1")
    return int(setting)


def _spoken(size: int) -> str:
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}" if size < 10 * scale else f"{size / scale:.0f} {unit}"
    return f"{size} bytes"


def _option(size: int) -> str:
    return f"{-(-size // 2**30)}G" if size >= 2**30 else f"{-(-size // 2**20)}M"
