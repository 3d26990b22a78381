"""``python -m tests.bench.batch``: how fast batches are, how much memory they take, what all images cost."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from compileall import compile_dir
from pathlib import Path
from typing import NamedTuple

from tests.bench.batch import cluster, costs, memory, pieces, scheduling, throughput
from tests.bench.batch.commands import WORKERS
from tests.bench.figures import Figure, text
from tests.bench.machine import describe, hold_to_cores
from tests.bench.peers import NotInstalled
from tests.readme import ROOT


class Part(NamedTuple):
    """Figures that are measured together, and on how much."""

    images: int
    unit: str
    figures: Callable[[int, Path], Iterator[Figure]]


PARTS = {
    "throughput": Part(2000, "photographs of 512²", throughput.figures),
    "memory": Part(20_000, "pictures of 16²", memory.figures),
    "dask": Part(500, "photographs of 512²", cluster.figures),
    "costs": Part(500, "photographs of each size at most", costs.figures),
    "pieces": Part(50, "photographs", pieces.figures),
    "scheduling": Part(5000, "tasks", scheduling.figures),
}


def main() -> None:
    """Print every figure beside what it should reach."""
    parser = ArgumentParser(prog="python -m tests.bench.batch", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=[*PARTS], action="append", help="one part; may be repeated")
    parser.add_argument("--images", metavar="N", type=int, help="so many for each part, to see that it runs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write machine and figures to FILE")
    chosen = parser.parse_args()
    hold_to_cores(WORKERS)
    compile_dir(ROOT / "convtool", quiet=1)  # as an installation is
    found = []
    for name in chosen.only or PARTS:
        part = PARTS[name]
        images = chosen.images or part.images
        print(f"{name}, {images:,} {part.unit}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            try:
                for figure in part.figures(images, Path(scratch)):
                    print(text(figure), flush=True)
                    found.append(figure._asdict())
            except NotInstalled as missing:
                print(f"  not measured: {missing}")
    if chosen.json:
        records = {"machine": describe(WORKERS), "figures": found}
        chosen.json.write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    main()
