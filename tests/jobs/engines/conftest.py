"""Fixtures of the engines' tests: a cluster for many tests, and every engine with two workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from convtool.jobs.engines.dask import DaskEngine
from convtool.jobs.engines.local import LocalEngine
from tests.jobs.engines.clusters import DaskCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convtool.jobs.engines import Engine


@pytest.fixture
def lease(folder: Path) -> Iterator[int]:
    descriptor = os.open("lease", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


@pytest.fixture(scope="session")
def standing_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster with two workers that no test harms."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.start_worker()
        cluster.start_worker()
        yield cluster


class MakeEngine(Protocol):
    def __call__(self, *, image_timeout: float = 60) -> Engine: ...


@pytest.fixture(params=["local", "dask"])
def engine(request: pytest.FixtureRequest, lease: int) -> MakeEngine:
    """Makes the engines, with two workers each."""

    def local(*, image_timeout: float = 60) -> Engine:
        return LocalEngine(2, image_timeout=image_timeout, lease=lease)

    def dask(*, image_timeout: float = 60) -> Engine:
        address = request.getfixturevalue("standing_cluster").address
        return DaskEngine.connect(address, timeout=30, image_timeout=image_timeout, folders=["."])

    return {"local": local, "dask": dask}[request.param]
