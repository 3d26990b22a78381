"""A batch at work: lines in the inputs' order whatever the engine does, from the journal."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.journal import Journal
from convtool.jobs.batch.running import MOST_BYTES, MOST_IMAGES, run_batch, tasks_of
from convtool.jobs.batch.tally import Tally
from convtool.jobs.batch.work import Item, Recipe, Result

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from convtool.jobs.batch.work import Task
    from tests.jobs.conftest import MakeItem, MakeRecipe


class Shuffled:
    """Does all tasks in this process, and gives the results in any order and any lists."""

    workers = 2

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.taken = 0

    def run(self, recipe: Recipe, tasks: Iterator[Task]) -> Generator[list[Result], None, None]:
        waiting: list[Result] = []
        for task in tasks:
            self.taken += len(task)
            waiting += [finish(item, recipe) for item in task]
            self._random.shuffle(waiting)
            while waiting and self._random.random() < 0.7:
                count = self._random.randint(0, len(waiting))
                yield [waiting.pop() for _ in range(count)]
        yield waiting


def items_of(item: MakeItem, count: int) -> list[Item]:
    return [item(f"{number:02}.png", number) for number in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_lines_come_in_the_order_of_the_inputs(seed: int, item: MakeItem, recipe: MakeRecipe) -> None:
    items = items_of(item, 12)
    Path(items[3].input).write_bytes(b"")
    tally = Tally(12)
    with Journal.open("out", recipe(), fresh=False) as journal:
        lines = list(run_batch(items, recipe(), Shuffled(seed), journal, tally))
    assert [line["input"] for line in lines] == [each.input for each in items]
    assert [line["status"] for line in lines] == ["done"] * 3 + ["failed"] + ["done"] * 8
    assert (tally.done, tally.failed) == (11, 1)
    assert [len(line["outputs"]) for line in lines] == [2, 2, 2, 0] + [2] * 8
    with Journal.open("out", recipe(), fresh=False) as journal:
        again = list(run_batch(items, recipe(), Shuffled(seed), journal, Tally(12)))
    assert [line["status"] for line in again] == ["skipped"] * 3 + ["failed"] + ["skipped"] * 8
    assert [line["outputs"] for line in again] == [line["outputs"] for line in lines]


def test_a_line_is_given_only_when_it_is_in_the_journal(item: MakeItem, recipe: MakeRecipe) -> None:
    items = items_of(item, 6)
    with Journal.open("out", recipe(), fresh=False) as journal:
        for line in run_batch(items, recipe(), Shuffled(0), journal, Tally(6)):
            kept = Path("out/.convtool-journal.ndjson").read_text()
            assert f'"input": "{line["input"]}"' in kept


def test_after_a_failure_nothing_more_is_begun(item: MakeItem, recipe: MakeRecipe) -> None:
    items = items_of(item, 40)
    Path(items[0].input).write_bytes(b"")
    engine = Shuffled(1)
    with Journal.open("out", recipe(), fresh=False) as journal:
        lines = list(run_batch(items, recipe(), engine, journal, Tally(40), fail_fast=True))
    assert lines[0]["status"] == "failed"
    assert len(lines) <= engine.taken < 40


def test_it_can_be_watched(item: MakeItem, recipe: MakeRecipe) -> None:
    tally, seen = Tally(6), []
    with Journal.open("out", recipe(), fresh=False) as journal:
        list(
            run_batch(
                items_of(item, 6),
                recipe(),
                Shuffled(2),
                journal,
                tally,
                watch=lambda: seen.append(tally.finished),
            )
        )
    assert seen == sorted(seen)
    assert seen[-1] == 6


@given(
    st.lists(st.integers(0, 2 * MOST_BYTES), max_size=200),
    st.integers(1, 8),
)
def test_tasks_hold_every_image_once_and_are_small(sizes: list[int], workers: int) -> None:
    items = [Item(str(number), str(number), size) for number, size in enumerate(sizes)]
    tasks = list(tasks_of(items, _Nothing(), workers))  # type: ignore[arg-type]
    assert [each for task in tasks for each in task] == items
    for task in tasks:
        assert 1 <= len(task) <= MOST_IMAGES
        assert len(task) == 1 or sum(each.size for each in task) <= MOST_BYTES
    assert len(tasks) >= min(len(items), 4 * workers) or len(items) < 4 * workers


class _Nothing:
    """A journal in which nothing is proven."""

    def proof(self, place: str) -> None:
        return None


def test_small_images_go_together_until_few_are_left(item: MakeItem) -> None:
    items: Sequence[Item] = [Item(str(number), str(number), 1000) for number in range(1000)]
    sizes = [len(task) for task in tasks_of(items, _Nothing(), 2)]  # type: ignore[arg-type]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == MOST_IMAGES
    assert sizes[-8:] == [1] * 8
