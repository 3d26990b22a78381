"""Rows A1 to A5: what stands on the command line itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.faults.commands import (
    NETWORK,
    Words,
    deriving,
    done,
    drawing,
    looking_for_patches,
    refused,
    training,
)
from tests.net.data.lines import write_lines, write_npz

MATRIX = "1,2,3\n4,5,6\n7,8,9\n"
STRANGE = {
    "[bold]a.csv": "[bold]a.csv",
    "[/].csv": "[/].csv",
    "[red]b[/red].csv": "[red]b[/red].csv",
    "esc\x1b[31m.csv": r"esc\x1b[31m.csv",
    "new\nline.csv": r"new\nline.csv",
    "back\rspace\b.csv": r"back\rspace\x08.csv",
    "-lead.csv": "-lead.csv",
    "--full.csv": "--full.csv",
    "right\u202eleft.csv": r"right\u202eleft.csv",
    "写真 naïve.csv": "写真 naïve.csv",
}
"""Names of files, and how they are printed."""


@pytest.fixture(autouse=True)
def matrix() -> Path:
    """A matrix of 3 × 3."""
    Path("a.csv").write_text(MATRIX)
    return Path("a.csv")


CONV = ("conv", "a.csv", "--filter", "identity", "--out-dir", "maps")
POOL = ("pool", "a.csv", "--out-dir", "maps")
RUN = ("run", "a.csv", "--filter", "identity", "--out-dir", "maps")
FIND = ("find", "a.csv", "--filter", "one.json", "-o", "found.png")
REPORT = ("report", "a.csv", "--filter", "one.json", "-o", "page.html")
SHEET = ("sheet", "a.csv", "-o", "sheet.png")
LEARN = ("learn", "--patch", "a.csv@0,0,2,2", "-o", "learned.json")
RECOVER = ("recover", "a.csv", "a.csv", "--size", "1", "-o", "recovered.json")
TRAIN = training("lines.npz", "-o", "trained.npz")
PATCHES = looking_for_patches("lines.npz", "-o", "patches.png")
EXPLAIN = deriving("a.csv")


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *((CONV, "--stride", value) for value in ("0", "-1", "nan", "inf", "1_0", "", "1.5", "1,2,3")),
        *((POOL, "--stride", value) for value in ("-1", "1_0")),
        *((POOL, "--size", value) for value in ("0", "inf", "")),
        (RUN, "--pool-stride", "nan"),
        (CONV, "--padding", "-1"),
        (CONV, "--dilation", "0"),
        *((CONV, "--range", value) for value in ("nan,1", "0,inf", "1_0,20")),
        (CONV, "--max-pixels", "1_0"),
        (CONV, "--frame", "٣"),
        *((FIND, "--top", value) for value in ("0", "1_0")),
        (FIND, "--overlap", "nan"),
        *((SHEET, "--zoom", value) for value in ("0", "1.5", "1_0")),
        (SHEET, "--range", "1,inf"),
        (FIND, "--threshold", "inf"),
        *((REPORT, option, "0") for option in ("--stride", "--pool", "--pool-stride", "--dilation")),
        *((LEARN, "--folds", value) for value in ("0", "2.0")),
        (LEARN, "--seed", "-1"),
        (LEARN, "--false-alarms", "1_0"),
        (LEARN, "--ridge", "nan"),
        *((RECOVER, "--size", value) for value in ("0", "1.5")),
        *((TRAIN, "--epochs", value) for value in ("0", "1_0")),
        *((TRAIN, "--learning-rate", value) for value in ("0", "nan")),
        *((TRAIN, "--weight-decay", value) for value in ("-1", "inf")),
        *((TRAIN, "--hold-out", value) for value in ("1", "-0.1")),
        (TRAIN, "--batch", "-1"),
        (TRAIN, "--momentum", "1_0"),
        (TRAIN, "--augment", "rotate=inf"),
        (PATCHES, "--count", "0"),
        *((EXPLAIN, "--at", value) for value in ("", "0", "0,0,0")),
        *((EXPLAIN, "--pool", value) for value in ("0", "inf")),
        (EXPLAIN, "--pool-stride", "-1"),
        (EXPLAIN, "--stride", "0"),
        (EXPLAIN, "--precision", "1_0"),
        (EXPLAIN, "--stage", "norm"),
        (drawing("a.csv"), "--max-pixels", "1_0"),
        (drawing("a.csv"), "--color", "yes"),
    ],
)
def test_a01_numbers_that_are_none(command: Words, option: str, value: str) -> None:
    """A stride, size or other count of 0, negative, nan, inf or 1_0."""
    refused(*command, option, value, code=2, says=(f"'{option}'", repr(value)))


@pytest.mark.parametrize("number", ["-1", "1_0", "nan", "1.5", "٣", "9" * 20])
def test_a01_a_cell_of_numbers_that_are_none(number: str) -> None:
    """A row or column that is negative, nan, 1_0, no ASCII or far too large."""
    refused(*EXPLAIN, "--at", f"0,{number}", code=2, says=("'--at'", repr(number)))
    refused(*EXPLAIN, "--at", f"{number},0", code=2, says=("'--at'", repr(number)))


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (("show", ""), "path is empty"),
        (("conv", "", "--filter", "identity", "--out-dir", "maps"), "path is empty"),
        (("conv", "a.csv", "--filter", "", "--out-dir", "maps"), "path is empty"),
        (("pool", "", "--out-dir", "maps"), "path is empty"),
        (("relu", "a.csv", "-o", ""), "-o is empty"),
        (("relu", "a.csv", "--out-dir", ""), "--out-dir is empty"),
        (("filters", "export", "identity", "-o", ""), "-o is empty"),
        (("filters", "check", ""), "path is empty"),
        (("find", "", "--filter", "identity"), "path is empty"),
        (("report", "", "--filter", "identity", "-o", "page.html"), "path is empty"),
        (("report", "a.csv", "--filter", "", "-o", "page.html"), "path is empty"),
        (("report", "a.csv", "--filter", "identity", "-o", ""), "-o is empty"),
        (("learn", "--patch", "", "-o", "f.json"), "path is empty"),
        (("learn", "--positives", "", "-o", "f.json"), "path is empty"),
        (("learn", "--patch", "a.csv@0,0,2,2", "--background", "", "-o", "f.json"), "path is empty"),
        (("recover", "a.csv", "", "--size", "1", "-o", "f.json"), "path is empty"),
        (("find", "a.csv", "--filter", "identity", "-o", ""), "-o is empty"),
        (("learn", "--patch", "a.csv@0,0,2,2", "-o", ""), "-o is empty"),
        (("recover", "a.csv", "a.csv", "--size", "1", "-o", ""), "-o is empty"),
        (("net", "show", ""), "path is empty"),
        (("net", "run", NETWORK, ""), "path is empty"),
        (("net", "run", NETWORK, "a.csv", "--maps", "same", "-o", ""), "-o is empty"),
        (("net", "export", NETWORK, "-o", ""), "-o is empty"),
        (("conv", "a.csv", "--filter", "::same", "--out-dir", "maps"), "path is empty"),
        (training("", "-o", "n.npz"), "path is empty"),
        (training("lines.npz", "-o", ""), "-o is empty"),
        (training("lines.npz", "-o", "n.npz", "--curves", ""), "--curves is empty"),
        (training("lines.npz", "-o", "n.npz", "--test", ""), "path is empty"),
        (training("lines.npz", "-o", "n.npz", "--architecture", ""), "path is empty"),
        (looking_for_patches(""), "path is empty"),
        (deriving(""), "path is empty"),
        (deriving("a.csv", "--filter", ""), "path is empty"),
        (drawing(""), "path is empty"),
        (looking_for_patches("lines.npz", "-o", ""), "-o is empty"),
    ],
)
def test_a01_an_empty_path(command: Words, word: str) -> None:
    """A path that is empty."""
    write_npz("lines.npz", 4)
    refused(*command, code=2, says=(word,))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--at", "2,0"), ("--at 2,0 ", "feature map of 2×2", "a row from 0 to 1")),
        (("--at", "0,2", "--stage", "conv"), ("--at 0,2 ", "response of 2×2", "column from 0 to 1")),
        (("--at", "0,1", "--pool", "2"), ("--at 0,1 ", "pooled map of 1×1", "column from 0 to 0")),
        (("--at", "4,3", "--padding", "1"), ("--at 4,3 ", "feature map of 4×4")),
        (("--at", "1,0", "--stride", "2"), ("--at 1,0 ", "feature map of 1×1")),
    ],
    ids=" ".join,
)
def test_a01_a_cell_outside_the_map(options: Words, words: Words) -> None:
    """A cell that is not in the map that is explained: the map's size, and what its cells are."""
    refused(*EXPLAIN, *options, code=2, says=words)


