"""``convtool sheet``: what is drawn of which files, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import save_map
from convtool.io.limits import Limits
from convtool.view.drawings.looks import Look
from convtool.view.drawings.panels import map_panel, picture_panel
from convtool.view.drawings.sheet import maps_sheet
from tests.cli.runner import as_process, in_process
from tests.view.drawings.layouts import pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RESPONSE = np.float32([[-2, 1.5], [3, -0.25]])

TOO_LARGE = (
    r"the sheet would have 404708694 pixels at --zoom 9999, fewer at a smaller one, over the limit of "
    r"100000000; raise it with --max-pixels 404708694 or CONVTOOL_MAX_PIXELS=404708694"
)


def drawn(*arguments: str, **options: Any) -> bytes:
    finished = in_process("sheet", *arguments, "-o", "sheet.png", **options)
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    return Path("sheet.png").read_bytes()


@pytest.fixture
def maps() -> None:
    save_map("a.png", np.rint(RESPONSE), stage="conv", filter="sobel-x")
    np.save("b.npy", np.stack([RESPONSE, -RESPONSE]))


def expected(look: Look) -> bytes:
    panels = [
        map_panel(np.rint(RESPONSE), "a.png", "sobel-x", look, "conv"),
        map_panel(RESPONSE, "b.npy · 01", "", look),
        map_panel(-RESPONSE, "b.npy · 02", "", look),
    ]
    return maps_sheet(panels, look, Limits())


@pytest.mark.parametrize(
    ("options", "look"),
    [
        ((), Look()),
        (("--shared-scale",), Look(shared=True)),
        (("--range", "-1,2"), Look(limits=(-1, 2))),
        (("--colormap", "gray", "--zoom", "40"), Look(colormap="gray", zoom=40)),
    ],
)
@pytest.mark.usefixtures("maps")
def test_every_map_is_drawn_with_what_its_file_knows(options: tuple[str, ...], look: Look) -> None:
    assert drawn("a.png", "b.npy", *options) == expected(look)


def test_pictures_look_as_they_are_without_a_notice(colour: NDArray[np.float32]) -> None:
    assert drawn("colour.png") == maps_sheet([picture_panel(colour, "colour.png", Look())], Look(), Limits())
    assert drawn("colour.png", "--channels", "each") == maps_sheet(
        [picture_panel(colour[[k]], f"colour.png · {name}", Look()) for k, name in enumerate("RGB")],
        Look(),
        Limits(),
    )


def test_a_colour_map_makes_pictures_maps(gray: NDArray[np.float32]) -> None:
    look = Look(colormap="viridis")
    assert drawn("gray.png", "--colormap", "viridis") == maps_sheet(
        [map_panel(gray, "gray.png", "", look)], look, Limits()
    )


def test_a_single_value_from_standard_input() -> None:
    assert drawn("-", stdin=b"[[7]]") == maps_sheet(
        [map_panel(np.float32([[7]]), "stdin", "", Look())], Look(), Limits()
    )


@pytest.mark.usefixtures("maps")
def test_standard_output_holds_the_sheet() -> None:
    data = in_process("sheet", "a.png", "-o", "-").data
    assert data == drawn("a.png")


def test_notices_are_passed_on() -> None:
    np.save("large.npy", np.array([[2**24 + 1]]))
    finished = in_process("sheet", "large.npy", "-o", "sheet.png")
    assert finished.err == "convtool: notice: large.npy: 1 whole number(s) beyond 2^24 rounded to float32\n"
    assert in_process("sheet", "large.npy", "-o", "sheet.png", "-q").err == ""


@pytest.mark.usefixtures("maps")
def test_names_are_data() -> None:
    name = "[bold]\x1b[31m·猫.npy"
    Path("b.npy").rename(name)
    panels = [
        map_panel(values, f"{name} · {part}", "", Look())
        for values, part in ((RESPONSE, "01"), (-RESPONSE, "02"))
    ]
    assert drawn(name) == maps_sheet(panels, Look(), Limits())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("a.png",), 2, "Missing option '-o' / '--output'"),
        (("-o", "s.png"), 2, "Missing argument 'MAP...'"),
        (("a.png", "-o", "a.png"), 2, "the output would replace the input a.png; name another"),
        (("a.png", "-o", "s.jpg"), 2, "s.jpg: a picture is written as .png"),
        (("a.png", "-o", ""), 2, "-o is empty"),
        (("a.png", "-o", "no/s.png"), 5, "no/s.png: its folder does not exist; create it first"),
        (("a.png", "-o", "."), 5, "it is a folder"),
        (("-", "-", "-o", "s.png"), 2, "- is given twice"),
        (("nope.png", "-o", "s.png"), 3, "^convtool: nope.png: cannot be read"),
        (("a.png", "nope.png", "-o", "s.png"), 3, "^convtool: nope.png: cannot be read"),
        (("text.png", "-o", "s.png"), 3, "^convtool: text.png: "),
        (("a.png", "-o", "s.png", "--range", "2,1"), 2, "'2,1' is no range; use LO,HI"),
        (("a.png", "-o", "s.png", "--zoom", "0"), 2, "'0' is not a whole number from 1"),
        (("a.png", "-o", "s.png", "--colormap", "jet"), 2, "'jet' is not one of"),
        (("a.png", "-o", "s.png", "--zoom", "9999"), 4, TOO_LARGE),
        (("a.png", "-o", "s.png", "--zoom", "1000", "--max-memory", "9M"), 4, "raise it with --max-memory"),
        (("big.npy", "-o", "s.png", "--max-pixels", "3"), 4, "^convtool: big.npy: the image is 2×2, 4 pix"),
        (("wide.npy", "-o", "s.png", "--strict"), 3, "rounded to float32; refused because of --strict"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("maps")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    Path("text.png").write_text("no picture")
    np.save("big.npy", np.ones((2, 2)))
    np.save("wide.npy", np.array([[2**24 + 1]]))
    mistake("sheet", *arguments, code=code, says=says)


@pytest.mark.usefixtures("maps")
def test_as_a_process(folder: Path) -> None:
    finished = as_process("sheet", folder / "a.png", folder / "b.npy", "-o", folder / "sheet.png")
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    assert pixels((folder / "sheet.png").read_bytes()).shape[2] == 3
