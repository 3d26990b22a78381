"""``convtool net patches``: the table, records, the sheet, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_network
from convtool.cli.display import Display
from convtool.cli.status import StatusLine
from convtool.net.data.reading import read_data
from convtool.net.exciting import Excitement, most_exciting
from convtool.view.drawings.patches import patches_sheet
from tests.cli.net.networks import done, noticed, spec
from tests.cli.runner import as_process, in_process
from tests.net.data.lines import KINDS, write_lines, write_npz

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

COMMAND = ("patches", "edges.json", "pictures", "--layer")


@pytest.fixture(autouse=True)
def pictures() -> None:
    """``pictures/``, 6 in the folders of two classes, and ``edges.json``, one map of which is dead."""
    write_lines(Path("pictures"), 6)
    spec(
        "edges.json",
        {
            "kind": "conv",
            "weights": [[[-1, 1]], [[1, -1]], [[-1, -1]]],
            "bias": [0, 0, -1],
            "padding": "same",
        },
        {"kind": "relu"},
        {"kind": "flatten"},
    )


def found(layer: str, count: int) -> list[list[Excitement]]:
    return most_exciting(load_network("edges.json"), read_data("pictures", notify=pytest.fail), layer, count)


def sheet(filters: NDArray, layer: str, count: int) -> bytes:
    rows = found(layer, count)
    shown = [[each.patch for each in row] for row in rows]
    strengths = [[each.strength for each in row] for row in rows]
    return patches_sheet(filters, shown, strengths, f"edges.json · {layer} · pictures")


class TestTable:
    def test_is_a_row_for_each_map(self) -> None:
        data = read_data("pictures", notify=pytest.fail)
        lines = done(*COMMAND, "relu1", "--count", "3").out.splitlines()
        assert lines[0] == "edges.json · relu1 · pictures"
        assert lines[1].split() == ["map", "strongest", "in", "at", "size", "strengths"]
        for number, row in enumerate(found("relu1", 3)[:2], 1):
            best = row[0]
            place = f"{data.names[best.image]} ({data.classes[data.labels[best.image]]})"
            strengths = " ".join(f"{each.strength:.4g}" for each in row)
            assert re.split(" {2,}", lines[2 + number].strip()) == [
                *(str(number), place, f"{best.corner[0]},{best.corner[1]}", "1×2", strengths),
            ]
        assert lines[5].split() == ["3", "-", "-", "-", "none", "above", "0"]
        assert len(lines) == 7

    def test_is_not_printed_where_nothing_is(self) -> None:
        assert done(*COMMAND, "conv1", "-q").data == b""
        assert done(*COMMAND, "conv1", "-q", "-o", "seen.png").data == b""
        assert Path("seen.png").exists()


class TestRecords:
    def test_are_a_line_for_each_map(self) -> None:
        records = done(*COMMAND, "conv1", "--count", "2", "--json").records
        assert [(record["map"], len(record["patches"])) for record in records] == [(1, 2), (2, 2), (3, 0)]
        for record, row in zip(records, found("conv1", 2), strict=True):
            for told, each in zip(record["patches"], row, strict=True):
                assert (told["strength"], told["y"], told["x"]) == (each.strength, *each.corner)
                assert told["class"] == told["name"].partition("/")[0]

    def test_are_8_patches_each_at_the_most(self) -> None:
        write_npz("many.npz", 12)
        for data, count in (("many.npz", 8), ("pictures", 6)):
            records = done("patches", "edges.json", data, "--layer", "conv1", "--json").records
            assert len(records[0]["patches"]) == count

    def test_come_of_every_kind_of_data_and_network(self) -> None:
        expected = done(*COMMAND, "relu1", "--json").records
        write_npz("pictures.npz", 6)
        done("export", "edges.json", "-o", "edges.onnx")
        data = Path("pictures.npz").read_bytes()
        for model in ("edges.json", "edges.onnx"):
            records = done("patches", model, "-", "--layer", "relu1", "--json", stdin=data).records
            for one, other in zip(records, expected, strict=True):
                assert [each["strength"] for each in one["patches"]] == [
                    each["strength"] for each in other["patches"]
                ]
        model = Path("edges.onnx").read_bytes()
        assert done("patches", "-", "pictures", "--layer", "relu1", "--json", stdin=model).records == expected


class TestSheet:
    def test_shows_filters_and_patches_beside_the_table(self) -> None:
        weights = load_network("edges.json").layers[0].operation.arrays["weights"]
        plain = done(*COMMAND, "conv1").out
        assert done(*COMMAND, "conv1", "-o", "seen.png").out == plain
        assert Path("seen.png").read_bytes() == sheet(weights, "conv1", 8)

    def test_shows_no_filters_of_a_layer_without(self) -> None:
        done(*COMMAND, "relu1", "-o", "seen.png", "--count", "2")
        assert Path("seen.png").read_bytes() == sheet(np.zeros((3, 0, 1, 1), np.float32), "relu1", 2)

    def test_of_maps_that_are_all_dead(self) -> None:
        spec("dead.json", {"kind": "conv", "weights": [[[-1]], [[-2]]]}, {"kind": "relu"})
        for layer in ("conv1", "relu1"):
            out = done("patches", "dead.json", "pictures", "--layer", layer, "-o", "seen.png").out
            assert out.count("none above 0") == 2
            assert Path("seen.png").exists()

    def test_on_standard_output_stands_alone(self) -> None:
        data = done(*COMMAND, "conv1", "-o", "-").data
        done(*COMMAND, "conv1", "-o", "seen.png", "--json")
        assert data == Path("seen.png").read_bytes()


class TestPictures:
    def test_are_made_the_size_that_is_asked_for(self) -> None:
        for size, made in (("4", "4×4"), ("4,6", "4×6")):
            says = f"pictures: 6 of 6 picture(s) resized to {made}"
            noticed(*COMMAND, "conv1", "--size", size, "--json", says=says)

    def test_what_is_none_is_left_out_with_a_notice(self, mistake: Callable[..., str]) -> None:
        Path("pictures/level/readme.txt").write_text("what is here")
        finished = in_process("net", *COMMAND, "conv1", "--json")
        assert finished.err.startswith("convtool: notice: pictures: left out level/readme.txt: ")
        assert len(finished.records[0]["patches"]) == 6
        assert in_process("net", *COMMAND, "conv1", "-q").err == ""
        says = r"^convtool: pictures: left out level/readme\.txt: .*; refused because of --strict$"
        mistake("net", *COMMAND, "conv1", "--strict", code=3, says=says)

    def test_how_far_it_is_goes_before_what_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        monkeypatch.setattr(StatusLine, "update", lambda self, line: said.append(line))
        monkeypatch.setattr(StatusLine, "clear", lambda self: said.append("clear"))
        monkeypatch.setattr(Display, "notice", lambda self, line: said.append(line))
        Path("pictures/level/readme.txt").write_text("what is here")
        done(*COMMAND, "conv1", "-q")
        assert said[:8] == [*(f"{number} of 7 images read" for number in range(1, 8)), "clear"]
        assert said[8].startswith("pictures: left out level/readme.txt: ")
        assert said[9:] == ["6 of 6 images run", "clear"]
        assert in_process("net", *COMMAND, "flatten1").code == 2
        assert said[-1] == "clear"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nope.npz", "pictures", "--layer", "conv1"), 3, "^convtool: nope.npz: cannot be read"),
        (("edges.json", "nope", "--layer", "conv1"), 3, "^convtool: nope: cannot be read: No such file"),
        (("edges.json", "pictures"), 2, "Missing option '--layer'"),
        (("edges.json", "--layer", "conv1"), 2, "Missing argument 'DATA'"),
        (
            ("edges.json", "nope", "--layer", "conv2"),
            2,
            "there is no layer 'conv2'; edges has conv1, relu1, fl",
        ),
        (
            ("edges.json", "pictures", "--layer", "flatten1"),
            2,
            "^convtool: layer 'flatten1' is 192, no maps; ",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "--count", "0"),
            2,
            "'0' is not a whole number from 1",
        ),
        (
            ("lines.json", "pictures", "--layer", "lines", "--size", "8"),
            2,
            "lines reads images of 12×12; leave",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "-o", "a.npy"),
            2,
            "a.npy: a picture is written as .pn",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "-o", "sub"),
            5,
            "^convtool: sub: it is a folder; nam",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "-o", "-", "--json"),
            2,
            "would both write to standard",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "-q", "-o", "no/a.png"),
            5,
            "its folder does not exist",
        ),
        (
            ("edges.json", "pictures", "--layer", "conv1", "-o", "pictures/level/000.png"),
            2,
            "replace the input",
        ),
        (("-", "-", "--layer", "conv1"), 2, "^convtool: - is given twice; standard input holds one input"),
    ],
)
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    Path("sub").mkdir()
    mistake("net", "patches", *arguments, code=code, says=says)


def test_names_are_text() -> None:
    for kind in KINDS:
        Path("pictures", kind).rename(f"pictures/[bold]\n\x1b[31m{kind}")
    out = done(*COMMAND, "conv1", "-o", "seen.png").out
    assert re.search(r"  1  \[bold\]\\n\\x1b\[31m(\w+)/\d+\.png \(\[bold\]\\n\\x1b\[31m\1\)  ", out)


def test_as_a_process(folder: Path) -> None:
    finished = as_process("net", "patches", folder / "edges.json", "pictures", "--layer", "relu1", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert len(finished.records) == 3
