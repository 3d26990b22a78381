"""``convtool net show``: the table, its records, sizes, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.net.networks import done, spec

if TYPE_CHECKING:
    from collections.abc import Callable


class TestShow:
    def test_is_a_table_with_sums(self) -> None:
        assert done("show", "lines.npz").out == (
            "lines · images of 1×12×12\n"
            "layer      kind             output   sees   parameters  multiply-adds\n"
            "---------------------------------------------------------------------\n"
            "lines      conv             2×10×10  3×3            18          1,800\n"
            "found      relu             2×10×10  3×3             0              0\n"
            "pooled     max_pool         2×5×5    4×4             0              0\n"
            "combined   conv             3×3×3    8×8            57            486\n"
            "strongest  global_max_pool  3×1×1    12×12           0              0\n"
            "flatten1   flatten          3        12×12           0              0\n"
            "shares     softmax          3        12×12           0              0\n"
            "7 layers                                            75          2,286\n"
            "\n"
        )

    @pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
    def test_json_is_a_line_for_each_layer(self, model: str) -> None:
        records = done("show", model, "--json").records
        names = ["lines", "found", "pooled", "combined", "strongest", "flatten1", "shares"]
        assert [record["layer"] for record in records] == names
        assert records[3] == {
            "layer": "combined",
            "kind": "conv",
            "inputs": ["pooled"],
            "shape": [3, 3, 3],
            "field": [8, 8],
            "parameters": 57,
            "multiply_adds": 486,
        }
        assert {tuple(record) for record in records} == {tuple(records[3])}

    def test_standard_input(self) -> None:
        for model in ("lines.npz", "lines.json"):
            assert done("show", "-", stdin=Path(model).read_bytes()).out == done("show", model).out

    @pytest.mark.parametrize(("size", "title", "shape"), [("9", "9×9", [7, 7]), ("20,30", "20×30", [18, 28])])
    def test_for_images_of_a_size(self, size: str, title: str, shape: list[int]) -> None:
        spec("any.json", {"kind": "conv", "weights": "sobel-x"}, {"kind": "relu"})
        assert done("show", "any.json", "--size", size).out.startswith(f"any · images of 1×{title}\n")
        assert done("show", "any.json", "--size", size, "--json").records[0]["shape"] == [1, *shape]

    def test_a_network_for_any_size_is_shown_for_one_that_goes_through(self) -> None:
        spec("any.json", {"kind": "conv", "weights": "sobel-x"})
        assert done("show", "any.json").out.startswith("any · images of 1×256×256\n")
        weights = [[1] * 62 * 62]
        dense = (
            {"kind": "conv", "weights": "sobel-x"},
            {"kind": "flatten"},
            {"kind": "dense", "weights": weights},
        )
        spec("dense.json", *dense)
        assert done("show", "dense.json").out.startswith("dense · images of 1×64×64\n")

    def test_one_layer_and_names_that_move_the_cursor(self) -> None:
        spec("one.json", {"kind": "relu", "name": "[bold]\n\x1b[31m"}, name="a\n[/]")
        lines = done("show", "one.json").out.splitlines()
        assert lines[0] == r"a\n[/] · images of 1×256×256"
        assert lines[3].startswith(r"[bold]\n\x1b[31m  relu  1×256×256  1×1 ")
        assert lines[4].startswith("1 layer ")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "nope.npz"), 3, "^convtool: nope.npz: cannot be read: No such file or directory$"),
        (("show", "sub"), 3, "^convtool: sub: it is a folder; name a file$"),
        (("show", ""), 2, "^convtool: a path is empty; name a file, or - for standard input$"),
        (("show", "drawing.json"), 3, "^convtool: drawing.json: no network; it is convtool's NPZ, a spec in"),
        (("show", "gray.png"), 3, "^convtool: gray.png: no network; it is convtool's NPZ"),
        (("show", "lines.json", "--size", "5"), 3, "^convtool: lines.json: layer 'combined': the map is 1×1"),
        (("show", "lines.npz", "--max-memory", "99"), 4, "^convtool: lines.npz: the NPZ holds .*--max-m"),
        (("show", "lines.onnx", "--max-memory", "99"), 4, "^convtool: lines.onnx: the model holds .*--max-m"),
        (("show", "dense.json"), 3, "^convtool: dense.json: layer 'dense1': .*; say with --size which image"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("net", *arguments, code=code, says=says)
