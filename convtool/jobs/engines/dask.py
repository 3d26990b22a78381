"""An engine on a Dask cluster: workers that see the same folders do what processes of our own would."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from convtool.errors import ConvtoolError, OutputError
from convtool.jobs.batch.doing import MARK
from convtool.jobs.batch.work import Item, Recipe, Result, Task
from convtool.jobs.engines import dask_worker
from convtool.jobs.engines.dask_cluster import Cluster
from convtool.jobs.engines.failures import died_twice

TASKS_PER_THREAD = 2  # one at work, and one that is there when it ends
SECONDS_BETWEEN_LOOKS = 1.0  # at who is there


class DaskEngine:
    """The workers of a Dask cluster, for one run.

    Each task is for one worker, which we choose: so it is known what a worker had to do when it died,
    and an image can be tried again with nothing else beside it that could be to blame.

    Parameters
    ----------
    timeout
        Seconds for which there may be no worker.
    image_timeout
        Seconds after which an image is given up.
    folders
        What the workers have to see besides the batch's own folder.
    """

    def __init__(
        self, cluster: Cluster, *, timeout: float, image_timeout: float, folders: Sequence[str]
    ) -> None:
        self._cluster = cluster
        self._timeout = timeout
        self._image_timeout = image_timeout
        # What is missing here is missing there, too: its images fail.
        self._folders = [str(Path(folder).absolute()) for folder in folders if Path(folder).is_dir()]
        self._workers = sum(cluster.members().values())

    @classmethod
    def connect(
        cls, scheduler: str, *, timeout: float, image_timeout: float, folders: Sequence[str]
    ) -> DaskEngine:
        """Reach the cluster of a scheduler: see `Cluster`."""
        return cls(Cluster(scheduler, timeout), timeout=timeout, image_timeout=image_timeout, folders=folders)

    @property
    def workers(self) -> int:
        """How many threads the workers had together when the cluster was reached."""
        return self._workers

    def run(self, recipe: Recipe, tasks: Iterator[Task]) -> Generator[list[Result], None, None]:
        """Do the tasks: see `convtool.jobs.engines.Engine`."""
        suspects: list[Item] = []
        with closing(self._cluster):
            crew = _Crew(self._cluster, recipe, self._image_timeout, self._folders, self._timeout)
            try:
                yield from self._run(crew, tasks, suspects)
                # Those whose worker died come last, one by one, so that nothing else can be to blame.
                crew.alone = True
                yield from self._run(crew, ((item,) for item in suspects), None)
            finally:
                crew.dismiss()

    def _run(self, crew: _Crew, tasks: Iterator[Task], suspects: list[Item] | None) -> Iterator[list[Result]]:
        """Do tasks; an image whose worker dies is put among the suspects, or has failed."""
        task = next(tasks, None)
        while task is not None or crew.busy:
            while task is not None and crew.has_room:
                crew.assign(task)
                task = next(tasks, None)
            results = crew.results()
            for item, address in crew.orphans():
                if suspects is None:
                    results.append(died_twice(item, address))
                else:
                    suspects.append(item)
            if results:
                yield results


@dataclass(eq=False)
class _Worker:
    """A worker, and what it has been given to do."""

    address: str
    threads: int
    greeted: bool = False
    tasks: dict[Future[Any], Task] = field(default_factory=dict)


_Then = Callable[[_Worker, Any], list[Result]]


class _Crew:
    """The workers that are there, each greeted before it is given tasks, whenever it came.

    Attributes
    ----------
    alone
        Whether a worker has one task at a time.
    """

    def __init__(
        self, cluster: Cluster, recipe: Recipe, image_timeout: float, folders: Sequence[str], timeout: float
    ) -> None:
        self.alone = False
        self._cluster = cluster
        self._recipe = recipe
        self._image_timeout = image_timeout
        self._folders = folders
        self._timeout = timeout
        self._name = os.urandom(8).hex()
        self._versions = dask_worker.versions()
        self._probe = recipe.output_folder.absolute() / f".convtool-{MARK}-{os.getpid()}-{self._name}.part"
        self._workers: dict[str, _Worker] = {}
        self._awaited: dict[Future[Any], tuple[_Worker, _Then]] = {}
        self._ended: SimpleQueue[Future[Any]] = SimpleQueue()
        self._orphans: list[tuple[Item, str]] = []
        self._answered = time.monotonic()
        self._next_look = self._answered
        self._probe.parent.mkdir(parents=True, exist_ok=True)
        self._probe.write_text(self._name)

    @property
    def busy(self) -> bool:
        """Whether anybody has something to do."""
        return any(worker.tasks for worker in self._workers.values())

    @property
    def has_room(self) -> bool:
        """Whether somebody can take a task."""
        return any(map(self._room, self._workers.values()))

    def assign(self, task: Task) -> None:
        """Give a task to a worker that has room for many."""
        worker = max(self._workers.values(), key=self._room)
        future = self._cluster.start(dask_worker.do, self._name, task, on=worker.address)
        worker.tasks[future] = task
        self._await(future, worker, self._done)

    def results(self) -> list[Result]:
        """Wait for results, or until it is time to see who is there again; give what has come."""
        if time.monotonic() >= self._next_look:
            self._look()
            self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        results: list[Result] = []
        wait = self._next_look - time.monotonic()
        with suppress(Empty):
            while True:
                future = self._ended.get(timeout=max(0.0, wait))
                results += self._heard(future)
                wait = 0.0
        return results

    def orphans(self) -> list[tuple[Item, str]]:
        """The images whose worker has left since this was last asked, and its address."""
        orphans, self._orphans = self._orphans, []
        return orphans

    def dismiss(self) -> None:
        """Have nothing more done."""
        for future in self._awaited:
            future.cancel()
        self._cluster.tell(dask_worker.forget, self._name)
        for part in self._probe.parent.glob(f"{self._probe.stem}*"):
            part.unlink(missing_ok=True)

    def _room(self, worker: _Worker) -> float:
        """How many tasks it can take, for each of its threads."""
        if not worker.greeted:
            return 0
        most = 1 if self.alone else TASKS_PER_THREAD * worker.threads
        return max(0, most - len(worker.tasks)) / worker.threads

    def _await(self, future: Future[Any], worker: _Worker, then: _Then) -> None:
        """Expect something of a worker; what is then done with it may give results."""
        self._awaited[future] = worker, then
        future.add_done_callback(self._ended.put)

    def _heard(self, future: Future[Any]) -> list[Result]:
        """Go on with what has come from a worker."""
        if future not in self._awaited:  # its worker has been given up since
            return []
        worker, then = self._awaited.pop(future)
        try:
            answer = future.result()
        except ConvtoolError:  # the scheduler is gone
            raise
        except dask_worker.UnfitError as fault:
            raise OutputError(f"worker {worker.address} {fault}") from fault
        except Exception as fault:
            if worker.greeted:
                raise
            raise OutputError(
                f"worker {worker.address} cannot run convtool ({fault}); {_install(self._versions)}"
            ) from fault
        if answer is None:  # it has left, and perhaps another one is there by its address
            self._give_up(worker)
            return []
        worker.tasks.pop(future, None)
        return then(worker, answer)

    def _compare(self, worker: _Worker, versions: dict[str, str]) -> list[Result]:
        """Greet a worker that would do what this machine does."""
        for name, own in self._versions.items():
            if versions.get(name) != own:
                raise OutputError(
                    f"worker {worker.address} has {name} {versions.get(name)}, not {own} as this machine; "
                    f"{_install(self._versions)}"
                )
        greeting = self._name, self._recipe, self._image_timeout, str(self._probe), self._folders
        answer = self._cluster.ask(dask_worker.greet, *greeting, of=worker.address)
        self._await(answer, worker, self._admit)
        return []

    def _admit(self, worker: _Worker, answer: str) -> list[Result]:
        """Give tasks from now on to a worker whose files are seen here, too."""
        try:
            Path(answer).unlink()
        except FileNotFoundError:
            raise OutputError(
                f"worker {worker.address} writes files in {self._probe.parent} that are not seen here; "
                "mount that folder there too"
            ) from None
        worker.greeted = True
        return []

    def _done(self, worker: _Worker, results: list[Result]) -> list[Result]:
        return results

    def _look(self) -> None:
        """See who has left and who has come.

        Raises
        ------
        OutputError
            For too long nobody has been there.
        """
        members = self._cluster.members()
        for worker in list(self._workers.values()):
            if worker.address not in members:
                self._give_up(worker)
        for address in members.keys() - self._workers.keys():
            worker = self._workers[address] = _Worker(address, members[address])
            self._await(self._cluster.ask(dask_worker.versions, of=address), worker, self._compare)
        now = time.monotonic()
        if any(worker.greeted for worker in self._workers.values()):
            self._answered = now
        elif now - self._answered > self._timeout:
            raise self._cluster.deserted()

    def _give_up(self, worker: _Worker) -> None:
        """Expect nothing more of a worker."""
        del self._workers[worker.address]
        for future in [future for future, (whose, _) in self._awaited.items() if whose is worker]:
            del self._awaited[future]
            future.cancel()
        self._orphans += [(item, worker.address) for task in worker.tasks.values() for item in task]


def _install(versions: dict[str, str]) -> str:
    same = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"install there what is here: {same}"
