"""Fixtures of the tests of outputs: a folder to work in, with one input of every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from convtool import save_map

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a photo, a saved map, a matrix, a filter and a bank of two."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for variable in ("CONVTOOL_MAX_PIXELS", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    random = np.random.default_rng(1)
    PIL.Image.fromarray(random.integers(0, 256, (40, 50), np.uint8)).save("photo.png")
    save_map("saved.png", random.integers(-99, 99, (40, 50)))
    np.save("matrix.npy", random.random((40, 50), np.float32))
    (folder / "edge.json").write_text(json.dumps({"weights": [[1, 0, -1]] * 3}))
    (folder / "bank.json").write_text(json.dumps({"weights": [[[1, 2]], [[3, -4]]], "names": ["a", "b"]}))
    return folder
