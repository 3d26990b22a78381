"""Files that a file names: those beside it and below, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.io.beside import path_beside


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a file in it and below it, links out of it, and a file above it."""
    (tmp_path / "secret").write_text("secret")
    house = tmp_path / "house"
    (house / "sub" / "deep").mkdir(parents=True)
    for name in ("model.onnx", "data", "sub/data", "sub/deep/data", ".hidden", "..data", "a\\b"):
        (house / name).write_text(name)
    (house / "link").symlink_to("../secret")
    (house / "near").symlink_to("data")
    (house / "up").symlink_to("..")
    (house / "sub" / "round").symlink_to("deep")
    (house / "dangling").symlink_to("nowhere")
    os.mkfifo(house / "pipe")
    return house


@pytest.mark.parametrize(
    "location", ["data", "./data", "sub/data", "sub//deep/./data", ".hidden", "..data", "a\\b", "model.onnx"]
)
def test_files_beside_and_below(house: Path, location: str) -> None:
    found = path_beside(house / "model.onnx", location)
    assert found.samefile(house / location)
    assert found.is_relative_to(house)


def test_beside_a_file_of_the_current_folder(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house)
    assert path_beside("model.onnx", "sub/data") == Path("sub/data")
    assert path_beside("sub/data", "deep/data") == Path("sub/deep/data")


@pytest.mark.parametrize(
    "location",
    [
        *("", ".", "/", "/etc/passwd", "..", "../secret", "sub/../../secret", "sub/../data", "sub/.."),
        *("link", "near", "up/secret", "up/house/data", "sub/round/data", "dangling", "data\0", "\0"),
    ],
)
def test_what_leads_out_or_over_a_link(house: Path, location: str) -> None:
    with pytest.raises(InputError) as caught:
        path_beside(house / "model.onnx", location)
    assert str(caught.value) == (
        f"it names the file {location!r}; only files beside it are read, and no links"
    )


def test_absolute_names_of_the_folder_itself_are_refused(house: Path) -> None:
    with pytest.raises(InputError, match="only files beside it are read"):
        path_beside(house / "model.onnx", str(house / "data"))


@pytest.mark.parametrize("location", ["nope", "sub", "sub/nope", "data/nope", "pipe", "\ud800"])
def test_what_is_no_file_that_is_there(house: Path, location: str) -> None:
    with pytest.raises(InputError) as caught:
        path_beside(house / "model.onnx", location)
    assert str(caught.value) == (
        f"it names the file {location!r}, which is not there; put it beside model.onnx"
    )


def test_a_name_that_is_too_long(house: Path) -> None:
    with pytest.raises(InputError, match="which is not there"):
        path_beside(house / "model.onnx", "n" * 5000)


@given(location=st.lists(st.sampled_from(["..", ".", "", "sub", "deep", "data", "up", "/"])).map("/".join))
def test_nothing_outside_is_ever_named(location: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp() / "outside"
    house = base / "house"
    if not house.exists():
        (house / "sub" / "deep").mkdir(parents=True)
        for folder in (base, house, house / "sub", house / "sub" / "deep"):
            (folder / "data").write_text("")
        (house / "up").symlink_to("..")
        (house / "sub" / "up").symlink_to("..")
    try:
        found = path_beside(house / "model", location)
    except InputError:
        return
    assert found.resolve().is_relative_to(house.resolve())
    assert found.resolve() == house.resolve() / os.path.normpath(location)
