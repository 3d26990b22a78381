"""``MODEL::LAYER`` wherever a filter is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.net.networks import DRAWING, SPEC, values_of
from tests.cli.runner import in_process
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
def test_a_layer_filters_any_image(model: str) -> None:
    command = ("conv", "drawing.json", "--filter", f"{model}::lines", "--no-relu", "-o", "out.npy", "-q")
    assert in_process(*command).code == 0
    assert_same_bytes(np.load("out.npy"), values_of(DRAWING, "lines")["lines"])
    records = in_process("run", "drawing.json", "--filter", f"{model}::lines", "--json").records
    assert [record["filter"] for record in records if record["stage"] == "pool"] == [
        "lines-lines-01", "lines-lines-02"]  # fmt: skip
    assert Path("drawing.lines-lines-01.map.png").exists()


@pytest.mark.parametrize("command", [("conv", "-o", "lines.json"), ("conv", "-o", "link.json")])
def test_a_model_whose_layer_is_a_filter_is_never_replaced(
    command: tuple[str, ...], mistake: Callable[..., str]
) -> None:
    Path("link.json").symlink_to("lines.json")
    says = "would replace the input lines.json::lines; name another$"
    mistake(*command, "drawing.json", "--filter", "lines.json::lines", code=2, says=says)
    mistake("filters", "export", "lines.json::lines", "-o", "lines.json", code=2, says=says)


def test_standard_input_is_read_once(mistake: Callable[..., str]) -> None:
    says = "^convtool: - is given twice; standard input holds one input"
    mistake("conv", "-", "--filter", "-::lines", "-o", "a.npy", code=2, says=says, stdin=SPEC)
    finished = in_process("conv", "drawing.json", "-f", "-::lines", "-o", "a.npy", "-q", stdin=SPEC)
    assert (finished.code, finished.err) == (0, "")


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("lines.json::found", 2, "layer 'found' of lines.json is relu; filters are in lines, combined$"),
        ("lines.json::nope", 2, "there is no layer 'nope'"),
        ("nope.json::lines", 3, "^convtool: nope.json: cannot be read"),
        ("::lines", 2, "a path is empty"),
        ("drawing.json::lines", 3, "^convtool: drawing.json: no network"),
    ],
)
def test_a_filter_that_is_no_layer(name: str, code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("conv", "drawing.json", "--filter", name, code=code, says=says)
