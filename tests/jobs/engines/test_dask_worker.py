"""What a worker of a Dask cluster asks before it takes part, and does for whom it knows."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL
import pytest

import convtool
from convtool.core.threads import usable_threads
from convtool.jobs.engines.dask_worker import UnfitError, do, forget, greet, versions
from tests.jobs.engines.hanging import hanging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.jobs.conftest import MakeItem, MakeRecipe

RUN = "0123456789abcdef"


@pytest.fixture
def probe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A probe of a run in ``out``."""
    monkeypatch.setattr("convtool.core.threads._most", None)
    path = folder / "out" / ".convtool-batch-1-2.part"
    path.parent.mkdir()
    path.write_text(RUN)
    yield path
    forget(RUN)


def test_versions() -> None:
    named = versions()
    assert list(named) == ["convtool", "Python", "NumPy", "Pillow", "distributed"]
    assert named["convtool"] == convtool.__version__
    assert named["NumPy"] == np.__version__
    assert named["Pillow"] == PIL.__version__
    assert sys.version.startswith(named["Python"] + ".")


def test_who_is_greeted_answers_and_does_tasks(probe: Path, item: MakeItem, recipe: MakeRecipe) -> None:
    answer = Path(greet(RUN, recipe(), 60, str(probe), [str(probe.parent)]))
    assert re.fullmatch(r"\.convtool-batch-1-2-[0-9a-f]{8}\.part", answer.name)
    assert sorted(probe.parent.iterdir()) == sorted([probe, answer])
    assert usable_threads(None) == 1
    results = do(RUN, (item("a.png"), item("b.png")))
    assert results is not None
    assert [(result.item.place, result.status) for result in results] == [
        ("a.png", "done"),
        ("b.png", "done"),
    ]


def test_freed_memory_is_kept_again(probe: Path, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """As glibc does by itself, with as much as it would come to: 32 and 64 MiB."""
    told = []

    class Libc:
        def mallopt(self, option: int, value: int) -> None:
            told.append((option, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Libc())
    greet(RUN, recipe(), 60, str(probe), [])
    assert told == [(-3, 33554432), (-1, 67108864)]


def test_other_c_libraries_are_left_alone(
    probe: Path, recipe: MakeRecipe, item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    greet(RUN, recipe(), 60, str(probe), [])
    results = do(RUN, (item("a.png"),))
    assert results is not None
    assert results[0].status == "done"


def test_a_stranger_has_nothing_done(probe: Path, item: MakeItem, recipe: MakeRecipe) -> None:
    greet(RUN, recipe(), 60, str(probe), [])
    assert do("another", (item("a.png"),)) is None
    forget(RUN)
    forget(RUN)
    assert do(RUN, (item("a.png"),)) is None
    assert list(Path("out").glob("*.png")) == []


def test_an_image_that_takes_too_long_is_left_alone(probe: Path, item: MakeItem, recipe: MakeRecipe) -> None:
    greet(RUN, recipe(), 0.2, str(probe), [])
    slow = hanging()
    results = do(RUN, (slow, item("a.png")))
    os.close(os.open(slow.input, os.O_RDWR | os.O_NONBLOCK))  # its reader goes on, and ends
    assert results is not None
    late, done = results
    assert (late.item, late.status, late.exit) == (slow, "failed", 4)
    assert late.error == "in/hangs.png: it took longer than 0.2 s; allow more with --image-timeout"
    assert done.status == "done"


@pytest.mark.parametrize("text", [None, "another run"])
def test_a_folder_that_is_another_one_is_named(probe: Path, recipe: MakeRecipe, text: str | None) -> None:
    probe.unlink() if text is None else probe.write_text(text)
    with pytest.raises(UnfitError, match=f"^does not see what is in {probe.parent}; mount that folder there"):
        greet(RUN, recipe(), 60, str(probe), [])


def test_a_folder_that_is_not_there_is_named(probe: Path, recipe: MakeRecipe) -> None:
    with pytest.raises(UnfitError, match=r"^cannot read /nowhere; mount that folder there too$"):
        greet(RUN, recipe(), 60, str(probe), [str(probe.parent), "/nowhere"])


def test_a_folder_that_cannot_be_written_in_is_named(
    probe: Path, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(UnfitError, match=f"^cannot write in {probe.parent}: Read-only file system; give it"):
        greet(RUN, recipe(), 60, str(probe), [])
