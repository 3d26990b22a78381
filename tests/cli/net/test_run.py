"""``convtool net run``: scores, images of any kind, maps, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from convtool import FilterBank, conv2d, load_image, load_map, load_network, run_network
from convtool.io.resizing import resized
from convtool.net import ops
from convtool.net.files import encode_network
from convtool.net.network import Input, Layer, Network
from convtool.view.drawings.layers import layers_sheet
from tests import scenes
from tests.cli.net.networks import CLASSES, DRAWING, done, noticed, spec, values_of
from tests.cli.runner import as_process, contents, in_process, spawned
from tests.tolerances import assert_equal, assert_near, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


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


class TestSheet:
    def test_shows_the_image_and_every_layer(self) -> None:
        plain = done("run", "lines.json", "drawing.json").out
        assert done("run", "lines.json", "drawing.json", "--sheet", "sheet.png").out == plain
        network = load_network("lines.json")
        values = values_of(DRAWING, *(layer.name for layer in network.layers))
        shown = [(layer.name, layer.operation.kind, values[layer.name]) for layer in network.layers]
        assert Path("sheet.png").read_bytes() == layers_sheet(DRAWING[np.newaxis], shown, CLASSES)

    def test_shows_the_image_as_stored(self) -> None:
        """Of the size that is read, but not scaled yet."""
        scenes.save("large.png", scenes.noise(1, 30, 24))
        spec("twice.json", {"kind": "relu"}, input={"size": [15, 12], "scale": 2, "mean": [9]})
        says = "large.png: resized from 30×24 to the 15×12 that twice reads"
        noticed("run", "twice.json", "large.png", "--sheet", "sheet.png", says=says)
        image = resized(scenes.noise(1, 30, 24)[np.newaxis], (15, 12))
        shown = [("relu1", "relu", np.maximum(2 * image - 9, 0))]
        assert Path("sheet.png").read_bytes() == layers_sheet(image, shown, None)

    def test_stands_beside_maps(self) -> None:
        arguments = ("run", "lines.json", "drawing.json", "--maps", "lines", "--out-dir", "maps", "--json")
        record = done(*arguments).record
        both = done(*arguments, "--sheet", "sheet.png").record
        assert both | {"seconds": 0} == record | {"seconds": 0}
        assert len(both["maps"]) == 2
        done("run", "lines.json", "drawing.json", "--sheet", "alone.png", "-q")
        assert Path("sheet.png").read_bytes() == Path("alone.png").read_bytes()

    def test_on_standard_output_stands_alone(self) -> None:
        data = done("run", "lines.json", "drawing.json", "--sheet", "-").data
        done("run", "lines.json", "drawing.json", "--sheet", "sheet.png")
        assert data == Path("sheet.png").read_bytes()

    def test_is_drawn_even_if_the_reader_goes_away(self) -> None:
        with spawned("net", "run", "lines.json", "drawing.json", "--sheet", "sheet.png") as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
        assert process.returncode == 141
        done("run", "lines.json", "drawing.json", "--sheet", "other.png")
        assert Path("sheet.png").read_bytes() == Path("other.png").read_bytes()

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (("lines.json", "drawing.json", "drawing.json", "--sheet", "a.png"), 2,
             "^convtool: --sheet draws one image, 2 are given; give one$"),
            (("lines.json", "drawing.json", "--sheet", "a.npy"), 2, "a.npy: a picture is written as .p"),
            (("lines.json", "drawing.json", "--sheet", ""), 2, "is empty; name a file, or - for standard o"),
            (("lines.json", "drawing.json", "--sheet", "sub"), 5, "^convtool: sub: it is a folder; name a "),
            (("lines.json", "drawing.json", "--sheet", "no/a.png"), 5, "its folder does not exist; create "),
            (("lines.json", "gray.png", "--sheet", "gray.png"), 2, "would replace the input gray.png; nam"),
            (("lines.json", "gray.png", "--sheet", "hard.png"), 2, "would replace the input gray.png; nam"),
            (("lines.json", "drawing.json", "--sheet", "-", "--json"), 2,
             "^convtool: --json and a picture would both write to standard output; name a file for it$"),
            (("lines.json", "drawing.json", "--maps", "shares", "--sheet", "a.png", "-o", "a.png"), 2,
             "^convtool: --sheet and -o would both write to one place; name another$"),
            (("lines.json", "drawing.json", "--maps", "lines", "--sheet", "-", "-o", "-"), 2,
             "^convtool: --sheet and -o would both write to one place; name another$"),
            (("large.json", "drawing.json", "--sheet", "a.png"), 3,
             "^convtool: drawing.json with large.json: layer 'conv2': its output holds NaN or infinity; "),
        ],
    )  # fmt: skip
    @pytest.mark.usefixtures("wrong")
    def test_a_mistake(
        self, arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]
    ) -> None:
        Path("hard.png").hardlink_to("gray.png")
        large = {"kind": "conv", "weights": [[3e38]]}
        spec("large.json", large, large)
        mistake("net", "run", *arguments, "-q", code=code, says=says)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
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
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("net", *arguments, code=code, says=says)


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
