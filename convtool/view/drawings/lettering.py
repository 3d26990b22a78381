"""Text in the letters of Pillow's own font: what it has of a name, and how much room that takes."""

from __future__ import annotations

from functools import cache
from math import ceil

from PIL import ImageFont

from convtool.text import encodable, printable

TITLE, BODY, SMALL = 20, 14, 12
"""Sizes of text in pixels."""

_BESIDES_ASCII = frozenset("·…")  # what the font has of the typography that convtool writes


def legible(text: str) -> str:
    r"""Text in letters that the font has, which are those of ASCII.

    Letters lose their accents; what has no plain form becomes an escape, as on a terminal of ASCII.

    Examples
    --------
    >>> print(legible("Äpfel\n3×3 · 猫"))
    Apfel\n3x3 · \u732b
    """
    shown = printable(text)
    if shown.isascii():
        return shown
    from unicodedata import combining, normalize  # rarely needed, and a library of its own to load

    plain = (letter for letter in normalize("NFD", shown) if not combining(letter))
    return "".join(letter if letter in _BESIDES_ASCII else encodable(letter, "ascii") for letter in plain)


def width_of(text: str, size: int) -> int:
    """Pixels that a line of text takes."""
    return ceil(font(size).getlength(legible(text)))


def fitted(text: str, size: int, width: float) -> str:
    """Text that takes no more than so many pixels: of what is longer the middle is left out."""
    whole = shown = legible(text)
    kept = len(whole)
    while width_of(shown, size) > width and kept:
        kept -= 1
        shown = f"{whole[: ceil(kept / 2)]}…{whole[len(whole) - kept // 2 :]}"
    return shown


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow, so that a picture is the same everywhere."""
    return ImageFont.load_default(size)
