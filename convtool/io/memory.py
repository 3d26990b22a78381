"""How much memory is to be had: by the system, and by every control group that this process is in."""

from __future__ import annotations

import os
import re
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
SYSTEM = Path("/proc/meminfo")


def available_memory() -> int:
    """Bytes that could be had without swapping and without being killed."""
    return min([_left_in_system(), *_left_in_groups()])


def _left_in_system() -> int:
    """What the system still has; where it does not say (macOS), all that is built in."""
    try:
        found = re.search(r"^MemAvailable:\s*(\d+) kB", SYSTEM.read_text(), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _left_in_groups() -> list[int]:
    """For every group of version 2 or 1, from ours to the outermost, its limit less its use."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:
        return []
    left = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            top = GROUPS / controllers
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                left += _left_in_group(folder, version=1 if controllers else 2)
                if folder == top:
                    break
    return left


def _left_in_group(folder: Path, version: int) -> list[int]:
    """At most one number: a group without a limit, or that is not to be seen from here, has none."""
    limit, used, kept = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    try:
        free = int((folder / limit).read_text()) - int((folder / used).read_text())
        # Pages of files are counted as used, but given up when they are needed.
        found = re.search(rf"^{kept} (\d+)$", (folder / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # not there, or "max"
        return []
    return [max(0, free + (int(found[1]) if found else 0))]
