"""The arithmetic and the files of a batch alone: no hashes, records or journal, a plain pool of processes."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from convtool.core.threads import use_at_most
from convtool.io.atomic import Together
from convtool.jobs.batch.doing import MARK
from convtool.jobs.batch.work import Recipe
from convtool.jobs.image import convolve_image
from convtool.jobs.outputs import Outputs
from tests.bench.batch.recipes import recipe


def work(made: Recipe, path: Path) -> None:
    """Make and write the maps of one image, all or none."""
    folder = Path(made.output.folder, path.relative_to(made.folder).parent)
    with Together(MARK) as files:
        output = replace(made.output, folder=str(folder))
        outcomes = convolve_image(
            str(path),
            made.filters,
            Outputs(output, [str(path)], print, files.replacing),
            inputs=made.inputs,
            conv=made.conv,
            pool=made.pool,
            wanted=made.output.save,
            notify=print,
        )
        for convolved in outcomes:
            for _ in convolved.outcomes:
                pass


def main() -> None:
    """Do all images of a tree."""
    source, target, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    paths = sorted(source.rglob("*.*"))
    with get_context("spawn").Pool(workers, use_at_most, (1,)) as pool:
        for _ in pool.imap_unordered(partial(work, recipe(source, target)), paths, chunksize=8):
            pass


if __name__ == "__main__":
    main()
