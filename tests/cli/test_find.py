"""``convtool find``: which peaks, as a table, as CSV, as JSON and drawn, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import feature_maps, find_peaks, load_filter
from tests import scenes
from tests.cli.runner import SAMPLES, as_process, contents, in_process, spawned
from tests.tolerances import assert_near

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

YELLOW, BLACK = [255, 214, 10], [0, 0, 0]
HEADER = "input,filter,rank,y,x,height,width,score\n"
CAMERA = str(SAMPLES / "camera.png")
POINTS = ((1, 2, 9), (1, 5, 7), (4, 7, 8.5), (4, 1, -3))
"""Row, column and value of the cells of ``points.csv`` that are not 0."""


@pytest.fixture(autouse=True)
def points(folder: Path) -> NDArray[np.float32]:
    """``points.csv`` of 6 × 9 cells, and ``one.json``, whose response is the picture itself."""
    matrix = np.zeros((6, 9), np.float32)
    for y, x, value in POINTS:
        matrix[y, x] = value
    np.savetxt(folder / "points.csv", matrix, "%g", ",")
    (folder / "one.json").write_text("[[1]]")
    return matrix


def found(*arguments: str, **options: Any) -> list[tuple[int, int, int, float]]:
    """Rank, row, column and score of what a command line finds."""
    finished = in_process("find", *arguments, "--json", **options)
    assert (finished.code, finished.err) == (0, "")
    return [tuple(record[key] for key in ("rank", "y", "x", "score")) for record in finished.records]


class TestPeaks:
    def test_are_above_0_and_the_highest_comes_first(self) -> None:
        assert found("points.csv", "-f", "one.json") == [(1, 1, 2, 9), (2, 4, 7, 8.5), (3, 1, 5, 7)]

    @pytest.mark.parametrize(("text", "count"), [("6.9", 3), ("7", 2), ("8.5", 1), ("8.4999", 2), ("9", 0)])
    def test_are_above_a_threshold(self, text: str, count: int) -> None:
        assert (
            found("points.csv", "-f", "one.json", "--threshold", text)
            == [
                (1, 1, 2, 9),
                (2, 4, 7, 8.5),
                (3, 1, 5, 7),
            ][:count]
        )

    def test_may_be_below_0_if_the_threshold_is(self, points: NDArray[np.float32]) -> None:
        np.savetxt("low.csv", points - 100, "%g", ",")
        assert found("low.csv", "-f", "one.json") == []
        assert found("low.csv", "-f", "one.json", "--threshold", "-92.5") == [
            (1, 1, 2, -91),
            (2, 4, 7, -91.5),
        ]
        assert found("low.csv", "-f", "one.json", "--threshold=-92") == [(1, 1, 2, -91), (2, 4, 7, -91.5)]

    @pytest.mark.parametrize("top", [1, 2, 3])
    def test_the_best_are_had_whatever_the_threshold(self, top: int, points: NDArray[np.float32]) -> None:
        np.savetxt("low.csv", points - 100, "%g", ",")
        assert (
            found("low.csv", "-f", "one.json", "--top", str(top))
            == [
                (1, 1, 2, -91),
                (2, 4, 7, -91.5),
                (3, 1, 5, -93),
            ][:top]
        )

    def test_the_best_above_a_threshold(self) -> None:
        arguments = ("points.csv", "-f", "one.json", "--threshold", "8")
        assert found(*arguments, "--top", "1") == [(1, 1, 2, 9)]
        assert found(*arguments, "--top", "3") == [(1, 1, 2, 9), (2, 4, 7, 8.5)]

    @pytest.mark.parametrize(
        ("options", "columns"),
        [
            ((), [1, 3, 5]),
            (("--overlap", "0"), [1, 5]),
            (("--overlap", "0.19"), [1, 5]),
            (("--overlap", "0.2"), [1, 3, 5]),
            (("--overlap", "0.49"), [1, 3, 5]),
            (("--overlap", "0.5"), [1, 3, 5, 6]),
            (("--overlap", "1"), [1, 3, 5, 6]),
        ],
    )
    def test_windows_share_no_more_than_is_allowed(
        self, options: tuple[str, ...], columns: list[int]
    ) -> None:
        """Windows of 3 × 3 at columns 1 and 3 share 3 of 15 cells, those at columns 5 and 6 share 6 of 12."""
        row = np.zeros((5, 9))
        row[2, [2, 4, 6, 7]] = [9, 8, 7, 7]
        np.savetxt("row.csv", row, "%g", ",")
        assert [x for _, _, x, _ in found("row.csv", "-f", "identity", *options)] == columns

    def test_are_those_of_the_library(self) -> None:
        picture = scenes.noise(5, 40, 50)
        scenes.save("noise.png", picture)
        responses = feature_maps(picture, load_filter("log-5"), relu=False)
        for options, keywords in (
            ((), {}),
            (("--threshold", "30", "--overlap", "0.05"), {"threshold": 30, "overlap": 0.05}),
        ):
            peaks = find_peaks(responses, 5, **keywords)
            assert len(peaks) > 20
            given = found("noise.png", "-f", "log-5", *options)
            assert [(rank, y, x) for rank, y, x, _ in given] == [(p.rank, p.y, p.x) for p in peaks]
            assert [np.float32(score) for *_, score in given] == [np.float32(p.score) for p in peaks]

    def test_are_those_of_plain_loops(self) -> None:
        picture = scenes.noise(6, 30, 34)
        scenes.save("noise.png", picture)
        responses = np.asarray(feature_maps(picture, load_filter("sobel-x"), relu=False))
        expected = scenes.peaks(responses, (3, 3), 100, 0.1)
        given = found("noise.png", "-f", "sobel-x", "--threshold", "100", "--overlap", "0.1")
        assert [(y, x) for _, y, x, _ in given] == expected
        assert [score for *_, score in given] == [responses[place] for place in expected]

    def test_of_a_learned_filter_score_its_correlation_less_the_threshold(self) -> None:
        mark = scenes.noise(7, 9, 8)
        picture = scenes.scene(8, 40, 50, mark, (20, 12), (3, 30))
        scenes.save("scene.png", picture)
        assert in_process("learn", "--patch", "scene.png@20,12,9,8", "-o", "mark.json", "-q").code == 0
        first, second, *_ = found("scene.png", "-f", "mark.json")
        assert [(rank, y, x) for rank, y, x, _ in (first, second)] == [(1, 20, 12), (2, 3, 30)]
        threshold = -load_filter("mark.json").bias[0]
        correlated = (scenes.standard(picture[3:12, 30:38]) * scenes.standard(mark)).sum()
        assert_near([first[3], second[3]], [1 - threshold, correlated - threshold])

    def test_of_a_learned_bank_name_the_turned_template(self) -> None:
        mark = np.kron(scenes.noise(7, 4, 4), np.ones((4, 4), np.uint8))
        picture = scenes.scene(8, 60, 70, mark, (20, 12))
        turned = np.asarray(PIL.Image.fromarray(picture).rotate(10, center=(19.5, 27.5), resample=2))
        scenes.save("scene.png", picture)
        scenes.save("turned.png", turned)
        learn = ("learn", "--patch", "scene.png@20,12,16,16", "--method", "bank", "-o", "bank.json", "-q")
        assert in_process(*learn).code == 0
        for name, filter_ in (("scene.png", "bank-r0-s1"), ("turned.png", "bank-r10-s1")):
            record = in_process("find", name, "-f", "bank.json", "--top", "1", "--json").record
            assert (record["filter"], record["y"], record["x"]) == (filter_, 20, 12)


class TestInputs:
    def test_banks_and_several_images_and_filters_in_order(self) -> None:
        scenes.save("a.png", scenes.noise(1, 12, 12))
        scenes.save("b.png", scenes.noise(2, 12, 12))
        arguments = ("find", "a.png", "b.png", "-f", "kirsch", "-f", "one.json", "--top", "2", "--json")
        records = in_process(*arguments).records
        assert [(r["input"], r["filter"].partition("-")[0], r["rank"], r["size"]) for r in records] == [
            (image, filter_, rank, size)
            for image in ("a.png", "b.png")
            for filter_, size in (("kirsch", [3, 3]), ("one", [1, 1]))
            for rank in (1, 2)
        ]
        bank = load_filter("kirsch")
        responses = feature_maps(scenes.noise(1, 12, 12), bank, relu=False)
        first = records[0]
        assert bank.names is not None
        assert first["score"] == responses[:, first["y"], first["x"]].max() == responses.max()
        assert first["filter"] == f"kirsch-{bank.names[responses.max(axis=(1, 2)).argmax()]}"

    def test_colour_counts_as_brightness_unless_a_filter_reads_it(self) -> None:
        colour = np.random.default_rng(9).integers(0, 256, (20, 24, 3), np.uint8)
        scenes.save("colour.png", colour)
        scenes.save("gray.png", scenes.luma(colour))
        assert found("colour.png", "-f", "sobel-x") == found("gray.png", "-f", "sobel-x")
        np.save("red.npy", np.array([[[[1]], [[-1]], [[0]]]], np.float32))
        red = colour[..., 0].astype(float) - colour[..., 1]
        (best,) = found("colour.png", "-f", "red.npy", "--top", "1")
        assert best == (1, *np.unravel_index(red.argmax(), red.shape), red.max())

    def test_maps_and_matrices(self, points: NDArray[np.float32]) -> None:
        np.save("points.npy", points)
        Path("points.json").write_text(json.dumps(points.tolist()))
        assert (
            in_process("conv", "points.csv", "-f", "one.json", "--no-relu", "-o", "map.png", "-q").code == 0
        )
        expected = found("points.csv", "-f", "one.json")
        for name in ("points.npy", "points.json"):
            assert found(name, "-f", "one.json") == expected
        given = found("map.png", "-f", "one.json", "--threshold", "0.01")  # 16 bits have no 0 of their own
        assert [(y, x) for _, y, x, _ in given] == [(1, 2), (4, 7), (1, 5)]

    def test_stdin_is_an_image_or_a_filter(self) -> None:
        content = Path("points.csv").read_bytes()
        finished = in_process("find", "-", "-f", "one.json", "--json", stdin=content)
        assert (finished.code, {record["input"] for record in finished.records}) == (0, {"-"})
        assert found("points.csv", "-f", "-", stdin=b"[[2]]")[0] == (1, 1, 2, 18)

    def test_unit_scale_and_frames(self) -> None:
        frames = [PIL.Image.fromarray(scenes.noise(seed, 9, 9)) for seed in (1, 2)]
        frames[0].save("two.tif", save_all=True, append_images=frames[1:])
        (best,) = found("two.tif", "-f", "one.json", "--frame", "1", "--top", "1")
        assert best[3] == scenes.noise(2, 9, 9).max()
        (unit,) = found("two.tif", "-f", "one.json", "--frame", "1", "--top", "1", "--scale", "unit")
        assert unit[:3] == best[:3]
        assert np.float32(unit[3]) == np.float32(best[3]) / np.float32(255)

    def test_what_a_reader_gives_up_is_noticed_once(self, mistake: Callable[..., str]) -> None:
        PIL.Image.fromarray(np.dstack([scenes.noise(3, 9, 9)] * 4)).save("alpha.png")
        finished = in_process("find", "alpha.png", "-f", "one.json", "-f", "identity")
        assert finished.err == "convtool: notice: alpha.png: alpha is dropped\n"
        assert in_process("find", "alpha.png", "-f", "one.json", "-q").err == ""
        says = "^convtool: alpha.png: alpha is dropped; refused because of --strict$"
        strict = ("find", "alpha.png", "-f", "one.json", "--strict", "-o", "found.png")
        mistake(*strict, code=3, says=says)


class TestTable:
    def test_is_a_title_and_a_line_for_each(self) -> None:
        finished = in_process("find", "points.csv", "-f", "one.json", "--precision", "1")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == (
            "points.csv · one · 3 peaks\n"
            "rank  y  x  size  score  filter\n"
            "-------------------------------\n"
            "1     1  2  1×1   9.0    one\n"
            "2     4  7  1×1   8.5    one\n"
            "3     1  5  1×1   7.0    one\n"
            "\n"
        )

    def test_of_one_and_of_none(self) -> None:
        arguments = ("find", "points.csv", "-f", "one.json", "--threshold")
        out = in_process(*arguments, "8.7").out
        assert out.splitlines()[0] == "points.csv · one · 1 peak"
        assert out.splitlines()[3].split() == ["1", "1", "2", "1×1", "9", "one"]
        finished = in_process(*arguments, "9")
        assert (finished.code, finished.out, finished.err) == (0, "points.csv · one · no peaks\n\n", "")

    def test_for_every_image_and_filter(self) -> None:
        out = in_process("find", "points.csv", "points.csv", "-f", "one.json", "-f", "identity").out
        titles = [line for line in out.splitlines() if " · " in line]
        assert titles == [f"points.csv · {name} · 3 peaks" for name in ("one", "identity")] * 2

    def test_names_are_printed_escaped(self) -> None:
        name = "[bold]a\n\x1b[31m.csv"
        Path("points.csv").rename(name)
        Path("bank.json").write_text(r'{"weights": [[[1]], [[-2]]], "names": ["[/]", "\u001b[31m\n"]}')
        out = in_process("find", name, "-f", "bank.json").out
        assert out.splitlines()[0] == r"[bold]a\n\x1b[31m.csv · bank · 4 peaks"
        assert [line.split()[-1] for line in out.splitlines()[3:-1]] == [
            *["bank-[/]"] * 3,
            r"bank-\x1b[31m\n",
        ]

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_keeps_every_number_on_a_terminal(self, width: int) -> None:
        long = "bank-" + "long-" * 12 + "name"
        Path("bank.json").write_text(json.dumps({"weights": [[[1]]], "names": [long.removeprefix("bank-")]}))
        ours, theirs = pty.openpty()
        environment = {"COLUMNS": str(width), "TERM": "xterm", "NO_COLOR": "1"}
        with spawned("find", "points.csv", "-f", "bank.json", stdout=theirs, env=environment) as process:
            os.close(theirs)
            printed = b""
            try:
                while block := os.read(ours, 4096):
                    printed += block
            except OSError:  # Linux's way of saying that the other end was closed
                pass
            assert process.wait(60) == 0
        os.close(ours)
        title, head, rule, *lines = printed.decode().splitlines()
        assert title == "points.csv · bank · 3 peaks"
        assert head.split() == ["rank", "y", "x", "size", "score", "filter"]
        assert set(rule) == {"─"}
        assert max(map(len, (head, rule, *lines))) <= width
        words = " ".join(lines).split()
        kept = [word for word in words if word[0] in "0123456789"]
        peaks = ["1 1 2 1×1 9.0000", "2 4 7 1×1 8.5000", "3 1 5 1×1 7.0000"]
        assert kept == " ".join(peaks).split()
        assert "".join(word for word in words if word not in kept) == long * 3
        assert (len(lines) == 4) == (width > 100)


class TestCsv:
    def test_has_a_header_and_a_line_for_each(self) -> None:
        finished = in_process("find", "points.csv", "-f", "one.json", "--csv")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == HEADER + (
            "points.csv,one,1,1,2,1,1,9.0\npoints.csv,one,2,4,7,1,1,8.5\npoints.csv,one,3,1,5,1,1,7.0\n"
        )

    def test_has_one_header_for_all(self) -> None:
        arguments = ("points.csv", "points.csv", "-f", "one.json", "-f", "identity", "--csv", "--top", "1")
        lines = in_process("find", *arguments).out.splitlines(keepends=True)
        assert lines[0] == HEADER
        assert [line.split(",")[:3] for line in lines[1:]] == [
            ["points.csv", name, "1"] for name in ("one", "identity")
        ] * 2

    def test_of_nothing_is_the_header(self) -> None:
        finished = in_process("find", "points.csv", "-f", "one.json", "--csv", "--threshold", "9")
        assert (finished.code, finished.out, finished.err) == (0, HEADER, "")

    @pytest.mark.parametrize("name", ["a,b.csv", 'say "a".csv', "two\nlines.csv", "é ü.csv", "-.csv"])
    def test_quotes_names_that_need_it(self, name: str) -> None:
        Path("points.csv").rename(name)
        Path("bank.json").write_text(json.dumps({"weights": [[[1]]], "names": [name]}))
        finished = in_process("find", f"./{name}", "-f", "bank.json", "--csv")
        header, *rows = csv.reader(io.StringIO(finished.out, newline=""))
        assert header == HEADER.strip().split(",")
        assert [row[:2] for row in rows] == [[f"./{name}", f"bank-{name}"]] * 3
        assert rows[0][2:] == ["1", "1", "2", "1", "1", "9.0"]

    def test_quiet_leaves_it(self) -> None:
        arguments = ("find", "points.csv", "-f", "one.json", "--csv")
        assert in_process(*arguments, "-q").data == in_process(*arguments).data != b""


class TestJson:
    def test_is_a_record_a_line(self) -> None:
        finished = in_process("find", "points.csv", "-f", "identity", "--json")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out.count("\n") == 3
        assert finished.records == [
            {"input": "points.csv", "filter": "identity", "rank": rank, "y": y, "x": x, "size": [3, 3]}
            | {"score": score}
            for rank, y, x, score in ((1, 0, 1, 9), (2, 3, 6, 8.5), (3, 0, 4, 7))
        ]

    def test_of_nothing_is_nothing(self) -> None:
        finished = in_process("find", "points.csv", "-f", "one.json", "--json", "--threshold", "9")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")

    def test_scores_are_as_short_as_float32_allows(self) -> None:
        np.save("tenth.npy", np.array([[0.1, 0, 1e-20]], np.float32))
        finished = in_process("find", "tenth.npy", "-f", "one.json", "--json")
        assert [line.rpartition(" ")[2] for line in finished.out.splitlines()] == ["0.1}", "1e-20}"]

    def test_records_come_as_they_are_made(self) -> None:
        finished = in_process("find", "points.csv", "nope.png", "-f", "one.json", "--json")
        assert (finished.code, len(finished.records)) == (3, 3)
        assert finished.err == "convtool: nope.png: cannot be read: No such file or directory\n"


class TestPicture:
    @pytest.fixture
    def gray(self) -> NDArray[np.uint8]:
        """``gray.png`` of 60 × 80, and ``mark.json``, which finds its window of 21 × 17 at (15, 30)."""
        picture = scenes.noise(4, 60, 80)
        scenes.save("gray.png", picture)
        assert in_process("learn", "--patch", "gray.png@15,30,21,17", "-o", "mark.json", "-q").code == 0
        return picture

    def drawn(self, *arguments: str) -> NDArray[np.uint8]:
        """The picture (H, W, 3) that a command line draws."""
        finished = in_process("find", *arguments, "-o", "found.png", "-q")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        with PIL.Image.open("found.png") as picture:
            assert (picture.format, picture.mode) == ("PNG", "RGB")
            return np.asarray(picture)

    def ring(self, distance: int) -> tuple[list[int], list[int]]:
        """Rows and columns of the pixels this far outside of the window at (15, 30)."""
        top, left, bottom, right = 15 - distance, 30 - distance, 35 + distance, 46 + distance
        cells = [(y, x) for y in (top, bottom) for x in range(left, right + 1)]
        cells += [(y, x) for x in (left, right) for y in range(top, bottom + 1)]
        return [y for y, _ in cells], [x for _, x in cells]

    def assert_framed(self, drawn: NDArray[np.uint8], expected: NDArray[Any]) -> None:
        """A yellow frame between two black ones, a number inside, and all else as it should be."""
        changed = np.zeros(drawn.shape[:2], bool)
        for distance, colour in ((1, YELLOW), (2, BLACK)):
            assert (drawn[self.ring(distance)] == colour).all()
            changed[self.ring(distance)] = True
        changed[self.ring(0)] = True
        assert (drawn[35, 30:47] == BLACK).all()
        changed[16:29, 30:39] = True
        letters = drawn[16:29, 31:39]
        assert (letters[..., 0] > letters[..., 2]).sum() > 8
        assert np.array_equal(drawn[~changed], np.broadcast_to(expected, drawn.shape)[~changed])

    def test_has_a_frame_around_the_peak_and_is_unchanged_elsewhere(self, gray: NDArray[np.uint8]) -> None:
        drawn = self.drawn("gray.png", "-f", "mark.json", "--top", "1")
        assert drawn.shape == (60, 80, 3)
        self.assert_framed(drawn, gray[..., np.newaxis])

    @pytest.mark.usefixtures("gray")
    def test_without_a_peak_is_the_picture(self) -> None:
        drawn = self.drawn("gray.png", "-f", "mark.json", "--threshold", "1")
        assert np.array_equal(drawn, np.dstack([scenes.noise(4, 60, 80)] * 3))

    def test_of_colour_keeps_its_colours(self, gray: NDArray[np.uint8]) -> None:
        colour = np.random.default_rng(5).integers(0, 256, (60, 80, 3), np.uint8)
        colour[15:36, 30:47] = gray[15:36, 30:47, np.newaxis]
        scenes.save("colour.png", colour)
        self.assert_framed(self.drawn("colour.png", "-f", "mark.json", "--top", "1"), colour)

    def test_of_16_bits_is_spread_over_8(self, gray: NDArray[np.uint8]) -> None:
        deep = gray.astype(np.uint16) * 257
        assert (deep.min(), deep.max()) == (0, 65535)
        PIL.Image.fromarray(deep).save("deep.png")
        self.assert_framed(self.drawn("deep.png", "-f", "mark.json", "--top", "1"), gray[..., np.newaxis])

    @pytest.mark.parametrize(("factor", "offset"), [(1 / 255, 0), (2 / 255, -1), (1000, -9000), (1, -10)])
    def test_of_real_numbers_is_spread_too(
        self, factor: float, offset: float, gray: NDArray[np.uint8]
    ) -> None:
        np.save("real.npy", gray.astype(np.float32) * np.float32(factor) + np.float32(offset))
        assert (gray.min(), gray.max()) == (0, 255)
        self.assert_framed(self.drawn("real.npy", "-f", "mark.json", "--top", "1"), gray[..., np.newaxis])

    def test_draws_the_best_above_the_others(self) -> None:
        picture = np.zeros((60, 80), np.uint8)
        picture[20, 20], picture[24, 30], picture[40, 40] = 250, 240, 230
        scenes.save("points.png", picture)
        np.save("large.npy", np.pad(np.ones((1, 1), np.float32), 10))
        arguments = ("points.png", "-f", "large.npy", "--threshold", "225", "--overlap", "1")
        drawn = self.drawn(*arguments)
        corners = [(10, 10), (14, 20), (30, 30)]
        assert [(y, x) for _, y, x, _ in found(*arguments)] == corners
        for (y, x), whole in zip(corners, (True, False, False), strict=True):
            frame = np.concatenate([
                *(drawn[row, x - 1 : x + 22] for row in (y - 1, y + 21)),
                *(drawn[y - 1 : y + 22, column] for column in (x - 1, x + 21)),
            ])  # fmt: skip
            yellow = (frame == YELLOW).all(axis=1)
            assert yellow.all() == whole
            assert yellow.mean() > 0.8

    def test_frames_at_the_border_are_cut(self) -> None:
        picture = scenes.noise(4, 20, 24)
        scenes.save("small.png", picture)
        np.save("whole.npy", picture.astype(np.float32))
        drawn = self.drawn("small.png", "-f", "whole.npy")
        assert drawn.shape == (20, 24, 3)
        assert (drawn[[0, -1]] == BLACK).all()
        assert not (drawn == YELLOW).all(axis=2)[:, 14:].any()

    @pytest.mark.usefixtures("gray")
    def test_goes_to_stdout_alone(self) -> None:
        self.drawn("gray.png", "-f", "mark.json")
        finished = in_process("find", "gray.png", "-f", "mark.json", "-o", "-")
        assert (finished.code, finished.err) == (0, "")
        assert finished.data == Path("found.png").read_bytes()

    @pytest.mark.usefixtures("gray")
    def test_comes_beside_tables_and_records(self) -> None:
        arguments = ("find", "gray.png", "-f", "mark.json")
        for options in ((), ("--json",), ("--csv",)):
            alone = in_process(*arguments, *options)
            assert in_process(*arguments, *options, "-o", "found.png") == alone
            Path("found.png").unlink()

    def test_of_a_photo(self) -> None:
        """The camera of the sample, a window of which is found again and framed."""
        assert in_process("learn", "--patch", f"{CAMERA}@100,200,40,50", "-o", "f.json", "-q").code == 0
        drawn = self.drawn(CAMERA, "-f", "f.json", "--top", "1")
        assert (drawn[[99, 140], 199:251] == YELLOW).all()
        assert (drawn[99:141, [199, 250]] == YELLOW).all()
        photo = np.asarray(PIL.Image.open(CAMERA).convert("RGB"))
        changed = (drawn != photo).any(axis=2)
        changed[98:142, 198:252] = False
        assert not changed.any()


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (["--csv", "--json"], 2, "--csv and --json would both write to standard output; choose one"),
            (["--json", "-o", "-"], 2, "^convtool: --json and -o - would both write to standard output"),
            (["--csv", "-o", "-"], 2, "^convtool: --csv and -o - would both write to standard output"),
            (["-o", ""], 2, "^convtool: -o is empty; name a file, or - for standard output$"),
            (["-o", "found.jpg"], 2, "^convtool: found.jpg: a picture is written as .png$"),
            (["-o", "found"], 2, "^convtool: found: a picture is written as .png$"),
            (["-o", "points.csv"], 2, "^convtool: points.csv: the output would replace the input points.csv"),
            (["-o", "one.json"], 2, "^convtool: one.json: the output would replace the input one.json"),
            (["-o", "link.png"], 2, "^convtool: link.png: the output would replace the input points.csv"),
            (["-o", "sub.png"], 5, "^convtool: sub.png: it is a folder; name a file in it$"),
            (["-o", "no/f.png"], 5, "^convtool: no/f.png: its folder does not exist; create it first$"),
            (["points.csv", "-o", "f.png"], 2, "^convtool: -o holds one picture, 2 would be made; give one"),
            (["-f", "box-3", "-o", "f.png"], 2, "^convtool: -o holds one picture, 2 would be made; give one"),
            (["-f", "nope"], 2, "no built-in filter is called 'nope'"),
            (["-f", "log-9"], 3, "^convtool: points.csv with log-9: the image is 6×9, smaller than"),
            (["-f", "broken.json"], 3, "^convtool: broken.json: row 2 has 1 values, row 1 has 2"),
            (["--max-pixels", "53"], 4, "^convtool: points.csv: the image is 6×9, 54 pixels.*--max-pixels 5"),
            (["--top", "0"], 2, "'0' is not a whole number from 1"),
            (["--overlap", "1.1"], 2, "'1.1' is no share; use a number from 0 to 1"),
            (["--overlap=-0.1"], 2, "'-0.1' is no share; use a number from 0 to 1"),
            (["--threshold", "high"], 2, "'high' is not a finite number"),
            (["--threshold", "inf"], 2, "'inf' is not a finite number"),
            (["--channels", "each"], 2, "No such option: --channels"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )  # fmt: skip
    def test_are_one_line(
        self, arguments: list[str], code: int, says: str, mistake: Callable[..., str]
    ) -> None:
        Path("link.png").symlink_to("points.csv")
        Path("sub.png").mkdir()
        Path("broken.json").write_text("[[1, 2], [3]]")
        given = arguments if "-f" in arguments else ["-f", "one.json", *arguments]
        given = ["-f", "one.json", *given] if "box-3" in given else given
        mistake("find", "points.csv", *given, code=code, says=says)

    def test_an_image_that_cannot_be_read(self, mistake: Callable[..., str]) -> None:
        Path("text.png").write_text("hello")
        for name, says in (("nope.png", "No such file"), ("text.png", "row 1 column 1"), (".", "a folder")):
            mistake("find", name, "-f", "one.json", code=3, says=rf"^convtool: {name}: .*{says}")

    def test_stdin_twice(self, mistake: Callable[..., str]) -> None:
        mistake("find", "-", "-f", "-", code=2, says="^convtool: - is given twice; standard input holds one")

    def test_an_older_picture_stays(self, mistake: Callable[..., str]) -> None:
        Path("found.png").write_bytes(b"older")
        mistake(
            "find", "points.csv", "-f", "log-9", "-o", "found.png", code=3, says="smaller than the filter"
        )
        assert Path("found.png").read_bytes() == b"older"

    def test_a_picture_is_not_written_to_a_terminal(self, folder: Path) -> None:
        before = contents(folder)
        ours, theirs = pty.openpty()
        finished = as_process("find", "points.csv", "-f", "one.json", "-o", "-", stdout=theirs)
        os.close(theirs)
        os.close(ours)
        assert finished.code == 2
        assert finished.err == "convtool: -o - would write binary to a terminal; redirect it\n"
        assert contents(folder) == before


def test_as_a_process(folder: Path) -> None:
    finished = as_process("find", "points.csv", "-f", "one.json", "-o", "found.png", cwd=folder)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out == in_process("find", "points.csv", "-f", "one.json").out
    with PIL.Image.open("found.png") as picture:
        assert picture.size == (9, 6)
