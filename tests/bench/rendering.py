"""``python -m tests.bench.rendering``: whole processes that draw, each with its seconds."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from PIL import Image

from convtool import feature_maps, load_filter, save_map
from tests.bench.images import photograph
from tests.bench.processes import run_process
from tests.bench.timing import seconds

RUNS = 7

SIDE, LARGE = 512, 4096

LARGEST_PAGE = 3_000_000
"""Bytes that the report should stay below."""

Words = list[str | Path]


class Drawn(NamedTuple):
    """A command that draws, and the seconds that it should stay below."""

    name: str
    command: Words
    reach: float


def drawings(scratch: Path) -> Iterator[Drawn]:
    """A contact sheet of many maps, a bank's on a sheet and on a page, a large photograph in a terminal."""
    convtool: Words = [sys.executable, "-m", "convtool"]
    picture = scratch / "photo.png"
    Image.fromarray(photograph(SIDE).astype(np.uint8)).save(picture)
    maps = feature_maps(photograph(SIDE), load_filter("kirsch"), relu=False, padding="same")
    paths = []
    for number, values in enumerate([*maps, *np.maximum(maps, 0)], 1):
        paths.append(scratch / f"{number:02d}.map.png")
        save_map(paths[-1], values)
    sheet: Words = ["sheet", *paths, "-o", scratch / "sheet.png", "-q"]
    yield Drawn(f"sheet of {len(paths)} maps of {SIDE}²", [*convtool, *sheet], 1.0)
    run: Words = ["run", picture, "-f", "kirsch", "--save", "none", "--sheet", scratch / "run.png", "-q"]
    yield Drawn(f"run --sheet of {len(maps)} filters on {SIDE}²", [*convtool, *run], 1.0)
    report: Words = ["report", picture, "-f", "kirsch", "-o", scratch / "report.html"]
    yield Drawn(f"report of {len(maps)} filters on {SIDE}²", [*convtool, *report], 2.0)
    large = scratch / "large.png"
    Image.fromarray(photograph(LARGE).astype(np.uint8)).save(large)
    show: Words = ["show", large, "--color", "always"]
    yield Drawn(f"show, its numbers, of {LARGE}²", [*convtool, *show], 1.0)
    yield Drawn(f"show --view of {LARGE}²", [*convtool, *show, "--view"], 1.0)


def measured(work: Callable[[], object]) -> list[float]:
    """The seconds of every run, the quickest first."""
    return sorted(seconds(work) for _ in range(RUNS))


def text(name: str, times: Sequence[float], reach: float) -> str:
    """One line: the median of the runs, their ends, and what was to be reached."""
    late = "" if median(times) < reach else "  MISSED"
    return f"  {name:<40}{median(times):>7.2f} s  [{times[0]:.2f}, {times[-1]:.2f}]  < {reach:g}{late}"


def main() -> None:
    """Time every drawing."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, command, reach in drawings(Path(scratch)):
            print(text(name, measured(lambda command=command: run_process(command)), reach), flush=True)
        page = Path(scratch, "report.html").stat().st_size
        print(f"  {'the report':<40}{page / 1e6:>7.2f} MB  < {LARGEST_PAGE / 1e6:g}")


if __name__ == "__main__":
    main()
