"""Labels as numbers: every name keeps its pictures, in whatever order the names come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.net.data.labels import check_trainable, numbered, relabelled
from tests.net.data.sets import dataset_of, distinct_pictures


@pytest.mark.parametrize(
    ("labels", "numbers", "classes"),
    [
        (np.array([7, 0, 255, 7], np.uint8), [1, 0, 2, 1], ("0", "7", "255")),
        (np.array([10, 9, 100]), [1, 0, 2], ("9", "10", "100")),
        (np.array([-1, 1, 2**62]), [0, 1, 2], ("-1", "1", "4611686018427387904")),
        (np.array(["b", "", "写真", "b", "B"]), [2, 0, 3, 2, 1], ("", "B", "b", "写真")),
        (np.array([True, False]), [1, 0], ("False", "True")),
    ],
)
def test_distinct_labels_in_their_order_are_the_classes(
    labels: NDArray, numbers: list[int], classes: tuple[str, ...]
) -> None:
    found, names = numbered(labels)
    assert (found.tolist(), names) == (numbers, classes)
    assert found.dtype == np.intp


@given(order=st.permutations("abcdefg"), labels=st.lists(st.integers(0, 3), min_size=1))
def test_in_another_order_every_picture_keeps_the_name_of_its_class(
    order: list[str], labels: list[int]
) -> None:
    before = dataset_of(distinct_pictures(len(labels)), labels, "cade")
    after = relabelled(before, order)
    assert after.classes == tuple(order)
    assert [after.classes[label] for label in after.labels] == ["cade"[label] for label in labels]
    assert after.images is before.images
    assert after.names is before.names


def test_classes_that_a_network_does_not_know_are_named() -> None:
    dataset = dataset_of(distinct_pictures(3), [0, 1, 2], "axy")
    with pytest.raises(InputError, match=r"^the network does not know its class\(es\) x, y; it has a, b, c$"):
        relabelled(dataset, ["a", "b", "c"])


class TestTrainable:
    def test_two_classes_of_two_pictures_are_enough(self) -> None:
        check_trainable(dataset_of(distinct_pictures(4), [1, 0, 0, 1], "ab"))

    def test_one_class_is_not(self) -> None:
        with pytest.raises(InputError, match=r"^it has one class, 'a'; a network learns to tell two or more"):
            check_trainable(dataset_of(distinct_pictures(4), [0, 0, 0, 0], "a"))

    def test_a_class_of_no_picture_or_one_is_named(self) -> None:
        dataset = dataset_of(distinct_pictures(5), [0, 0, 2, 1, 1], "abcd")
        says = (
            r"^a class needs at least 2 picture\(s\), there are too few of 'c' \(1\), 'd' \(0\); "
            r"add some, or leave the class out$"
        )
        with pytest.raises(InputError, match=says):
            check_trainable(dataset)

    def test_more_may_be_needed(self) -> None:
        dataset = dataset_of(distinct_pictures(5), [0, 0, 0, 1, 1], "ab")
        check_trainable(dataset, 2)
        with pytest.raises(InputError, match=r"at least 3 picture\(s\), there are too few of 'b' \(2\); add"):
            check_trainable(dataset, 3)
        check_trainable(dataset_of(distinct_pictures(3), [0, 0, 1], "ab"), 1)
