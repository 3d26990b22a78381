"""What outputs are called: stems, labels, numbers, and nothing that a path could be made of."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.jobs.naming import STAGE_SUFFIXES, filter_labels, image_stem, numbers, output_name


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("photo.png", "photo"),
        ("a/b/photo.png", "photo"),
        ("photo", "photo"),
        ("photo.sobel-x.map.png", "photo.sobel-x"),
        ("photo.sobel-x.conv.npy", "photo.sobel-x"),
        ("photo.sobel-x.pool.csv", "photo.sobel-x"),
        ("photo.map.conv.png", "photo.map"),
        ("photo.conv.map.png", "photo.conv"),
        ("photo.bitmap.png", "photo.bitmap"),
        ("map.png", "map"),
        (".map.png", ".map"),
        (".hidden", ".hidden"),
        ("-", "stdin"),
        ("./-", "-"),
        ("/dev/fd/63", "63"),
    ],
)
def test_the_stem_is_less_one_stage(path: str, stem: str) -> None:
    assert image_stem(path) == stem


@pytest.mark.parametrize(
    ("filters", "names", "labels"),
    [
        (1, None, ["edge"]),
        (1, ["up"], ["edge-up"]),
        (2, ["up", "a b"], ["edge-up", "edge-a b"]),
        (3, None, ["edge-01", "edge-02", "edge-03"]),
        (100, None, [f"edge-{number:03}" for number in range(1, 101)]),
    ],
)
def test_labels(filters: int, names: list[str] | None, labels: list[str]) -> None:
    bank = FilterBank(np.ones((filters, 1, 1)), names=names)
    assert filter_labels("edge", bank) == labels


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [(1, "01", "01"), (99, "01", "99"), (100, "001", "100"), (1000, "0001", "1000")],
)
def test_numbers_are_of_one_width_and_sort(count: int, first: str, last: str) -> None:
    every = numbers(count)
    assert (every[0], every[-1], len(every)) == (first, last, count)
    assert every == sorted(every)


@pytest.mark.parametrize(
    ("stem", "part", "stage", "name"),
    [
        ("photo", "sobel-x", "conv", "photo.sobel-x.conv.png"),
        ("photo", "sobel-x", "relu", "photo.sobel-x.map.png"),
        ("photo", "sobel-x", "pool", "photo.sobel-x.pool.png"),
        ("photo", None, "pool", "photo.pool.png"),
        ("my photo", "b-../../up", "relu", "my-photo.b-..-..-up.map.png"),
        ("\x1b[31m\n", "é:*?", "relu", "--31m-.----.map.png"),
        ("a_b.c", "R", "relu", "a_b.c.R.map.png"),
    ],
)
def test_names(stem: str, part: str | None, stage: str, name: str) -> None:
    assert output_name(stem, part, stage, "png") == name  # type: ignore[arg-type]


@given(stem=st.text(), part=st.text() | st.none(), stage=st.sampled_from(sorted(STAGE_SUFFIXES)))
def test_a_name_is_never_a_path(stem: str, part: str | None, stage: str) -> None:
    name = output_name(stem, part, stage, "png")  # type: ignore[arg-type]
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.(conv|map|pool)\.png", name) or (stem, part) == ("", None)
    assert PurePosixPath("maps", name).parent == PurePosixPath("maps")
