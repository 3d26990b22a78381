"""``convtool learn``: the filter file that it writes, from what, what it says, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import pty
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

import convtool
from convtool import load_filter
from tests import scenes
from tests.cli.runner import SAMPLES, Finished, as_process, contents, in_process, spawned
from tests.tolerances import assert_close, assert_near, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MARK = scenes.noise(31, 6, 5)
AT = (8, 11)
PATCH = "scene.png@8,11,6,5"
CAT = str(SAMPLES / "cat.png")
WINDOW = "'{}' is no window; use FILE@Y,X,H,W, such as a.png@10,20,9,9$"


@pytest.fixture(autouse=True)
def scene(folder: Path) -> NDArray[np.uint8]:
    """``scene.png`` of 24 × 30 with the mark at two places, ``other.png`` without it, folders of patches."""
    picture = scenes.scene(32, 24, 30, MARK, AT, (2, 22))
    scenes.save("scene.png", picture)
    scenes.save("other.png", scenes.noise(33, 16, 14))
    for name, count in (("faces", 12), ("others", 4)):
        Path(name).mkdir()
        for k in range(count):
            patch = (
                MARK * 0.4 + scenes.noise(34 + k, 6, 5) * 0.5
                if name == "faces"
                else scenes.noise(60 + k, 6, 5)
            )
            scenes.save(f"{name}/{k:02}.png", patch.astype(np.uint8))
    return picture


def learned(*arguments: str, output: str = "f.json") -> dict[str, Any]:
    """What a command line writes as JSON."""
    finished = in_process("learn", *arguments, "-o", output, "-q")
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    fields: dict[str, Any] = json.loads(Path(output).read_text())
    return fields


def record_of(*arguments: str) -> dict[str, Any]:
    """The record that a command line prints, without a notice."""
    finished = in_process("learn", *arguments, "-o", "f.json", "--json")
    assert (finished.code, finished.err) == (0, "")
    return finished.record


class TestFile:
    def test_it_holds_the_patch_less_its_mean_and_of_length_1(self) -> None:
        fields = learned("--patch", PATCH)
        assert list(fields) == [
            *("format", "name", "weights", "divisor", "bias", "normalize", "description", "meta")
        ]
        assert (fields["format"], fields["name"]) == ("convtool.filter/1", "f")
        assert (fields["divisor"], fields["normalize"]) == (sqrt(30), "local")
        assert fields["description"] == "Learned by ncc from 1 patch(es)"
        weights = np.array(fields["weights"])
        assert_near([weights.sum(), (weights**2).sum()], [0, 1])
        assert_near(weights, scenes.standard(MARK))

    def test_the_divisor_is_applied_when_it_is_read(self) -> None:
        weights = np.array(learned("--patch", PATCH)["weights"])
        bank = load_filter("f.json")
        assert (bank.weights.shape, bank.single, bank.normalize) == ((1, 1, 6, 5), True, "local")
        assert_near(bank.weights[0, 0] * sqrt(30), weights)

    def test_responses_less_the_bias_are_correlation_coefficients(self, scene: NDArray[np.uint8]) -> None:
        bias = learned("--patch", PATCH)["bias"]
        conv = ("conv", "scene.png", "-f", "f.json", "--no-relu", "-o", "map.npy", "-q")
        assert in_process(*conv).code == 0
        responses = np.load("map.npy") - np.float32(bias)
        windows = np.lib.stride_tricks.sliding_window_view(scene, (6, 5)).std(axis=(2, 3))
        scale = np.abs(scenes.standard(MARK)).sum() / sqrt(30) * scene.max() / windows
        assert_close(responses, scenes.correlations(scene, MARK), case="conv", terms=30, scale=scale)
        assert np.unravel_index(responses.argmax(), responses.shape) == AT

    @pytest.mark.parametrize("share", ["0", "0.01", "0.05", "0.5", "0.99"])
    def test_the_bias_cuts_where_the_share_of_background_passes(
        self, share: str, scene: NDArray[np.uint8]
    ) -> None:
        bias = learned("--patch", PATCH, "--false-alarms", share)["bias"]
        places = scenes.background(scene.shape, (6, 5), AT)
        coefficients = scenes.correlations(scene, MARK)
        assert_near(-bias, scenes.threshold([coefficients[place] for place in places], float(share)))

    def test_background_that_is_given_takes_the_place_of_the_rest(self) -> None:
        fields = learned("--patch", PATCH, "--background", "other.png")
        assert_near(fields["weights"], scenes.standard(MARK))
        coefficients = scenes.correlations(scenes.noise(33, 16, 14), MARK)
        assert_near(-fields["bias"], scenes.threshold(coefficients.ravel().tolist(), 0.05))

    @pytest.mark.parametrize(
        "command",
        [
            ("run", "scene.png", "-f", "f.json", "--save", "pool", "--out-dir", "maps"),
            ("conv", "scene.png", "-f", "f.json", "--out-dir", "maps"),
            ("find", "scene.png", "-f", "f.json"),
            ("plan", "scene.png", "-f", "f.json"),
            ("show", "f.json"),
            ("filters", "show", "f.json"),
            ("filters", "check", "f.json"),
            ("filters", "export", "f.json", "-o", "copy.json"),
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("method", ["ncc", "bank"])
    def test_every_command_takes_it(self, command: tuple[str, ...], method: str) -> None:
        learned("--patch", PATCH, "--method", method)
        finished = in_process(*command)
        assert (finished.code, finished.err) == (0, "")
        assert bool(finished.out) == (command[1] != "export")

    def test_a_copy_of_it_is_the_same_filter(self) -> None:
        learned("--patch", PATCH)
        assert in_process("filters", "export", "f.json", "-o", "copy.json").code == 0
        one, other = load_filter("f.json"), load_filter("copy.json")
        assert_same_bytes(one.weights, other.weights)
        assert_same_bytes(one.bias, other.bias)
        assert json.loads(Path("copy.json").read_text())["meta"]["patches"] == [PATCH]

    def test_what_is_left_by_relu_is_the_patch_and_a_share_of_the_rest(
        self, scene: NDArray[np.uint8]
    ) -> None:
        learned("--patch", PATCH)
        assert in_process("conv", "scene.png", "-f", "f.json", "-o", "map.npy", "-q").code == 0
        passed = np.load("map.npy") > 0
        places = scenes.background(scene.shape, (6, 5), AT)
        assert passed[AT]
        assert sum(passed[place] for place in places) == int(0.05 * len(places))

    def test_npy_keeps_the_weights_alone_with_a_notice(self) -> None:
        learned("--patch", PATCH)
        finished = in_process("learn", "--patch", PATCH, "-o", "f.npy")
        notice = "f.npy: NPY keeps the weights alone; bias and normalize and meta dropped"
        assert (finished.code, finished.err) == (0, f"convtool: notice: {notice}\n")
        stored = np.load("f.npy")
        assert (stored.shape, stored.dtype) == ((6, 5), np.float32)
        assert_near(stored * sqrt(30), load_filter("f.json").weights[0, 0] * sqrt(30))
        assert in_process("learn", "--patch", PATCH, "-o", "g.npy", "-q").err == ""
        assert Path("g.npy").read_bytes() == Path("f.npy").read_bytes()

    def test_a_strict_user_gets_no_npy(self, mistake: Callable[..., str]) -> None:
        says = "f.npy: NPY keeps the weights alone; .* dropped; refused because of --strict$"
        mistake("learn", "--patch", PATCH, "-o", "f.npy", "--strict", code=3, says=says)

    def test_stdout_gets_it_alone(self) -> None:
        fields = learned("--patch", PATCH)
        finished = in_process("learn", "--patch", PATCH, "-o", "-")
        assert (finished.code, finished.err) == (0, "")
        assert json.loads(finished.out) == {**fields, "name": "learned"}
        finished = in_process("learn", "--patch", PATCH, "-o", "-", "--format", "npy", "-q")
        assert np.load(io.BytesIO(finished.data)).shape == (6, 5)

    def test_the_suffix_says_the_format(self) -> None:
        fields = learned("--patch", PATCH)
        assert learned("--patch", PATCH, "--format", "npy") == fields

    def test_the_same_seed_makes_the_same_bytes(self) -> None:
        arguments = ("--positives", "faces", "--background", "scene.png", "--method", "logistic")
        made = []
        for seed, output in (("3", "a.json"), ("3", "b.json"), ("4", "c.json")):
            learned(*arguments, "--seed", seed, output=output)
            made.append(Path(output).read_text())
        assert made[1].replace('"name": "b"', '"name": "a"') == made[0]
        assert json.loads(made[2])["bias"] != json.loads(made[0])["bias"]


class TestProvenance:
    def test_of_one_patch(self) -> None:
        assert learned("--patch", PATCH)["meta"] == {
            "method": "ncc",
            "patches": [PATCH],
            "background": ["scene.png"],
            "parameters": {"false_alarms": 0.05, "folds": 5, "seed": 0},
            "scores": {"held-out windows": 471, "ncc": None},
            "convtool": convtool.__version__,
        }

    def test_of_folders_and_options(self) -> None:
        arguments = ("--positives", "faces", "--negatives", "others", "--background", "other.png")
        options = ("--false-alarms", "0.1", "--ridge", "0.5", "--folds", "3", "--seed", "7")
        meta = learned(*arguments, *options)["meta"]
        assert meta["patches"] == [f"faces/{k:02}.png" for k in range(12)]
        assert meta["background"] == ["other.png", *(f"others/{k:02}.png" for k in range(4))]
        assert meta["parameters"] == {"false_alarms": 0.1, "ridge": 0.5, "folds": 3, "seed": 7}
        assert list(meta["scores"]) == ["held-out windows", "lda", "ncc"]
        assert meta["scores"]["held-out windows"] == 11 * 10 + 4
        record = record_of(*arguments, *options)
        assert meta["scores"]["lda"] == record["score"] != record["ncc"] == meta["scores"]["ncc"]

    def test_of_rounds(self) -> None:
        arguments = ("--positives", "faces", "--background", "scene.png", "--method", "logistic")
        meta = learned(*arguments)["meta"]
        assert meta["parameters"] == {"false_alarms": 0.05, "ridge": 0.001, "folds": 5, "seed": 0}
        assert meta["scores"]["rounds"] == record_of(*arguments)["rounds"]
        assert meta["scores"]["rounds"][0]["negatives"] == 19 * 26

    def test_of_turned_and_scaled_templates(self) -> None:
        fields = learned("--patch", PATCH, "--method", "bank")
        angles, scales = [-15, -10, -5, 0, 5, 10, 15], [0.9, 1.0, 1.1]
        drawn = {"false_alarms": 0.05, "folds": 5, "seed": 0}
        assert fields["meta"]["parameters"] == {**drawn, "angles": angles, "scales": scales}
        assert fields["names"] == [f"r{angle}-s{scale:g}" for angle in angles for scale in scales]
        assert_near(fields["weights"][fields["names"].index("r0-s1")], scenes.standard(MARK))

    def test_strange_names_are_kept(self) -> None:
        name = 'a "b"\n\x1b[31m.png'
        Path("scene.png").rename(name)
        fields = learned("--patch", f"{name}@8,11,6,5")
        assert fields["meta"]["patches"] == [f"{name}@8,11,6,5"]
        assert fields["meta"]["background"] == [name]
        shown = in_process("filters", "show", "f.json").out
        assert "\x1b" not in shown


class TestPatches:
    @pytest.mark.parametrize(
        "numbers",
        ["", "1", "1,2", "1,2,3", "1,2,3,4,5", "1,2,3,", "1,2,3,x", "1.5,2,3,4", "1;2;3;4", " 1,2,3,4",
         "1,2,3,4 ", "1,2,3,٤", "1_0,2,3,4", "+1,2,3,4", "1e0,2,3,4", "1,2,3,1000000000"],
    )  # fmt: skip
    def test_a_window_that_is_none(self, numbers: str, mistake: Callable[..., str]) -> None:
        says = WINDOW.format(numbers.replace("+", r"\+"))
        mistake("learn", "--patch", f"scene.png@{numbers}", "-o", "f.json", code=2, says=says)

    @pytest.mark.parametrize(
        ("numbers", "says"),
        [
            ("19,0,6,5", "6×5 at row 19, column 0 is not inside its picture of 24×30"),
            ("0,26,6,5", "6×5 at row 0, column 26 is not inside its picture of 24×30"),
            ("-1,0,6,5", "6×5 at row -1, column 0 is not inside its picture of 24×30"),
            ("0,-1,6,5", "6×5 at row 0, column -1 is not inside"),
            ("99,99,6,5", "6×5 at row 99, column 99 is not inside"),
            ("0,0,25,1", "25×1 at row 0, column 0 is not inside"),
            ("0,0,0,5", "0×5 at row 0, column 0 is not inside"),
            ("0,0,6,-5", "6×-5 at row 0, column 0 is not inside"),
            ("3,3,1,1", "all values of the patch are alike; choose one that shows something$"),
        ],
    )
    def test_a_window_of_nothing(self, numbers: str, says: str, mistake: Callable[..., str]) -> None:
        says = f"^convtool: scene.png@{numbers}: {says}"
        mistake("learn", "--patch", f"scene.png@{numbers}", "-o", "f.json", code=3, says=says)

    def test_the_last_window_is_inside(self) -> None:
        assert np.shape(learned("--patch", "scene.png@18,25,6,5")["weights"]) == (6, 5)

    def test_a_constant_patch(self, mistake: Callable[..., str]) -> None:
        scenes.save("flat.png", np.full((9, 9), 7, np.uint8))
        says = (
            "^convtool: flat.png@1,2,3,4: all values of the patch are alike; choose one that shows something$"
        )
        mistake("learn", "--patch", "flat.png@1,2,3,4", "-o", "f.json", code=3, says=says)

    def test_patches_of_two_sizes(self, mistake: Callable[..., str]) -> None:
        says = (
            r"^convtool: scene.png@0,0,5,6: a patch of 5×6 with 1 channel\(s\), the first is 6×5 with 1; "
            "cut all patches to one size$"
        )
        mistake("learn", "--patch", PATCH, "--patch", "scene.png@0,0,5,6", "-o", "f.json", code=3, says=says)

    def test_a_file_whose_name_looks_like_a_window_is_that_file(self) -> None:
        scenes.save("cut.png", MARK)
        Path("cut.png").rename("scene.png@0,0,6,5")
        assert_near(
            learned("--patch", "scene.png@0,0,6,5", "--background", "other.png")["weights"],
            scenes.standard(MARK),
        )

    @pytest.mark.parametrize("name", ["me@home.png", "a@1,2,3,4.png", "x@y/me.png", "@.png"])
    def test_an_at_sign_in_a_name(self, name: str) -> None:
        Path(name).parent.mkdir(exist_ok=True)
        Path("scene.png").rename(name)
        assert_near(learned("--patch", f"{name}@8,11,6,5")["weights"], scenes.standard(MARK))

    def test_a_picture_alone_is_a_patch(self) -> None:
        scenes.save("cut.png", MARK)
        cut = learned("--patch", "cut.png", "--background", "other.png")
        window = learned("--patch", PATCH, "--background", "other.png")
        assert (cut["weights"], cut["bias"]) == (window["weights"], window["bias"])

    def test_stdin_may_be_the_picture(self) -> None:
        picture = Path("scene.png").read_bytes()
        for patches in ((PATCH,), (PATCH, "scene.png@2,22,6,5")):
            named = [part for patch in patches for part in ("--patch", patch)]
            piped = [part.replace("scene.png", "-") for part in named]
            expected = learned(*named)
            finished = in_process("learn", *piped, "-o", "-", stdin=picture)
            assert (finished.code, finished.err) == (0, "")
            fields = json.loads(finished.out)
            assert (fields["weights"], fields["bias"]) == (expected["weights"], expected["bias"])
            assert fields["meta"]["patches"] == [patch.replace("scene.png", "-") for patch in patches]

    def test_stdin_holds_one_picture(self, mistake: Callable[..., str]) -> None:
        says = "^convtool: - is given twice; standard input holds one input, save the other to a file$"
        mistake("learn", "--patch", "-@0,0,6,5", "--background", "-", "-o", "f.json", code=2, says=says)

    @pytest.mark.parametrize(
        ("content", "says"), [(b"", "^convtool: stdin: it is empty$"), (b"hello", "^convtool: stdin: row 1")]
    )
    def test_stdin_is_named_in_faults(self, content: bytes, says: str, mistake: Callable[..., str]) -> None:
        mistake("learn", "--patch", "-@0,0,6,5", "-o", "f.json", stdin=content, code=3, says=says)

    def test_colour_counts_as_brightness(self) -> None:
        colour = np.random.default_rng(9).integers(0, 256, (24, 30, 3), np.uint8)
        scenes.save("colour.png", colour)
        scenes.save("gray.png", scenes.luma(colour))
        made = [learned("--patch", f"{name}.png@8,11,6,5") for name in ("colour", "gray")]
        assert made[0]["weights"] == made[1]["weights"]
        assert_near(made[0]["weights"], scenes.standard(scenes.luma(colour)[8:14, 11:16]))

    def test_brightness_and_contrast_do_not_matter(self) -> None:
        first, second = (learned("--patch", f"scene.png@{place},6,5") for place in ("8,11", "2,22"))
        assert np.abs(np.subtract(first["weights"], second["weights"])).max() < 0.01  # rounded to 8 bits
        unit = learned("--patch", PATCH, "--scale", "unit")
        assert_near(unit["weights"], first["weights"])

    def test_a_frame_may_be_chosen(self) -> None:
        frames = [PIL.Image.fromarray(scenes.noise(seed, 24, 30)) for seed in (81, 82)]
        frames[0].save("two.tif", save_all=True, append_images=frames[1:])
        for frame, seed in (("0", 81), ("1", 82)):
            fields = learned("--patch", "two.tif@8,11,6,5", "--frame", frame)
            assert_near(fields["weights"], scenes.standard(scenes.noise(seed, 24, 30)[8:14, 11:16]))

    def test_a_picture_of_the_samples(self) -> None:
        """An eye of the cat, found again on the picture it was cut from."""
        learned("--patch", f"{CAT}@40,60,21,21")
        found = in_process("find", CAT, "-f", "f.json", "--top", "1", "--json").record
        assert (found["y"], found["x"], found["size"]) == (40, 60, [21, 21])
        assert_near(found["score"], 1 + load_filter("f.json").bias[0])


class TestFolders:
    def test_a_folder_is_its_files(self) -> None:
        one_by_one = [part for k in range(12) for part in ("--patch", f"faces/{k:02}.png")]
        assert learned("--positives", "faces", "--background", "scene.png") == learned(
            *one_by_one, "--background", "scene.png"
        )

    def test_its_files_are_taken_in_bytewise_order(self) -> None:
        Path("mixed").mkdir()
        for name in ("b.png", "a.png", "Z.png", "é.png", "10.png", "9.png"):
            scenes.save(f"mixed/{name}", scenes.noise(len(name), 6, 5))
        meta = learned("--positives", "mixed", "--background", "other.png")["meta"]
        assert meta["patches"] == [f"mixed/{n}.png" for n in ("10", "9", "Z", "a", "b", "é")]

    def test_hidden_files_and_folders_are_left_out(self) -> None:
        Path("faces/.DS_Store").write_bytes(b"\0\1\2")
        Path("faces/more").mkdir()
        Path("faces/more/notes.txt").write_text("no picture")
        record = record_of("--positives", "faces", "--background", "scene.png")
        assert record["patches"] == 12

    def test_patches_come_before_folders(self) -> None:
        meta = learned("--positives", "others", "--patch", PATCH, "--background", "other.png")["meta"]
        assert meta["patches"] == [PATCH, *(f"others/{k:02}.png" for k in range(4))]

    def test_what_is_no_folder_is_a_file(self) -> None:
        meta = learned("--positives", "faces/03.png", "--positives", "others", "other.png")["meta"]
        assert meta["patches"] == ["faces/03.png", *(f"others/{k:02}.png" for k in range(4))]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--background", "other.png", "--background", "more.png"),
            ("--background", "other.png", "more.png"),
            ("other.png", "more.png"),
            ("--background", "both"),
        ],
        ids=" ".join,
    )
    def test_background_in_every_spelling(self, arguments: tuple[str, ...]) -> None:
        scenes.save("more.png", scenes.noise(71, 9, 9))
        Path("both").mkdir()
        for link, name in (("1.png", "other.png"), ("2.png", "more.png")):
            Path("both", link).symlink_to(f"../{name}")
        fields = learned("--patch", PATCH, *arguments)
        names = ["both/1.png", "both/2.png"] if "both" in arguments else ["other.png", "more.png"]
        assert fields["meta"]["background"] == names
        assert fields["meta"]["scores"]["held-out windows"] == 11 * 10 + 4 * 5
        pictures = scenes.noise(33, 16, 14), scenes.noise(71, 9, 9)
        responses = [c for picture in pictures for c in scenes.correlations(picture, MARK).ravel()]
        assert_near(-fields["bias"], scenes.threshold(responses, 0.05))

    def test_pictures_behind_the_options_are_background(self) -> None:
        """So that the shell may spell out ``--background street*.png``."""
        first = learned("--background", "other.png", "scene.png", "--positives", "faces", output="a.json")
        second = learned("other.png", "scene.png", "--positives", "faces", output="b.json")
        assert first == {**second, "name": "a"}
        assert first["meta"]["background"] == ["other.png", "scene.png"]

    @pytest.mark.parametrize("option", ["--positives", "--negatives", "--background"])
    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("empty", "^convtool: empty: the folder holds no files; put pictures into it$"),
            ("hidden", "^convtool: hidden: the folder holds no files; put pictures into it$"),
            ("nested", "^convtool: nested: the folder holds no files; put pictures into it$"),
            ("nope", "^convtool: nope: cannot be read: No such file or directory$"),
            ("notes", '^convtool: notes/a.txt: row 1 column 1 is "hello", not a finite number'),
            ("broken", "^convtool: broken/a.png: "),
        ],
    )
    def test_a_folder_without_pictures(
        self, option: str, name: str, says: str, mistake: Callable[..., str]
    ) -> None:
        for path in ("empty", "hidden", "nested/empty", "notes", "broken"):
            Path(path).mkdir(parents=True)
        Path("hidden/.a.png").write_bytes(Path("other.png").read_bytes())
        Path("notes/a.txt").write_text("hello")
        Path("broken/a.png").write_bytes(Path("other.png").read_bytes()[:90])
        mistake("learn", "--patch", PATCH, option, name, "-o", "f.json", code=3, says=says)

    @pytest.mark.parametrize("option", ["--positives", "--negatives", "--background"])
    def test_a_folder_without_a_name(self, option: str, mistake: Callable[..., str]) -> None:
        says = "^convtool: a path is empty; name a file, or - for standard input$"
        mistake("learn", "--patch", PATCH, option, "", "-o", "f.json", code=2, says=says)

    def test_a_patch_that_the_background_shows(self, mistake: Callable[..., str]) -> None:
        says = (
            f"^convtool: {PATCH} is part of the background too: scene.png holds it at row 8, column 11; "
            "background must not show what is looked for: leave that picture out, or cut the patch out of it$"
        )
        for background in (["--background", "scene.png"], ["scene.png"], ["--negatives", "copies"]):
            Path("copies").mkdir(exist_ok=True)
            Path("copies/1.png").write_bytes(Path("scene.png").read_bytes())
            says = says.replace("scene.png holds", "(scene|copies/1).png holds")
            mistake("learn", "--patch", PATCH, *background, "-o", "f.json", code=3, says=says)

    def test_background_smaller_than_the_patches(self, mistake: Callable[..., str]) -> None:
        says = (
            "^convtool: others/00.png: 6×5 is smaller than the patches' 7×5; "
            "use larger pictures or smaller patches$"
        )
        patch = ("--patch", "scene.png@8,11,7,5")
        mistake("learn", *patch, "--negatives", "others", "-o", "f.json", code=3, says=says)

    def test_an_output_among_the_files_of_a_folder(self, mistake: Callable[..., str]) -> None:
        """A3."""
        Path("faces/f.json").write_text("[[1, 2], [3, 4]]")
        says = "^convtool: faces/f.json: the output would replace the input faces/f.json; name another$"
        mistake("learn", "--positives", "faces", "-o", "faces/f.json", code=2, says=says)


class TestMethods:
    @pytest.mark.parametrize(
        ("patches", "background", "method"),
        [(1, True, "ncc"), (9, True, "ncc"), (10, True, "lda"), (12, True, "lda"), (12, False, "ncc")],
    )
    def test_the_default_is_lda_from_ten_patches_on(
        self, patches: int, background: bool, method: str
    ) -> None:
        named = [part for k in range(patches) for part in ("--patch", f"faces/{k:02}.png")]
        finished = in_process("learn", *named, *["scene.png"] * background, "-o", "f.json", "--json")
        assert (finished.code, finished.record["method"]) == (0, method)
        for spelled in ("auto", method):
            fields = learned(*named, *["scene.png"] * background, "--method", spelled, output="g.json")
            assert fields == {**json.loads(Path("f.json").read_text()), "name": "g"}

    def test_methods_differ(self) -> None:
        arguments = ("--positives", "faces", "--background", "scene.png")
        made = {
            method: learned(*arguments, "--method", method)["weights"]
            for method in ("ncc", "lda", "logistic", "bank")
        }
        assert np.shape(made["bank"]) == (21, 6, 5)
        for method in ("ncc", "lda", "logistic"):
            weights = np.array(made[method])
            assert_near([weights.sum(), (weights**2).sum()], [0, 1])
        assert made["ncc"] != made["lda"] != made["logistic"] != made["ncc"]
        patches = [np.asarray(PIL.Image.open(f"faces/{k:02}.png")) for k in range(12)]
        mean = np.mean([scenes.standard(patch) for patch in patches], axis=0)
        assert_near(made["ncc"], scenes.standard(mean))

    @pytest.mark.parametrize("method", ["lda", "logistic"])
    def test_a_ridge_is_said_and_makes_a_difference(self, method: str) -> None:
        arguments = ("--positives", "faces", "--background", "scene.png", "--method", method)
        default = {"lda": 1.0, "logistic": 0.001}[method]
        made = [record_of(*arguments), record_of(*arguments, "--ridge", str(default))]
        assert made[0] == made[1]
        assert made[0]["ridge"] == default
        plain = Path("f.json").read_bytes()
        assert record_of(*arguments, "--ridge", "50")["ridge"] == 50
        assert Path("f.json").read_bytes() != plain

    @pytest.mark.parametrize("method", ["lda", "logistic"])
    def test_what_they_need(self, method: str, mistake: Callable[..., str]) -> None:
        options = ("--method", method, "-o", "f.json")
        says = f"^convtool: {method} learns from at least 2 patches, 1 is given; add patches, or use ncc$"
        mistake("learn", "--patch", PATCH, *options, code=3, says=says)
        says = (
            f"^convtool: {method} learns what background looks like, and there is none; add background or "
            "negatives, or give patches as windows of larger pictures$"
        )
        mistake("learn", "--positives", "faces", *options, code=3, says=says)


class TestOptions:
    @pytest.mark.parametrize(
        ("option", "text", "says"),
        [
            (
                "--false-alarms",
                "1",
                "^convtool: false_alarms is 1.0; it must be a share of windows, such as 0",
            ),
            ("--false-alarms", "-0.1", "'-0.1' is no share; use a number from 0 to 1, such as 0.05"),
            ("--false-alarms", "1.5", "'1.5' is no share; use a number from 0 to 1"),
            ("--false-alarms", "5%", "'5%' is no share; use a number from 0 to 1"),
            ("--false-alarms", "nan", "'nan' is no share"),
            ("--ridge", "0", "^convtool: ridge is 0.0; it must be a number above 0$"),
            ("--ridge", "-1", "^convtool: ridge is -1.0; it must be a number above 0$"),
            ("--ridge", "inf", "'inf' is not a finite number"),
            (
                "--ridge",
                "x",
                r"Invalid value for '--ridge': 'x' is not a finite number \(see 'convtool learn",
            ),
            ("--folds", "0", "'0' is not a whole number from 1"),
            ("--folds", "1", "^convtool: folds is 1; it must be a whole number of at least 2$"),
            ("--folds", "2.0", "'2.0' is not a whole number from 1"),
            ("--seed", "-1", "'-1' is not a whole number from 0"),
            ("--seed", "1.5", "'1.5' is not a whole number from 0"),
            ("--method", "svm", "'svm' is not one of"),
        ],
    )
    def test_a_bad_value(self, option: str, text: str, says: str, mistake: Callable[..., str]) -> None:
        mistake("learn", "--patch", PATCH, f"{option}={text}", "-o", "f.json", code=2, says=says)

    def test_nothing_to_learn_from(self, mistake: Callable[..., str]) -> None:
        says = "^convtool: nothing to learn from; give --patch FILE@Y,X,H,W, or a folder with --positives$"
        for arguments in ((), ("--background", "other.png"), ("other.png",), ("--negatives", "others")):
            mistake("learn", *arguments, "-o", "f.json", code=2, says=says)

    @pytest.mark.parametrize(
        ("output", "code", "says"),
        [
            (
                "scene.png",
                2,
                "^convtool: scene.png: the output would replace the input scene.png; name another$",
            ),
            (
                "link.json",
                2,
                "^convtool: link.json: the output would replace the input scene.png; name anoth",
            ),
            (
                "other.png",
                2,
                "^convtool: other.png: the output would replace the input other.png; name anoth",
            ),
            ("f.png", 2, "^convtool: a filter is written as .json or .npy, not 'png'$"),
            ("f", 2, "^convtool: a filter is written as .json or .npy, not without a suffix$"),
            ("", 2, "^convtool: -o is empty; name a file, or - for standard output$"),
            ("faces", 5, "^convtool: faces: it is a folder; name a file in it$"),
            ("no/f.json", 5, "^convtool: no/f.json: its folder does not exist; create it first$"),
        ],
    )
    def test_where_it_cannot_go(self, output: str, code: int, says: str, mistake: Callable[..., str]) -> None:
        Path("link.json").symlink_to("scene.png")
        mistake("learn", "--patch", PATCH, "other.png", "-o", output, code=code, says=says)

    def test_an_older_file_stays_where_learning_fails(self, mistake: Callable[..., str]) -> None:
        Path("f.json").write_text("older")
        mistake("learn", "--patch", PATCH, "scene.png", "-o", "f.json", code=3, says="part of the background")
        assert Path("f.json").read_text() == "older"

    def test_two_uses_of_stdout(self, mistake: Callable[..., str]) -> None:
        says = "^convtool: --json and -o - would both write to standard output; choose one$"
        mistake("learn", "--patch", PATCH, "-o", "-", "--json", code=2, says=says)

    def test_limits_of_pictures_hold(self, mistake: Callable[..., str]) -> None:
        says = r"^convtool: scene.png: the image is 24×30, 720 pixels .* raise it with --max-pixels 720 or"
        mistake("learn", "--patch", PATCH, "-o", "f.json", "--max-pixels", "719", code=4, says=says)
        says = "^convtool: other.png: the image is 16×14, 224 pixels; it takes about .* --max-memory 1M or"
        arguments = ("--patch", "other.png@0,0,6,5", "-o", "f.json", "--max-memory", "1K")
        mistake("learn", *arguments, code=4, says=says)


class TestWhatIsSaid:
    def test_a_record_of_one_patch(self) -> None:
        assert record_of("--patch", PATCH) == {
            "output": "f.json",
            "method": "ncc",
            "filters": 1,
            "size": [6, 5],
            "patches": 1,
            "background": 1,
            "windows": 471,
            "false_alarms": 0.05,
            "threshold": -float(load_filter("f.json").bias[0]),
            "ridge": None,
            "score": None,
            "ncc": None,
            "rounds": [],
            "version": convtool.__version__,
        }

    def test_a_record_of_a_lesson(self) -> None:
        arguments = ("--positives", "faces", "--negatives", "others", "--background", "scene.png")
        record = record_of(*arguments, "--method", "logistic", "--false-alarms", "0.1")
        assert (record["method"], record["filters"], record["size"]) == ("logistic", 1, [6, 5])
        assert (record["patches"], record["background"], record["windows"]) == (12, 5, 19 * 26 + 4)
        assert (record["false_alarms"], record["ridge"]) == (0.1, 0.001)
        for score in (record["score"], record["ncc"]):
            assert list(score) == ["auc", "hits"]
            assert 0.9 < score["auc"] <= 1
            assert (score["hits"] * 12) % 1 == 0
        assert [list(each) for each in record["rounds"]] == [
            ["negatives", "loss_before", "loss_after"]
        ] * len(record["rounds"])
        assert all(each["loss_after"] < each["loss_before"] for each in record["rounds"])

    def test_a_table_of_one_patch(self) -> None:
        finished = in_process("learn", "--patch", PATCH, "-o", "f.json")
        bias = load_filter("f.json").bias[0]
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == (
            "f.json · ncc · 1 filter of 6 × 5\n"
            "learned     from and how\n"
            "----------------------------------------------\n"
            "method      ncc\n"
            "patches     1\n"
            "background  1 picture(s), 471 windows held out\n"
            f"threshold   {-bias:.4f}: 5 % of background may pass\n"
            "\n"
            "No score: one patch cannot be held out.\n"
            "\n"
        )

    def test_a_table_has_the_numbers_of_the_record(self) -> None:
        arguments = ("--positives", "faces", "--background", "scene.png", "--method", "logistic")
        record = record_of(*arguments)
        out = in_process("learn", *arguments, "-o", "f.json").out
        title, *lines = out.splitlines()
        assert title == "f.json · logistic · 1 filter of 6 × 5"
        assert "method      logistic, λ = 0.001" in lines
        assert "background  1 picture(s), 494 windows held out" in lines
        for number, each in enumerate(record["rounds"], 1):
            told = f"{each['negatives']} windows, loss {each['loss_before']:.4f} → {each['loss_after']:.4f}"
            assert f"round {number}     {told}" in lines
        rows = {line.split()[0]: line.split()[1:] for line in lines if line[:4] in ("logi", "ncc ")}
        for method, score in (("logistic", record["score"]), ("ncc", record["ncc"])):
            assert rows[method] == [f"{score['auc']:.4f}", f"{100 * score['hits']:.1f}", "%"]

    def test_quiet_says_nothing(self) -> None:
        loud = in_process("learn", "--positives", "faces", "-o", "f.json")
        quiet = in_process("learn", "--positives", "faces", "-o", "g.json", "-q")
        assert (loud.code, quiet) == (0, Finished(0, b"", ""))
        assert loud.out
        assert loud.err
        one, other = (json.loads(Path(name).read_text()) for name in ("f.json", "g.json"))
        assert one == {**other, "name": "f"}

    def test_no_background_is_noticed_and_leaves_the_bias_0(self, mistake: Callable[..., str]) -> None:
        notice = "faces/00.png: no background to measure on, so the bias is 0; give --background"
        finished = in_process("learn", "--positives", "faces", "-o", "f.json")
        assert (finished.code, finished.err) == (0, f"convtool: notice: {notice}\n")
        assert finished.out.endswith("\nNo score: there is no background.\n\n")
        assert "threshold" not in finished.out
        assert "bias" not in json.loads(Path("f.json").read_text())
        Path("f.json").unlink()
        says = f"^convtool: {notice}; refused because of --strict$"
        mistake("learn", "--positives", "faces", "-o", "f.json", "--strict", code=3, says=says)

    def test_notices_of_a_picture_are_said_once(self) -> None:
        alpha = np.dstack([scenes.noise(88, 24, 30)] * 4)
        PIL.Image.fromarray(alpha).save("alpha.png")
        patches = ("--patch", "alpha.png@0,0,6,5", "--patch", "alpha.png@9,9,6,5")
        finished = in_process("learn", *patches, "-o", "f.json")
        assert finished.err == "convtool: notice: alpha.png: alpha is dropped\n"

    def test_names_are_printed_escaped(self) -> None:
        finished = in_process("learn", "--patch", PATCH, "-o", "[bold]a\n\x1b[31m.json")
        assert finished.out.splitlines()[0] == r"[bold]a\n\x1b[31m.json · ncc · 1 filter of 6 × 5"
        assert json.loads(Path("[bold]a\n\x1b[31m.json").read_text())["name"] == "[bold]a\n\x1b[31m"

    def test_as_a_process(self, folder: Path) -> None:
        finished = as_process("learn", "--patch", PATCH, "-o", "f.json", "--json", cwd=folder)
        assert (finished.code, finished.err) == (0, "")
        assert finished.record == record_of("--patch", PATCH)
        written = contents(folder)["f.json"]
        assert written == Path("f.json").read_bytes()


class TestProgress:
    ARGUMENTS = ("--positives", "faces", "--background", "scene.png", "--method", "logistic", "-o", "f.json")

    def on_a_terminal(self, *options: str) -> list[str]:
        """The lines that a command sends to a stderr that somebody watches."""
        ours, theirs = pty.openpty()
        with spawned("learn", *self.ARGUMENTS, *options, stderr=theirs) as process:
            os.close(theirs)
            said = b""
            try:
                while block := os.read(ours, 4096):
                    said += block
            except OSError:  # Linux's way of saying that the other end was closed
                pass
            assert process.wait(60) == 0
        os.close(ours)
        return said.decode().splitlines()

    def test_is_for_a_terminal_alone(self) -> None:
        said = self.on_a_terminal("--json")
        rounds = json.loads(Path("f.json").read_text())["meta"]["scores"]["rounds"]
        assert said[-len(rounds) :] == [
            f"convtool: round {number}: {each['negatives']} windows of background, "
            f"loss {each['loss_before']:.4f} → {each['loss_after']:.4f}"
            for number, each in enumerate(rounds, 1)
        ]
        folds = [line for line in said if not line.startswith("convtool: round ")]
        assert folds == [f"convtool: logistic: fold {number}" for number in range(1, 6)]
        assert said.index(folds[-1]) < len(said) - len(rounds)
        assert as_process("learn", *self.ARGUMENTS).err == ""

    def test_quiet_says_nothing(self) -> None:
        assert self.on_a_terminal("-q") == []
