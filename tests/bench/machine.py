"""The machine and the software that numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from convtool import __version__
from tests.bench.peers import NotInstalled, program, versions

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def hold_to_cores(threads: int) -> None:
    """Keep this process, and those it starts, on as many cores as it may use threads (Linux)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def describe(threads: int) -> dict[str, Any]:
    """Processor, versions and date, as JSON can hold them."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": platform.platform(),
        "python": platform.python_version(),
        "convtool": __version__,
        "blas": f"{blas['name']} {blas['version']}",
        **versions(),
        **_programs(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if not listing.exists():
        return platform.processor()
    fields = (line.partition(":") for line in listing.read_text().splitlines())
    names = [value.strip() for key, _, value in fields if key.strip() == "model name"]
    return names[0] if names else platform.machine()


def _programs() -> dict[str, str]:
    found = {}
    for peer, names in {"vips": ["vips"], "ImageMagick": ["magick", "convert"]}.items():
        try:
            command = [program(peer, *names), "--version"]
        except NotInstalled:
            continue
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if number := _VERSION.search(answer.stdout):
            found[peer] = number[0]
    return found
