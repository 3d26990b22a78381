"""Rows B1 to B8: workers that die or hang, batches that are stopped, killed and resumed, or meet another."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool.jobs.batch.journal import NAME
from tests.cli.runner import Finished, contents, spawned
from tests.faults.commands import Words, refused, run
from tests.io import handmade as hm

JOURNAL = Path("maps", NAME)
HANGS = "photos/hangs.png"
PHOTOS = [f"photos/{number:02}.npy" for number in range(12)]
FILTER_AND_FOLDER = ("-f", "sobel-x", "--out-dir", "maps")
BATCH = ("batch", "photos", *FILTER_AND_FOLDER)
WITH_ONE_THAT_HANGS = ("batch", HANGS, *BATCH[1:])

needs_linux = pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not tell who has a file open")


@pytest.fixture(autouse=True)
def photos() -> None:
    """Images, and a pipe that a folder's images do not include, and that whoever reads it waits for."""
    Path("photos").mkdir()
    for seed, name in enumerate(PHOTOS):
        draw(name, seed)
    os.mkfifo(HANGS)


def draw(name: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 11), np.uint8)
    Path(name).write_bytes(hm.npy_of(pixels))


def until_read() -> int:
    """Wait until a worker reads the image that hangs, and keep it waiting; give the pipe's other end."""
    while True:
        with suppress(OSError):  # nobody reads it yet
            return os.open(HANGS, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)


def its_reader() -> int:
    """The worker that reads the image that hangs, by its id."""
    path = Path(HANGS).resolve()
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                reads = path in {link.readlink() for link in (folder / "fd").iterdir()}
                if reads and int(folder.name) != os.getpid():
                    return int(folder.name)


def statuses(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["input"]: line["status"] for line in lines}


def journal() -> list[dict[str, Any]]:
    """Every line of the journal, which must be whole."""
    content = JOURNAL.read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def tree(folder: str) -> dict[str, bytes | None]:
    """All that a batch has written but its journal."""
    return {name: content for name, content in contents(Path(folder)).items() if name != NAME}


def finished_but_for_the_one_that_hangs(finished: Finished, code: int, *words: str) -> None:
    assert finished.code == 6
    assert statuses(finished.records) == {**dict.fromkeys(PHOTOS, "done"), HANGS: "failed"}
    (failed,) = [line for line in finished.records if line["status"] == "failed"]
    assert failed["exit"] == code
    assert [word for word in (HANGS, *words) if word not in failed["error"]] == []
    lines = finished.err.splitlines()
    assert (lines[0], len(lines)) == (f"convtool: {failed['error']}", 2)


@needs_linux
def test_b01_a_worker_killed_again_and_again() -> None:
    """A worker that is killed with kill -9, and the second that tries its image: no other image is lost."""
    with spawned(*WITH_ONE_THAT_HANGS, "--jobs", "2") as process:
        for _ in range(2):
            until_read()
            worker = its_reader()
            os.kill(worker, signal.SIGKILL)
            while Path(f"/proc/{worker}/fd/0").exists():
                time.sleep(0.01)
        data, err = process.communicate(timeout=60)
    finished_but_for_the_one_that_hangs(
        Finished(process.returncode, data, err.decode()), 5, "its worker died twice (signal 9)"
    )


def test_b02_an_image_that_hangs() -> None:
    """An image that is never read to its end: it is given up, and the others are done."""
    finished = run(*WITH_ONE_THAT_HANGS, "--jobs", "2", "--image-timeout", "1")
    finished_but_for_the_one_that_hangs(finished, 4, "it took longer than 1 s", "--image-timeout")


