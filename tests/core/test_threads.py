"""Threads share work without losing, repeating or hiding any of it, and leave BLAS as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from convtool import conv2d
from convtool.core import execute
from convtool.core.threads import Scratch, for_each, single_threaded_blas, usable_threads
from convtool.errors import ArgumentError

ROOT = Path(__file__).parents[2]
LONG = 60
"""Seconds after which what should end at once is stuck."""


def run(code: str) -> str:
    """Run a script that may hang, in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LONG
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.parametrize("threads", [1, 2, 3, 8, None])
@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_each_item_is_worked_on_once(threads: int | None, count: int) -> None:
    done: list[int] = []
    for_each(range(count), done.append, threads)
    assert sorted(done) == list(range(count))


def test_threads_work_at_the_same_time_and_the_caller_is_one_of_them() -> None:
    all_here = threading.Barrier(3)
    workers: set[threading.Thread] = set()

    def meet(_: int) -> None:
        all_here.wait(LONG)
        workers.add(threading.current_thread())

    for_each(range(3), meet, 3)
    assert len(workers) == 3
    assert threading.current_thread() in workers


def test_one_thread_is_the_caller() -> None:
    workers: list[threading.Thread] = []
    for_each(range(5), lambda _: workers.append(threading.current_thread()), 1)
    assert set(workers) == {threading.current_thread()}


@pytest.mark.parametrize("at_fault", ["caller", "helper"])
def test_a_fault_is_raised_and_stops_the_rest(at_fault: str) -> None:
    caller = threading.current_thread()
    both_here = threading.Barrier(2)
    failed = threading.Event()
    done: list[int] = []

    def work(item: int) -> None:
        if item < 2:
            both_here.wait(LONG)
            if (threading.current_thread() is caller) == (at_fault == "caller"):
                failed.set()
                raise ArithmeticError(f"item {item}")
            assert failed.wait(LONG)
        done.append(item)

    with pytest.raises(ArithmeticError, match=r"item [01]"):
        for_each(range(100_000), work, 2)
    assert len(done) < 100_000 - 1


def test_a_fault_on_one_thread_stops_the_rest() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise ArithmeticError(item)
        done.append(item)

    with pytest.raises(ArithmeticError, match="3"):
        for_each(range(9), work, 1)
    assert done == [0, 1, 2]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_worker_that_stops_an_iteration_is_at_fault_too(threads: int) -> None:
    def work(item: int) -> None:
        if item == 3:
            next(iter(()))

    with pytest.raises((StopIteration, RuntimeError)):
        for_each(range(9), work, threads)


