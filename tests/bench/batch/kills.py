"""``python -m tests.bench.batch.kills``: batches that are killed at random moments and resumed (Linux)."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import uuid
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from convtool.jobs.batch.journal import NAME
from tests.bench.batch import photographs
from tests.bench.batch.commands import FILTERS, Words, convtool_batch
from tests.bench.timing import seconds
from tests.readme import ROOT

IMAGES, SIDE = 60, 256
LONGEST_AFTER_DEATH = 2.0
"""Seconds that workers may outlive their parent."""

MARK = "CONVTOOL_KILLS"
"""A variable that the processes of a run inherit, to be known by."""


@dataclass
class Tally:
    """What has happened so far.

    Attributes
    ----------
    kills
        Of a parent that was at work.
    finished
        Batches that came to their end, all of them resumed ones but the first.
    slowest
        Seconds until the last worker of a killed parent was gone, at most.
    """

    kills: int = 0
    finished: int = 0
    slowest: float = 0.0


def kill_and_resume(source: Path, scratch: Path, kills: int) -> Tally:
    """Run a batch again and again, killed at random moments, and check what is there when it ends.

    Then it begins anew, until there have been so many kills; the last batch comes to its end.
    """
    expected, target = scratch / "uninterrupted", scratch / "killed"
    whole = seconds(lambda: start(convtool_batch(source, expected), "whole").wait())
    tree = contents(expected)
    images = len(list(source.rglob("*.*")))
    assert len(tree) == images * len(FILTERS) * len(("map", "pool"))
    tally, randomness = Tally(), random.Random(0)
    while tally.kills < kills or target.exists():
        delay = randomness.uniform(0, whole) if tally.kills < kills else None
        if killed(convtool_batch(source, target), delay, tally):
            tally.kills += 1
            continue
        tally.finished += 1
        check(target, tree, images)
        shutil.rmtree(target)
    return tally


def killed(command: Words, delay: float | None, tally: Tally) -> bool:
    """Run a batch and kill its parent after so many seconds; whether it had not ended by then."""
    mark = uuid.uuid4().hex
    with start(command, mark) as process:
        try:
            code = process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    if code != -signal.SIGKILL:
        assert code == 0, f"a resumed batch ended with {code}"
        return False
    begin = monotonic()
    while alive := processes_of(mark):
        lasting = monotonic() - begin
        assert lasting < LONGEST_AFTER_DEATH, f"processes {alive} live {lasting:.1f} s after their parent"
        sleep(0.01)
    tally.slowest = max(tally.slowest, monotonic() - begin)
    return True


def check(target: Path, expected: dict[str, bytes], images: int) -> None:
    """Assert that a finished tree is the uninterrupted one, and that nothing finished was done again."""
    found = contents(target)
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    others = [name for name in expected if found[name] != expected[name]]
    assert not others, others
    done = Counter()
    for line in (target / NAME).read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # torn by a kill
            continue
        done[entry["place"]] += entry["status"] == "done"
    assert len(done) == images, f"{len(done)} of {images} images are in the journal"
    assert set(done.values()) == {1}, [place for place, times in done.items() if times != 1]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the journal, with its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def processes_of(mark: str) -> list[int]:
    """The living processes that bear a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:  # it is gone, or somebody else's
            continue
        if f"{MARK}={mark}".encode() in environment:
            found.append(int(folder.name))
    return found


def start(command: Words, mark: str) -> subprocess.Popen[bytes]:
    """Start a batch whose processes bear a mark."""
    environment = {**os.environ, MARK: mark}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def main() -> None:
    """Kill, resume, and say that all was well."""
    parser = ArgumentParser(prog="python -m tests.bench.batch.kills", description=__doc__.partition(":")[2])
    parser.add_argument("--kills", metavar="N", type=int, default=100, help="so many (default: 100)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "photographs")
        photographs.take(source, IMAGES, SIDE)
        tally = kill_and_resume(source, Path(scratch), chosen.kills)
    print(f"{tally.kills} kills; {tally.finished} batches of {IMAGES} images came to their end after them:")
    print("every tree as the uninterrupted one, no finished image done twice, no part left;")
    print(f"workers gone within {tally.slowest:.2f} s of their parent's death")


if __name__ == "__main__":
    main()
