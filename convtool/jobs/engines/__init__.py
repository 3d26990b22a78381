"""Where the tasks of a batch are done: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol

from convtool.jobs.batch.work import Recipe, Result, Task


class Engine(Protocol):
    """Runs tasks somewhere else.

    Whatever becomes of its workers, every item of every task gets one result: an image whose worker
    dies is tried once more, alone, and then given up as failed.
    """

    @property
    def workers(self) -> int:
        """How many tasks it runs at once."""
        ...

    def run(self, recipe: Recipe, tasks: Iterator[Task]) -> Generator[list[Result], None, None]:
        """Give results as they come, in any order, those that came together in one list.

        Tasks are taken as there is room for them.

        Closing the iterator stops all work within a second: nothing of it goes on, and no part of a
        file is left behind by workers of this machine.

        Raises
        ------
        OutputError
            There is nobody to do the work, or nobody any more.
        """
        ...
