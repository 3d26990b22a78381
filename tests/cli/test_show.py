"""``convtool show``: images, maps, filters and built-ins as matrices, whole or elided, or as pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
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


class TestView:
    """--view."""

    NOTES = (
        "notes.json · 3 × 3\n"
        + "::::::::        ++++++++\n" * 4
        + "########::::::::\n" * 4
        + "                @@@@@@@@\n" * 4
        + "0     ...:::---===+++***###%%%%@@@ 4\n\n"
    )

    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLORTERM", "truecolor")

    def test_a_pipe_gets_ascii(self, notes: Path, folder: Path) -> None:
        finished = in_process("show", notes.name, "--view")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == self.NOTES
        assert len(contents(folder)) == 2

    @pytest.mark.parametrize("color", ["auto", "never"])
    def test_and_so_does_who_wants_no_colour(
        self, color: str, notes: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert in_process("show", notes.name, "--view", "--color", color).out == self.NOTES

    def test_who_always_wants_colours_gets_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        row = "".join(f"\x1b[38;2;{c};48;2;{c}m▀▀▀▀▀▀▀▀" for c in ("91;154;247", "245;244;243", "226;122;49"))
        lines = in_process("show", "sobel-x", "--view", "--color", "always").out.splitlines()
        assert lines[0] == "\x1b[1msobel-x · sobel-x · 3 × 3\x1b[0m"
        assert lines[1:5] == lines[9:13] == [f"{row}\x1b[0m"] * 4
        assert lines[13].startswith("-2 \x1b[38;2;3;67;148;48;2;3;67;148m▀")
        monkeypatch.delenv("COLORTERM")
        monkeypatch.setenv("TERM", "xterm")
        lines = in_process("show", "sobel-x", "--view", "--color", "always").out.splitlines()
        assert lines[1].startswith("\x1b[38;5;69;48;5;69m▀▀▀▀▀▀▀▀\x1b[38;5;255;48;5;255m▀")

    def test_a_photo_in_colour_and_its_channels_in_gray(self, colour: NDArray[np.float32]) -> None:
        def pixels(line: str) -> list[list[str]]:
            return [re.findall(rf"{place};2;(\d+;\d+;\d+)", line)[::3] for place in (38, 48)]

        shown = in_process("show", "colour.png", "--view", "--color", "always")
        title, *lines, scale, _ = shown.out.splitlines()
        assert "colour.png · 17 × 22" in title
        assert len(lines) == 17 * 3 // 2 + 1
        assert pixels(lines[0])[0][0] == ";".join(f"{code:.0f}" for code in colour[:, 0, 0])
        assert pixels(lines[1])[1][0] == ";".join(f"{code:.0f}" for code in colour[:, 1, 0])
        assert scale.startswith("0 \x1b[38;2;0;0;0;48;2;0;0;0m▀")
        each = in_process("show", "colour.png", "--view", "--color", "always", "--channels", "each").out
        assert re.findall("colour.png · ([RGB]) · 17 × 22", each) == ["R", "G", "B"]
        red, green, blue = colour[:, 0, 0]
        for part, code in zip(each.split("\n\n"), (red, green, blue), strict=False):
            assert pixels(part.splitlines()[1])[0][0] == ";".join([f"{code:.0f}"] * 3)

    def test_scaled_numbers_look_the_same(self, gray: NDArray[np.float32]) -> None:
        stored, unit = (
            in_process("show", "gray.png", "--view", "--scale", s).out for s in ("stored", "unit")
        )
        assert stored.splitlines()[-2] == "0     ...:::---===+++***###%%%%@@@ 255"
        assert unit == stored.replace(" 255\n", " 1\n")

    def test_a_deep_picture_goes_from_its_darkest_to_its_lightest_value(self) -> None:
        PIL.Image.fromarray(np.uint16([[700, 1000]])).save("deep.png")
        assert in_process("show", "deep.png", "--view").out.splitlines()[1:] == [
            *["        @@@@@@@@"] * 4,
            "700     ...:::---===+++***###%%%%@@@ 1,000",
            "",
        ]

    def test_a_map_has_its_stage_and_its_values(self) -> None:
        save_map("a.png", [[-1, 0], [2, 500]], stage="conv", filter="edge")
        lines = in_process("show", "a.png", "--view").out.splitlines()
        assert (lines[0], lines[-2].split()[0], lines[-2].split()[-1]) == (
            "Conv · a.png · edge · 2 × 2",
            "-1",
            "500",
        )

    def test_a_large_image_fits_into_80_columns(self) -> None:
        np.save("large.npy", np.random.default_rng(3).normal(size=(1000, 4000)).astype(np.float32))
        title, *lines, scale, means, _ = in_process("show", "large.npy", "--view").out.splitlines()
        assert title == "large.npy · 1000 × 4000"
        assert (len(lines), max(map(len, lines))) == (10, 80)
        assert len(scale) <= 80
        assert re.fullmatch(r"means of 100 × 50 values from -\d\.\d+ to \d\.\d+", means)

    def test_columns_say_how_wide(self, monkeypatch: pytest.MonkeyPatch) -> None:
        np.save("large.npy", np.ones((100, 400)))
        monkeypatch.setenv("COLUMNS", "33")
        lines = in_process("show", "large.npy", "--view", "--color", "always").out.splitlines()
        assert lines[1].count("▀") == 33

    def test_quiet_draws_nothing_and_still_reads(self, notes: Path, mistake: Callable[..., str]) -> None:
        finished = in_process("show", notes.name, "--view", "-q")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        mistake("show", "nope.png", "--view", "-q", code=3, says="nope.png: cannot be read")

    @pytest.mark.parametrize(
        "option", [["--json"], ["--full"], ["--precision", "2"], ["--precision", "4"]], ids=" ".join
    )
    def test_what_is_for_numbers_is_wrong_usage(
        self, option: list[str], notes: Path, mistake: Callable[..., str]
    ) -> None:
        says = f"{option[0]} is for printed numbers; leave it out, or --view"
        mistake("show", notes.name, "--view", *option, code=2, says=says)

    def test_names_are_escaped(self) -> None:
        Path("[bold]\n\x1b[31m.csv").write_text("1,2\n")
        shown = in_process("show", "[bold]\n\x1b[31m.csv", "--view").out
        assert shown.splitlines()[0] == r"[bold]\n\x1b[31m.csv · 1 × 2"
        assert "\x1b" not in shown

    def test_a_notice_is_given(self) -> None:
        PIL.Image.new("RGBA", (2, 2)).save("alpha.png")
        assert in_process("show", "alpha.png", "--view").err == (
            "convtool: notice: alpha.png: alpha is dropped\n"
        )


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
