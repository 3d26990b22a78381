"""Networks as tables: layers with their sums, scores, and what a value came of."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from convtool.net.explaining import Explanation, Share
from convtool.view.consoles import console_for
from convtool.view.networks import (
    explanation_as_json,
    print_exciting,
    print_explanation,
    print_layers,
    print_scores,
)

LAYER: dict[str, Any] = {
    "layer": "conv1",
    "kind": "conv",
    "shape": [64, 112, 112],
    "field": [7, 7],
    "parameters": 9472,
    "multiply_adds": 118013952,
}
FLAT = {**LAYER, "layer": "given", "kind": "constant", "shape": [], "field": [], "multiply_adds": 0}


def piped(printer: Callable[[Console], None], encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    printer(console_for(stream, "never"))
    stream.seek(0)
    return stream.read()


class TestLayers:
    def test_are_rows_with_sums(self) -> None:
        assert piped(lambda console: print_layers(console, "net · images", iter([LAYER, FLAT]))) == (
            "net · images\n"
            "layer     kind      output      sees  parameters  multiply-adds\n"
            "---------------------------------------------------------------\n"
            "conv1     conv      64×112×112  7×7        9,472    118,013,952\n"
            "given     constant              -          9,472              0\n"
            "2 layers                                  18,944    118,013,952\n"
            "\n"
        )

    def test_of_one(self) -> None:
        out = piped(lambda console: print_layers(console, "n", [LAYER]))
        assert out.splitlines()[-2].split() == ["1", "layer", "9,472", "118,013,952"]

    def test_names_are_text_on_any_stream(self) -> None:
        out = piped(lambda console: print_layers(console, "é[/]", [{**LAYER, "layer": "[b]\n\x1b"}]), "ascii")
        assert out.splitlines()[0] == "\\xe9[/]"
        assert out.splitlines()[3].split()[:3] == [r"[b]\n\x1b", "conv", "64x112x112"]


RECORD: dict[str, Any] = {
    "input": "a.png",
    "model": "m.onnx",
    "outputs": {"last": [3]},
    "top": [
        {"index": 281, "class": "tabby", "score": 0.125},
        {"index": 7, "class": None, "score": -3.0},
        {"index": 0, "class": "", "score": 16777217.0},
    ],
}


class TestScores:
    def test_are_rows(self) -> None:
        lines = piped(lambda console: print_scores(console, RECORD, 2)).splitlines()
        assert lines[0] == "a.png · m.onnx"
        assert [line.split() for line in lines[3:6]] == [
            ["281", "tabby", "0.12"],
            ["7", "-", "-3"],
            ["0", "-", "16777217.00"],
        ]

    def test_without_a_vector_shapes_are_told(self) -> None:
        record = {**RECORD, "top": [], "outputs": {"a": [2, 3, 4], "b": [5]}}
        lines = piped(lambda console: print_scores(console, record, 2)).splitlines()
        assert [line.split() for line in lines[1:5] if "-" not in line] == [
            ["output", "shape"],
            ["a", "2×3×4"],
            ["b", "5"],
        ]


PATCH = {"name": "level/07.png", "class": "level", "strength": 2.59375, "y": -1, "x": 3, "size": [3, 4]}


class TestExciting:
    def test_are_rows_of_the_strongest(self) -> None:
        records: list[dict[str, Any]] = [
            {"map": 1, "patches": [PATCH, {**PATCH, "name": "other", "strength": 0.1}]},
            {"map": 2, "patches": []},
            {"map": 120, "patches": [{**PATCH, "strength": 123456.0}]},
        ]
        assert piped(lambda console: print_exciting(console, "m.npz · conv1 · lines", iter(records))) == (
            "m.npz · conv1 · lines\n"
            "map  strongest in          at    size  strengths\n"
            "---------------------------------------------------\n"
            "  1  level/07.png (level)  -1,3  3×4   2.594 0.1\n"
            "  2  -                     -     -     none above 0\n"
            "120  level/07.png (level)  -1,3  3×4   1.235e+05\n"
            "\n"
        )

    def test_names_are_text_on_any_stream(self) -> None:
        records = [{"map": 1, "patches": [{**PATCH, "name": "é\n", "class": "[b]\x1b"}]}]
        out = piped(lambda console: print_exciting(console, "[/]", records), "ascii")
        assert out.splitlines()[3].split() == ["1", r"\xe9\n", r"([b]\x1b)", "-1,3", "3x4", "2.594"]


SHARES = (
    Share("pool", "max_pool", 1, (3, 3), (0, 0), (1, 3, 0), 2.5, 1.0),
    Share("dense", "dense", 1200, None, None, (7,), -1.0, 0.5),
    Share("input", "image", 4, (5, 6), (2, 3), (0, 5, 2), 3.0, 1.5),
)
EXPLAINED = Explanation(
    layer="pool",
    at=(1, 3, 0),
    value=2.5,
    shares=SHARES,
    box=(5, 2, 2, 2),
    pixels=np.array([[[3, 1], [0, 2]]], np.float32),
    weights=np.array([[[1.5, -1], [9, 0.25]]], np.float32),
    constant=-1.5,
    linear=True,
)


def explained(explanation: Explanation, **options: Any) -> list[str]:
    settings = {"precision": 2, "full": False, **options}
    return piped(
        lambda console: print_explanation(console, "a.png · m", explanation, **settings)
    ).splitlines()


class TestExplanation:
    def test_is_layers_and_parts_and_their_sum(self) -> None:
        lines = explained(EXPLAINED)
        assert lines[0] == "a.png · m · pool at 1,3,0 = 2.5"
        assert [line.split() for line in lines[3:6]] == [
            ["pool", "max_pool", "1", "3", "0", "1,3,0:", "2.5", "×", "1"],
            ["dense", "dense", "1,200", "-", "-", "7:", "-1", "×", "0.5"],
            ["input", "image", "4", "5…6", "2…3", "0,5,2:", "3", "×", "1.5"],
        ]
        assert lines[7] == "value × weight of every cell that counts in channel 0"
        assert [line.split() for line in lines[8:12] if "+" not in line] == [
            ["|", "2", "3"],
            ["5", "|", "4.50", "-1.00"],
            ["6", "|", "0.00", "0.50"],
        ]
        assert lines[-1] == "4 in all + -1.5 constant = 2.5"

    def test_of_layers_that_are_not_linear_has_a_rest(self) -> None:
        line = explained(replace(EXPLAINED, linear=False))[-1]
        assert line == "4 in all + -1.5 rest, since not every layer is linear = 2.5"

    def test_of_a_value_that_was_cut_off(self) -> None:
        cut = replace(EXPLAINED, shares=(SHARES[0]._replace(kind="relu"), *SHARES[1:]), cut=2.5, value=0)
        assert explained(cut)[-1] == "4 in all + -1.5 constant = 2.5, which relu makes 0"

    def test_every_channel_has_its_table(self) -> None:
        two = replace(
            EXPLAINED, pixels=np.ones((2, 2, 2), np.float32), weights=np.ones((2, 2, 2), np.float32)
        )
        titles = [line for line in explained(two) if line.startswith("value × weight")]
        assert [title[-9:] for title in titles] == ["channel 0", "channel 1"]

    def test_of_nothing_has_no_table(self) -> None:
        nothing = np.zeros((1, 0, 0), np.float32)
        lines = explained(replace(EXPLAINED, pixels=nothing, weights=nothing, box=(0, 0, 0, 0)))
        assert not any("value × weight of" in line for line in lines)
        assert lines[-1] == "0 in all + -1.5 constant = 2.5"

    @pytest.mark.parametrize(("full", "elided"), [(False, True), (True, False)])
    def test_large_tables_are_elided_unless_asked_for(self, full: bool, elided: bool) -> None:
        large = np.ones((1, 60, 60), np.float32)
        lines = explained(replace(EXPLAINED, pixels=large, weights=large, box=(0, 0, 60, 60)), full=full)
        assert any("…" in line for line in lines[7:]) == elided
        assert (len(lines) > 60) == full

    def test_json_is_one_line(self) -> None:
        text = explanation_as_json("m", "a\n.png", EXPLAINED)
        assert "\n" not in text
        record = json.loads(text)
        assert (record["input"], record["model"], record["layer"], record["at"]) == (
            "a\n.png",
            "m",
            "pool",
            [1, 3, 0],
        )
        assert record["field"] == {"y": 5, "x": 2, "height": 2, "width": 2}
        assert (record["pixels"], record["weights"]) == ([[[3, 1], [0, 2]]], [[[1.5, -1], [9, 0.25]]])
        assert record["shares"][1] == {
            "layer": "dense",
            "kind": "dense",
            "units": 1200,
            "rows": None,
            "columns": None,
            "strongest": [7],
            "strongest_value": -1.0,
            "strongest_weight": 0.5,
        }

    @pytest.mark.parametrize(("cells", "held"), [(1024, True), (1025, False)])
    def test_json_holds_few_pixels(self, cells: int, held: bool) -> None:
        pixels = np.ones((1, 1, cells), np.float32)
        record = json.loads(explanation_as_json("m", "a", replace(EXPLAINED, pixels=pixels, weights=pixels)))
        assert (record["pixels"] is not None, record["weights"] is not None) == (held, held)
