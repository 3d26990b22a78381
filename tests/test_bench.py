"""The benchmark command's own arithmetic and tables, with made-up times and without any peer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import convtool
from tests.bench import __main__ as command
from tests.bench import (
    before,
    cnn_layers,
    conv_relu_pool,
    figures,
    learning,
    machine,
    options,
    peers,
    pooling,
    processes,
    regret,
    rendering,
    report,
    single_filters,
    timing,
)
from tests.bench.case import Case, Peer, Row, Setting, measure, same_responses, same_values
from tests.bench.images import CAMERA, channels, dense, gabor, photograph
from tests.bench.peers import NotInstalled
from tests.bench.timing import Budget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.timing import Run


class Clock:
    """A clock that moves when somebody works, or sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def sleep(self, pause: float) -> None:
        self.now += pause

    def works(self, name: str, *durations: float) -> Run:
        """A contender whose calls take these times, the last one from then on."""
        left = list(durations)

        def run() -> str:
            self.log.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]
            return name

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(timing, "sleep", clock.sleep)
    return clock


def row(theirs: float | None = 0.003, reach: float = 1.2, **given: Any) -> Row:
    names = {"group": "filters", "name": "Sobel", "peer": "OpenCV", **given}
    return Row(**names, reach=reach, ours=0.002, theirs=theirs)


class TestTiming:
    BUDGET = Budget(rounds=3, turn=0.0, most=100.0, pause=0.5)

    def test_contenders_take_turns(self, clock: Clock) -> None:
        timing.best_times({"a": clock.works("a", 1), "b": clock.works("b", 2)}, self.BUDGET)
        assert clock.log == ["a", "b"] * 3

    def test_the_quickest_call_counts_and_pauses_do_not(self, clock: Clock) -> None:
        runs = {"a": clock.works("a", 4, 2, 3), "b": clock.works("b", 5, 6, 7)}
        assert timing.best_times(runs, self.BUDGET) == {"a": 2, "b": 5}

    def test_a_turn_is_filled_with_calls(self, clock: Clock) -> None:
        budget = Budget(rounds=1, turn=1.0, most=100.0, pause=0.0)
        timing.best_times({"short": clock.works("short", 0.25), "long": clock.works("long", 3)}, budget)
        assert clock.log == ["short"] * 4 + ["long"]

    def test_a_slow_contender_gets_no_more_turns(self, clock: Clock) -> None:
        budget = Budget(rounds=4, turn=0.0, most=3.0, pause=0.0)
        runs = {
            "a": clock.works("a", 0.5),
            "slow": clock.works("slow", 2),
            "slower": clock.works("slower", 9),
        }
        timing.best_times(runs, budget)
        assert [clock.log.count(name) for name in runs] == [4, 2, 1]


