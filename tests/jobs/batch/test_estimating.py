"""Dry runs: the very files that would be written, a memory that suffices, and costs that grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool.io.limits import Limits
from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.estimating import estimated
from convtool.jobs.batch.work import Item, Proof
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions

if TYPE_CHECKING:
    from tests.jobs.conftest import MakeItem, MakeRecipe


def draw(name: str, shape: tuple[int, ...] = (40, 50), **options: Any) -> Item:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if name.endswith(".npy"):
        np.save(name, pixels)
    else:
        PIL.Image.fromarray(pixels).save(name, **options)
    return Item(name, name, Path(name).stat().st_size)


@pytest.mark.parametrize("channels", ["luma", "each"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("a.png", (40, 50)), ("b.jpg", (40, 50, 3)), ("c.npy", (2, 40, 50)), ("d.npy", (40, 50))],
)
@pytest.mark.parametrize("save", [{"relu", "pool"}, {"conv"}])
def test_the_files_are_those_that_are_written(
    name: str, shape: tuple[int, ...], channels: Any, save: Any, recipe: MakeRecipe
) -> None:
    item = draw(name, shape)
    chosen = recipe(
        "kirsch", "gaussian-3", inputs=InputOptions(channels), output=OutputOptions(frozenset(save), "out")
    )
    line = estimated(item, chosen)
    result = finish(item, chosen)
    if result.status == "failed":  # a filter of one channel on a matrix of two
        assert (name, channels) == ("c.npy", "luma")
        return
    assert sorted(line["outputs"]) == sorted(record["output"] for record in result.outputs)
    assert (line["status"], line["error"]) == ("planned", None)


def test_the_memory_is_that_which_the_work_is_held_against(recipe: MakeRecipe) -> None:
    item = draw("a.png", (400, 500))
    memory = estimated(item, recipe())["memory"]
    assert finish(item, recipe(inputs=InputOptions(limits=Limits(memory=memory)))).status == "done"
    refused = finish(item, recipe(inputs=InputOptions(limits=Limits(memory=memory // 3))))
    assert refused.exit == 4


def test_time_grows_with_pixels_filters_and_files(recipe: MakeRecipe) -> None:
    small, large = draw("a.png"), draw("b.png", (400, 500))
    seconds = estimated(small, recipe())["seconds"]
    assert 0 < seconds < estimated(large, recipe())["seconds"]
    assert seconds < estimated(small, recipe("kirsch"))["seconds"]
    as_text = recipe(output=OutputOptions(frozenset({"relu", "pool"}), "out", format="csv"))
    assert seconds < estimated(small, as_text)["seconds"]
    assert estimated(small, recipe(conv=ConvOptions(stride=4)))["seconds"] < seconds


def test_a_photograph_on_its_side(recipe: MakeRecipe) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    item = draw("a.jpg", (3, 50), exif=exif)
    assert estimated(item, recipe("motion-9"))["status"] == "failed"
    assert estimated(draw("b.jpg", (40, 50), exif=exif), recipe("motion-9"))["status"] == "planned"


def test_what_is_proven_costs_nothing(item: MakeItem, recipe: MakeRecipe) -> None:
    result = finish(item("a.png"), recipe())
    assert result.input_hash is not None
    paths = [Path(record["output"]).name for record in result.outputs]
    proven = replace(
        result.item, proof=Proof(result.input_hash, tuple(zip(paths, result.hashes, strict=True)))
    )
    line = estimated(proven, recipe())
    assert (line["status"], line["outputs"], line["seconds"]) == ("skipped", [], None)
    assert estimated(result.item, recipe())["status"] == "planned"


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [(b"", 3, "it is empty"), (b"\x89PNG\r\n\x1a\n", 3, "damaged"), (b"5 6", 3, "not a finite number")],
)
def test_a_fault_is_told(content: bytes, code: int, says: str, recipe: MakeRecipe) -> None:
    Path("bad.png").write_bytes(content)
    line = estimated(Item("bad.png", "bad.png", 0), recipe())
    assert (line["status"], line["exit"]) == ("failed", code)
    assert line["error"].startswith("bad.png: ")
    assert says in line["error"]
    assert not Path("out").exists()


def test_of_an_image_that_no_filter_fits_no_files_are_told(recipe: MakeRecipe) -> None:
    np.save("five.npy", np.ones((5, 9, 9), np.float32))
    line = estimated(Item("five.npy", "five.npy", 0), recipe())
    assert (line["status"], line["outputs"], line["exit"]) == ("failed", [], 3)
    assert "channels" in line["error"]