def test_b02_a_batch_that_is_paused() -> None:
    """Ctrl-Z for longer than an image may take: no image is given up for it."""
    command = ("batch", HANGS, *FILTER_AND_FOLDER, "--image-timeout", "1")
    with spawned(*command, start_new_session=True) as process:
        writer = until_read()
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(2.3)
        os.killpg(process.pid, signal.SIGCONT)
        os.write(writer, Path(PHOTOS[0]).read_bytes())
        os.close(writer)
        data, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert statuses([json.loads(data)]) == {HANGS: "done"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("everybody", [True, False])
def test_b03_ended_with_a_full_queue(number: signal.Signals, code: int, everybody: bool) -> None:
    """Ctrl-C or SIGTERM, to the workers too or not: all end at once, nothing is left in part."""
    with spawned(*WITH_ONE_THAT_HANGS, "--jobs", "2", start_new_session=True) as process:
        until_read()
        start = time.monotonic()
        (os.killpg if everybody else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=60)  # as soon as nobody has the streams open
        taken = time.monotonic() - start
    assert process.returncode == code
    assert taken < 2
    assert err.count(b"\n") == 1
    assert b"left; the same command goes on" in err
    assert not [name for name in tree("maps") if name.endswith(".part")]
    before = {line["place"] for line in journal()} if JOURNAL.read_bytes() else set()
    again = run(*BATCH)
    assert again.code == 0
    skipped = {Path(name).name for name, status in statuses(again.records).items() if status == "skipped"}
    assert skipped == before


@needs_linux
def test_b03_ctrl_c_in_a_worker() -> None:
    """Ctrl-C, as the first worker hears it: it goes on, since its parent is who ends it."""
    with spawned("batch", HANGS, *FILTER_AND_FOLDER, "--image-timeout", "5", "--jobs", "1") as process:
        writer = until_read()
        os.kill(its_reader(), signal.SIGINT)
        os.write(writer, Path(PHOTOS[0]).read_bytes())
        os.close(writer)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err.count(b"\n") == 1


def test_b04_a_parent_that_is_killed() -> None:
    """A kill -9 of the batch: its workers are gone within two seconds, and say nothing."""
    with spawned(*WITH_ONE_THAT_HANGS, "--jobs", "3") as process:
        until_read()
        start = time.monotonic()
        process.kill()
        _, err = process.communicate(timeout=60)  # as soon as nobody has the streams open
        assert time.monotonic() - start < 2
    assert process.returncode == -signal.SIGKILL
    assert err == b""


def test_b05_killed_and_resumed() -> None:
    """A kill -9 after every few images: in the end all is as if none had been, and nothing was done twice."""
    expected = run("batch", "photos", "-f", "sobel-x", "--out-dir", "expected")
    for _ in range(2):
        with spawned(*BATCH, "--jobs", "1") as process:
            assert process.stdout is not None
            while json.loads(process.stdout.readline())["status"] != "done":
                pass
            process.kill()
    last = run(*BATCH)
    assert (last.code, [line["input"] for line in last.records]) == (0, PHOTOS)
    assert list(statuses(last.records).values()).count("skipped") >= 2
    assert tree("maps") == tree("expected")
    assert [line["status"] for line in journal()] == ["done"] * len(PHOTOS)
    for here, there in zip(last.records, expected.records, strict=True):
        assert [record["sha256"] for record in here["outputs"]] == [
            record["sha256"] for record in there["outputs"]
        ]


@pytest.mark.parametrize(
    ("change", "options", "redone"),
    [
        (lambda: None, (), []),
        (lambda: JOURNAL.write_bytes(JOURNAL.read_bytes()[:-9]), (), PHOTOS[-1:]),
        (lambda: draw(PHOTOS[3], 99), (), PHOTOS[3:4]),
        (lambda: Path("maps/04.sobel-x.map.png").write_bytes(b"other"), (), PHOTOS[4:5]),
        (lambda: Path("edge.json").write_text("[[1, -1]]"), ("-f", "edge.json"), PHOTOS),
        (lambda: None, ("--stride", "2"), PHOTOS),
    ],
    ids=["nothing", "a torn line", "an input", "an output", "a filter", "an option"],
)
def test_b05_what_has_changed(change: Any, options: Words, redone: list[str]) -> None:
    """A batch run again: only what is not proven done is done."""
    run(*BATCH, "--jobs", "1")
    change()
    again = run(*BATCH, "--jobs", "1", *options)
    assert [line["input"] for line in again.records if line["status"] == "done"] == redone
    assert {line["status"] for line in again.records} <= {"done", "skipped"}


def test_b06_two_batches_in_one_folder() -> None:
    """A folder in which another batch is at work: the second one is refused."""
    with spawned("batch", HANGS, *FILTER_AND_FOLDER) as process:
        until_read()
        refused(*BATCH, code=5, says=("convtool: maps: another batch is at work in this folder",))
        process.terminate()
        process.communicate(timeout=60)


@needs_linux
def test_b07_threads_of_a_worker() -> None:
    """A worker: it computes on one thread, and another watches whether its parent lives."""
    with spawned("batch", HANGS, *FILTER_AND_FOLDER) as process:
        until_read()
        assert len(list(Path(f"/proc/{its_reader()}/task").iterdir())) == 2
        process.terminate()
        process.communicate(timeout=60)


def test_b08_any_number_of_workers() -> None:
    """The work of one, two or five workers: the same bytes, told of in the same order."""
    told = []
    for jobs in ("1", "2", "5"):
        finished = run("batch", "photos", "-f", "kirsch", "--out-dir", f"maps-{jobs}", "--jobs", jobs)
        assert finished.code == 0
        told.append([line["input"] for line in finished.records])
    assert told == [PHOTOS] * 3
    assert tree("maps-1") == tree("maps-2") == tree("maps-5")
    assert len(tree("maps-1")) == len(PHOTOS) * 8 * 2
