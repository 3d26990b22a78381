"""``convtool explain``: what the notes say of a cell, sums that are what a run wrote, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.runner import SAMPLES, as_process, in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mistake = Callable[..., str]

NOTES = ("notes.json", "--filter", "diagonal.json")


def printed(*arguments: str) -> str:
    finished = in_process("explain", *arguments)
    assert (finished.code, finished.err) == (0, "")
    return finished.out


def record_of(*arguments: str) -> dict:
    finished = in_process("explain", *arguments, "--json")
    assert (finished.code, finished.err) == (0, "")
    return finished.record


class TestTheNotes:
    def test_why_a_cell_is_5(self, notes: Path) -> None:
        assert printed(*NOTES, "--at", "1,1") == (
            "notes.json · diagonal · ReLU at 1,1 = 5\n"
            "\n"
            "patch         filter        products\n"
            "  |  1  2       |  0  1       |  0  1\n"
            "--+------  ×  --+------  =  --+------\n"
            "1 |  1  0     0 |  1  0     0 |  1  0\n"
            "2 |  0  4     1 |  0  1     1 |  0  4\n"
            "\n"
            "1×1 + 0×0 + 0×0 + 4×1 = 5\n"
            "ReLU: max(0, 5) = 5\n"
            "\n"
        )

    def test_why_the_pooled_map_is_5(self, notes: Path) -> None:
        lines = printed(*NOTES, "--at", "0,0", "--pool", "2").splitlines()
        assert lines[:10] == [
            "notes.json · diagonal · Pool at 0,0 = 5",
            "",
            "window of the feature map",
            "  |   0    1",
            "--+----------",
            "0 |   2    0",
            "1 |   3   [5]",
            "",
            "Pool: the largest is 5, at 1,1. It came of this patch:",
            "",
        ]
        assert lines[10:] == printed(*NOTES, "--at", "1,1").splitlines()[2:]

    def test_every_cell_of_the_other_example(self) -> None:
        expected = {"0,0": 4, "0,1": 4, "1,0": 4, "1,1": 3}
        for at, value in expected.items():
            arguments = (str(SAMPLES / "notes-blend.json"), "--filter", "notes-blend", "--at", at)
            assert record_of(*arguments)["value"] == value
        assert "1×1 + 2×0.5 + 2×0.5 + 1×1 = 4\n" in printed(
            str(SAMPLES / "notes-blend.json"), "--filter", "notes-blend", "--at", "0,0"
        )

    def test_markdown_has_the_same_tables(self, notes: Path) -> None:
        assert printed(*NOTES, "--at", "1,1", "--markdown") == (
            "### notes.json · diagonal · ReLU at 1,1 = 5\n\n"
            "| patch | 1 | 2 |\n| ---: | ---: | ---: |\n| **1** | 1 | 0 |\n| **2** | 0 | 4 |\n\n"
            "| filter | 0 | 1 |\n| ---: | ---: | ---: |\n| **0** | 1 | 0 |\n| **1** | 0 | 1 |\n\n"
            "| products | 0 | 1 |\n| ---: | ---: | ---: |\n| **0** | 1 | 0 |\n| **1** | 0 | 4 |\n\n"
            "1×1 + 0×0 + 0×0 + 4×1 = 5\n\n"
            "ReLU: max(0, 5) = 5\n\n"
        )

    def test_the_record_has_every_number(self, notes: Path) -> None:
        record = record_of(*NOTES, "--at", "0,0", "--pool", "2")
        assert record.pop("version")
        assert record == {
            "input": "notes.json",
            "filter": "diagonal",
            "stage": "pool",
            "at": [0, 0],
            "value": 5,
            "pool": {
                "kind": "max",
                "rows": [0, 1],
                "columns": [0, 1],
                "values": [[2, 0], [3, 5]],
                "winner": [1, 1],
                "cells": None,
                "value": 5,
            },
            "relu": {"before": 5, "value": 5},
            "conv": {
                "at": [1, 1],
                "channels": [0],
                "rows": [1, 2],
                "columns": [1, 2],
                "padded": [[False, False], [False, False]],
                "patch": [[[1, 0], [0, 4]]],
                "weights": [[[1, 0], [0, 1]]],
                "products": [[[1, 0], [0, 4]]],
                "sum": 5,
                "deviation": None,
                "bias": 0,
                "rounding": 0,
                "value": 5,
            },
            "convention": "cross-correlation",
            "padding_mode": "zeros",
        }


@pytest.mark.parametrize(
    ("options", "pool"),
    [
        ("", ""),
        ("--stride 2,3 --padding 1,2,3,0 --padding-mode reflect", ""),
        ("--dilation 2 --padding same --flip", "--global"),
        ("", "--pool-kind avg --pool 2,3"),
        ("", "--pool-kind min --pool 3 --pool-stride 1"),
        ("--scale unit", "--global --pool-kind avg"),
    ],
)
@pytest.mark.parametrize("filter_", ["sobel-x", "gaussian-5", "own.json"])
def test_its_values_and_sums_are_what_a_run_writes(
    gray: NDArray[np.float32], options: str, pool: str, filter_: str
) -> None:
    own = {"weights": [[1.5, -2], [0.25, 3]], "bias": -70.5, "normalize": "local"}
    Path("own.json").write_text(json.dumps(own))
    arguments = ("gray.png", "--filter", filter_, *options.split())
    run = in_process("run", *arguments, *pool.split(), "--save", "conv,map,pool", "--format", "npy", "-q")
    assert run.code == 0, run.err
    label = filter_.removesuffix(".json")
    for stage, suffix in (("conv", "conv"), ("relu", "map"), ("pool", "pool")):
        written = np.load(f"gray.{label}.{suffix}.npy")
        rng = np.random.default_rng(7)
        for _ in range(4):
            at = tuple(int(rng.integers(size)) for size in written.shape)
            pooling = pool.split() if stage == "pool" else []
            record = record_of(*arguments, *pooling, "--stage", stage, "--at", f"{at[0]},{at[1]}")
            assert record["value"] == written[at]
            if record["conv"]:
                conv = record["conv"]
                response = np.load(f"gray.{label}.conv.npy")[tuple(conv["at"])]
                assert conv["value"] == response
                whole = conv["sum"] / (conv["deviation"] or 1) + conv["bias"] + conv["rounding"]
                assert np.float32(whole) == response
                assert conv["sum"] == np.sum(conv["products"])


class TestWhatIsShown:
    def test_cells_of_the_padding_are_in_brackets(self, notes: Path) -> None:
        out = printed(*NOTES, "--at", "0,0", "--padding", "1")
        assert out.splitlines()[2:9] == [
            "patch             filter        products",
            "  |   -    0        |  0  1       |  0  1",
            "--+----------  ×  --+------  =  --+------",
            "- |  [0]  [0]     0 |  1  0     0 |  0  0",
            "0 |  [0]   1      1 |  0  1     1 |  0  1",
            "",
            "[ ] is padding: zeros",
        ]

    def test_padding_that_copies_says_from_where(self, notes: Path) -> None:
        record = record_of(*NOTES, "--at", "0,0", "--padding", "1", "--padding-mode", "reflect")
        conv = record["conv"]
        assert (conv["rows"], conv["columns"]) == ([1, 0], [1, 0])
        assert conv["padded"] == [[True, True], [True, False]]
        assert conv["patch"] == [[[1, 3], [0, 1]]]
        assert record["padding_mode"] == "reflect"

    def test_a_turned_filter_is_said(self, notes: Path) -> None:
        (notes.parent / "down.json").write_text("[[1, 2], [3, 4]]")
        out = printed("notes.json", "--filter", "down.json", "--at", "0,0", "--flip")
        assert "\nThe filter is turned by 180° (--flip).\n1×4 + 0×3 + 3×2 + 1×1 = 11\n" in out
        assert (
            record_of("notes.json", "--filter", "down.json", "--at", "0,0", "--flip")["convention"]
            == "convolution"
        )

    def test_bias_and_normalisation_have_lines_of_their_own(self, notes: Path) -> None:
        (notes.parent / "own.json").write_text('{"weights": [[1, 1]], "bias": -0.5, "normalize": "local"}')
        out = printed("notes.json", "--filter", "own.json", "--at", "1,0")
        assert out.splitlines()[-5:-1] == [
            "3×1 + 1×1 = 4",
            "÷ 1, the standard deviation of the patch = 4",
            "4 + (-0.5) bias = 3.5",
            "ReLU: max(0, 3.5) = 3.5",
        ]
        flat = printed("notes.json", "--filter", "own.json", "--at", "2,0", "--stage", "conv")
        assert "The patch is constant, so it counts as 0 (normalize local).\n0 + (-0.5) bias = -0.5\n" in flat

    def test_channels_are_one_below_the_other(self, colour: NDArray[np.float32]) -> None:
        weights = [[[[1, 2]], [[0, 1]], [[-1, 0]]]]
        Path("rgb.json").write_text(json.dumps({"weights": weights}))
        out = printed("colour.png", "--filter", "rgb.json", "--at", "3,4", "--stage", "conv")
        heads = [line for line in out.splitlines() if "patch" in line]
        assert [re.split(r" {2,}", head) for head in heads] == [
            [f"{part}, channel {n}" for part in ("patch", "filter", "products")] for n in "012"
        ]
        red, green, blue = colour[:, 3, 4:6]
        assert record_of("colour.png", "--filter", "rgb.json", "--at", "3,4")["conv"]["sum"] == (
            red[0] + 2 * red[1] + green[1] - blue[0]
        )

    def test_every_filter_of_a_bank_and_every_channel_has_its_own(self, colour: NDArray[np.float32]) -> None:
        arguments = ("colour.png", "--filter", "haar", "--filter", "sobel-x", "--at", "2,2", "--json")
        finished = in_process("explain", *arguments, "--channels", "each")
        run = in_process(
            "run", *arguments[:-3], "--channels", "each", "--save", "none", "--json", "--pool", "1"
        )
        responses = [each for each in run.records if each["stage"] == "relu"]
        assert [each["filter"] for each in finished.records] == [each["filter"] for each in responses]
        assert [each["value"] for each in finished.records] == [each["values"][2][2] for each in responses]

    def test_of_several_filters_the_values_stand_below_each_other_at_the_end(self, notes: Path) -> None:
        out = printed("notes.json", "--filter", "diagonal.json", "--filter", "notes-blend", "--at", "1,1")
        assert out.splitlines()[-4:] == ["value  filter", "-" * 18, "    5  diagonal", "    5  notes-blend"]

    def test_the_first_of_equal_cells_is_said_to_be_that(self, notes: Path) -> None:
        pool = ("--filter", "identity", "--padding", "same", "--at", "0,0", "--pool", "3")
        assert "Pool: the largest is 4, at 2,2." in printed("notes.json", *pool)
        out = printed("notes.json", *pool, "--pool-kind", "min")
        assert "Pool: the smallest is 0, the first of 4, at 0,1." in out

    def test_many_products_are_not_written_out(self, gray: NDArray[np.float32]) -> None:
        out = printed("gray.png", "--filter", "log-9", "--at", "0,0", "--stage", "conv")
        value = record_of("gray.png", "--filter", "log-9", "--at", "0,0", "--stage", "conv")["value"]
        assert out.rstrip().splitlines()[-1] == f"81 products add up to {value:.0f}"

    def test_quiet_prints_nothing(self, notes: Path) -> None:
        for more in ((), ("--markdown",)):
            assert printed(*NOTES, "--at", "1,1", "-q", *more) == ""

    def test_the_image_may_come_from_a_pipe(self, notes: Path) -> None:
        finished = as_process("explain", "-", *NOTES[1:], "--at", "1,1", "--json", stdin=notes.read_bytes())
        assert (finished.code, finished.record["value"]) == (0, 5)

    def test_markdown_is_written_where_only_ascii_is(self, notes: Path) -> None:
        environment = {"PYTHONIOENCODING": "ascii"}
        finished = as_process("explain", *NOTES, "--at", "1,1", "--markdown", env=environment)
        assert (finished.code, finished.err) == (0, "")
        assert "1x1 + 0x0 + 0x0 + 4x1 = 5" in finished.out

    def test_the_stage_is_the_pool_where_one_is_given(self, notes: Path) -> None:
        for options, stage in (
            ((), "relu"),
            (("--pool", "2"), "pool"),
            (("--global",), "pool"),
            (("--pool-kind", "avg"), "pool"),
        ):
            assert record_of(*NOTES, "--at", "0,0", *options)["stage"] == stage
        assert record_of(*NOTES, "--at", "0,0", "--stage", "pool")["pool"]["rows"] == [0, 1]


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--at", "2,0"), r"--at 2,0 lies outside the feature map of 2×2; give a row from 0 to 1"),
            (("--at", "0,1", "--pool", "2"), "outside the pooled map of 1×1; give a row from 0 to 0"),
            (("--at", "0,2", "--stage", "conv"), "outside the response of 2×2; .* a column from 0 to 1"),
            (("--at", "1"), "'1' is no cell; use Y,X"),
            (("--at", "1,1,1"), "'1,1,1' is no cell; use Y,X"),
            (("--at", "-1,0"), "'-1' is not a whole number"),
            (("--at", "1,x"), "'x' is not a whole number"),
            ((), "--at"),
            (("--at", "0,0", "--json", "--markdown"), "--markdown and --json would both write"),
            (("--at", "0,0", "--stage", "map"), "--stage"),
            (("--at", "0,0", "--global", "--pool", "2"), "--global leaves nothing for --pool"),
            (
                ("--at", "0,0", "--stage", "conv", "--pool", "2"),
                "--stage conv is before the pool; leave out --stage",
            ),
            (("--at", "0,0", "--stage", "relu", "--pool-kind", "min"), "--stage relu is before the pool"),
        ],
    )
    def test_wrong_usage(self, notes: Path, mistake: Mistake, options: tuple[str, ...], says: str) -> None:
        mistake("explain", *NOTES, *options, code=2, says=says)

    def test_bad_input(self, notes: Path, mistake: Mistake) -> None:
        mistake("explain", *NOTES, "--at", "0,0", "--pool", "3", code=3, says="smaller than the pool's 3×3")
        mistake("explain", "gone.png", *NOTES[1:], "--at", "0,0", code=3, says="gone.png")

    def test_it_is_refused_what_takes_too_much_memory(self, notes: Path, mistake: Mistake) -> None:
        arguments = ("--at", "0,0", "--padding", "9000", "--max-memory", "1M")
        mistake("explain", *NOTES, *arguments, code=4, says="--max-memory")
