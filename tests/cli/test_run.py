"""``convtool run``: the worked example, its maps against the library, its files and their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from convtool import FilterBank, conv2d, feature_maps, load_filter, load_map, max_pool2d, relu
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