def test_a02_strange_names_are_printed_escaped() -> None:
    """Names with markup, ESC, a newline or a leading dash work as images and are printed escaped."""
    for name in STRANGE:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(MATRIX)
    finished = done("show", "--", *STRANGE)
    headings = [line for line in finished.out.splitlines() if "3 × 3" in line]
    assert len(headings) == len(STRANGE)
    for heading, printed in zip(headings, STRANGE.values(), strict=True):
        assert heading.startswith(f"{printed} · 3 × 3")
    assert finished.out.replace("\n", "").isprintable()
    records = done("show", "--json", "--", *STRANGE).records
    assert [record["input"] for record in records] == list(STRANGE)
    assert {str(record["values"]) for record in records} == {"[[1, 2, 3], [4, 5, 6], [7, 8, 9]]"}


def test_a02_strange_names_are_explained_and_drawn() -> None:
    """Names with markup, ESC, a newline or a leading dash are explained and drawn, and printed escaped."""
    for name in STRANGE:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(MATRIX)
    lines = done("show", "--view", "--", *STRANGE).out.splitlines()
    assert [line for line in lines if "3 × 3" in line] == [f"{name} · 3 × 3" for name in STRANGE.values()]
    assert all(line.isprintable() for line in lines)
    for name, printed in STRANGE.items():
        finished = done("explain", "--filter", "notes-diagonal", "--at", "0,0", "--", name)
        assert finished.out.splitlines()[0] == f"{printed} · notes-diagonal · ReLU at 0,0 = 6"
        assert finished.out.replace("\n", "").isprintable()
    for name, title in (
        ("[bold]a.csv", r"### \[bold\]a.csv"),
        ("esc\x1b[31m.csv", r"### esc\\x1b\[31m.csv"),
        ("new\nline.csv", r"### new\\nline.csv"),
    ):
        finished = done(*deriving(name, "--markdown"))
        assert finished.out.splitlines()[0] == f"{title} · notes-diagonal · ReLU at 0,0 = 6"
        assert done(*deriving(name, "--json")).record["input"] == name


