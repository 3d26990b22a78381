"""``convtool run``: the worked example, its maps against the library, its files and their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import FilterBank, conv2d, feature_maps, load_filter, load_image, load_map, max_pool2d, relu
from convtool.io.limits import Limits
from convtool.view.drawings.looks import Look
from convtool.view.drawings.panels import Panel, input_panel, picture_panel
from convtool.view.drawings.stages import FilterRow, Heading, stages_sheet
from tests.cli.runner import FILTERS, SAMPLES, contents, in_process
from tests.tolerances import assert_close, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

WORKED_EXAMPLE = """\
Conv · {image} · notes-diagonal · 2 × 2
  |  0  1
--+------
0 |  2  0
1 |  3  5

ReLU · {image} · notes-diagonal · 2 × 2
  |  0  1
--+------
0 |  2  0
1 |  3  5

Pool · {image} · notes-diagonal · 1 × 1
  |  0
--+---
0 |  5

"""


@pytest.mark.parametrize("diagonal", [str(FILTERS / "notes-diagonal.json"), "notes-diagonal"])
def test_the_worked_example_of_the_notes(diagonal: str, folder: Path) -> None:
    image = SAMPLES / "notes-pipeline.json"
    finished = in_process("run", image, "--filter", diagonal, "--global", "--save", "none")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out == WORKED_EXAMPLE.format(image=image)
    assert contents(folder) == {}


@pytest.mark.usefixtures("notes")
def test_maps_and_pools_are_written_here_by_default(folder: Path) -> None:
    finished = in_process("run", "notes.json", "--filter", "diagonal.json")
    assert re.findall("^[A-Z].*", finished.out, re.MULTILINE) == [
        "Conv · notes.json · diagonal · 2 × 2",
        "ReLU · notes.json · diagonal · 2 × 2 → notes.diagonal.map.png",
        "Pool · notes.json · diagonal · 1 × 1 → notes.diagonal.pool.png",
    ]
    assert load_map("notes.diagonal.map.png").tolist() == [[2, 0], [3, 5]]
    assert load_map("notes.diagonal.pool.png").tolist() == [[5]]
    assert set(contents(folder)) == {
        "notes.json",
        "diagonal.json",
        "notes.diagonal.map.png",
        "notes.diagonal.pool.png",
    }


def test_two_filters_make_four_pictures_that_read_back_exactly(
    gray: NDArray[np.float32], folder: Path
) -> None:
    finished = in_process(
        *("run", "gray.png", "--filter", "sobel-x", "--filter", "log-5", "--pool", "2", "--out-dir", "maps/")
    )
    assert (finished.code, finished.err) == (0, "")
    names = ("sobel-x", "log-5")
    assert set(contents(folder / "maps")) == {
        f"gray.{n}.{stage}.png" for n in names for stage in ("map", "pool")
    }
    for name in names:
        feature_map = relu(conv2d(gray, load_filter(name).weights[0, 0]))
        assert_same_bytes(load_map(f"maps/gray.{name}.map.png"), feature_map)
        assert_same_bytes(load_map(f"maps/gray.{name}.pool.png"), max_pool2d(feature_map, 2))
        with PIL.Image.open(f"maps/gray.{name}.map.png") as picture:
            assert (picture.mode, picture.size) == ("I;16", feature_map.shape[::-1])


@pytest.mark.parametrize("name", ["gaussian-5", "gabor"])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_real_map_is_within_half_the_step_of_its_record(
    name: str, depth: int, gray: NDArray[np.float32]
) -> None:
    finished = in_process("run", "gray.png", "-f", name, "--depth", str(depth), "--save", "map", "--json")
    records = [record for record in finished.records if record["stage"] == "relu"]
    maps = list(feature_maps(gray[np.newaxis], load_filter(name)))
    assert [record["exact"] for record in records] == [False] * len(maps)
    for record, values in zip(records, maps, strict=True):
        step = np.ptp(values.astype(np.float64)) / (2**depth - 1)
        assert_close(np.float64(record["step"]), step, case="sum", terms=2, scale=step)
        error = np.abs(load_map(record["output"]).astype(np.float64) - values)
        assert error.max() <= record["step"] / 2 + np.spacing(values.max())


@pytest.mark.parametrize(
    ("save", "written"),
    [
        ("none", []),
        ("conv", ["conv"]),
        ("map", ["map"]),
        ("pool", ["pool"]),
        ("pool,conv", ["conv", "pool"]),
        ("conv,map,pool", ["conv", "map", "pool"]),
    ],
)
@pytest.mark.usefixtures("notes")
def test_save_chooses_what_is_written(save: str, written: list[str], folder: Path) -> None:
    assert in_process("run", "notes.json", "-f", "sobel-x", "--padding", "1", "--save", save, "-q").code == 0
    made = sorted(set(contents(folder)) - {"notes.json", "diagonal.json"})
    assert made == [f"notes.sobel-x.{stage}.png" for stage in written]


def test_a_saved_response_keeps_its_sign(gray: NDArray[np.float32]) -> None:
    in_process("run", "gray.png", "-f", "sobel-x", "--save", "conv")
    response = load_map("gray.sobel-x.conv.png")
    assert response.min() < 0
    assert_same_bytes(response, conv2d(gray, load_filter("sobel-x").weights[0, 0]))


def test_every_stage_has_its_record_in_order(gray: NDArray[np.float32]) -> None:
    finished = in_process("run", "gray.png", "-f", "sobel-x", "-f", "haar", "--save", "map", "--json")
    names = ["sobel-x", *(f"haar-{name}" for name in load_filter("haar").names or ())]
    assert [(r["filter"], r["stage"], r["output"]) for r in finished.records] == [
        (name, stage, f"gray.{name}.map.png" if stage == "relu" else None)
        for name in names
        for stage in ("conv", "relu", "pool")
    ]
    first = [record["values"] for record in finished.records[:3]]
    response = conv2d(gray, load_filter("sobel-x").weights[0, 0])
    assert first == [response.tolist(), relu(response).tolist(), max_pool2d(relu(response), 2).tolist()]


@pytest.mark.parametrize("name", ["sobel-x", "gaussian-5"])
@pytest.mark.parametrize("kind", ["max", "avg", "min"])
@pytest.mark.parametrize("size", ["1", "2", "3", "2,5"])
@pytest.mark.usefixtures("gray")
def test_saving_the_pool_alone_gives_the_same_bytes(name: str, kind: str, size: str) -> None:
    options = ("run", "gray.png", "-f", name, "--pool", size, "--pool-kind", kind, "--json")
    alone = in_process(*options, "--save", "pool", "--out-dir", "fused")
    among = in_process(*options, "--out-dir", "apart")
    assert [record["stage"] for record in alone.records] == ["pool"]
    differing = ("output", "plan", "seconds")
    assert [
        {k: v for k, v in r.items() if k not in differing} for r in (alone.record, among.records[-1])
    ] == [{k: v for k, v in alone.record.items() if k not in differing}] * 2
    fused, apart = (contents_of(f, f"gray.{name}.pool.png") for f in ("fused", "apart"))
    assert fused == apart


def contents_of(folder: str, name: str) -> bytes:
    from pathlib import Path

    return Path(folder, name).read_bytes()


def test_saving_the_pool_alone_never_holds_the_map(
    gray: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    from convtool.jobs import stages

    sizes = []

    def watched(image: NDArray, bank: FilterBank, **options: object) -> NDArray:
        sizes.append((maps := feature_maps(image, bank, **options)).shape[-2:])
        return maps

    monkeypatch.setattr(stages, "feature_maps", watched)
    in_process("run", "gray.png", "-f", "sobel-x", "--pool", "3", "--save", "pool")
    in_process("run", "gray.png", "-f", "sobel-x", "--pool", "3", "--pool-stride", "2", "--save", "pool")
    assert sizes == [(5, 6), (15, 20)]
    del gray


def test_several_images_and_the_folder_is_made(gray: NDArray[np.float32], folder: Path) -> None:
    np.save("other.npy", gray[:5])
    finished = in_process(
        *("run", "gray.png", "other.npy", "-f", "sobel-y", "--out-dir", "a/b", "--format", "npy")
    )
    assert (finished.code, finished.err) == (0, "")
    made = {f"{image}.sobel-y.{stage}.npy" for image in ("gray", "other") for stage in ("map", "pool")}
    assert set(contents(folder / "a" / "b")) == made
    weights = load_filter("sobel-y").weights[0, 0]
    assert_same_bytes(np.load("a/b/gray.sobel-y.map.npy"), relu(conv2d(gray, weights)))
    assert_same_bytes(np.load("a/b/other.sobel-y.map.npy"), relu(conv2d(gray[:5], weights)))


def test_one_stage_can_have_a_name(gray: NDArray[np.float32], folder: Path) -> None:
    finished = in_process("run", "gray.png", "-f", "sobel-x", "--save", "pool", "-o", "p.npy")
    assert (finished.code, finished.err) == (0, "")
    assert set(contents(folder)) == {"gray.png", "p.npy"}
    expected = max_pool2d(relu(conv2d(gray, load_filter("sobel-x").weights[0, 0])), 2)
    assert_same_bytes(np.load("p.npy"), expected)


def sheet_of(image: Panel, rows: list[FilterRow], title: str, **options: Any) -> bytes:
    look = options.get("look", Look())
    conv = options.get("conv", "stride 1 · padding valid · cross-correlation")
    heading = Heading(title, conv, options.get("pool", "max 2×2"))
    return stages_sheet(image, rows, heading, look, Limits())


def rows_of(image: NDArray[np.float32], filter_name: str, label: str, size: int = 2) -> FilterRow:
    """What one filter makes of an image, by the library."""
    bank = load_filter(filter_name)
    response = conv2d(image, bank.weights[0, 0])
    return FilterRow(label, bank.weights[0], 0, (response, relu(response), max_pool2d(relu(response), size)))


class TestSheet:
    def test_shows_the_image_and_what_each_filter_makes_of_it(self, gray: NDArray[np.float32]) -> None:
        run = ("run", "gray.png", "-f", "sobel-x", "-f", "log-5", "--pool", "3", "--out-dir", "maps")
        plain = in_process(*run).out
        maps = contents_of("maps", "gray.sobel-x.map.png")
        assert in_process(*run, "--sheet", "sheet.png").out == plain
        assert contents_of("maps", "gray.sobel-x.map.png") == maps
        assert contents_of(".", "sheet.png") == sheet_of(
            picture_panel(gray[np.newaxis], "input", Look()),
            [rows_of(gray, "sobel-x", "sobel-x", 3), rows_of(gray, "log-5", "log-5", 3)],
            "gray.png",
            pool="max 3×3",
        )

    @pytest.mark.parametrize("save", ["none", "pool", "conv", "map,pool"])
    @pytest.mark.usefixtures("notes")
    def test_is_drawn_whatever_is_saved(self, save: str) -> None:
        finished = in_process(
            *("run", "notes.json", "-f", "notes-diagonal", "--save", save, "--sheet", "s.png", "-q")
        )
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        image = np.float32([[1, 0, 2], [3, 1, 0], [0, 0, 4]])
        assert contents_of(".", "s.png") == sheet_of(
            input_panel(image, "input", Look(), picture=False),
            [rows_of(image, "notes-diagonal", "notes-diagonal")],
            "notes.json",
        )

    @pytest.mark.parametrize(
        ("options", "look"),
        [
            (("--shared-scale",), Look(shared=True)),
            (("--colormap", "gray", "--zoom", "3"), Look(colormap="gray", zoom=3)),
            (("--range", "-9,9"), Look(limits=(-9, 9))),
        ],
    )
    def test_has_the_looks_that_are_asked_for(
        self, options: tuple[str, ...], look: Look, gray: NDArray[np.float32]
    ) -> None:
        run = ("run", "gray.png", "-f", "sobel-x", "--save", "none", "-q", "--sheet", "s.png")
        assert in_process(*run, *options).code == 0
        image, rows = picture_panel(gray[np.newaxis], "input", look), [rows_of(gray, "sobel-x", "sobel-x")]
        assert contents_of(".", "s.png") == sheet_of(image, rows, "gray.png", look=look)

    def test_says_that_filters_read_the_brightness_of_colours(self, colour: NDArray[np.float32]) -> None:
        run = ("run", "colour.png", "-f", "sobel-x", "--padding", "1", "--flip", "--save", "none")
        assert in_process(*run, "--sheet", "s.png", "-q").code == 0
        image = load_image("colour.png")
        response = conv2d(image, load_filter("sobel-x").weights[0, 0], padding=1, flip=True)
        maps = (response, relu(response), max_pool2d(relu(response), 2))
        row = FilterRow("sobel-x", load_filter("sobel-x").weights[0], 0, maps)
        shown = picture_panel(colour, "input, filtered by its brightness", Look())
        sheet = sheet_of(shown, [row], "colour.png", conv="stride 1 · padding 1 · convolution")
        assert contents_of(".", "s.png") == sheet

    def test_channels_apart_are_rows_apart(self, colour: NDArray[np.float32]) -> None:
        run = ("run", "colour.png", "-f", "sobel-x", "-f", "sobel-y", "--channels", "each", "--save", "none")
        assert in_process(*run, "-q", "--sheet", "s.png").code == 0
        rows = [
            rows_of(plane, name, f"{name}.{channel}")
            for name in ("sobel-x", "sobel-y")
            for plane, channel in zip(colour, "RGB", strict=True)
        ]
        assert contents_of(".", "s.png") == sheet_of(
            picture_panel(colour, "input", Look()), rows, "colour.png"
        )

    @pytest.mark.usefixtures("colour")
    def test_is_not_written_where_a_map_of_one_channel_goes(self, mistake: Callable[..., str]) -> None:
        run = ("run", "colour.png", "-f", "sobel-x", "--channels", "each")
        says = "--sheet and colour.png would both write colour.sobel-x.G.map.png; name another"
        mistake(*run, "--sheet", "colour.sobel-x.G.map.png", "-q", code=2, says=says)

    @pytest.mark.usefixtures("notes")
    def test_on_standard_output_stands_alone(self) -> None:
        run = ("run", "notes.json", "-f", "diagonal.json", "--save", "none", "--sheet")
        data = in_process(*run, "-").data
        in_process(*run, "s.png")
        assert data == contents_of(".", "s.png")

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (("notes.json", "--sheet", "s.png"), 2, "^convtool: --sheet draws one image, 2 are given; give "),
            (("--sheet", ""), 2, "^convtool: --sheet is empty; name a file, or - for standard output$"),
            (("--sheet", "s.npy"), 2, "^convtool: s.npy: a picture is written as .png$"),
            (("--sheet", "notes.json"), 2, "the output would replace the input notes.json; name another$"),
            (("--sheet", "diagonal.json"), 2, "the output would replace the input diagonal.json; name anot"),
            (("--sheet", "no/s.png"), 5, "its folder does not exist; create it first$"),
            (("--sheet", "-", "--json"), 2, "^convtool: --json and a picture would both write to standard"),
            (("--sheet", "s.png", "--save", "map", "-o", "./s.png"), 2, "--sheet and -o would both write to"),
            (("--sheet", "notes.diagonal.map.png"), 2, "^convtool: --sheet and notes.json with diagonal.js"),
            (("--sheet", "s.png", "--zoom", "99999"), 4,
             r"^convtool: the sheet would have \d+ pixels at --zoom 99999, fewer at a smaller one, over th"),
            (("--zoom", "9"), 2, "--colormap, --shared-scale and --zoom are for --sheet; name a file wit"),
            (("--shared-scale",), 2, "are for --sheet; name a file with it"),
            (("--colormap", "gray"), 2, "are for --sheet; name a file with it"),
        ],
    )  # fmt: skip
    @pytest.mark.usefixtures("notes")
    def test_a_mistake(
        self, arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]
    ) -> None:
        mistake("run", "notes.json", "-f", "diagonal.json", *arguments, code=code, says=says)


@pytest.mark.usefixtures("notes")
def test_one_file_holds_one_stage(mistake: Callable[..., str]) -> None:
    run = ("run", "notes.json", "-f", "diagonal.json", "-o", "out.npy")
    mistake(*run, code=2, says="-o holds one stage, --save asks for map, pool; choose one with --save")
    mistake(*run, "--save", "none", code=2, says="-o holds one stage, --save asks for none")


@pytest.mark.usefixtures("notes")
def test_a_window_larger_than_the_map_names_both_sizes(mistake: Callable[..., str]) -> None:
    mistake(
        *("run", "notes.json", "-f", "diagonal.json", "--pool", "3,1"),
        code=3,
        says="^convtool: notes.json with diagonal: the map is 2×2, smaller than the pool's 3×1 window",
    )


@pytest.mark.parametrize("option", [["--pool", "2"], ["--pool-stride", "2"]])
@pytest.mark.usefixtures("notes")
def test_global_leaves_no_window_to_describe(option: list[str], mistake: Callable[..., str]) -> None:
    says = "--global leaves nothing for --pool and --pool-stride to say; give one of them"
    mistake("run", "notes.json", "-f", "diagonal.json", "--global", *option, code=2, says=says)
