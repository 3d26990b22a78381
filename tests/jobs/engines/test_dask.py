"""Dask clusters that lose workers or their scheduler, or that have workers of another kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool.errors import OutputError
from convtool.jobs.batch.doing import finish
from convtool.jobs.engines.dask import DaskEngine
from tests.cli.runner import contents
from tests.jobs.engines.clusters import ROOT, DaskCluster
from tests.jobs.engines.hanging import caught_reading, hanging, meanwhile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convtool.jobs.batch.work import Item, Recipe, Result, Task
    from tests.jobs.conftest import MakeItem, MakeRecipe

FORGET = "from convtool.jobs.engines import dask_worker; dask_worker._greetings.clear()"
GOES_ON = "the same command goes on from here$"


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster without workers yet."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


def engine_of(cluster: DaskCluster, timeout: float = 20) -> DaskEngine:
    return DaskEngine.connect(cluster.address, timeout=timeout, image_timeout=60, folders=["."])


def tasks_of(items: Sequence[Item], most: int) -> Iterator[Task]:
    return (tuple(items[start : start + most]) for start in range(0, len(items), most))


def results_of(engine: DaskEngine, recipe: Recipe, tasks: Iterator[Task]) -> dict[str, Result]:
    """The results by their inputs, of which there is one each."""
    results = [result for results in engine.run(recipe, tasks) for result in results]
    found = {result.item.input: result for result in results}
    assert len(found) == len(results)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("failures", ["0", "3"])
def test_a_worker_that_is_killed_costs_nothing(
    tmp_path_factory: pytest.TempPathFactory, item: MakeItem, recipe: MakeRecipe, failures: str
) -> None:
    """However soon its scheduler gives up tasks."""
    items = [item(f"{number}.png", number) for number in range(60)]
    for each in items:
        finish(each, recipe())
    expected = contents(Path("out"))
    for path in Path("out").iterdir():
        path.unlink()
    settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": failures}
    with DaskCluster(tmp_path_factory.mktemp("dask"), **settings) as cluster:
        cluster.start_worker()
        cluster.start_worker()
        results = {}
        for batch in engine_of(cluster).run(recipe(), tasks_of(items, 2)):
            for result in batch:
                assert result.item.input not in results
                results[result.item.input] = result
            if len(results) >= 20 and len(cluster.pids) == 2:
                cluster.kill(cluster.pids[0])
    assert results.keys() == {each.input for each in items}
    assert {result.status for result in results.values()} == {"done"}
    parts = [path for path in Path("out").iterdir() if path.suffix == ".part"]
    for part in parts:  # of the worker that was killed while it wrote
        part.unlink()
    assert contents(Path("out")) == expected


@pytest.mark.slow
def test_an_image_that_kills_two_workers_fails_and_no_other(
    cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe
) -> None:
    for _ in range(3):
        cluster.start_worker()
    poison = hanging()
    items = [item("0.png"), poison, *(item(f"{number}.png", number) for number in range(1, 9))]

    def kill_twice() -> None:
        for _ in range(2):
            cluster.kill(caught_reading(poison, lambda: cluster.pids))

    with meanwhile(kill_twice):
        results = results_of(engine_of(cluster), recipe(), tasks_of(items, 3))
    failed = results.pop(poison.input)
    assert len(cluster.pids) == 1
    assert (failed.status, failed.exit) == ("failed", 5)
    assert failed.error is not None
    assert failed.error.startswith("in/hangs.png: its worker died twice (tcp://127.0.0.1:")
    assert results.keys() == {each.input for each in items if each != poison}
    assert {result.status for result in results.values()} == {"done"}


def test_a_worker_that_was_started_anew_is_greeted_anew(
    cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe
) -> None:
    """It may have the address of the one before, and does not know what that one was told."""
    import distributed

    cluster.start_worker()
    items = [item(f"{number}.png", number) for number in range(8)]
    results = []
    with distributed.Client(cluster.address, set_as_default=False) as other:
        for batch in engine_of(cluster).run(recipe(), tasks_of(items, 1)):
            if not results:
                other.run(exec, FORGET)
            results += batch
    assert {result.item.input for result in results} == {each.input for each in items}
    assert {result.status for result in results} == {"done"}
    assert len(results) == 8


def test_a_worker_that_comes_later_takes_part(
    cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe
) -> None:
    cluster.start_worker()
    slow = hanging()
    later: list[int] = []

    def relieve() -> None:
        caught_reading(slow, lambda: cluster.pids)
        later.append(cluster.start_worker().pid)

    items = [item(f"{number}.png", number) for number in range(8)]
    with (
        meanwhile(relieve),
        closing(engine_of(cluster).run(recipe(), tasks_of([slow, *items], 1))) as batches,
    ):
        done = {result.item.input for _ in range(7) for result in next(batches)}
    assert len(done) == 7  # all but the one that hangs, and the one that waits behind it
    assert len(later) == 1


@pytest.mark.slow
def test_a_scheduler_that_dies(cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe) -> None:
    cluster.start_worker()
    slow = hanging()

    def kill() -> None:
        caught_reading(slow, lambda: cluster.pids)
        cluster.scheduler.kill()
        died.append(time.monotonic())

    died: list[float] = []
    with (
        meanwhile(kill),
        pytest.raises(OutputError, match=f"^the scheduler at {cluster.address} is gone; once it .*{GOES_ON}"),
    ):
        results_of(engine_of(cluster), recipe(), tasks_of([slow, item("a.png")], 1))
    assert time.monotonic() - died[0] < 5


@pytest.mark.slow
def test_the_last_worker_dies(cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe) -> None:
    cluster.start_worker()
    slow = hanging()
    with (
        meanwhile(lambda: cluster.kill(caught_reading(slow, lambda: cluster.pids))),
        pytest.raises(OutputError, match=f"^no worker .* has answered for 2 s; start some .*{GOES_ON}"),
    ):
        results_of(engine_of(cluster, timeout=2), recipe(), tasks_of([slow, item("a.png")], 1))


@pytest.mark.parametrize(
    ("before", "fault"),
    [
        (
            "import convtool; convtool.__version__ = '0.0.1'",
            r" has convtool 0\.0\.1, not \S+ as this machine; install there what is here: convtool .*, NumPy",
        ),
        (
            "import sys; sys.modules['convtool'] = None",
            r" cannot run convtool \(.*ModuleNotFoundError.*\); install there what is here: convtool ",
        ),
        (
            "from convtool.jobs.engines import dask_worker as w; w.greet = lambda *_: '/nowhere/x.part'",
            r" writes files in \S+/out that are not seen here; mount that folder there too$",
        ),
        (
            "import os; os.access = lambda *_: False",
            r" cannot read \S+; mount that folder there too$",
        ),
    ],
    ids=["version", "convtool", "outputs", "inputs"],
)
class TestAWorkerThatIsUnfit:
    """It is named, with what is wrong, before anything is done, or when it comes."""

    def test_at_the_start(
        self, cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe, before: str, fault: str
    ) -> None:
        cluster.start_worker(before)
        with pytest.raises(OutputError, match=r"^worker tcp://127\.0\.0\.1:\d+" + fault):
            results_of(engine_of(cluster), recipe(), iter([(item("a.png"),)]))
        assert list(Path("out").iterdir()) == []

    @pytest.mark.slow
    def test_that_comes_later(
        self, cluster: DaskCluster, item: MakeItem, recipe: MakeRecipe, before: str, fault: str
    ) -> None:
        cluster.start_worker()
        with pytest.raises(OutputError, match=r"^worker tcp://127\.0\.0\.1:\d+" + fault):  # noqa: SIM117
            with meanwhile(lambda: cluster.start_worker(before)):
                results_of(engine_of(cluster), recipe(), iter([(hanging(),)]))
        assert list(Path("out").iterdir()) == []


SCRIPT = """
import sys
from convtool.errors import OutputError
from convtool.io.filters import read_filter
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.engines.dask import DaskEngine
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

