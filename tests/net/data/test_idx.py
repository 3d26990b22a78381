"""Pairs of IDX files: found by their names, packed or not, and a fault in either told of it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from convtool.errors import ConvtoolError, InputError
from convtool.io.limits import Limits
from convtool.io.source import open_source
from convtool.net.data.dataset import Dataset
from convtool.net.data.idx import idx_images_of, is_idx_images, read_idx_data
from tests.io import handmade as hm
from tests.net.data.sets import distinct_pictures
from tests.tolerances import assert_same_bytes

IMAGES = distinct_pictures(4, 2, 3)
LABELS = np.array([9, 0, 9, 2], np.uint8)


def written(folder: Path, images: str, labels: str) -> Path:
    for name, values in ((images, IMAGES), (labels, LABELS)):
        content = hm.idx(values)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder / images


def read(path: Path) -> Dataset:
    with open_source(path) as source:
        return read_idx_data(source, path, Limits())


@pytest.mark.parametrize("images_end", ["", ".gz"])
@pytest.mark.parametrize("labels_end", ["", ".gz"])
@pytest.mark.parametrize("names", ["train-{}-idx{}-ubyte", "a.images.{}.idx{}-ubyte", "{}-idx{}-ubyte"])
def test_labels_are_found_beside(names: str, images_end: str, labels_end: str, tmp_path: Path) -> None:
    dataset = read(
        written(tmp_path, names.format("images", 3) + images_end, names.format("labels", 1) + labels_end)
    )
    assert_same_bytes(dataset.images, IMAGES[:, np.newaxis])
    assert (dataset.labels.tolist(), dataset.classes) == ([2, 0, 2, 1], ("0", "2", "9"))
    assert dataset.names == ["0", "1", "2", "3"]


def test_they_are_not_beside(tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(hm.idx(IMAGES)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(hm.idx(LABELS))
    says = f"{path}: its labels are not beside it; put 't10k-labels-idx1-ubyte' there, or with .gz"
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    "name", ["images", "train-images.gz", "images-idx3-ubyte.bz2", "train-image-idx3-ubyte"]
)
def test_a_name_that_tells_nothing(name: str, tmp_path: Path) -> None:
    says = (
        r": an IDX file finds its labels by its name; call the two such as train-images-idx3-ubyte and trai"
    )
    with pytest.raises(InputError, match=says):
        read(written(tmp_path, name, "labels"))


def test_from_a_stream_there_is_nothing_beside() -> None:
    with pytest.raises(InputError, match=r"^an IDX file finds its labels by its name; call the two such as "):
        read_idx_data(hm.source_of(hm.idx(IMAGES)), "-", Limits())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (hm.idx(LABELS[:3]), "it holds 3 labels for the 4 images beside it"),
        (hm.idx(IMAGES), "an IDX file of 3 axes; images have 3, labels have 1"),
        (hm.idx(LABELS)[:-1], "its header promises 4 bytes for shape (4,), the file holds 3; fetch it again"),
        (b"text", "no IDX file; it begins with two zeros, a type and a number of axes"),
        (b"", "it is empty"),
    ],
)
def test_a_fault_of_the_labels_is_told_of_them(content: bytes, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, "images-idx3-ubyte", "labels-idx1-ubyte")
    path.with_name("labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(ConvtoolError, match=f"^{re.escape(f'{tmp_path}/labels-idx1-ubyte: {says}')}$"):
        read(path)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("train-images-idx3-ubyte", True),
        ("t10k-images.idx3-ubyte.gz", True),
        ("images-idx3-ubyte", True),
        ("train-labels-idx1-ubyte", False),
        ("images.png", False),
        ("train-images-idx3-ubyte.part", False),
    ],
)
def test_images_are_known_by_their_name(name: str, found: bool) -> None:
    assert is_idx_images(name) is found


def test_images_that_belong_to_labels(tmp_path: Path) -> None:
    path = written(tmp_path, "a-images-idx3-ubyte.gz", "a-labels-idx1-ubyte")
    assert idx_images_of(tmp_path / "a-labels-idx1-ubyte") == path
    path.unlink()
    with pytest.raises(
        InputError, match=r"^its images are not beside it; put 'a-images-idx3-ubyte' there, or"
    ):
        idx_images_of(tmp_path / "a-labels-idx1-ubyte")