def test_a02_strange_names_as_filters_and_outputs() -> None:
    """Names with markup, ESC, a newline or a leading dash work as filters and as outputs."""
    options = []
    for name in STRANGE:
        filter_file = Path(name).with_suffix(".json")
        filter_file.parent.mkdir(exist_ok=True)
        filter_file.write_text("[[1]]")
        options += ["-f", str(filter_file)]
    finished = done("conv", "a.csv", *options, "--out-dir", "[/]maps\n", "--format", "csv")
    assert finished.out.count("3 × 3") == len(STRANGE)
    assert finished.out.replace("\n", "").isprintable()
    written = sorted(path.name for path in Path("[/]maps\n").iterdir())
    assert len(written) == len(STRANGE)
    assert all(name.isascii() and name.isprintable() and not set(name) & set("[]/ ") for name in written)
    for name in ("[bold]a.csv", "[/].csv", "new\nline.csv", "-lead.csv"):
        done("relu", "a.csv", f"--output={name}", "-q")
        assert Path(name).read_text() == MATRIX


def test_a02_strange_names_to_find_learn_and_recover() -> None:
    """Names with markup, ESC, a newline or a leading dash as pictures and outputs of the other commands."""
    Path("one.json").write_text("[[1]]")
    for name in STRANGE:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(MATRIX)
    finished = done("find", "--filter", "one.json", "--", *STRANGE)
    titles = [line for line in finished.out.splitlines() if line.endswith(" · one · 1 peak")]
    assert [title.removesuffix(" · one · 1 peak") for title in titles] == list(STRANGE.values())
    patches = [f"--patch={name}@0,0,2,2" for name in STRANGE]
    says = (r"convtool: [bold]a.csv@0,0,2,2 is part of the background too: new\nline.csv holds it at row 0",)
    refused("learn", *patches, "--background=new\nline.csv", "-o", "[/]\n.json", says=says)
    done("learn", *patches, "--method", "ncc", "-o", "[/]\n.json", "-q")
    meta = json.loads(Path("[/]\n.json").read_text())["meta"]
    assert meta["patches"] == [f"{name}@0,0,2,2" for name in STRANGE]
    for name in ("[bold]", "esc\x1b[31m", "-lead"):
        before = f"{name}.csv"
        Path(before).write_text(MATRIX)
        finished = done("recover", f"--output={name}.json", "--size", "1", "--", before, before)
        printed = name.replace("\x1b", r"\x1b")
        assert finished.out.splitlines()[0] == f"{printed}.csv → {printed}.csv · 1 × 1 → {printed}.json"
        done("find", "--filter", "one.json", f"--output={name}.png", "-q", "--", before)
        assert Path(f"{name}.png").read_bytes().startswith(b"\x89PNG")
        done("report", "--filter", "one.json", f"--output={name}.html", "--", before)
        title = json.dumps(f"{printed}.csv").encode()
        assert b'{"title": ' + title in Path(f"{name}.html").read_bytes()