class TestCase:
    BUDGET = Budget(rounds=1, turn=0.0, most=1.0, pause=0.0)

    def test_a_row_for_each_peer(self, clock: Clock) -> None:
        def absent() -> Run:
            raise NotInstalled("torch")

        case = Case(
            "pooling",
            "2×2",
            lambda: clock.works("ours", 0.5),
            (Peer("slow", 3, lambda: clock.works("slow", 1.0)), Peer("PyTorch", 8, absent)),
            check=None,
        )
        slow, torch = measure(case, self.BUDGET)
        assert slow == Row("pooling", "2×2", "slow", 3, ours=0.5, theirs=1.0)
        assert slow.ratio == 2.0
        assert torch == Row("pooling", "2×2", "PyTorch", 8, 0.5, None, missing="pip install torch")
        assert torch.ratio is None

    def test_results_that_differ_stop_the_run_and_name_the_peer(self) -> None:
        peer = Peer("wrong", 1, lambda: lambda: np.zeros((2, 2)))
        case = Case("pooling", "2×2", lambda: lambda: np.ones((2, 2)), (peer,), same_values)
        with pytest.raises(AssertionError, match="Arrays are not equal") as failure:
            measure(case, self.BUDGET)
        assert failure.value.__notes__ == ["pooling, 2×2: wrong and convtool differ"]

    def test_equal_values_may_lack_axes_of_one(self) -> None:
        same_values(np.ones((2, 3)), np.ones((1, 1, 2, 3)))

    def test_responses_may_differ_by_rounding_and_at_the_borders_only(self) -> None:
        check = same_responses(np.ones((1, 1, 3, 3), np.float32), margin=1)
        ours = np.full((4, 4), 1000, np.float32)
        theirs = np.full((1, 4, 4), np.nextafter(np.float32(1000), np.float32(2000)))
        theirs[:, 0] = 0
        check(ours, theirs)
        theirs[:, 1, 1] = 1000.1
        with pytest.raises(AssertionError, match="1 of 4 values are off"):
            check(ours, theirs)

    def test_without_a_margin_the_borders_count(self) -> None:
        ours = np.zeros((2, 4, 4), np.float32)
        theirs = ours.copy()
        theirs[1, 3, 3] = 1
        with pytest.raises(AssertionError, match="1 of 32 values are off"):
            same_responses(dense(2, 1, 3))(ours, theirs)

    def test_a_picture_is_compared_with_a_map_less_its_borders(self, tmp_path: Path) -> None:
        values = np.arange(0, 1024, 4, dtype=np.float32).reshape(16, 16)[:, :15]
        ours, theirs = tmp_path / "ours.npy", tmp_path / "theirs.png"
        np.save(ours, values)
        codes = np.pad(values / processes.LEVELS_A_CODE, 1).astype(np.uint8)
        Image.fromarray(codes).save(theirs)
        processes.same_maps(ours, theirs)
        codes[8, 8] += 3
        Image.fromarray(codes).save(theirs)
        with pytest.raises(AssertionError, match=re.escape("off by 12.0")):
            processes.same_maps(ours, theirs)


class TestImages:
    def test_the_photograph_is_tiled_without_repeating_itself(self) -> None:
        camera = convtool.load_image(CAMERA)
        size = len(camera)
        picture = photograph(2 * size + 1)
        assert picture.shape == (2 * size + 1, 2 * size + 1)
        np.testing.assert_array_equal(picture[:size, :size], camera)
        np.testing.assert_array_equal(picture[:size, size : 2 * size], np.rot90(camera))
        np.testing.assert_array_equal(picture[size : 2 * size, size : 2 * size], np.rot90(camera, 2))

    def test_channels_differ(self) -> None:
        first, second = channels(2, 16)
        np.testing.assert_array_equal(second[1:], first[:-1])

    def test_weights_are_the_same_every_time(self) -> None:
        np.testing.assert_array_equal(dense(2, 3, 5), dense(2, 3, 5))
        assert np.linalg.matrix_rank(dense(1, 1, 31)[0, 0]) == 31

    def test_the_gabor_filter_is_of_rank_2(self) -> None:
        assert np.linalg.matrix_rank(gabor()[0, 0], tol=1e-5) == 2


