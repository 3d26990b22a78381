"""The tape: calls in phases in which the parts meet, and the axes of a batch."""

from __future__ import annotations

import numpy as np
import pytest

from convtool.net.training.tape import Joint, Tape, batch_first, batch_last


def tape(number: int = 0, parts: int = 1) -> Tape:
    return Tape(Joint(parts, 7), number, 3, np.float32)


def test_calls_are_done_as_they_were_added_with_what_they_were_given() -> None:
    done: list[object] = []
    calls = tape()
    calls.then(done.append, 1)
    calls.then(done.extend, (2, 3))
    calls.then(done.sort, reverse=True)
    assert done == []
    for call in calls.phases[0]:
        call()
    assert done == [3, 2, 1]


def test_parts_meet_once() -> None:
    joint, met = Joint(2, 7), []
    for number in range(2):
        part = Tape(joint, number, 3, np.float32)
        part.then(met.append, "before")
        part.meet(lambda number=number: met.append(number))
        part.then(met.append, "after")
        part.meet(lambda: None)
        assert [len(phase) for phase in part.phases] == [1, 1, 0]
    assert len(joint.meetings) == 2
    joint.meetings[0]()
    assert met == [0]


def test_a_table_is_the_same_for_all_parts() -> None:
    joint = Joint(3, 7)
    table = joint.table("sums", 2, 5)
    assert table.shape == (3, 2, 5)
    assert table.dtype == np.float64
    assert not table.any()
    assert joint.table("sums", 2, 5) is table
    assert joint.table("others", 2, 5) is not table


@pytest.mark.parametrize(
    ("first", "last"), [((), ()), ((5,), (5,)), ((5, 2), (2, 5)), ((5, 2, 3, 4), (2, 3, 4, 5))]
)
def test_the_batch_is_the_first_axis_of_layers_and_the_last_here(
    first: tuple[int, ...], last: tuple[int, ...]
) -> None:
    assert batch_last(first) == last
    assert batch_first(last) == first
