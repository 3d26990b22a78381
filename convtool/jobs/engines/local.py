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
from typing import Any

from convtool.errors import LimitError, OutputError
from convtool.io.atomic import remove_parts
from convtool.jobs.batch.doing import MARK
from convtool.jobs.batch.work import Item, Recipe, Result, Task
from convtool.jobs.engines.worker import work

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What keeps BLAS from starting threads of its own when NumPy is loaded."""


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
        while True:
            while len(crew.busy) < most:
                task = again.popleft() if again else next(tasks, None)
                if task is None:
                    break
                crew.assign(task, time.monotonic() + self._image_timeout)
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
                    continue
                if not worker.started:
                    raise OutputError(_no_start(worker.process.exitcode))
                again.extend((other,) for other in rest)
                if suspects is None:
                    results.append(_killed(item, worker.process.exitcode))
                else:
                    suspects.append(item)
            for worker in crew.late():
                item, *rest = crew.bury(worker)
                again.extend((other,) for other in rest)
                results.append(_late(item, self._image_timeout))
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

    def assign(self, task: Task, deadline: float) -> None:
        """Give a task to a worker that has none."""
        worker = next((worker for worker in self._workers if not worker.items), None) or self._start()
        worker.deadline = deadline
        worker.items.extend(task)
        with suppress(OSError):  # it has died: who waits for its results finds out
            worker.pipe.send(task)

    def speaking(self) -> list[_Worker]:
        """Wait for results, deaths or the next deadline; give the workers of the first two."""
        busy = {worker.pipe: worker for worker in self.busy}
        left = min(worker.deadline for worker in busy.values()) - time.monotonic()
        return [busy[pipe] for pipe in wait(list(busy), max(0.0, left)) if isinstance(pipe, Connection)]

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
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(there, self._recipe, self._lease), daemon=True
        )
        with _for_children():
            process.start()
        there.close()
        worker = _Worker(process, here)
        self._workers.append(worker)
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
    """Start processes that Ctrl-C passes by, since we end them, and whose BLAS keeps to one thread."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _no_start(code: int | None) -> str:
    return f"a worker process could not start (it ended with {code}); free memory, or use fewer with --jobs"


def _killed(item: Item, code: int | None) -> Result:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    error = f"{item.input}: its worker died twice ({how}); see whether 'convtool run' can do it by itself"
    return Result(item, "failed", error=error, exit=OutputError.exit_code)


def _late(item: Item, seconds: float) -> Result:
    error = f"{item.input}: it took longer than {seconds:g} s; allow more with --image-timeout"
    return Result(item, "failed", error=error, exit=LimitError.exit_code)
