"""Learning from files: what is read and in which order, the lesson that comes of it, and the file."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import FilterBank, Patch, __version__, learn_filter, load_filter
from convtool.errors import ArgumentError, InputError, OutputError
from convtool.jobs.learn import LearnOptions, Lesson, learn_from_files
from convtool.jobs.options import InputOptions
from tests import scenes
from tests.tolerances import assert_near, assert_same_bytes


@pytest.fixture(autouse=True)
def pictures() -> None:
    """``a.png`` and ``b.png`` of 20 × 24, and folders of patches of 5 × 4: twelve of one thing, three not."""
    scenes.save("a.png", scenes.noise(1, 20, 24))
    scenes.save("b.png", scenes.noise(2, 20, 24))
    for name, count, first in (("good", 12, 30), ("bad", 3, 50)):
        Path(name).mkdir()
        for k in range(count):
            scenes.save(
                f"{name}/{k:02}.png", scenes.noise(first, 5, 4) // 2 + scenes.noise(first + k, 5, 4) // 2
            )


def learned(
    options: LearnOptions, output: str = "f.json", format_: str = "json", **inputs: Any
) -> tuple[Lesson, list[str], list[str]]:
    """The lesson, the notices and the progress."""
    notices: list[str] = []
    progress: list[str] = []
    lesson = learn_from_files(
        options,
        output,
        format_,  # type: ignore[arg-type]
        inputs=InputOptions(**inputs),
        notify=notices.append,
        progress=progress.append,
    )
    return lesson, notices, progress


def assert_same_bank(one: FilterBank, other: FilterBank) -> None:
    assert (one.names, one.normalize) == (other.names, other.normalize)
    assert_same_bytes(one.weights, other.weights)
    assert_same_bytes(one.bias, other.bias)


class TestLesson:
    def test_is_what_the_library_learns(self) -> None:
        picture = scenes.noise(1, 20, 24)
        lesson, notices, progress = learned(LearnOptions(("a.png@3,6,5,4", "a.png@11,2,5,4")))
        expected = learn_filter([Patch(picture, 3, 6, 5, 4), Patch(picture, 11, 2, 5, 4)])
        # One array is one picture: the rest of it is background but once.
        assert_same_bank(lesson.learned.bank, expected.bank)
        assert (lesson.learned.score, lesson.learned.windows) == (expected.score, expected.windows)
        assert notices == []
        assert progress == ["ncc: fold 1", "ncc: fold 2"]

    @pytest.mark.parametrize("method", ["ncc", "lda", "logistic", "bank"])
    def test_options_are_passed_on(self, method: Any) -> None:
        options: dict[str, Any] = {"method": method, "false_alarms": 0.2, "folds": 3, "seed": 4}
        options |= {"ridge": 0.25} if method in ("lda", "logistic") else {}
        lesson, _, progress = learned(LearnOptions((), ("good",), (), ("a.png",), **options))
        patches = [scenes.noise(30, 5, 4) // 2 + scenes.noise(30 + k, 5, 4) // 2 for k in range(12)]
        expected = learn_filter(patches, [scenes.noise(1, 20, 24)], **options)
        assert_same_bank(lesson.learned.bank, expected.bank)
        assert (lesson.learned.score, lesson.learned.ncc) == (expected.score, expected.ncc)
        assert lesson.learned.rounds == expected.rounds
        assert lesson.learned.method == method
        assert any("round 1: " in line for line in progress) == (method == "logistic")

    def test_names_what_it_came_from(self) -> None:
        options = LearnOptions(("a.png@3,6,5,4",), ("good", "good/00.png"), ("bad",), ("b.png", "bad/01.png"))
        lesson, _, _ = learned(options)
        good, bad = [[f"{name}/{k:02}.png" for k in range(n)] for name, n in (("good", 12), ("bad", 3))]
        assert lesson.patches == ("a.png@3,6,5,4", *good, "good/00.png")
        assert lesson.background == ("b.png", "bad/01.png", *bad)
        assert lesson.output == "f.json"

    def test_the_rest_of_the_pictures_is_named_as_background(self) -> None:
        patches = ("b.png@0,0,5,4", "a.png@0,0,5,4", "b.png@9,9,5,4")
        lesson, _, _ = learned(LearnOptions(patches))
        assert lesson.background == ("b.png", "a.png")
        whole, notices, _ = learned(LearnOptions(("good/00.png",)))
        assert whole.background == ()
        assert notices == ["good/00.png: no background to measure on, so the bias is 0; give --background"]

    def test_a_record_is_flat_and_for_machines(self) -> None:
        lesson, _, _ = learned(
            LearnOptions((), ("good",), (), ("a.png",), method="logistic", false_alarms=0.1)
        )
        score, ncc = lesson.learned.score, lesson.learned.ncc
        assert score is not None
        assert ncc is not None
        assert lesson.record == {
            "output": "f.json",
            "method": "logistic",
            "filters": 1,
            "size": (5, 4),
            "patches": 12,
            "background": 1,
            "windows": 16 * 21,
            "false_alarms": 0.1,
            "threshold": -float(lesson.learned.bank.bias[0]),
            "ridge": 0.001,
            "score": {"auc": score.auc, "hits": score.hits},
            "ncc": {"auc": ncc.auc, "hits": ncc.hits},
            "rounds": [
                {"negatives": r.negatives, "loss_before": r.loss_before, "loss_after": r.loss_after}
                for r in lesson.learned.rounds
            ],
            "version": __version__,
        }

    def test_pictures_of_several_planes(self) -> None:
        planes = np.random.default_rng(6).integers(0, 256, (2, 20, 24), np.uint8)
        np.save("planes.npy", planes)
        lesson, _, _ = learned(LearnOptions(("planes.npy@3,6,5,4",)))
        assert lesson.learned.bank.weights.shape == (1, 2, 5, 4)
        fields = json.loads(Path("f.json").read_text())
        assert fields["divisor"] == sqrt(40)
        assert_near(fields["weights"], scenes.standard(planes[:, 3:8, 6:10])[np.newaxis])


class TestFile:
    def test_reads_back_as_the_bank_that_was_learned(self) -> None:
        lesson, _, _ = learned(LearnOptions(("a.png@3,6,5,4",), method="bank"))
        bank = load_filter("f.json")
        assert bank.names == lesson.learned.bank.names
        assert_same_bytes(bank.bias, lesson.learned.bank.bias)
        assert_near(bank.weights * sqrt(20), lesson.learned.bank.weights * sqrt(20))

    def test_bears_its_own_name(self) -> None:
        for output, name in (("eye.json", "eye"), ("sub/my eye.json", "my eye")):
            Path("sub").mkdir(exist_ok=True)
            learned(LearnOptions(("a.png@3,6,5,4",)), output)
            assert json.loads(Path(output).read_text())["name"] == name

    @pytest.mark.parametrize(("format_", "start"), [("json", b"{\n"), ("npy", b"\x93NUMPY")])
    def test_stdout_has_no_suffix(
        self, format_: str, start: bytes, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        _, notices, _ = learned(LearnOptions(("a.png@3,6,5,4",)), "-", format_)
        out = capfdbinary.readouterr().out
        assert out.startswith(start)
        if format_ == "json":
            assert json.loads(out)["name"] == "learned"
        lost = "stdout: NPY keeps the weights alone; bias and normalize and meta dropped"
        assert notices == ([lost] if format_ == "npy" else [])

    def test_a_notice_that_raises_leaves_no_file(self) -> None:
        def refuse(line: str) -> None:
            raise InputError(line)

        says = r"^good/00\.png: no background to measure on, so the bias is 0; give --background$"
        with pytest.raises(InputError, match=says):
            learn_from_files(
                LearnOptions(("good/00.png",)),
                "f.json",
                "json",
                inputs=InputOptions(),
                notify=refuse,
                progress=print,
            )
        assert not Path("f.json").exists()

    @pytest.mark.parametrize("place", ["3,6,1,2", "4,9,2,1"])
    def test_a_filter_that_recognises_not_even_its_patches_is_noticed(self, place: str) -> None:
        """Windows of two cells are all alike, or opposite; half of the picture is as good a find."""
        lesson, notices, _ = learned(LearnOptions((f"a.png@{place}",)))
        assert lesson.learned.bank.bias.tolist() == [-1]
        says = (
            "f.json: none of the patches that it was learned from responds above the threshold of 1; "
            "use larger patches, or a larger --false-alarms"
        )
        assert notices == [says]
        assert learned(LearnOptions((f"a.png@{place}",), false_alarms=0.7))[1] == []


@pytest.mark.parametrize(
    ("options", "output", "error", "says"),
    [
        (LearnOptions(), "f.json", ArgumentError, "^nothing to learn from; give --patch FILE@Y"),
        (LearnOptions(background=("a.png",)), "f.json", ArgumentError, "^nothing to learn from"),
        (LearnOptions(("-@0,0,5,4", "-"), background=("-",)), "f.json", ArgumentError, "- is given twice"),
        (LearnOptions(("nope.png",)), "f.txt", ArgumentError, "written as .json or .npy, not 'txt'"),
        (LearnOptions(("nope.png",)), "", ArgumentError, "-o is empty"),
        (LearnOptions(("nope.png",)), "good", OutputError, "^good: it is a folder; name a file in it"),
        (LearnOptions((), ("good",)), "good/03.png", ArgumentError, "would replace the input good/03.png"),
        (LearnOptions(("a.png@0,0,5,4",), (), ("bad",)), "bad/00.png", ArgumentError, "input bad/00.png"),
        (LearnOptions(("a.png@0,0,5,4",)), "a.png", ArgumentError, "would replace the input a.png"),
        (LearnOptions(("nope.png@0,0,5,4",)), "f.json", InputError, r"^nope\.png: cannot be read"),
        (LearnOptions(("a.png@0,0,5,4",), ("bad/00.png",), (), ("a.png",)), "f.json", InputError,
         r"^a\.png@0,0,5,4 is part of the background too: a\.png holds it at row 0, column 0"),
        (LearnOptions(("a.png@0,0,5,5",), ("good",)), "f.json", InputError, r"^good/00\.png: a patch of 5×4"),
        (LearnOptions(("a.png@0,0,5,4",), method="lda"), "f.json", InputError, "^lda learns from at least 2"),
        (LearnOptions(("a.png@0,0,5,4",), folds=1), "f.json", ArgumentError, "^folds is 1; it must be"),
        (LearnOptions(("a.png@0,0,5,4",), ridge=0.0), "f.json", ArgumentError, "^ridge is 0.0; it must"),
        (LearnOptions(("a.png@0,0,5,4",), false_alarms=1.0), "f.json", ArgumentError, "^false_alarms is 1"),
        (LearnOptions(("a.png@0,0,5,4",)), "no/f.json", OutputError, "^no/f.json: its folder does not exist"),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_refused_leaves_no_file(
    options: LearnOptions, output: str, error: type[Exception], says: str, folder: Path
) -> None:
    """What is wrong with the output is said before any picture is read."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(error, match=says):
        learned(options, output)
    assert sorted(folder.rglob("*")) == before
