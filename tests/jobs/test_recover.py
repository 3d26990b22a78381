"""Recovering from files: what is read, what the record says, and the file that is written."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import FilterBank, __version__, feature_maps, load_filter, recover_filter
from convtool.errors import ArgumentError, InputError, LimitError, OutputError
from convtool.jobs.options import InputOptions
from convtool.jobs.recover import Recovered, recover_from_files
from convtool.learn.recover import Recovery
from convtool.learn.resemblance import Resemblance
from tests import scenes
from tests.tolerances import assert_near, assert_same_bytes

BLUR = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


@pytest.fixture(autouse=True)
def pictures() -> None:
    """``before.png`` of 20 × 24, and ``after.npy``, which gaussian-3 made of it."""
    scenes.save("before.png", scenes.noise(1, 20, 24))
    np.save("after.npy", feature_maps(scenes.noise(1, 20, 24), load_filter("gaussian-3")))


def recovered(
    before: str = "before.png",
    after: str = "after.npy",
    size: Any = 3,
    output: str = "f.json",
    format_: str = "json",
    **inputs: Any,
) -> tuple[Recovered, list[str]]:
    """What was recovered, and the notices."""
    notices: list[str] = []
    made = recover_from_files(
        before,
        after,
        size,
        output,
        format_,  # type: ignore[arg-type]
        inputs=InputOptions(**inputs),
        notify=notices.append,
    )
    return made, notices


def test_it_is_what_the_library_recovers() -> None:
    made, notices = recovered()
    expected = recover_filter(scenes.noise(1, 20, 24), np.load("after.npy"), 3)
    assert_same_bytes(made.recovery.bank.weights, expected.bank.weights)
    assert (made.recovery.divisor, made.recovery.residual) == (expected.divisor, expected.residual)
    assert (made.before, made.after, made.output, notices) == ("before.png", "after.npy", "f.json", [])
    assert made.resemblance == Resemblance("gaussian-3", flipped=False, scale=1.0)
    assert made.weights.tolist() == BLUR


def test_sizes_may_be_pairs() -> None:
    wide = FilterBank([[1, -2, 3]])
    np.save("wide.npy", feature_maps(scenes.noise(1, 20, 24), wide, relu=False))
    made, _ = recovered(after="wide.npy", size=(1, 3))
    assert (made.weights.tolist(), made.record["size"], made.resemblance) == ([[1, -2, 3]], (1, 3), None)
    assert load_filter("f.json").weights.tolist() == wide.weights.tolist()


def a_recovery(**fields: Any) -> Recovered:
    made: dict[str, Any] = {
        "bank": FilterBank([[0.25, 0.5]], 0.1),
        "divisor": 4,
        "errors": np.array([[0.5, 0.125]]),
        "residual": 0.5,
        "explained": 0.75,
        "exact": False,
        "determined": True,
        "shift": (1, 0),
        "clipped": (3, 4),
        "windows": 99,
    }
    return Recovered("a.png", "b.png", "f.json", Recovery(**{**made, **fields}), fields.get("resembles"))


class TestRecord:
    def test_is_for_machines(self) -> None:
        record = a_recovery().record
        assert record == {
            "before": "a.png",
            "after": "b.png",
            "output": "f.json",
            "size": (1, 2),
            "weights": [[1, 2]],
            "divisor": 4,
            "bias": 0.1,
            "errors": [[0.5, 0.125]],
            "residual": 0.5,
            "explained": 0.75,
            "exact": False,
            "determined": True,
            "shift": (1, 0),
            "clipped": (3, 4),
            "windows": 99,
            "resembles": None,
            "version": __version__,
        }
        assert json.loads(json.dumps(record, allow_nan=False))["weights"] == [[1, 2]]

    def test_an_infinite_error_is_none(self) -> None:
        record = a_recovery(errors=np.array([[inf, 0.25]])).record
        assert record["errors"] == [[None, 0.25]]

    def test_what_it_resembles(self) -> None:
        made, _ = recovered()
        assert made.record["resembles"] == {"filter": "gaussian-3", "flipped": False, "scale": 1.0}


class TestFile:
    def test_reads_back_as_what_was_recovered(self) -> None:
        np.save("linear.npy", np.load("after.npy") * 2 + 7)
        made, _ = recovered(after="linear.npy")
        assert_same_bytes(load_filter("f.json").weights, made.recovery.bank.weights)
        fields = json.loads(Path("f.json").read_text())
        assert (fields["weights"], fields["divisor"], fields["bias"]) == (BLUR, 8, 7)

    def test_bears_its_own_name_and_says_what_it_does(self) -> None:
        recovered(output="blur.json")
        fields = json.loads(Path("blur.json").read_text())
        assert (fields["name"], fields["description"]) == ("blur", "Makes after.npy of before.png")
        assert (fields["meta"]["before"], fields["meta"]["after"]) == ("before.png", "after.npy")
        assert (fields["meta"]["exact"], fields["meta"]["convtool"]) == (True, __version__)

    @pytest.mark.parametrize("format_", ["json", "npy"])
    def test_stdout_has_no_suffix(self, format_: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        _, notices = recovered(output="-", format_=format_)
        out = capfdbinary.readouterr().out
        if format_ == "json":
            assert (json.loads(out)["name"], notices) == ("recovered", [])
        else:
            assert out.startswith(b"\x93NUMPY")
            assert notices == ["stdout: NPY keeps the weights alone; meta dropped"]

    def test_real_weights_are_kept_to_the_last_bit(self) -> None:
        noise = np.random.default_rng(3).normal(0, 5, (18, 22)).astype(np.float32)
        np.save("noisy.npy", np.load("after.npy") + noise)
        made, _ = recovered(after="noisy.npy")
        assert made.recovery.divisor == 1
        assert "divisor" not in json.loads(Path("f.json").read_text())
        assert_same_bytes(load_filter("f.json").weights, made.recovery.bank.weights)


class TestNotices:
    def test_of_readers_come_once(self) -> None:
        np.save("far.npy", np.arange(480).reshape(20, 24) ** 2 * 2**17 + 1)
        _, notices = recovered("far.npy", "far.npy", 1)
        assert len(notices) == 1
        assert notices[0].startswith("far.npy: ")
        assert notices[0].endswith("whole number(s) beyond 2^24 rounded to float32")

    def test_of_what_is_not_determined(self) -> None:
        stripes = np.tile(scenes.noise(1, 1, 24), (20, 1))
        scenes.save("stripes.png", stripes)
        np.save("edges.npy", feature_maps(stripes, load_filter("sobel-x"), relu=False))
        made, notices = recovered("stripes.png", "edges.npy")
        (notice,) = notices
        says = "they do not determine the filter; others explain them as well, this is the smallest"
        assert notice == f"stripes.png and edges.npy: {says}"
        assert not made.recovery.determined
        assert_near(made.weights, [[-4 / 3, 0, 4 / 3]] * 3)

    def test_that_raise_leave_no_file(self) -> None:
        def refuse(line: str) -> None:
            raise InputError(line)

        inputs = InputOptions()
        with pytest.raises(InputError, match=r"^f\.npy: NPY keeps the weights alone; meta dropped$"):
            recover_from_files("before.png", "after.npy", 3, "f.npy", "npy", inputs=inputs, notify=refuse)
        assert not Path("f.npy").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"before": "-", "after": "-"}, ArgumentError, "- is given twice; standard input holds one input"),
        ({"before": ""}, ArgumentError, "a path is empty"),
        ({"output": ""}, ArgumentError, "-o is empty"),
        ({"before": "nope.png", "output": "f.txt"}, ArgumentError, "a filter is written as .json or .npy"),
        ({"output": "before.png"}, ArgumentError, "would replace the input before.png"),
        ({"output": "after.npy"}, ArgumentError, "would replace the input after.npy"),
        ({"output": "."}, OutputError, r"^\.: it is a folder; name a file in it"),
        ({"output": "no/f.json"}, OutputError, "^no/f.json: its folder does not exist"),
        ({"before": "nope.png"}, InputError, r"^nope\.png: cannot be read"),
        ({"size": 5}, InputError, r"^before\.png and after\.npy: before is 20×24 .* 3,3 would fit"),
        ({"size": 99}, LimitError, r"^before\.png and after\.npy: size is 99×99, which is 9801 weights"),
        ({"after": "flat.npy"}, InputError, r"^before\.png and flat\.npy: after is 3 everywhere and tells"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_no_file(
    arguments: dict[str, Any], error: type[Exception], says: str, folder: Path
) -> None:
    np.save("flat.npy", np.full((18, 22), 3.0))
    before = sorted(folder.rglob("*"))
    with pytest.raises(error, match=says):
        recovered(**arguments)
    assert sorted(folder.rglob("*")) == before
