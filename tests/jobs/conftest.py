"""Fixtures of the jobs' tests: a folder to work in, recipes of batches, and images made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import PIL.Image
import pytest

from convtool.io.filters import read_filter
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

if TYPE_CHECKING:
    from convtool.jobs.options import Stage


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVTOOL_MAX_PIXELS", raising=False)
    return tmp_path


class MakeRecipe(Protocol):
    def __call__(self, *filters: str, **changes: Any) -> Recipe: ...


class MakeItem(Protocol):
    def __call__(self, name: str, seed: int = 0) -> Item: ...


@pytest.fixture
def recipe(folder: Path) -> MakeRecipe:
    """Makes recipes that write to ``out``."""
    saved: frozenset[Stage] = frozenset(("relu", "pool"))

    def make(*filters: str, **changes: Any) -> Recipe:
        given: dict[str, Any] = {
            "inputs": InputOptions(),
            "conv": ConvOptions(),
            "pool": PoolOptions(),
            "output": OutputOptions(saved, "out"),
        }
        banks = tuple(read_filter(name) for name in filters or ("sobel-x",))
        return Recipe(str(folder), banks, **{**given, **changes})

    return make


@pytest.fixture
def item(folder: Path) -> MakeItem:
    """Makes an image of noise, and the item that stands for it."""

    def make(name: str, seed: int = 0) -> Item:
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (12, 16), np.uint8)
        PIL.Image.fromarray(pixels).save(path)
        return Item(str(path), name, path.stat().st_size)

    return make