class TestReport:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [(1234.5, "1234"), (100, "100"), (99.96, "100"), (12.34, "12.3"), (1.5, "1.50"), (0.01234, "0.0123")],
    )
    def test_three_digits(self, value: float, shown: str) -> None:
        assert report.digits(value) == shown

    @pytest.mark.parametrize(
        ("theirs", "marks"),
        [
            (0.003, ["2.00", "3.00", "1.50", "1.2"]),
            (0.0021, ["2.00", "2.10", "1.05", "1.2", "below", "reach"]),
            (0.001, ["2.00", "1.00", "0.500", "1.2", "loss,", "below", "reach"]),
        ],
    )
    def test_a_line_marks_losses(self, theirs: float, marks: list[str]) -> None:
        assert report.text(row(theirs=theirs)).split() == ["Sobel", "OpenCV", *marks]

    def test_a_loss_may_be_within_reach(self) -> None:
        assert report.text(row(theirs=0.0016, reach=0.75)).endswith("0.800   0.75  loss")

    def test_a_missing_peer_is_a_line_with_the_way_out(self) -> None:
        line = report.text(row(theirs=None, missing="pip install torch"))
        assert line.endswith("2.00  not installed (pip install torch)")

    def test_numbers_stand_below_their_heading(self) -> None:
        line = report.text(row())
        for heading, number in {
            "ours, ms": "2.00",
            "peer, ms": "3.00",
            "ratio": "1.50",
            "reach": "1.2",
        }.items():
            end = report.HEADING.index(heading) + len(heading)
            assert line[:end].endswith(f" {number}")

    def test_the_summary_counts(self) -> None:
        rows = [row(), row(theirs=0.0021), row(theirs=0.001), row(theirs=None)]
        assert report.summary(rows) == "3 comparisons: 1 lost, 2 below reach"

    def test_markdown(self) -> None:
        rows = [row(), row(peer="SciPy", theirs=0.001), row(name="Gauss", theirs=None), row(group="layers")]
        assert report.markdown(rows, {"cpu": "Abacus", "threads": 2}) == (
            "| | convtool | times as long as convtool; **bold** where the peer is faster |\n"
            "| --- | ---: | --- |\n"
            "| *filters* | | |\n"
            "| Sobel | 2.00 ms | OpenCV 1.50 · SciPy **0.500** |\n"
            "| Gauss | 2.00 ms | OpenCV – |\n"
            "| *layers* | | |\n"
            "| Sobel | 2.00 ms | OpenCV 1.50 |\n"
            "\n"
            "Measured by `python -m tests.bench`: cpu Abacus, threads 2.\n"
        )

    def test_the_readme_changes_between_the_markers_only(self) -> None:
        readme = "before\n<!-- bench -->\nold\n\\1\n<!-- /bench -->\nafter\n"
        assert report.has_markers(readme)
        assert report.rewritten(readme, "\\2\n") == "before\n<!-- bench -->\n\\2\n<!-- /bench -->\nafter\n"
        assert report.has_markers("<!-- bench -->\n<!-- /bench -->\n")
        assert not report.has_markers("<!-- bench -->\n")


class TestPeers:
    @pytest.fixture
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def absent(name: str) -> None:
            raise ModuleNotFoundError(name)

        monkeypatch.setattr(peers, "import_module", absent)
        monkeypatch.setattr("shutil.which", lambda name: None)

    @pytest.mark.usefixtures("bare")
    @pytest.mark.parametrize("group", [single_filters, conv_relu_pool, cnn_layers, pooling])
    def test_a_machine_without_peers_is_measured_all_the_same(self, group: Any, tmp_path: Path) -> None:
        case = next(group.cases(Setting(threads=1, longest=32, scratch=tmp_path)))
        first, *_ = measure(case, Budget(rounds=1, turn=0.0, most=1.0, pause=0.0))
        assert first.ours > 0
        assert first.theirs is None
        assert first.missing in ("pip install 'convtool-maps[bench]'", "pip install torch")

    @pytest.mark.usefixtures("bare")
    def test_a_missing_program_says_what_to_install(self) -> None:
        with pytest.raises(NotInstalled, match="install imagemagick"):
            peers.program("ImageMagick", "magick", "convert")

    def test_no_two_rows_share_a_name(self, tmp_path: Path) -> None:
        setting = Setting(threads=1, longest=options.LARGE, scratch=tmp_path)
        names = [(case.group, case.name) for group in command.GROUPS for case in group.cases(setting)]
        assert len(set(names)) == len(names)
        assert ("single filter, 2048²", "Sobel 3×3") in names
        assert ("whole process", "Sobel, 4096² PNG") in names


