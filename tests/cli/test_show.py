"""``convtool show``: images, maps, filters and built-ins as matrices, whole or elided."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import save_map
from tests.cli.runner import contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SOBEL = "  |   0   1   2\n--+------------\n0 |  -1   0   1\n1 |  -2   0   2\n2 |  -1   0   1\n\n"


def test_an_image_a_filter_and_a_built_in(notes: Path, folder: Path) -> None:
    finished = in_process("show", notes.name, "diagonal.json", "sobel-x")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out == (
        "notes.json · 3 × 3\n  |  0  1  2\n--+---------\n0 |  1  0  2\n1 |  3  1  0\n2 |  0  0  4\n\n"
        "diagonal.json · diagonal · 2 × 2\n  |  0  1\n--+------\n0 |  1  0\n1 |  0  1\n\n"
        f"sobel-x · sobel-x · 3 × 3\n{SOBEL}"
    )
    assert len(contents(folder)) == 2


def test_a_map_shows_its_values_its_stage_and_its_filter() -> None:
    save_map("a.png", [[-1, 0], [2, 500]], stage="conv", filter="edge")
    assert in_process("show", "a.png").out == (
        "Conv · a.png · edge · 2 × 2\n  |    0    1\n--+----------\n0 |   -1    0\n1 |    2  500\n\n"
    )


def test_every_plane_of_an_array_has_its_number() -> None:
    np.save("planes.npy", np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    assert re.findall("^p.*", in_process("show", "planes.npy").out, re.MULTILINE) == [
        "planes.npy · 01 · 2 × 2",
        "planes.npy · 02 · 2 × 2",
    ]
    records = in_process("show", "planes.npy", "--json").records
    assert [record["values"] for record in records] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_colour_shows_its_brightness_or_its_channels(colour: NDArray[np.float32]) -> None:
    assert [r["filter"] for r in in_process("show", "colour.png", "--json").records] == [None]
    records = in_process("show", "colour.png", "--json", "--channels", "each").records
    assert [record["filter"] for record in records] == ["R", "G", "B"]
    assert [record["values"] for record in records] == colour.tolist()


def test_every_kernel_of_a_bank_has_its_name(folder: Path) -> None:
    Path("b.json").write_text('{"weights": [[[[1]], [[2]]], [[[3]], [[4]]]], "names": ["up", "down"]}')
    records = in_process("show", "b.json", "--json").records
    assert [(record["filter"], record["values"]) for record in records] == [
        ("b-up.01", [[1]]),
        ("b-up.02", [[2]]),
        ("b-down.01", [[3]]),
        ("b-down.02", [[4]]),
    ]
    np.save("bank.npy", np.float32([[[[5]]], [[[6]]]]))
    records = in_process("show", "bank.npy", "--json").records
    assert [(record["filter"], record["values"]) for record in records] == [
        ("bank-01", [[5]]),
        ("bank-02", [[6]]),
    ]


def test_a_file_goes_before_a_built_in(folder: Path) -> None:
    Path("sobel-x").write_text("7,8\n")
    assert in_process("show", "sobel-x").out.startswith("sobel-x · 1 × 2\n")


def test_a_record_says_what_no_computation_made(notes: Path) -> None:
    record = in_process("show", notes.name, "--json").record
    nothing = ("filter", "stage", "output", "exact", "step", "convention", "plan")
    assert {record[key] for key in nothing} == {None}
    assert (record["clipped"], record["seconds"], record["shape"]) == (0, 0, [3, 3])


def test_stdin_is_shown() -> None:
    assert in_process("show", "-", stdin=b"1,2\n").out == "- · 1 × 2\n  |  0  1\n--+------\n0 |  1  2\n\n"


class TestTables:
    def test_precision(self) -> None:
        Path("a.csv").write_text("0.875,-10\n")
        shown = [in_process("show", "a.csv", "--precision", n).out.splitlines()[3] for n in ("0", "2", "10")]
        assert shown == [
            "0 |    1  -10",
            "0 |    0.88  -10.00",
            "0 |    0.8750000000  -10.0000000000",
        ]

    def test_a_large_matrix_loses_its_middle_and_keeps_its_numbers(self) -> None:
        np.save("large.npy", np.arange(40 * 30, dtype=np.float32).reshape(40, 30))
        assert in_process("show", "large.npy").out == (
            "large.npy · 40 × 30\n"
            "   |     0     1     2  …    27    28    29\n"
            "---+---------------------------------------\n"
            " 0 |     0     1     2  …    27    28    29\n"
            " 1 |    30    31    32  …    57    58    59\n"
            " 2 |    60    61    62  …    87    88    89\n"
            " … |     …     …     …  …     …     …     …\n"
            "37 |  1110  1111  1112  …  1137  1138  1139\n"
            "38 |  1140  1141  1142  …  1167  1168  1169\n"
            "39 |  1170  1171  1172  …  1197  1198  1199\n"
            "\n"
        )

    def test_full_prints_every_number_on_one_line_a_row(self, gray: NDArray[np.float32]) -> None:
        np.save("wide.npy", np.arange(1200, dtype=np.float32).reshape(3, 400) * 1000)
        _, head, _, *rows = in_process("show", "wide.npy", "--full").out.rstrip("\n").split("\n")
        assert head.replace("|", " ").split() == [str(column) for column in range(400)]
        assert [row.split(" |")[1].split() for row in rows] == [
            [str(1000 * (400 * i + j)) for j in range(400)] for i in range(3)
        ]

    def test_a_thousand_cells_are_shown_whole(self) -> None:
        np.save("a.npy", np.ones((10, 100), np.float32))
        assert "…" not in in_process("show", "a.npy").out
        np.save("a.npy", np.ones((7, 143), np.float32))
        assert "…" in in_process("show", "a.npy").out

    def test_small_numbers_do_not_vanish(self) -> None:
        Path("a.csv").write_text("0.00000012,1\n")
        assert in_process("show", "a.csv").out.splitlines()[3] == "0 |  1.2000e-07  1.0000e+00"

    def test_colour_where_asked(self, notes: Path) -> None:
        plain, coloured = (in_process("show", notes.name, "--color", c).out for c in ("never", "always"))
        assert "\x1b[" not in plain
        assert coloured.count("\x1b[") > 9
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain == in_process("show", notes.name).out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nope"], 2, "no built-in filter is called 'nope'"),
        (["sobelx"], 2, "did you mean sobel-x or sobel-y"),
        (["nope.png"], 3, "^convtool: nope.png: cannot be read: No such file or directory$"),
        ([""], 2, "a path is empty"),
        (["."], 3, "^convtool: .: it is a folder; name a file$"),
        (["-", "-"], 2, "- is given twice"),
        (["ragged.json"], 3, "^convtool: ragged.json: row 2 has 1 values, row 1 has 2"),
        (["unknown.json"], 3, "^convtool: unknown.json: unknown key 'wieghts'"),
        (["image.npz"], 3, "^convtool: image.npz: looks like a ZIP archive"),
        (["empty.png"], 3, "^convtool: empty.png: it is empty$"),
        (["[bold]\n\x1b[31m.png"], 3, r"^convtool: \[bold\]\\n\\x1b\[31m.png: cannot be read"),
    ],
)
def test_what_cannot_be_shown(
    arguments: list[str], code: int, says: str, mistake: Callable[..., str]
) -> None:
    Path("ragged.json").write_text("[[1, 2], [3]]")
    Path("unknown.json").write_text(json.dumps({"wieghts": [[1]]}))
    np.savez("image.npz", np.zeros((2, 2)))
    Path("empty.png").touch()
    mistake("show", *arguments, code=code, says=says)
