"""Processes of this machine: killed, hung, or left behind, they cost nothing but their image."""

from __future__ import annotations

import fcntl
import multiprocessing.spawn
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool.errors import OutputError
from convtool.jobs.batch.work import Item, Recipe, Result
from convtool.jobs.engines.local import LocalEngine
from tests.jobs.engines.hanging import caught_reading, hanging, meanwhile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.jobs.conftest import MakeItem, MakeRecipe


def children() -> list[int]:
    """The processes that this one has started and that do work, by their ids."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes()
            except (OSError, ValueError):
                continue
            if parent == os.getpid() and b"spawn_main" in command:
                found.append(int(folder.name))
    return found


def results_of(
    engine: LocalEngine, recipe: Recipe, items: Sequence[Item], most: int = 3
) -> dict[str, Result]:
    tasks = (tuple(items[start : start + most]) for start in range(0, len(items), most))
    return {result.item.input: result for results in engine.run(recipe, tasks) for result in results}


def test_every_image_gets_its_result(item: MakeItem, recipe: MakeRecipe, lease: int) -> None:
    items = [item(f"{number}.png", number) for number in range(10)]
    results = results_of(LocalEngine(2, image_timeout=60, lease=lease), recipe(), items)
    assert [results[each.input].status for each in items] == ["done"] * 10
    assert all(Path(record["output"]).exists() for each in items for record in results[each.input].outputs)
    assert {record["plan"]["threads"] for each in items for record in results[each.input].outputs} == {1}
    assert children() == []


def test_a_worker_that_is_killed_costs_one_image_a_second_try(
    item: MakeItem, recipe: MakeRecipe, lease: int
) -> None:
    poison = hanging()
    items = [item("0.png"), poison, *(item(f"{number}.png", number) for number in range(1, 6))]
    killed: list[int] = []

    def kill_twice() -> None:
        for _ in range(2):
            pid = caught_reading(poison, lambda: set(children()) - set(killed))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    with meanwhile(kill_twice):
        results = results_of(LocalEngine(2, image_timeout=60, lease=lease), recipe(), items)
    failed = results.pop(poison.input)
    assert (failed.status, failed.exit) == ("failed", 5)
    assert failed.error == (
        "in/hangs.png: its worker died twice (signal 9); see whether 'convtool run' can do it by itself"
    )
    assert {result.status for result in results.values()} == {"done"}
    assert len(results) == 6
    assert children() == []


def test_an_image_survives_the_death_of_its_first_worker(
    item: MakeItem, recipe: MakeRecipe, lease: int
) -> None:
    slow = hanging()

    def kill_once() -> None:
        pid = caught_reading(slow, children)
        Path("in/hangs.png").unlink()
        item("hangs.png")
        os.kill(pid, signal.SIGKILL)

    with meanwhile(kill_once):
        results = results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [slow, item("a.png")])
    assert {result.status for result in results.values()} == {"done"}
    assert len(results) == 2


def test_an_image_that_takes_too_long_is_given_up(item: MakeItem, recipe: MakeRecipe, lease: int) -> None:
    items = [item("0.png"), hanging(), item("1.png"), item("2.png")]
    results = results_of(LocalEngine(1, image_timeout=1.5, lease=lease), recipe(), items)
    failed = results.pop("in/hangs.png")
    assert (failed.status, failed.exit) == ("failed", 4)
    assert failed.error == "in/hangs.png: it took longer than 1.5 s; allow more with --image-timeout"
    assert {result.status for result in results.values()} == {"done"}
    assert len(results) == 3
    assert children() == []


def test_what_a_killed_worker_began_to_write_is_removed(
    item: MakeItem, recipe: MakeRecipe, lease: int
) -> None:
    slow = hanging()
    out = Path("out")
    out.mkdir()

    def kill() -> None:
        pid = caught_reading(slow, children)
        (out / f".convtool-batch-{pid}-1.part").touch()
        (out / f".convtool-batch-{pid}1-1.part").touch()
        os.kill(pid, signal.SIGKILL)
        Path("in/hangs.png").unlink()

    with meanwhile(kill):
        results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [slow])
    (left,) = out.iterdir()
    assert left.name.endswith("1-1.part")


def test_closing_ends_all_work_at_once(item: MakeItem, recipe: MakeRecipe, lease: int) -> None:
    engine = LocalEngine(2, image_timeout=60, lease=lease)
    tasks = iter([(item("0.png"),), (hanging(),), (item("1.png"),)])
    with closing(engine.run(recipe(), tasks)) as batches:
        next(batches)
        start = time.monotonic()
    assert time.monotonic() - start < 2
    assert children() == []
    assert not Path("out/1.sobel-x.map.png").exists()


def test_a_lease_is_free_when_all_workers_are_gone(recipe: MakeRecipe, lease: int) -> None:
    fcntl.flock(lease, fcntl.LOCK_EX)
    slow = hanging()
    freed: list[str] = []

    def try_to_take() -> None:
        pid = caught_reading(slow, children)
        with Path("lease").open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                freed.append("held")
        assert Path("lease").resolve() in {
            link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists()
        }
        freed.append("by the worker too")
        Path("in/hangs.png").unlink()
        os.kill(pid, signal.SIGKILL)

    with meanwhile(try_to_take):
        results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [slow])
    assert freed == ["held", "by the worker too"]


def test_workers_die_with_their_parent(item: MakeItem, folder: Path) -> None:
    slow = hanging()
    script = f"""
