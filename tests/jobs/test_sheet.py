"""What stands on a contact sheet: maps with what their files know, and pictures whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import save_map
from convtool.errors import ArgumentError, InputError
from convtool.jobs.options import InputOptions
from convtool.jobs.sheet import Shown, shown
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from pathlib import Path

VALUES = np.float32([[0, 1], [3, 500]])


def read(*paths: Path | str, as_maps: bool = False, **options: Any) -> list[Shown]:
    notices: list[str] = []
    found = shown(
        [str(path) for path in paths],
        pictures_as_maps=as_maps,
        inputs=InputOptions(**options),
        notify=notices.append,
    )
    every = list(found)
    assert not notices
    return every


def photo(path: Path, *shape: int) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    return pixels.astype(np.float32)


def test_a_map_file_knows_its_filter_and_its_stage(tmp_path: Path) -> None:
    save_map(tmp_path / "a.png", VALUES, stage="conv", filter="sobel-x")
    (found,) = read(tmp_path / "a.png")
    assert (found.part, found.filter, found.stage, found.picture) == (None, "sobel-x", "conv", False)
    assert found.input == str(tmp_path / "a.png")
    assert_equal(found.values, VALUES)


def test_every_plane_of_an_array_is_a_map(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.stack([VALUES, -VALUES]))
    first, second = read(tmp_path / "a.npy")
    assert [each.part for each in (first, second)] == ["01", "02"]
    assert_equal(second.values, -VALUES)


def test_pictures_are_whole_and_without_a_notice(tmp_path: Path) -> None:
    gray, colour = photo(tmp_path / "gray.png", 4, 5), photo(tmp_path / "colour.png", 4, 5, 3)
    first, second = read(tmp_path / "gray.png", tmp_path / "colour.png")
    assert first.picture
    assert second.picture
    assert_equal(first.values, gray[np.newaxis])
    assert_equal(second.values, colour.transpose(2, 0, 1))


def test_channels_each_gives_a_picture_for_each(tmp_path: Path) -> None:
    colour = photo(tmp_path / "colour.png", 4, 5, 3)
    found = read(tmp_path / "colour.png", channels="each")
    assert [(each.part, each.picture) for each in found] == [("R", True), ("G", True), ("B", True)]
    assert_equal(found[2].values, colour[np.newaxis, ..., 2])


def test_a_scale_changes_values_and_not_how_pictures_look(tmp_path: Path) -> None:
    gray = photo(tmp_path / "gray.png", 4, 5)
    assert_equal(read(tmp_path / "gray.png", scale="unit")[0].values, gray[np.newaxis])
    assert_equal(read(tmp_path / "gray.png", scale="unit", as_maps=True)[0].values, gray / np.float32(255))


def test_pictures_that_count_as_maps_are_brightness(tmp_path: Path) -> None:
    photo(tmp_path / "colour.png", 4, 5, 3)
    (found,) = read(tmp_path / "colour.png", as_maps=True, scale="unit")
    assert (found.picture, found.values.shape) == (False, (4, 5))
    assert found.values.max() <= 1


def test_they_are_read_one_by_one(tmp_path: Path) -> None:
    save_map(tmp_path / "a.png", VALUES)
    found = shown(
        [str(tmp_path / "a.png"), "nope.png"], pictures_as_maps=False, inputs=InputOptions(), notify=print
    )
    assert_equal(next(found).values, VALUES)
    with pytest.raises(InputError, match=r"^nope\.png: cannot be read"):
        next(found)


def test_standard_input_holds_one() -> None:
    with pytest.raises(ArgumentError, match=r"^- is given twice"):
        read("-", "-")
