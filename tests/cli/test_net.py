"""``convtool net``: networks shown, run, explained, taken apart and written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import FilterBank, conv2d, load_image, load_map, load_network, run_network
from convtool.net import ops
from convtool.net.files import encode_network
from convtool.net.network import Input, Layer, Network
from tests import scenes
from tests.cli.runner import SAMPLES, as_process, contents, in_process
from tests.net.every_kind import assert_same_network
from tests.tolerances import assert_equal, assert_near, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SPEC = (SAMPLES / "lines.json").read_bytes()
DRAWING = load_image(SAMPLES / "drawing.json")
CLASSES = ["upright", "level", "turn"]


@pytest.fixture(autouse=True)
def models(folder: Path) -> None:
    """``lines`` as a spec, an NPZ and an ONNX model, and the ``drawing.json`` that it reads."""
    (folder / "lines.json").write_bytes(SPEC)
    network = load_network(folder / "lines.json")
    for format_ in ("npz", "onnx"):
        (folder / f"lines.{format_}").write_bytes(encode_network(network, format_))
    (folder / "drawing.json").write_bytes((SAMPLES / "drawing.json").read_bytes())


def spec(path: str, *layers: dict[str, Any], **keys: Any) -> str:
    Path(path).write_text(json.dumps({"format": "convtool.net/1", "layers": layers, **keys}))
    return path


def done(*arguments: str, **options: Any) -> Any:
    finished = in_process("net", *arguments, **options)
    assert (finished.code, finished.err) == (0, ""), finished
    return finished


def noticed(*arguments: str, says: str, **options: Any) -> Any:
    finished = in_process("net", *arguments, **options)
    assert (finished.code, finished.err) == (0, f"convtool: notice: {says}\n"), finished
    return finished


def values_of(image: NDArray[np.float32], *layers: str) -> dict[str, NDArray[np.float32]]:
    return run_network(load_network("lines.json"), image, layers)


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


class TestRun:
    def test_scores_are_a_table_the_best_first(self) -> None:
        assert done("run", "lines.json", "drawing.json").out == (
            "drawing.json · lines.json\n"
            "index  class    score\n"
            "----------------------\n"
            "2      turn     0.9999\n"
            "0      upright  0.0000\n"
            "1      level    0.0000\n"
            "\n"
        )

    def test_precision_and_top(self) -> None:
        lines = done("run", "lines.json", "drawing.json", "--top", "2", "--precision", "7").out.splitlines()
        assert [line.split() for line in lines[3:5]] == [
            ["2", "turn", "0.9999092"],
            ["0", "upright", "0.0000454"],
        ]
        assert len(lines) == 6

    def test_scores_without_classes_and_whole_ones(self) -> None:
        spec(
            "sum.json", {"kind": "global_avg_pool"}, {"kind": "multiply", "inputs": ["global_avg_pool1"] * 2}
        )
        Path("flat.csv").write_text("4,4\n4,4\n")
        assert done("run", "sum.json", "flat.csv").out.splitlines()[3].split() == ["0", "-", "16"]

    def test_an_output_that_is_no_vector_is_told_by_its_shape(self) -> None:
        spec("maps.json", {"kind": "conv", "weights": "sobel-x"}, outputs=["conv1", "input"])
        lines = done("run", "maps.json", "drawing.json").out.splitlines()
        assert lines[1].split() == ["output", "shape"]
        assert [line.split() for line in lines[3:-1]] == [["conv1", "1×10×10"], ["input", "1×12×12"]]

    @pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
    def test_json_is_a_line_for_each_image(self, model: str) -> None:
        Path("turned.json").write_text(json.dumps(DRAWING.T.tolist()))
        records = done("run", model, "drawing.json", "turned.json", "--json").records
        for record, name, image in zip(
            records, ("drawing.json", "turned.json"), (DRAWING, DRAWING.T), strict=True
        ):
            assert list(record) == ["input", "model", "top", "outputs", "seconds", "version", "maps"]
            assert (record["input"], record["model"], record["maps"]) == (name, model, [])
            assert record["outputs"] == {"shares": [3]}
            scores = values_of(image, "shares")["shares"]
            assert record["top"] == [
                {"index": index, "class": CLASSES[index], "score": float(str(scores[index]))}
                for index in sorted(range(3), key=lambda index: -scores[index])
            ]

    def test_quiet_prints_nothing(self) -> None:
        assert done("run", "lines.json", "drawing.json", "-q").data == b""

    def test_standard_input_is_a_model_or_an_image(self) -> None:
        table = done("run", "lines.json", "drawing.json").out.splitlines()[1:]
        image = done("run", "lines.json", "-", stdin=Path("drawing.json").read_bytes())
        model = done("run", "-", "drawing.json", stdin=Path("lines.npz").read_bytes())
        assert image.out.splitlines()[1:] == model.out.splitlines()[1:] == table


class TestImages:
    def test_of_another_size_are_resized(self) -> None:
        scenes.save("large.png", scenes.noise(1, 30, 24))
        finished = noticed(
            "run", "lines.json", "large.png", "--maps", "lines", "--format", "npy",
            says="large.png: resized from 30×24 to the 12×12 that lines reads",
        )  # fmt: skip
        smaller = PIL.Image.fromarray(scenes.noise(1, 30, 24).astype(np.float32)).resize((12, 12), 2)
        expected = values_of(np.asarray(smaller), "lines")["lines"]
        assert_same_bytes(np.load("large.lines-01.conv.npy"), expected[0])
        assert "large.png · lines.json" in finished.out

    def test_of_any_size_are_taken_by_a_network_that_does(self) -> None:
        spec("any.json", {"kind": "conv", "weights": "sobel-x"}, {"kind": "global_max_pool"})
        scenes.save("large.png", scenes.noise(1, 30, 24))
        (best,) = done("run", "any.json", "large.png", "--json").record["top"]
        sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        assert best["score"] == conv2d(scenes.noise(1, 30, 24), sobel).max()

    def test_gray_for_a_network_of_colours_is_said(self, gray: NDArray[np.float32]) -> None:
        weights = [[[[1]], [[10]], [[100]]]]
        spec("rgb.json", {"kind": "conv", "weights": weights}, input={"channels": 3})
        noticed(
            "run", "rgb.json", "gray.png", "--maps", "conv1", "-o", "out.npy",
            says="gray.png: it is gray; rgb is given it as red, green and blue",
        )  # fmt: skip
        assert_equal(np.load("out.npy"), 111 * gray[np.newaxis])
        assert in_process("net", "run", "rgb.json", "gray.png", "-q").err == ""

    def test_colours_are_brightness_to_a_network_of_one_channel(self, colour: NDArray[np.float32]) -> None:
        spec("one.json", {"kind": "identity"}, {"kind": "relu"})
        done("run", "one.json", "colour.png", "--maps", "relu1", "-o", "out.npy")
        assert_equal(np.load("out.npy"), scenes.luma(colour.transpose(1, 2, 0).astype(np.uint8))[np.newaxis])

    def test_colours_are_planes_to_a_network_of_three(self, colour: NDArray[np.float32]) -> None:
        spec("rgb.json", {"kind": "relu"}, input={"channels": 3, "scale": 0.5, "mean": [1, 2, 3], "std": 4})
        done("run", "rgb.json", "colour.png", "--maps", "*", "-o", "out.npy")
        means = np.array([1, 2, 3]).reshape(3, 1, 1)
        assert_near(np.load("out.npy"), np.maximum(0, (colour * 0.5 - means) / 4))

    def test_unit_scale_comes_before_the_networks_own(self, gray: NDArray[np.float32]) -> None:
        spec("one.json", {"kind": "relu"}, input={"scale": 2})
        done("run", "one.json", "gray.png", "--scale", "unit", "--maps", "*", "-o", "out.npy")
        assert_near(np.load("out.npy")[0], 2 * (gray / 255))

    def test_map_files_give_their_values(self) -> None:
        in_process("conv", "drawing.json", "-f", "identity", "--padding", "same", "-o", "map.png", "-q")
        records = [done("run", "lines.json", name, "--json").record for name in ("map.png", "drawing.json")]
        assert records[0]["top"] == records[1]["top"]

    def test_what_a_reader_gives_up_is_noticed(self, mistake: Callable[..., str]) -> None:
        PIL.Image.fromarray(np.dstack([scenes.noise(3, 12, 12)] * 4)).save("alpha.png")
        noticed("run", "lines.json", "alpha.png", says="alpha.png: alpha is dropped")
        strict = ("net", "run", "lines.json", "alpha.png", "--strict")
        mistake(*strict, code=3, says="^convtool: alpha.png: alpha is dropped; refused because of --strict$")

    def test_what_a_filter_of_the_network_gives_up_is_noticed(self) -> None:
        Path("tiny.json").write_text("[[1e-60, 1]]")
        spec("net.json", {"kind": "conv", "weights": "tiny.json"}, {"kind": "global_max_pool"})
        says = "tiny.json: 1 number(s) too small for float32 became 0"
        noticed("run", "net.json", "drawing.json", says=says)
        noticed("show", "net.json", says=says)
        noticed("explain", "net.json", "drawing.json", "--layer", "conv1", "--at", "0,0,0", says=says)
        noticed("export", "net.json", "-o", "net.npz", says=says)
        noticed("filters", "net.json", "--layer", "conv1", "-o", "f.json", says=says)


class TestMaps:
    @pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
    def test_are_those_of_the_library(self, model: str) -> None:
        arguments = (
            "run",
            model,
            "drawing.json",
            "--out-dir",
            "maps",
            "--maps",
            "*",
            "--format",
            "npy",
            "--json",
        )
        written = done(*arguments).record["maps"]
        values = values_of(DRAWING, *(layer.name for layer in load_network("lines.json").layers))
        expected = {}
        stages = {"lines": "conv", "found": "map", "pooled": "pool", "combined": "conv", "strongest": "pool"}
        for name, stage in stages.items():
            for number, plane in enumerate(values[name], 1):
                expected[f"maps/drawing.{name}-{number:02d}.{stage}.npy"] = plane
        for name in ("flatten1", "shares"):
            expected[f"maps/drawing.{name}.conv.npy"] = values[name][np.newaxis]
        assert written == list(expected)
        assert {str(path) for path in Path("maps").iterdir()} == set(expected)
        for path, plane in expected.items():
            assert_same_bytes(np.load(path), plane)

    def test_patterns_name_layers_in_the_order_of_the_network(self) -> None:
        arguments = ("--maps", "poo*", "--maps", "l[a-i]nes", "--maps", "pooled", "--json")
        assert done("run", "lines.json", "drawing.json", *arguments).record["maps"] == [
            f"drawing.{name}.png"
            for name in ("lines-01.conv", "lines-02.conv", "pooled-01.pool", "pooled-02.pool")
        ]

    def test_as_pictures_give_their_values_back(self) -> None:
        done("run", "lines.json", "drawing.json", "--maps", "pooled", "-q")
        pooled = values_of(DRAWING, "pooled")["pooled"]
        for number, plane in enumerate(pooled, 1):
            assert_equal(load_map(f"drawing.pooled-{number:02d}.pool.png"), plane)

    def test_are_shown_as_tables(self) -> None:
        out = done("run", "lines.json", "drawing.json", "--maps", "pooled").out
        titles = [line for line in out.splitlines() if " · " in line]
        assert [title.split(" · ")[:3] for title in titles] == [
            ["drawing.json", "lines.json"],
            ["Pool", "drawing.json", "pooled-01"],
            ["Pool", "drawing.json", "pooled-02"],
        ]

    @pytest.mark.parametrize("name", ["out.npy", "out.json"])
    def test_of_one_layer_in_one_file(self, name: str) -> None:
        done("run", "lines.json", "drawing.json", "--maps", "combined", "-o", name, "-q")
        combined = values_of(DRAWING, "combined")["combined"]
        written = np.load(name) if name == "out.npy" else np.array(json.loads(Path(name).read_text()))
        assert_equal(written, combined)

    @pytest.mark.parametrize(("layer", "shape"), [("one", (1, 12, 12)), ("flat", (1, 1, 144))])
    def test_of_one_channel_in_one_file(self, layer: str, shape: tuple[int, ...]) -> None:
        spec("one.json", {"kind": "relu", "name": "one"}, {"kind": "flatten", "name": "flat"})
        done("run", "one.json", "drawing.json", "--maps", layer, "-o", "out.npy", "-q")
        assert_equal(np.load("out.npy"), DRAWING.reshape(shape))
        done("run", "one.json", "drawing.json", "--maps", layer, "-o", "out.csv", "-q")
        assert_equal(np.loadtxt("out.csv", delimiter=",", ndmin=2), DRAWING.reshape(shape[1:]))

    def test_on_standard_output_stand_alone(self) -> None:
        arguments = ("run", "lines.json", "drawing.json", "--maps", "lines", "-o", "-", "--format", "npy")
        Path("out.npy").write_bytes(done(*arguments).data)
        assert_same_bytes(np.load("out.npy"), values_of(DRAWING, "lines")["lines"])

    def test_names_of_layers_never_lead_out_of_the_folder(self, folder: Path) -> None:
        names = ["../x", "a/b", "/etc/x", "..", "n\n\x1b[31m", "[bold]"]
        spec("sub.json", *({"kind": "identity", "name": name} for name in names))
        before = set(contents(folder))
        written = done("run", "sub.json", "drawing.json", "--maps", "*", "--out-dir", "deep/maps", "--json")
        assert written.record["maps"] == [
            f"deep/maps/drawing.{name}.conv.png"
            for name in ("..-x", "a-b", "-etc-x", "..", "n---31m", "-bold-")
        ]
        made = set(contents(folder)) - before
        assert made == {"deep", "deep/maps", *written.record["maps"]}

    def test_layers_that_would_write_one_name_are_refused(self, mistake: Callable[..., str]) -> None:
        spec("sub.json", {"kind": "relu", "name": "a/b"}, {"kind": "relu", "name": "a-b"})
        says = r"sub\.json would write drawing\.a-b\.map\.png twice; rename one"
        mistake("net", "run", "sub.json", "drawing.json", "--maps", "*", code=2, says=says)

    def test_a_name_that_is_too_long_is_refused(self) -> None:
        spec("sub.json", {"kind": "relu", "name": "x" * 300})
        finished = in_process("net", "run", "sub.json", "drawing.json", "--maps", "*", "-q")
        assert (finished.code, finished.err.count("\n")) == (5, 1)
        assert finished.err.endswith("File name too long\n")


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
        assert out.splitlines()[-1] == "0.0017 in all + 0.9982 rest, since not every layer is linear = 0.9999"
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
        with PIL.Image.open("f.png") as picture:
            assert (picture.mode, picture.size) == ("L", (2 * 36 + 3, 36 + 3))
            assert sorted({value for _, value in picture.getcolors() or ()}) == [40, 64, 255]

    @pytest.mark.parametrize("model", ["lines.json", "lines.npz", "lines.onnx"])
    def test_of_a_layer_filter_any_image(self, model: str) -> None:
        command = ("conv", "drawing.json", "--filter", f"{model}::lines", "--no-relu", "-o", "out.npy", "-q")
        assert in_process(*command).code == 0
        assert_same_bytes(np.load("out.npy"), values_of(DRAWING, "lines")["lines"])
        records = in_process("run", "drawing.json", "--filter", f"{model}::lines", "--json").records
        assert [record["filter"] for record in records if record["stage"] == "pool"] == [
            "lines-lines-01", "lines-lines-02"]  # fmt: skip
        assert Path("drawing.lines-lines-01.map.png").exists()


class TestExport:
    def test_from_any_format_to_any(self) -> None:
        network = load_network("lines.json")
        for model in ("lines.json", "lines.npz"):
            assert done("export", model, "-o", "out.npz").data == b""
            assert_same_network(load_network("out.npz"), network)
            assert Path("out.npz").read_bytes() == Path("lines.npz").read_bytes()
            done("export", model, "-o", "out.onnx")
            assert Path("out.onnx").read_bytes() == Path("lines.onnx").read_bytes()
        done("export", "lines.onnx", "-o", "from.npz")
        done("export", "from.npz", "-o", "again.onnx")
        scores = [
            done("run", name, "drawing.json", "--json").record["top"]
            for name in ("lines.json", "from.npz", "again.onnx")
        ]
        assert scores[0] == scores[1] == scores[2]

    def test_replaces_an_older_file_whole(self) -> None:
        Path("out.npz").write_text("older" * 10_000)
        done("export", "lines.json", "-o", "out.npz")
        assert Path("out.npz").read_bytes() == Path("lines.npz").read_bytes()

    def test_what_onnx_cannot_say_is_refused(self, mistake: Callable[..., str]) -> None:
        spec("local.json", {"kind": "conv", "weights": "sobel-x", "normalize": "local"})
        says = "^convtool: local.json: layer 'conv1': ONNX has no operator that divides by the deviation"
        mistake("net", "export", "local.json", "-o", "out.onnx", code=3, says=says)


EXPLAIN = ("explain", "lines.json", "drawing.json", "--layer", "lines", "--at", "0,0,0")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "nope.npz"), 3, "^convtool: nope.npz: cannot be read: No such file or directory$"),
        (("show", "sub"), 3, "^convtool: sub: it is a folder; name a file$"),
        (("show", ""), 2, "^convtool: a path is empty; name a file, or - for standard input$"),
        (("show", "drawing.json"), 3, "^convtool: drawing.json: no network; it is convtool's NPZ, a spec in"),
        (("show", "gray.png"), 3, "^convtool: gray.png: no network; it is convtool's NPZ"),
        (("show", "lines.json", "--size", "5"), 3, "^convtool: lines.json: layer 'combined': the map is 1×1"),
        (("show", "lines.npz", "--max-memory", "99"), 4, "^convtool: lines.npz: the network holds .*--max-m"),
        (("show", "lines.onnx", "--max-memory", "99"), 4, "^convtool: lines.onnx: the model holds .*--max-m"),
        (("show", "dense.json"), 3, "^convtool: dense.json: layer 'dense1': .*; say with --size which image"),
        (("run", "nope.npz", "drawing.json"), 3, "^convtool: nope.npz: cannot be read"),
        (("run", "lines.json", "nope.png"), 3, "^convtool: nope.png: cannot be read: No such file"),
        (("run", "lines.json", "sub"), 3, "^convtool: sub: it is a folder"),
        (("run", "lines.json", "lines.json"), 3, "^convtool: lines.json: a JSON object, perhaps a filter fi"),
        (("run", "lines.json", "lines.npz"), 3, "^convtool: lines.npz: "),
        (("run", "drawing.json", "lines.json"), 3, "^convtool: drawing.json: no network"),
        (("run", "lines.json", "planes.npy"), 3, r"^convtool: planes.npy with lines: the image has 2 channe"),
        (("run", "rgb.json", "drawing.json"), 3, r"^convtool: drawing.json with rgb: the image has 1 channe"),
        (("run", "rgb.json", "planes.npy"), 3, r"the image has 2 channel\(s\), rgb reads 3$"),
        (("run", "any.json", "small.csv"), 3, "^convtool: small.csv with any: layer 'conv1': the map is 1×2"),
        (("run", "vast.json", "drawing.json"), 3, "^convtool: drawing.json with vast: its scores hold NaN o"),
        (("run", "-", "-"), 2, "^convtool: - is given twice; standard input holds one input"),
        (("run", "lines.json"), 2, "Missing argument 'IMAGE...'"),
        (("run", "lines.json", "drawing.json", "--top", "0"), 2, "'0' is not a whole number from 1"),
        (("run", "lines.json", "drawing.json", "--maps", "conv*"), 2, r"no layer is called 'conv\*'; lines "),
        (("run", "lines.json", "drawing.json", "--maps", "lines", "--maps", ""), 2, "no layer is called ''"),
        (("run", "lines.json", "drawing.json", "-o", "a.npy"), 2, "-o holds the maps of a layer, none is as"),
        (("run", "lines.json", "drawing.json", "--maps", "*", "-o", "a.npy"), 2, "-o holds the maps of one "),
        (("run", "lines.json", "drawing.json", "-q", "--maps", "lines", "-o", "no/a.npy"), 5, "create it fi"),
        (("run", "lines.json", "drawing.json", "--maps", "lines", "-o", "lines.json"), 2, "replace the inpu"),
        (("run", "lines.json", "drawing.json", "--maps", "lines", "-o", "drawing.json"), 2, "replace the in"),
        (("run", "lines.json", "drawing.json", "-q", "--maps", "lines", "-o", "a.csv"), 2, "-o as CSV holds"),
        (("run", "lines.json", "drawing.json", "small.csv", "--maps", "lines", "-o", "a.npy"), 2, "2 are gi"),
        (("run", "lines.json", "drawing.json", "--maps", "lines", "-o", "-", "--json"), 2, "both write to s"),
        (("run", "lines.json", "drawing.json", "drawing.json", "--maps", "lines"), 2, "would write .* twice"),
        (("run", "any.json", "large.npy", "--max-memory", "1M"), 4, "^convtool: large.npy.*raise it with --"),
        (("run", "any.json", "gray.png", "--max-pixels", "9"), 4, "^convtool: gray.png: .*raise it with --m"),
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
        (("filters", "lines.json", "--layer", "found", "-o", "a.json"), 2, "layer 'found' of lines.json is "),
        (("filters", "lines.json", "--layer", "nope", "-o", "a.json"), 2, "there is no layer 'nope'; lines "),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.png"), 2, r"a filter is written as .json or"),
        (("filters", "lines.json", "--layer", "lines", "-o", "lines.json"), 2, "would replace the input lin"),
        (("filters", "lines.json", "--layer", "lines", "-o", "no/a.json"), 5, "no/a.json: its folder does n"),
        (("filters", "lines.json", "--layer", "lines"), 2, "Missing option '-o' / '--output'"),
        (("filters", "lines.json", "-o", "a.json"), 2, "Missing option '--layer'"),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.json", "--sheet", "a.jpg"), 2, "written as "),
        (("filters", "lines.json", "--layer", "lines", "-o", "a.json", "--sheet", "no/a.png"), 5, "no/a.png"),
        (("filters", "lines.json", "--layer", "lines", "-o", "no/a.json", "--sheet", "a.png"), 5, "no/a.jso"),
        (("filters", "lines.json", "--layer", "lines", "-o", "-", "--sheet", "-"), 2, "both write to one pl"),
        (("export", "lines.json"), 2, "Missing option '-o' / '--output'"),
        (("export", "lines.json", "-o", "a.json"), 2, "a network is written as .npz or .onnx, not json$"),
        (("export", "lines.json", "-o", "a"), 2, "a network is written as .npz or .onnx, not without a suff"),
        (("export", "lines.json", "-o", "-"), 2, "a network is written as .npz or .onnx"),
        (("export", "lines.json", "-o", ""), 2, "-o is empty"),
        (("export", "lines.json", "-o", "sub"), 5, "^convtool: sub: it is a folder; name a file in it$"),
        (("export", "lines.json", "-o", "no/a.npz"), 5, "^convtool: no/a.npz: its folder does not exist; cr"),
        (("export", "lines.npz", "-o", "lines.npz"), 2, "would replace the input lines.npz; name another$"),
        (("export", "lines.npz", "-o", "link.npz"), 2, "would replace the input lines.npz; name another$"),
        (("export", "lines.npz", "-o", "a.onnx", "--max-memory", "99"), 4, "--max-memory 1M or CONVTOOL_MAX"),
        (("export", "gray.png", "-o", "a.npz"), 3, "^convtool: gray.png: no network"),
        (("bogus",), 2, "No such command 'bogus'"),
    ],
)  # fmt: skip
def test_a_mistake(
    arguments: tuple[str, ...], code: int, says: str, gray: Any, mistake: Callable[..., str]
) -> None:
    Path("sub").mkdir()
    Path("link.npz").symlink_to("lines.npz")
    Path("small.csv").write_text("1,2\n")
    np.save("planes.npy", np.ones((2, 12, 12), np.float32))
    np.save("large.npy", np.ones((300, 300), np.float32))
    large = {"kind": "conv", "weights": [[3e38]]}
    spec("rgb.json", {"kind": "relu"}, input={"channels": 3})
    spec("any.json", {"kind": "conv", "weights": "sobel-x"}, {"kind": "relu"})
    spec("vast.json", large, large, {"kind": "global_max_pool"})
    spec("dense.json", {"kind": "flatten"}, {"kind": "dense", "weights": [[1, 2, 3]]})
    mistake("net", *arguments, code=code, says=says)


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


def test_a_large_network_of_every_format_gives_the_same_maps() -> None:
    rng = np.random.default_rng(5)
    bank = FilterBank(rng.standard_normal((6, 3, 5, 5)), rng.standard_normal(6))
    layers = (
        Layer("conv", ops.Conv(bank, 2, "same"), ("input",)),
        Layer("norm", ops.BatchNorm(*rng.uniform(0.5, 2, (4, 6))), ("conv",)),
        Layer("relu", ops.Relu(), ("norm",)),
    )  # fmt: skip
    network = Network("n", Input(channels=3, size=(21, 18)), layers, ("relu",))
    scenes.save("c.png", rng.integers(0, 256, (21, 18, 3), np.uint8))
    maps = []
    for format_ in ("npz", "onnx"):
        Path(f"n.{format_}").write_bytes(encode_network(network, format_))
        done("run", f"n.{format_}", "c.png", "--maps", "relu", "-o", "out.npy", "-q")
        maps.append(np.load("out.npy"))
    assert_same_bytes(*maps)
    expected = run_network(network, load_image("c.png", channels="rgb"))["relu"]
    assert_same_bytes(maps[0], expected)


def test_as_a_process(folder: Path) -> None:
    finished = as_process("net", "run", folder / "lines.onnx", folder / "drawing.json", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert [best["class"] for best in finished.record["top"]] == ["turn", "upright", "level"]