def test_a02_names_inside_a_filter_file() -> None:
    """A bank's own names with markup, a path or ESC are printed escaped and never become paths."""
    Path("bank.json").write_text(r'{"weights": [[[1]], [[2]]], "names": ["[bold]/../../x", "\u001b[31m\n"]}')
    finished = done("conv", "a.csv", "-f", "bank.json", "--out-dir", "maps")
    assert "bank-[bold]/../../x" in finished.out
    assert r"bank-\x1b[31m\n" in finished.out
    assert finished.out.replace("\n", "").isprintable()
    written = {path.name for path in Path("maps").iterdir()}
    assert written == {"a.bank--bold--..-..-x.map.png", "a.bank---31m-.map.png"}


@pytest.mark.parametrize("name", ["[bold]a.csv", "[/].csv", "esc\x1b[31m.csv", "new\nline.csv", "-lead.csv"])
def test_a02_strange_names_in_messages(name: str) -> None:
    """A missing file whose name has markup, ESC, a newline or a leading dash."""
    refused("relu", "--out-dir", "maps", "--", name, says=(STRANGE.get(name, name), "No such file"))


def test_a02_a_dash_is_an_option() -> None:
    """A name that begins with a dash and is not set apart is taken for an option."""
    Path("-lead.csv").write_text(MATRIX)
    refused("relu", "-lead.csv", "--out-dir", "maps", code=2, says=("No such option", "-l"))
    assert done("show", "./-lead.csv", "--json").record["input"] == "./-lead.csv"


@pytest.mark.parametrize(
    "command",
    [
        ("relu", "a.csv", "-o", "a.csv"),
        ("relu", "a.csv", "-o", "folder/../a.csv"),
        ("relu", "a.csv", "-o", "symbolic.csv"),
        ("relu", "symbolic.csv", "-o", "a.csv"),
        ("relu", "a.csv", "-o", "hard.csv"),
        ("relu", "folder/through.csv", "-o", "a.csv"),
        ("conv", "a.csv", "-f", "f.json", "-o", "f.json"),
        ("conv", "a.csv", "-f", "f.json", "-o", "link.json"),
        ("run", "a.csv", "-f", "f.json", "--save", "pool", "-o", "a.csv"),
        ("filters", "export", "f.json", "-o", "f.json"),
        ("filters", "export", "f.json", "-o", "link.json"),
        ("find", "a.csv", "-f", "f.json", "-o", "a.csv"),
        ("find", "symbolic.csv", "-f", "f.json", "-o", "hard.csv"),
        ("find", "a.csv", "-f", "f.json", "-o", "link.json"),
        ("report", "symbolic.csv", "-f", "f.json", "-o", "hard.csv"),
        ("report", "a.csv", "-f", "f.json", "-o", "link.json"),
        ("learn", "--patch", "a.csv@0,0,2,2", "-o", "folder/../a.csv"),
        ("learn", "--patch", "a.csv@0,0,2,2", "--background", "hard.csv", "-o", "symbolic.csv"),
        ("learn", "--positives", "folder", "-o", "a.csv"),
        ("learn", "--patch", "b.map.csv@0,0,2,2", "--negatives", "folder", "-o", "hard.csv"),
        ("recover", "a.csv", "b.map.csv", "--size", "1", "-o", "hard.csv"),
        ("recover", "a.csv", "b.map.csv", "--size", "1", "-o", "folder/../b.map.csv"),
        ("net", "run", NETWORK, "a.csv", "--maps", "*", "-o", "hard.csv"),
        ("conv", "a.csv", "-f", f"{NETWORK}::same", "-o", "symbolic.csv"),
        training("lines.npz", "-o", "lines.npz"),
        training("lines.npz", "-o", "hard.npz"),
        training("other.npz", "--test", "lines.npz", "-o", "folder/../lines.npz"),
        training("other.npz", "--architecture", "lines.npz", "-o", "hard.npz"),
        training("lines", "-o", "n.npz", "--curves", "lines/level/000.png"),
        training("other.npz", "--test", "lines", "-o", "n.npz", "--curves", "hard.png"),
        looking_for_patches("lines", "-o", "lines/level/000.png"),
        looking_for_patches("lines", "-o", "hard.png"),
        ("relu", "b.map.csv", "--out-dir", ".", "--format", "csv"),
        ("relu", "b.map.csv", "--out-dir", "folder/..", "--format", "csv"),
        ("relu", "a.csv", "b.map.csv", "--out-dir", ".", "--format", "csv"),
    ],
    ids=" ".join,
)
def test_a03_an_output_that_is_an_input(command: Words) -> None:
    """An output that would replace an input, by its name or through a link."""
    Path("folder").mkdir()
    Path("symbolic.csv").symlink_to("a.csv")
    Path("folder/through.csv").symlink_to("../symbolic.csv")
    Path("hard.csv").hardlink_to("a.csv")
    Path("f.json").write_text("[[1]]")
    Path("link.json").symlink_to("f.json")
    Path("b.map.csv").write_text(MATRIX)
    write_npz("lines.npz", 4)
    write_npz("other.npz", 4)
    write_lines(Path("lines"), 4)
    Path("hard.npz").hardlink_to("lines.npz")
    Path("hard.png").hardlink_to("lines/level/000.png")
    refused(*command, code=2, says=("would replace the input",))


