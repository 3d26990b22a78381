"""Labelled pictures from anywhere: what they are is told by what they hold, and every fault by one line."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.io.resizing import resized
from convtool.net.data.dataset import Dataset
from convtool.net.data.reading import read_data
from tests.io import handmade as hm
from tests.net.data.sets import distinct_pictures, npz_of, write_folder, write_idx
from tests.tolerances import assert_same_bytes

IMAGES = distinct_pictures(4, 2, 3)
LABELS = [0, 1, 1, 0]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVTOOL_MAX_MEMORY", raising=False)
    return tmp_path


def read(path: str, *notices: str, **options: Any) -> Dataset:
    """Read what gives these notices and no others."""
    told: list[str] = []
    dataset = read_data(path, notify=told.append, **options)
    assert told == [*notices]
    return dataset


def as_folder() -> str:
    files = {
        f"{label}/{number}": image for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True))
    }
    return str(write_folder(Path("set"), files))


def as_npz() -> str:
    Path("set").write_bytes(npz_of(images=IMAGES, labels=LABELS))
    return "set"


def as_idx() -> str:
    return str(write_idx(Path(), IMAGES, LABELS))


def as_packed_idx() -> str:
    images = Path(as_idx())
    images.with_name("train-images-idx3-ubyte.gz").write_bytes(gzip.compress(images.read_bytes()))
    images.unlink()
    return "train-images-idx3-ubyte.gz"


def as_folder_of_idx() -> str:
    Path("set").mkdir()
    write_idx(Path("set"), IMAGES, LABELS)
    return "set"


each_kind = pytest.mark.parametrize("made", [as_folder, as_npz, as_idx, as_packed_idx, as_folder_of_idx])


@each_kind
def test_the_same_pictures_from_anywhere(made: Any) -> None:
    dataset = read(made())
    order = [0, 3, 1, 2] if made is as_folder else [0, 1, 2, 3]
    assert_same_bytes(dataset.images, IMAGES[order][:, np.newaxis])
    assert dataset.labels.tolist() == [LABELS[place] for place in order]
    assert dataset.labels.dtype == np.intp
    assert dataset.classes == ("0", "1")
    assert len(dataset.names) == 4


@each_kind
def test_the_size_and_channels_that_are_asked_for(made: Any) -> None:
    path = made()
    told: list[tuple[int, int]] = []
    dataset = read(
        path,
        f"{path}: 4 of 4 picture(s) resized to 5×4",
        size=(5, 4),
        channels=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert dataset.images.shape == (4, 3, 5, 4)
    expected = resized(IMAGES[:1].astype(np.float32), (5, 4))[0]
    assert_same_bytes(dataset.images[0, 2], expected)
    assert told[-4:] == [(1, 4), (2, 4), (3, 4), (4, 4)]


@each_kind
def test_more_memory_than_is_allowed(made: Any) -> None:
    path = made()
    with pytest.raises(
        LimitError, match=rf"^{path}.*: .*; it takes about .*; raise it with --max-memory 1M or"
    ):
        read(path, limits=Limits(memory=8), channels=3)


def test_the_environment_limits_what_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVTOOL_MAX_MEMORY", "8")
    with pytest.raises(LimitError, match=r"over the limit of 8 bytes; raise it with --max-memory 1M or"):
        read(as_npz())


@each_kind
@pytest.mark.parametrize("channels", [0, 2, 5])
def test_channels_that_no_picture_has(made: Any, channels: int) -> None:
    path = made()
    says = rf"^{path}: pictures have 1 or 3 channels, {channels} are asked for$"
    with pytest.raises(InputError, match=says):
        read(path, channels=channels)


def test_the_default_size_is_of_pictures_that_do_not_agree() -> None:
    write_folder(Path("uneven"), {"a/1.png": IMAGES[0], "a/2.png": np.zeros((4, 4), np.uint8)})
    dataset = read("uneven", "uneven: 2 of 2 picture(s) resized to 3×3", default_size=(3, 3))
    assert dataset.images.shape == (2, 1, 3, 3)
    assert read(as_npz(), default_size=(3, 3)).images.shape == (4, 1, 2, 3)


def test_notices_name_the_data() -> None:
    write_folder(Path("set"), {"a/1.png": IMAGES[0], "a/2.png": b""})
    assert len(read("set/", "set/: left out a/2.png: it is empty")) == 1
    Path("wide.npz").write_bytes(npz_of(images=[[[2**24 + 1]]], labels=[0]))
    assert len(read("wide.npz", "wide.npz: 1 whole number(s) beyond 2^24 rounded to float32")) == 1


def from_stdin(content: bytes) -> Dataset:
    with patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(content))):
        return read("-")


def test_standard_input_is_an_npz_whatever_folders_there_are() -> None:
    Path("-").mkdir()
    assert len(from_stdin(npz_of(images=IMAGES, labels=LABELS))) == 4
    with pytest.raises(InputError, match=r"^stdin: an IDX file finds its labels by its name; call the two"):
        from_stdin(hm.idx(IMAGES))


def test_of_several_pairs_in_a_folder_one_is_to_be_given() -> None:
    Path("set").mkdir()
    for name in ("train", "t10k"):
        write_idx(Path("set"), IMAGES, LABELS, name)
    says = (
        r"^set: it holds images in t10k-images-idx3-ubyte, train-images-idx3-ubyte; give one of these files$"
    )
    with pytest.raises(InputError, match=says):
        read("set")
    assert len(read("set/t10k-images-idx3-ubyte")) == 4


def test_of_labels_the_images_are_to_be_given() -> None:
    path = as_idx()
    says = rf"^train-labels-idx1-ubyte\.gz: it holds labels; give its images, {path}$"
    with pytest.raises(InputError, match=says):
        read("train-labels-idx1-ubyte.gz")


@pytest.mark.parametrize(
    "content",
    [hm.gray_png(IMAGES[0]), b"text", b"PK\5\6" + bytes(18), gzip.compress(b"text"), hm.npy_of(IMAGES)],
    ids=["png", "text", "empty-zip", "gzip", "npy"],
)
def test_what_is_no_data(content: bytes) -> None:
    Path("file").write_bytes(content)
    says = (
        r"^file: no labelled pictures; they are in a folder for each class, in IDX files, or in an NPZ of ima"
    )
    with pytest.raises(InputError, match=says):
        read("file")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nope", "^nope: cannot be read: No such file or directory$"),
        ("/dev/null", "^/dev/null: it is a device or socket; name a file$"),
        ("empty", "^empty: it is empty$"),
        (
            "folder",
            "^folder: it holds no folders; a data set has one for each class, with its pictures in it$",
        ),
        ("cut.gz", "^cut.gz: the gzip is damaged or cut short; fetch it again$"),
        ("cut.npz", "^cut.npz: the NPZ is damaged, or no NPZ; write it again$"),
        ("axes", r"^axes: an IDX file finds its labels by its name; "),
        ("x-images-idx3-ubyte", "^x-images-idx3-ubyte: an IDX file of 4 axes; images have 3, labels have 1$"),
    ],
)
def test_what_cannot_be_read(path: str, says: str) -> None:
    Path("empty").touch()
    Path("folder").mkdir()
    Path("cut.gz").write_bytes(gzip.compress(hm.idx(IMAGES))[:8])
    Path("cut.npz").write_bytes(npz_of(images=IMAGES, labels=LABELS)[:-30])
    Path("axes").write_bytes(hm.idx_header(1, 1, 1, 1) + b"\0")
    write_idx(Path(), IMAGES, LABELS, "x")
    Path("x-images-idx3-ubyte").write_bytes(hm.idx_header(1, 1, 1, 1) + b"\0")
    with pytest.raises(InputError, match=says):
        read(path)


@pytest.mark.parametrize(
    ("path", "says"), [("", "^a path is empty; name a"), ("a\0b", "holds a NUL character")]
)
def test_what_is_no_path(path: str, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        read(path)


def test_a_pipe_is_read() -> None:
    os.mkfifo("pipe")
    content = npz_of(images=IMAGES, labels=LABELS)
    writer = Thread(target=Path("pipe").write_bytes, args=(content,))
    writer.start()
    assert len(read("pipe")) == 4
    writer.join()
