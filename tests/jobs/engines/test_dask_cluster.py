"""Reaching a Dask cluster: what is no address, where nobody answers, and what is missing here."""

from __future__ import annotations

import gc
import operator
import os
import signal
import socket
import sys
import time
from concurrent.futures import CancelledError, Future
from contextlib import closing
from typing import TYPE_CHECKING

import dask
import pytest

from convtool.errors import ArgumentError, OutputError
from convtool.jobs.engines.dask_cluster import Cluster
from tests.jobs.engines.clusters import DaskCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cluster(standing_cluster: DaskCluster) -> Iterator[Cluster]:
    with closing(Cluster(standing_cluster.address, 10)) as reached:
        yield reached


@pytest.mark.parametrize(
    "address", ["", "host", "127.0.0.1:8786", "tcp://host", "tcp://host:port", "http://host:8786", "\0"]
)
def test_what_is_no_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(ArgumentError, match=r"^--scheduler is .*; give its address, as tcp://host:8786$"):
        Cluster(address, 10)


def test_nobody_at_the_address() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{bound.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(
            OutputError,
            match=f"^no scheduler answers at {address} within 0.5 s; start one there with 'dask scheduler'$",
        ):
            Cluster(address, 0.5)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("scheme", "settings", "fault"),
    [
        ("tls", {}, "TLS expects a `ssl_context`"),
        ("tcp", {"require-encryption": True}, "encryption required"),
    ],
)
def test_a_scheduler_that_is_not_for_us(
    standing_cluster: DaskCluster, scheme: str, settings: dict[str, bool], fault: str
) -> None:
    address = standing_cluster.address.replace("tcp", scheme)
    with (
        dask.config.set({f"distributed.comm.{name}": value for name, value in settings.items()}),
        pytest.raises(
            OutputError,
            match=f"^the scheduler at {address} cannot be reached as Dask is set up here: {fault}",
        ),
    ):
        Cluster(address, 10)
    gc.collect()  # nothing is left that would fail when it is collected


def test_a_scheduler_without_workers(tmp_path: Path) -> None:
    with (
        DaskCluster(tmp_path) as alone,
        pytest.raises(
            OutputError,
            match=f"^no worker of the scheduler at {alone.address} has answered for 0.5 s; start some with "
            f"'dask worker {alone.address}', then the same command goes on from here$",
        ),
    ):
        Cluster(alone.address, 0.5)


def test_a_scheduler_that_hangs(tmp_path: Path) -> None:
    with DaskCluster(tmp_path) as hung:
        hung.start_worker()
        with closing(Cluster(hung.address, 2)) as cluster:
            assert list(cluster.members().values()) == [1]
            os.kill(hung.scheduler.pid, signal.SIGSTOP)
            with pytest.raises(
                OutputError,
                match=f"^the scheduler at {hung.address} is gone; once it is back, the same command goes on",
            ):
                cluster.members()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        OutputError,
        match=r"needs the distributed package; install it with pip install 'convtool-maps\[dask\]'$",
    ):
        Cluster("tcp://127.0.0.1:8786", 1)


def test_workers_answer_and_do(cluster: Cluster) -> None:
    members = cluster.members()
    assert list(members.values()) == [1, 1]
    first, second = members
    pids = {cluster.ask(os.getpid, of=address).result() for address in members}
    assert len(pids) == 2
    done = [cluster.start(os.getpid, on=first) for _ in range(3)]
    assert len({future.result() for future in done}) == 1
    assert done[0].result() != cluster.start(os.getpid, on=second).result()


def test_faults_come_through(cluster: Cluster) -> None:
    address, *_ = cluster.members()
    with pytest.raises(ZeroDivisionError, match="division"):
        cluster.ask(operator.truediv, 1, 0, of=address).result()
    with pytest.raises(ZeroDivisionError, match="division"):
        cluster.start(operator.truediv, 1, 0, on=address).result()


def test_a_worker_that_has_left_gives_nothing(tmp_path: Path) -> None:
    settings = {
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s",
    }
    with DaskCluster(tmp_path, **settings) as impatient:
        impatient.start_worker()
        worker = impatient.start_worker()
        with closing(Cluster(impatient.address, 10)) as cluster:
            (address,) = (a for a in cluster.members() if cluster.ask(os.getpid, of=a).result() == worker.pid)
            future: Future[object] = cluster.start(time.sleep, 60, on=address)
            impatient.kill(worker.pid)
            assert future.result(10) is None
            assert cluster.ask(os.getpid, of=address).result(10) is None


@pytest.mark.parametrize("fault", [CancelledError(), ConnectionResetError(104, "reset by peer")])
def test_a_scheduler_that_is_lost_on_the_way(
    cluster: Cluster, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a result is fetched, or before."""

    class Lost:
        released = False

        def __await__(self) -> Iterator[None]:
            raise fault
            yield

        def release(self) -> None:
            self.released = True

    lost = Lost()
    monkeypatch.setattr(cluster._client, "submit", lambda *_, **__: lost)
    address, *_ = cluster.members()
    with pytest.raises(OutputError, match=r"^the scheduler at \S+ is gone; once it is back"):
        cluster.start(os.getpid, on=address).result()
    assert lost.released
