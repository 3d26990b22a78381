"""What is remembered of a network, and for how long."""

from __future__ import annotations

import gc
import weakref

from convtool.net import ops
from convtool.net.channels_last.program import runs_here
from convtool.net.fusing import steps_of
from convtool.net.network import Input, Layer, Network
from convtool.net.remembering import remembered


def network() -> Network:
    return Network("n", Input(), (Layer("relu", ops.Relu(), ("input",)),), ("relu",))


def test_each_question_is_worked_out_once_for_each_network() -> None:
    worked = []

    @remembered(8)
    def name_of(network: Network, number: int) -> str:
        worked.append(number)
        return f"{network.name}{number}"

    first, second = network(), network()
    assert [name_of(each, number) for each in (first, second) for number in (1, 2, 1)] == [
        "n1",
        "n2",
        "n1",
    ] * 2
    assert worked == [1, 2, 1, 2]


def test_no_more_is_remembered_than_was_said() -> None:
    worked = []

    @remembered(2)
    def same(network: Network, number: int) -> int:
        worked.append(number)
        return number

    asked = network()
    assert [same(asked, number) for number in (1, 2, 3, 3, 1)] == [1, 2, 3, 3, 1]
    assert worked == [1, 2, 3, 1]


def test_no_network_is_kept_alive() -> None:
    asked = network()
    steps_of(asked, frozenset(["relu"]))
    runs_here(asked, frozenset(["relu"]), (1, 1, 4, 4))
    gone = weakref.ref(asked)
    del asked
    gc.collect()
    assert gone() is None
