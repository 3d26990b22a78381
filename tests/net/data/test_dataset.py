"""Labelled pictures: a part of them is theirs in every respect."""

from __future__ import annotations

from tests.net.data.sets import dataset_of, distinct_pictures


def test_a_part_has_the_images_labels_and_names_of_its_places() -> None:
    whole = dataset_of(distinct_pictures(5), [0, 1, 2, 1, 0], "abc")
    part = whole.take([3, 0, 3])
    assert len(part) == 3
    assert part.images[:, 0, 0, 0].tolist() == [3, 0, 3]
    assert part.labels.tolist() == [1, 0, 1]
    assert part.names == ["3", "0", "3"]
    assert part.classes == ("a", "b", "c")
