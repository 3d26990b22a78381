"""Counts of a batch, and what is kept of failures and notices however many there are."""

from __future__ import annotations

from convtool.jobs.batch.tally import MOST_NAMED, Tally
from convtool.jobs.batch.work import Item, Result, Status


def result(number: int, status: Status = "done", *notices: str) -> Result:
    name = f"{number}.png"
    error = f"{name}: it is empty" if status == "failed" else None
    return Result(Item(name, name, 0), status, error=error, notices=tuple(f"{name}: {n}" for n in notices))


def test_counts() -> None:
    tally = Tally(9)
    for number, status in enumerate(("done", "done", "done", "skipped", "skipped", "failed")):
        tally.count(result(number, status))  # type: ignore[arg-type]
    assert (tally.done, tally.skipped, tally.failed, tally.finished) == (3, 2, 1, 6)
    assert tally.failures == ["5.png: it is empty"]


def test_the_first_failures_are_kept() -> None:
    tally = Tally(1000)
    for number in range(1000):
        tally.count(result(number, "failed"))
    assert tally.failed == 1000
    assert tally.failures == [f"{number}.png: it is empty" for number in range(MOST_NAMED)]


def test_notices_are_counted_by_what_they_say() -> None:
    tally = Tally(3)
    tally.count(result(0, "done", "alpha is dropped"))
    tally.count(result(1))
    tally.count(result(2, "done", "alpha is dropped", "frame 0 of 3 is used"))
    assert tally.notices == {"alpha is dropped": (2, "0.png"), "frame 0 of 3 is used": (1, "2.png")}


def test_of_ever_other_notices_the_first_are_kept() -> None:
    tally = Tally(100)
    for number in range(100):
        tally.count(result(number, "done", f"{number} values were clipped", "alpha is dropped"))
    assert len(tally.notices) == MOST_NAMED
    assert tally.notices["alpha is dropped"] == (100, "0.png")


def test_the_rate_is_of_all_that_is_finished() -> None:
    tally = Tally(10)
    tally.started -= 2
    for number in range(4):
        tally.count(result(number))
    assert 1 < tally.rate <= 2
    assert tally.seconds >= 2
