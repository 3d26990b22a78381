"""``convtool net eval``: tables, the record, pictures, data of every kind, and what is refused."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool.cli.display import Display
from convtool.cli.status import StatusLine
from convtool.net.data.dataset import Dataset
from convtool.net.evaluation import evaluate
from convtool.net.files import load_network
from convtool.view.drawings.confusion import confusion_picture
from convtool.view.drawings.mistakes import Mistake, mistakes_sheet
from tests import scenes
from tests.cli.net.networks import CLASSES, done, noticed, spec
from tests.cli.runner import as_process, contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PLACES = [(kind, number) for kind in sorted(CLASSES) for number in range(3)]
"""The class and the number of each picture, in the order that a folder is read in."""


def drawing(kind: str, number: int) -> NDArray[np.uint8]:
    """A line in 12 × 12 cells; the last of every class looks upright."""
    cells = np.zeros((12, 12), np.uint8)
    if kind != "level" or number == 2:
        cells[1:9, 3 + number] = 1
    if kind != "upright" and number < 2:
        cells[1 + number, 3:11] = 1
    return cells


@pytest.fixture(autouse=True)
def lines() -> Dataset:
    """``lines/``: a folder for each class of ``lines.json``, with three pictures."""
    for kind, number in PLACES:
        Path("lines", kind).mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(drawing(kind, number)).save(f"lines/{kind}/{number}.png")
    images = np.stack([drawing(*place)[np.newaxis] for place in PLACES])
    labels = np.array([CLASSES.index(kind) for kind, _ in PLACES])
    return Dataset(images, labels, tuple(CLASSES), [f"{kind}/{number}.png" for kind, number in PLACES])


def idx(path: str, values: NDArray[np.uint8]) -> None:
    """A file of the MNIST family, packed if it is called so."""
    content = struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()
    Path(path).write_bytes(gzip.compress(content) if path.endswith(".gz") else content)


def test_is_tables() -> None:
    assert done("eval", "lines.json", "lines").out == (
        "lines · lines.json · 7 of 9 recognised\n"
        "all images  result\n"
        "-----------------------------------------------------\n"
        "accuracy    77.78 % (95 % interval: 45.26 to 93.68 %)\n"
        "loss        3.8919\n"
        "\n"
        "class    images    recall  precision       F1\n"
        "---------------------------------------------\n"
        "upright       3  100.00 %    60.00 %  75.00 %\n"
        "level         3   66.67 %   100.00 %  80.00 %\n"
        "turn          3   66.67 %   100.00 %  80.00 %\n"
        "\n"
        "images of each class (rows), and what they are taken for (columns)\n"
        "        |  upright    level     turn\n"
        "--------+---------------------------\n"
        "upright |        3        0        0\n"
        "  level |        1        2        0\n"
        "   turn |        1        0        2\n"
        "\n"
        "confidence  is     taken for  worst mistakes\n"
        "--------------------------------------------\n"
        "   99.75 %  level  upright    level/2.png\n"
        "   99.75 %  turn   upright    turn/2.png\n"
        "\n"
    )


@pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
def test_json_is_one_record(model: str, lines: Dataset) -> None:
    record = done("eval", model, "lines", "--json").record
    found = evaluate(load_network(model), lines)
    assert record["confusion"] == found.confusion.tolist() == [[3, 0, 0], [1, 2, 0], [1, 0, 2]]
    assert (record["model"], record["data"]) == (model, "lines")
    assert (record["count"], record["correct"], record["accuracy"]) == (9, 7, 7 / 9)
    assert (record["interval"], record["loss"]) == (list(found.interval), found.loss)
    assert [each["name"] for each in record["classes"]] == CLASSES
    assert [each["name"] for each in record["mistakes"]] == ["level/2.png", "turn/2.png"]
    assert [(each["true"], each["predicted"]) for each in record["mistakes"]] == [
        ("level", "upright"),
        ("turn", "upright"),
    ]


class TestData:
    def test_of_every_kind_gives_the_same(self, lines: Dataset) -> None:
        expected = done("eval", "lines.json", "lines", "--json").record
        names = [lines.classes[label] for label in lines.labels]
        np.savez("lines.npz.data", images=lines.images[:, 0], labels=names)
        found = done("eval", "lines.json", "lines.npz.data.npz", "--json").record
        for key in ("count", "accuracy", "loss", "confusion", "classes"):
            assert found[key] == expected[key]
        data = Path("lines.npz.data.npz").read_bytes()
        assert done("eval", "lines.json", "-", "--json", stdin=data).record["loss"] == expected["loss"]
        model = Path("lines.npz").read_bytes()
        assert done("eval", "-", "lines", "--json", stdin=model).record["loss"] == expected["loss"]

    @pytest.mark.parametrize("packed", ["", ".gz"])
    def test_in_idx_files_names_numbers(self, packed: str, lines: Dataset) -> None:
        weights = [[[[1, 1]]], [[[-1, -1]]], [[[0, 0]]]]
        spec("signs.json", {"kind": "conv", "weights": weights}, {"kind": "global_avg_pool"})
        idx(f"t10k-images-idx3-ubyte{packed}", lines.images[:, 0])
        idx(f"t10k-labels-idx1-ubyte{packed}", lines.labels.astype(np.uint8))
        record = done("eval", "signs.json", f"t10k-images-idx3-ubyte{packed}", "--json").record
        assert record["confusion"] == [[3, 0, 0], [3, 0, 0], [3, 0, 0]]
        assert [each["name"] for each in record["classes"]] == ["0", "1", "2"]
        assert record["mistakes"][0].keys() == {"name", "true", "predicted", "confidence"}

    def test_of_some_of_the_classes(self) -> None:
        for number in range(3):
            Path(f"lines/turn/{number}.png").unlink()
        Path("lines/turn").rmdir()
        record = done("eval", "lines.json", "lines", "--json").record
        assert record["classes"][2] == {"name": "turn", "count": 0, "recall": None, "precision": None,
                                        "f1": None}  # fmt: skip
        assert record["confusion"][:2] == [[3, 0, 0], [1, 2, 0]]

    def test_of_another_size_is_resized_with_a_notice(self) -> None:
        scenes.save("lines/turn/large.png", np.kron(drawing("turn", 0), np.ones((2, 2))).astype(np.uint8))
        says = "lines: 1 of 10 picture(s) resized to 12×12"
        assert noticed("eval", "lines.json", "lines", "--json", says=says).record["count"] == 10
        finished = in_process("net", "eval", "lines.json", "lines", "-q")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")

    def test_what_is_no_picture_is_left_out_with_a_notice(self, mistake: Callable[..., str]) -> None:
        Path("lines/turn/readme.txt").write_text("what is here")
        with_notice = in_process("net", "eval", "lines.json", "lines", "--json")
        assert with_notice.record["count"] == 9
        assert with_notice.err.startswith("convtool: notice: lines: left out turn/readme.txt: ")
        says = "^convtool: lines: left out turn/readme.txt: .*; refused because of --strict$"
        mistake("net", "eval", "lines.json", "lines", "--strict", code=3, says=says)

    def test_is_made_the_size_that_is_asked_for(self) -> None:
        spec("any.json", {"kind": "conv", "weights": [[[1]], [[2]], [[-1]]]}, {"kind": "global_avg_pool"},
             classes=CLASSES)  # fmt: skip
        says = "lines: 9 of 9 picture(s) resized to 4×6"
        noticed("eval", "any.json", "lines", "--size", "4,6", "--json", says=says)


class TestStatus:
    @pytest.fixture
    def said(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What stands on the terminal's last line, one thing after the other, and every notice."""
        said: list[str] = []

        class Recorded(StatusLine):
            def update(self, line: str) -> None:
                said.append(line)

            def clear(self) -> None:
                said.append("")

        monkeypatch.setattr("convtool.cli.net.eval.StatusLine", Recorded)
        monkeypatch.setattr(Display, "notice", lambda self, line: said.append(line))
        return said

    def test_tells_how_far_it_is_and_goes_before_a_notice(self, said: list[str]) -> None:
        Path("lines/turn/readme.txt").write_text("what is here")
        done("eval", "lines.json", "lines", "--json")
        assert said[:11] == [*(f"{number} of 10 images read" for number in range(1, 11)), ""]
        assert said[11].startswith("lines: left out turn/readme.txt: ")
        assert said[12:] == ["9 of 9 images run", ""]

    def test_goes_before_an_error(self, said: list[str]) -> None:
        Path("lines/turn").rename("lines/tilde")
        assert in_process("net", "eval", "lines.json", "lines").code == 3
        assert said[-2:] == ["9 of 9 images read", ""]


