"""Networks on many images: values against those of each image alone, and how many go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.core.bank import FilterBank
from convtool.errors import InputError, LimitError
from convtool.io.limits import Limits
from convtool.net import batches, ops
from convtool.net.batches import values_of
from convtool.net.network import Input, Layer, Network
from convtool.net.running import run_network
from tests.tolerances import assert_equal


def network(*operations: ops.Operation, channels: int = 1, **source: Any) -> Network:
    """Layers one behind the other, called 1, 2, and so on."""
    layers = [
        Layer(str(n), each, (str(n - 1) if n > 1 else "input",)) for n, each in enumerate(operations, 1)
    ]
    return Network("net", Input(channels=channels, **source), tuple(layers), (layers[-1].name,))


SAME = network(ops.Identity())
LINES = network(
    ops.Conv(FilterBank(np.arange(-4, 14).reshape(2, 1, 3, 3))),
    ops.Relu(),
    ops.MaxPool(2),
    ops.Flatten(),
    scale=0.5,
    mean=(3.0,),
    std=(2.0,),
)


def images(count: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, *(shape or (1, 1, 1))), np.uint8)


def together(net: Network, given_images: NDArray[Any], **options: Any) -> list[int]:
    """How many images go through at a time; they come in order, each once."""
    parts = [part for part, _ in values_of(net, given_images, net.outputs[0], **options)]
    assert [index for part in parts for index in range(part.start, part.stop)] == [*range(len(given_images))]
    return [part.stop - part.start for part in parts]


@given(count=st.integers(1, 20), most=st.integers(1, 21), layer=st.sampled_from("1234"))
def test_values_are_those_of_each_image_alone(count: int, most: int, layer: str) -> None:
    stored = images(count, 1, 6, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MOST_AT_ONCE", most)
        found = np.concatenate([values for _, values in values_of(LINES, stored, layer)])
    for image, values in zip(stored, found, strict=True):
        scaled = (image * np.float32(0.5) - 3) / 2
        assert_equal(values, run_network(LINES, scaled, [layer])[layer])


def test_images_may_be_real_numbers() -> None:
    stored = images(3).astype(np.float32) / 7
    ((_, values),) = values_of(SAME, stored, "1")
    assert_equal(values, stored)


def test_there_may_be_none() -> None:
    assert [*values_of(SAME, images(0), "1")] == []


class TestTogether:
    def test_go_as_many_as_fit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One image and its value take 12 bytes: both are held, and as much again while it is worked on."""
        assert together(SAME, images(300)) == [256, 44]
        assert together(SAME, images(300), limits=Limits(memory=1000)) == [64, 64, 64, 64, 44]
        monkeypatch.setattr(batches, "BYTES_AT_ONCE", 12 * 8)
        assert (
            together(SAME, images(20)) == together(SAME, images(20), limits=Limits(memory=1000)) == [8, 8, 4]
        )

    def test_goes_one_at_a_time_if_more_take_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "BYTES_AT_ONCE", 1)
        assert together(SAME, images(3)) == [1, 1, 1]

    def test_goes_not_even_one_over_the_limit(self) -> None:
        assert together(SAME, images(2), limits=Limits(memory=12)) == [1, 1]
        with pytest.raises(
            LimitError, match=r"^net on 1×1; it takes about 12 bytes of memory, over the limit"
        ):
            together(SAME, images(2), limits=Limits(memory=11))

    def test_the_environment_limits_what_nobody_else_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONVTOOL_MAX_MEMORY", "1000")
        assert together(SAME, images(80)) == [64, 16]

    @pytest.mark.parametrize(
        "operations",
        [
            [ops.Reshape((1, -1))],
            [ops.Reshape((1, -1)), ops.Dense(np.ones((2, 4)))],
            [ops.Flatten(), ops.Softmax(0)],
            [ops.Flatten(), ops.Transpose((1, 0))],
        ],
        ids=lambda operations: operations[-1].kind,
    )
    def test_goes_one_at_a_time_if_more_would_be_mixed(self, operations: list[ops.Operation]) -> None:
        mixing = network(*operations)
        stored = images(3, 1, 2, 2)
        assert together(mixing, stored) == [1, 1, 1]
        for part, values in values_of(mixing, stored, mixing.outputs[0]):
            alone = run_network(mixing, stored[part].astype(np.float32))
            assert_equal(values, alone[mixing.outputs[0]])

    def test_go_many_to_a_layer_before_they_would_be_mixed(self) -> None:
        mixing = network(ops.Flatten(), ops.Softmax(0))
        assert [part for part, _ in values_of(mixing, images(3), "1")] == [slice(0, 3)]


def test_are_told_of_as_they_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_AT_ONCE", 100)
    told: list[tuple[int, int]] = []
    found = values_of(SAME, images(250), "1", progress=lambda *counts: told.append(counts))
    next(found)
    assert told == []
    next(found)
    assert told == [(100, 250)]
    assert [part for part, _ in found] == [slice(200, 250)]
    assert told == [(100, 250), (200, 250), (250, 250)]


def test_images_that_do_not_go_through_are_refused() -> None:
    with pytest.raises(InputError, match=r"^layer '1': the map is 2×2, smaller than the filter's 3×3 window"):
        together(LINES, images(2, 1, 2, 2))
    with pytest.raises(InputError, match=r"^net reads \(N, 1, H, W\), the images are 2×3×6×5$"):
        together(LINES, images(2, 3, 6, 5))
