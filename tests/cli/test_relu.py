"""``convtool relu``: saved responses, rectified."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_map, save_map
from tests.cli.runner import contents, in_process
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RESPONSE = np.array([[-2, 0, 1.5, 0, 0], [3, -0.25, 0, 0, 0]], np.float32)


@pytest.mark.parametrize("suffix", ["npy", "csv", "json"])
def test_what_is_negative_becomes_zero(suffix: str) -> None:
    save_map(f"a.{suffix}", RESPONSE)
    finished = in_process("relu", f"a.{suffix}", "-o", "map.npy")
    assert finished.out == (
        f"ReLU · a.{suffix} · 2 × 5 → map.npy\n"
        "  |       0       1       2       3       4\n"
        "--+----------------------------------------\n"
        "0 |  0.0000  0.0000  1.5000  0.0000  0.0000\n"
        "1 |  3.0000  0.0000  0.0000  0.0000  0.0000\n"
        "\n"
    )
    assert_same_bytes(np.load("map.npy"), np.maximum(RESPONSE, 0))


def test_a_picture_counts_as_its_values_and_keeps_its_filter(folder: Path) -> None:
    save_map("a.sobel-x.conv.png", np.rint(RESPONSE), stage="conv", filter="sobel-x")
    finished = in_process("relu", "a.sobel-x.conv.png")
    assert finished.err == ""
    assert finished.out.splitlines()[0] == "ReLU · a.sobel-x.conv.png · sobel-x · 2 × 5 → a.sobel-x.map.png"
    assert load_map("a.sobel-x.map.png").tolist() == [[0, 0, 2, 0, 0], [3, 0, 0, 0, 0]]
    record = in_process("show", "a.sobel-x.map.png", "--json").record
    assert (record["filter"], record["stage"]) == ("sobel-x", "relu")


def test_every_plane_of_an_array_is_a_map(folder: Path) -> None:
    np.save("planes.npy", np.stack([RESPONSE, -RESPONSE]))
    finished = in_process("relu", "planes.npy", "--json", "--format", "npy")
    assert [(r["filter"], r["output"]) for r in finished.records] == [
        ("01", "planes.01.map.npy"),
        ("02", "planes.02.map.npy"),
    ]
    assert_same_bytes(np.load("planes.02.map.npy"), np.maximum(-RESPONSE, 0))
    in_process("relu", "planes.npy", "-o", "both.npy")
    assert_same_bytes(np.load("both.npy"), np.maximum(np.stack([RESPONSE, -RESPONSE]), 0))


@pytest.mark.parametrize("suffix", ["png", "csv"])
def test_one_plane_is_one_map(suffix: str) -> None:
    np.save("plane.npy", np.rint(RESPONSE)[np.newaxis])
    assert in_process("relu", "plane.npy", "-o", f"map.{suffix}").err == ""
    assert load_map(f"map.{suffix}").tolist() == [[0, 0, 2, 0, 0], [3, 0, 0, 0, 0]]


def test_a_picture_of_several_planes_is_refused(mistake: Callable[..., str]) -> None:
    np.save("planes.npy", np.zeros((2, 5, 5), np.float32))
    says = "-o as PNG holds one map, 2 are made; use --out-dir, or NPY or JSON"
    mistake("relu", "planes.npy", "-o", "map.png", code=2, says=says)


def test_channels_each_keeps_colours_apart(colour: NDArray[np.float32], folder: Path) -> None:
    finished = in_process("relu", "colour.png", "--channels", "each", "-q", "--out-dir", "maps")
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    assert set(contents(folder / "maps")) == {f"colour.{channel}.map.png" for channel in "RGB"}
    for channel, plane in zip("RGB", colour, strict=True):
        assert_same_bytes(load_map(f"maps/colour.{channel}.map.png"), plane)


@pytest.mark.usefixtures("gray")
def test_a_picture_that_is_no_map_is_noticed() -> None:
    """M1."""
    finished = in_process("relu", "gray.png", "--json")
    assert finished.code == 0
    assert finished.err == (
        "convtool: notice: gray.png: no map file of convtool; its pixels are taken as they are\n"
    )
    assert finished.record["convention"] is None
    assert finished.record["plan"] is None


def test_a_map_is_never_written_over_itself(mistake: Callable[..., str]) -> None:
    save_map("a.map.png", RESPONSE)
    says = r"^convtool: a.map.png: the output would replace the input a.map.png; name another$"
    mistake("relu", "a.map.png", code=2, says=says)


def test_two_planes_of_two_files_never_share_a_file(folder: Path) -> None:
    np.save("a.npy", np.stack([RESPONSE, -RESPONSE]))
    np.save("a.02.npy", RESPONSE)
    finished = in_process("relu", "a.npy", "a.02.npy", "--format", "npy", "-q")
    assert finished.code == 2
    assert re.fullmatch(
        "convtool: a.02.npy: another input has just been written to a.02.map.npy; rename one\n", finished.err
    )
    assert_same_bytes(np.load("a.02.map.npy"), np.maximum(-RESPONSE, 0))