class TestPictures:
    def test_are_drawn_beside_the_tables(self, lines: Dataset) -> None:
        plain = done("eval", "lines.json", "lines").out
        arguments = ("--confusion", "confusion.png", "--mistakes", "mistakes.png")
        assert done("eval", "lines.json", "lines", *arguments).out == plain
        found = evaluate(load_network("lines.json"), lines)
        assert Path("confusion.png").read_bytes() == confusion_picture(found.confusion, lines.classes)
        wrong = [
            Mistake(drawing(kind, 2)[np.newaxis], f"{kind}/2.png", kind, "upright", sure)
            for kind, sure in zip(("level", "turn"), found.confidence[[2, 5]], strict=True)
        ]
        assert Path("mistakes.png").read_bytes() == mistakes_sheet(wrong, "lines · lines.json")

    def test_on_standard_output_stand_alone(self, lines: Dataset) -> None:
        found = evaluate(load_network("lines.json"), lines)
        data = done("eval", "lines.json", "lines", "--confusion", "-").data
        assert data == confusion_picture(found.confusion, lines.classes)

    def test_are_written_both_or_not_at_all(self, mistake: Callable[..., str]) -> None:
        for first, second in (("a.png", "no/b.png"), ("no/a.png", "b.png")):
            arguments = ("net", "eval", "lines.json", "lines", "--confusion", first, "--mistakes", second)
            mistake(*arguments, code=5, says=r"^convtool: no/[ab].png: its folder does not exist; create it")

    def test_replace_older_ones_whole(self) -> None:
        Path("a.png").write_bytes(b"older" * 100_000)
        done("eval", "lines.json", "lines", "--confusion", "a.png", "-q")
        with PIL.Image.open("a.png") as picture:
            assert picture.format == "PNG"
            picture.load()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nope.npz", "lines"), 3, "^convtool: nope.npz: cannot be read: No such file or directory$"),
        (("lines.json",), 2, "Missing argument 'DATA'"),
        (("lines.json", "nope"), 3, "^convtool: nope: cannot be read: No such file or directory$"),
        (("lines.json", ""), 2, "^convtool: a path is empty"),
        (("lines.json", "sub"), 3, "^convtool: sub: it holds no folders; a data set has one for each class"),
        (("lines.json", "drawing.json"), 3, "^convtool: drawing.json: no labelled pictures; they are in a f"),
        (("lines.json", "lines.npz"), 3, "^convtool: lines.npz: it holds .*; a data set holds images.npy an"),
        (("lines.json", "more"), 3,
         r"^convtool: more with lines: the network does not know its class\(es\) tilde; it has upright, lev"),
        (("drawing.json", "lines"), 3, "^convtool: drawing.json: no network"),
        (("rgb.json", "lines"), 3, "^convtool: lines with rgb: its first output 'relu1' is 3×12×12, not a s"),
        (("vast.json", "ones"), 3, r"^convtool: ones with vast: image 0/1.png: its scores hold NaN or infin"),
        (("-", "-"), 2, "^convtool: - is given twice; standard input holds one input"),
        (("lines.json", "lines", "--size", "5"), 2, "^convtool: lines reads images of 12×12; leave --size o"),
        (("peak.json", "sizes"), 3, "^convtool: sizes: its pictures are of several sizes, .*; give one with"),
        (("lines.json", "lines", "--max-pixels", "9"), 4, "^convtool: lines/level/0.png: .*raise it with --"),
        (("lines.json", "lines", "--max-memory", "99"), 4, "^convtool: lines.json: .*raise it with --max-me"),
        (("lines.json", "lines", "--confusion", "a.jpg"), 2, "^convtool: a.jpg: a picture is written as .pn"),
        (("lines.json", "lines", "--mistakes", "lines.json"), 2, "would replace the input lines.json; name "),
        (("lines.json", "lines", "--mistakes", "lines/turn/1.png"), 2, "would replace the input lines/tur"),
        (("lines.json", "lines", "--mistakes", "linked.png"), 2, "would replace the input lines/turn/1.p"),
        (("lines.json", "lines", "--confusion", "a.png", "--mistakes", "a.png"), 2, "both write to one plac"),
        (("lines.json", "lines", "--confusion", "-", "--mistakes", "-"), 2, "both write to one place; name "),
        (("lines.json", "lines", "--confusion", "-", "--json"), 2, "would both write to standard output; na"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    pictures: dict[str, Any] = {
        "more/tilde/1.png": drawing("turn", 0),
        "ones/0/1.png": np.full((12, 12), 9, np.uint8),
        "sizes/0/1.png": drawing("turn", 0),
        "sizes/1/2.png": drawing("turn", 0)[:9],
    }
    for path, values in pictures.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        scenes.save(path, values)
    Path("linked.png").hardlink_to("lines/turn/1.png")
    spec("peak.json", {"kind": "conv", "weights": [[[1]], [[2]]]}, {"kind": "global_max_pool"})
    mistake("net", "eval", *arguments, code=code, says=says)


def test_names_are_text(folder: Path) -> None:
    names = ["[bold]\n\x1b[31m", "a\tb", "c"]
    model = json.loads(Path("lines.json").read_text()) | {"classes": names}
    Path("odd.json").write_text(json.dumps(model))
    for old, new in zip(CLASSES, names, strict=True):
        Path("lines", old).rename(Path("lines", new))
    before = set(contents(folder))
    out = done("eval", "odd.json", "lines", "--confusion", "a.png", "--mistakes", "b.png").out
    assert r"[bold]\n\x1b[31m |" in out
    assert r"a\tb" in out
    assert set(contents(folder)) - before == {"a.png", "b.png"}


def test_as_a_process(folder: Path) -> None:
    finished = as_process("net", "eval", folder / "lines.onnx", folder / "lines", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert finished.record["correct"] == 7
