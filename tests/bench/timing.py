"""Timing: the best of several calls, the contenders taking turns so that noise hits them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Any

Run = Callable[[], Any]


@dataclass(frozen=True)
class Budget:
    """How long to measure.

    Attributes
    ----------
    rounds
        Turns that each contender gets.
    turn
        Seconds that a turn lasts at least; it has at least one call.
    most
        Seconds after which a contender gets no more turns.
    pause
        Seconds of rest before a turn. Pools of threads keep a core busy for a while after their last
        call, which must not be time of the next contender.
    """

    rounds: int
    turn: float
    most: float
    pause: float


FULL = Budget(rounds=7, turn=0.1, most=3.0, pause=0.05)
QUICK = Budget(rounds=2, turn=0.0, most=0.5, pause=0.0)


def best_times(runs: Mapping[str, Run], budget: Budget) -> dict[str, float]:
    """Seconds of the quickest call of each contender."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(budget.rounds):
        for name, run in runs.items():
            if sum(times[name]) < budget.most:
                sleep(budget.pause)
                times[name] += _turn(run, budget.turn)
    return {name: min(calls) for name, calls in times.items()}


def seconds(run: Run) -> float:
    """Time one call; freeing what it returns does not count."""
    start = perf_counter()
    result = run()
    stop = perf_counter()
    del result
    return stop - start


def _turn(run: Run, least: float) -> list[float]:
    end = perf_counter() + least
    times = [seconds(run)]
    while perf_counter() < end:
        times.append(seconds(run))
    return times
