"""``convtool net filters``: a layer's filters as files and pictures, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_network
from convtool.net import ops
from convtool.view.drawings.kernels import kernel_sheet
from tests.cli.net.networks import done, noticed
from tests.cli.runner import in_process
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from collections.abc import Callable


class TestFilters:
    def test_are_a_filter_file(self) -> None:
        done("filters", "lines.onnx", "--layer", "combined", "-o", "bank.json")
        fields = json.loads(Path("bank.json").read_text())
        assert (fields["name"], fields["description"]) == ("lines-combined", "Layer combined of lines")
        operation = load_network("lines.json")["combined"].operation
        assert isinstance(operation, ops.Conv)
        assert_equal(np.array(fields["weights"]), operation.bank.weights)
        assert fields["bias"] == [0, 0, -9]

    def test_as_npy_lose_their_bias_with_a_notice(self) -> None:
        says = "bank.npy: NPY keeps the weights alone; bias dropped"
        noticed("filters", "lines.npz", "--layer", "combined", "-o", "bank.npy", says=says)
        assert np.load("bank.npy").shape == (3, 2, 3, 3)
        assert in_process("net", "filters", "lines.npz", "--layer", "combined", "-o", "b.npy", "-q").err == ""
        done("filters", "lines.npz", "--layer", "lines", "-o", "single.npy")
        assert np.load("single.npy").shape == (2, 3, 3)

    def test_on_standard_output(self) -> None:
        out = done("filters", "lines.npz", "--layer", "lines", "-o", "-").out
        assert json.loads(out)["weights"][0] == [[-1, 2, -1]] * 3
        data = done("filters", "lines.npz", "--layer", "lines", "-o", "-", "--format", "npy").data
        assert data.startswith(b"\x93NUMPY")

    def test_are_drawn(self) -> None:
        done("filters", "lines.json", "--layer", "lines", "-o", "f.json", "--sheet", "f.png")
        operation = load_network("lines.json")["lines"].operation
        assert isinstance(operation, ops.Conv)
        assert Path("f.png").read_bytes() == kernel_sheet(operation.bank.weights, None, "lines.json · lines")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("filters", "lines.json", "--layer", "found", "-o", "a.json"), 2, "layer 'found' of lines.json is "),
        (("filters", "lines.json", "--layer", "nope", "-o", "a.json"), 2, "there is no layer 'nope'; lines "),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.png"), 2, r"a filter is written as .json or"),
        (("filters", "lines.json", "--layer", "lines", "-o", "lines.json"), 2, "would replace the input lin"),
        (("filters", "lines.json", "--layer", "lines", "-o", "no/a.json"), 5, "no/a.json: its folder does n"),
        (("filters", "lines.json", "--layer", "lines"), 2, "Missing option '-o' / '--output'"),
        (("filters", "lines.json", "-o", "a.json"), 2, "Missing option '--layer'"),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.json", "--sheet", ""), 2, "--sheet is empty"),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.json", "--sheet", "a.jpg"), 2, "written as "),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.json", "--sheet", "no/a.png"), 5, "no/a.png"),
        (("filters", "lines.json", "--layer", "lines", "-o", "no/a.json", "--sheet", "a.png"), 5, "no/a.jso"),
        (("filters", "lines.json", "--layer", "lines", "-o", "-", "--sheet", "-"), 2, "both write to one pl"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("net", *arguments, code=code, says=says)
