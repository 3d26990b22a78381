"""A case: one job that convtool and its peers all do, checked to give the same, then timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from tests.bench.images import BRIGHTEST
from tests.bench.peers import NotInstalled
from tests.bench.timing import Budget, Run, best_times
from tests.tolerances import assert_close, response_scale

Check = Callable[[Any, Any], None]
"""Asserts that the results of convtool and of a peer agree."""

OURS = "convtool"


@dataclass(frozen=True)
class Setting:
    """What every case is made for: threads, the longest side of a picture, a folder for files."""

    threads: int
    longest: int
    scratch: Path

    def side(self, wanted: int) -> int:
        """The side of a picture that is to be ``wanted`` in a full run."""
        return min(wanted, self.longest)


@dataclass(frozen=True)
class Peer:
    """Another way to do a case's job.

    Attributes
    ----------
    name
        Its name in the table.
    reach
        The ratio of times, the peer's over ours, that we want to reach.
    prepare
        Imports the peer, makes its inputs and returns the call to time.
    """

    name: str
    reach: float
    prepare: Callable[[], Run]


@dataclass(frozen=True)
class Case:
    """One job; ``ours`` is prepared as a peer is, and results without a ``check`` are not compared."""

    group: str
    name: str
    ours: Callable[[], Run]
    peers: tuple[Peer, ...]
    check: Check | None


@dataclass(frozen=True)
class Row:
    """Seconds of convtool and of one peer at one case; ``missing`` says how to install an absent peer."""

    group: str
    name: str
    peer: str
    reach: float
    ours: float
    theirs: float | None
    missing: str | None = None

    @property
    def ratio(self) -> float | None:
        """The peer's time over ours."""
        return None if self.theirs is None else self.theirs / self.ours


def measure(case: Case, budget: Budget) -> list[Row]:
    """Compare what the contenders of a case return, then time them; a row for each peer."""
    runs, missing = {OURS: case.ours()}, {}
    for peer in case.peers:
        try:
            runs[peer.name] = peer.prepare()
        except NotInstalled as absent:
            missing[peer.name] = str(absent)
    _compare(case, runs)
    times = best_times(runs, budget)
    return [
        Row(
            case.group,
            case.name,
            peer.name,
            peer.reach,
            times[OURS],
            times.get(peer.name),
            missing.get(peer.name),
        )
        for peer in case.peers
    ]


def same_responses(weights: Float32, margin: int = 0) -> Check:
    """A check of responses of ``weights`` on the photograph, less ``margin`` cells at the borders.

    Batch and channel axes of one may be left out. ReLU and a max pool never enlarge a difference.
    """
    inner = slice(margin, -margin or None)
    scale = response_scale(np.array([BRIGHTEST], np.float32), weights).max()

    def check(ours: Any, theirs: Any) -> None:
        expected, actual = (np.squeeze(np.asarray(result))[..., inner, inner] for result in (ours, theirs))
        assert_close(actual, expected, case="conv", terms=weights[0].size, scale=scale)

    return check


def same_values(ours: Any, theirs: Any) -> None:
    """Check for equal values; batch and channel axes of one may be left out."""
    np.testing.assert_array_equal(np.squeeze(np.asarray(theirs)), ours)


def _compare(case: Case, runs: dict[str, Run]) -> None:
    ours = runs[OURS]()
    for name, run in runs.items():
        if name == OURS:
            continue
        theirs = run()
        try:
            if case.check:
                case.check(ours, theirs)
        except AssertionError as error:
            error.add_note(f"{case.group}, {case.name}: {name} and convtool differ")
            raise
