"""A folder for each class: pictures are read in the order of their names, and what is none is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool.errors import InputError, LimitError
from convtool.io.limits import Limits
from convtool.io.resizing import resized
from convtool.net.data.dataset import Dataset
from convtool.net.data.folders import read_folder
from convtool.net.data.gathering import Wanted
from tests.io import handmade as hm
from tests.net.data.sets import write_folder
from tests.tolerances import assert_equal, assert_same_bytes

Read = tuple[Dataset, list[str]]


def gray(value: int, *size: int) -> Any:
    return np.full(size or (2, 3), value, np.uint8)


def read(folder: Path, files: dict[str, Any], limits: Limits | None = None, **wanted: Any) -> Read:
    dataset, notices = read_folder(
        write_folder(folder, files), Wanted(**wanted), limits or Limits(), progress=None
    )
    return dataset, list(notices)


def test_classes_are_folders_and_everything_is_in_the_order_of_bytes(tmp_path: Path) -> None:
    files = {"b/2.png": gray(1), "b/10.png": gray(2), "a/x": gray(3), "é/y.gif": gray(4), "B/z.png": gray(5)}
    dataset, notices = read(tmp_path, files)
    assert dataset.classes == ("B", "a", "b", "é")
    assert dataset.names == ["B/z.png", "a/x", "b/10.png", "b/2.png", "é/y.gif"]
    assert dataset.labels.tolist() == [0, 1, 2, 2, 3]
    assert_same_bytes(dataset.images, np.array([[gray(n)] for n in (5, 3, 2, 1, 4)]))
    assert notices == []


def test_whatever_is_read_as_an_image_is_a_picture(tmp_path: Path) -> None:
    values = np.array([[0, 7, 255]], np.uint8)
    files = {"a/1.npy": hm.npy_of(values), "a/2.tif": hm.gray_tiff(values), "b/3.png": values}
    dataset, _ = read(tmp_path, files)
    assert dataset.images.tolist() == [[[[0, 7, 255]]]] * 3


def test_a_class_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    dataset, notices = read(tmp_path, {"full/1.png": gray(1)})
    assert (dataset.classes, dataset.labels.tolist(), notices) == (("empty", "full"), [1], [])


def test_hidden_files_and_folders_are_not_looked_at(tmp_path: Path) -> None:
    files = {"a/1.png": gray(1), "a/.DS_Store": b"x", ".git/x.png": gray(1), ".hidden": b""}
    dataset, notices = read(tmp_path, files)
    assert (dataset.classes, dataset.names, notices) == (("a",), ["a/1.png"], [])


def test_what_is_no_picture_is_left_out_and_told_by_reason(tmp_path: Path) -> None:
    files = {
        "a/0.png": gray(1),
        **{f"a/empty{number}.png": b"" for number in range(10)},
        "b/short.png": hm.gray_png(gray(1))[:-20],
        "b/1.png": gray(2),
        "labels.csv": b"1,2",
        "README": b"x",
    }
    write_folder(tmp_path, files)
    (tmp_path / "b/below").mkdir()
    os.mkfifo(tmp_path / "b/pipe")
    (tmp_path / "b/dangling").symlink_to("nowhere")
    dataset, notices = read(tmp_path, {})
    assert dataset.names == ["a/0.png", "b/1.png"]
    first = ", ".join(f"a/empty{number}.png" for number in range(8))
    assert notices[:3] == [
        "left out README, labels.csv: it is in no class's folder",
        f"left out {first}, … (10 in all): it is empty",
        "left out b/below, b/dangling, b/pipe: it is no plain file",
    ]
    assert len(notices) == 4
    assert notices[3].startswith("left out b/short.png: ")


def test_of_many_reasons_the_first_are_told_and_the_rest_are_counted(tmp_path: Path) -> None:
    files = {f"a/{number}": f"word{number}".encode() for number in range(7)}
    dataset, notices = read(tmp_path, {**files, "a/7": b"word6", "b/1.png": gray(1)})
    assert dataset.names == ["b/1.png"]
    assert len(notices) == 6
    assert all(f"left out a/{number}: row 1" in notices[number] for number in range(5))
    assert notices[5] == "left out 3 more, for 2 other reason(s)"


def test_a_picture_over_a_limit_is_no_damaged_one_and_is_not_left_out(tmp_path: Path) -> None:
    says = rf"^{tmp_path}/a/2\.png: the image is 9×9, 81 pixels .*raise it with --max-pixels 81 or"
    with pytest.raises(LimitError, match=says):
        read(tmp_path, {"a/1.png": gray(1), "a/2.png": gray(1, 9, 9)}, Limits(pixels=80))


def test_pictures_whose_values_end_elsewhere_than_those_of_most_are_left_out(tmp_path: Path) -> None:
    deep = np.full((2, 3), 9, np.uint16)
    files = {
        "a/1.png": deep,
        "a/2.png": gray(1),
        "a/3.png": gray(2),
        "b/1.npy": hm.npy_of(np.full((2, 3), 0.5)),
        "b/2.png": deep,
    }
    files["b/3.png"] = gray(3)
    dataset, notices = read(tmp_path, files)
    assert dataset.names == ["a/2.png", "a/3.png", "b/3.png"]
    assert dataset.images.dtype == np.uint8
    assert notices == [
        "left out a/1.png, b/2.png: it holds values up to 65535, most pictures hold values up to 255",
        "left out b/1.npy: it holds real numbers, most pictures hold values up to 255",
    ]


def test_values_of_16_bits_and_real_ones_are_float32(tmp_path: Path) -> None:
    dataset, _ = read(tmp_path / "deep", {"a/1.png": np.full((2, 3), 65535, np.uint16)})
    assert_same_bytes(dataset.images, np.full((1, 1, 2, 3), 65535, np.float32))
    dataset, _ = read(tmp_path / "real", {"a/1.npy": hm.npy_of(np.full((2, 3), 0.1))})
    assert_same_bytes(dataset.images, np.full((1, 1, 2, 3), 0.1, np.float32))


COLOURED = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


class TestColour:
    def test_of_one_picture_makes_all_of_three_channels(self, tmp_path: Path) -> None:
        dataset, _ = read(tmp_path, {"a/1.png": gray(7), "a/2.png": COLOURED})
        expected = [np.full((3, 2, 3), 7), COLOURED.transpose(2, 0, 1)]
        assert_same_bytes(dataset.images, np.array(expected, np.uint8))

    def test_becomes_brightness_where_one_channel_is_wanted(self, tmp_path: Path) -> None:
        dataset, _ = read(tmp_path, {"a/1.png": gray(7), "a/2.png": COLOURED}, channels=1)
        red, green, blue = COLOURED.transpose(2, 0, 1).astype(int)
        luma = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
        assert_same_bytes(dataset.images, np.array([[gray(7)], [luma]], np.uint8))

    def test_of_other_planes_is_left_out(self, tmp_path: Path) -> None:
        planes = hm.npy_of(np.zeros((2, 2, 5), np.uint8))
        dataset, notices = read(tmp_path, {"a/1.png": gray(7), "a/2.npy": planes})
        assert (dataset.names, notices) == (
            ["a/1.png"],
            ["left out a/2.npy: it has 2 channels, 1 or 3 can be read"],
        )


class TestSize:
    def test_of_pictures_that_do_not_agree_is_the_default(self, tmp_path: Path) -> None:
        files = {"a/1.png": gray(7), "a/2.png": gray(8, 4, 4), "b/1.png": gray(9)}
        dataset, notices = read(tmp_path, files, default_size=(4, 4))
        expected = [
            resized(np.float32([gray(7)]), (4, 4)),
            [gray(8, 4, 4)],
            resized(np.float32([gray(9)]), (4, 4)),
        ]
        assert_equal(dataset.images, np.array(expected))
        assert notices == ["2 of 3 picture(s) resized to 4×4"]

    def test_of_a_picture_that_is_left_out_does_not_count(self, tmp_path: Path) -> None:
        files = {"a/1.png": gray(7), "a/2.png": np.zeros((4, 4), np.uint16), "b/1.png": gray(9)}
        dataset, notices = read(tmp_path, files)
        assert dataset.images.shape == (2, 1, 2, 3)
        assert len(notices) == 1

    def test_must_be_given_where_there_is_no_default(self, tmp_path: Path) -> None:
        with pytest.raises(
            InputError, match=r"^its pictures are of several sizes, such as 2×3 and 4×4; give"
        ):
            read(tmp_path, {"a/1.png": gray(7), "a/2.png": gray(8, 4, 4)})

    def test_that_does_not_fit_into_memory_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(LimitError, match=r"^2 pictures of its size \(make them smaller with --size\)"):
            read(tmp_path, {"a/1.png": gray(7), "a/2.png": gray(8)}, Limits(memory=1000), size=(50, 50))


def test_what_pictures_give_up_is_told_once_with_their_names(tmp_path: Path) -> None:
    shallow, deep = hm.png(1, 8, hm.GRAY_ALPHA, [b"\1\2"]), hm.png(1, 16, hm.GRAY_ALPHA, [b"\0\1\0\2"])
    _, notices = read(tmp_path, {"a/1": shallow, "a/2": deep, "b/1": gray(3, 1, 1), "b/2": shallow})
    assert notices == ["a/1, a/2, b/2: alpha is dropped", "a/2: 16-bit LA is reduced to 8 bits"]


def test_progress_counts_every_file(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a/1.png": gray(1), "a/2.png": b"", "b/1.png": gray(1)})
    told: list[tuple[int, int]] = []
    read_folder(tmp_path, Wanted(), Limits(), lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"1.png": gray(1)},
            "^it holds no folders; a data set has one for each class, with its pictures in it$",
        ),
        ({".a/1.png": gray(1)}, "^it holds no folders; a data set has one"),
        ({"a/.1.png": gray(1)}, r"^none of its 0 file\(s\) can be read as a picture$"),
        (
            {"a/1.png": b"", "b/2.png": b""},
            r"^none of its 2 file\(s\) can be read as a picture; left out a/1\.png, b/2\.png: it is empty$",
        ),
    ],
)
def test_a_folder_without_pictures(files: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        read(tmp_path, files)


def test_a_folder_whose_name_no_network_can_hold(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    says = r"^the folder 'caf\\udce9' names a class, and is not UTF-8; rename it$"
    with pytest.raises(InputError, match=says):
        read(tmp_path, {"a/1.png": gray(1)})


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, {"a/1.png": gray(1), "b/1.png": gray(1)})
    listed = Path.iterdir

    def refuse(folder: Path) -> Any:
        if folder.name == "b":
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=rf"^{tmp_path}/b: cannot be read: Permission denied$"):
        read(tmp_path, {})


def test_names_are_names_and_do_no_harm(tmp_path: Path) -> None:
    strange = ["-", "-x.png", "[bold]", "a b", "two\nlines", "%s", "~"]
    dataset, notices = read(tmp_path, {f"-/{name}": gray(1) for name in strange})
    assert sorted(dataset.names) == sorted(f"-/{name}" for name in strange)
    assert notices == []
