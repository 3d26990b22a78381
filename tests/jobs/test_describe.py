"""Records: every key in order, the numbers of a map, and its hash worked out another way."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import convtool
from convtool.core.arrays import PIECE
from convtool.jobs.describe import describe
from convtool.record import RunRecord
from tests.tolerances import assert_close

KEYS = [
    *("input", "filter", "stage", "output", "shape", "dtype", "min", "max", "mean", "exact", "step"),
    *("clipped", "sha256", "convention", "plan", "seconds", "version", "values"),
]


def record_of(values: Any, **fields: Any) -> RunRecord:
    made = {
        "input": "a.png",
        "filter": "edge",
        "stage": "relu",
        "output": None,
        "exact": True,
        "step": None,
        "clipped": 0,
        "convention": "cross-correlation",
        "plan": {"algorithm": "taps"},
        "seconds": 0.5,
    }
    return RunRecord(**{**made, **fields}, **describe(np.float32(values)))


def test_a_line_has_every_key_in_order() -> None:
    line = record_of([[2, 0], [3, 5]]).to_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "input": "a.png",
        "filter": "edge",
        "stage": "relu",
        "output": None,
        "shape": [2, 2],
        "dtype": "float32",
        "min": 0,
        "max": 5,
        "mean": 2.5,
        "exact": True,
        "step": None,
        "clipped": 0,
        "sha256": hashlib.sha256(struct.pack("<4f", 2, 0, 3, 5)).hexdigest(),
        "convention": "cross-correlation",
        "plan": {"algorithm": "taps"},
        "seconds": 0.5,
        "version": convtool.__version__,
        "values": [[2, 0], [3, 5]],
    }
    assert list(json.loads(line)) == KEYS


def test_whole_numbers_are_integers_and_others_the_shortest_text_of_their_float() -> None:
    line = record_of([[0.1, 1e20], [-3, 1e-7]]).to_json()
    assert '"values": [[0.1, 100000002004087734272], [-3, 1e-07]]' in line
    assert '"min": -3, "max": 100000002004087734272, ' in line


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_values_read_back_as_the_same_floats(values: np.ndarray) -> None:
    record = json.loads(record_of(values).to_json())
    read = np.array(record["values"], np.float32)
    assert np.array_equal(read, values)
    flat = [float(value) or 0.0 for value in values.ravel()]
    assert record["sha256"] == hashlib.sha256(struct.pack(f"<{len(flat)}f", *flat)).hexdigest()
    assert np.float32(record["min"]) == values.min()
    assert np.float32(record["max"]) == values.max()


@pytest.mark.parametrize(
    ("shape", "held"), [((32, 32), True), ((1, 1024), True), ((1, 1025), False), ((33, 32), False)]
)
def test_values_are_held_up_to_1024_cells(shape: tuple[int, int], held: bool) -> None:
    values = record_of(np.ones(shape)).values
    assert values == (np.ones(shape).tolist() if held else None)


def test_no_zero_is_negative() -> None:
    negative, positive = (describe(np.float32([[zero, 1]])) for zero in (-0.0, 0.0))
    assert negative["sha256"] == positive["sha256"]
    assert json.dumps(negative["values"]) == "[[0, 1]]"


def test_big_endian_and_fortran_order_hash_alike() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert describe(np.asfortranarray(values)) == describe(values)


def test_the_mean_is_summed_in_float64() -> None:
    values = np.full((1000, 1000), 0.1, np.float32)
    mean = np.float64(describe(values)["mean"])
    assert_close(mean, np.float64(values[0, 0]), case="sum", terms=values.size, scale=values[0, 0])


def test_a_large_map_is_hashed_to_its_last_value() -> None:
    values = np.arange(3 * PIECE + 2, dtype=np.float32).reshape(2, -1)
    assert describe(values)["sha256"] == hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_null(odd: float) -> None:
    record = json.loads(record_of([[1, odd]]).to_json())
    assert record["values"] is None
    assert record["mean"] is None
    assert None in (record["min"], record["max"])


def test_a_name_that_is_no_utf8_is_escaped() -> None:
    line = record_of([[1]], input="\udcff\n.png").to_json()
    assert line.isascii()
    assert r'"input": "\udcff\n.png"' in line


def test_it_is_frozen() -> None:
    with pytest.raises(AttributeError, match="cannot assign to field 'min'"):
        record_of([[1]]).min = 2  # type: ignore[misc]
