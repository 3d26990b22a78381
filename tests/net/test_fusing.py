"""Which layers run as one: whatever is asked for is seen, whatever is needed is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.net import ops
from convtool.net.fusing import steps_of
from convtool.net.network import Input, Layer, Network
from tests.net.graphs import networks, wanted_of


def chain(*operations: ops.Operation) -> Network:
    """Layers named a, b, c …, one behind the other."""
    names = ["input", *"abcdefgh"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", Input(), tuple(layers), (layers[-1].name,))


def joined(network: Network, *wanted: str) -> list[str]:
    """The steps, each as the names of its layers."""
    steps = steps_of(network, frozenset(wanted or network.outputs))
    return ["".join(layer.name for layer in step.layers) for step in steps]


CONV = ops.Conv(FilterBank(np.ones((2, 1, 3, 3))))
NEXT = ops.Conv(FilterBank(np.ones((2, 2, 3, 3))))
NORM = ops.BatchNorm([1, 2], [3, 4], [5, 6], [7, 8])
RELU = ops.Relu()


@pytest.mark.parametrize(
    ("operations", "steps"),
    [
        ([CONV, NORM, RELU, ops.MaxPool(2)], ["abcd"]),
        ([CONV, ops.Dropout(), RELU, ops.Identity(), ops.AvgPool(2)], ["abcde"]),
        ([CONV, NORM, NORM, RELU], ["abcd"]),
        ([CONV, ops.MaxPool(2), RELU], ["abc"]),
        ([CONV, ops.MaxPool((2, 3), (2, 3), padding="valid"), RELU], ["abc"]),
        ([CONV, RELU, NEXT, RELU], ["ab", "cd"]),
        ([CONV, ops.AvgPool(2), RELU], ["ab", "c"]),
        ([CONV, RELU, NORM], ["ab", "c"]),
        ([CONV, ops.MaxPool(2), NORM], ["ab", "c"]),
        ([CONV, RELU, RELU], ["ab", "c"]),
        ([CONV, ops.MaxPool(2), ops.MaxPool(2)], ["ab", "c"]),
        ([CONV, ops.MaxPool(2, 1)], ["a", "b"]),
        ([CONV, ops.MaxPool(2, padding=1)], ["a", "b"]),
        ([CONV, ops.MaxPool(2, padding="same")], ["a", "b"]),
        ([CONV, ops.MaxPool(2, ceil_mode=True)], ["a", "b"]),
        ([CONV, ops.MaxPool(2, dilation=2)], ["a", "b"]),
        ([CONV, ops.AvgPool(2, dilation=2)], ["a", "b"]),
        ([CONV, NORM, ops.LeakyRelu(), ops.Dropout()], ["abcd"]),
        ([CONV, ops.PRelu([1, 2])], ["ab"]),
        ([CONV, ops.PRelu(0.5)], ["ab"]),
        ([CONV, ops.PRelu(np.ones((2, 1, 1)))], ["a", "b"]),
        ([CONV, ops.PRelu([1, 2, 3])], ["a", "b"]),
        ([CONV, ops.LeakyRelu(), RELU], ["ab", "c"]),
        ([CONV, ops.LeakyRelu(), ops.LeakyRelu()], ["ab", "c"]),
        ([CONV, ops.LeakyRelu(), NORM], ["ab", "c"]),
        ([CONV, ops.LeakyRelu(), ops.MaxPool(2)], ["ab", "c"]),
        ([CONV, RELU, ops.LeakyRelu()], ["ab", "c"]),
        ([CONV, ops.MaxPool(2), ops.LeakyRelu()], ["ab", "c"]),
        ([CONV, ops.Tanh(), RELU], ["a", "b", "c"]),
        ([RELU, NORM], ["a", "b"]),
    ],
    ids=lambda value: "-".join(each.kind for each in value) if isinstance(value[0], ops.Operation) else None,
)
def test_a_convolution_takes_along_what_its_pass_can_do(operations: list[Any], steps: list[str]) -> None:
    assert joined(chain(*operations)) == steps


def test_nothing_is_joined_across_what_someone_asked_to_see() -> None:
    network = chain(CONV, NORM, RELU, ops.MaxPool(2))
    assert joined(network, "a", "d") == ["a", "b", "c", "d"]
    assert joined(network, "c", "d") == ["abc", "d"]
    assert joined(network, "b") == ["ab"]
    assert joined(network, "input") == []


def test_nothing_is_joined_across_what_two_layers_read() -> None:
    layers = (
        Layer("a", CONV, ("input",)),
        Layer("b", RELU, ("a",)),
        Layer("c", ops.Add(), ("a", "b")),
    )
    network = Network("branch", Input(), layers, ("c",))
    assert joined(network) == ["a", "b", "c"]
    assert joined(network, "b") == ["ab"]
    beside = (Layer("a", CONV, ("input",)), Layer("b", ops.Tanh(), ("a",)), Layer("c", RELU, ("a",)))
    network = Network("beside", Input(), beside, ("b", "c"))
    assert joined(network) == ["a", "b", "c"]
    assert joined(network, "c") == ["ac"]


def test_numbers_of_other_channels_are_not_folded_into_filters() -> None:
    norm = ops.BatchNorm([1, 2, 3], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    assert joined(chain(CONV, norm)) == ["a", "b"]
    assert joined(chain(ops.Conv(FilterBank(np.ones((3, 3)))), norm)) == ["a", "b"]


@given(data=st.data())
@settings(max_examples=150)
def test_every_step_has_what_it_reads_and_hides_nothing(data: st.DataObject) -> None:
    network, _ = data.draw(networks())
    wanted = frozenset(data.draw(wanted_of(network)))
    steps = steps_of(network, wanted)
    ran = [layer.name for step in steps for layer in step.layers]
    assert len(set(ran)) == len(ran)
    held = {network.input.name}
    for step in steps:
        assert held >= set(step.inputs)
        held = (held | {step.name}) - set(step.last_read)
        for earlier, later in zip(step.layers, step.layers[1:], strict=False):
            assert earlier.name not in wanted
            assert later.inputs == (earlier.name,)
            readers = [each.name for each in network.layers if earlier.name in each.inputs]
            assert set(readers) & set(ran) == {later.name}
    unread = {network.input.name} if all(network.input.name not in step.inputs for step in steps) else set()
    assert held == wanted | unread


@given(data=st.data())
@settings(max_examples=60)
def test_only_what_is_needed_runs(data: st.DataObject) -> None:
    network, _ = data.draw(networks())
    wanted = data.draw(wanted_of(network))

    def reads(name: str) -> set[str]:
        return {name} if name == network.input.name else {name}.union(*map(reads, network[name].inputs))

    ran = {layer.name for step in steps_of(network, frozenset(wanted)) for layer in step.layers}
    assert ran == set().union(*map(reads, wanted)) - {network.input.name}