address, folder = sys.argv[1:]
output = OutputOptions(frozenset({"pool"}), "out")
recipe = Recipe(folder, (read_filter("sobel-x"),), InputOptions(), ConvOptions(), PoolOptions(), output)
tasks = [(Item("in/a.png", "a.png", 0),), (Item("in/hangs.png", "hangs.png", 0),)]
engine = DaskEngine.connect(address, timeout=20, image_timeout=60, folders=[])
try:
    for results in engine.run(recipe, iter(tasks)):
        print(results[0].status, flush=True)
except (OutputError, KeyboardInterrupt) as fault:
    print(repr(fault))
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["worker", "scheduler", "client"])
def test_dask_itself_says_nothing_and_keeps_nobody(cluster: DaskCluster, item: MakeItem, what: str) -> None:
    """Whoever ends."""
    cluster.start_worker()
    item("a.png")
    slow = hanging()
    command = [sys.executable, "-W", "error", "-c", SCRIPT, cluster.address, str(Path.cwd())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "done\n"
        pid = caught_reading(slow, lambda: cluster.pids)
        if what == "worker":
            Path(slow.input).unlink()
            item("hangs.png")
            cluster.kill(pid)
            cluster.start_worker()
        elif what == "scheduler":
            cluster.scheduler.kill()
        else:
            client.send_signal(signal.SIGINT)
        start = time.monotonic()
        out, err = client.communicate(timeout=30)
    assert err == ""
    assert client.returncode == 0
    assert time.monotonic() - start < 5
    ends = {"worker": "done", "scheduler": "OutputError", "client": "KeyboardInterrupt()"}
    assert out.startswith(ends[what])
    assert len(out.splitlines()) == 1
