"""Layers as records, and the sizes that they are shown for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convtool import FilterBank
from convtool.errors import InputError
from convtool.jobs.net.layers import layers_as_records, shown_size
from convtool.net import ops
from convtool.net.network import Input, Layer, Network


def chain(*operations: ops.Operation, size: tuple[int, int] | None = None) -> Network:
    names = ["input", *"abc"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", Input(size=size), tuple(layers), (layers[-1].name,))


class TestRecords:
    def test_of_every_layer(self) -> None:
        bank = FilterBank(np.ones((4, 1, 3, 3)), np.ones(4))
        records = list(layers_as_records(chain(ops.Conv(bank, 2), ops.Flatten()), (9, 7)))
        assert records == [
            {"layer": "a", "kind": "conv", "inputs": ["input"], "shape": [4, 4, 3], "field": [3, 3],
             "parameters": 40, "multiply_adds": 4 * 4 * 3 * 9},
            {"layer": "b", "kind": "flatten", "inputs": ["a"], "shape": [48], "field": [9, 7],
             "parameters": 0, "multiply_adds": 0},
        ]  # fmt: skip

    def test_of_a_constant_have_no_field(self) -> None:
        constant = Network("n", Input(), (Layer("c", ops.Constant([1, 2]), ()),), ("c",))
        assert [record["field"] for record in layers_as_records(constant, (4, 4))] == [[]]

    def test_parts_of_cells_are_rounded_up(self) -> None:
        network = chain(ops.Resize(4), ops.Conv(FilterBank(np.ones((2, 2)))))
        assert [record["field"] for record in layers_as_records(network, (4, 4))] == [[1, 1], [2, 2]]


class TestSizes:
    @pytest.mark.parametrize(
        ("own", "stated", "shown"),
        [
            (None, None, (256, 256)),
            ((3, 4), None, (3, 4)),
            ((3, 4), 5, (5, 5)),
            (None, (6, 7), (6, 7)),
        ],
    )
    def test_are_those_stated_or_its_own_or_usual(self, own: Any, stated: Any, shown: Any) -> None:
        assert shown_size(chain(ops.Relu(), size=own), stated) == shown

    @pytest.mark.parametrize("side", [256, 64, 32, 128, 512])
    def test_are_the_first_that_go_through(self, side: int) -> None:
        dense = ops.Dense(np.ones((1, side * side)))
        assert shown_size(chain(ops.Flatten(), dense), None) == (side, side)

    def test_that_cannot_be_guessed_are_asked_for(self) -> None:
        says = r"^layer .b.: it reads vectors of 9 values, .*; say with --size which images it takes$"
        with pytest.raises(InputError, match=says):
            shown_size(chain(ops.Flatten(), ops.Dense(np.ones((1, 9)))), None)
