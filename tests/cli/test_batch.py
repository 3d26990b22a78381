"""The command `batch`: a line an image in their order, a journal, a summary, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from convtool import __version__
from convtool.errors import OutputError
from convtool.jobs.batch.journal import NAME
from tests.cli.runner import Finished, as_process, contents, in_process, spawned


def draw(name: str, seed: int = 0, size: int = 12) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size), np.uint8)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def photos(folder: Path) -> list[str]:
    """Seven images in a tree, in the order of their names' bytes."""
    names = ["B.png", "a.png", "b.png", "sub/Z.png", "sub/a.png", "sub/deep/x.png", "z.tif"]
    for seed, name in enumerate(names):
        draw(f"photos/{name}", seed)
    return [f"photos/{name}" for name in names]


def batch(*arguments: str | Path, stdin: bytes = b"") -> Finished:
    return in_process("batch", *arguments, "-f", "sobel-x", "--out-dir", "maps", "--jobs", "1", stdin=stdin)


def statuses(finished: Finished) -> dict[str, str]:
    return {line["input"]: line["status"] for line in finished.records}


def summary(finished: Finished) -> str:
    return finished.err.splitlines()[-1]


def outputs() -> list[str]:
    return sorted(name for name, content in contents(Path("maps")).items() if content is not None)


def test_a_tree_of_images_becomes_a_tree_of_maps(photos: list[str]) -> None:
    finished = batch("photos", "--recursive")
    assert finished.code == 0
    assert statuses(finished) == dict.fromkeys(photos, "done")
    assert [line["input"] for line in finished.records] == photos
    written = [
        f"maps/{name.removeprefix('photos/').rpartition('.')[0]}.sobel-x.{stage}.png"
        for name in photos
        for stage in ("map", "pool")
    ]
    assert [record["output"] for line in finished.records for record in line["outputs"]] == written
    assert outputs() == sorted([NAME, *(name.removeprefix("maps/") for name in written)])
    assert summary(finished).startswith("convtool: 7 done of 7 images in ")


def test_the_outputs_and_records_are_those_of_run(photos: list[str]) -> None:
    options = [
        "-f",
        "kirsch",
        "--pool",
        "3",
        "--padding",
        "same",
        "--flip",
        "--format",
        "npy",
        "--save",
        "conv,pool",
    ]
    finished = in_process("batch", *photos, *options, "--out-dir", "maps")
    Path("single").mkdir()
    for line, photo in zip(finished.records, photos, strict=True):
        alone = in_process("run", photo, *options, "--json", "--out-dir", "single")
        saved = [record for record in alone.records if record["output"]]
        for here, there in zip(line["outputs"], saved, strict=True):
            same = set(here) - {"output", "seconds", "plan"}
            assert {key: here[key] for key in same} == {key: there[key] for key in same}
            assert Path(here["output"]).read_bytes() == Path(there["output"]).read_bytes()


def test_any_number_of_workers_gives_the_same_bytes(photos: list[str]) -> None:
    """B8."""
    trees = []
    for jobs in ("1", "3"):
        in_process("batch", "photos", "-r", "-f", "gabor", "--out-dir", f"maps{jobs}", "--jobs", jobs)
        tree = contents(Path(f"maps{jobs}"))
        del tree[NAME]
        trees.append(tree)
    assert trees[0] == trees[1]
    assert len(trees[0]) > 7


def test_files_folders_and_lists(photos: list[str]) -> None:
    listed = b"".join(os.fsencode(name) + b"\0" for name in photos[3:6])
    finished = batch(photos[0], "photos/z.tif", "--files-from", "-", "-0", stdin=listed)
    assert list(statuses(finished)) == [photos[0], *photos[3:6], photos[6]]
    Path("list").write_text("photos/a.png\n")
    assert list(statuses(batch("photos/b.png", "--files-from", "list"))) == ["photos/a.png", "photos/b.png"]
    assert list(statuses(batch("photos", "--include", "*.tif", "-r"))) == ["photos/z.tif"]


