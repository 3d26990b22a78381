"""``convtool batch``: Conv → ReLU → Pool of thousands of images."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import options as o
from convtool.cli.batch_options import Finding, Working
from convtool.cli.display import written_anyway
from convtool.cli.faults import SOME_FAILED, say
from convtool.cli.groups import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convtool.jobs.batch.work import Item, Recipe


@grouped
def batch(
    *,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Images, and folders of them.", show_default=False),
    ] = None,
    filters: o.Filters,
    out_dir: Annotated[
        str, typer.Option("--out-dir", metavar="DIR", help="Folder of the outputs, a tree like the inputs'.")
    ],
    finding: Finding,
    working: Working,
    fail_fast: Annotated[
        bool,
        typer.Option(
            "--fail-fast/--keep-going", help="Stop at the first image that fails, or do the others."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do nothing, but tell what would be done, at what cost.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do everything anew, whatever is done already.")
    ] = False,
    save: o.Save = "map,pool",
    pooling: o.Pooling,
    sliding: o.Sliding,
    reading: o.Reading,
    encoding: o.Encoding,
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Run Conv, ReLU and Pool on many images, and print one JSON line for each.

    What is done is kept in a journal in the folder: the same command again does what is left, or what
    has changed since.

    \b
    Examples:
      convtool batch photos/ --recursive --filter sobel-x --out-dir maps/
      find . -name '*.jpg' -print0 | convtool batch --files-from - -0 -f log-5 --out-dir maps/
      convtool batch a -f log-5 --out-dir b --engine dask --scheduler tcp://c:8786
    """
    from convtool.cli.display import Display
    from convtool.cli.progress import BatchProgress
    from convtool.jobs.batch.journal import Journal
    from convtool.jobs.batch.placing import placed
    from convtool.jobs.batch.preparing import check_apart, prepared
    from convtool.jobs.batch.running import run_batch
    from convtool.jobs.batch.tally import Tally
    from convtool.jobs.reading import check_stdin_once

    check_stdin_once([*filters, finding.files_from or ""])
    recipe = prepared(
        filters,
        inputs=working.reading(reading.options()),
        conv=sliding.options(),
        pool=pooling.options(),
        output=encoding.to_folder(out_dir, save),
        strict=reading.strict,
        notify=Display(quiet=quiet, strict=reading.strict).notice,
    )
    items = finding.items(paths or [], out_dir, Display(quiet=quiet).notice)
    check_apart(items, recipe)
    if dry_run:
        _tell(items, recipe, working.processes, fresh=fresh, quiet=quiet)
        return
    tally = Tally(len(items))
    with Journal.open(out_dir, recipe, fresh=fresh) as journal:
        items = placed(items, journal.sources, out_dir)
        engine = working.start(items, journal)  # of one that cannot be reached, only the fault is told
        with BatchProgress(tally, quiet=quiet) as progress:
            lines = run_batch(
                items, recipe, engine, journal, tally, fail_fast=fail_fast, watch=progress.update
            )
            with closing(lines), written_anyway(lines):
                for line in lines:
                    if not quiet:
                        progress.make_room()
                        print(json.dumps(line), flush=True)
    if tally.failed:
        raise typer.Exit(SOME_FAILED)


def _tell(items: Sequence[Item], recipe: Recipe, jobs: int, *, fresh: bool, quiet: bool) -> None:
    """Print a line for each image as if it were done, and what all of them cost."""
    from convtool.cli.progress import duration
    from convtool.jobs.batch.estimating import estimated
    from convtool.jobs.batch.journal import Journal
    from convtool.jobs.batch.placing import placed

    files = images = failed = 0
    memory, seconds = 0, 0.0
    with Journal.peek(recipe.output.folder, recipe) as journal:
        for item in placed(items, {} if fresh else journal.sources, recipe.output.folder):
            proof = None if fresh else journal.proof(item.place)
            line = estimated(replace(item, proof=proof), recipe)
            if not quiet:
                print(json.dumps(line), flush=True)
            if line["error"] is not None:
                say(line["error"])
            failed += line["status"] == "failed"
            images += line["status"] == "planned"
            files += len(line["outputs"])
            memory = max(memory, line["memory"] or 0)
            seconds += line["seconds"] or 0.0
    if not quiet:
        say(
            f"{images:,} of {len(items):,} images would be done: {files:,} files, at most about "
            f"{memory / 1e6:,.0f} MB a worker, about {duration(seconds / jobs)} with {jobs} worker(s)"
        )
    if failed:
        raise typer.Exit(SOME_FAILED)
