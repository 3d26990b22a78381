"""What can be asked of a layout: which texts stand where, and whether anything runs into anything else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from convtool.view.drawings.drawing import MARGIN, Drawing, Text, Tile

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pixels(png: bytes) -> NDArray[np.uint8]:
    """The pixels ``(H, W, 3)`` of a picture in colour."""
    with PIL.Image.open(io.BytesIO(png)) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def texts(drawing: Drawing) -> list[str]:
    """What is written, in the order of the marks."""
    return [mark.text for mark in drawing.marks if isinstance(mark, Text)]


def written(drawing: Drawing, what: str) -> list[Text]:
    """The texts that say just this, in the order of the marks."""
    return [mark for mark in drawing.marks if isinstance(mark, Text) and mark.text == what]


def tiles(drawing: Drawing) -> list[Tile]:
    """The pictures, in the order of the marks."""
    return [mark for mark in drawing.marks if isinstance(mark, Tile)]


def assert_tidy(drawing: Drawing) -> None:
    """Everything is within the margins and runs into nothing else, but for numbers in their cells."""
    marks = [mark for mark in drawing.marks if isinstance(mark, Text | Tile)]
    boxes = np.array([mark.box for mark in marks])
    start, end = boxes[:, :2], boxes[:, 2:]
    page = np.array([drawing.width, drawing.height])
    outside = ((start < MARGIN - 1) | (end > page - MARGIN + 1)).any(axis=1)
    assert not outside.any(), marks[int(outside.argmax())]
    meet = ((start[:, None] < end) & (start < end[:, None])).all(axis=2)
    hold = ((start[:, None] <= start) & (end <= end[:, None])).all(axis=2)
    letters = np.array([isinstance(mark, Text) for mark in marks])
    centred = np.array([isinstance(mark, Text) and mark.anchor == "mm" for mark in marks])
    inside = hold & ~letters[:, None] & centred
    wrong = np.argwhere(np.triu(meet & ~inside, 1))
    assert not len(wrong), [marks[index] for index in wrong[0]]
