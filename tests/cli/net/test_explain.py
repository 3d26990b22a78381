"""``convtool net explain``: layers and parts, sums that are right, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import scenes
from tests.cli.net.networks import DRAWING, done, spec, values_of
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from collections.abc import Callable


class TestExplain:
    def test_is_a_table_of_layers_and_of_parts(self) -> None:
        out = done("explain", "lines.json", "drawing.json", "--layer", "strongest", "--at", "2,0,0").out
        lines = out.splitlines()
        assert lines[0] == "drawing.json · lines.json · strongest at 2,0,0 = 25"
        assert [line.split()[:5] for line in lines[3:9]] == [
            ["strongest", "global_max_pool", "1", "0", "0"],
            ["combined", "conv", "1", "1", "1"],
            ["pooled", "max_pool", "18", "1…3", "1…3"],
            ["found", "relu", "18", "2…7", "2…6"],
            ["lines", "conv", "6", "2…7", "2…6"],
            ["input", "image", "35", "2…9", "2…8"],
        ]
        assert lines[10] == "value × weight of every cell that counts in channel 0"
        cells = [int(cell) for line in lines[13:21] for cell in line.split("|")[1].split()]
        assert (len(cells), sum(cells)) == (8 * 7, 34)
        assert lines[-1] == "34 in all + -9 constant = 25"

    def test_sums_are_what_a_run_writes(self) -> None:
        done("run", "lines.npz", "drawing.json", "--maps", "*", "--format", "npy", "-q")
        # fmt: off
        places = [("lines-01.conv", "lines", (0, 2, 3)), ("pooled-02.pool", "pooled", (1, 3, 2)),
                  ("combined-03.conv", "combined", (2, 1, 0)), ("found-01.map", "found", (0, 4, 2))]
        # fmt: on
        for name, layer, at in places:
            explained = (
                "explain",
                "lines.npz",
                "drawing.json",
                "--layer",
                layer,
                "--at",
                ",".join(map(str, at)),
            )
            record = done(*explained, "--json").record
            value = np.load(f"drawing.{name}.npy")[at[1:]]
            total = (np.array(record["pixels"]) * np.array(record["weights"])).sum() + record["constant"]
            assert record["value"] == value == total
            field = record["field"]
            assert np.shape(record["pixels"]) == (1, field["height"], field["width"])
            box = DRAWING[field["y"] : field["y"] + field["height"], field["x"] : field["x"] + field["width"]]
            assert_equal(np.array(record["pixels"][0]), box)

    def test_json_has_every_fact(self) -> None:
        record = done(
            "explain", "lines.json", "drawing.json", "--layer", "found", "--at", "0,0,0", "--json"
        ).record
        assert list(record) == [
            *("input", "model", "layer", "at", "value", "field", "constant", "cut", "linear", "shares"),
            *("pixels", "weights"),
        ]
        assert (record["input"], record["model"], record["layer"]) == ("drawing.json", "lines.json", "found")
        assert (record["at"], record["value"], record["cut"], record["linear"]) == ([0, 0, 0], 0, None, True)
        assert list(record["shares"][0]) == [
            *("layer", "kind", "units", "rows", "columns", "strongest", "strongest_value", "strongest_weight")
        ]

    def test_a_value_that_was_cut_off_is_said(self) -> None:
        arguments = ("lines.json", "drawing.json", "--layer", "found", "--at", "0,3,1")
        record = done("explain", *arguments, "--json").record
        before = values_of(DRAWING, "lines")["lines"][0, 3, 1]
        assert before < 0
        assert (record["value"], record["cut"]) == (0, before)
        lines = done("explain", *arguments).out.splitlines()
        assert lines[0].endswith("found at 0,3,1 = 0")
        assert lines[-1] == f"{before:.0f} in all + 0 constant = {before:.0f}, which relu makes 0"

    def test_a_layer_that_is_not_linear(self) -> None:
        out = done("explain", "lines.json", "drawing.json", "--layer", "shares", "--at", "2").out
        assert out.splitlines()[0] == "drawing.json · lines.json · shares at 2 = 0.9999"
        assert (
            out.splitlines()[-1] == "0.001726 in all + 0.9982 rest, since not every layer is linear = 0.9999"
        )
        assert not done(
            "explain", "lines.json", "drawing.json", "--layer", "shares", "--at", "2", "--json"
        ).record["linear"]

    def test_a_pixel_explains_itself(self) -> None:
        record = done(
            "explain", "lines.json", "drawing.json", "--layer", "input", "--at", "0,3,3", "--json"
        ).record
        assert (record["value"], record["pixels"], record["weights"]) == (1, [[[1]]], [[[1]]])

    def test_many_pixels_are_left_out_of_json(self) -> None:
        spec("any.json", {"kind": "global_avg_pool"})
        scenes.save("a.png", scenes.noise(1, 33, 32))
        record = done(
            "explain", "any.json", "a.png", "--layer", "global_avg_pool1", "--at", "0,0,0", "--json"
        ).record
        assert (record["pixels"], record["weights"]) == (None, None)
        assert record["field"] == {"y": 0, "x": 0, "height": 33, "width": 32}
        assert (
            done("explain", "any.json", "a.png", "--layer", "global_avg_pool1", "--at", "0,0,0", "-q").data
            == b""
        )


EXPLAIN = ("explain", "lines.json", "drawing.json", "--layer", "lines", "--at", "0,0,0")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((*EXPLAIN[:4], "nope", *EXPLAIN[5:]), 2, "^convtool: there is no layer 'nope'; lines has lines, fo"),
        ((*EXPLAIN[:6], "2,0,0"), 2, "there is no unit 2,0,0 in layer 'lines', which is 2×10×10; give C,Y,X"),
        ((*EXPLAIN[:6], "0"), 2, "there is no unit 0 in layer 'lines', which is 2×10×10; give C,Y,X from 0 "),
        ((*EXPLAIN[:6], "0,0"), 2, "there is no unit 0,0 in layer 'lines'"),
        ((*EXPLAIN[:6], "a"), 2, "Invalid value for '--at': 'a' is not a whole number from 0"),
        ((*EXPLAIN[:6], "-1,0,0"), 2, "'-1' is not a whole number from 0"),
        ((*EXPLAIN[:6], ""), 2, "'' is not a whole number"),
        (EXPLAIN[:5], 2, "Missing option '--at'"),
        ((*EXPLAIN[:3], *EXPLAIN[5:]), 2, "Missing option '--layer'"),
        (("explain", "-", "-", *EXPLAIN[3:]), 2, "^convtool: - is given twice"),
        (("explain", "vast.json", "drawing.json", "--layer", "conv2", "--at", "0,3,3"), 3,
         "^convtool: drawing.json with vast: layer 'conv2' has NaN or infinity; its numbers are too large"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("net", *arguments, code=code, says=says)
