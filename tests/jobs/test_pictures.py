"""Pictures to learn from: windows of files, folders of files, and that each is read but once."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.options import InputOptions
from convtool.jobs.pictures import Pictures, files_of, split_window
from tests import scenes
from tests.tolerances import assert_equal, assert_same_bytes


class TestSplitWindow:
    @pytest.mark.parametrize(
        ("name", "path", "window"),
        [
            ("a.png", "a.png", None),
            ("a.png@1,2,3,4", "a.png", (1, 2, 3, 4)),
            ("a.png@-1,0,03,999999999", "a.png", (-1, 0, 3, 999_999_999)),
            ("-@0,0,5,5", "-", (0, 0, 5, 5)),
            ("a@b.png@1,2,3,4", "a@b.png", (1, 2, 3, 4)),
            ("a@1,2,3,4@5,6,7,8", "a@1,2,3,4", (5, 6, 7, 8)),
            ("two\nlines.png@1,2,3,4", "two\nlines.png", (1, 2, 3, 4)),
            ("me@home/a.png", "me@home/a.png", None),
            ("me@home/a.png@1,2,3,4", "me@home/a.png", (1, 2, 3, 4)),
            ("@1,2,3,4", "@1,2,3,4", None),
            ("", "", None),
        ],
    )
    def test_path_and_numbers(self, name: str, path: str, window: tuple[int, int, int, int] | None) -> None:
        assert split_window(name) == (path, window)

    @pytest.mark.parametrize("make", ["touch", "mkdir", "symlink"])
    def test_what_bears_the_whole_name_is_meant(self, make: str) -> None:
        path = Path("a.png@1,2,3,4")
        path.symlink_to("nowhere") if make == "symlink" else getattr(path, make)()
        assert split_window("a.png@1,2,3,4") == ("a.png@1,2,3,4", None)
        assert split_window("./a.png@1,2,3,5") == ("./a.png", (1, 2, 3, 5))

    @pytest.mark.parametrize(
        "numbers",
        ["", "1", "1,2,3", "1,2,3,4,5", "1,,3,4", "a,b,c,d", "1.0,2,3,4", "+1,2,3,4", "1e1,2,3,4", "--1,2,3",
         " 1,2,3,4", "1,2,3,4\n", "1, 2,3,4", "٣,2,3,4", "1_0,2,3,4", "1,2,3,1000000000", "home.png"],
    )  # fmt: skip
    def test_numbers_that_are_none(self, numbers: str) -> None:
        says = f"a.png@{numbers}: {numbers!r} is no window; use FILE@Y,X,H,W, such as a.png@10,20,9,9"
        with pytest.raises(ArgumentError, match=f"^{re.escape(says)}$"):
            split_window(f"a.png@{numbers}")

    @given(
        path=st.text(st.characters(exclude_characters="\0"), min_size=1),
        numbers=st.tuples(*[st.integers(-99, 99)] * 4),
    )
    def test_a_window_is_read_back(self, path: str, numbers: tuple[int, int, int, int]) -> None:
        assert split_window(f"{path}@{','.join(map(str, numbers))}") == (path, numbers)


class TestFilesOf:
    def test_of_nothing(self) -> None:
        assert files_of([]) == []
        Path("a.png").touch()
        assert files_of([""]) == [""]  # which is no name of this folder

    def test_files_stay_and_folders_become_their_files_in_bytewise_order(self) -> None:
        Path("sub").mkdir()
        for name in ("b", "a", "B", "ä", "10", "9", "a b"):
            Path("sub", name).touch()
        inside = ["sub/10", "sub/9", "sub/B", "sub/a", "sub/a b", "sub/b", "sub/ä"]
        assert files_of(["z.png", "sub", "nope", "-", "sub/"]) == ["z.png", *inside, "nope", "-", *inside]

    def test_names_that_are_no_utf8_have_their_place(self) -> None:
        Path("sub").mkdir()
        names = [os.fsdecode(name) for name in (b"\xff", b"\xc3\xa4", b"z")]
        for name in names:
            Path("sub", name).touch()
        assert files_of(["sub"]) == [f"sub/{name}" for name in (names[2], names[1], names[0])]

    def test_hidden_files_and_folders_inside_are_left_out_and_links_followed(self) -> None:
        Path("sub/deeper").mkdir(parents=True)
        for name in ("sub/.hidden", "sub/deeper/c", "sub/a"):
            Path(name).touch()
        Path("sub/folder").symlink_to("deeper")
        Path("sub/file").symlink_to("deeper/c")
        Path("sub/dangling").symlink_to("nowhere")
        Path("link").symlink_to("sub")
        os.mkfifo("sub/fifo")
        assert files_of(["sub"]) == ["sub/a", "sub/file"]
        assert files_of(["link"]) == ["link/a", "link/file"]

    @pytest.mark.parametrize("inside", [None, ".hidden", "deeper/file"])
    def test_a_folder_of_nothing(self, inside: str | None) -> None:
        Path("sub").mkdir()
        if inside is not None:
            Path("sub", inside).parent.mkdir(exist_ok=True)
            Path("sub", inside).touch()
        with pytest.raises(InputError, match=r"^sub: the folder holds no pictures; put some into it$"):
            files_of(["a.png", "sub"])


class TestPictures:
    def pictures(self, notices: list[str] | None = None, **options: object) -> Pictures:
        inputs = InputOptions(**options)  # type: ignore[arg-type]
        return Pictures(inputs, (notices if notices is not None else []).append)

    def test_is_the_numbers_of_a_file(self) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        assert_same_bytes(self.pictures()["a.png"], scenes.noise(1, 7, 8).astype(np.float32))

    def test_colour_is_brightness_and_planes_stay(self) -> None:
        colour = np.random.default_rng(2).integers(0, 256, (7, 8, 3), np.uint8)
        scenes.save("colour.png", colour)
        assert_equal(self.pictures()["colour.png"], scenes.luma(colour))
        np.save("planes.npy", colour)
        np.save("planes.npy", colour.transpose(2, 0, 1))
        assert_equal(self.pictures()["planes.npy"], colour.transpose(2, 0, 1))

    def test_unit_scale_and_frames(self) -> None:
        frames = [PIL.Image.fromarray(scenes.noise(seed, 7, 8)) for seed in (1, 2)]
        frames[0].save("two.tif", save_all=True, append_images=frames[1:])
        values = self.pictures(scale="unit", frame=1)["two.tif"]
        assert_same_bytes(values, scenes.noise(2, 7, 8) / np.float32(255))

    def test_is_read_once(self) -> None:
        PIL.Image.fromarray(np.dstack([scenes.noise(1, 7, 8)] * 4)).save("alpha.png")
        notices: list[str] = []
        pictures = self.pictures(notices)
        first = pictures["alpha.png"]
        Path("alpha.png").unlink()
        assert pictures["alpha.png"] is first
        assert pictures.patch("alpha.png@1,2,3,4").picture is first
        assert pictures.background("alpha.png", (3, 3)).planes.base is not None
        assert notices == ["alpha.png: alpha is dropped"]

    def test_a_patch_is_a_window_or_the_whole(self) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        pictures = self.pictures()
        patch = pictures.patch("a.png@1,2,3,4")
        assert (patch.y, patch.x, patch.size, patch.name) == (1, 2, (3, 4), "a.png@1,2,3,4")
        assert_equal(patch.values, scenes.noise(1, 7, 8)[np.newaxis, 1:4, 2:6])
        whole = pictures.patch("a.png")
        assert (whole.y, whole.x, whole.size, whole.name) == (0, 0, (7, 8), "a.png")

    def test_in_a_folder_what_is_no_picture_is_skipped_with_a_notice(self) -> None:
        Path("sub").mkdir()
        scenes.save("sub/b.png", scenes.noise(1, 7, 8))
        Path("sub/a.txt").write_text("hello")
        Path("sub/c.png").touch()
        notices: list[str] = []
        pictures = self.pictures(notices)
        assert pictures.files_of(["z.png", "sub", "-"]) == ["z.png", "sub/b.png", "-"]
        assert len(notices) == 2
        assert notices[0].startswith('sub/a.txt skipped: row 1 column 1 is "hello", not a finite number')
        assert notices[1] == "sub/c.png skipped: it is empty"
        Path("sub/b.png").unlink()
        with pytest.raises(InputError, match=r"^sub: the folder holds no pictures; put some into it$"):
            self.pictures().files_of(["z.png", "sub"])

    def test_a_picture_in_a_folder_that_is_over_a_limit_is_refused(self) -> None:
        Path("sub").mkdir()
        scenes.save("sub/a.png", scenes.noise(1, 7, 8))
        with pytest.raises(LimitError, match=r"^sub/a\.png: the image is 7×8, 56 pixels"):
            self.pictures(limits=Limits(pixels=55)).files_of(["sub"])

    def test_background_is_every_window(self) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        background = self.pictures().background("a.png", (3, 4))
        assert (background.counts.shape, background.counts.all(), background.name) == ((5, 5), True, "a.png")
        assert_equal(background.planes, scenes.noise(1, 7, 8)[np.newaxis])

    @pytest.mark.parametrize(
        ("name", "error", "says"),
        [
            ("nope.png", InputError, r"^nope\.png: cannot be read: No such file or directory$"),
            ("nope.png@0,0,2,2", InputError, r"^nope\.png: cannot be read"),
            (
                "a.png@0,0,8,8",
                InputError,
                r"^a\.png@0,0,8,8: 8×8 at row 0, column 0 is not inside its picture",
            ),
            ("flat.png", InputError, r"^flat\.png: all values of the patch are alike; choose one that shows"),
            ("a.png@0", ArgumentError, r"^a\.png@0: '0' is no window; use FILE@Y,X,H,W"),
            ("", ArgumentError, "a path is empty"),
        ],
    )
    def test_patches_that_are_none(self, name: str, error: type[Exception], says: str) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        scenes.save("flat.png", np.zeros((3, 3), np.uint8))
        with pytest.raises(error, match=says):
            self.pictures().patch(name)

    def test_background_that_is_too_small(self) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        says = r"^a\.png: 7×8 is smaller than the patches' 8×8; use larger pictures or smaller patches$"
        with pytest.raises(InputError, match=says):
            self.pictures().background("a.png", (8, 8))

    def test_limits_hold(self) -> None:
        scenes.save("a.png", scenes.noise(1, 7, 8))
        with pytest.raises(LimitError, match=r"^a\.png: the image is 7×8, 56 pixels .*--max-pixels 56"):
            self.pictures(limits=Limits(pixels=55))["a.png"]
