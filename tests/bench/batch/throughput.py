"""Photographs a second beside OpenCV, and what records and the journal cost of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from convtool import load_map
from tests.bench.batch import photographs
from tests.bench.batch.commands import Words, bare_library, best_seconds, convtool_batch, opencv_script, run
from tests.bench.figures import Figure
from tests.bench.peers import library
from tests.bench.timing import seconds

REACH = 0.9
MOST_OVERHEAD = 0.05
LONG = 1000
"""From so many images on a turn takes a minute, in which noise evens out."""

OURS, BARE = "convtool batch", "without records and journal"
OPENCV, FASTER = "OpenCV script", "OpenCV script that pools in passes"


def figures(images: int, scratch: Path) -> Iterator[Figure]:
    """Rates of the four, and ratios."""
    library("cv2")
    source = scratch / "photographs"
    paths = photographs.take(source, images)
    targets = {name: scratch / name for name in (OURS, BARE, OPENCV, FASTER)}
    commands: dict[str, Words] = {
        OURS: convtool_batch(source, targets[OURS]),
        BARE: bare_library(source, targets[BARE]),
        OPENCV: opencv_script(source, targets[OPENCV], "plain"),
        FASTER: opencv_script(source, targets[FASTER], "passes"),
    }
    times = best_seconds(commands, targets, rounds=1 if images >= LONG else 2)
    for path in paths[:: max(1, images // 100)]:
        compare(path.relative_to(source), targets)
    for name, taken in times.items():
        yield Figure(f"{name}, images a second", images / taken)
    yield Figure(f"{OURS} / {OPENCV}", times[OPENCV] / times[OURS], REACH)
    yield Figure(f"{OURS} / {FASTER}", times[FASTER] / times[OURS])
    again = seconds(lambda: run(commands[OURS]))
    yield Figure(f"{OURS} when all is done, images a second", images / again)
    yield Figure(
        "time of records and journal, of the rest", times[OURS] / times[BARE] - 1, MOST_OVERHEAD, True
    )


def compare(image: Path, targets: dict[str, Path]) -> None:
    """Check that the maps of one photograph are the same files without records, and the same map by OpenCV.

    A colour's brightness is each program's own: OpenCV's maps are compared where there is none.
    """
    names = sorted(path.name for path in (targets[OURS] / image.parent).glob(f"{image.stem}.*"))
    assert len(names) == 8
    for name in names:
        ours, bare, *theirs = (targets[which] / image.parent / name for which in (OURS, BARE, OPENCV, FASTER))
        assert ours.read_bytes() == bare.read_bytes(), f"{name} differs"
        assert all(path.is_file() for path in theirs), f"{name} is missing"
        with Image.open(targets[OURS].parent / "photographs" / image) as photograph:
            if photograph.mode == "L":
                for path in theirs:
                    same_values(ours, path)


def same_values(ours: Path, theirs: Path) -> None:
    """Check a picture, scaled by the range of its own map, against a map file: within a step of each."""
    expected = load_map(ours).astype(np.float64)
    with Image.open(theirs) as picture:
        codes = np.asarray(picture, np.float64)
    assert codes.shape == expected.shape
    step = np.ptp(expected) / 65535
    off = np.abs(expected.min() + codes * step - expected).max()
    assert off <= 2 * step, f"{theirs.name}: a value is off by {off / step:.3g} steps"
