"""Faults of clusters: workers that die or differ, schedulers that go, as the table of faults says."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import SAMPLES, Finished, contents, spawned
from tests.faults.commands import assert_says, run
from tests.jobs.engines.clusters import DaskCluster
from tests.jobs.engines.hanging import caught_reading, hanging

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="workers are found by what they have open"),
]

DONE = [f"in/{number}.json" for number in range(6)]


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler alone."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def images() -> None:
    Path("in").mkdir()
    for name in DONE:
        Path(name).write_bytes((SAMPLES / "notes-blend.json").read_bytes())


def words(address: str, *images: str) -> list[str]:
    given = ["-f", "identity", "--pool", "1", "--out-dir", "out", "--engine", "dask"]
    return ["batch", *images, *given, "--scheduler", address, "--timeout", "3"]


def on(cluster: DaskCluster, *images: str) -> Finished:
    return run(*words(cluster.address, *images))


def statuses(finished: Finished) -> dict[str, str]:
    return {line["input"]: line["status"] for line in finished.records}


def test_d01_a_worker_that_dies(cluster: DaskCluster) -> None:
    """Its images are done by another worker, and every result is right."""
    slow = hanging()
    cluster.start_worker()
    cluster.start_worker()
    with spawned(*words(cluster.address, *DONE, slow.input)) as batch:
        pid = caught_reading(slow, lambda: cluster.pids)
        Path(slow.input).unlink()
        Path(slow.input).write_bytes(Path(DONE[0]).read_bytes())
        cluster.kill(pid)
        data, err = batch.communicate(timeout=60)
    finished = Finished(batch.returncode, data, err.decode())
    assert finished.code == 0, finished
    assert statuses(finished) == dict.fromkeys([*DONE, slow.input], "done")
    maps = {name: content for name, content in contents(Path("out")).items() if name.endswith(".png")}
    assert len(maps) == 14
    assert len(set(maps.values())) == 2


def test_d02_an_image_that_kills_workers(cluster: DaskCluster) -> None:
    """It fails after two of them, and nothing else does."""
    slow = hanging()
    for _ in range(3):
        cluster.start_worker()
    with spawned(*words(cluster.address, *DONE, slow.input)) as batch:
        for _ in range(2):
            cluster.kill(caught_reading(slow, lambda: cluster.pids))
        data, err = batch.communicate(timeout=60)
    finished = Finished(batch.returncode, data, err.decode())
    assert finished.code == 6, finished
    assert statuses(finished) == {**dict.fromkeys(DONE, "done"), slow.input: "failed"}
    (failed,) = [line for line in finished.records if line["status"] == "failed"]
    assert_says(failed["error"], (slow.input, "its worker died twice"))


def test_d03_no_workers(cluster: DaskCluster) -> None:
    """It ends when nobody has come for so long."""
    assert_says(
        on(cluster, *DONE).err, ("no worker of the scheduler at", "for 3 s", "the same command goes on")
    )
    assert on(cluster, *DONE).code == 5


def test_d03_a_scheduler_that_is_lost(cluster: DaskCluster) -> None:
    """What was done is kept, and another engine goes on."""
    slow = hanging()
    cluster.start_worker()
    with spawned(*words(cluster.address, *DONE, slow.input)) as batch, closing(batch.stdout):  # type: ignore[type-var]
        assert batch.stdout is not None
        for _ in DONE:
            batch.stdout.readline()
        cluster.scheduler.send_signal(signal.SIGKILL)
        _, err = batch.communicate(timeout=60)
    assert batch.returncode == 5
    assert_says(err.decode(), ("the scheduler at", "is gone", "the same command goes on"))
    Path(slow.input).unlink()
    again = run("batch", *DONE, "-f", "identity", "--pool", "1", "--out-dir", "out")
    assert statuses(again) == dict.fromkeys(DONE, "skipped")


def test_d03_no_scheduler() -> None:
    """It is told at once that nobody answers, and how to start one."""
    finished = run(*words("tcp://127.0.0.1:1", *DONE))
    assert finished.code == 5
    assert_says(finished.err, ("no scheduler answers at tcp://127.0.0.1:1", "dask scheduler"))


def test_d04_another_version(cluster: DaskCluster) -> None:
    """It is refused at the start, with the worker's address and both versions."""
    cluster.start_worker("import convtool\nconvtool.__version__ = '0.0.1'\n")
    finished = on(cluster, *DONE)
    assert finished.code == 5
    assert_says(finished.err, ("worker tcp://127.0.0.1:", "has convtool 0.0.1, not "))
    assert not list(Path("out").glob("*.png"))


def test_d04_a_path_that_is_not_seen(cluster: DaskCluster) -> None:
    """It is refused at the start, with the folder."""
    hidden = str(Path("in").resolve())
    cluster.start_worker(
        "import os\nreal = os.access\n"
        f"os.access = lambda path, *rest: not str(path).startswith({hidden!r}) and real(path, *rest)\n"
    )
    finished = on(cluster, *DONE)
    assert finished.code == 5
    assert_says(finished.err, ("worker tcp://127.0.0.1:", f"cannot read {hidden}", "mount that folder there"))


def test_d04_an_address_that_is_none() -> None:
    """It is wrong usage."""
    finished = run(*words("nonsense://", *DONE))
    assert finished.code == 2
    assert_says(finished.err, ("--scheduler is 'nonsense://'", "give its address"))
