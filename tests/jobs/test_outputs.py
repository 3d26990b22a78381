"""Where maps go: formats, names, one file or many, and never over an input or over each other."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import load_map
from convtool.errors import ArgumentError, InputError, OutputError
from convtool.io.maps import Written
from convtool.jobs.options import OutputOptions, Stage
from convtool.jobs.outputs import (
    Output,
    Outputs,
    PlannedMap,
    check_not_an_input,
    check_output,
    check_page_output,
    check_picture_output,
    opened,
    refuse_terminal,
    spoken_output,
    takes_any_format,
)
from convtool.jobs.stages import StageMap

POOL: frozenset[Stage] = frozenset({"pool"})


def stage_map(values: Any, stage: Stage = "pool", part: str | None = "edge") -> StageMap:
    return StageMap(stage, part, part, np.float32(values), exact=True, seconds=0.0)


def outputs(inputs: list[str] | None = None, notices: list[str] | None = None, **options: Any) -> Outputs:
    given = {"save": POOL, **options}
    return Outputs(
        OutputOptions(**given), inputs or ["a.png"], (notices if notices is not None else []).append
    )


class TestSheet:
    @pytest.mark.parametrize("sheet", ["a.edge.pool.png", "./a.edge.pool.png", "sub/../a.edge.pool.png"])
    def test_no_map_goes_where_it_goes(self, sheet: str) -> None:
        Path("sub").mkdir()
        says = r"^--sheet and a\.png with edge\.json would both write a\.edge\.pool\.png; name another$"
        with pytest.raises(ArgumentError, match=says):
            outputs(sheet=sheet).check([PlannedMap("a.png", "edge", "edge.json")], ["a.png"])

    def test_nor_one_that_is_known_only_when_the_image_is_read(self) -> None:
        out = outputs(sheet="a.edge.pool.png")
        with pytest.raises(ArgumentError, match=r"^--sheet and a\.png would both write a\.edge\.pool\.png;"):
            list(out.write("a.png", [stage_map([[1]])], stacked=False))
        assert not Path("a.edge.pool.png").exists()

    @pytest.mark.parametrize(("sheet", "file"), [("a.png", "./a.png"), ("-", "-")])
    def test_one_file_is_another(self, sheet: str, file: str) -> None:
        with pytest.raises(ArgumentError, match=r"^--sheet and -o would both write to one place; name anoth"):
            outputs(["in.npy"], sheet=sheet, file=file)

    @pytest.mark.parametrize("sheet", ["other/a.edge.pool.png", "a.edge.map.png", "-"])
    def test_elsewhere_it_is_welcome(self, sheet: str) -> None:
        outputs(sheet=sheet).check([PlannedMap("a.png", "edge")], ["a.png"])


class TestFolder:
    def test_each_map_has_its_file_and_the_folder_is_made(self, folder: Path) -> None:
        out = outputs(folder="x/y", format="csv", save=frozenset({"pool", "relu"}))
        maps = [stage_map([[1]], stage) for stage in ("conv", "relu", "pool")]
        assert list(out.write("a.png", maps, stacked=False)) == [
            Output(None, Written()),
            Output("x/y/a.edge.map.csv", Written()),
            Output("x/y/a.edge.pool.csv", Written()),
        ]
        assert Path("x/y/a.edge.map.csv").read_text() == "1\n"
        assert len(list(Path("x/y").iterdir())) == 2

    def test_a_file_is_there_before_its_output_is_given(self) -> None:
        out = outputs(format="csv")
        for output in out.write("a.png", [stage_map([[1]]), stage_map([[2]], part="b")], stacked=False):
            assert output.path is not None
            assert Path(output.path).read_text() in ("1\n", "2\n")

    def test_saving_nothing_makes_no_folder(self, folder: Path) -> None:
        out = outputs(folder="x", save=frozenset())
        assert list(out.write("a.png", [stage_map([[1]])], stacked=False)) == [Output(None, Written())]
        assert list(folder.iterdir()) == []

    def test_a_folder_that_is_a_file(self) -> None:
        Path("x").touch()
        with pytest.raises(OutputError, match=r"^x: the folder cannot be created: File exists$"):
            list(outputs(folder="x").write("a.png", [stage_map([[1]])], stacked=False))

    def test_no_folder_at_all(self) -> None:
        with pytest.raises(ArgumentError, match=r"--out-dir is empty; name a folder, or . for this one"):
            outputs(folder="")

    def test_a_name_is_written_once(self) -> None:
        out = outputs(format="csv")
        list(out.write("a.npy", [stage_map([[1]], part="01")], stacked=True))
        says = "a.01.npy: another input has just been written to a.01.pool.csv; rename one"
        with pytest.raises(ArgumentError, match=re.escape(says)):
            list(out.write("a.01.npy", [stage_map([[2]], part=None)], stacked=False))
        assert Path("a.01.pool.csv").read_text() == "1\n"

    def test_an_input_is_kept_though_its_name_is_known_late(self) -> None:
        Path("a.edge.R.pool.csv").write_text("9\n")
        out = outputs(["a.png", "a.edge.R.pool.csv"], format="csv")
        with pytest.raises(ArgumentError, match=r"the output would replace the input a\.edge\.R\.pool\.csv"):
            list(out.write("a.png", [stage_map([[1]], part="edge.R")], stacked=False))
        assert Path("a.edge.R.pool.csv").read_text() == "9\n"


class TestCheck:
    MAPS = (("a.png", "edge", "x/edge.json"), ("b.png", "edge", "x/edge.json"))

    def test_names_apart_are_fine(self) -> None:
        assert outputs().check(self.MAPS, ["a.png", "b.png"]) is None  # type: ignore[func-returns-value]

    @pytest.mark.parametrize(
        ("maps", "says"),
        [
            (
                [("a.png", "edge", "x/edge.json"), ("a.png", "edge", "y/edge.json")],
                "a.png with x/edge.json and a.png with y/edge.json would both write a.edge.pool.png",
            ),
            (
                [("x/a.png", "edge", "edge"), ("y/a.map.npy", "edge", "edge")],
                "x/a.png with edge and y/a.map.npy with edge would both write a.edge.pool.png",
            ),
            (
                [("a b.png", "e", "e"), ("a-b.png", "e", "e")],
                "a b.png with e and a-b.png with e would both write a-b.e.pool.png",
            ),
            (
                [("a.png", "bank-up", "bank.json"), ("a.png", "bank-up", "bank.json")],
                "a.png with bank.json would write a.bank-up.pool.png twice; rename one, or give them one",
            ),
            (
                [("-", None, None), ("stdin.png", None, None)],
                "stdin and stdin.png would both write stdin.pool.png",
            ),
        ],
    )
    def test_two_maps_of_one_name_are_both_named(self, maps: Any, says: str) -> None:
        """A4."""
        with pytest.raises(ArgumentError, match=f"^{re.escape(says)}"):
            outputs().check(maps, ["a.png", "b.png"])

    def test_what_is_not_saved_cannot_clash(self) -> None:
        maps = [("a.png", "edge", "x/edge.json"), ("a.png", "edge", "y/edge.json")]
        outputs(save=frozenset()).check(maps, ["a.png"])

    def test_an_output_that_is_an_input(self) -> None:
        Path("out").mkdir()
        Path("out/a.edge.pool.png").touch()
        out = outputs(["a.png", "out/a.edge.pool.png"], folder="out")
        with pytest.raises(
            ArgumentError, match=r"^out/a\.edge\.pool\.png: the output would replace the input"
        ):
            out.check(self.MAPS, ["a.png"])

    @pytest.mark.parametrize(
        ("file", "format_", "others"),
        [
            ("m.png", "PNG", "NPY or JSON"),
            ("m.csv", "CSV", "NPY or JSON"),
            ("-", "PNG", "--format npy or json"),
            (os.devnull, "PNG", "--format npy or json"),
        ],
    )
    def test_one_file_of_several_maps(self, file: str, format_: str, others: str) -> None:
        says = f"-o as {format_} holds one map, 2 are made; use --out-dir, or {others}$"
        with pytest.raises(ArgumentError, match=says):
            outputs(file=file).check(self.MAPS, ["a.png"])
        outputs(file="m.npy").check(self.MAPS, ["a.png"])

    def test_one_file_of_several_images(self) -> None:
        says = "-o holds the maps of one image, 2 are given; use --out-dir"
        with pytest.raises(ArgumentError, match=says):
            outputs(file="m.npy").check(self.MAPS, ["a.png", "b.png"])


class TestOneFile:
    @pytest.mark.parametrize(
        ("maps", "stacked", "file", "shape"),
        [
            (1, False, "m.npy", (2, 2)),
            (1, True, "m.npy", (1, 2, 2)),
            (1, True, "m.json", (1, 2, 2)),
            (1, True, "m.png", (2, 2)),
            (1, True, "m.csv", (2, 2)),
            (3, False, "m.npy", (3, 2, 2)),
            (3, True, "m.json", (3, 2, 2)),
        ],
    )
    def test_axes(self, maps: int, stacked: bool, file: str, shape: tuple[int, ...]) -> None:
        made = [stage_map(np.full((2, 2), number)) for number in range(maps)]
        given = list(outputs(file=file).write("a.png", made, stacked=stacked))
        assert [output.path for output in given] == [file] * maps
        values = np.array(json.loads(Path(file).read_text())) if file == "m.json" else load_map(file)
        assert values.shape == shape
        assert np.array_equal(values.reshape(-1, 2, 2)[:, 0, 0], np.arange(maps))

    def test_stages_that_are_not_saved_pass(self) -> None:
        made = [stage_map([[1]], "relu"), stage_map([[2]], "pool")]
        first, second = outputs(file="m.csv").write("a.png", made, stacked=False)
        assert (first, second.path) == (Output(None, Written()), "m.csv")
        assert Path("m.csv").read_text() == "2\n"

    def test_maps_of_two_sizes(self) -> None:
        made = [stage_map([[1]]), stage_map([[1, 2]])]
        says = r"-o holds maps of one size, these have \[\(1, 1\), \(1, 2\)\]; use --out-dir"
        with pytest.raises(ArgumentError, match=says):
            list(outputs(file="m.npy").write("a.png", made, stacked=True))
        assert not Path("m.npy").exists()

    def test_pictures_alone_are_compressed(self) -> None:
        for file in ("m.npy", "m.csv", "m.json"):
            says = f"--compress makes PNGs smaller, not {file[2:].upper()}; leave it out, or write PNG"
            with pytest.raises(ArgumentError, match=f"^{says}$"):
                outputs(file=file, compress=True)
        sizes = []
        for compress in (False, True):
            out = outputs(file="m.png", compress=compress)
            list(out.write("a.png", [stage_map(np.arange(9999).reshape(99, 101))], stacked=False))
            sizes.append(Path("m.png").stat().st_size)
            assert np.array_equal(load_map("m.png"), np.arange(9999).reshape(99, 101))
        assert sizes[1] < sizes[0] / 2

    @pytest.mark.parametrize("save", [frozenset(), frozenset({"relu", "pool"})])
    def test_one_stage(self, save: frozenset[Stage]) -> None:
        says = "-o holds one stage, --save asks for (none|map, pool); choose one with --save"
        with pytest.raises(ArgumentError, match=says):
            outputs(file="m.npy", save=save)

    def test_clipped_values_are_counted_and_noticed(self) -> None:
        notices: list[str] = []
        out = outputs(notices=notices, file="m.png", limits=(0.0, 1.0))
        (output,) = out.write("a.png", [stage_map([[-1, 0.5], [1, 7]])], stacked=False)
        assert output.written.clipped == 2
        assert notices == ["m.png: 2 value(s) outside --range were clipped"]

    def test_a_notice_that_raises_leaves_no_file(self) -> None:
        def refuse(line: str) -> None:
            raise InputError(line)

        out = Outputs(OutputOptions(POOL, file="m.png", limits=(0.0, 1.0)), ["a.png"], refuse)
        with pytest.raises(InputError, match=r"m\.png: 1 value\(s\) outside --range were clipped"):
            list(out.write("a.png", [stage_map([[7]])], stacked=False))
        assert list(Path().iterdir()) == []


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_an_input_by_any_name_is_no_output(link: str) -> None:
    """A3."""
    Path("a.npy").touch()
    getattr(Path("b.npy"), link)("a.npy")
    Path("sub").mkdir()
    for output, source in (
        ("a.npy", "a.npy"),
        ("sub/../a.npy", "a.npy"),
        ("b.npy", "a.npy"),
        ("a.npy", "b.npy"),
    ):
        with pytest.raises(ArgumentError, match=f"^{output}: the output would replace the input {source}"):
            check_not_an_input(output, ["other.npy", source])
    check_not_an_input("c.npy", ["a.npy", "b.npy", "-", "sobel-x"])
    check_not_an_input("-", ["-"])


def test_what_one_output_cannot_be() -> None:
    Path("sub.npy").mkdir()
    with pytest.raises(ArgumentError, match="-o is empty; name a file, or - for standard output"):
        check_output("", [])
    with pytest.raises(OutputError, match=r"^sub\.npy: it is a folder; name a file in it$"):
        check_output("sub.npy", [])
    check_output("-", [])


class TestOnePicture:
    @pytest.mark.parametrize("path", ["a.png", "A.PNG", "sub/a.png", "a.b.png", "-", os.devnull])
    def test_may_go_to_a_png_or_to_what_has_no_suffix(self, path: str) -> None:
        Path("sub").mkdir()
        check_picture_output(path, ["b.png", "sobel-x"], pictures=1)
        assert [name.name for name in Path().iterdir()] == ["sub"]

    @pytest.mark.parametrize("path", ["a.jpg", "a", "a.png.txt", "a.npy", "png"])
    def test_is_no_other_format(self, path: str) -> None:
        with pytest.raises(ArgumentError, match=rf"^{re.escape(path)}: a picture is written as \.png$"):
            check_picture_output(path, ["b.png"], pictures=1)

    @pytest.mark.parametrize("pictures", [2, 7])
    def test_is_one(self, pictures: int) -> None:
        says = f"-o holds one picture, {pictures} would be made; give one image and one filter"
        for path in ("a.png", "-"):
            with pytest.raises(ArgumentError, match=f"^{says}$"):
                check_picture_output(path, ["b.png"], pictures=pictures)

    def test_goes_where_any_output_goes(self) -> None:
        Path("b.png").touch()
        Path("sub.png").mkdir()
        Path("link.png").symlink_to("b.png")
        for path in ("b.png", "link.png"):
            with pytest.raises(ArgumentError, match=f"^{path}: the output would replace the input b.png"):
                check_picture_output(path, ["a.png", "b.png"], pictures=1)
        with pytest.raises(OutputError, match=r"^sub\.png: it is a folder; name a file in it$"):
            check_picture_output("sub.png", ["b.png"], pictures=1)
        with pytest.raises(ArgumentError, match=r"^-o is empty; name a file, or - for standard output$"):
            check_picture_output("", ["b.png"], pictures=1)

    def test_is_not_for_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        with pytest.raises(ArgumentError, match=r"^-o - would write binary to a terminal; redirect it$"):
            check_picture_output("-", ["b.png"], pictures=1)
        with pytest.raises(ArgumentError, match=r"^--sheet - would write binary to a terminal; redirect it$"):
            check_picture_output("-", ["b.png"], pictures=1, option="--sheet")
        check_picture_output("a.png", ["b.png"], pictures=1)


def test_a_terminal_is_one_by_whatever_name() -> None:
    ends = os.openpty()
    terminal = os.ttyname(ends[1])
    says = f"^-o {terminal} would write binary to a terminal; redirect it$"
    with pytest.raises(ArgumentError, match=says):
        check_picture_output(terminal, ["b.png"])
    Path("link.png").symlink_to(terminal)
    with pytest.raises(ArgumentError, match=r"^-o link\.png would write a page to a terminal; scroll$"):
        refuse_terminal("link.png", "scroll", what="a page")
    Path("other.png").touch()
    for path in (os.devnull, "other.png", "new.png", "no/new.png", "x" * 300, "a\0b"):
        refuse_terminal(path, "redirect it")
    for end in ends:
        os.close(end)


class TestPage:
    @pytest.mark.parametrize("path", ["a.html", "A.HTM", "sub/a.html", "a.png.html", "-", os.devnull])
    def test_may_go_to_html_or_to_what_has_no_suffix(self, path: str) -> None:
        Path("sub").mkdir()
        check_page_output(path, ["b.png", "sobel-x"])
        assert [name.name for name in Path().iterdir()] == ["sub"]

    @pytest.mark.parametrize("path", ["a.png", "a", "a.html.txt", "a.xhtml", "html"])
    def test_is_no_other_format(self, path: str) -> None:
        with pytest.raises(ArgumentError, match=rf"^{re.escape(path)}: a page is written as \.html$"):
            check_page_output(path, ["b.png"])

    def test_goes_where_any_output_goes(self) -> None:
        Path("b.html").touch()
        Path("sub.html").mkdir()
        with pytest.raises(ArgumentError, match=r"^b\.html: the output would replace the input b\.html"):
            check_page_output("b.html", ["a.png", "b.html"])
        with pytest.raises(OutputError, match=r"^sub\.html: it is a folder; name a file in it$"):
            check_page_output("sub.html", ["b.png"])

    def test_is_not_for_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        with pytest.raises(ArgumentError, match=r"^-o - would write a page to a terminal; redirect it$"):
            check_page_output("-", ["b.png"])
        check_page_output("a.html", ["b.png"])


def test_a_format_is_free_where_no_suffix_can_be(folder: Path) -> None:
    os.mkfifo("fifo")
    os.mkfifo("fifo.npy")
    Path("file").touch()
    assert [takes_any_format(p) for p in ("-", os.devnull, "fifo")] == [True] * 3
    assert [takes_any_format(p) for p in ("fifo.npy", "file", "new", "new.npy")] == [False] * 4
    with Path("file").open() as opened:
        assert takes_any_format(f"/dev/fd/{opened.fileno()}")
    assert outputs(file=os.devnull, format="json").format == "json"
    assert outputs(file="m.csv", format="json").format == "csv"
    with pytest.raises(ArgumentError, match=r"^new: the suffix must be one of \.png, \.npy, \.csv, \.json$"):
        outputs(file="new").check([], [])


def test_outputs_have_names_in_messages() -> None:
    assert (spoken_output("-"), spoken_output("a.npy")) == ("stdout", "a.npy")


def test_stdin_holds_one_input() -> None:
    with pytest.raises(ArgumentError, match="- is given twice; standard input holds one input"):
        outputs(["-", "a.png", "-"])


def test_stdout_gets_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with opened("-") as stream:
        stream.write(b"\x00\xff")
    assert capfdbinary.readouterr().out == b"\x00\xff"
