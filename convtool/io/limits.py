"""Every limit on what is read; that on pixels may be raised, by an option or CONVTOOL_MAX_PIXELS."""

from __future__ import annotations

import os
import re

from convtool.errors import ArgumentError, LimitError

MAX_PIXELS = 100_000_000
MAX_JSON_BYTES = 16 * 2**20
MAX_TEXT_BYTES = 256 * 2**20
MAX_STREAM_BYTES = 2**30
MAX_NPY_HEADER_BYTES = 10_000
MAX_PNG_ENTRY_BYTES = 2**20  # one text or colour profile, inflated; Pillow's own limit
MAX_PNG_TEXT_BYTES = 16 * 2**20  # all of them together


def max_pixels(option: int | None = None) -> int:
    """Pixels an image may have: the option, else ``CONVTOOL_MAX_PIXELS``, else 100 000 000."""
    if option is not None:
        return option
    setting = os.environ.get("CONVTOOL_MAX_PIXELS")
    if setting is None:
        return MAX_PIXELS
    if not re.fullmatch(r"\d{1,18}", setting, re.ASCII) or int(setting) < 1:
        raise ArgumentError(f"CONVTOOL_MAX_PIXELS is {setting!r}; set it to a whole number of at least 1")
    return int(setting)


def check_pixels(height: int, width: int, channels: int, limit: int) -> None:
    """Refuse an image of more than ``limit`` pixels, before it is decoded."""
    pixels = height * width
    if pixels > limit:
        gibibytes = pixels * channels * 4 / 2**30
        raise LimitError(
            f"the image is {height}×{width}, {pixels} pixels ({gibibytes:.1f} GiB as float32), "
            f"over the limit of {limit}; raise it with --max-pixels {pixels} or CONVTOOL_MAX_PIXELS={pixels}"
        )


def check_bytes(size: int, limit: int, what: str) -> None:
    """Refuse more than ``limit`` bytes of ``what``."""
    if size > limit:
        raise LimitError(f"{what} of {size} bytes is over the limit of {limit}; convert it to NPY")
