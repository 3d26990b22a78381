"""Fixtures of the command line's tests: a folder to work in, pictures to work on, and mistakes to make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from tests.cli.runner import contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    for variable in ("CONVTOOL_MAX_PIXELS", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def gray(folder: Path) -> NDArray[np.float32]:
    """The numbers of ``gray.png``, a photo of 17 × 22 pixels in 8 bits."""
    pixels = np.random.default_rng(1).integers(0, 256, (17, 22), np.uint8)
    PIL.Image.fromarray(pixels).save(folder / "gray.png")
    return pixels.astype(np.float32)


@pytest.fixture
def colour(folder: Path) -> NDArray[np.float32]:
    """The numbers (3, 17, 22) of ``colour.png``, a photo in 8 bits a channel."""
    pixels = np.random.default_rng(2).integers(0, 256, (17, 22, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(folder / "colour.png")
    return pixels.transpose(2, 0, 1).astype(np.float32)


@pytest.fixture
def notes(folder: Path) -> Path:
    """``notes.json``, a matrix of 3 × 3, and ``diagonal.json``, the filter laid on it in the notes."""
    (folder / "diagonal.json").write_text('{"weights": [[1, 0], [0, 1]]}')
    image = folder / "notes.json"
    image.write_text("[[1, 0, 2], [3, 1, 0], [0, 0, 4]]")
    return image


@pytest.fixture
def mistake(folder: Path) -> Callable[..., str]:
    """Run a command that must fail: by its code, one line on stderr, and nothing else anywhere."""

    def check(*arguments: str | PathLike[str], code: int, says: str, **options: Any) -> str:
        before = contents(folder)
        finished = in_process(*arguments, **options)
        assert (finished.code, finished.data) == (code, b""), finished
        assert finished.err.startswith("convtool: ")
        assert len(finished.err.splitlines()) == finished.err.count("\n") == 1, finished.err
        assert finished.err[:-1].isprintable()
        assert re.search(says, finished.err), finished.err
        assert contents(folder) == before
        return finished.err

    return check