def test_a03_an_output_that_is_the_standard_input() -> None:
    """An output that would replace the file which standard input comes from."""
    Path("f.json").write_text("[[1, 2], [3, 5]]")
    with Path("a.csv").open("rb") as file, Path("f.json").open("rb") as matrix:
        refused("relu", "-", "-o", "a.csv", code=2, says=("would replace the input stdin",), stdin=file)
        for command in (
            ("find", "-", "-f", "identity"),
            ("report", "-", "-f", "identity"),
            ("learn", "--patch", "-@0,0,2,2"),
            ("recover", "a.csv", "-", "--size", "1"),
        ):
            says = ("f.json: ", "would replace the input stdin")
            refused(*command, "-o", "f.json", code=2, says=says, stdin=matrix)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("relu", "x/a.csv", "y/a.csv"), ("x/a.csv", "y/a.csv", "a.map.png")),
        (("relu", "x/a.csv", "x/a.txt"), ("x/a.csv", "x/a.txt", "a.map.png")),
        (("relu", "x/a b.csv", "x/a-b.csv"), ("x/a b.csv", "x/a-b.csv", "a-b.map.png")),
        (("relu", "x/a.csv", "x/a.csv"), ("x/a.csv", "a.map.png", "twice")),
        (("run", "x/a.csv", "y/a.csv", "-f", "identity"), ("x/a.csv", "y/a.csv")),
        (("conv", "x/a.csv", "-f", "x/e.json", "-f", "y/e.json"), ("x/e.json", "y/e.json", "a.e.map.png")),
        (("conv", "x/a.csv", "-f", "box-3", "-f", "y/box-3.json"), ("box-3", "y/box-3.json")),
    ],
    ids=lambda argument: " ".join(argument),
)
def test_a04_two_that_would_write_one_name(command: Words, words: Words) -> None:
    """Two inputs or filters of one name: both are named, before the broken images are even read."""
    for folder in ("x", "y"):
        Path(folder).mkdir()
        for name in ("a.csv", "a.txt", "a b.csv", "a-b.csv"):
            Path(folder, name).write_text("broken")
        for name in ("e.json", "box-3.json"):
            Path(folder, name).write_text("[[1]]")
    refused(*command, "--out-dir", "maps", code=2, says=words)


