"""What memory is to be had, from the system's files as they are and as they might be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from convtool.io import memory
from convtool.io.memory import available_memory

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = "MemTotal:       9000 kB\nMemFree:         100 kB\nMemAvailable:    5000 kB\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the system's files, which says that 5000 KiB are available."""
    (tmp_path / "meminfo").write_text(SYSTEM)
    monkeypatch.setattr(memory, "SYSTEM", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "groups")
    return tmp_path


def group(folder: Path, names: tuple[str, str], limit: str, used: int, stat: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip((*names, "memory.stat"), (limit, str(used), stat), strict=True):
        (folder / name).write_text(content + "\n")


V1 = "memory.limit_in_bytes", "memory.usage_in_bytes"
V2 = "memory.max", "memory.current"


def test_of_this_machine() -> None:
    assert 2**20 < available_memory() < 2**50


def test_what_the_system_says_is_available(place: Path) -> None:
    assert available_memory() == 5000 * 1024
    (place / "own").write_text("0::/\n")
    assert available_memory() == 5000 * 1024


def test_a_system_that_does_not_say(place: Path) -> None:
    (place / "meminfo").unlink()
    assert available_memory() > 2**20


@pytest.mark.parametrize(
    ("own", "names", "top", "kept"),
    [
        ("0::/a/b\n", V2, "", "inactive_file"),
        ("4:memory:/a/b\n1:cpu:/\n", V1, "memory", "total_inactive_file"),
    ],
)
def test_the_tightest_of_all_groups_counts(
    place: Path, own: str, names: tuple[str, str], top: str, kept: str
) -> None:
    (place / "own").write_text(own)
    groups = place / "groups" / top
    group(groups, names, "100000", 99_000, "")
    assert available_memory() == 1000
    group(groups, names, "100000", 0, "")
    group(groups / "a", names, "max" if names == V2 else str(2**63 - 4096), 5, "")
    group(groups / "a" / "b", names, "50000", 30_000, f"anon 7\n{kept} 10000\nactive_file 3")
    assert available_memory() == 30_000
    group(groups / "a" / "b", names, "50000", 70_000, "")
    assert available_memory() == 0
