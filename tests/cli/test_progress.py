"""What a batch says while it works and at its end: to a terminal, to a file, to nobody."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from convtool.cli import progress
from convtool.cli.progress import BatchProgress, duration
from convtool.jobs.batch.tally import MOST_NAMED, Tally
from convtool.jobs.batch.work import Item, Result

if TYPE_CHECKING:
    from convtool.jobs.batch.work import Status


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def count(tally: Tally, status: Status, images: int = 1, *notices: str) -> None:
    for _ in range(images):
        error = "b.png: it is empty" if status == "failed" else None
        tally.count(Result(Item("b.png", "b.png", 0), status, error=error, notices=notices))


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_summary_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(1312)
    with BatchProgress(tally, quiet=False):
        count(tally, "done", 1200)
        count(tally, "skipped", 110)
        count(tally, "failed", 2)
    failure = "convtool: b.png: it is empty"
    *failures, summary = said(capsys)
    assert failures == [failure, failure]
    assert summary.startswith(
        "convtool: 1,200 done, 110 skipped as already done, 2 failed of 1,312 images in 0."
    )


def test_what_was_given_up_is_told_once_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(3)
    with BatchProgress(tally, quiet=False):
        count(tally, "done", 2, "b.png: alpha is dropped")
        count(tally, "done", 1, "b.png: frame 0 of 3 is used")
    assert said(capsys)[:2] == [
        "convtool: notice: alpha is dropped (b.png and 1 more)",
        "convtool: notice: frame 0 of 3 is used (b.png)",
    ]


def test_many_failures_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(1100)
    with BatchProgress(tally, quiet=False):
        count(tally, "failed", 1100)
    lines = said(capsys)
    assert len(lines) == MOST_NAMED + 2
    assert lines[-2] == "convtool: … and 1,080 more that failed"


def test_one_that_is_cut_off_says_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(10)
    count(tally, "done", 4)
    with pytest.raises(KeyboardInterrupt), BatchProgress(tally, quiet=False):
        raise KeyboardInterrupt
    (summary,) = said(capsys)
    assert summary.startswith("convtool: 4 done of 10 images in ")
    assert summary.endswith(", 6 left; the same command goes on")


def test_quiet_leaves_the_failures(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(2)
    with BatchProgress(tally, quiet=True) as watched:
        count(tally, "done", 1, "b.png: alpha is dropped")
        watched.update()
        count(tally, "failed")
    assert said(capsys) == ["convtool: b.png: it is empty"]


def test_without_a_terminal_there_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    tally = Tally(40, started=now)
    watched = BatchProgress(tally, quiet=False)
    for _ in range(20):
        now += 1
        count(tally, "done")
        watched.update()
    lines = said(capsys)
    assert lines == [
        f"convtool: {done} of 40 images, 1 a second, {40 - done} s left" for done in (5, 10, 15, 20)
    ]


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delenv("TERM", raising=False)
    tally = Tally(4)
    with BatchProgress(tally, quiet=False) as watched:
        tally.started -= 10
        count(tally, "done", 1)
        count(tally, "failed", 1)
        watched.update()
        shown = screen.getvalue()
    assert shown.startswith("\r[############............] 2 of 4 images, 1 failed, 0.2 a second, 10 s left")


def test_the_bar_makes_room_for_what_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delenv("TERM", raising=False)
    watched = BatchProgress(Tally(4), quiet=False)
    watched.update()
    assert not screen.getvalue().endswith("\r\x1b[K")
    watched.make_room()
    assert screen.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12.4, "12 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_bar_is_full_at_the_end_only() -> None:
    assert progress.bar(0, 0) == progress.bar(0, 9) == "[" + "." * 24 + "]"
    assert progress.bar(999, 1000).count(".") == 1
    assert progress.bar(1000, 1000) == "[" + "#" * 24 + "]"
