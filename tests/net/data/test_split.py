"""Pictures held out: a share of each class, copies together, and faults of the data found by values alone."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError
from convtool.net.data.split import contradictions, hashes, held_out, leaks
from tests.net.data.sets import dataset_of, distinct_pictures

PINNED = [0, 1, 3, 4, 8, 9]
"""What a half of twelve pictures is by the seed 1."""


class TestHashes:
    def test_are_of_the_values_and_not_of_how_they_are_held(self) -> None:
        images = np.random.default_rng(1).integers(0, 256, (5, 3, 4, 2), np.uint8)
        assert hashes(images) == hashes(images.astype(np.float32))
        assert len({*hashes(images)}) == 5
        assert {len(digest) for digest in hashes(images)} == {16}
        turned = np.ascontiguousarray(images.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)
        assert hashes(turned) == hashes(images)

    def test_see_the_last_bit_and_the_shape(self) -> None:
        one = np.full((1, 1, 2, 3), 0.5, np.float32)
        other = one.copy()
        other[0, 0, 1, 2] = np.nextafter(np.float32(0.5), np.float32(1))
        assert len({*hashes(one), *hashes(other), *hashes(one.reshape(1, 1, 3, 2))}) == 3

    def test_zero_has_no_sign(self) -> None:
        assert hashes(np.full((1, 1, 1, 1), -0.0, np.float32)) == hashes(np.zeros((1, 1, 1, 1), np.uint8))

    def test_are_these_on_every_machine(self) -> None:
        image = np.array([[[[1, 255]]]], np.uint8)
        content = b"(1, 1, 2)" + b"\0\0\x80\x3f" + b"\0\0\x7f\x43"
        assert hashes(image) == [hashlib.blake2b(content, digest_size=16).digest()]


@st.composite
def pictures_of_classes(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """For each image the number of its picture and its class; some are copies, some contradict."""
    pairs = st.tuples(st.integers(0, 12), st.integers(0, 3))
    some = draw(st.lists(pairs, min_size=1, max_size=40))
    labels = dict(reversed(some))
    if draw(st.booleans()):
        some = [(picture, labels[picture]) for picture, _ in some]
    return [picture for picture, _ in some], [label for _, label in some]


class TestHeldOut:
    @given(data=pictures_of_classes(), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**64))
    @settings(max_examples=300)
    def test_every_picture_is_on_one_side_and_every_class_on_both(
        self, data: tuple[list[int], list[int]], share: float, seed: int
    ) -> None:
        pictures, labels = (np.array(numbers) for numbers in data)
        dataset = dataset_of(distinct_pictures(13)[pictures], labels, "abcd")
        train, held = held_out(dataset, share, seed)
        assert sorted([*train, *held]) == list(range(len(pictures)))
        assert train.tolist() == sorted(train)
        assert held.tolist() == sorted(held)
        assert not {*pictures[train]} & {*pictures[held]}
        seen = {picture: {*labels[pictures == picture].tolist()} for picture in pictures.tolist()}
        for label in range(4):
            own = {picture for picture, its in seen.items() if its == {label}}
            out = own & {*pictures[held].tolist()}
            wanted = round(share * len(own))
            assert len(out) == (min(max(wanted, 1), len(own) - 1) if len(own) > 1 else 0)
        assert all(len(seen[picture]) == 1 for picture in pictures[held].tolist())

    def test_a_seed_decides_and_another_decides_otherwise(self) -> None:
        dataset = dataset_of(distinct_pictures(60), np.arange(60) % 3, "abc")
        splits = [held_out(dataset, 0.2, seed)[1].tolist() for seed in range(20)]
        assert splits == [held_out(dataset, 0.2, seed)[1].tolist() for seed in range(20)]
        assert len(set(map(tuple, splits))) == 20
        assert len({index for held in splits for index in held}) > 50

    def test_a_class_is_divided_alike_whatever_other_classes_there_are(self) -> None:
        images = distinct_pictures(40)
        alone = held_out(dataset_of(images[:20], [0] * 20, "a"), 0.3, 5)[1]
        among = held_out(dataset_of(images, [0] * 20 + [1] * 20, "ab"), 0.3, 5)[1]
        assert among[among < 20].tolist() == alone.tolist()
        assert (among[among >= 20] - 20).tolist() != alone.tolist()

    def test_these_are_held_out_on_every_machine(self) -> None:
        dataset = dataset_of(distinct_pictures(12), [0, 1] * 6, "ab")
        assert held_out(dataset, 0.5, 1)[1].tolist() == PINNED

    def test_another_process_holds_out_the_same(self) -> None:
        program = (
            "from tests.net.data.sets import *; from convtool.net.data.split import held_out\n"
            "print(held_out(dataset_of(distinct_pictures(12), [0, 1] * 6, 'ab'), 0.5, 1)[1].tolist())"
        )
        for seed in "12":
            finished = subprocess.run(
                [sys.executable, "-c", program],
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                capture_output=True,
                text=True,
                check=True,
            )
            assert finished.stdout == f"{PINNED}\n"

    def test_a_share_of_nothing_holds_nothing_out(self) -> None:
        train, held = held_out(dataset_of(distinct_pictures(4), [0, 0, 1, 1], "ab"), 0, 1)
        assert train.tolist() == [0, 1, 2, 3]
        assert held.tolist() == []
        assert held.dtype == train.dtype == np.intp

    @pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan"), float("inf")])
    def test_a_share_that_there_is_not(self, share: float) -> None:
        with pytest.raises(ArgumentError, match=r"^the share held out is .*; it is at least 0 and below 1$"):
            held_out(dataset_of(distinct_pictures(2), [0, 1], "ab"), share, 1)

    def test_a_seed_that_there_is_not(self) -> None:
        with pytest.raises(ArgumentError, match=r"^seed is -1; it must be a whole number of at least 0$"):
            held_out(dataset_of(distinct_pictures(2), [0, 1], "ab"), 0.5, -1)


def test_leaks_are_the_pictures_of_a_test_that_were_learned_from() -> None:
    pictures = distinct_pictures(10)
    train = dataset_of(pictures[[0, 1, 2, 2]], [0, 1, 0, 0], "ab")
    test = dataset_of(pictures[[5, 2, 6, 0, 2]].astype(np.float32), [1, 1, 0, 1, 0], "ab")
    assert leaks(train, test).tolist() == [1, 3, 4]
    none = leaks(test.take([0, 2]), train)
    assert none.tolist() == []
    assert none.dtype == np.intp


def test_contradictions_are_the_places_of_one_picture_with_several_labels() -> None:
    pictures = distinct_pictures(5)[[3, 1, 1, 2, 3, 3, 0, 2]]
    dataset = dataset_of(pictures, [0, 1, 1, 2, 1, 0, 0, 1], "abc")
    assert [places.tolist() for places in contradictions(dataset)] == [[0, 4, 5], [3, 7]]
    assert contradictions(dataset.take([1, 2, 3, 0, 5, 6])) == []