import os
from convtool.io.filters import read_filter
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.engines.local import LocalEngine
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

if __name__ == "__main__":
    output = OutputOptions(frozenset({{"pool"}}), "out")
    filters = (read_filter("sobel-x"),)
    recipe = Recipe({str(folder)!r}, filters, InputOptions(), ConvOptions(), PoolOptions(), output)
    lease = os.open("lease", os.O_RDWR | os.O_CREAT)
    task = (Item("in/hangs.png", "hangs.png", 0),)
    list(LocalEngine(1, image_timeout=60, lease=lease).run(recipe, iter([task])))
"""
    Path("script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "script.py"], env=environment) as parent:
        writer = None
        while writer is None:
            with suppress(OSError):
                writer = os.open(slow.input, os.O_WRONLY | os.O_NONBLOCK)
        parent.kill()
    start = time.monotonic()
    while is_read(writer):
        time.sleep(0.02)
    assert time.monotonic() - start < 2
    os.close(writer)


def is_read(pipe: int) -> bool:
    try:
        return os.write(pipe, b" ") == 1
    except BrokenPipeError:
        return False


def test_a_worker_that_cannot_start_is_told(
    item: MakeItem, recipe: MakeRecipe, lease: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", b"/bin/false")
    with pytest.raises(OutputError, match=r"a worker process could not start \(it ended with 1\)"):
        results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [item("a.png")])
    assert children() == []


def test_no_module_of_the_current_folder_is_run(item: MakeItem, recipe: MakeRecipe, lease: int) -> None:
    for name in ("multiprocessing", "random", "socket", "numpy"):
        Path(f"{name}.py").write_text(f"open('ran-{name}', 'w')")
    results = results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [item("a.png")])
    assert [result.status for result in results.values()] == ["done"]
    assert not list(Path().glob("ran-*"))


def started_by(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a script of the shell start the workers."""
    ensure_running()  # Python's own helper is none of them
    path = Path("python").absolute()
    path.write_text(f'#!/bin/sh\n{script}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(path))


def test_a_worker_that_is_killed_while_it_starts_costs_nothing(
    item: MakeItem, recipe: MakeRecipe, lease: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_by("mkdir killed 2> /dev/null && kill -9 $$", monkeypatch)
    items = [item("0.png"), item("1.png")]
    results = results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), items)
    assert Path("killed").is_dir()
    assert [results[each.input].status for each in items] == ["done", "done"]


def test_the_time_of_an_image_begins_when_its_worker_has_started(
    item: MakeItem, recipe: MakeRecipe, lease: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_by("sleep 1.5", monkeypatch)
    results = results_of(LocalEngine(1, image_timeout=1, lease=lease), recipe(), [item("0.png")])
    assert [result.status for result in results.values()] == ["done"]


def test_too_few_descriptors_are_told(item: MakeItem, recipe: MakeRecipe, lease: int) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    image = item("a.png")
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())), limits[1]))
    try:
        with pytest.raises(
            OutputError, match=r"could not start \(Too many open files\); .* fewer with --jobs"
        ):
            results_of(LocalEngine(1, image_timeout=60, lease=lease), recipe(), [image])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("seconds", [3e6, 1e18])
def test_an_image_may_take_any_time(item: MakeItem, recipe: MakeRecipe, lease: int, seconds: float) -> None:
    results = results_of(LocalEngine(1, image_timeout=seconds, lease=lease), recipe(), [item("a.png")])
    assert [result.status for result in results.values()] == ["done"]