def test_a_failure_leaves_the_others_and_is_named(photos: list[str]) -> None:
    Path("photos/b.png").write_bytes(b"")
    finished = batch("photos", "-r")
    assert finished.code == 6
    (failed,) = [line for line in finished.records if line["status"] == "failed"]
    assert failed == {
        "input": "photos/b.png",
        "status": "failed",
        "outputs": [],
        "error": "photos/b.png: it is empty",
        "exit": 3,
    }
    first, last = finished.err.splitlines()
    assert first == "convtool: photos/b.png: it is empty"
    assert last.startswith("convtool: 6 done, 1 failed of 7 images in ")


def test_fail_fast(photos: list[str]) -> None:
    Path("photos/B.png").write_bytes(b"")
    finished = in_process(
        "batch", *photos, "-f", "sobel-x", "--out-dir", "maps", "--jobs", "1", "--fail-fast"
    )
    assert finished.code == 6
    assert statuses(finished)["photos/B.png"] == "failed"
    assert len(finished.records) < len(photos)
    assert "left; the same command goes on" in summary(finished)


def test_an_engine_that_cannot_be_reached_is_all_that_is_told(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*about: object, **options: object) -> None:
        raise OutputError("nobody is there")

    monkeypatch.setattr("convtool.jobs.engines.local.LocalEngine", unreachable)
    finished = batch("photos")
    assert (finished.code, finished.data) == (5, b"")
    assert finished.err == "convtool: nobody is there\n"


def test_the_same_command_again_does_nothing(photos: list[str]) -> None:
    """B5."""
    first = batch("photos", "-r")
    before = {name: Path("maps", name).stat().st_mtime_ns for name in outputs()}
    again = batch("photos", "-r")
    assert again.code == 0
    assert statuses(again) == dict.fromkeys(photos, "skipped")
    assert [line["outputs"] for line in again.records] == [line["outputs"] for line in first.records]
    assert {name: Path("maps", name).stat().st_mtime_ns for name in outputs()} == before
    assert summary(again).startswith("convtool: 7 skipped as already done of 7 images in ")


def test_a_folder_that_was_moved_is_done_still(photos: list[str]) -> None:
    """B5."""
    batch("photos", "-r")
    Path("moved").mkdir()
    Path("maps").rename("moved/maps")
    Path("photos").rename("moved/photos")
    again = in_process(
        "batch", "moved/photos", "-r", "-f", "sobel-x", "--out-dir", "moved/maps", "--jobs", "1"
    )
    assert statuses(again) == dict.fromkeys((f"moved/{name}" for name in photos), "skipped")
    for line in again.records:
        assert [record["input"] for record in line["outputs"]] == [line["input"]] * 2
        assert all(record["output"].startswith("moved/maps/") for record in line["outputs"])
        assert all(Path(record["output"]).is_file() for record in line["outputs"])


def test_a_list_of_some_images_leads_to_the_maps_of_the_whole(photos: list[str]) -> None:
    Path(photos[3]).write_bytes(b"")
    assert batch("photos", "-r").code == 6
    draw(photos[3])
    assert statuses(batch(photos[3], "--dry-run")) == {photos[3]: "planned"}
    (line,) = batch(photos[3]).records
    assert [record["output"] for record in line["outputs"]] == [
        "maps/sub/Z.sobel-x.map.png",
        "maps/sub/Z.sobel-x.pool.png",
    ]
    assert set(statuses(batch("photos", "-r")).values()) == {"skipped"}


def test_maps_of_other_images_are_not_replaced(photos: list[str]) -> None:
    draw("other/a.png")
    batch("other")
    before = contents(Path("maps"))
    refused = batch("photos/sub")
    assert (refused.code, refused.data) == (2, b"")
    assert "photos/sub/a.png would replace the maps of " in refused.err
    assert contents(Path("maps")) == before
    assert batch("photos/sub", "--fresh").code == 0


