"""What every engine does: the same results as without one, none missing, in time, and no more than asked."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.work import Item, Proof, Recipe, Result
from tests.cli.runner import contents
from tests.jobs.engines.hanging import hanging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convtool.jobs.batch.work import Task
    from convtool.jobs.engines import Engine
    from tests.jobs.conftest import MakeItem, MakeRecipe
    from tests.jobs.engines.conftest import MakeEngine


def results_of(engine: Engine, recipe: Recipe, items: Sequence[Item], most: int = 3) -> list[Result]:
    """The results in the order of the items, of which there is one each."""
    tasks = (tuple(items[start : start + most]) for start in range(0, len(items), most))
    results = [result for results in engine.run(recipe, tasks) for result in results]
    found = {result.item.input: result for result in results}
    assert len(found) == len(results)
    return [found[item.input] for item in items]


def timeless(result: Result) -> Result:
    """A result without what differs from run to run."""
    outputs = tuple({**record, "seconds": 0.0} for record in result.outputs)
    return replace(result, outputs=outputs, seconds=0.0)


def test_two_workers(engine: MakeEngine, recipe: MakeRecipe) -> None:
    connected = engine()
    assert connected.workers == 2
    assert list(connected.run(recipe(), iter(()))) == []


def test_results_are_those_of_this_process(
    engine: MakeEngine, item: MakeItem, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convtool.core.threads._most", 1)
    items = [item(f"{number % 2}/{number}.png", number) for number in range(10)]
    what = recipe("sobel-x", "gaussian-3")
    expected = [timeless(finish(each, what)) for each in items]
    written = contents(Path("out"))
    for path in Path("out").rglob("*.png"):
        path.unlink()
    results = results_of(engine(), what, items)
    assert [timeless(result) for result in results] == expected
    assert {result.status for result in results} == {"done"}
    assert contents(Path("out")) == written


def test_what_is_wrong_with_an_image_is_its_own_affair(
    engine: MakeEngine, item: MakeItem, recipe: MakeRecipe
) -> None:
    Path("in").mkdir()
    Path("in/text.png").write_text("no picture")
    items = [item("a.png"), Item("in/text.png", "text.png", 10), Item("in/none.png", "none.png", 0)]
    items.append(item("b.png", 1))
    results = results_of(engine(), recipe(), items, 4)
    assert [(result.status, result.exit) for result in results] == [
        ("done", 0),
        ("failed", 3),
        ("failed", 3),
        ("done", 0),
    ]
    assert [timeless(result) for result in results[1:3]] == [
        timeless(finish(each, recipe())) for each in items[1:3]
    ]


def test_what_is_proven_is_not_done_again(engine: MakeEngine, item: MakeItem, recipe: MakeRecipe) -> None:
    image = item("a.png")
    (done,) = results_of(engine(), recipe(), [image])
    assert done.input_hash == sha256(Path(image.input).read_bytes()).hexdigest()
    names = [str(Path(record["output"]).relative_to("out")) for record in done.outputs]
    proof = Proof(done.input_hash, tuple(zip(names, done.hashes, strict=True)))
    (skipped,) = results_of(engine(), recipe(), [replace(image, proof=proof)])
    assert skipped.status == "skipped"


def test_an_image_that_takes_too_long_is_given_up(
    engine: MakeEngine, item: MakeItem, recipe: MakeRecipe
) -> None:
    items = [item("0.png"), hanging(), item("1.png"), item("2.png"), item("3.png")]
    os.open("in/hangs.png", os.O_RDWR)  # so that its reader waits for data, not for somebody to write them
    done, late, *others = results_of(engine(image_timeout=1.5), recipe(), items)
    assert (late.status, late.exit) == ("failed", 4)
    assert late.error == "in/hangs.png: it took longer than 1.5 s; allow more with --image-timeout"
    assert {result.status for result in (done, *others)} == {"done"}


def test_tasks_are_taken_when_there_is_room(engine: MakeEngine, item: MakeItem, recipe: MakeRecipe) -> None:
    image = item("a.png")
    taken = 0

    def endless() -> Iterator[Task]:
        nonlocal taken
        while True:
            taken += 1
            yield (replace(image, place=f"{taken}/a.png"),)

    with closing(engine().run(recipe(), endless())) as batches:
        given = sum(len(next(batches)) for _ in range(20))
        assert given >= 20
        assert taken <= given + 5  # two at work, two that wait for them, and the next


def test_closing_ends_all_work_at_once(engine: MakeEngine, item: MakeItem, recipe: MakeRecipe) -> None:
    tasks = iter([(item("0.png"),), (hanging(), item("1.png"))])
    with closing(engine().run(recipe(), tasks)) as batches:
        ((first,),) = [next(batches)]
        start = time.monotonic()
    assert time.monotonic() - start < 2
    assert first.item.place == "0.png"
    os.close(os.open("in/hangs.png", os.O_RDWR | os.O_NONBLOCK))  # whoever still waits for it goes on
    time.sleep(0.5)
    assert not Path("out/1.sobel-x.map.png").exists()
    assert list(Path("out").glob(".convtool*")) == []


def test_a_fault_of_who_gives_the_tasks_comes_through(
    engine: MakeEngine, item: MakeItem, recipe: MakeRecipe
) -> None:
    def tasks() -> Iterator[Task]:
        yield (item("0.png"),)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(engine().run(recipe(), tasks()))