def test_work_goes_on_after_a_fault() -> None:
    for threads in (2, 3):
        with pytest.raises(ZeroDivisionError):
            for_each(range(9), lambda item: 1 // item, threads)
        done: list[int] = []
        for_each(range(9), done.append, threads)
        assert sorted(done) == list(range(9))


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_a_whole_number(threads: Any) -> None:
    for call in (
        lambda: conv2d(np.ones((3, 3)), np.ones((2, 2)), threads=threads),
        lambda: usable_threads(threads),
    ):
        with pytest.raises(ArgumentError, match=r"threads is .*; it must be a whole number of at least 1"):
            call()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is a word of Linux")
def test_no_number_of_threads_is_every_core_that_may_be_used() -> None:
    code = (
        "import os\n"
        "from convtool.core.threads import usable_threads\n"
        "print(usable_threads(None) == len(os.sched_getaffinity(0)))\n"
        "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "print(usable_threads(None))\n"
    )
    assert run(code).split() == ["True", "1"]


@pytest.mark.parametrize("threads", [2, 3])
def test_work_may_share_work_itself(threads: int) -> None:
    """In a process of its own: what is stuck would keep this one from ending."""
    code = (
        "from collections import Counter\n"
        "from convtool.core.threads import for_each\n"
        "done = Counter()\n"
        "def inner(item): done.update([item])\n"
        f"def outer(item): for_each([(item, k) for k in range(20)], inner, {threads})\n"
        f"for _ in range(20): for_each(range(20), outer, {threads})\n"
        "print(len(done), set(done.values()))\n"
    )
    assert run(code).split() == ["400", "{20}"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_threads_of_its_own() -> None:
    code = (
        "import os, signal, warnings\n"
        "warnings.simplefilter('ignore')  # Python 3.12 warns of every fork beside threads\n"
        "import numpy as np\n"
        "from convtool import conv2d\n"
        "from convtool.core.threads import for_each\n"
        "image, weights = np.ones((900, 700)), np.ones((5, 5))\n"
        "expected = conv2d(image, weights, threads=2)\n"
        "for_each(range(9), str, 2)\n"
        "child = os.fork()\n"
        "if not child:\n"
        f"    signal.alarm({LONG // 2})\n"
        "    done = []\n"
        "    for_each(range(99), done.append, 2)\n"
        "    same = np.array_equal(conv2d(image, weights, threads=2), expected)\n"
        "    os._exit(0 if same and sorted(done) == list(range(99)) else 3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert run(code).split() == ["0"]


def test_a_buffer_is_contiguous_float32_and_overwritten_by_the_next_of_its_name() -> None:
    scratch = Scratch()
    first = scratch.array("a", 4, 5)
    assert (first.shape, first.dtype) == ((4, 5), np.float32)
    assert first.flags.c_contiguous
    assert first.flags.writeable
    first[...] = 7
    smaller, other = scratch.array("a", 2, 3, 3), scratch.array("b", 4, 5)
    assert np.shares_memory(smaller, first)
    assert smaller.flags.c_contiguous
    assert not np.shares_memory(other, first)
    larger = scratch.array("a", 50)
    assert larger.shape == (50,)
    assert np.shares_memory(scratch.array("a", 4, 5), larger)
    assert scratch.array("a", 0, 3).shape == (0, 3)


def test_each_thread_has_its_own_buffers() -> None:
    scratch = Scratch()
    both_here = threading.Barrier(2)
    buffers: list[np.ndarray] = []

    def work(item: int) -> None:
        buffer = scratch.array("a", 100)
        buffer[...] = item
        buffers.append(buffer)
        both_here.wait(LONG)
        assert (buffer == item).all()

    for_each(range(2), work, 2)
    assert not np.shares_memory(*buffers)


def blas_threads() -> set[int]:
    """How many threads each BLAS that is loaded would use."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


needs_blas = pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")


@contextmanager
def the_caller_has(threads: int) -> Iterator[None]:
    with threadpool_limits(threads, user_api="blas"):
        assert blas_threads() == {threads}
        yield


@needs_blas
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blas_keeps_to_one_thread_and_is_given_back(threads: int) -> None:
    with the_caller_has(threads):
        with single_threaded_blas():
            assert blas_threads() == {1}
            with single_threaded_blas():
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == {threads}


@needs_blas
def test_blas_is_given_back_after_a_fault() -> None:
    with the_caller_has(3):
        with pytest.raises(ArithmeticError, match="here"), single_threaded_blas():
            raise ArithmeticError("here")
        assert blas_threads() == {3}
        with single_threaded_blas():
            assert blas_threads() == {1}
        assert blas_threads() == {3}


@needs_blas
def test_calls_that_overlap_leave_blas_as_it_was() -> None:
    before = blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def overlap() -> None:
        with single_threaded_blas():
            entered.set()
            assert leave.wait(LONG)

    other = threading.Thread(target=overlap)
    with single_threaded_blas():
        other.start()
        assert entered.wait(LONG)
        assert blas_threads() == {1}
    leave.set()
    other.join(LONG)
    assert not other.is_alive()
    assert blas_threads() == before


@needs_blas
@pytest.mark.parametrize("fault", [None, ArithmeticError])
def test_a_convolution_holds_blas_at_one_thread_and_gives_it_back(
    fault: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[int] = Counter()
    rectify: Callable[..., None] = execute.rectify

    def look(*arguments: Any, **options: Any) -> None:
        seen.update(blas_threads())
        if fault:
            raise fault
        rectify(*arguments, **options)

    monkeypatch.setattr(execute, "rectify", look)
    monkeypatch.setattr(execute, "_is_finite", lambda strips: seen.update(blas_threads()) or True)
    with the_caller_has(3):
        if fault:
            monkeypatch.setattr(execute, "_is_finite", look)
            with pytest.raises(fault):
                conv2d(np.ones((9, 9)), np.ones((2, 2)), algorithm="im2col")
        else:
            conv2d(np.ones((9, 9)), np.ones((2, 2)), algorithm="im2col")
        assert blas_threads() == {3}
    assert set(seen) == {1}
