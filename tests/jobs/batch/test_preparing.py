"""What a batch is to do, checked before any of it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from convtool.errors import ArgumentError, InputError, OutputError
from convtool.io.limits import Limits
from convtool.jobs.batch.preparing import check_apart, prepared, shared
from convtool.jobs.batch.work import Item
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

if TYPE_CHECKING:
    from convtool.jobs.batch.work import Recipe
    from convtool.jobs.options import Stage

SAVE: frozenset[Stage] = frozenset(("relu", "pool"))


def prepare(*filters: str, **changes: Any) -> Recipe:
    given: dict[str, Any] = {
        "inputs": InputOptions(),
        "conv": ConvOptions(),
        "pool": PoolOptions(),
        "output": OutputOptions(SAVE, "maps"),
        "strict": False,
        "notify": pytest.fail,
    }
    return prepared(filters, **{**given, **changes})


def test_filters_are_read_once(folder: Path) -> None:
    Path("edge.json").write_text("[[1, -1]]")
    recipe = prepare("sobel-x", "edge.json")
    assert [file.label for file in recipe.filters] == ["sobel-x", "edge"]
    assert recipe.folder == str(folder)
    assert recipe.output_folder == folder / "maps"


def test_from_a_folder_that_is_gone(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(OutputError, match="the current folder is gone; change to one that is there"):
        prepare("sobel-x")


def test_two_filters_that_would_write_one_file(folder: Path) -> None:
    Path("sobel-x.json").write_text("[[1, -1]]")
    with pytest.raises(ArgumentError, match="with sobel-x would write an-image"):
        prepare("sobel-x", "sobel-x.json")


def test_a_filter_that_an_output_could_replace(folder: Path) -> None:
    Path("maps/sub").mkdir(parents=True)
    Path("maps/sub/a.b.map.json").write_text("[[1]]")
    Path("link.json").symlink_to("maps/sub/a.b.map.json")
    as_json = OutputOptions(SAVE, "maps", format="json")
    for name in ("maps/sub/a.b.map.json", "link.json"):
        with pytest.raises(ArgumentError, match=f"{name}: an output could replace this filter"):
            prepare(name, output=as_json)
    assert prepare("link.json").filters[0].label == "link"
    assert prepare("link.json", output=OutputOptions(frozenset({"conv"}), "maps", format="json")).filters


def test_options_that_contradict_each_other() -> None:
    with pytest.raises(ArgumentError, match="--range is the scale of a picture"):
        prepare("sobel-x", output=OutputOptions(SAVE, "maps", format="npy", limits=(0, 1)))
    with pytest.raises(ArgumentError, match="--out-dir is empty"):
        prepare("sobel-x", output=OutputOptions(SAVE, ""))


def test_what_a_filter_loses_is_told_once(folder: Path) -> None:
    Path("tiny.json").write_text("[[1e-400]]")
    told: list[str] = []
    prepare("tiny.json", notify=told.append)
    assert len(told) == 1
    Path("bad.json").touch()
    with pytest.raises(InputError, match=r"bad\.json: it is empty"):
        prepare("bad.json")


def test_workers_share_what_memory_there_is() -> None:
    one, four = (shared(InputOptions(limits=Limits(7)), workers).limits for workers in (1, 4))
    assert one is not None
    assert four is not None
    assert one.pixels == four.pixels == 7
    assert one.memory is not None
    assert four.memory is not None
    assert 3 < one.memory / four.memory < 5
    given = InputOptions(limits=Limits(memory=1000))
    assert shared(given, 4) == given


def test_maps_by_different_filters_of_one_name(folder: Path) -> None:
    for name in ("b.c.json", "c.json"):
        Path(name).write_text("[[1, -1]]")
    items = [Item(f"photos/{name}", name, 0) for name in ("a.b.png", "a.png", "x/a.png")]
    check_apart(items, prepare("b.c.json"))
    check_apart(items[1:], prepare("b.c.json", "c.json"))
    says = r"photos/a\.b\.png and photos/a\.png would both write a\.b\.c\.map\.png, by different filters"
    with pytest.raises(ArgumentError, match=says):
        check_apart(items, prepare("b.c.json", "c.json"))
