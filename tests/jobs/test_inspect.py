"""What a file is found to be, by its content, and what is known of every kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from convtool import load_filter, save_map
from convtool.errors import ArgumentError, InputError
from convtool.io.filters import read_filter
from convtool.jobs.image import Outcome
from convtool.jobs.inspect import Sight, check_filters, kernels, see_files, show_files
from convtool.jobs.options import InputOptions
from tests.cli.runner import SAMPLES
from tests.tolerances import assert_equal


def show(*names: str) -> list[Outcome]:
    return list(show_files(names, inputs=InputOptions(), notify=print))


@pytest.mark.parametrize(
    ("content", "filter_", "values"),
    [
        ("[[1, 2]]", None, [[1, 2]]),
        ("1,2\n", None, [[1, 2]]),
        ('{"weights": [[1, 2]]}', "file", [[1, 2]]),
        ('{"weights": [[[1, 2]]], "names": ["up"]}', "file-up", [[1, 2]]),
    ],
)
@pytest.mark.parametrize("name", ["file.json", "file.png", "file"])
def test_content_decides_and_never_the_suffix(
    name: str, content: str, filter_: str | None, values: list[list[int]]
) -> None:
    Path(name).write_text(content)
    (outcome,) = show(name)
    assert outcome.values.tolist() == outcome.record.values == values
    assert (outcome.record.input, outcome.record.filter) == (name, filter_)


def test_an_array_of_four_axes_is_a_bank_and_of_three_an_image() -> None:
    np.save("bank.npy", np.arange(8.0).reshape(2, 2, 1, 2))
    np.save("image.npy", np.arange(8.0).reshape(2, 2, 2))
    assert [o.record.filter for o in show("bank.npy")] == [
        "bank-01.01",
        "bank-01.02",
        "bank-02.01",
        "bank-02.02",
    ]
    assert [o.record.filter for o in show("image.npy")] == ["01", "02"]


def test_a_map_says_its_stage_and_filter() -> None:
    save_map("m.png", [[1, 2]], stage="pool", filter="edge")
    (outcome,) = show("m.png")
    assert (outcome.record.stage, outcome.record.filter, outcome.record.values) == ("pool", "edge", [[1, 2]])


def test_what_was_not_computed_is_not_claimed() -> None:
    (outcome,) = show("sobel-x")
    record = outcome.record
    assert (record.output, record.exact, record.step, record.convention, record.plan) == (None,) * 5
    assert (record.clipped, record.seconds) == (0, 0.0)


class TestSights:
    PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)

    def seen(self, *names: str, **inputs: Any) -> list[Sight]:
        return list(see_files(names, inputs=InputOptions(**inputs), notify=pytest.fail))

    def test_a_colour_picture_is_seen_at_once_or_each_channel_by_itself(self) -> None:
        PIL.Image.fromarray(self.PIXELS).save("a.png")
        (whole,) = self.seen("a.png")
        assert whole.values.tolist() == self.PIXELS.transpose(2, 0, 1).tolist()
        assert (whole.input, whole.filter, whole.picture, whole.limits) == ("a.png", None, True, (0, 255))
        (unit,) = self.seen("a.png", scale="unit")
        assert_equal(unit.values, np.float32(self.PIXELS.transpose(2, 0, 1)) / np.float32(255))
        each = self.seen("a.png", channels="each")
        assert [sight.filter for sight in each] == ["R", "G", "B"]
        assert [sight.values.tolist() for sight in each] == self.PIXELS.transpose(2, 0, 1).tolist()
        assert {sight.limits for sight in each} == {(0, 255)}

    def test_its_numbers_are_shown_as_before(self) -> None:
        PIL.Image.fromarray(self.PIXELS).save("a.png")
        (outcome,) = show("a.png")
        assert outcome.values.shape == (2, 4)

    @pytest.mark.parametrize(
        ("mode", "limits", "unit"),
        [("1", (0, 1), (0, 1)), ("L", (0, 255), (0, 1)), ("I;16", None, None), ("F", None, None)],
    )
    def test_what_is_black_and_what_is_white(
        self, mode: str, limits: tuple[int, int] | None, unit: tuple[int, int] | None
    ) -> None:
        PIL.Image.new(mode, (3, 2)).save("a.tif")
        (stored,), (scaled,) = self.seen("a.tif"), self.seen("a.tif", scale="unit")
        assert (stored.limits, scaled.limits) == (limits, unit)
        assert stored.picture

    def test_a_map_a_matrix_and_a_filter_are_no_pictures(self) -> None:
        save_map("m.png", [[1, 2]], stage="pool", filter="edge")
        np.save("m.npy", np.zeros((2, 1, 2), np.uint8))
        seen = self.seen("m.png", "m.npy", "sobel-x")
        assert [(s.input, s.filter, s.stage) for s in seen] == [
            ("m.png", "edge", "pool"),
            ("m.npy", "01", None),
            ("m.npy", "02", None),
            ("sobel-x", "sobel-x", None),
        ]
        assert not any(sight.picture or sight.limits for sight in seen)
        assert seen[0].values.tolist() == [[1, 2]]

    def test_stdin_is_seen_once(self) -> None:
        with pytest.raises(ArgumentError, match="- is given twice"):
            self.seen("-", "-")


def test_a_layer_is_a_filter_unless_a_file_has_its_name() -> None:
    network = f"{SAMPLES / 'lines.json'}::lines"
    weights = [[[-1, 2, -1]] * 3, [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]]
    assert [outcome.values.tolist() for outcome in show(network)][:2] == weights
    Path("a.json::lines").write_text("[[1, 2]]")
    (outcome,) = show("a.json::lines")
    assert (outcome.values.tolist(), outcome.record.filter) == ([[1, 2]], None)


def test_a_name_that_is_neither_file_nor_built_in() -> None:
    with pytest.raises(ArgumentError, match="no built-in filter is called 'sobel'; did you mean sobel-"):
        show("sobel")
    with pytest.raises(InputError, match=r"^sobel\.json: cannot be read: No such file or directory$"):
        show("sobel.json")


def test_kernels_are_labelled_by_filter_and_channel() -> None:
    Path("rgb.json").write_text('{"weights": [[[[1]], [[2]], [[3]]]]}')
    assert [(label, kernel.tolist()) for label, kernel in kernels(read_filter("rgb.json"))] == [
        ("rgb.01", [[1]]),
        ("rgb.02", [[2]]),
        ("rgb.03", [[3]]),
    ]
    labels = [label for label, _ in kernels(read_filter("gabor"))]
    assert labels == [f"gabor-{name}" for name in load_filter("gabor").names or ()]


def test_facts_of_every_kernel() -> None:
    facts = dict(check_filters(["sobel-x", "laplacian-4", "haar"], notify=pytest.fail))
    assert facts["sobel-x"].factors == ((1, 2, 1), (-1, 0, 1))
    assert (facts["laplacian-4"].rank, facts["laplacian-4"].factors) == (2, None)
    assert list(facts)[2:] == [f"haar-{name}" for name in load_filter("haar").names or ()]
    for name, total in (("sobel-x", 0), ("laplacian-4", 0)):
        assert facts[name].total == total
