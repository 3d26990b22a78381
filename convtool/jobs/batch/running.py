"""A batch at work: images to an engine, results to the journal, lines in the order of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from convtool.io.atomic import remove_parts
from convtool.jobs.batch.doing import MARK
from convtool.jobs.batch.journal import Journal
from convtool.jobs.batch.tally import Tally
from convtool.jobs.batch.work import Item, Recipe, Task
from convtool.jobs.engines import Engine

MOST_IMAGES, MOST_BYTES = 16, 4 * 2**20
"""Of a task: enough small images that handing them over costs nothing, too few to leave a worker idle."""


def run_batch(
    items: Sequence[Item],
    recipe: Recipe,
    engine: Engine,
    journal: Journal,
    tally: Tally,
    *,
    fail_fast: bool = False,
    watch: Callable[[], None] = lambda: None,
) -> Generator[dict[str, Any], None, None]:
    """Do what is not proven done, and give a line for every image, in the order of the items.

    What is done is in the journal before its line is given. Results that wait for their turn are kept
    there too, not in memory. Closing the iterator stops all work.

    Parameters
    ----------
    tally
        Counts the results as they come.
    fail_fast
        Begin nothing more once an image has failed; those that have not been done have no line.
    watch
        Called when results have been counted.
    """
    _remove_leftovers(items, recipe)
    numbers = {item.place: number for number, item in enumerate(items)}
    finished: dict[int, tuple[int, bool]] = {}
    due = 0
    with closing(engine.run(recipe, tasks_of(items, journal, engine.workers))) as batches:
        for results in batches:
            new = [result for result in results if result.status != "skipped"]
            written = journal.append(new) if new else []
            offsets = dict(zip((result.item.place for result in new), written, strict=True))
            for result in results:
                place = result.item.place
                offset = offsets.get(place, journal.last(place))
                assert offset is not None  # only what the journal proves is skipped
                finished[numbers[place]] = offset, result.status == "skipped"
                tally.count(result)
            watch()
            while due in finished:
                yield _line(items[due], recipe, journal, *finished.pop(due))
                due += 1
            if fail_fast and tally.failed:
                break
    for number in sorted(finished):
        yield _line(items[number], recipe, journal, *finished[number])
    _remove_leftovers(items, recipe)


def tasks_of(items: Sequence[Item], journal: Journal, workers: int) -> Iterator[Task]:
    """The images in their order, small ones several at a time, each with its proof."""
    most = max(1, min(MOST_IMAGES, len(items) // (4 * workers)))
    task: list[Item] = []
    size = 0
    for item in items:
        if task and (len(task) == most or size + item.size > MOST_BYTES):
            yield tuple(task)
            task, size = [], 0
        task.append(replace(item, proof=journal.proof(item.place)))
        size += item.size
    if task:
        yield tuple(task)


def _line(item: Item, recipe: Recipe, journal: Journal, offset: int, skipped: bool) -> dict[str, Any]:
    entry = journal.read(offset)
    if skipped:  # done earlier, when files may have been named from elsewhere
        for record in entry["outputs"]:
            record["input"] = item.input
        written = (record for record in entry["outputs"] if record["output"] is not None)
        for record, path in zip(written, entry["outputs_sha256"], strict=True):
            record["output"] = str(Path(recipe.output.folder, path))
    return {
        "input": item.input,
        "status": "skipped" if skipped else entry["status"],
        "outputs": entry["outputs"],
        "error": entry["error"],
        "exit": entry["exit"],
    }


def _remove_leftovers(items: Sequence[Item], recipe: Recipe) -> None:
    """Remove what earlier runs, and processes that were killed, have left unfinished."""
    for folder in {recipe.output_folder, *(recipe.folder_of(item) for item in items)}:
        remove_parts(folder, MARK)
