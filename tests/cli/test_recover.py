"""``convtool recover``: the filter between two pictures, what is said of it, and what cannot be told."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

import convtool
from convtool import load_filter
from tests import scenes
from tests.cli.runner import FILTERS, SAMPLES, Finished, as_process, in_process
from tests.tolerances import assert_near, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
SINGLE = sorted(
    path.stem for path in FILTERS.glob("*.json") if np.ndim(json.loads(path.read_text())["weights"]) == 2
)
REAL = {"dog-7", "farid-x", "farid-y", "gaussian-7"}
"""Built-in filters whose weights are no whole numbers over a divisor up to 1024."""

UNDETERMINED = (
    "stripes.png and after.npy: they do not determine the filter; others explain them as well, "
    "this is the smallest"
)


@pytest.fixture(autouse=True)
def photo(folder: Path) -> NDArray[np.uint8]:
    """``photo.png`` of 48 × 64."""
    picture = scenes.noise(1, 48, 64)
    scenes.save("photo.png", picture)
    return picture


def filtered(name: str, *options: str, output: str = "after.npy", of: str = "photo.png") -> Any:
    """What a filter makes of the photo, its sign kept, as a file; the values of an NPY."""
    finished = in_process("conv", of, "-f", name, "--no-relu", *options, "-o", output, "-q")
    assert (finished.code, finished.err) == (0, "")
    return np.load(output) if output.endswith(".npy") else None


def recovered(*arguments: str) -> dict[str, Any]:
    """The record of a recovery without a notice; the filter is in ``f.json``."""
    finished = in_process("recover", *arguments, "-o", "f.json", "--json")
    assert (finished.code, finished.err) == (0, "")
    return finished.record


def resemblance(name: str, *, flipped: bool = False, scale: float = 1.0) -> dict[str, Any]:
    return {"filter": name, "flipped": flipped, "scale": scale}


class TestExact:
    @pytest.mark.parametrize("name", SINGLE)
    def test_a_built_in_comes_back_from_its_response(self, name: str) -> None:
        after = filtered(name)
        known = load_filter(name)
        record = recovered("photo.png", "after.npy", "--size", ",".join(map(str, known.kernel_size)))
        assert (record["exact"], record["determined"], record["shift"]) == (True, True, [0, 0])
        assert (tuple(record["size"]), record["resembles"]) == (known.kernel_size, resemblance(name))
        bank = load_filter("f.json")
        if name in REAL:
            assert_near(bank.weights, known.weights)
            assert_near(bank.bias + 255, [255])  # nothing beside the responses
            return
        assert_same_bytes(bank.weights + 0, known.weights + 0)
        assert (bank.bias.tolist(), record["bias"], record["clipped"]) == ([0], 0, [0, 0])
        filtered("f.json", output="again.npy")
        assert_same_bytes(np.load("again.npy"), after)

    @pytest.mark.parametrize(
        ("name", "weights", "divisor"),
        [
            ("sobel-x", SOBEL, 1),
            ("gaussian-3", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
            ("box-3", [[1, 1, 1]] * 3, 9),
            ("notes-blend", [[1, 1], [1, 1]], 2),
        ],
    )
    def test_weights_are_whole_over_a_divisor(self, name: str, weights: ArrayLike, divisor: int) -> None:
        known = load_filter(name)
        weights = np.rint(known.weights[0, 0] * divisor).astype(int).tolist()
        filtered(name)
        record = recovered("photo.png", "after.npy", "--size", str(len(weights)))
        assert (record["weights"], record["divisor"]) == (weights, divisor)
        fields = json.loads(Path("f.json").read_text())
        assert (fields["weights"], fields.get("divisor", 1)) == (weights, divisor)

    @pytest.mark.parametrize(
        "name", ["sobel-x", "emboss", "laplacian-8", "sharpen", "outline", "box-3", "gaussian-5", "motion-9"]
    )
    @pytest.mark.parametrize("padding", ["same", "valid"])
    def test_clipping_to_8_bits_does_no_harm(self, name: str, padding: str) -> None:
        known = load_filter(name)
        size = known.kernel_size[0]
        after = filtered(name, "--padding", padding)
        scenes.save("after.png", np.rint(np.clip(after, 0, 255)).astype(np.uint8))
        record = recovered("photo.png", "after.png", "--size", str(size))
        assert (record["exact"], record["resembles"]) == (True, resemblance(name))
        assert_same_bytes(load_filter("f.json").weights + 0, known.weights + 0)
        side = (size - 1) // 2 if padding == "same" else 0
        inside = after[side : len(after) - side, side : after.shape[1] - side]
        assert record["clipped"] == [int((inside < 0).sum()), int((inside > 255).sum())]

    @pytest.mark.parametrize("output", ["map.npy", "map.png", "map.csv", "map.json"])
    def test_what_relu_took_away_is_not_needed(self, output: str) -> None:
        """A saved map of any format is a picture after."""
        negative = int((filtered("sobel-x") < 0).sum())
        assert in_process("conv", "photo.png", "-f", "sobel-x", "-o", output, "-q").code == 0
        record = recovered("photo.png", output, "--size", "3")
        assert (record["weights"], record["divisor"], record["exact"]) == (SOBEL, 1, True)
        assert record["clipped"] == [negative, 0]

    def test_a_flipped_filter_is_called_so(self) -> None:
        filtered("emboss", "--flip")
        record = recovered("photo.png", "after.npy", "--size", "3")
        known = load_filter("emboss").weights[0, 0]
        assert record["weights"] == known[::-1, ::-1].tolist()
        assert record["resembles"] == resemblance("emboss", flipped=True)
        out = in_process("recover", "photo.png", "after.npy", "--size", "3", "-o", "f.json").out
        assert "\nresembles   emboss, turned by 180° (--flip)\n" in out

    def test_bias_and_scale(self, photo: NDArray[np.uint8]) -> None:
        np.save("linear.npy", filtered("sobel-y") * 3 - 20)
        record = recovered("photo.png", "linear.npy", "--size", "3")
        assert (record["bias"], record["exact"]) == (-20, True)
        assert record["resembles"] == resemblance("sobel-y", scale=3.0)
        assert json.loads(Path("f.json").read_text())["bias"] == -20
        scenes.save("negative.png", 255 - photo)
        record = recovered("photo.png", "negative.png", "--size", "1")
        assert (record["weights"], record["bias"], record["exact"]) == ([[-1]], 255, True)

    @pytest.mark.parametrize("move", [(1, 0), (0, -1), (-1, 1)])
    def test_a_moved_picture_is_noticed(self, move: tuple[int, int]) -> None:
        np.save("moved.npy", np.roll(filtered("sobel-x", "--padding", "same"), move, (0, 1)))
        record = recovered("photo.png", "moved.npy", "--size", "3")
        assert (record["weights"], record["shift"]) == (SOBEL, list(move))
        out = in_process("recover", "photo.png", "moved.npy", "--size", "3", "-o", "f.json").out
        told = {(1, 0): "1 row down", (0, -1): "1 column left", (-1, 1): "1 row up and 1 column right"}
        assert f"\nmoved       {told[move]}\n" in out

    def test_of_a_photo(self) -> None:
        camera = str(SAMPLES / "camera.png")
        filtered("unsharp-5", of=camera)
        record = recovered(camera, "after.npy", "--size", "5")
        assert (record["resembles"], record["windows"]) == (resemblance("unsharp-5"), 508 * 508 - 2)

    def test_colour_counts_as_brightness(self) -> None:
        colour = np.random.default_rng(9).integers(0, 256, (48, 64, 3), np.uint8)
        scenes.save("colour.png", colour)
        filtered("sobel-x", of="colour.png")
        assert recovered("colour.png", "after.npy", "--size", "3")["weights"] == SOBEL
        scenes.save("gray.png", scenes.luma(colour))
        assert recovered("gray.png", "after.npy", "--size", "3")["weights"] == SOBEL

    def test_unit_scale_and_frames(self) -> None:
        frames = [PIL.Image.fromarray(scenes.noise(seed, 48, 64)) for seed in (2, 1)]
        frames[0].save("two.tif", save_all=True, append_images=frames[1:])
        unit = recovered("two.tif", "two.tif", "--size", "1", "--frame", "1", "--scale", "unit")
        assert (unit["weights"], unit["exact"]) == ([[1]], True)
        np.save("half.npy", scenes.noise(1, 48, 64) / 510)
        unit = recovered("two.tif", "half.npy", "--size", "1", "--frame", "1", "--scale", "unit")
        assert (unit["weights"], unit["divisor"]) == ([[1]], 2)
        finished = in_process("recover", "two.tif", "two.tif", "--size", "1", "-o", "f.json")
        notice = "two.tif: frame 0 of 2 is used; choose another with --frame"
        assert finished.err == f"convtool: notice: {notice}\n"


class TestNotExact:
    @pytest.fixture
    def noisy(self) -> NDArray[np.float32]:
        """``noisy.npy``: sobel-x of the photo, 50 more, and noise of a deviation of 20."""
        noise = np.random.default_rng(5).normal(50, 20, (46, 62)).astype(np.float32)
        values = filtered("sobel-x") + noise
        np.save("noisy.npy", values)
        result: NDArray[np.float32] = values
        return result

    def test_it_is_the_least_squares_solution(
        self, noisy: NDArray[np.float32], photo: NDArray[np.uint8]
    ) -> None:
        record = recovered("photo.png", "noisy.npy", "--size", "3")
        windows = np.lib.stride_tricks.sliding_window_view(photo.astype(np.float64), (3, 3)).reshape(-1, 9)
        terms, values = np.c_[windows, np.ones(len(windows))], noisy.ravel().astype(np.float64)
        free = (values > values.min()) & (values < values.max())
        terms, values = terms[free], values[free]
        solution, (squares,), *_ = np.linalg.lstsq(terms, values, rcond=None)
        variance = squares / (len(values) - 10)
        errors = np.sqrt(variance * np.diag(np.linalg.inv(terms.T @ terms)))
        assert_near(np.ravel(record["weights"]), solution[:9])
        assert_near(record["bias"], solution[9])
        assert_near(np.ravel(record["errors"]), errors[:9])
        left = terms @ solution - values
        assert_near(record["residual"], np.sqrt((left**2).mean()))
        assert_near(record["explained"], 1 - squares / ((values - values.mean()) ** 2).sum())
        assert record["windows"] == len(values) == 46 * 62 - 2
        assert (record["exact"], record["determined"], record["divisor"]) == (False, True, 1)
        assert record["resembles"]["filter"] == "sobel-x"

    @pytest.mark.usefixtures("noisy")
    def test_a_table_of_the_errors_follows(self) -> None:
        record = recovered("photo.png", "noisy.npy", "--size", "3")
        out = in_process("recover", "photo.png", "noisy.npy", "--size", "3", "-o", "f.json").out
        assert "\nexact       no\n" in out
        assert (
            f"{100 * record['explained']:.6g} % of the variance, {record['residual']:.3g} left over (rms)"
            in out
        )
        _, errors = out.split("Standard errors of the weights\n")
        rows = [line.split("|")[1].split() for line in errors.splitlines() if re.match(r"\d \|", line)]
        assert rows == [[f"{error:.4f}" for error in row] for row in record["errors"]]

    def test_pictures_that_have_nothing_to_do_with_each_other(self) -> None:
        scenes.save("other.png", scenes.noise(2, 46, 62))
        record = in_process(
            "recover", "photo.png", "other.png", "--size", "3", "-o", "f.json", "--json"
        ).record
        assert (record["exact"], record["determined"], record["resembles"]) == (False, False, None)
        assert record["explained"] < 0.02


class TestUndetermined:
    @pytest.fixture(autouse=True)
    def stripes(self) -> None:
        """``stripes.png``, whose rows are all alike, and ``after.npy``, its response to sobel-x."""
        scenes.save("stripes.png", np.tile(scenes.noise(3, 1, 64), (48, 1)))
        filtered("sobel-x", of="stripes.png")

    def test_is_noticed(self) -> None:
        finished = in_process("recover", "stripes.png", "after.npy", "--size", "3", "-o", "f.json")
        assert (finished.code, finished.err) == (0, f"convtool: notice: {UNDETERMINED}\n")
        assert "\ndetermined  no: other filters explain the pictures as well\n" in finished.out

    def test_gives_the_smallest_filter(self) -> None:
        finished = in_process("recover", "stripes.png", "after.npy", "--size", "3", "-o", "f.json", "--json")
        record = finished.record
        assert (record["determined"], record["errors"]) == (False, [[None] * 3] * 3)
        assert_near(record["weights"], [[-4 / 3, 0, 4 / 3]] * 3)
        before = np.load("after.npy")
        assert_near(filtered("f.json", of="stripes.png"), before)

    def test_is_refused_by_a_strict_user(self, mistake: Callable[..., str]) -> None:
        strict = ("recover", "stripes.png", "after.npy", "--size", "3", "-o", "f.json", "--strict")
        mistake(*strict, code=3, says=f"^convtool: {UNDETERMINED}; refused because of --strict$")

    def test_is_not_said_to_a_quiet_user(self) -> None:
        finished = in_process("recover", "stripes.png", "after.npy", "--size", "3", "-o", "f.json", "-q")
        assert finished == Finished(0, b"", "")
        assert json.loads(Path("f.json").read_text())["meta"]["determined"] is False


class TestFile:
    def test_holds_what_was_found_and_where_from(self) -> None:
        filtered("gaussian-3")
        record = recovered("photo.png", "after.npy", "--size", "3")
        assert json.loads(Path("f.json").read_text()) == {
            "format": "convtool.filter/1",
            "name": "f",
            "weights": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
            "divisor": 16,
            "description": "Makes after.npy of photo.png",
            "meta": {
                "before": "photo.png",
                "after": "after.npy",
                "residual": 0.0,
                "explained": record["explained"],
                "exact": True,
                "determined": True,
                "shift": [0, 0],
                "convtool": convtool.__version__,
            },
        }

    def test_npy_keeps_the_weights_alone_with_a_notice(self, mistake: Callable[..., str]) -> None:
        np.save("linear.npy", filtered("gaussian-3") + 5)
        command = ("recover", "photo.png", "linear.npy", "--size", "3", "-o", "f.npy")
        says = "^convtool: f.npy: NPY keeps the weights alone; .* dropped; refused because of --strict$"
        mistake(*command, "--strict", code=3, says=says)
        finished = in_process(*command)
        notice = "f.npy: NPY keeps the weights alone; bias and meta dropped"
        assert (finished.code, finished.err) == (0, f"convtool: notice: {notice}\n")
        assert_same_bytes(np.load("f.npy"), load_filter("gaussian-3").weights[0, 0])

    def test_goes_to_stdout_alone(self) -> None:
        filtered("sobel-x")
        recovered("photo.png", "after.npy", "--size", "3")
        finished = in_process("recover", "photo.png", "after.npy", "--size", "3", "-o", "-")
        fields = json.loads(Path("f.json").read_text())
        assert json.loads(finished.out) == {**fields, "name": "recovered"}
        finished = in_process(
            "recover", "photo.png", "after.npy", "--size", "3", "-o", "-", "--format", "npy", "-q"
        )
        assert np.load(io.BytesIO(finished.data)).tolist() == SOBEL

    @pytest.mark.parametrize("which", [0, 1])
    def test_stdin_is_either_picture(self, which: int) -> None:
        filtered("sobel-x")
        names = ["photo.png", "after.npy"]
        content = Path(names[which]).read_bytes()
        names[which] = "-"
        finished = in_process("recover", *names, "--size", "3", "-o", "f.json", "--json", stdin=content)
        assert (finished.code, finished.record["weights"]) == (0, SOBEL)
        assert [finished.record["before"], finished.record["after"]] == names
        spoken = [name.replace("-", "stdin") for name in names]
        assert json.loads(Path("f.json").read_text())["description"] == f"Makes {spoken[1]} of {spoken[0]}"


class TestWhatIsSaid:
    def test_a_record(self) -> None:
        filtered("gaussian-3")
        record = recovered("photo.png", "after.npy", "--size", "3,3")
        errors = record.pop("errors")
        assert_near(record.pop("explained"), 1)
        assert record == {
            "before": "photo.png",
            "after": "after.npy",
            "output": "f.json",
            "size": [3, 3],
            "weights": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
            "divisor": 16,
            "bias": 0,
            "residual": 0,
            "exact": True,
            "determined": True,
            "shift": [0, 0],
            "clipped": [0, 0],
            "windows": 46 * 62 - 2,
            "resembles": resemblance("gaussian-3"),
            "version": convtool.__version__,
        }
        assert np.shape(errors) == (3, 3)
        assert 0 <= np.min(errors) <= np.max(errors) < 1e-6

    def test_a_table(self) -> None:
        filtered("gaussian-3")
        finished = in_process("recover", "photo.png", "after.npy", "--size", "3", "-o", "f.json")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == (
            "photo.png → after.npy · 3 × 3 · to be divided by 16 → f.json\n"
            "  |  0  1  2\n"
            "--+---------\n"
            "0 |  1  2  1\n"
            "1 |  2  4  2\n"
            "2 |  1  2  1\n"
            "\n"
            "recovered   from 2,850 windows\n"
            "----------------------------------------------------\n"
            "fit         100 % of the variance, 0 left over (rms)\n"
            "exact       yes: it gives every value back\n"
            "determined  yes\n"
            "bias        0\n"
            "clipped     no\n"
            "moved       no\n"
            "resembles   gaussian-3\n"
            "\n"
        )

    def test_a_table_of_a_clipped_picture(self) -> None:
        after = filtered("sharpen")
        scenes.save("after.png", np.clip(after, 0, 255).astype(np.uint8))
        out = in_process("recover", "photo.png", "after.png", "--size", "3", "-o", "f.json").out
        assert f"\nclipped     {(after < 0).sum()} values below, {(after > 255).sum()} above\n" in out

    def test_quiet_says_nothing(self) -> None:
        filtered("sobel-x")
        recovered("photo.png", "after.npy", "--size", "3")
        content = Path("f.json").read_bytes()
        finished = in_process("recover", "photo.png", "after.npy", "--size", "3", "-o", "f.json", "-q")
        assert finished == Finished(0, b"", "")
        assert Path("f.json").read_bytes() == content

    def test_precision(self, photo: NDArray[np.uint8]) -> None:
        rng = np.random.default_rng(6)
        np.save("noisy.npy", photo * 0.123456 + rng.normal(0, 1, photo.shape))
        arguments = ("recover", "photo.png", "noisy.npy", "--size", "1", "-o", "f.json")
        for precision in (1, 3):
            out = in_process(*arguments, "--precision", str(precision)).out
            assert f"\n0 |  {0.123456:.{precision}f}\n" in out

    def test_names_are_printed_escaped(self) -> None:
        filtered("sobel-x")
        Path("photo.png").rename("[bold]a\n.png")
        out = in_process("recover", "[bold]a\n.png", "after.npy", "--size", "3", "-o", "\x1b[31m.json").out
        assert out.splitlines()[0] == r"[bold]a\n.png → after.npy · 3 × 3 → \x1b[31m.json"

    def test_as_a_process(self, folder: Path) -> None:
        filtered("sobel-x")
        command = ("recover", "photo.png", "after.npy", "--size", "3", "-o", "f.json")
        finished = as_process(*command, cwd=folder)
        assert (finished.code, finished.err) == (0, "")
        assert finished == in_process(*command)


class TestMistakes:
    @pytest.fixture(autouse=True)
    def files(self) -> None:
        filtered("sobel-x")
        scenes.save("flat.png", np.full((48, 64), 7, np.uint8))
        scenes.save("tiny.png", scenes.noise(4, 4, 4))
        np.save("planes.npy", np.stack([scenes.noise(5, 46, 62)] * 2))
        np.save("nan.npy", np.full((46, 62), np.nan))
        Path("text.png").write_text("hello")
        Path("sub.json").mkdir()
        Path("link.json").symlink_to("photo.png")

    @pytest.mark.parametrize(
        ("size", "says"),
        [
            (
                "5",
                "before is 48×64 and after 46×62; a filter of 5×5 makes 48×64 with padding, or 44×60 without",
            ),
            (
                "3,5",
                "a filter of 3×5 makes 48×64 with padding, or 46×60 without; a size of 3,3 would fit them$",
            ),
            ("1", "; a size of 3,3 would fit them$"),
        ],
    )
    def test_a_size_that_does_not_fit(self, size: str, says: str, mistake: Callable[..., str]) -> None:
        says = f"^convtool: photo.png and after.npy: .*{says}"
        command = ("recover", "photo.png", "after.npy", "--size", size, "-o", "f.json")
        mistake(*command, code=3, says=says)

    def test_a_size_over_the_limit(self, mistake: Callable[..., str]) -> None:
        says = "^convtool: photo.png and after.npy: size is 65×65, which is 4225 .*, use a smaller size$"
        command = ("recover", "photo.png", "after.npy", "--size", "65", "-o", "f.json")
        mistake(*command, code=4, says=says)

    def test_no_size_over_the_limit_is_advised(self, mistake: Callable[..., str]) -> None:
        says = "makes 48×64 with padding, or 46×62 without; bring after to one of these sizes$"
        command = ("recover", "photo.png", "tiny.png", "--size", "3", "-o", "f.json")
        mistake(*command, code=3, says=says)

    def test_the_size_that_is_told_fits(self, mistake: Callable[..., str]) -> None:
        scenes.save("cut.png", scenes.noise(1, 48, 64)[2:-2, 3:-3])
        command = ("recover", "photo.png", "cut.png", "-o", "f.json", "--size")
        told = mistake(*command, "3", code=3, says="a size of 5,7 would fit them$")
        assert recovered("photo.png", "cut.png", "--size", told.split()[-4])["exact"]

    @pytest.mark.parametrize("size", ["", "0", "-1", "1.5", "nan", "3x3", "1,2,3", "3,0"])
    def test_a_size_that_is_none(self, size: str, mistake: Callable[..., str]) -> None:
        says = "is not a whole number from 1|has 3 numbers; use N or Y,X"
        mistake("recover", "photo.png", "after.npy", f"--size={size}", "-o", "f.json", code=2, says=says)

    @pytest.mark.parametrize(
        ("before", "after", "size", "says"),
        [
            ("photo.png", "flat.png", "3", "photo.png and flat.png: after is 7 everywhere and tells"),
            ("flat.png", "after.npy", "3", "flat.png and after.npy: before is 7 everywhere and tells"),
            ("tiny.png", "tiny.png", "3", "; use larger pictures or a smaller size$"),
            ("after.npy", "photo.png", "3", "before is 46×62 and after 48×64; a filter of 3×3 makes"),
            ("photo.png", "planes.npy", "3", r"after has shape .*; give one plane \(H, W\)$"),
            ("photo.png", "nan.npy", "3", "^convtool: nan.npy: nan at row 0 column 0"),
            ("nope.png", "after.npy", "3", "^convtool: nope.png: cannot be read: No such file or directory$"),
            ("photo.png", "nope.npy", "3", "^convtool: nope.npy: cannot be read: No such file or directory$"),
            ("photo.png", "text.png", "3", "^convtool: text.png: row 1 column 1"),
            ("photo.png", "sub.json", "3", "^convtool: sub.json: it is a folder; name a file$"),
        ],
    )  # fmt: skip
    def test_pictures_that_tell_nothing(
        self, before: str, after: str, size: str, says: str, mistake: Callable[..., str]
    ) -> None:
        mistake("recover", before, after, "--size", size, "-o", "f.json", code=3, says=says)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["photo.png", "after.npy", "-o", "f.json"], "Missing option '--size'"),
            (["photo.png", "after.npy", "--size", "3"], "Missing option '-o' / '--output'"),
            (["photo.png", "--size", "3", "-o", "f.json"], "Missing argument 'AFTER'"),
            (["--size", "3", "-o", "f.json"], "Missing argument 'BEFORE'"),
            (["a", "b", "c", "--size", "3", "-o", "f.json"], r"unexpected extra argument.* \(c\)"),
            (["-", "-", "--size", "3", "-o", "f.json"], "^convtool: - is given twice; standard input"),
            (["", "after.npy", "--size", "3", "-o", "f.json"], "^convtool: a path is empty; name a file"),
            (["photo.png", "after.npy", "--size", "3", "-o", "-", "--json"], "would both write to"),
            (["photo.png", "after.npy", "--size", "3", "-o", "f", "--channels", "each"], "No such option"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )  # fmt: skip
    def test_wrong_usage(self, arguments: list[str], says: str, mistake: Callable[..., str]) -> None:
        mistake("recover", *arguments, code=2, says=says)

    @pytest.mark.parametrize(
        ("output", "code", "says"),
        [
            (
                "photo.png",
                2,
                "^convtool: photo.png: the output would replace the input photo.png; name another$",
            ),
            (
                "after.npy",
                2,
                "^convtool: after.npy: the output would replace the input after.npy; name another$",
            ),
            (
                "link.json",
                2,
                "^convtool: link.json: the output would replace the input photo.png; name another$",
            ),
            ("f.png", 2, "^convtool: a filter is written as .json or .npy, not 'png'$"),
            ("", 2, "^convtool: -o is empty; name a file, or - for standard output$"),
            ("sub.json", 5, "^convtool: sub.json: it is a folder; name a file in it$"),
            ("no/f.json", 5, "^convtool: no/f.json: its folder does not exist; create it first$"),
        ],
    )
    def test_where_it_cannot_go(self, output: str, code: int, says: str, mistake: Callable[..., str]) -> None:
        mistake("recover", "photo.png", "after.npy", "--size", "3", "-o", output, code=code, says=says)

    def test_limits_of_pictures_hold(self, mistake: Callable[..., str]) -> None:
        command = ("recover", "photo.png", "after.npy", "--size", "3", "-o", "f.json")
        says = "^convtool: photo.png: the image is 48×64, 3072 pixels .* raise it with --max-pixels 3072 or"
        mistake(*command, "--max-pixels", "3071", code=4, says=says)

    def test_the_limit_of_memory_holds_for_recovering_too(self, mistake: Callable[..., str]) -> None:
        scenes.save("cut.png", scenes.noise(5, 48, 64)[15:-15, 15:-15])
        command = ("recover", "photo.png", "cut.png", "--size", "31", "-o", "f.json", "--max-memory")
        says = (
            "^convtool: photo.png and cut.png: a filter between pictures of 48×64 and 18×34; it takes about "
            r".* of memory, over the limit of 2.0 MiB; raise it with --max-memory \d+M or CONVTOOL_MAX"
        )
        mistake(*command, "2M", code=4, says=says)

    def test_an_older_file_stays(self, mistake: Callable[..., str]) -> None:
        Path("f.json").write_text("older")
        mistake(
            "recover", "photo.png", "flat.png", "--size", "3", "-o", "f.json", code=3, says="tells nothing"
        )
        assert Path("f.json").read_text() == "older"

    def test_a_device_takes_any_format(self) -> None:
        command = ("recover", "photo.png", "after.npy", "--size", "3", "-o", os.devnull, "-q")
        assert in_process(*command) == in_process(*command, "--format", "npy") == Finished(0, b"", "")
