"""Results of images that are given up, in the same words whichever engine gives them up."""

from __future__ import annotations

from convtool.errors import LimitError, OutputError
from convtool.jobs.batch.work import Item, Result


def died_twice(item: Item, how: str) -> Result:
    """Of an image that two workers died of, the second of them of nothing else."""
    error = f"{item.input}: its worker died twice ({how}); see whether 'convtool run' can do it by itself"
    return Result(item, "failed", error=error, exit=OutputError.exit_code)


def took_too_long(item: Item, seconds: float) -> Result:
    """Of an image that was not done in its time."""
    error = f"{item.input}: it took longer than {seconds:g} s; allow more with --image-timeout"
    return Result(item, "failed", error=error, exit=LimitError.exit_code)