LONG = "x" * 300
PAGE = ("report", "a.csv", "-f", "identity", "--pool", "1")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("relu", "a.csv", "-o", "folder"), ("folder: ", "it is a folder")),
        (("relu", "a.csv", "-o", "folder/"), ("folder", "it is a folder")),
        (("relu", "a.csv", "-o", "link.png"), ("link.png: ", "it is a folder")),
        (("relu", "a.csv", "-o", "missing/out.png"), ("missing/out.png: ", "folder does not exist")),
        (("relu", "a.csv", "-o", "a.csv/out.png"), ("a.csv/out.png: ", "Not a directory")),
        (("relu", "a.csv", "-o", f"{LONG}.png"), (f"{LONG}.png: ", "name too long")),
        (("relu", "a.csv", "--out-dir", "a.csv"), ("a.csv: ", "folder cannot be created")),
        (("relu", "a.csv", "--out-dir", "a.csv/maps"), ("a.csv/maps: ", "folder cannot be created")),
        (("relu", "a.csv", "--out-dir", LONG), (f"{LONG}: ", "name too long")),
        (("conv", "a.csv", "-f", "identity", "--out-dir", "occupied"),
         ("occupied/a.identity.map.png: ", "it is a folder")),
        (("filters", "export", "identity", "-o", "folder"), ("folder: ", "it is a folder")),
        (("find", "a.csv", "-f", "identity", "-o", "link.png"), ("link.png: ", "it is a folder")),
        (("find", "a.csv", "-f", "identity", "-o", "missing/f.png"), ("missing/f.png: ", "does not exist")),
        (("find", "a.csv", "-f", "identity", "-o", f"{LONG}.png"), (f"{LONG}.png: ", "name too long")),
        ((*PAGE, "-o", "folder"), ("folder: ", "it is a folder")),
        ((*PAGE, "-o", "missing/p.html"), ("missing/p.html: ", "does not")),
        ((*PAGE, "-o", f"{LONG}.html"), (f"{LONG}.html: ", "name too long")),
        (("learn", "--patch", "a.csv@0,0,2,2", "-o", "folder"), ("folder: ", "it is a folder")),
        (("learn", "--patch", "a.csv@0,0,2,2", "-o", f"{LONG}.json"), (f"{LONG}.json: ", "name too long")),
        (("recover", "a.csv", "a.csv", "--size", "1", "-o", "a.csv/f.npy"), ("a.csv/f.npy: ", "Not a dire")),
        (("recover", "a.csv", "a.csv", "--size", "1", "-o", "missing/f.npy"), ("missing/f.npy: ",)),
        (("net", "export", NETWORK, "-o", "folder"), ("folder: ", "it is a folder")),
        (("net", "export", NETWORK, "-o", "missing/n.npz"), ("missing/n.npz: ", "does not exist")),
        (("net", "export", NETWORK, "-o", f"{LONG}.npz"), (f"{LONG}.npz: ", "name too long")),
        (("net", "run", NETWORK, "a.csv", "--maps", "*", "-o", "missing/m.npy"), ("does not exist",)),
        (("net", "run", NETWORK, "a.csv", "--maps", "*", "--out-dir", "a.csv"), ("cannot be created",)),
        (("filters", "export", "identity", "-o", "missing/f.json"), ("missing/f.json: ", "does not exist")),
        (training("lines.npz", "-o", "folder"), ("folder: ", "it is a folder")),
        (training("lines.npz", "-o", "missing/n.npz"), ("missing/n.checkpoint.npz: ", "does not exist")),
        (training("lines.npz", "-o", f"{LONG}.npz"), (f"{LONG}.npz: ", "name too long")),
        (training("lines.npz", "-o", "n.npz", "--curves", "missing/c.png"), ("missing/c.png: ", "does not")),
        (looking_for_patches("lines.npz", "-o", "link.png"), ("link.png: ", "it is a folder")),
        (looking_for_patches("lines.npz", "-o", "missing/p.png"), ("missing/p.png: ", "does not exist")),
    ],
    ids=lambda argument: " ".join(argument)[:60],
)  # fmt: skip
def test_a05_an_output_that_cannot_be(command: Words, words: Words) -> None:
    """An output that is a folder, has too long a name, or whose folder is missing."""
    Path("folder").mkdir()
    Path("link.png").symlink_to("folder")
    Path("occupied/a.identity.map.png").mkdir(parents=True)
    write_npz("lines.npz", 4)
    refused(*command, code=5, says=words)


def test_a05_a_name_that_grows_too_long() -> None:
    """An input whose name is as long as a name can be, so that its output's is longer."""
    longest = "x" * (os.pathconf(".", "PC_NAME_MAX") - 4) + ".csv"
    Path(longest).write_text(MATRIX)
    Path("maps").mkdir()
    refused("relu", longest, "--out-dir", "maps", code=5, says=("maps/xxx", "name too long"))
    done("relu", longest, "-o", "out.csv", "-q")
    assert Path("out.csv").read_text() == MATRIX