def test_records_without_files(photos: list[str]) -> None:
    finished = batch("photos", "--save", "none")
    assert {record["output"] for line in finished.records for record in line["outputs"]} == {None}
    assert [len(line["outputs"]) for line in finished.records] == [3] * 4
    assert outputs() == [NAME]
    again = batch("photos", "--save", "none")
    assert set(statuses(again).values()) == {"skipped"}
    assert [line["outputs"] for line in again.records] == [line["outputs"] for line in finished.records]


def test_what_changed_is_done_again(photos: list[str]) -> None:
    """B5."""
    Path("edge.json").write_text("[[1, -1]]")
    command = ["batch", "photos", "-r", "-f", "edge.json", "--out-dir", "maps", "--jobs", "2"]
    in_process(*command)
    draw(photos[1], seed=99)
    Path("maps/z.edge.map.png").unlink()
    expected = {**dict.fromkeys(photos, "skipped"), photos[1]: "done", photos[6]: "done"}
    assert statuses(in_process(*command)) == expected
    Path("edge.json").write_text("[[2, -2]]")
    assert set(statuses(in_process(*command)).values()) == {"done"}
    assert set(statuses(in_process(*command, "--stride", "2")).values()) == {"done"}
    assert set(statuses(in_process(*command, "--fresh")).values()) == {"done"}
    assert set(statuses(in_process(*command)).values()) == {"skipped"}


