"""Data sets as NPZ: every shape that is accepted means what its channels say, all else is one line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError, LimitError
from convtool.io.limits import Limits
from convtool.net.data.dataset import Dataset
from convtool.net.data.npz import read_npz_data
from tests.io import handmade as hm
from tests.io.archives import zipped
from tests.net.data.sets import npz_of
from tests.strategies import REAL_TYPES
from tests.tolerances import assert_same_bytes

GRAY = np.arange(40, dtype=np.uint8).reshape(2, 5, 4)
COLOUR = np.arange(120, dtype=np.uint8).reshape(2, 3, 5, 4)[:, :, :, ::-1]


def read(content: bytes, **limits: int) -> Dataset:
    dataset, notices = read_npz_data(hm.source_of(content), Limits(**limits))
    assert notices == ()
    return dataset


def of_images(images: NDArray) -> bytes:
    return npz_of(images=images, labels=np.arange(len(images)))


def of_labels(labels: Any, **arrays: Any) -> bytes:
    labels = np.asarray(labels)
    return npz_of(images=np.zeros((len(labels), 2, 2), np.uint8), labels=labels, **arrays)


class TestImages:
    @pytest.mark.parametrize(
        ("images", "planes"),
        [
            (GRAY, GRAY[:, np.newaxis]),
            (GRAY[:, np.newaxis], GRAY[:, np.newaxis]),
            (GRAY[..., np.newaxis], GRAY[:, np.newaxis]),
            (COLOUR, COLOUR),
            (COLOUR.transpose(0, 2, 3, 1), COLOUR),
            (GRAY[:, :, :3], GRAY[:, np.newaxis, :, :3]),
            (GRAY[:, :1, :1], GRAY[:, np.newaxis, :1, :1]),
        ],
        ids=lambda array: str(array.shape),
    )
    def test_channels_are_the_axis_that_is_1_or_3_long(self, images: NDArray, planes: NDArray) -> None:
        found = read(of_images(images)).images
        assert_same_bytes(found, planes)
        assert found.flags.c_contiguous

    @pytest.mark.parametrize("shape", [(2, 3, 5, 3), (2, 1, 5, 3), (2, 3, 5, 1), (2, 1, 5, 1)], ids=str)
    def test_an_axis_that_cannot_be_told_is_refused(self, shape: tuple[int, ...]) -> None:
        says = (
            f"images.npy: an array of shape {shape}, whose channels may be its second axis or its last; "
            "save gray images as (N, H, W), and colour ones that are wider than 3"
        )
        with pytest.raises(InputError, match=f"^{re.escape(says)}$"):
            read(of_images(np.zeros(shape)))

    @pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 5, 3, 4), (2, 2, 5, 5), (2, 8, 8, 4)], ids=str)
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        says = (
            f"images.npy: an array of shape {shape}; images are (N, H, W), (N, C, H, W) or (N, H, W, C), of "
            "1 or 3 channels"
        )
        with pytest.raises(InputError, match=f"^{re.escape(says)}$"):
            read(of_images(np.zeros(shape)))

    @given(dtype=st.sampled_from(REAL_TYPES), seed=st.integers(0, 2**32 - 1))
    def test_values_of_any_type_are_as_stored(self, dtype: str, seed: int) -> None:
        bits = np.random.default_rng(seed).integers(0, 2, (2, 3, 4))
        stored = (bits * 100).astype(dtype)
        assert_same_bytes(read(of_images(stored)).images, stored.astype(np.uint8)[:, np.newaxis])
        if np.dtype(dtype).kind == "f":
            real = stored + np.dtype(dtype).type(0.25)
            assert_same_bytes(read(of_images(real)).images, real.astype(np.float32)[:, np.newaxis])

    def test_what_float32_does_not_hold_is_told(self) -> None:
        images = np.array([[[2**24 + 1, 5]], [[3, 4]]])
        dataset, notices = read_npz_data(hm.source_of(of_images(images)), Limits())
        assert dataset.images.ravel().tolist() == [2**24, 5, 3, 4]
        assert notices == ("1 whole number(s) beyond 2^24 rounded to float32",)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
    def test_values_that_are_not_finite_are_named_with_their_place(self, value: float) -> None:
        images = np.zeros((2, 3, 4))
        images[1, 2, 3] = value
        told = re.escape(str(value))
        with pytest.raises(
            InputError, match=rf"^images\.npy: {told} at \(1, 0, 2, 3\); every value must be "
        ):
            read(of_images(images))

    def test_pixels_and_memory_are_limited(self) -> None:
        content = of_images(GRAY)
        assert len(read(content, pixels=20)) == 2
        with pytest.raises(
            LimitError, match=r"^the image is 5×4, 20 pixels.*raise it with --max-pixels 20 or"
        ):
            read(content, pixels=19)
        with pytest.raises(
            LimitError, match=r"^the NPZ holds \d+ bytes; it takes about .*--max-memory 1M or"
        ):
            read(content, memory=1000)

    def test_are_named_by_their_numbers(self) -> None:
        assert read(of_images(GRAY)).names == ["0", "1"]


class TestLabels:
    @pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "u8"])
    def test_numbers_name_classes_themselves(self, dtype: str) -> None:
        dataset = read(of_labels(np.array([7, 10, 7], dtype)))
        assert (dataset.labels.tolist(), dataset.classes) == ([0, 1, 0], ("7", "10"))
        assert dataset.labels.dtype == np.intp

    def test_texts_name_classes_in_their_order(self) -> None:
        dataset = read(of_labels(["dog", "写真", "cat", "dog"]))
        assert (dataset.labels.tolist(), dataset.classes) == ([1, 2, 0, 1], ("cat", "dog", "写真"))

    @pytest.mark.parametrize(
        "labels", [[1, 0, 1, 3], np.array([1, 0, 1, 3], np.uint8), ["dog", "cat", "dog", "emu"]], ids=repr
    )
    def test_count_classes_or_name_them(self, labels: list[Any]) -> None:
        dataset = read(of_labels(labels, classes=["cat", "dog", "cow", "emu"]))
        assert dataset.labels.tolist() == [1, 0, 1, 3]
        assert dataset.classes == ("cat", "dog", "cow", "emu")
        assert dataset.labels.dtype == np.intp

    @pytest.mark.parametrize(
        ("labels", "label", "place"),
        [
            ([1, 2], "2", 1),
            ([-1, 0], "-1", 0),
            (np.array([0, 2**64 - 1], np.uint64), "18446744073709551615", 1),
            (["cat", "do"], "'do'", 1),
        ],
    )
    def test_of_no_class_are_named(self, labels: Any, label: str, place: int) -> None:
        says = (
            rf"^labels\.npy: {label} at {place} \(from 0\) is none of its 2 classes; a label is the name of"
        )
        with pytest.raises(InputError, match=says):
            read(of_labels(labels, classes=["cat", "dog"]))

    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            (np.eye(3, dtype=int), r"shape \(3, 3\) and dtype int64"),
            (np.zeros(3), r"shape \(3,\) and dtype float64"),
        ],
    )
    def test_are_a_list_of_whole_numbers_or_texts(self, labels: NDArray, told: str) -> None:
        says = rf"^labels\.npy: an array of {told}; it is a list of whole numbers or texts$"
        with pytest.raises(InputError, match=says):
            read(of_labels(labels))

    @pytest.mark.parametrize("classes", [[1, 2], [["a", "b"]]], ids=str)
    def test_classes_are_a_list_of_texts(self, classes: list[Any]) -> None:
        with pytest.raises(InputError, match=r"^classes\.npy: an array of shape .*; it is a list of texts$"):
            read(of_labels([0, 1], classes=classes))

    def test_classes_are_distinct(self) -> None:
        with pytest.raises(
            InputError, match=r"^classes\.npy: 'a' stands twice; every class needs a name of "
        ):
            read(of_labels([0, 1], classes=["b", "a", "a"]))

    def test_there_are_as_many_as_images(self) -> None:
        says = r"^it holds 2 images and 3 labels; each image has one label$"
        with pytest.raises(InputError, match=says):
            read(npz_of(images=GRAY, labels=[0, 1, 2]))


@pytest.mark.parametrize(
    "names",
    [
        ["images.npy"],
        ["labels.npy"],
        ["images.npy", "labels.npy", "x.npy"],
        ["images.npy", "labels.npy", "spec.json"],
        ["../images.npy", "labels.npy"],
        ["images", "labels"],
        ["images.npy", "labels.npy", "two\nlines"],
        [],
    ],
    ids=str,
)
def test_other_arrays_are_refused_and_named(names: list[str]) -> None:
    told = ", ".join(map(repr, names))
    says = (
        f"it holds {told}; a data set holds images.npy and labels.npy, and perhaps classes.npy, as "
        "numpy.savez writes them"
    )
    with pytest.raises(InputError, match=f"^{re.escape(says)}$"):
        read(zipped([(name, hm.npy_of(GRAY)) for name in names]))


@pytest.mark.parametrize("name", ["images", "labels", "classes"])
def test_nothing_is_unpickled(name: str) -> None:
    arrays = {"images": GRAY, "labels": np.array(["a", "b"]), "classes": np.array(["a", "b"])}
    content = npz_of(**{**arrays, name: np.array([None, None], object)})
    with pytest.raises(InputError, match=rf"^{name}\.npy: an array of dtype object; accepted are "):
        read(content)


def test_images_are_no_texts() -> None:
    with pytest.raises(InputError, match=r"^images\.npy: an array of dtype <U1; accepted are bool, int8 to"):
        read(npz_of(images=[["a"]], labels=[1]))
