"""Rows M1 to M5: map files, and pictures that are taken for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest

from tests.faults.commands import done, refused, refused_image, shown
from tests.io import handmade as hm
from tests.io.handmade import map_chunk, text_chunk

Change = Callable[[PIL.Image.Image], PIL.Image.Image]

VALUES = [[-5, 0, 300], [2, 7, 1], [3, 4, 6]]
CODES = np.array([[0, 1, 2], [3, 4, 1000], [7, 8, 9]], np.uint16)
STEP = 1 / (65535 // 305)
"""Of a map whose whole numbers span 305 levels."""


@pytest.fixture(scope="module")
def content_of_map(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A map of `VALUES` that the command line wrote."""
    image, written = (tmp_path_factory.mktemp("map") / name for name in ("values.json", "map.png"))
    image.write_text(json.dumps(VALUES))
    done("conv", str(image), "-f", "identity", "--padding", "same", "--no-relu", "-o", str(written))
    return written.read_bytes()


@pytest.fixture
def written(content_of_map: bytes) -> Path:
    """That map, in the folder of a test."""
    Path("map.png").write_bytes(content_of_map)
    return Path("map.png")


def saved_again(
    path: Path, change: Callable[[PIL.Image.Image], PIL.Image.Image], *, text: bool = True
) -> bytes:
    """Save a map as another program would, which keeps its text or does not."""
    entries = PIL.PngImagePlugin.PngInfo()
    with PIL.Image.open(path) as picture:
        picture.load()
        if text:
            entries.add_itxt("convtool.map", picture.info["convtool.map"])
        change(picture).save(path, "PNG", pnginfo=entries)
    return path.read_bytes()


def high_byte(picture: PIL.Image.Image) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.rint(np.asarray(picture) / 257).astype(np.uint8))


def in_mode(mode: str) -> Change:
    return lambda picture: high_byte(picture).convert(mode)


def test_m01_a_picture_that_is_no_map() -> None:
    """A PNG that convtool did not write, given as a map: its pixels, with a notice."""
    Path("photo.png").write_bytes(hm.gray_png(np.array([[1, 2], [3, 4]], np.uint8)))
    notice = ("photo.png: ", "no map file of convtool", "pixels")
    done("pool", "photo.png", "--size", "1,2", "-o", "out.npy", notices=[notice])
    assert np.load("out.npy").tolist() == [[2], [4]]
    done("relu", "photo.png", "-o", "out.npy", notices=[notice])
    assert np.load("out.npy").tolist() == [[1, 2], [3, 4]]
    refused("relu", "photo.png", "--strict", "--out-dir", "maps", says=("photo.png: ", "--strict"))


def test_m02_metadata_stripped(written: Path) -> None:
    """A map whose scale another program dropped: its codes, with a notice."""
    saved_again(written, lambda picture: picture, text=False)
    notice = ("map.png: ", "no map file of convtool", "pixels")
    done("relu", "map.png", "-o", "out.npy", notices=[notice])
    assert np.load("out.npy").tolist() == [[round((value + 5) / STEP) for value in row] for row in VALUES]


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        pytest.param([map_chunk(), map_chunk()], ("2 convtool.map entries",), id="twice"),
        pytest.param([map_chunk(), map_chunk(step=2.0)], ("2 convtool.map entries",), id="two-scales"),
        pytest.param([map_chunk(step=float("nan"))], ("no usable scale", "NaN"), id="step-nan"),
        pytest.param([map_chunk(step=float("inf"))], ("no usable scale", "Infinity"), id="step-infinity"),
        pytest.param([map_chunk(step=0)], ("no usable scale", '"step": 0'), id="step-0"),
        pytest.param([map_chunk(step=-1)], ("no usable scale", '"step": -1'), id="step-negative"),
        pytest.param([map_chunk(offset=float("nan"))], ("no usable scale", "NaN"), id="offset-nan"),
        pytest.param([map_chunk(offset=None)], ("no usable scale", '"offset": null'), id="offset-null"),
        pytest.param([map_chunk(depth=12)], ("no usable scale", '"depth": 12'), id="depth"),
        pytest.param(
            [map_chunk(format="convtool.map/2")], ("convtool.map/2", "reads", "convtool.map/1"), id="newer"
        ),
        pytest.param([map_chunk(filter="x" * 2**20)], ("over 1048576 bytes",), id="over-1-MiB"),
        pytest.param([text_chunk("convtool.map", "scale: 1")], ("convtool.map", "JSON"), id="no-json"),
        pytest.param([text_chunk("convtool.map", "[1]")], ("convtool.map", "JSON object"), id="no-object"),
        pytest.param([map_chunk(step=1e38)], ("row 1 column 1 (from 0)", "finite"), id="scale-too-large"),
    ],
)  # fmt: skip
def test_m02_metadata_that_is_unusable(chunks: list[bytes], words: tuple[str, ...]) -> None:
    """A scale that stands twice, is NaN or 0, of a newer version, or over 1 MiB."""
    refused_image(hm.gray_png(CODES, *chunks), *words, name="map.png")


