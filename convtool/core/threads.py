"""Work shared among threads: a pool that outlives calls, and a BLAS that keeps to one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from math import prod
from threading import Lock, local
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32, Scalar
from convtool.core.geometry import whole

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")


_most: int | None = None


def use_at_most(threads: int) -> None:
    """Hold this process to so many threads wherever a call leaves their number open.

    For processes of which there is one a core already.
    """
    global _most
    _most = threads


def usable_threads(threads: int | None) -> int:
    """The number of threads asked for; ``None`` is every usable core."""
    if threads is None:
        return usable_cores() if _most is None else min(_most, usable_cores())
    return whole("threads", threads)


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def for_each(items: Sequence[Item], work: Callable[[Item], object], threads: int | None) -> None:
    """Do ``work`` on every item, on up to ``threads`` threads of which the caller is one.

    The first fault of any thread is raised when all have stopped.
    """
    helpers = min(usable_threads(threads), len(items)) - 1
    if helpers < 1:
        for item in items:
            work(item)
        return
    waiting = iter(range(len(items)))
    lock = Lock()

    def take_turns() -> None:
        nonlocal waiting
        try:
            while True:
                with lock:
                    index = next(waiting, None)
                if index is None:
                    return
                work(items[index])
        except BaseException:
            waiting = iter(range(0))
            raise

    pool = _pool(helpers)
    started: list[Future[None]] = []
    try:
        with suppress(RuntimeError):  # too little memory for a thread: those that are there do the work
            started.extend(pool.submit(take_turns) for _ in range(helpers))
        take_turns()
    finally:
        faults = [future.exception() for future in started if not future.cancel()]
    for fault in faults:
        if fault is not None:
            raise fault


class Scratch(local):
    """Buffers that a thread uses again from tile to tile and from call to call.

    Memory that is asked for anew has to be cleared by the system first, which can take longer than
    the arithmetic of a tile.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}

    def array(self, name: str, *shape: int) -> Float32:
        """A contiguous float32 array of any content; the last one of this name is overwritten."""
        return self.typed(name, np.float32, *shape)

    def typed(self, name: str, dtype: type[Scalar], *shape: int) -> NDArray[Scalar]:
        """The same of any type."""
        size = prod(shape) * np.dtype(dtype).itemsize
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.empty(size, np.uint8)
        return buffer[:size].view(dtype).reshape(shape)


SCRATCH = Scratch()
"""Every thread's buffers: a few tiles' worth, kept for the next call."""


class _SingleThreadedBlas:
    """Holds BLAS at one thread while any call of ours runs, then leaves it as it was.

    Our threads work on tiles: the threads of BLAS would only compete with them, and the order of
    their sums would depend on how many there are. The first of calls that overlap sets the limit and
    the last one lifts it, whichever threads they come from; so the claim that threadpoolctl gives to
    the first thread is given up each time.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls = 0
        self._limit: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        from threadpoolctl import OpenBLASController

        with self._lock:
            self._calls += 1
            if self._calls == 1:
                OpenBLASController.clear_controlling_thread(force=True)
                self._limit = _controller().limit(limits=1, user_api="blas")
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0:
                    OpenBLASController.clear_controlling_thread(force=True)
                    self._limit.restore_original_limits()
                    OpenBLASController.clear_controlling_thread(force=True)


single_threaded_blas = _SingleThreadedBlas()


@cache
def _controller() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@cache
def _pool(helpers: int) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(helpers, thread_name_prefix="convtool")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of its parent's threads
