"""The recipe: how many images there are in each step."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.net.training.recipe import RATES, Recipe


@pytest.mark.parametrize(
    ("images", "batch", "cuts"),
    [
        (10, 4, [0, 3, 6, 10]),
        (8, 4, [0, 4, 8]),
        (3, 4, [0, 3]),
        (4, 4, [0, 4]),
        (5, 4, [0, 2, 5]),
        (1, 1, [0, 1]),
    ],
)
def test_batches_are_as_even_as_can_be(images: int, batch: int, cuts: list[int]) -> None:
    assert Recipe(batch=batch).cuts(images) == cuts


@given(images=st.integers(1, 10_000), batch=st.integers(1, 500))
def test_no_batch_is_larger_than_was_said_nor_are_there_more_than_it_takes(images: int, batch: int) -> None:
    cuts = Recipe(batch=batch).cuts(images)
    sizes = [stop - start for start, stop in pairwise(cuts)]
    assert sum(sizes) == images
    assert len(sizes) == -(-images // batch)
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1


def test_every_optimizer_has_a_rate_to_begin_with() -> None:
    assert Recipe().rate == RATES[Recipe().optimizer]
    assert set(RATES) == {"sgd", "adam", "adamw"}
