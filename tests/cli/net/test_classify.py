"""``convtool net classify``: lines to cut and records, images of any kind, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import scenes
from tests.cli.net.networks import CLASSES, DRAWING, SPEC, done, noticed, spec, values_of
from tests.cli.runner import as_process, in_process
from tests.tolerances import assert_near

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
def test_a_line_for_each_image(model: str) -> None:
    Path("turned.json").write_text(json.dumps(DRAWING.T.tolist()))
    out = done("classify", model, "drawing.json", "turned.json").out
    fields = [line.split("\t") for line in out.splitlines()]
    for (name, kind, share), image in zip(fields, (DRAWING, DRAWING.T), strict=True):
        scores = values_of(image, "shares")["shares"].tolist()
        assert kind == CLASSES[scores.index(max(scores))]
        assert share == f"{max(scores):.4f}"
        assert name == ("drawing.json" if image is DRAWING else "turned.json")


def test_a_line_for_each_of_the_likeliest() -> None:
    assert done("classify", "lines.json", "drawing.json", "--top", "2").out == (
        "drawing.json\tturn\t0.9999\ndrawing.json\tupright\t0.0000\n"
    )
    assert len(done("classify", "lines.json", "drawing.json", "--top", "9").out.splitlines()) == 3


def test_json_is_a_line_for_each_image() -> None:
    records = done("classify", "lines.json", "drawing.json", "drawing.json", "--top", "2", "--json").records
    assert len(records) == 2
    for record in records:
        assert list(record) == ["input", "model", "top", "seconds", "version"]
        assert (record["input"], record["model"]) == ("drawing.json", "lines.json")
        assert [list(best) for best in record["top"]] == [["index", "class", "probability"]] * 2
        assert [best["class"] for best in record["top"]] == ["turn", "upright"]
        shares = values_of(DRAWING, "shares")["shares"]
        assert_near([best["probability"] for best in record["top"]], [shares[2], shares[0]])


def test_standard_input_is_a_model_or_an_image() -> None:
    line = "turn\t0.9999\n"
    drawing = Path("drawing.json").read_bytes()
    assert done("classify", "lines.json", "-", stdin=drawing).out == f"-\t{line}"
    assert done("classify", "-", "drawing.json", stdin=SPEC).out == f"drawing.json\t{line}"


def test_images_are_made_what_the_network_reads() -> None:
    scenes.save("large.png", scenes.noise(1, 30, 24))
    says = "large.png: resized from 30×24 to the 12×12 that lines reads"
    line = noticed("classify", "lines.json", "large.png", says=says).out
    (best,) = in_process("net", "run", "lines.json", "large.png", "--json").record["top"][:1]
    assert line == f"large.png\t{best['class']}\t{best['score']:.4f}\n"


def test_scores_that_are_none_yet_become_probabilities() -> None:
    Path("flat.csv").write_text("0,0\n0,0\n")
    spec("two.json", {"kind": "conv", "weights": [[[1]], [[2]]], "bias": [0, 1]}, {"kind": "global_max_pool"})
    assert done("classify", "two.json", "flat.csv", "--top", "2").out == (
        "flat.csv\t1\t0.7311\nflat.csv\t0\t0.2689\n"
    )


def test_names_are_fields_whatever_they_hold() -> None:
    spec("odd.json", {"kind": "flatten"}, input={"size": 1}, classes=["[bold]\t\n\x1b[31m"])
    Path("a\tb\n.csv").write_text("1\n")
    assert done("classify", "odd.json", "a\tb\n.csv").out == "a\\tb\\n.csv\t[bold]\\t\\n\\x1b[31m\t1.0000\n"


def test_a_bad_image_ends_it_behind_the_good_ones_before_it() -> None:
    Path("bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    finished = in_process("net", "classify", "lines.json", "drawing.json", "bad.png", "drawing.json")
    assert (finished.code, finished.out) == (3, "drawing.json\tturn\t0.9999\n")
    assert finished.err.startswith("convtool: bad.png: ")
    assert finished.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nope.npz", "drawing.json"), 3, "^convtool: nope.npz: cannot be read: No such file or directory$"),
        (("lines.json",), 2, "Missing argument 'IMAGE...'"),
        (("lines.json", "nope.png"), 3, "^convtool: nope.png: cannot be read"),
        (("lines.json", "sub"), 3, "^convtool: sub: it is a folder"),
        (("lines.json", "planes.npy"), 3, r"^convtool: planes.npy with lines: the image has 2 channel\(s\)"),
        (("any.json", "gray.png"), 3, "^convtool: gray.png with any: its first output 'relu1' is 1×15×20, n"),
        (("any.json", "small.csv"), 3, "^convtool: small.csv with any: layer 'conv1': the map is 1×2"),
        (("vast.json", "drawing.json"), 3, "^convtool: drawing.json with vast: its scores hold NaN or infin"),
        (("drawing.json", "lines.json"), 3, "^convtool: drawing.json: no network"),
        (("-", "-"), 2, "^convtool: - is given twice; standard input holds one input"),
        (("lines.json", "-", "-"), 2, "^convtool: - is given twice; standard input holds one input"),
        (("lines.json", "drawing.json", "--top", "0"), 2, "'0' is not a whole number from 1"),
        (("lines.json", "gray.png", "--max-pixels", "9"), 4, "^convtool: gray.png: .*raise it with --max-pi"),
        (("peak.json", "large.npy", "--max-memory", "1M"), 4, "^convtool: large.npy.*raise it with --max-me"),
        (("lines.json", "gray.png", "--strict"), 3, "^convtool: gray.png: resized .*refused because of --st"),
    ],
)
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    spec("peak.json", {"kind": "conv", "weights": "sobel-x"}, {"kind": "global_max_pool"})
    mistake("net", "classify", *arguments, code=code, says=says)


def test_as_a_process(folder: Path) -> None:
    arguments = ("net", "classify", folder / "lines.onnx", "-")
    finished = as_process(*arguments, stdin=(folder / "drawing.json").read_bytes())
    assert (finished.code, finished.out, finished.err) == (0, "-\tturn\t0.9999\n", "")
