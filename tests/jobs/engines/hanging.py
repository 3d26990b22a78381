"""An image that hangs whoever reads it, until something is done about it."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from convtool.jobs.batch.work import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def hanging() -> Item:
    """An image that whoever reads it waits for."""
    Path("in").mkdir(exist_ok=True)
    os.mkfifo("in/hangs.png")
    return Item("in/hangs.png", "hangs.png", 0)


def caught_reading(item: Item, workers: Callable[[], Iterable[int]]) -> int:
    """Wait until one of the workers reads the image that hangs, and hold it there; give its id."""
    path = Path(item.input).resolve()
    while True:
        with suppress(OSError):  # nobody reads it yet
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # never closed before the test ends
        for pid in workers():
            with suppress(OSError):
                if path in {link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()}:
                    return pid
        time.sleep(0.01)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Do something on a thread while the block runs."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
