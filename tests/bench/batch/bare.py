"""The arithmetic and the files of a batch alone: no hashes, records or journal, a plain pool of processes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from convtool.io.atomic import Together
from convtool.io.filters import FilterFile, read_filter
from convtool.jobs.batch.doing import MARK
from convtool.jobs.image import convolve_image
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions, Stage
from convtool.jobs.outputs import Outputs
from tests.bench.batch.commands import FILTERS

SAVED: frozenset[Stage] = frozenset(("relu", "pool"))


@dataclass(frozen=True)
class Tree:
    """Where images lie, where their maps go, and by which filters they are made."""

    source: Path
    target: Path
    filters: tuple[FilterFile, ...]


def work(tree: Tree, path: Path) -> None:
    """Make and write the maps of one image, all or none."""
    folder = tree.target / path.relative_to(tree.source).parent
    with Together(MARK) as files:
        options = OutputOptions(SAVED, folder=str(folder))
        made = convolve_image(
            str(path),
            tree.filters,
            Outputs(options, [str(path)], print, files.replacing),
            inputs=InputOptions(),
            conv=ConvOptions(),
            pool=PoolOptions(),
            wanted=SAVED,
            notify=print,
        )
        for convolved in made:
            for _ in convolved.outcomes:
                pass


def main() -> None:
    """Do all images of a tree."""
    source, target, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    tree = Tree(source, target, tuple(map(read_filter, FILTERS)))
    with get_context("spawn").Pool(workers) as pool:
        for _ in pool.imap_unordered(partial(work, tree), sorted(source.rglob("*.*")), chunksize=8):
            pass


if __name__ == "__main__":
    main()
