"""``convtool conv``: the worked examples, colour and channels, banks, every form of output."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from convtool import conv2d, feature_maps, load_filter, load_image, load_map, relu
from tests.cli.runner import FILTERS, SAMPLES, contents, in_process, spawned
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BLEND = """\
{stage} · {image} · notes-blend · 2 × 2 → map.npy
  |  0  1
--+------
0 |  4  4
1 |  4  3

"""
RGB_WEIGHTS = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2) - 5


@pytest.fixture
def rgb_filter(folder: Path) -> NDArray[np.float32]:
    """The weights (1, 3, 2, 2) of ``rgb.json``."""
    (folder / "rgb.json").write_text(json.dumps({"weights": RGB_WEIGHTS.tolist()}))
    return RGB_WEIGHTS


@pytest.mark.parametrize(("option", "stage"), [("--relu", "ReLU"), ("--no-relu", "Conv")])
def test_the_blend_of_the_notes(option: str, stage: str) -> None:
    image = SAMPLES / "notes-blend.json"
    finished = in_process("conv", image, "-f", FILTERS / "notes-blend.json", option, "-o", "map.npy")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out == BLEND.format(stage=stage, image=image)
    assert np.load("map.npy").tolist() == [[4, 4], [4, 3]]


@pytest.mark.usefixtures("notes")
def test_flip_is_the_convolution_of_the_textbooks() -> None:
    Path("f.json").write_text("[[1, 2], [3, 4]]")
    plain = in_process("conv", "notes.json", "-f", "f.json", "--json").record
    flipped = in_process("conv", "notes.json", "-f", "f.json", "--flip", "--json").record
    assert plain["values"] == [[14, 7], [5, 17]]
    assert flipped["values"] == [[11, 8], [15, 8]]
    assert (plain["convention"], flipped["convention"]) == ("cross-correlation", "convolution")


def test_without_relu_the_response_keeps_its_sign_and_its_name(gray: NDArray[np.float32]) -> None:
    in_process("conv", "gray.png", "-f", "sobel-x", "--no-relu")
    in_process("conv", "gray.png", "-f", "sobel-x")
    response = conv2d(gray, load_filter("sobel-x").weights[0, 0])
    assert_same_bytes(load_map("gray.sobel-x.conv.png"), response)
    assert_same_bytes(load_map("gray.sobel-x.map.png"), relu(response))


class TestColour:
    def test_is_brightness_by_default(self, colour: NDArray[np.float32]) -> None:
        in_process("conv", "colour.png", "-f", "sobel-x", "-o", "map.npy")
        with PIL.Image.open("colour.png") as picture:
            luma = np.asarray(picture.convert("L"), np.float32)
        assert_same_bytes(np.load("map.npy"), relu(conv2d(luma, load_filter("sobel-x").weights[0, 0])))
        assert colour.shape == (3, *luma.shape)

    def test_each_channel_by_itself(self, colour: NDArray[np.float32], folder: Path) -> None:
        finished = in_process(
            *("conv", "colour.png", "-f", "sobel-x", "-f", "roberts-x", "--channels", "each"),
            *("--json", "--out-dir", "each"),
        )
        expected = [f"{name}.{channel}" for name in ("sobel-x", "roberts-x") for channel in "RGB"]
        assert [record["filter"] for record in finished.records] == expected
        assert set(contents(folder / "each")) == {f"colour.{label}.map.png" for label in expected}
        for label in expected:
            name, channel = label.split(".")
            plane = colour["RGB".index(channel)]
            feature_map = relu(conv2d(plane, load_filter(name).weights[0, 0]))
            assert_same_bytes(load_map(f"each/colour.{label}.map.png"), feature_map)

    def test_each_channel_of_a_bank_is_filter_by_filter(self, colour: NDArray[np.float32]) -> None:
        in_process("conv", "colour.png", "-f", "haar", "--channels", "each", "-o", "all.npy")
        weights = load_filter("haar").weights[:, 0]
        expected = [relu(conv2d(plane, kernel)) for kernel in weights for plane in colour]
        assert_same_bytes(np.load("all.npy"), np.stack(expected))

    @pytest.mark.usefixtures("gray")
    def test_each_of_a_gray_photo_is_the_photo(self, folder: Path) -> None:
        in_process("conv", "gray.png", "-f", "sobel-x", "--channels", "each")
        assert set(contents(folder)) == {"gray.png", "gray.sobel-x.map.png"}

    def test_a_filter_of_three_channels_takes_it_whole(
        self, colour: NDArray[np.float32], rgb_filter: NDArray[np.float32]
    ) -> None:
        finished = in_process("conv", "colour.png", "-f", "rgb.json", "-o", "map.npy", "--json")
        assert finished.record["filter"] == "rgb"
        assert_same_bytes(np.load("map.npy"), relu(conv2d(colour, rgb_filter)))

    @pytest.mark.usefixtures("gray", "rgb_filter")
    def test_channels_that_do_not_fit_are_bad_input(self, mistake: Callable[..., str]) -> None:
        says = r"gray.png with rgb: the image has 1 channel\(s\), the filters read 3; use filters of 1"
        mistake("conv", "gray.png", "-f", "rgb.json", code=3, says=says)

    @pytest.mark.usefixtures("colour", "rgb_filter")
    def test_each_channel_needs_filters_of_one(self, mistake: Callable[..., str]) -> None:
        mistake(
            *("conv", "colour.png", "-f", "rgb.json", "--channels", "each"),
            code=3,
            says="colour.png with rgb: --channels each is for filters of one channel, this one reads 3",
        )

    def test_an_array_of_planes_is_no_colour(self, folder: Path, mistake: Callable[..., str]) -> None:
        planes = np.arange(50, dtype=np.float32).reshape(2, 5, 5)
        np.save("planes.npy", planes)
        says = r"planes.npy with sobel-x: the image has 2 channel\(s\)"
        mistake("conv", "planes.npy", "-f", "sobel-x", code=3, says=says)
        finished = in_process("conv", "planes.npy", "-f", "sobel-x", "--channels", "each", "-q")
        assert (finished.code, finished.err) == (0, "")
        made = set(contents(folder)) - {"planes.npy"}
        assert made == {"planes.sobel-x.01.map.png", "planes.sobel-x.02.map.png"}

    @pytest.mark.parametrize(("name", "maximum"), [("colour.png", 255), ("deep.npy", 65535), ("real.npy", 1)])
    @pytest.mark.usefixtures("colour")
    def test_unit_scale_divides_by_the_largest_there_can_be(self, name: str, maximum: int) -> None:
        np.save("deep.npy", np.arange(30, dtype=np.uint16).reshape(5, 6))
        np.save("real.npy", np.arange(30, dtype=np.float32).reshape(5, 6))
        in_process("conv", name, "-f", "box-3", "--scale", "unit", "-o", "map.npy")
        unit = load_image(name) / np.float32(maximum)
        assert_same_bytes(np.load("map.npy"), conv2d(unit, load_filter("box-3").weights[0, 0]))


class TestGroups:
    @pytest.fixture(autouse=True)
    def files(self, folder: Path) -> None:
        rng = np.random.default_rng(3)
        np.save("planes.npy", rng.integers(0, 9, (4, 6, 7)).astype(np.float32))
        np.save("bank.npy", rng.integers(-3, 4, (4, 2, 3, 3)).astype(np.float32))
        np.save("each.npy", rng.integers(-3, 4, (4, 3, 3)).astype(np.float32))

    @pytest.mark.parametrize(("name", "groups"), [("bank", 2), ("each", 4)])
    def test_channels_of_groups_do_not_mix(self, name: str, groups: int) -> None:
        finished = in_process(
            *(
                "conv",
                "planes.npy",
                "-f",
                f"{name}.npy",
                "--groups",
                str(groups),
                "--no-relu",
                "-o",
                "maps.npy",
            )
        )
        assert (finished.code, finished.err) == (0, "")
        expected = conv2d(np.load("planes.npy"), np.load(f"{name}.npy"), groups=groups)
        assert_same_bytes(np.load("maps.npy"), expected)

    def test_groups_that_do_not_divide_are_named(self, mistake: Callable[..., str]) -> None:
        says = r"groups is 3; it must divide the 4 channel\(s\) and the 4 filter\(s\)"
        mistake("conv", "planes.npy", "-f", "bank.npy", "--groups", "3", code=2, says=says)


class TestBanks:
    @pytest.mark.parametrize(
        ("bank", "labels"),
        [
            ({"weights": [[[1]], [[2]]], "names": ["up", "down"]}, ["b-up", "b-down"]),
            ({"weights": [[[1]], [[2]]]}, ["b-01", "b-02"]),
            ({"weights": [[[1]]] * 100}, [f"b-{number:03}" for number in range(1, 101)]),
            ({"weights": [[[1]]]}, ["b"]),
            ({"weights": [[[1]]], "names": ["only"]}, ["b-only"]),
            ({"weights": [[1]], "name": "other"}, ["b"]),
        ],
    )
    @pytest.mark.usefixtures("notes")
    def test_their_filters_have_names(self, bank: dict, labels: list[str], folder: Path) -> None:
        (folder / "b.json").write_text(json.dumps(bank))
        finished = in_process("conv", "notes.json", "-f", "b.json", "--json", "--out-dir", "maps")
        assert [record["filter"] for record in finished.records] == labels
        assert set(contents(folder / "maps")) == {f"notes.{label}.map.png" for label in labels}

    @pytest.mark.usefixtures("notes")
    def test_a_name_never_becomes_a_path(self, folder: Path) -> None:
        Path("b.json").write_text('{"weights": [[[1]], [[2]]], "names": ["../../up", "a b/ü"]}')
        assert in_process("conv", "notes.json", "-f", "b.json", "--out-dir", "maps", "-q").code == 0
        assert set(contents(folder / "maps")) == {"notes.b-..-..-up.map.png", "notes.b-a-b--.map.png"}

    def test_one_array_holds_all_maps(self, gray: NDArray[np.float32]) -> None:
        finished = in_process("conv", "gray.png", "-f", "kirsch", "-o", "bank.npy", "--json")
        assert_same_bytes(np.load("bank.npy"), feature_maps(gray, load_filter("kirsch")))
        assert np.load("bank.npy").shape == (8, 15, 20)
        assert {record["output"] for record in finished.records} == {"bank.npy"}
        assert [record["shape"] for record in finished.records] == [[15, 20]] * 8

    @pytest.mark.parametrize(
        ("weights", "shape"),
        [([[1, 0], [0, 1]], (2, 2)), ([[[1, 0], [0, 1]]], (1, 2, 2)), ([[[[1, 0], [0, 1]]]], (1, 2, 2))],
    )
    @pytest.mark.parametrize("suffix", ["npy", "json"])
    @pytest.mark.usefixtures("notes")
    def test_an_array_of_one_map_has_an_axis_for_it_unless_the_filter_was_flat(
        self, weights: list, shape: tuple[int, ...], suffix: str
    ) -> None:
        Path("f.json").write_text(json.dumps(weights))
        in_process("conv", "notes.json", "-f", "f.json", "-o", f"map.{suffix}")
        values = np.load("map.npy") if suffix == "npy" else np.array(json.loads(Path("map.json").read_text()))
        assert values.shape == shape
        assert values.ravel().tolist() == [2, 0, 3, 5]

    @pytest.mark.parametrize("suffix", ["png", "csv"])
    @pytest.mark.usefixtures("notes")
    def test_a_picture_of_one_map_needs_no_axis_for_it(self, suffix: str) -> None:
        Path("f.json").write_text("[[[1, 0], [0, 1]]]")
        finished = in_process("conv", "notes.json", "-f", "f.json", "-o", f"map.{suffix}")
        assert (finished.code, finished.err) == (0, "")
        assert load_map(f"map.{suffix}").tolist() == [[2, 0], [3, 5]]

    def test_two_filters_in_one_array(self, gray: NDArray[np.float32]) -> None:
        in_process("conv", "gray.png", "-f", "sobel-x", "-f", "scharr-x", "-o", "both.npy")
        weights = [load_filter(name).weights[0, 0] for name in ("sobel-x", "scharr-x")]
        assert_same_bytes(np.load("both.npy"), np.stack([relu(conv2d(gray, w)) for w in weights]))

    @pytest.mark.usefixtures("gray")
    def test_maps_of_two_sizes_are_no_array(self, mistake: Callable[..., str]) -> None:
        mistake(
            *("conv", "gray.png", "-f", "sobel-x", "-f", "log-5", "-o", "both.npy"),
            code=2,
            says=r"-o holds maps of one size, these have \[\(13, 18\), \(15, 20\)\]; use --out-dir",
        )

    @pytest.mark.parametrize("suffix", ["png", "csv"])
    @pytest.mark.parametrize(
        ("image", "options"),
        [
            ("gray.png", ["-f", "haar"]),
            ("gray.png", ["-f", "sobel-x", "-f", "sobel-y"]),
            ("colour.png", ["-f", "sobel-x", "--channels", "each"]),
        ],
    )
    @pytest.mark.usefixtures("gray", "colour")
    def test_a_picture_of_several_maps_is_refused(
        self, suffix: str, image: str, options: list[str], mistake: Callable[..., str]
    ) -> None:
        says = f"-o as {suffix.upper()} holds one map, [234] are made; use --out-dir, or NPY or JSON"
        mistake("conv", image, *options, "-o", f"map.{suffix}", code=2, says=says)

    @pytest.mark.usefixtures("gray", "notes")
    def test_several_images_do_not_fit_one_file(self, mistake: Callable[..., str]) -> None:
        says = "-o holds the maps of one image, 2 are given; use --out-dir"
        mistake("conv", "gray.png", "notes.json", "-f", "sobel-x", "-o", "map.npy", code=2, says=says)


class TestOutputs:
    @pytest.fixture(autouse=True)
    def files(self, notes: Path) -> None:
        Path("half.json").write_text('{"weights": [[0.5, 0], [0, 0.25]], "bias": -1}')

    MAP = ((0.0, 0.0), (0.5, 0.5))

    @pytest.mark.parametrize(
        ("format_", "content"),
        [
            ("csv", b"-0.25,-1\n0.5,0.5\n"),
            ("json", b"[\n  [-0.25, -1],\n  [0.5, 0.5]\n]\n"),
        ],
    )
    def test_numbers_as_text(self, format_: str, content: bytes) -> None:
        conv = ("conv", "notes.json", "-f", "half.json", "--no-relu")
        assert in_process(*conv, "-o", f"map.{format_}").code == 0
        assert Path(f"map.{format_}").read_bytes() == content
        piped = in_process(*conv, "-o", "-", "--format", format_)
        assert (piped.code, piped.err, piped.data) == (0, "", content)

    @pytest.mark.parametrize("format_", ["png", "npy"])
    def test_stdout_gets_the_data_alone(self, format_: str) -> None:
        conv = ("conv", "notes.json", "-f", "diagonal.json", "--no-relu")
        options = () if format_ == "png" else ("--format", format_)
        piped = in_process(*conv, "-o", "-", *options)
        assert (piped.code, piped.err) == (0, "")
        in_process(*conv, "-o", f"map.{format_}")
        assert piped.data == Path(f"map.{format_}").read_bytes()
        if format_ == "npy":
            assert np.load(io.BytesIO(piped.data)).tolist() == [[2, 0], [3, 5]]
        assert load_map(f"map.{format_}").tolist() == [[2, 0], [3, 5]]

    def test_an_upper_case_suffix_is_one(self) -> None:
        in_process("conv", "notes.json", "-f", "diagonal.json", "-o", "MAP.NPY")
        assert np.load("MAP.NPY").tolist() == [[2, 0], [3, 5]]

    def test_the_suffix_rules_and_not_the_format(self) -> None:
        in_process("conv", "notes.json", "-f", "diagonal.json", "-o", "map.csv", "--format", "npy")
        assert Path("map.csv").read_text() == "2,0\n3,5\n"

    @pytest.mark.parametrize("format_", ["png", "npy", "csv", "json"])
    def test_format_rules_in_a_folder(self, format_: str, folder: Path) -> None:
        in_process("conv", "notes.json", "-f", "diagonal.json", "--format", format_, "--out-dir", "maps")
        assert set(contents(folder / "maps")) == {f"notes.diagonal.map.{format_}"}
        assert load_map(f"maps/notes.diagonal.map.{format_}").tolist() == [[2, 0], [3, 5]]

    def test_eight_bits(self) -> None:
        in_process("conv", "notes.json", "-f", "diagonal.json", "--depth", "8", "-o", "map.png")
        with PIL.Image.open("map.png") as picture:
            assert picture.mode == "L"
            assert np.asarray(picture).tolist() == [[102, 0], [153, 255]]
        assert load_map("map.png").tolist() == [[2, 0], [3, 5]]

    def test_a_fixed_range_clips_counts_and_says_so(self) -> None:
        finished = in_process(
            *("conv", "notes.json", "-f", "diagonal.json", "--range", "0,2.5", "-o", "map.png", "--json")
        )
        assert finished.code == 0
        assert finished.err == "convtool: notice: map.png: 2 value(s) outside --range were clipped\n"
        assert (finished.record["clipped"], finished.record["max"]) == (2, 5)
        assert finished.record["step"] == 2.5 / 65535
        assert np.abs(load_map("map.png") - [[2, 0], [2.5, 2.5]]).max() <= 2.5 / 65535 / 2

    def test_maps_of_one_range_have_one_scale(self) -> None:
        Path("low.csv").write_text("1,0\n0,1\n")
        in_process("conv", "notes.json", "low.csv", "-f", "diagonal.json", "--range=-10,10", "-q")
        codes = [np.asarray(PIL.Image.open(f"{n}.diagonal.map.png")) for n in ("notes", "low")]
        assert codes[0][0, 0] == codes[1][0, 0]
        assert load_map("low.diagonal.map.png").tolist() == [[2]]

    def test_an_older_file_is_replaced(self) -> None:
        Path("map.csv").write_text("old")
        in_process("conv", "notes.json", "-f", "diagonal.json", "-o", "map.csv")
        assert Path("map.csv").read_text() == "2,0\n3,5\n"

    def test_data_and_records_do_not_share_stdout(self, mistake: Callable[..., str]) -> None:
        says = "--json and -o - would both write to standard output; choose one"
        mistake("conv", "notes.json", "-f", "diagonal.json", "-o", "-", "--json", code=2, says=says)


class TestInputs:
    def test_stdin_is_called_stdin(self, notes: Path, folder: Path) -> None:
        finished = in_process("conv", "-", "-f", "diagonal.json", "--json", stdin=notes.read_bytes())
        assert finished.record["input"] == "-"
        assert finished.record["output"] == "stdin.diagonal.map.png"
        assert load_map("stdin.diagonal.map.png").tolist() == [[2, 0], [3, 5]]

    def test_a_filter_may_come_from_stdin(self, notes: Path) -> None:
        finished = in_process("conv", notes, "-f", "-", "--json", stdin=b"[[1, 0], [0, 1]]")
        assert (finished.record["filter"], finished.record["values"]) == ("stdin", [[2, 0], [3, 5]])

    @pytest.mark.usefixtures("notes")
    @pytest.mark.parametrize("inputs", [["-", "-", "-f", "diagonal.json"], ["-", "-f", "-"]])
    def test_stdin_is_one_input(self, inputs: list[str], mistake: Callable[..., str]) -> None:
        says = "- is given twice; standard input holds one input"
        mistake("conv", *inputs, code=2, says=says, stdin=b"[[1]]")

    @pytest.mark.usefixtures("notes")
    def test_a_fault_in_stdin_names_it(self, mistake: Callable[..., str]) -> None:
        says = "^convtool: stdin with diagonal: the image is 1×1, smaller than the filter's 2×2 window"
        mistake("conv", "-", "-f", "diagonal.json", code=3, says=says, stdin=b"[[1]]")
        mistake("conv", "-", "-f", "diagonal.json", code=3, says="^convtool: stdin: it is empty")

    @pytest.mark.usefixtures("notes")
    def test_a_map_file_is_an_image_and_counts_as_its_values(self) -> None:
        in_process("conv", "notes.json", "-f", "diagonal.json", "--depth", "8", "-o", "map.png")
        finished = in_process("conv", "map.png", "-f", "identity", "--padding", "1", "--json")
        assert finished.record["values"] == [[2, 0], [3, 5]]
        assert finished.err == ""

    @pytest.mark.parametrize("name", ["a.conv.png", "a.map.png", "a.pool.png", "a.csv", "a.map.csv"])
    def test_a_stage_is_not_part_of_the_stem(self, name: str) -> None:
        Path(name).write_text("1,2\n3,4\n")
        finished = in_process(
            "conv", name, "-f", "identity", "--padding", "same", "--json", "--format", "csv"
        )
        assert finished.record["output"] == "a.identity.map.csv"

    @pytest.mark.parametrize(
        ("name", "output"),
        [
            ("[bold]x[red].csv", "-bold-x-red-.identity.map.csv"),
            ("-x.csv", "-x.identity.map.csv"),
            ("a b\n\x1b[31m.csv", "a-b---31m.identity.map.csv"),
            ("été.csv", "-t-.identity.map.csv"),
            ("a.b.csv", "a.b.identity.map.csv"),
            (b"\xff\xfe.csv", "--.identity.map.csv"),
        ],
    )
    def test_odd_names_work_and_are_shown_escaped(self, name: str | bytes, output: str, folder: Path) -> None:
        """A2."""
        if isinstance(name, bytes) and sys.platform == "darwin":
            pytest.skip("its file names are always UTF-8")
        path = os.fsdecode(name)
        Path(path).write_text("1,2\n3,4\n")
        conv = ("conv", "-f", "identity", "--padding", "1", "--format", "csv")
        finished = in_process(*conv, "--", path)
        assert (finished.code, finished.err) == (0, "")
        title, *_ = finished.out.splitlines()
        shown = path.replace("\n", r"\n").replace("\x1b", r"\x1b")
        shown = shown.encode("utf-8", "backslashreplace").decode()
        assert title == f"ReLU · {shown} · identity · 2 × 2 → {output}"
        assert Path(output).read_text() == "1,2\n3,4\n"
        assert in_process(*conv, "--json", "--", path).record["input"] == path
        assert len(contents(folder)) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["conv", "image.csv", "-f", "tiny.json", "-o", "map.npy"],
        ["show", "tiny.json"],
        ["filters", "show", "tiny.json"],
        ["filters", "check", "tiny.json"],
        ["filters", "export", "tiny.json", "-o", "tiny.npy"],
    ],
)
def test_numbers_of_a_filter_too_small_for_float32_are_noticed(command: list[str]) -> None:
    """J2."""
    Path("tiny.json").write_text('{"weights": [[1, 1e-60, 1e-400]]}')
    Path("image.csv").write_text("1,2,3\n4,5,6\n")
    finished = in_process(*command)
    assert finished.code == 0
    assert finished.err == "convtool: notice: tiny.json: 2 number(s) too small for float32 became 0\n"


def test_an_input_is_not_overwritten_though_it_comes_as_standard_input(folder: Path) -> None:
    Path("in.csv").write_text("1,2\n3,4\n")
    with Path("in.csv").open("rb") as stdin:
        process = spawned("conv", "-", "-f", "identity", "--padding", "1", "-o", "in.csv", stdin=stdin)
        data, err = process.communicate(timeout=60)
    assert (process.returncode, data) == (2, b"")
    assert err == b"convtool: in.csv: the output would replace the input stdin; name another\n"
    assert Path("in.csv").read_text() == "1,2\n3,4\n"


@pytest.mark.usefixtures("gray")
def test_a_range_is_for_pictures(mistake: Callable[..., str]) -> None:
    says = "--range is the scale of a picture; NPY holds the numbers"
    mistake("conv", "gray.png", "-f", "box-3", "-o", "map.npy", "--range", "0,1", code=2, says=says)


def test_a_sum_on_the_way_that_leaves_float32_is_reported(mistake: Callable[..., str], folder: Path) -> None:
    """The mean of four values of 1e38 is 1e38, but they may be added before they are divided."""
    np.save(folder / "huge.npy", np.full((1, 7), 1e38, np.float32))
    (folder / "mean.json").write_text('{"weights": [[1, 1, 1, 1]], "divisor": 4}')
    says = "huge.npy with mean: a response has inf at row 0 column 0 .*, a sum beyond float32's 3.4e38"
    mistake("conv", "huge.npy", "-f", "mean.json", "-o", "out.npy", code=3, says=says)