def test_another_version_does_it_again(photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """B5."""
    batch("photos")
    lines = Path("maps", NAME).read_text().replace(f'"version": "{__version__}"', '"version": "0.0.9"')
    Path("maps", NAME).write_text(lines)
    monkeypatch.setattr("convtool.jobs.batch.recipe.__version__", "0.2.0")
    assert set(statuses(batch("photos")).values()) == {"done"}


def test_a_failed_image_is_tried_again(photos: list[str]) -> None:
    content = Path(photos[0]).read_bytes()
    Path(photos[0]).write_bytes(b"")
    assert batch("photos", "-r").code == 6
    Path(photos[0]).write_bytes(content)
    again = batch("photos", "-r")
    assert again.code == 0
    assert statuses(again) == {**dict.fromkeys(photos, "skipped"), photos[0]: "done"}


def test_a_torn_line_is_ignored(photos: list[str]) -> None:
    """B5."""
    batch("photos", "-r")
    journal = Path("maps", NAME)
    journal.write_bytes(journal.read_bytes()[:-40])
    again = batch("photos", "-r")
    assert sorted(statuses(again).values()) == ["done"] + ["skipped"] * 6
    assert set(statuses(batch("photos", "-r")).values()) == {"skipped"}


def test_left_over_parts_are_removed(photos: list[str]) -> None:
    Path("maps/sub").mkdir(parents=True)
    Path("maps/sub/.convtool-batch-1-ff.part").write_bytes(b"half")
    Path("maps/.convtool-1-ff.part").write_bytes(b"of a command that is at work")
    batch("photos", "-r")
    assert [name for name in outputs() if name.endswith(".part")] == [".convtool-1-ff.part"]


def test_nothing_in_the_folder_of_outputs_is_an_input(photos: list[str]) -> None:
    out = ["-f", "sobel-x", "--out-dir", "photos/maps"]
    assert in_process("batch", "photos", "-r", *out).code == 0
    again = in_process("batch", "photos", "-r", *out)
    assert list(statuses(again)) == photos


def test_a_second_batch_in_the_folder_is_refused(photos: list[str]) -> None:
    """B6."""
    os.mkfifo("photos/hangs.png")
    arguments = ["batch", "photos/hangs.png", "-f", "sobel-x", "--out-dir", "maps"]
    with spawned(*arguments) as first:
        while not Path("maps", NAME).exists():
            time.sleep(0.01)
        second = batch("photos")
        first.terminate()
        first.communicate()
    assert (second.code, second.data) == (5, b"")
    assert "maps: another batch is at work in this folder" in second.err
    assert first.returncode == 143


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_batch_ends_soon_and_goes_on(photos: list[str], number: int, code: int) -> None:
    """B3."""
    os.mkfifo("photos/y.png")
    arguments = ["batch", "photos", "-r", "photos/y.png", "-f", "sobel-x", "--out-dir", "maps", "--jobs", "2"]
    with spawned(*arguments) as process:
        assert process.stdout is not None
        for _ in range(6):  # all but z.tif, which waits for the one before it
            process.stdout.readline()
        start = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate()
        taken = time.monotonic() - start
    assert process.returncode == code
    assert taken < 2
    assert b"the same command goes on" in err
    assert b"Traceback" not in err
    assert len([json.loads(line) for line in Path("maps", NAME).read_text().splitlines()]) >= 6
    Path("photos/y.png").unlink()
    again = batch("photos", "-r")
    assert list(statuses(again).values()).count("skipped") >= 6
    assert not [name for name in outputs() if name.endswith(".part")]


def test_a_reader_that_goes_away_stops_no_work(photos: list[str]) -> None:
    command = ["batch", "photos", "-r", "-f", "sobel-x", "--out-dir", "maps"]
    with spawned(*command, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait()
    assert process.returncode == 141
    assert len(outputs()) == 15


def test_notices_are_gathered(photos: list[str]) -> None:
    for name in ("photos/alpha.png", "photos/beta.png"):
        PIL.Image.new("RGBA", (9, 9)).save(name)
    finished = batch("photos")
    assert "convtool: notice: alpha is dropped (photos/alpha.png and 1 more)" in finished.err.splitlines()
    strict = batch("photos", "--strict")
    assert strict.code == 6
    assert statuses(strict)["photos/alpha.png"] == "failed"


def test_a_dry_run_tells_what_a_run_does(photos: list[str]) -> None:
    Path(photos[2]).write_bytes(b"")
    dry = batch("photos", "-r", "--dry-run")
    assert dry.code == 6
    assert not Path("maps").exists()
    assert statuses(dry) == {**dict.fromkeys(photos, "planned"), photos[2]: "failed"}
    assert "6 of 7 images would be done: 12 files, at most about " in summary(dry)
    real = batch("photos", "-r")
    expected = [[record["output"] for record in line["outputs"]] for line in real.records]
    assert [line["outputs"] for line in dry.records] == expected
    again = batch("photos", "-r", "--dry-run")
    assert statuses(again) == {**dict.fromkeys(photos, "skipped"), photos[2]: "failed"}
    assert set(statuses(batch("photos", "-r", "--dry-run", "--fresh")).values()) == {"planned", "failed"}


def test_quiet_prints_nothing_but_failures(photos: list[str]) -> None:
    Path(photos[0]).write_bytes(b"")
    finished = batch("photos", "-q")
    assert (finished.code, finished.data) == (6, b"")
    assert finished.err == "convtool: photos/B.png: it is empty\n"


def test_an_image_that_is_over_a_limit_fails_alone(photos: list[str]) -> None:
    draw("photos/large.png", size=40)
    finished = batch("photos", "--max-pixels", "200")
    (failed,) = [line for line in finished.records if line["status"] == "failed"]
    assert (failed["input"], failed["exit"]) == ("photos/large.png", 4)
    assert "raise it with --max-pixels 1600" in failed["error"]


def test_an_image_that_hangs_is_given_up(photos: list[str]) -> None:
    """B2."""
    os.mkfifo("photos/hangs.png")
    finished = batch("photos/hangs.png", *photos, "--image-timeout", "1.5")
    assert finished.code == 6
    assert statuses(finished) == {**dict.fromkeys(photos, "done"), "photos/hangs.png": "failed"}


def test_any_name_is_taken(folder: Path) -> None:
    """E9, A2."""
    names = [b"[bold]x.png", b"new\nline.png", b"\xff\xfe.png", b"-f.png", "é".encode() + b".png"]
    for name in names:
        draw(os.fsdecode(b"odd/" + name))
    finished = batch("odd")
    assert finished.code == 0
    assert [os.fsencode(line["input"]) for line in finished.records] == sorted(b"odd/" + n for n in names)
    assert set(statuses(batch("odd")).values()) == {"skipped"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["photos"], 2, "Missing option '--out-dir'"),
        (["--out-dir", "maps"], 2, "no images are given"),
        (["-", "--out-dir", "maps"], 2, "a batch reads files; give names on it with --files-from -"),
        (["photos", "-0", "--out-dir", "maps"], 2, "-0 says how the paths of --files-from end"),
        (
            ["--files-from", "-", "-f", "-", "--out-dir", "maps"],
            2,
            "- is given twice; standard input holds one",
        ),
        (["photos", "-o", "a.png", "--out-dir", "maps"], 2, "No such option: -o"),
        (["photos", "--timeout", "9", "--out-dir", "maps"], 2, "are for a cluster; give --engine dask too"),
        (["photos", "--engine", "dask", "--out-dir", "maps"], 2, "give it with --scheduler"),
        (
            ["photos", "--engine", "dask", "--scheduler", "tcp://a:1", "--jobs", "2", "--out-dir", "maps"],
            2,
            "--jobs is for this machine",
        ),
        (["photos", "--jobs", "0", "--out-dir", "maps"], 2, "is not a whole number from 1"),
        (["photos", "--image-timeout", "0", "--out-dir", "maps"], 2, "is not above 0"),
        (
            ["photos", "-f", "sobel-x", "--out-dir", "maps"],
            2,
            "an image with sobel-x would write an-image.sobel-x.pool.png twice",
        ),
        (["photos", "--range", "0,1", "--format", "npy", "--out-dir", "maps"], 2, "--range is the scale of"),
        (["photos", "--out-dir", "photos/B.png"], 5, "the folder cannot be created"),
        (["photos/maps", "--out-dir", "maps"], 6, "photos/maps: cannot be read: No such file"),
        (
            ["photos", "photos/B.tif", "--out-dir", "maps"],
            2,
            "photos/B.png and photos/B.tif would both write",
        ),
    ],
)
def test_wrong_usage(photos: list[str], arguments: list[str], code: int, says: str) -> None:
    finished = in_process("batch", *arguments, "-f", "sobel-x")
    assert finished.code == code
    assert says in finished.err


