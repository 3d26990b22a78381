"""The keys of the records of ``learn``, ``find`` and ``recover`` are those that the page on them explains."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests import scenes
from tests.cli.runner import in_process

PAGE = Path(__file__).parents[2] / "docs" / "learning.md"


def explained(command: str) -> list[str]:
    """The keys in the first column of a command's table."""
    _, table = PAGE.read_text().split(f"| `{command}` | |\n")
    rows = [line for line in table.partition("\n\n")[0].splitlines() if line.startswith("| `")]
    return sorted(key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ("learn", "--patch", "a.png@3,4,5,5", "-o", "f.json"),
        ("find", "a.png", "--filter", "box-3", "--top", "1"),
        ("recover", "a.png", "a.png", "--size", "3", "-o", "f.json"),
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.usefixtures("folder")
def test_every_key_is_explained(arguments: tuple[str, ...]) -> None:
    scenes.save("a.png", scenes.noise(1, 20, 24).astype(np.uint8))
    finished = in_process(*arguments, "--json")
    assert finished.code == 0
    assert sorted(finished.record) == explained(arguments[0])
