"""Marks on white paper: a layout lists them, text, boxes, pixels, lines and dots, and one PNG shows them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from convtool.view.drawings.lettering import BODY, TITLE, fitted, font, legible, width_of

Codes = NDArray[np.uint8]
"""Pixels ``(H, W)`` of gray, or ``(H, W, 3)`` of colour."""

Colour = tuple[int, int, int]
Corners = tuple[float, float, float, float]
"""Left, top, right, bottom; the last two just behind what is inside."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
INK, MUTED, HAIRLINE, GRID = (34, 34, 34), (100, 100, 100), (190, 190, 190), (228, 228, 228)
"""Colours of text, of text beside it, of frames, and of what lies behind curves."""

BLUE, ORANGE = (18, 70, 140), (217, 105, 0)
"""Told apart by lightness too, so by everyone."""

MARGIN = 24
"""Pixels of paper around everything."""

HEAD = 92
"""Pixels from the top to what stands below a title and its line."""

_LONGEST_TITLE = 720
_COMPRESSION = 2  # of 9: a quarter of the usual time, and files that are a sixth larger
_SMOOTH = 4  # parts of a pixel's side that lines and dots are drawn to


class Mark(Protocol):
    """Something drawn."""

    @property
    def box(self) -> Corners:
        """What it covers."""

    def draw(self, picture: Image.Image) -> None:
        """Put it on the paper, over what is there."""


@dataclass(frozen=True)
class Text:
    """One line of text; ``anchor`` says where ``(x, y)`` lies in it, in Pillow's two letters.

    Turned text runs upwards: all of it is turned about ``(x, y)`` by a quarter.
    """

    x: float
    y: float
    text: str
    size: int = BODY
    colour: Colour = INK
    anchor: str = "ls"
    turned: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", legible(self.text))

    @property
    def box(self) -> Corners:
        """Around the ink."""
        left, top, right, bottom = self._extent
        if self.turned:
            left, top, right, bottom = top, -right, bottom, -left
        return (self.x + left, self.y + top, self.x + right, self.y + bottom)

    def draw(self, picture: Image.Image) -> None:
        """Draw it, the turned one by way of a mask."""
        if not self.turned:
            at = (self.x, self.y)
            ImageDraw.Draw(picture).text(at, self.text, self.colour, font(self.size), self.anchor)
            return
        left, top, right, bottom = self._extent
        mask = Image.new("L", (ceil(right - left), ceil(bottom - top)))
        ImageDraw.Draw(mask).text((-left, -top), self.text, 255, font(self.size), self.anchor)
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        picture.paste(self.colour, (round(self.box[0]), round(self.box[1])), turned)

    @property
    def _extent(self) -> Corners:
        return font(self.size).getbbox(self.text, anchor=self.anchor)


@dataclass(frozen=True)
class Rectangle:
    """A filled box of whole pixels."""

    box: tuple[int, int, int, int]
    colour: Colour

    def draw(self, picture: Image.Image) -> None:
        """Fill it."""
        picture.paste(self.colour, self.box)


@dataclass(frozen=True, eq=False)
class Tile:
    """Pixels, and a hairline around them that tells white ones from paper."""

    x: int
    y: int
    codes: Codes

    @property
    def box(self) -> Corners:
        """The pixels without the hairline."""
        height, width = self.codes.shape[:2]
        return (self.x, self.y, self.x + width, self.y + height)

    def draw(self, picture: Image.Image) -> None:
        """Paste them on a box that is a pixel larger on each side."""
        height, width = self.codes.shape[:2]
        picture.paste(HAIRLINE, (self.x - 1, self.y - 1, self.x + width + 1, self.y + height + 1))
        picture.paste(Image.fromarray(self.codes), (self.x, self.y))


@dataclass(frozen=True)
class Line:
    """A smooth line through points ``(x, y)``."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: int = 2

    @property
    def box(self) -> Corners:
        """Around the line, its width included."""
        across, down = zip(*self.points, strict=True)
        half = self.width / 2
        return (min(across) - half, min(down) - half, max(across) + half, max(down) + half)

    def draw(self, picture: Image.Image) -> None:
        """Draw it through a mask that is finer than pixels."""
        mask, draw = _fine_mask(self.box)
        before = [(x - 1, y - 1) for x, y in _fine(self.points, self.box)]  # half of an even width is behind
        draw.line(before, 255, self.width * _SMOOTH, joint="curve")
        picture.paste(self.colour, _corner(self.box), mask.reduce(_SMOOTH))


@dataclass(frozen=True)
class Dot:
    """A smooth disc."""

    x: float
    y: float
    radius: float
    colour: Colour

    @property
    def box(self) -> Corners:
        """Around the disc."""
        return (self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)

    def draw(self, picture: Image.Image) -> None:
        """Draw it through a mask that is finer than pixels."""
        left, top, right, bottom = self.box
        mask, draw = _fine_mask(self.box)
        start, (x, y) = _fine(((left, top), (right, bottom)), self.box)
        draw.ellipse((start, (x - 1, y - 1)), 255)  # Pillow's last corner is inside
        picture.paste(self.colour, _corner(self.box), mask.reduce(_SMOOTH))


@dataclass(frozen=True)
class Drawing:
    """What stands where: marks in the order they are drawn, on paper of a size."""

    width: int
    height: int
    marks: tuple[Mark, ...]

    def png(self) -> bytes:
        """The picture."""
        picture = Image.new("RGB", (self.width, self.height), WHITE)
        for mark in self.marks:
            mark.draw(picture)
        return as_png(picture)


def page(title: str, line: str, size: tuple[int, int], marks: Iterable[Mark]) -> Drawing:
    """Marks within a size ``(width, height)`` below a title and a line that says what they are.

    The marks begin at ``(MARGIN, HEAD)``. Paper is added at the right for a title that is wider.
    """
    width = max(size[0], width_of(line, BODY), min(width_of(title, TITLE), _LONGEST_TITLE))
    heads = (
        Text(MARGIN, MARGIN + 18, fitted(title, TITLE, width), TITLE),
        Text(MARGIN, MARGIN + 44, line, colour=MUTED),
    )
    return Drawing(width + 2 * MARGIN, HEAD + size[1] + MARGIN, (*heads, *marks))


def as_png(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=_COMPRESSION)
    return stream.getvalue()


def ink_on(colour: Sequence[int]) -> Colour:
    """Black or white, whichever is read better on a colour; at least 4.5 : 1 of contrast.

    Source: relative luminance of WCAG 2.1, where 0.179 is as far from black as from white.
    """
    parts = [code / 255 for code in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    red, green, blue = linear
    return BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else WHITE


def _corner(box: Corners) -> tuple[int, int]:
    """The pixel at the top left."""
    return floor(box[0]), floor(box[1])


def _fine_mask(box: Corners) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty mask of the box's pixels, each in 4 × 4 parts."""
    left, top = _corner(box)
    mask = Image.new("L", (_SMOOTH * (ceil(box[2]) - left), _SMOOTH * (ceil(box[3]) - top)))
    return mask, ImageDraw.Draw(mask)


def _fine(points: Iterable[tuple[float, float]], box: Corners) -> list[tuple[int, int]]:
    """The part of a pixel that begins at each point, counted from the mask's corner."""
    left, top = _corner(box)
    return [(round(_SMOOTH * (x - left)), round(_SMOOTH * (y - top))) for x, y in points]
