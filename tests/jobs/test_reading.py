"""From an opened image to the planes that are worked on."""

from __future__ import annotations

import numpy as np
import pytest

from convtool.errors import ArgumentError, InputError
from convtool.io.images import Image
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import check_stdin_once, named_planes, noticed, scaled, spoken
from tests.tolerances import assert_same_bytes

RGB = np.arange(24, dtype=np.float32).reshape(3, 2, 4) * 10


def test_notices_bear_the_name_of_their_file() -> None:
    lines: list[str] = []
    noticed(Image(RGB, notices=("alpha is dropped", "frame 0 of 2 is used")), "a.png", lines.append)
    noticed(Image(RGB, notices=("alpha is dropped",)), "-", lines.append)
    assert lines == ["a.png: alpha is dropped", "a.png: frame 0 of 2 is used", "stdin: alpha is dropped"]


def test_a_notice_may_be_refused() -> None:
    def refuse(line: str) -> None:
        raise InputError(line)

    with pytest.raises(InputError, match=r"^a\.png: alpha is dropped$"):
        noticed(Image(RGB, notices=("alpha is dropped",)), "a.png", refuse)


def test_stdin_has_a_name() -> None:
    assert (spoken("-"), spoken("./-"), spoken("a.png")) == ("stdin", "./-", "a.png")


def test_stdin_is_read_once() -> None:
    check_stdin_once(["-", "a.png", "./-"])
    with pytest.raises(ArgumentError, match=r"^- is given twice; standard input holds one input"):
        check_stdin_once(["-", "a.png", "-"])


@pytest.mark.parametrize(("scale", "divisor"), [("stored", 1), ("unit", 255)])
def test_scale(scale: str, divisor: int) -> None:
    image = scaled(Image(RGB, maximum=255), InputOptions(scale=scale))  # type: ignore[arg-type]
    assert_same_bytes(image.values, RGB / np.float32(divisor))
    assert_same_bytes(scaled(Image(RGB), InputOptions(scale="unit")).values, RGB)


def test_planes_have_the_names_of_colours_or_numbers() -> None:
    each = InputOptions("each")
    assert [name for name, _ in named_planes(Image(RGB, colour=True), each)] == ["R", "G", "B"]
    assert [name for name, _ in named_planes(Image(RGB), each)] == ["01", "02", "03"]
    assert [name for name, _ in named_planes(Image(RGB[:1]), each)] == ["01"]
    assert [name for name, _ in named_planes(Image(RGB[0]), each)] == [None]
    for (_, plane), expected in zip(named_planes(Image(RGB, colour=True), each), RGB, strict=True):
        assert_same_bytes(plane, expected)


def test_colour_is_one_plane_of_brightness_by_default() -> None:
    ((name, plane),) = named_planes(Image(RGB, colour=True), InputOptions())
    assert name is None
    red, green, blue = RGB[:, 1, 2].astype(int)
    assert plane[1, 2] == (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