def test_m02_the_same_scale_whole() -> None:
    """The scale that the other tests damage: value = offset + code × step."""
    planes = shown({"map.png": hm.gray_png(CODES, map_chunk())})
    assert planes == {"map.png": [(CODES * 0.5 - 3).tolist()]}


def test_m03_reduced_to_eight_bits(written: Path) -> None:
    """A map that another program saved with 8 bits: a notice tells the precision that is left."""
    saved_again(written, high_byte)
    coarse = STEP * 257
    notices = [("map.png: ", "8 bits", f"from {STEP:g} to {coarse:g}")]
    (plane,) = shown({"map.png": written.read_bytes()}, notices=notices)["map.png"]
    assert np.abs(np.array(plane) - VALUES).max() <= coarse / 2 * 1.001
    refused("show", "map.png", "--strict", says=("map.png: ", "8 bits", "--strict"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_m03_no_longer_gray(written: Path, mode: str) -> None:
    """A map that another program saved in colour, with alpha or with a palette."""
    refused_image(saved_again(written, in_mode(mode)), "convtool.map", "another program", name="map.png")


def test_m03_saved_again_as_it_was(written: Path) -> None:
    """A map that another program saved without harm: its values, and no notice."""
    content = saved_again(written, lambda picture: picture)
    assert shown({"map.png": content}) == {"map.png": [VALUES]}


@pytest.mark.parametrize("depth", ["8", "16"])
def test_m04_maps_without_a_span(depth: str) -> None:
    """A constant map, and a map of one cell: they are encoded, and read back."""
    maps = {"constant": [[2.5, 2.5], [2.5, 2.5]], "zero": [[0, 0]], "cell": [[-7.25]], "small": [[1e-45]]}
    for name, values in maps.items():
        Path(f"{name}.json").write_text(json.dumps(values))
    Path("point.json").write_text("[[1]]")
    names = [f"{name}.json" for name in maps]
    done("conv", *names, "-f", "point.json", "--no-relu", "--depth", depth, "--out-dir", "maps")
    records = done("show", *(f"maps/{name}.point.conv.png" for name in maps), "--json").records
    for record, (name, values) in zip(records, maps.items(), strict=True):
        assert np.array_equal(np.array(record["values"], np.float32), np.array(values, np.float32)), name


@pytest.mark.parametrize("suffix", ["png", "npy", "csv", "json"])
@pytest.mark.parametrize(("weight", "word"), [("4", "inf"), ("-4", "-inf")])
def test_m04_infinity_to_encode(suffix: str, weight: str, word: str) -> None:
    """A response that leaves the range of float32: an error with its place."""
    Path("large.csv").write_text(f"1,2,3\n4,{2**127},6\n")
    Path("four.json").write_text(f"[[{weight}]]")
    Path(f"out.{suffix}").write_text("older")
    command = ("conv", "large.csv", "-f", "four.json", "--no-relu", "-o", f"out.{suffix}")
    refused(*command, says=("large.csv", f"{word} at", "row 1 column 1"))


def test_m04_the_largest_numbers_are_encoded() -> None:
    """Maps that reach the ends of float32, whose span is more than it holds."""
    largest = float(np.finfo(np.float32).max)
    Path("large.json").write_text(json.dumps([[largest, -largest, 0]]))
    Path("point.json").write_text("[[1]]")
    done("conv", "large.json", "-f", "point.json", "--no-relu", "-o", "out.png")
    values = done("show", "out.png", "--json").record["values"][0]
    assert np.abs(np.array(values) - [largest, -largest, 0]).max() <= largest / 65535 * 1.001


@pytest.mark.parametrize(
    ("command", "size"),
    [(("pool", "map.png", "--size", "9"), "9×9"), (("pool", "map.png", "--size", "1,4"), "1×4"),
     (("conv", "map.png", "-f", "log-9"), "9×9")],
)  # fmt: skip
@pytest.mark.usefixtures("written")
def test_m05_a_window_larger_than_the_map(command: tuple[str, ...], size: str) -> None:
    """A pool or a filter that is larger than the map: both sizes."""
    refused(*command, "--out-dir", "maps", says=("map.png", "3×3", size))
