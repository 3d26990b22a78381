"""Rows as text for a terminal, as Markdown for the README, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from tests.bench.case import Row

MARKERS = "<!-- bench -->", "<!-- /bench -->"
_BETWEEN = re.compile(f"(?<={MARKERS[0]}\n).*?(?={MARKERS[1]})", re.DOTALL)

HEADING = f"{'':<40}{'peer':<28}{'ours, ms':>10}{'peer, ms':>10}{'ratio':>8}{'reach':>7}"


def digits(value: float) -> str:
    """Three digits, or all those before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def text(row: Row) -> str:
    """One line of the table: losses, and ratios that are not what they should reach, are marked."""
    start = f"  {row.name:<38}{row.peer:<28}{digits(row.ours * 1000):>10}"
    if row.theirs is None or row.ratio is None:
        return f"{start}  not installed ({row.missing})"
    marks = [word for word, holds in (("loss", lost(row)), ("below reach", below_reach(row))) if holds]
    numbers = f"{digits(row.theirs * 1000):>10}{digits(row.ratio):>8}{row.reach:>7g}"
    return f"{start}{numbers}  {', '.join(marks)}".rstrip()


def summary(rows: Iterable[Row]) -> str:
    """How many comparisons there are, and how many fall short."""
    compared = [row for row in rows if row.ratio is not None]
    losses, short = sum(map(lost, compared)), sum(map(below_reach, compared))
    return f"{len(compared)} comparisons: {losses} lost, {short} below reach"


def lost(row: Row) -> bool:
    """Whether the peer is faster."""
    return row.ratio is not None and row.ratio < 1


def below_reach(row: Row) -> bool:
    """Whether the ratio is less than what we want."""
    return row.ratio is not None and row.ratio < row.reach


def markdown(rows: Iterable[Row], machine: Mapping[str, Any]) -> str:
    """A table with a line for each case: our time, and each peer's as a multiple of it, losses bold."""
    lines = [
        "| | convtool | times as long as convtool; **bold** where the peer is faster |",
        "| --- | ---: | --- |",
    ]
    for group, of_group in groupby(rows, key=lambda row: row.group):
        lines.append(f"| *{group}* | | |")
        for name, of_case in groupby(of_group, key=lambda row: row.name):
            peers = list(of_case)
            multiples = " · ".join(f"{row.peer} {_multiple(row)}" for row in peers)
            lines.append(f"| {name} | {digits(peers[0].ours * 1000)} ms | {multiples} |")
    facts = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "\n".join([*lines, "", f"Measured by `python -m tests.bench`: {facts}.", ""])


def has_markers(readme: str) -> bool:
    """Whether there is a place for the table."""
    return _BETWEEN.search(readme) is not None


def rewritten(readme: str, table: str) -> str:
    """The README with ``table`` between its markers."""
    return _BETWEEN.sub(lambda _: table, readme, count=1)


def record(row: Row) -> dict[str, Any]:
    """A row as JSON can hold it; times in milliseconds."""
    return {
        "group": row.group,
        "name": row.name,
        "peer": row.peer,
        "ours_ms": row.ours * 1000,
        "peer_ms": None if row.theirs is None else row.theirs * 1000,
        "ratio": row.ratio,
        "reach": row.reach,
        "missing": row.missing,
    }


def _multiple(row: Row) -> str:
    if row.ratio is None:
        return "–"
    return f"**{digits(row.ratio)}**" if lost(row) else digits(row.ratio)
