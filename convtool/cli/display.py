"""How a command's results reach the user: tables, JSON lines, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from convtool.cli.faults import say
from convtool.errors import ArgumentError, InputError

if TYPE_CHECKING:
    from convtool.jobs.image import Outcome


@contextmanager
def written_anyway(made: Iterator[object]) -> Iterator[None]:
    """Make all that is left, and so write it, if the reader of what is printed goes away."""
    try:
        yield
    except BrokenPipeError:
        for _ in made:
            pass
        raise


@dataclass(frozen=True)
class Display:
    """What the user wants to see."""

    precision: int = 4
    full: bool = False
    json: bool = False
    quiet: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    strict: bool = False
    stdout_is_data: bool = False

    def __post_init__(self) -> None:
        if self.json and self.stdout_is_data:
            raise ArgumentError("--json and -o - would both write to standard output; choose one")

    def notice(self, line: str) -> None:
        """Say what the user loses; to a strict user it is an error."""
        if self.strict:
            raise InputError(f"{line}; refused because of --strict")
        if not self.quiet:
            say(f"notice: {line}")

    def progress(self, line: str) -> None:
        """Say how far long work has come, to somebody who watches."""
        if not self.quiet and sys.stderr.isatty():
            say(line)

    @property
    def tables(self) -> bool:
        """Whether tables are printed."""
        return not (self.json or self.quiet or self.stdout_is_data)

    def show(self, outcomes: Iterable[Outcome]) -> None:
        """Print every map once it is made; the files are written even if the reader goes away."""
        made = iter(outcomes)
        with written_anyway(made):
            self._print(made)

    def _print(self, outcomes: Iterator[Outcome]) -> None:
        if self.json:
            for outcome in outcomes:
                print(outcome.record.to_json(), flush=True)
            return
        if not self.tables:
            for _ in outcomes:
                pass
            return
        from convtool.view.consoles import console_for
        from convtool.view.maps import print_map

        console = console_for(sys.stdout, self.color)
        for outcome in outcomes:
            print_map(console, outcome.record, outcome.values, precision=self.precision, full=self.full)
            sys.stdout.flush()
