"""What a worker process does: task after task from a pipe, until nobody is left to ask for more."""

from __future__ import annotations

import multiprocessing
import os
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait

from convtool.core.threads import use_at_most
from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.work import Recipe


def work(pipe: Connection, recipe: Recipe, lease: object) -> None:
    """Do the tasks that come, and send the result of each image as soon as it is there.

    Parameters
    ----------
    lease
        Kept for as long as the process lives.
    """
    threading.Thread(target=_die_with_parent, daemon=True).start()
    use_at_most(1)
    with suppress(EOFError, ConnectionError):  # the parent is gone
        pipe.send(None)
        while True:
            for item in pipe.recv():
                pipe.send(finish(item, recipe))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
