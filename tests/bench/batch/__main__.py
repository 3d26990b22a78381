"""``python -m tests.bench.batch``: how fast batches are, how much memory they take, what all images cost."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from compileall import compile_dir
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import report
from tests.bench.batch import cluster, costs, memory, pieces, scheduling, throughput
from tests.bench.batch.commands import WORKERS
from tests.bench.figures import Figure, text
from tests.bench.machine import describe, hold_to_cores
from tests.bench.peers import NotInstalled
from tests.readme import ROOT

NOTE = ROOT / "docs" / "scale.md"


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
    """Print every figure beside what it should reach, and write what was asked for."""
    parser = ArgumentParser(prog="python -m tests.bench.batch", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=[*PARTS], action="append", help="one part; may be repeated")
    parser.add_argument("--images", metavar="N", type=int, help="so many for each part, to see that it runs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write machine and figures to FILE")
    parser.add_argument("--docs", action="store_true", help=f"write the figures into docs/{NOTE.name}")
    chosen = parser.parse_args()
    if chosen.docs and (chosen.only or chosen.images):
        parser.error("--docs publishes a full run; leave out --only and --images")
    hold_to_cores(WORKERS)
    compile_dir(ROOT / "convtool", quiet=1)  # as an installation is
    found: dict[str, list[Figure]] = {}
    for name in chosen.only or PARTS:
        images = chosen.images or PARTS[name].images
        title = f"{name}, {images:,} {PARTS[name].unit}"
        print(title)
        found[title] = []
        with tempfile.TemporaryDirectory() as scratch:
            try:
                for figure in PARTS[name].figures(images, Path(scratch)):
                    print(text(figure), flush=True)
                    found[title].append(figure)
            except NotInstalled as missing:
                print(f"  not measured: {missing}")
    machine = describe(WORKERS)
    if chosen.json:
        parts = {title: [figure._asdict() for figure in figures] for title, figures in found.items()}
        chosen.json.write_text(json.dumps({"machine": machine, "parts": parts}, indent=1) + "\n")
    if chosen.docs:
        NOTE.write_text(report.rewritten(NOTE.read_text(), markdown(found, machine)))


def markdown(parts: Mapping[str, Iterable[Figure]], machine: Mapping[str, Any]) -> str:
    """A table with a line for each figure; **bold** what is not as it should be."""
    lines = ["| | measured | should be |", "| --- | ---: | --- |"]
    for title, figures in parts.items():
        lines.append(f"| *{title}* | | |")
        for figure in figures:
            value = f"{figure.value:.4g}" if figure.holds else f"**{figure.value:.4g}**"
            reach = "" if figure.reach is None else f"{'≤' if figure.most else '≥'} {figure.reach:g}"
            lines.append(f"| {figure.name} | {value} | {reach} |")
    facts = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "\n".join([*lines, "", f"Measured by `python -m tests.bench.batch`: {facts}.", ""])


if __name__ == "__main__":
    main()
