"""Places of images in a folder that has maps: where they were, and never those of other images."""

from __future__ import annotations

from pathlib import Path

import pytest

from convtool.errors import ArgumentError
from convtool.jobs.batch.placing import placed
from convtool.jobs.batch.work import Item

SOURCES = {"mon/a.png": "../ph/mon/a.png", "tue/a.png": "../ph/tue/a.png"}


@pytest.fixture(autouse=True)
def photographs(folder: Path) -> None:
    for path in SOURCES.values():
        file = Path("maps", path)
        file.parent.mkdir(parents=True)
        file.touch()


def places(*items: tuple[str, str], sources: dict[str, str] = SOURCES) -> list[str]:
    return [each.place for each in placed([Item(path, place, 0) for path, place in items], sources, "maps")]


def test_a_folder_without_maps_has_no_tree() -> None:
    assert places(("ph/mon/a.png", "a.png"), sources={}) == ["a.png"]


def test_a_part_of_the_images_lies_where_it_lay() -> None:
    assert places(("ph/tue/a.png", "a.png"), ("ph/tue/b.png", "b.png")) == ["tue/a.png", "tue/b.png"]
    assert places((str(Path("ph/mon/a.png").absolute()), "a.png")) == ["mon/a.png"]
    assert places(("./ph/../ph/mon/a.png", "a.png")) == ["mon/a.png"]


def test_more_images_than_before_have_a_tree_of_their_own() -> None:
    assert places(("ph/mon/a.png", "ph/mon/a.png"), ("b.png", "b.png")) == ["ph/mon/a.png", "b.png"]


def test_maps_of_another_image_are_not_replaced() -> None:
    for name in ("a.png", "b.png"):
        Path("other/mon").mkdir(parents=True, exist_ok=True)
        Path("other/mon", name).touch()
    says = r"^other/mon/a\.png would replace the maps of .*/ph/mon/a\.png in --out-dir; name another folder"
    with pytest.raises(ArgumentError, match=says):
        places(("other/mon/a.png", "mon/a.png"))
    assert places(("other/mon/b.png", "mon/b.png")) == ["mon/b.png"]


def test_an_image_that_has_gone_leaves_its_place() -> None:
    Path("ph/mon/a.png").unlink()
    assert places(("other/mon/a.png", "mon/a.png")) == ["mon/a.png"]


def test_one_image_by_two_names_is_one() -> None:
    Path("link").symlink_to("ph")
    assert places(("link/mon/a.png", "mon/a.png")) == ["mon/a.png"]


def test_sources_that_lead_nowhere_do_no_harm() -> None:
    assert places(("x/a.png", "a.png"), sources={"b.png": "nonsense", "c.png": "\udcff"}) == ["a.png"]
