"""What every unit sees: against which units change when one pixel does."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank, load_network, run_network
from convtool.net import ops
from convtool.net.fields import Field, Span, fields_of
from convtool.net.network import Input, Layer, Network
from tests.cli.runner import SAMPLES

SIZE = (9, 11)


def filled(kernel: tuple[int, int], depth: int = 1) -> FilterBank:
    """Weights of which none cancels another."""
    shape = (1, depth, *kernel)
    return FilterBank(np.random.default_rng(1).uniform(1, 2, shape))


def chain(*operations: ops.Operation) -> Network:
    names = ["input", *(f"l{n}" for n in range(len(operations)))]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", Input(), tuple(layers), (names[-1],))


def fields(network: Network, size: tuple[int, int] = SIZE) -> dict[str, Field | None]:
    return fields_of(network, network.shapes(size))


def changed(network: Network, layer: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which units ``(H', W')`` of a layer each pixel ``(H, W)`` changes, as ``(H, W, H', W')``."""
    image = np.random.default_rng(2).uniform(1, 2, (1, 1, *SIZE)).astype(np.float32)
    pixels = np.eye(SIZE[0] * SIZE[1], dtype=np.float32).reshape(-1, 1, 1, *SIZE)
    before = run_network(network, image, [layer])[layer]
    # One by one: what rounding does to a unit depends on its place among those that run with it.
    after = np.concatenate([run_network(network, image + 8 * pixel, [layer])[layer] for pixel in pixels])
    differ = (after != before).any(axis=1)
    return differ.reshape(*SIZE, *differ.shape[1:])


def spans(network: Network, layer: str) -> list[list[set[int]]]:
    """The rows that each row of units sees, and the columns that each column does."""
    sees = changed(network, layer)
    return [
        [set(np.flatnonzero(part)) for part in np.moveaxis(sees.any(axis=axes), -1, 0)]
        for axes in ((1, 3), (0, 2))
    ]


@st.composite
def sliding(draw: st.DrawFn) -> ops.Operation:
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    if draw(st.booleans()):
        padding = draw(st.sampled_from(["valid", "same", "same_lower", 1, ((1, 0), (0, 2))]))
        return ops.Conv(filled(kernel), stride, padding, dilation=dilation)
    return ops.AvgPool(kernel, stride, draw(st.sampled_from([0, "same"])), ceil_mode=draw(st.booleans()))


@given(operations=st.lists(sliding(), min_size=1, max_size=3))
@settings(max_examples=120, deadline=None)
def test_a_unit_sees_the_pixels_that_change_it(operations: list[ops.Operation]) -> None:
    """Of windows one behind the other, the first and the last cell are those of the field."""
    network = chain(*operations)
    try:
        found = fields(network)[network.outputs[0]]
    except ValueError:  # nothing is left of the image
        return
    assert found is not None
    padded = any(each.padding not in ("valid", 0) for each in operations if hasattr(each, "padding"))
    for size, span, seen in zip(SIZE, found, spans(network, network.outputs[0]), strict=True):
        for unit, pixels in enumerate(seen):
            first = span.first + unit * span.step
            assert pixels <= set(range(int(first), int(first + span.cells)))
            if not padded and first + span.cells <= size:  # else padding may hide the ends
                assert min(pixels) == first
                assert max(pixels) == first + span.cells - 1


def test_layers_that_slide_nowhere_see_what_the_one_before_does() -> None:
    network = chain(ops.Conv(filled((3, 5)), padding=1), ops.Relu(), ops.BatchNorm([1], [0], [0], [1]))
    assert fields(network)["l0"] == (Span(3, 1, -1), Span(5, 1, -1))
    assert fields(network)["l0"] == fields(network)["l1"] == fields(network)["l2"]


@pytest.mark.parametrize("joined", [("up", "right"), ("right", "up")])
def test_branches_that_are_joined_see_what_either_does(joined: tuple[str, str]) -> None:
    layers = (
        Layer("up", ops.Conv(filled((3, 1)), padding=((2, 0), (0, 0))), ("input",)),
        Layer("right", ops.Conv(filled((1, 4)), padding=((0, 0), (0, 3))), ("input",)),
        Layer("both", ops.Add(), joined),
    )
    network = Network("n", Input(), layers, ("both",))
    assert fields(network)["both"] == (Span(3, 1, -2), Span(4, 1, 0))
    sees = changed(network, "both")[:, :, 5, 4]
    assert sorted(map(tuple, np.argwhere(sees))) == [(3, 4), (4, 4), (5, 4), (5, 5), (5, 6), (5, 7)]


@pytest.mark.parametrize(
    "whole",
    [
        ops.GlobalMaxPool(),
        ops.GlobalAvgPool(),
        ops.Flatten(),
        ops.Reshape((1, -1)),
        ops.Transpose(),
    ],
)
def test_some_layers_see_the_whole_image(whole: ops.Operation) -> None:
    network = chain(ops.Conv(filled((3, 3))), whole, ops.Relu())
    assert fields(network)["l0"] is not None
    assert fields(network)["l1"] is None
    assert fields(network)["l2"] is None


def test_a_value_of_the_whole_image_spreads() -> None:
    layers = (
        Layer("mean", ops.GlobalAvgPool(), ("input",)),
        Layer("less", ops.Add(), ("input", "mean")),
    )
    assert fields(Network("n", Input(), layers, ("less",)))["less"] is None


def test_what_is_given_sees_nothing() -> None:
    layers = (
        Layer("given", ops.Constant([[[[2]]]]), ()),
        Layer("more", ops.Relu(), ("given",)),
        Layer("sum", ops.Add(), ("input", "more")),
    )
    found = fields(Network("n", Input(), layers, ("sum",)))
    assert found == {"input": (Span(), Span()), "sum": (Span(), Span())}


@pytest.mark.parametrize(
    ("operation", "kernel"),
    [
        (ops.Resize(2), (3, 2)),
        (ops.Resize(2, mode="linear"), (3, 3)),
        (ops.Resize((1, 2), coordinates="asymmetric", rounding="floor"), (1, 5)),
        (ops.Pad((2, 1), (0, 3)), (3, 3)),
        (ops.Pad((-1, -2), (0, 0)), (3, 3)),
    ],
)
def test_no_unit_sees_more_cells_than_are_told(operation: ops.Operation, kernel: tuple[int, int]) -> None:
    network = chain(operation, ops.Conv(filled(kernel)))
    found = fields(network)["l1"]
    assert found is not None
    for span, seen in zip(found, spans(network, "l1"), strict=True):
        most = max(max(pixels) - min(pixels) + 1 for pixels in seen if pixels)
        assert most == ceil(span.cells)


def test_cells_before_the_image_are_cut_off() -> None:
    network = chain(ops.Pad((-1, -2), (0, 0)), ops.Conv(filled((3, 3))))
    assert fields(network)["l1"] == (Span(3, 1, 1), Span(3, 1, 2))
    assert [seen[0] for seen in spans(network, "l1")] == [{1, 2, 3}, {2, 3, 4}]


def test_the_fields_of_the_sample() -> None:
    """Filters of 3 × 3, pools of 2 × 2, filters of 3 × 3: 8 × 8 pixels, 2 apart."""
    network = load_network(SAMPLES / "lines.json")
    found = fields(network, (12, 12))
    assert found["pooled"] == (Span(4, 2, 0),) * 2
    assert found["combined"] == (Span(8, 2, 0),) * 2
    assert found["shares"] is None
