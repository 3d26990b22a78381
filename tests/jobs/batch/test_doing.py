"""One image of a batch: done, proven to be done, or failed in one line; all its files or none."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from convtool.io.limits import Limits
from convtool.io.maps import load_map
from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.work import Item, Proof
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions
from tests import oracles
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from convtool.jobs.batch.work import Result
    from tests.jobs.conftest import MakeItem, MakeRecipe


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def proven(result: Result) -> Item:
    """The item with what a journal would say of it."""
    assert result.input_hash is not None
    paths = [os.path.relpath(record["output"], "out") for record in result.outputs]
    return replace(result.item, proof=Proof(result.input_hash, tuple(zip(paths, result.hashes, strict=True))))


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_an_image_is_done(item: MakeItem, recipe: MakeRecipe) -> None:
    image = item("a/photo.png")
    result = finish(image, recipe())
    assert (result.status, result.error, result.exit, result.notices) == ("done", None, 0, ())
    outputs = ["out/a/photo.sobel-x.map.png", "out/a/photo.sobel-x.pool.png"]
    assert [record["output"] for record in result.outputs] == outputs
    assert [record["input"] for record in result.outputs] == ["in/a/photo.png"] * 2
    assert result.input_hash == sha256("in/a/photo.png")
    assert list(result.hashes) == [sha256(path) for path in outputs]
    pixels = np.asarray(PIL.Image.open("in/a/photo.png"), np.float32)
    feature_map = oracles.relu(
        oracles.conv2d(pixels[None, None], np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]))
    )
    pooled, _ = oracles.max_pool2d(feature_map, 2)
    assert_same_bytes(load_map(outputs[0]), feature_map[0, 0].astype(np.float32))
    assert_same_bytes(load_map(outputs[1]), pooled[0, 0].astype(np.float32))


def test_the_options_are_those_of_the_recipe(item: MakeItem, recipe: MakeRecipe) -> None:
    chosen = recipe(
        "kirsch",
        conv=ConvOptions(stride=2, padding="same"),
        pool=PoolOptions("avg", 3),
        output=OutputOptions(frozenset({"conv", "pool"}), "out", format="npy"),
    )
    result = finish(item("a.png"), chosen)
    assert len(result.outputs) == 16
    assert {(record["stage"], record["shape"]) for record in result.outputs} == {
        ("conv", (6, 8)),
        ("pool", (2, 2)),
    }
    assert {Path(record["output"]).suffix for record in result.outputs} == {".npy"}


def test_of_what_is_not_written_there_are_records(item: MakeItem, recipe: MakeRecipe) -> None:
    result = finish(item("a.png"), recipe(output=OutputOptions(frozenset(), "out")))
    assert [(record["stage"], record["output"]) for record in result.outputs] == [
        ("conv", None),
        ("relu", None),
        ("pool", None),
    ]
    assert result.hashes == ()
    assert not Path("out").exists()


def test_what_is_proven_is_not_done_again(item: MakeItem, recipe: MakeRecipe) -> None:
    done = finish(item("a.png"), recipe())
    before = [Path(record["output"]).stat() for record in done.outputs]
    again = finish(proven(done), recipe())
    assert (again.status, again.outputs, again.input_hash) == ("skipped", (), done.input_hash)
    assert [Path(record["output"]).stat() for record in done.outputs] == before


@pytest.mark.parametrize("change", ["input", "output changed", "output gone"])
def test_what_is_not_proven_any_more_is_done_again(item: MakeItem, recipe: MakeRecipe, change: str) -> None:
    done = finish(item("a.png"), recipe())
    output = Path(done.outputs[1]["output"])
    match change:
        case "input":
            item("a.png", seed=1)
        case "output changed":
            output.write_bytes(output.read_bytes() + b"x")
        case "output gone":
            output.unlink()
    again = finish(proven(done), recipe())
    assert again.status == "done"
    assert (again.hashes == done.hashes) == (change != "input")
    assert sha256(output) == again.hashes[1]


@pytest.mark.parametrize(
    ("name", "content", "exit_code", "says"),
    [
        ("none.png", None, 3, "in/none.png: cannot be read: No such file or directory"),
        ("empty.png", b"", 3, "in/empty.png: it is empty"),
        ("short.png", b"\x89PNG\r\n\x1a\n", 3, "in/short.png: the PNG ends before its last chunk"),
        ("tiny.json", b"[[1]]", 3, "in/tiny.json with sobel-x: "),
        ("large.csv", b"1,2\n" * 50, 4, "in/large.csv: the image is 50×2, 100 pixels"),
    ],
)
def test_a_fault_is_one_line_with_its_exit_code(
    recipe: MakeRecipe, name: str, content: bytes | None, exit_code: int, says: str
) -> None:
    Path("in").mkdir()
    if content is not None:
        Path("in", name).write_bytes(content)
    result = finish(Item(f"in/{name}", name, 0), recipe(inputs=InputOptions(limits=Limits(99))))
    assert (result.status, result.exit, result.outputs) == ("failed", exit_code, ())
    assert result.error is not None
    assert result.error.startswith(says)
    assert "\n" not in result.error
    assert not Path("out").exists()


def test_all_files_of_an_image_are_written_or_none(item: MakeItem, recipe: MakeRecipe) -> None:
    Path("wide.json").write_text("[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]")
    result = finish(item("a.png"), recipe("sobel-x", "wide.json"))
    assert result.exit == 3
    assert result.error is not None
    assert result.error.startswith("in/a.png with wide: ")
    assert names("out") == []


def test_an_output_that_cannot_be_written(item: MakeItem, recipe: MakeRecipe) -> None:
    image = item("a.png")
    Path("out/a.sobel-x.pool.png").mkdir(parents=True)
    result = finish(image, recipe())
    assert (result.status, result.exit) == ("failed", 5)
    assert result.error == "out/a.sobel-x.pool.png: it is a folder; name a file in it"
    assert names("out") == []


def test_notices(item: MakeItem, recipe: MakeRecipe) -> None:
    image = item("a.png")
    PIL.Image.new("RGBA", (8, 8)).save("in/a.png")
    assert finish(image, recipe()).notices == ("in/a.png: alpha is dropped",)
    strict = finish(image, recipe(strict=True))
    assert (strict.status, strict.exit) == ("failed", 3)
    assert strict.error == "in/a.png: alpha is dropped; refused because of --strict"


@pytest.mark.parametrize("named", ["in/a.png", "./in/a.png", "{folder}/in/a.png"])
def test_what_is_said_of_files_names_them_as_the_user_does(
    item: MakeItem, recipe: MakeRecipe, folder: Path, named: str
) -> None:
    item("a.png")
    image = Item(named.format(folder=folder), "a.png", 0)
    PIL.Image.new("RGBA", (8, 8)).save("in/a.png")
    assert finish(image, recipe()).notices == (f"{image.input}: alpha is dropped",)
    Path("in/a.png").write_bytes(b"")
    assert finish(image, recipe()).error == f"{image.input}: it is empty"


@pytest.mark.parametrize("named", ["out", "./out", "{folder}/out"])
def test_what_is_said_of_outputs_names_their_folder_as_the_user_does(
    item: MakeItem, recipe: MakeRecipe, folder: Path, named: str
) -> None:
    out = named.format(folder=folder)
    Path("out/a.sobel-x.pool.png").mkdir(parents=True)
    result = finish(item("a.png"), recipe(output=OutputOptions(frozenset({"pool"}), out)))
    assert result.error == f"{Path(out)}/a.sobel-x.pool.png: it is a folder; name a file in it"


def test_a_pipe_is_read_and_proves_nothing(recipe: MakeRecipe) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(b"1,2,3\n4,5,6\n7,8,9\n",))
    writer.start()
    result = finish(Item("pipe", "pipe", 0), recipe(pool=PoolOptions(size=None)))
    writer.join()
    assert (result.status, result.input_hash) == ("done", None)
    assert result.outputs[0]["values"] == [[8]]
