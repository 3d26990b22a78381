"""Every option of every command, given what it cannot take: one line, the right code, nothing done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer.main

from convtool.cli.app import app
from convtool.core.geometry import PADDING_MODES
from convtool.core.pooling import POOL_KINDS
from convtool.io.maps import MAP_FORMATS
from convtool.view.colormaps import COLORMAPS
from tests.cli.runner import contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Bad = list[tuple[str, int, str]]

NOT_WHOLE = ["", "0", "-1", "1.5", "nan", "1_0"]


def numbers(*, pair: bool = True, zero: bool = False) -> Bad:
    """Texts that are no whole number, nor a pair of them."""
    singles = [text for text in NOT_WHOLE if not (zero and text == "0")]
    several = ["2,0", "2,inf", "1,2,3"] if pair else ["1,2"]
    return [(text, 2, "is not a whole number from|has 3 numbers") for text in (*singles, *several)]


PADDINGS: Bad = [
    (text, 2, "is no padding; use valid, same, N, Y,X or TOP,BOTTOM,LEFT,RIGHT")
    for text in ("", "full", "-1", "1,2,3", "1_0")
]
SHARES: Bad = [
    (text, 2, "is no share; use a number from 0 to 1, such as 0.05")
    for text in ("", "-0.1", "1.1", "nan", "5%", "1_0")
]
NUMBERS: Bad = [(text, 2, "is not a finite number") for text in ("", "x", "nan", "inf", "1_0")]
CHOICES: Bad = [(text, 2, "is not one of") for text in ("", "mirror")]
BAD: dict[str, Bad] = {
    "--filter": [
        ("nope", 2, "no built-in filter is called 'nope'"),
        ("sobel-z", 2, "did you mean sobel-"),
        ("", 2, "a path is empty"),
        ("nope.json", 3, "^convtool: nope.json: cannot be read: No such file or directory$"),
        ("./nope", 3, "^convtool: ./nope: cannot be read: No such file or directory$"),
        ("sub/", 3, "^convtool: sub/: it is a folder; name a file$"),
        ("[bold]nope[/]", 3, r"^convtool: \[bold\]nope\[/\]: cannot be read"),
        ("n\n\x1b[31mope", 2, r"no built-in filter is called 'n\\n\\x1b\[31mope'"),
        (
            "diagonal.json",
            2,
            "notes.json with diagonal.json would write .* twice; rename one, or give them one by one",
        ),
    ],
    "--pool": numbers(),
    "--pool-stride": numbers(),
    "--pool-kind": CHOICES,
    "--stage": CHOICES,
    "--save": [
        (text, 2, "is no stage; use conv, map, pool or none, such as map,pool")
        for text in ("", "relu", "map,", "map,none", "map pool", "MAP")
    ],
    "--stride": numbers(),
    "--size": numbers(),
    "--kind": CHOICES,
    "--padding": PADDINGS,
    "--padding-mode": CHOICES,
    "--dilation": [*numbers(), ("9", 3, "the image is 3×3, smaller than the filter's 10×10 window")],
    "--groups": [*numbers(pair=False), ("2", 2, "groups is 2; it must divide the 1 channel")],
    "--channels": CHOICES,
    "--scale": CHOICES,
    "--frame": numbers(pair=False, zero=True),
    "--max-pixels": [
        *((text, 2, "is not a whole number from 1") for text in NOT_WHOLE),
        ("1000000000000000000000", 2, "is not a whole number from 1"),
        (
            "8",
            4,
            "9 pixels .*, over the limit of 8; raise it with --max-pixels 9 or CONVTOOL_MAX_PIXELS=9$",
        ),
    ],
    "--max-memory": [
        *((text, 2, "is no size; use a number and K, M, G or T") for text in ("", "0", "-1", "5X", "1.5G")),
        (
            "99",
            4,
            "takes about .* of memory, over .*; raise it with --max-memory 1M or CONVTOOL_MAX_MEMORY=1M$",
        ),
    ],
    "--out-dir": [
        ("", 2, "--out-dir is empty; name a folder, or . for this one"),
        ("notes.json", 5, "^convtool: notes.json: the folder cannot be created: File exists$"),
        ("notes.json/sub", 5, "^convtool: notes.json/sub: the folder cannot be created: Not a directory$"),
    ],
    "--output": [
        ("", 2, "-o is empty; name a file, or - for standard output"),
        ("out", 2, "^convtool: out: the suffix must be one of .png, .npy, .csv, .json$"),
        ("out.jpg", 2, "^convtool: out.jpg: the suffix must be one of .png, .npy, .csv, .json$"),
        (".", 5, "^convtool: .: it is a folder; name a file in it$"),
        ("sub.png", 5, "^convtool: sub.png: it is a folder; name a file in it$"),
        ("no/out.npy", 5, "^convtool: no/out.npy: its folder does not exist; create it first$"),
        (f"{'n' * 300}.npy", 5, "n.npy: File name too long$"),
        ("notes.json", 2, "^convtool: notes.json: the output would replace the input notes.json"),
        ("sub/../notes.json", 2, "the output would replace the input notes.json; name another$"),
        ("link.json", 2, "^convtool: link.json: the output would replace the input notes.json"),
        ("hard.json", 2, "^convtool: hard.json: the output would replace the input notes.json"),
    ],
    "--format": CHOICES,
    "--depth": [(text, 2, "is no depth; use 8 or 16") for text in ("", "12", "8.0", "-8", "0x8")],
    "--range": [
        (text, 2, "is no range; use LO,HI with LO < HI, such as 0,255")
        for text in ("", "5", "2,1", "nan,1", "0,inf")
    ],
    "--colormap": CHOICES,
    "--zoom": numbers(pair=False),
    "--precision": [
        *numbers(pair=False, zero=True),
        ("150", 2, "'150' is not a whole number from 0 to 149"),
    ],
    "--color": CHOICES,
    "--method": CHOICES,
    "--patch": [
        ("", 2, "a path is empty"),
        ("nope.png", 3, "^convtool: nope.png: cannot be read: No such file or directory$"),
        ("notes.json@1,2,3", 2, "^convtool: notes.json@1,2,3: '1,2,3' is no window; use FILE@Y,X,H,W"),
        ("notes.json@", 2, "'' is no window; use FILE@Y,X,H,W"),
        ("notes.json@2,2,2,2", 3, "2×2 at row 2, column 2 is not inside its picture of 3×3"),
        ("notes.json@-1,0,2,2", 3, "2×2 at row -1, column 0 is not inside its picture"),
        (
            "notes.json",
            3,
            "^convtool: notes.json: a patch of 3×3 .*, the first is 2×2 .*; cut all patches to",
        ),
        ("sub", 3, "^convtool: sub: it is a folder; name a file$"),
    ],
    "--positives": [
        ("", 2, "a path is empty"),
        ("sub", 3, "^convtool: sub: the folder holds no pictures; put some into it$"),
        ("nope", 3, "^convtool: nope: cannot be read: No such file or directory$"),
    ],
    "--false-alarms": [
        (text, 2, "is no such share; use a number from 0 to below 1, such as 0.05")
        for text in ("1", *(text for text, *_ in SHARES))
    ],
    "--ridge": NUMBERS,
    "--folds": numbers(pair=False),
    "--seed": numbers(pair=False, zero=True),
    "--threshold": NUMBERS,
    "--top": numbers(pair=False),
    "--overlap": SHARES,
    "--maps": [
        (text, 2, f"no layer is called {re.escape(repr(text))}; net has diagonal, pooled$")
        for text in ("", "Diag*l")
    ],
    "--layer": [
        (text, 2, f"there is no layer '{text}'; net has diagonal, pooled$") for text in ("", "Pooled")
    ],
    "--at": [
        *((text, 2, "is not a whole number from 0") for text in ("", "0,0,", "-1,0,0", "0;0;0")),
        *(
            (text, 2, "there is no unit .*; give C,Y,X from 0 to 0,1,1$")
            for text in ("0,0", "0,2,0", "1,0,0")
        ),
    ],
}
CELLS: Bad = [
    *((text, 2, "is no cell; use Y,X, its row and its column") for text in ("", "1", "0,0,0", "0;0")),
    *((text, 2, "is not a whole number from 0") for text in ("-1,0", "0,", "1.5,0", "0,nan")),
    ("0,2", 2, "--at 0,2 lies outside the feature map of 2×2; give a row from 0 to 1 and a column"),
    ("999999999,0", 2, "lies outside the feature map of 2×2"),
]
SHARES_BELOW_1 = BAD["--false-alarms"]
ABOVE_0: Bad = [*NUMBERS, *((text, 2, "is not above 0; use a number such as 0.1") for text in ("0", "-1"))]
NOT_BELOW_0: Bad = [*NUMBERS, ("-1", 2, "is below 0; use a number such as 0.01")]
BAD |= {
    "--architecture": [
        ("nope", 2, "there is no architecture 'nope'; there are deep-cnn, notes-cnn, or name a file$"),
        ("notes-cmn", 2, "did you mean notes-cnn"),
        ("", 2, "a path is empty"),
        ("nope.json", 3, "^convtool: nope.json: cannot be read: No such file or directory$"),
        ("diagonal.json", 3, "^convtool: diagonal.json: no network: its format is "),
    ],
    "--epochs": numbers(pair=False),
    "--batch": numbers(pair=False),
    "--count": numbers(pair=False),
    "--optimizer": CHOICES,
    "--schedule": CHOICES,
    "--learning-rate": ABOVE_0,
    "--weight-decay": NOT_BELOW_0,
    "--momentum": SHARES_BELOW_1,
    "--hold-out": SHARES_BELOW_1,
    "--patience": numbers(pair=False),
    "--augment": [
        *(
            (text, 2, "is no change of pictures; use shift=2, rotate=10")
            for text in ("", "shift", "turn=1", "mirror=1", "shift=1,")
        ),
        *((text, 2, "takes a number from 0 to") for text in ("shift=", "shift=-1", "scale=nan")),
        ("shift=1,shift=2", 2, "shift is given twice; give it once"),
    ],
    "--test": [
        ("", 2, "a path is empty"),
        ("nope", 3, "^convtool: nope: cannot be read: No such file or directory$"),
        ("notes.json", 3, "^convtool: notes.json: no labelled pictures"),
        ("learn.npz", 3, "^convtool: learn.npz: every test picture is one to learn from; give others$"),
    ],
}
BAD |= {
    "--include": [],  # any text is a pattern
    "--files-from": [
        ("", 2, "a path is empty"),
        ("nope", 3, "^convtool: nope: cannot be read: No such file or directory$"),
        ("sub", 3, "^convtool: sub: it is a folder; name a file$"),
    ],
    "--jobs": numbers(pair=False),
    "--image-timeout": ABOVE_0,
    "--timeout": ABOVE_0,
    "--engine": CHOICES,
    "--scheduler": [("tcp://host:8786", 2, "are for a cluster; give --engine dask too")],
}
BAD["--negatives"] = BAD["--background"] = BAD["--positives"]
PICTURES = ("--sheet", "--confusion", "--mistakes", "--curves")
BAD |= {name: [] for name in PICTURES}  # as of one picture, below
BAD["--output"] += [("diagonal.json", 2, "the output would replace the input diagonal.json; name another$")]
EXPORT: Bad = [
    (text, code, says)
    for text, code, says in BAD["--output"]
    if text not in ("out", "out.jpg", "sub/../notes.json", "hard.json", "link.json", "notes.json")
]
PICTURE: Bad = [
    *((text, code, says) for text, code, says in EXPORT if "suffix" not in says and "npy" not in text),
    ("out.npy", 2, "^convtool: out.npy: a picture is written as .png$"),
]
PAGE: Bad = [*PICTURE[:-1], ("out.png", 2, "^convtool: out.png: a page is written as .html$")]
NETWORK: Bad = [
    *((text, code, says) for text, code, says in EXPORT if "suffix" not in says and "npy" not in text),
    ("out.json", 2, "^convtool: a network is written as .npz or .onnx, not json$"),
    ("net.json", 2, "^convtool: net.json: the output would replace the input net.json; name another$"),
]
NET = """{"format": "convtool.net/1", "input": {"size": [3, 3]}, "layers": [
    {"name": "diagonal", "kind": "conv", "weights": [[1, 0], [0, 1]]},
    {"name": "pooled", "kind": "max_pool", "size": 2}]}"""
BARE = """{"format": "convtool.net/1", "layers": [{"kind": "flatten"}, {"kind": "dense"}]}"""
FLAG: Bad = [("=yes", 2, "does not take a value|takes no value")]

COMMANDS: dict[str, list[str]] = {
    "": [],
    "run": ["notes.json", "-f", "diagonal.json", "--save", "map"],
    "batch": ["notes.json", "-f", "diagonal.json", "--out-dir", "maps", "--jobs", "1", "-q"],
    "conv": ["notes.json", "-f", "diagonal.json"],
    "relu": ["notes.json"],
    "pool": ["notes.json"],
    "show": ["notes.json"],
    "explain": ["notes.json", "-f", "diagonal.json", "--at", "0,0"],
    "report": ["notes.json", "-f", "diagonal.json", "-o", "out.html"],
    "plan": ["notes.json", "-f", "diagonal.json"],
    "filters": [],
    "filters list": [],
    "filters show": ["diagonal.json"],
    "filters check": ["diagonal.json"],
    "filters export": ["diagonal.json", "-o", "out.json"],
    "learn": ["--patch", "notes.json@0,0,2,2", "-o", "out.json"],
    "find": ["notes.json", "-f", "diagonal.json"],
    "recover": ["notes.json", "notes.json", "--size", "1", "-o", "out.json"],
    "sheet": ["notes.json", "-o", "out.png"],
    "net": [],
    "net show": ["net.json"],
    "net run": ["net.json", "notes.json", "--maps", "diagonal"],
    "net classify": ["net.json", "notes.json"],
    "net train": ["learn.npz", "-o", "out.npz", "-a", "bare.json", "--epochs", "1"],
    "net eval": ["net.json", "data.npz"],
    "net explain": ["net.json", "notes.json", "--layer", "diagonal", "--at", "0,0,0"],
    "net filters": ["net.json", "--layer", "diagonal", "-o", "out.json"],
    "net patches": ["net.json", "data.npz", "--layer", "diagonal"],
    "net export": ["net.json", "-o", "out.npz"],
}
"""Every command with arguments that it takes; an option to be tried comes behind them."""

OF_AN_IMAGE = {
    "--filter": ("diagonal.json",),
    "--dilation": ("9",),
    "--groups": ("2",),
    "--max-pixels": ("8",),
    "--max-memory": ("99",),
}
DRAWINGS = (("find", "--output"), ("sheet", "--output"), ("net patches", "--output"))
NETWORKS = (("net export", "--output"), ("net train", "--output"))
FILTER_WRITERS = ("filters export", "learn", "recover", "net filters")


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {part}".strip())


ALL = dict(commands(typer.main.get_command(app)))


def options_of(command: Any) -> Iterator[Any]:
    return (parameter for parameter in command.params if parameter.param_type_name == "option")


def long_name(option: Any) -> str:
    name: str = max(option.opts, key=len)
    return name


def bad_values() -> Iterator[Any]:
    for name, command in ALL.items():
        for option in options_of(command):
            option_name = long_name(option)
            bad = FLAG if option.is_flag else BAD[option_name]
            if name in FILTER_WRITERS and option_name == "--output":
                bad = EXPORT
            if (name, option_name) in DRAWINGS or option_name in PICTURES:
                bad = PICTURE
            if (name, option_name) == ("report", "--output"):
                bad = PAGE
            if option_name in PICTURES:
                bad = [
                    (text, code, says.replace("-o is empty", f"{option_name} is empty"))
                    for text, code, says in bad
                ]
            if (name, option_name) in NETWORKS:
                bad = NETWORK if name == "net export" else [case for case in NETWORK if case[0] != "net.json"]
            if not {"-f", "diagonal.json"} & {*COMMANDS[name]} and option_name in ("--output", *PICTURES):
                bad = [case for case in bad if case[0] != "diagonal.json"]
            if (name, option_name) == ("explain", "--at"):
                bad = CELLS
            if name == "batch":  # what is wrong with an image alone does not stop it
                bad = [case for case in bad if case[0] not in OF_AN_IMAGE.get(option_name, ())]
            if name in ("explain", "report", "plan", "find") and option_name == "--filter":
                bad = [case for case in bad if case[0] != "diagonal.json"]  # it writes nothing twice
            for number, case in enumerate(bad):
                yield pytest.param(name, option_name, *case, id=f"{name} {option_name} {number}")


@pytest.fixture(autouse=True)
def files(notes: Path) -> None:
    Path("sub").mkdir()
    Path("sub.png").mkdir()
    Path("link.json").symlink_to(notes)
    Path("hard.json").hardlink_to(notes)
    Path("net.json").write_text(NET)
    Path("bare.json").write_text(BARE)
    images = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3)
    np.savez("learn.npz", images=images, labels=[0, 0, 1, 1])
    np.savez("data.npz", images=np.ones((1, 3, 3), np.uint8), labels=[0])


def test_every_command_is_here() -> None:
    assert set(ALL) == set(COMMANDS)


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("--padding-mode", PADDING_MODES),
        ("--pool-kind", POOL_KINDS),
        ("--kind", POOL_KINDS),
        ("--format", MAP_FORMATS),
        ("--colormap", COLORMAPS),
    ],
)
def test_choices_are_those_of_the_library(option: str, known: tuple[str, ...]) -> None:
    """The command line has its own copy of each, so that its help loads no NumPy."""
    others = {*FILTER_WRITERS, *(name for name, _ in NETWORKS)}
    maps = [command for name, command in ALL.items() if name not in others]
    offered = [o.type.choices for command in maps for o in options_of(command) if long_name(o) == option]
    assert offered
    for choices in offered:
        assert sorted(choices) == sorted(known)


@pytest.mark.parametrize("name", [name for name in COMMANDS if COMMANDS[name] or name == "filters list"])
def test_without_a_bad_value_it_works(name: str) -> None:
    finished = in_process(*name.split(), *COMMANDS[name])
    assert (finished.code, finished.err) == (0, "")


@pytest.mark.parametrize(("name", "option", "text", "code", "says"), list(bad_values()))
def test_a_bad_value(
    name: str, option: str, text: str, code: int, says: str, mistake: Callable[..., str]
) -> None:
    """A1, A3, A4, A5."""
    given = [f"{option}{text}"] if text == "=yes" else [f"{option}={text}"]
    line = mistake(*name.split(), *COMMANDS[name], *given, code=code, says=says)
    if code == 2 and "Invalid value for" in line:
        assert option in line
        assert line.endswith(f"(see 'convtool {name} --help')\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_named(name: str, mistake: Callable[..., str]) -> None:
    mistake(*name.split(), *COMMANDS[name], "--bogus", code=2, says="No such option: --bogus")
    mistake(*name.split(), *COMMANDS[name], "-Z", code=2, says="No such option: -Z")


@pytest.mark.parametrize("option", [name for name in BAD if name not in ("--filter", "--save")])
def test_an_option_without_its_value(option: str, mistake: Callable[..., str]) -> None:
    (name, *_) = (n for n, c in ALL.items() if option in {long_name(o) for o in options_of(c)})
    mistake(*name.split(), *COMMANDS[name], option, code=2, says=f"Option '{option}' requires an argument")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["shwo"], "No such command 'shwo'. Did you mean 'show'"),
        (["filters", "bogus"], r"No such command 'bogus'. \(see 'convtool filters --help'\)"),
        (["net", "bogus"], r"No such command 'bogus'. \(see 'convtool net --help'\)"),
        (["[bold]\n\x1b[31m"], r"No such command '\[bold\]\\n\\x1b\[31m'"),
        (["run"], r"Missing argument 'IMAGE...'. \(see 'convtool run --help'\)"),
        (["run", "notes.json"], "Missing option '--filter' / '-f'"),
        (["conv", "-f", "sobel-x"], "Missing argument 'IMAGE...'"),
        *(
            (
                [*command.split(), *given, "-o", "a.png", "--out-dir", "."],
                "-o leaves nothing for --out-dir to say; g",
            )
            for command, given in COMMANDS.items()
            if {"--output", "--out-dir"} <= {long_name(option) for option in options_of(ALL[command])}
        ),
        (["pool"], "Missing argument 'MAP...'"),
        (["relu"], "Missing argument 'MAP...'"),
        (["show"], "Missing argument 'FILE...'"),
        (["report", "-f", "sobel-x", "-o", "out.html"], "Missing argument 'IMAGE'"),
        (["report", "notes.json", "-o", "out.html"], "Missing option '--filter' / '-f'"),
        (["report", "notes.json", "-f", "sobel-x"], "Missing option '-o' / '--output'"),
        (["report", "notes.json", "b", "-f", "sobel-x", "-o", "out.html"], "unexpected extra argument"),
        (["plan", "-f", "sobel-x"], "Missing argument 'IMAGE...'"),
        (["plan", "notes.json"], "Missing option '--filter' / '-f'"),
        (["plan", "notes.json", "-f", "diagonal.json", "-q"], "No such option: -q"),
        (["sheet", "-o", "a.png"], "Missing argument 'MAP...'"),
        (["sheet", "notes.json"], "Missing option '-o' / '--output'"),
        (["run", "notes.json", "-f", "sobel-x", "--zoom", "2"], "--colormap, --shared-scale and --zoom are"),
        (["filters", "show"], "Missing argument 'FILTER...'"),
        (["filters", "check"], "Missing argument 'FILTER...'"),
        (["filters", "export", "sobel-x"], "Missing option '-o' / '--output'"),
        (["filters", "export", "sobel-x", "sobel-y", "-o", "a.npy"], "unexpected extra argument"),
        (["filters", "list", "sobel-x"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(arguments: list[str], says: str, mistake: Callable[..., str]) -> None:
    mistake(*arguments, code=2, says=says)


def test_the_environment_limits_pixels_and_the_option_overrules_it(
    mistake: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "8")
    mistake(
        "show",
        "notes.json",
        code=4,
        says="over the limit of 8; raise it with --max-pixels 9 or CONVTOOL_MAX_PIXELS=9$",
    )
    assert in_process("show", "notes.json", "--max-pixels", "9").code == 0
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "many")
    mistake("show", "notes.json", code=2, says="CONVTOOL_MAX_PIXELS is 'many'; set it to a whole number")


def test_good_values_in_every_spelling() -> None:
    finished = in_process(
        *("run", "notes.json", "-f", "diagonal.json", "--stride", "1,1", "--padding", "1,0,0,1"),
        *("--dilation=1", "--pool=2,1", "--pool-stride", "1,2", "--save", "conv,map,pool", "--range=-1,9.5"),
        *("--precision", "0", "--max-pixels", "9", "--frame", "0", "--depth", "8", "--out-dir", "sub"),
    )
    assert (finished.code, finished.err) == (0, "")
    assert set(contents(Path("sub"))) == {f"notes.diagonal.{stage}.png" for stage in ("conv", "map", "pool")}
