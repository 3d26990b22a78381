"""An engine of this machine: processes of its own, each doing one task at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from multiprocessing.resource_tracker import ensure_running
from typing import Any

from convtool.errors import OutputError
from convtool.io.atomic import remove_parts
from convtool.jobs.batch.doing import MARK
from convtool.jobs.batch.work import Item, Recipe, Result, Task
from convtool.jobs.engines.failures import died_twice, took_too_long
from convtool.jobs.engines.worker import work
from convtool.jobs.interrupts import deferred_signals

_OF_CHILDREN = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PYTHONSAFEPATH": "1",
}
"""Their environment: BLAS starts no threads when NumPy is loaded, no module comes from the current folder."""

_TO_START = 60.0
"""Seconds that a worker has to start in; they are not counted as an image's."""

_LONGEST_WAIT = 86_400.0
"""Seconds; of weeks the system knows no number."""

_STOPPED = 1.0
"""Seconds by which a wait is too long if this process was stopped (Ctrl-Z), and the workers with it."""


class LocalEngine:
    """Worker processes of this machine.

    Parameters
    ----------
    jobs
        How many.
    image_timeout
        Seconds after which an image is given up.
    lease
        A descriptor that every worker holds open too: a lock on it is free only when all are gone.
    """

    def __init__(self, jobs: int, *, image_timeout: float, lease: int) -> None:
        self._jobs = jobs
        self._image_timeout = image_timeout
        self._lease = lease

    @property
    def workers(self) -> int:
        """How many processes."""
        return self._jobs

    def run(self, recipe: Recipe, tasks: Iterator[Task]) -> Generator[list[Result], None, None]:
        """Do the tasks: see `convtool.jobs.engines.Engine`."""
        crew = _Crew(recipe, self._lease)
        suspects: deque[Item] = deque()
        try:
            yield from self._run(crew, tasks, self._jobs, suspects)
            # Those that a worker died of come last, one by one, so that nothing else can be to blame.
            yield from self._run(crew, ((item,) for item in list(suspects)), 1, None)
        finally:
            crew.stop()

    def _run(
        self, crew: _Crew, tasks: Iterator[Task], most: int, suspects: deque[Item] | None
    ) -> Iterator[list[Result]]:
        """Do tasks on so many workers; an image that one dies of is put among the suspects, or has failed."""
        again: deque[Task] = deque()
        stillborn = 0  # workers that died before they had started, one after another
        while True:
            while len(crew.busy) < most:
                task = again.popleft() if again else next(tasks, None)
                if task is None:
                    break
                crew.assign(task, self._image_timeout)
            if not crew.busy:
                return
            results = []
            for worker in crew.speaking():
                try:
                    result = worker.receive()
                except EOFError:
                    item, *rest = crew.bury(worker)
                else:
                    worker.deadline = time.monotonic() + self._image_timeout
                    results += [] if result is None else [result]
                    stillborn = 0
                    continue
                if not worker.started:
                    stillborn += 1
                    if stillborn > 1:
                        raise OutputError(_no_start(f"it ended with {worker.process.exitcode}"))
                    again.append((item, *rest))
                    continue
                again.extend((other,) for other in rest)
                if suspects is None:
                    results.append(died_twice(item, _spoken(worker.process.exitcode)))
                else:
                    suspects.append(item)
            for worker in crew.late():
                item, *rest = crew.bury(worker)
                again.extend((other,) for other in rest)
                results.append(took_too_long(item, self._image_timeout))
            if results:
                yield results


@dataclass(eq=False)
class _Worker:
    """A process, and what it has been given to do."""

    process: BaseProcess
    pipe: Connection
    items: deque[Item] = field(default_factory=deque)
    deadline: float = 0.0
    started: bool = False

    def receive(self) -> Result | None:
        """What came of its first item, or ``None`` when it says that it has started.

        Raises
        ------
        EOFError
            It has died.
        """
        try:
            result: Result | None = self.pipe.recv()
        except OSError as error:
            raise EOFError from error
        self.started = True
        if result is not None:
            self.items.popleft()
        return result


class _Crew:
    """The worker processes, started when they are needed."""

    def __init__(self, recipe: Recipe, lease: int) -> None:
        self._recipe = recipe
        self._lease = _Lease(lease)
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> list[_Worker]:
        """Those that have something to do."""
        return [worker for worker in self._workers if worker.items]

    def assign(self, task: Task, image_timeout: float) -> None:
        """Give a task to a worker that has none, and time for its first image."""
        worker = next((worker for worker in self._workers if not worker.items), None) or self._start()
        worker.deadline = time.monotonic() + image_timeout + (0.0 if worker.started else _TO_START)
        worker.items.extend(task)
        with suppress(OSError):  # it has died: who waits for its results finds out
            worker.pipe.send(task)

    def speaking(self) -> list[_Worker]:
        """Wait for results, deaths or the next deadline; give the workers of the first two."""
        busy = {worker.pipe: worker for worker in self.busy}
        start = time.monotonic()
        left = min(worker.deadline for worker in busy.values()) - start
        left = min(max(0.0, left), _LONGEST_WAIT)
        ready = wait(list(busy), left)
        waited = time.monotonic() - start
        if waited > left + _STOPPED:
            for worker in busy.values():
                worker.deadline += waited
        return [busy[pipe] for pipe in ready if isinstance(pipe, Connection)]

    def late(self) -> list[_Worker]:
        """Those whose image takes too long."""
        now = time.monotonic()
        return [worker for worker in self.busy if worker.deadline <= now and not worker.pipe.poll()]

    def bury(self, worker: _Worker) -> list[Item]:
        """End a worker, and remove what it began to write; give what it has not done."""
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        for item in worker.items:
            remove_parts(self._recipe.folder_of(item), f"{MARK}-{worker.process.pid}")
        return list(worker.items)

    def stop(self) -> None:
        """End all workers, at once."""
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self.bury(worker)

    def _start(self) -> _Worker:
        try:
            here, there = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(
                target=work, args=(there, self._recipe, self._lease), daemon=True
            )
            with (
                deferred_signals(),
                _for_children(),
            ):  # a mask holds back nothing: BLAS has threads without it
                process.start()
                there.close()
                worker = _Worker(process, here)
                self._workers.append(worker)
        except OSError as error:
            raise OutputError(_no_start(error.strerror or str(error))) from error
        return worker


class _Lease:
    """A descriptor that is passed on to a process when it is started."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[object, ...]:
        return _taken, (DupFd(self.descriptor),)


def _taken(passed: Any) -> _Lease:
    return _Lease(passed.detach())


@contextmanager
def _for_children() -> Iterator[None]:
    """Start processes that Ctrl-C passes by, since we end them."""
    before = {name: os.environ.get(name) for name in _OF_CHILDREN}
    os.environ.update(_OF_CHILDREN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        ensure_running()  # or the first start would do it, and then let Ctrl-C through
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _no_start(why: str) -> str:
    return f"a worker process could not start ({why}); free memory, or use fewer with --jobs"


def _spoken(code: int | None) -> str:
    """How a process ended."""
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
