"""How far a batch has come: how many images are done, what failed, what was given up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from convtool.jobs.batch.work import Result

MOST_NAMED = 20
"""Failures, and kinds of notices, that are kept to be told at the end."""


@dataclass
class Tally:
    """Counts of one batch, of which there are ``total`` images.

    Attributes
    ----------
    failures
        What went wrong, a line each; the first `MOST_NAMED` of them.
    notices
        What was given up, with the number of images and the first of them; as many kinds.
    """

    total: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    notices: dict[str, tuple[int, str]] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def count(self, result: Result) -> None:
        """Take in what came of one image."""
        match result.status:
            case "done":
                self.done += 1
            case "skipped":
                self.skipped += 1
            case "failed":
                self.failed += 1
                if result.error is not None and len(self.failures) < MOST_NAMED:
                    self.failures.append(result.error)
        for notice in result.notices:
            text = notice.removeprefix(f"{result.item.input}: ")
            if text in self.notices or len(self.notices) < MOST_NAMED:
                images, first = self.notices.get(text, (0, result.item.input))
                self.notices[text] = images + 1, first

    @property
    def finished(self) -> int:
        """Images of which nothing is left to do."""
        return self.done + self.skipped + self.failed

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.finished / max(self.seconds, 1e-9)