class TestCommand:
    @pytest.fixture
    def readme(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A README of its own, and one group of two made-up cases."""
        readme = tmp_path / "README.md"
        readme.write_text("<!-- bench -->\n<!-- /bench -->\n")

        def cases(setting: Setting) -> list[Case]:
            peer = Peer("peer", 1, lambda: lambda: np.zeros((setting.side(4), 2)))
            ours = lambda: lambda: np.zeros((setting.side(4), 2))  # noqa: E731
            return [Case("made up", name, ours, (peer,), same_values) for name in ("first", "second")]

        monkeypatch.setattr(command, "GROUPS", (SimpleNamespace(cases=cases),))
        monkeypatch.setattr(command, "README", readme)
        monkeypatch.setattr(command, "FULL", timing.QUICK)
        monkeypatch.setattr(command, "hold_to_cores", lambda threads: None)
        monkeypatch.setattr(command, "describe", lambda threads: {"cpu": "Abacus", "threads": threads})
        return readme

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        command.main()

    def test_prints_and_records(
        self, readme: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        records = readme.with_name("bench.json")
        self.run(monkeypatch, "--quick", "--only", "SECOND", "--threads", "3", "--json", str(records))
        heading, title, line, summary = capsys.readouterr().out.splitlines()
        assert (heading, title) == (report.HEADING, "made up")
        assert line.startswith("  second  ")
        assert summary.startswith("1 comparisons: ")
        written = json.loads(records.read_text())
        assert written["machine"] == {"cpu": "Abacus", "threads": 3}
        (record,) = written["rows"]
        assert record.keys() >= {"group", "name", "peer", "reach", "ratio", "missing"}
        assert record["ratio"] == pytest.approx(record["peer_ms"] / record["ours_ms"])

    def test_writes_the_readme(self, readme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run(monkeypatch, "--readme")
        assert "\n| *made up* | | |\n| first | " in readme.read_text()

    @pytest.mark.parametrize("narrowed", [["--quick"], ["--only", "first"]])
    def test_only_a_full_run_is_published(
        self,
        narrowed: list[str],
        readme: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            self.run(monkeypatch, "--readme", *narrowed)
        assert "leave out --quick and --only" in capsys.readouterr().err

    def test_without_markers_nothing_is_measured(
        self, readme: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        readme.write_text("no place\n")
        with pytest.raises(SystemExit, match="2"):
            self.run(monkeypatch, "--readme")
        captured = capsys.readouterr()
        assert "add the lines <!-- bench --> and <!-- /bench -->" in captured.err
        assert captured.out == ""

    @pytest.mark.usefixtures("readme")
    def test_a_text_that_selects_nothing_is_wrong_usage(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            self.run(monkeypatch, "--quick", "--only", "third")
        assert "no group or row has the text given with --only" in capsys.readouterr().err

    def test_any_of_several_texts_selects(self) -> None:
        assert options.wanted("pooling, 2048² max 2×2", ["sobel", "Pool"])
        assert not options.wanted("start-up", ["sobel", "Pool"])
        assert options.wanted("start-up", None)


def test_the_machine_is_described_in_words_and_numbers() -> None:
    described = json.loads(json.dumps(machine.describe(2)))
    assert described["threads"] == 2
    assert described["convtool"] == convtool.__version__
    assert described["numpy"] == np.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", described["date"])


class TestRegret:
    CHOICE = regret.Choice("256², 1 × dense 3×3", "fft", {"taps": 0.002, "fft": 0.003, "gemm": 0.004})

    def test_regret_is_the_chosen_over_the_best(self) -> None:
        assert self.CHOICE.best == "taps"
        assert self.CHOICE.regret == pytest.approx(1.5)

    def test_a_line(self) -> None:
        assert regret.text(self.CHOICE).split()[-5:] == ["fft", "3.00", "taps", "2.00", "1.50"]

    def test_the_summary_names_the_worst(self) -> None:
        good = regret.Choice("easy", "taps", {"taps": 1.0})
        assert regret.summary([good, self.CHOICE, good]) == (
            "median regret 1.00 (reach 1.1); worst 1.50: 256², 1 × dense 3×3"
        )
        assert "above reach" in regret.summary([self.CHOICE])

    def test_hopeless_algorithms_are_called_once_and_unfit_ones_left_out(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs = {
            "taps": clock.works("taps", 1.0),
            "fft": clock.works("fft", 19.0),
            "loop": clock.works("loop", 21.0),
            "winograd": clock.works("winograd", 0.1),
        }
        monkeypatch.setattr(regret, "ALGORITHMS", runs)
        monkeypatch.setattr(regret, "_run", lambda image, bank, algorithm, threads: runs[algorithm])

        def plan(*shape: object, algorithm: str, **given: object) -> SimpleNamespace:
            return SimpleNamespace(algorithm="taps" if algorithm in ("auto", "winograd") else algorithm)

        monkeypatch.setattr(convtool, "plan", plan)
        bank = convtool.FilterBank(dense(1, 1, 3))
        choice = regret.measure("case", photograph(8), bank, 2, Budget(2, 0.0, 100.0, 0.0))
        assert choice.times == {"taps": 1.0, "fft": 19.0}
        assert clock.log.count("loop") == 1

    def test_the_grid_is_without_what_takes_too_long(self) -> None:
        names = [name for name, _, _ in regret._grid(options.LARGE)]
        assert len(set(names)) == len(names)
        assert "2048², 16 × dense 3×3" in names
        assert "2048², 64 × dense 3×3" not in names
        assert "2048², 16 × dense 31×31" not in names


def test_before_and_now_in_one_line() -> None:
    assert before.text("Sobel", 0.100, 0.105).split() == ["Sobel", "100", "105", "1.050"]


def test_the_tree_of_a_commit_is_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository"
    (repository / "convtool").mkdir(parents=True)
    (repository / "convtool" / "__init__.py").write_text("old = 1\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(repository)]
    for step in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *step], check=True)
    (repository / "convtool" / "__init__.py").write_text("new = 2\n")
    monkeypatch.setattr(before, "ROOT", repository)
    tree = before.checkout("HEAD", tmp_path / "before")
    assert (tree / "convtool" / "__init__.py").read_text() == "old = 1\n"


class TestRendering:
    def test_a_line_is_the_median_and_marks_what_is_missed(self) -> None:
        assert rendering.text("sheet", [0.3, 0.4, 0.9], 1.0).split() == [
            *("sheet", "0.40", "s", "[0.30,", "0.90]", "<", "1")
        ]
        assert rendering.text("sheet", [1.3, 1.4, 1.9], 1.0).endswith("< 1  MISSED")

    def test_every_drawing_is_a_command_that_works(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(rendering, "SIDE", 16)
        for drawn in rendering.drawings(tmp_path):
            processes.run_process(drawn.command)
        assert {path.name for path in tmp_path.glob("*.png")} >= {"sheet.png", "run.png"}


class TestFigures:
    def test_a_figure_holds_if_it_reaches_what_it_should(self) -> None:
        assert figures.Figure("AUC", 0.99, 0.98).holds
        assert not figures.Figure("AUC", 0.97, 0.98).holds
        assert figures.Figure("false alarms", 1, 1, most=True).holds
        assert not figures.Figure("false alarms", 2, 1, most=True).holds
        assert figures.Figure("to compare with", 0).holds

    def test_a_line_marks_what_is_missed(self) -> None:
        line = figures.text(figures.Figure("AUC", 0.975, 0.98, interval=(0.96, 0.985)))
        assert line.split() == ["AUC", "0.975", "[0.96,", "0.985]", "≥", "0.98", "MISSED"]
        assert figures.text(figures.Figure("alarms", 1, 1, most=True)).split() == ["alarms", "1", "≤", "1"]

    def test_an_interval_is_that_of_the_mean(self) -> None:
        values = np.random.default_rng(1).normal(5, 2, 400)
        low, high = figures.bootstrapped(values)
        assert low < values.mean() < high
        assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)

    def test_parts_are_printed_and_recorded(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        def missing(quick: bool) -> Any:
            raise NotInstalled("skimage")

        parts = {"good": lambda quick: iter([figures.Figure("AUC", 1.0)]), "absent": missing}
        monkeypatch.setattr(learning, "PARTS", parts)
        monkeypatch.setattr(sys, "argv", ["learning", "--json", str(tmp_path / "f.json")])
        learning.main()
        assert capsys.readouterr().out.splitlines()[2:] == [
            "absent",
            "  not measured: pip install 'convtool-maps[bench]'",
        ]
        assert json.loads((tmp_path / "f.json").read_text())[0]["value"] == 1.0