def test_a_filter_that_an_output_could_replace(photos: list[str]) -> None:
    Path("maps").mkdir()
    Path("maps/a.f.pool.json").write_text("[[1]]")
    out = ["-f", "maps/a.f.pool.json", "--out-dir", "maps"]
    finished = in_process("batch", "photos", *out, "--format", "json")
    assert finished.code == 2
    assert finished.err == (
        "convtool: maps/a.f.pool.json: an output could replace this filter; put it outside of --out-dir\n"
    )
    assert in_process("batch", "photos", *out).code == 0


def test_a_filter_from_standard_input(photos: list[str]) -> None:
    finished = in_process("batch", "photos", "-f", "-", "--out-dir", "maps", stdin=b"[[1, -1]]")
    assert finished.code == 0
    assert {record["filter"] for line in finished.records for record in line["outputs"]} == {"stdin"}


def test_standard_input_is_one_thing(photos: list[str]) -> None:
    finished = in_process(
        "batch", "--files-from", "-", "-f", "-", "--out-dir", "maps", stdin=b"photos/a.png\n"
    )
    assert finished.code == 2
    assert "- is given twice; standard input holds one input" in finished.err


def test_as_a_process_of_its_own(photos: list[str]) -> None:
    finished = as_process("batch", "photos", "-r", "-f", "sobel-x", "--out-dir", "maps", stdin=b"")
    assert finished.code == 0
    assert statuses(finished) == dict.fromkeys(photos, "done")
