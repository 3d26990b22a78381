"""What measures batches: the photographs, the peer's maps, memory of one process, kills and their checks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from PIL import Image

from convtool import feature_maps, load_filter, max_pool2d, save_map
from convtool.jobs.batch.journal import NAME
from convtool.jobs.batch.work import Result
from tests.bench import report
from tests.bench.batch import __main__ as command
from tests.bench.batch import commands, costs, kills, memory, photographs, scheduling, throughput
from tests.bench.figures import Figure
from tests.bench.images import photograph
from tests.tolerances import assert_near

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from convtool.jobs.batch.work import Recipe, Task

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class TestPhotographs:
    @pytest.fixture(autouse=True)
    def _sources(self) -> None:
        pytest.importorskip("skimage")

    def test_they_are_the_same_every_time_and_no_two_alike(self, tmp_path: Path) -> None:
        count = 2 * len(photographs.SOURCES)
        first, again = (photographs.take(tmp_path / name, count, 32) for name in ("first", "again"))
        contents = [path.read_bytes() for path in first]
        assert contents == [path.read_bytes() for path in again]
        assert len(set(contents)) == count

    def test_they_are_of_one_size_png_and_jpeg_in_folders_of_a_hundred(self, tmp_path: Path) -> None:
        paths = photographs.take(tmp_path, 103, 24)
        kinds = set()
        for path in paths:
            with Image.open(path) as picture:
                kinds.add((path.suffix, picture.format, picture.size))
        assert kinds == {(".png", "PNG", (24, 24)), (".jpg", "JPEG", (24, 24))}
        assert [str(path.relative_to(tmp_path)) for path in paths[98:102]] == [
            *("000/00098.jpg", "000/00099.jpg", "001/00100.jpg", "001/00101.jpg")
        ]


class TestThroughput:
    @pytest.mark.parametrize("pooling", ["plain", "passes"])
    def test_the_script_with_opencv_makes_the_same_maps(
        self, pooling: Literal["plain", "passes"], tmp_path: Path
    ) -> None:
        pytest.importorskip("cv2")
        picture = photograph(65)
        (tmp_path / "in" / "a").mkdir(parents=True)
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "in" / "a" / "photo.png")
        commands.run(commands.opencv_script(tmp_path / "in", tmp_path / "out", pooling))
        for name in commands.FILTERS:
            maps = feature_maps(picture, load_filter(name))
            for stage, values in (("map", maps), ("pool", max_pool2d(maps, 2))):
                ours, theirs = tmp_path / "ours.npy", tmp_path / f"out/a/photo.{name}.{stage}.png"
                save_map(ours, values)
                throughput.same_values(ours, theirs)

    def test_a_value_off_by_more_than_a_step_is_told(self, tmp_path: Path) -> None:
        values = np.arange(16, dtype=np.float32).reshape(4, 4)
        codes = (values * 4369).astype(np.uint16)
        ours, theirs = tmp_path / "ours.npy", tmp_path / "theirs.png"
        save_map(ours, values)
        codes[1, 1] += 2
        Image.fromarray(codes).save(theirs)
        throughput.same_values(ours, theirs)
        codes[1, 1] += 1
        Image.fromarray(codes).save(theirs)
        with pytest.raises(AssertionError, match=re.escape("theirs.png: a value is off by 3 steps")):
            throughput.same_values(ours, theirs)

    def test_contenders_take_turns_in_both_orders_into_empty_folders(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = []

        def run(command: commands.Words) -> None:
            (name,) = command
            log.append(name)
            (tmp_path / name).mkdir()

        monkeypatch.setattr(commands, "run", run)
        names = ["a", "b"]
        commands.best_seconds({name: [name] for name in names}, {name: tmp_path / name for name in names})
        assert log == ["a", "b", "b", "a"]

    def test_a_command_that_fails_says_why(self) -> None:
        with pytest.raises(AssertionError, match="no such thing"):
            commands.run([sys.executable, "-c", "raise SystemExit('no such thing')"])


class TestMemory:
    TAKE = "import subprocess, sys; held = bytearray({0}); subprocess.run([sys.executable, '-c', '{1}'])"

    @linux
    def test_it_is_the_peak_of_the_first_process_alone(self) -> None:
        for own, others in ((100, 300), (200, 0)):
            child = f"held = bytearray({others * 10**6})"
            peak = memory.peak_memory([sys.executable, "-c", self.TAKE.format(own * 10**6, child)])
            assert own < peak < own + 50

    def test_pictures_lie_in_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "A_FOLDER", 3)
        memory.pictures(tmp_path / "in", 4)
        paths = sorted((tmp_path / "in").rglob("*.png"))
        assert [str(path.relative_to(tmp_path / "in")) for path in paths] == [
            *("0000/000000.png", "0000/000001.png", "0000/000002.png", "0001/000003.png")
        ]
        with Image.open(paths[3]) as picture:
            assert picture.size == (memory.SIDE, memory.SIDE)


class TestCommand:
    @pytest.fixture
    def note(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A note of its own, and one part of made-up figures."""
        note = tmp_path / "scale.md"
        note.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")

        def made_up(images: int, scratch: Path) -> Iterator[Figure]:
            yield Figure("images a second", images / 4)
            yield Figure("ours / theirs", 0.8765, 0.9)
            yield Figure("growth, MB", 1, 20, most=True)

        monkeypatch.setattr(command, "PARTS", {"made up": command.Part(10, "images", made_up)})
        monkeypatch.setattr(command, "NOTE", note)
        monkeypatch.setattr(command, "compile_dir", lambda folder, quiet: None)
        monkeypatch.setattr(command, "hold_to_cores", lambda cores: None)
        monkeypatch.setattr(command, "describe", lambda threads: {"cpu": "Abacus", "threads": threads})
        return note

    def test_a_full_run_is_published(self, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["batch", "--docs"])
        command.main()
        assert note.read_text() == (
            "before\n<!-- bench -->\n"
            "| | measured | should be |\n"
            "| --- | ---: | --- |\n"
            "| *made up, 10 images* | | |\n"
            "| images a second | 2.5 |  |\n"
            "| ours / theirs | **0.8765** | ≥ 0.9 |\n"
            "| growth, MB | 1 | ≤ 20 |\n"
            "\n"
            "Measured by `python -m tests.bench.batch`: cpu Abacus, threads 2.\n"
            "<!-- /bench -->\nafter\n"
        )

    def test_a_smaller_run_is_recorded(
        self, note: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        written = note.with_name("figures.json")
        monkeypatch.setattr(sys, "argv", ["batch", "--images", "6", "--json", str(written)])
        command.main()
        title, line, *_ = capsys.readouterr().out.splitlines()
        assert title == "made up, 6 images"
        assert line.split() == ["images", "a", "second", "1.5"]
        (figure, *_) = json.loads(written.read_text())["parts"]["made up, 6 images"]
        assert (figure["name"], figure["value"]) == ("images a second", 1.5)

    @pytest.mark.usefixtures("note")
    @pytest.mark.parametrize("narrowed", [["--images", "6"], ["--only", "made up"]])
    def test_only_a_full_run_is_published(
        self, narrowed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["batch", "--docs", *narrowed])
        with pytest.raises(SystemExit, match="2"):
            command.main()
        assert "leave out --only and --images" in capsys.readouterr().err

    def test_the_note_has_a_place_for_the_figures(self) -> None:
        assert report.has_markers(command.NOTE.read_text())


def test_costs_are_those_of_an_image_and_of_its_pixels() -> None:
    assert_near(costs.fitted({side: 3 + 50 * side**2 / 1e6 for side in costs.SIZES}), (3, 50))


class TestScheduling:
    class Engine:
        """Gives the results of two tasks at a time."""

        workers = 1

        def run(self, recipe: Recipe, tasks: Iterator[Task]) -> Iterator[list[Result]]:
            for (first,), (second,) in zip(tasks, tasks, strict=True):
                yield [Result(first, "failed"), Result(second, "failed")]

    def test_the_first_results_do_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = iter((10.0, 15.0))
        monkeypatch.setattr(scheduling, "perf_counter", lambda: next(clock))
        recipe: Any = None
        assert scheduling.between_results(self.Engine(), recipe, 100) == 0.05


TREE = {"a.map.png": b"1", "b.map.png": b"2"}


class TestKills:
    @pytest.fixture
    def target(self, tmp_path: Path) -> Path:
        """A tree that is as it should be, and its journal with a torn line in it."""
        for name, content in TREE.items():
            (tmp_path / name).write_bytes(content)
        self.journal(tmp_path, ("a", "failed"), ("a", "done"), ("b", "done"))
        return tmp_path

    def journal(self, target: Path, *lines: tuple[str, str]) -> None:
        entries = [json.dumps({"place": place, "status": status}) for place, status in lines]
        (target / NAME).write_text("\n".join(['{"place": "b", "st', *entries, ""]))

    def test_a_tree_as_it_should_be(self, target: Path) -> None:
        kills.check(target, TREE, images=2)

    def test_an_image_that_is_done_twice_is_named(self, target: Path) -> None:
        self.journal(target, ("a", "done"), ("b", "done"), ("b", "done"))
        with pytest.raises(AssertionError, match=r"\['b'\]"):
            kills.check(target, TREE, images=2)

    def test_an_image_that_is_not_in_the_journal_is_missed(self, target: Path) -> None:
        with pytest.raises(AssertionError, match="2 of 3 images"):
            kills.check(target, TREE, images=3)

    def test_a_file_too_many_is_named(self, target: Path) -> None:
        (target / ".convtool-batch-1-2.part").touch()
        with pytest.raises(AssertionError, match=re.escape("['.convtool-batch-1-2.part']")):
            kills.check(target, TREE, images=2)

    def test_other_bytes_are_named(self, target: Path) -> None:
        (target / "b.map.png").write_bytes(b"3")
        with pytest.raises(AssertionError, match=re.escape("['b.map.png']")):
            kills.check(target, TREE, images=2)

    @linux
    def test_processes_are_known_by_their_mark_and_by_that_of_their_parent(self) -> None:
        child = "import time; print(flush=True); time.sleep(60)"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}'])"
        with subprocess.Popen(
            [sys.executable, "-c", parent], env={kills.MARK: "of this test"}, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            found = kills.processes_of("of this test")
            assert process.pid in found
            assert len(found) == 2
            assert kills.processes_of("of another") == []
            for pid in found:
                os.kill(pid, signal.SIGKILL)

    @linux
    @pytest.mark.slow
    def test_a_batch_that_is_killed_goes_on_where_it_was(self, tmp_path: Path) -> None:
        memory.pictures(tmp_path / "pictures", 100)
        tally = kills.kill_and_resume(tmp_path / "pictures", tmp_path, 6)
        assert tally.kills == 6
        assert tally.finished >= 1
