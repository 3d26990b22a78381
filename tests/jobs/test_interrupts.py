"""Signals that ask to stop: the first is put off, the second heard at once, and none is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from convtool.jobs.interrupts import SIGNALS, deferred_signals

each_signal = pytest.mark.parametrize("number", SIGNALS)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What the handlers from before heard."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    numbers: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda heard, frame: numbers.append(heard))
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


@each_signal
def test_the_first_is_put_off_to_the_end(number: signal.Signals, heard: list[int]) -> None:
    with deferred_signals() as deferred:
        assert deferred.number is None
        signal.raise_signal(number)
        assert deferred.number == number
        assert heard == []
    assert heard == [number]


@each_signal
@pytest.mark.parametrize("other", SIGNALS)
def test_the_second_is_heard_at_once(number: signal.Signals, other: signal.Signals, heard: list[int]) -> None:
    with deferred_signals() as deferred:
        signal.raise_signal(number)
        signal.raise_signal(other)
        assert heard == [other]
        assert deferred.number == number
    assert heard == [other, number]


def test_without_a_signal_nothing_happens(heard: list[int]) -> None:
    before = handlers()
    with deferred_signals() as deferred:
        assert all(now is not then for now, then in zip(handlers(), before, strict=True))
    assert deferred.number is None
    assert heard == []
    assert handlers() == before


@each_signal
def test_one_that_is_ignored_stays_so(number: signal.Signals, heard: list[int]) -> None:
    """As in a pipe that a shell started in the background."""
    signal.signal(number, signal.SIG_IGN)
    with deferred_signals() as deferred:
        assert signal.getsignal(number) == signal.SIG_IGN
        signal.raise_signal(number)
        assert deferred.number is None
    assert signal.getsignal(number) == signal.SIG_IGN
    assert heard == []


@each_signal
def test_handlers_are_as_before_after_a_fault(number: signal.Signals, heard: list[int]) -> None:
    before = handlers()

    def fail() -> None:
        with deferred_signals():
            signal.raise_signal(number)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert handlers() == before


def test_what_the_second_raises_ends_the_work(heard: list[int]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reached = []

    def work() -> None:
        with deferred_signals():
            signal.raise_signal(signal.SIGTERM)
            reached.append("the first")
            signal.raise_signal(signal.SIGINT)
            reached.append("the second")

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        work()
    assert reached == ["the first"]


def test_ctrl_c_alone_comes_when_the_work_is_done(heard: list[int]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reached = []

    def work() -> None:
        with deferred_signals():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")
        reached.append("what is behind it")

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        work()
    assert reached == ["the end"]


def test_another_thread_hears_no_signals(heard: list[int]) -> None:
    found: list[Any] = []

    def work() -> None:
        before = handlers()
        with deferred_signals() as deferred:
            found.append((deferred.number, handlers() == before))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(None, True)]
    signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGINT]
