"""A step of training: what it gives, however the batch is cut and whoever does the work."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.running import run_network
from convtool.net.training import program
from convtool.net.training.parameters import Parameters
from convtool.net.training.program import Program, memory_of_training
from tests import oracles
from tests.net.training.steps import CLASSES, Steps, bank, batch, chain, graph, scored, trainable
from tests.tolerances import assert_close, assert_equal, assert_near, assert_same_bytes

FIRST = ops.Conv(bank(4, 2, 3, 3), padding=1)
NORM = ops.BatchNorm([1, 2, 0.5, -1], [3, -1, 0, 0.5], [0] * 4, [1] * 4)

ROUNDINGS = 160
"""Layers sum in another order than when they run, as in `tests.net.test_running`."""

PLAIN = scored(chain(FIRST, ops.Relu(), ops.MaxPool(2)))
NORMED = scored(chain(FIRST, NORM, ops.Relu(), ops.MaxPool(2), NORM))
EVERYTHING = scored(chain(FIRST, NORM, ops.Relu(), ops.MaxPool(2), ops.Dropout(0.25), NORM))


@pytest.fixture
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many parts, at the least."""
    monkeypatch.setattr(program, "PARTS", request.param)
    return request.param


def check_outcome(network: Network, images: int, seed: int) -> None:
    """Hold losses, and what is recognised, against the scores that the network gives when it runs."""
    values, labels = batch(network, images, seed)
    scores = run_network(network, values.astype(np.float32), ["scores"])["scores"].tolist()
    losses = [-log(oracles.probabilities(row)[label]) for row, label in zip(scores, labels, strict=True)]
    found = Steps(network, values, labels, np.float32).run()
    loss, mean = np.float32(found.loss / images), np.float64(sum(losses) / images)
    assert_close(loss, mean, case="conv", terms=ROUNDINGS, scale=1 + np.abs(scores).max())
    right = [row.index(max(row)) == label for row, label in zip(scores, labels, strict=True)]
    assert found.correct == sum(right)


@given(images=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_losses_and_what_is_recognised_are_those_of_the_scores(images: int, seed: int) -> None:
    check_outcome(PLAIN, images, seed)


@given(network=trainable(as_when_run=True), images=st.integers(1, 4))
@settings(max_examples=60)
def test_so_they_are_of_any_graph(network: Network, images: int) -> None:
    check_outcome(network, images, seed=0)


def test_relu_stays_before_a_pool_where_others_read_it_too() -> None:
    layers = (
        ("first", FIRST, "input"),
        ("relu", ops.Relu(), "first"),
        ("pool", ops.MaxPool(3, 1, 1), "relu"),
        ("sum", ops.Add(), "relu", "pool"),
    )
    check_outcome(scored(graph(*layers)), 5, seed=0)


@pytest.mark.parametrize("cut", [2, 3, 5, 100], indirect=True)
@pytest.mark.parametrize("images", [1, 2, 5, 9])
def test_parts_add_up_to_the_whole(cut: int, images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values, labels = batch(NORMED, images)
    steps = Steps(NORMED, values, labels, np.float64)
    gradient, loss = steps.gradient(), steps.mean_loss()
    monkeypatch.setattr(program, "PARTS", 1)
    whole = Steps(NORMED, values, labels, np.float64)
    expected = whole.gradient()
    scale = np.abs(expected).max()
    assert_close(gradient, expected, case="conv", terms=2048, scale=scale)
    assert_near(loss, whole.mean_loss())
    measured, whole_measured = (each.parameters.measured.values for each in (steps, whole))
    assert_close(measured, whole_measured, case="conv", terms=2048, scale=1 + np.abs(whole_measured))


@pytest.mark.parametrize("cut", [2, 4], indirect=True)
def test_any_number_of_threads_gives_the_same_bytes(cut: int) -> None:
    values, labels = batch(EVERYTHING, 9)
    expected = Steps(EVERYTHING, values, labels, np.float32)
    outcomes = [expected.run(1, seed) for seed in (1, 2)]
    for threads in (2, 3, 4, None):
        steps = Steps(EVERYTHING, values, labels, np.float32)
        assert [steps.run(threads, seed) for seed in (1, 2)] == outcomes
        assert_same_bytes(steps.gradient(), expected.gradient())
        expected = steps


def test_in_float32_a_gradient_is_that_in_float64_but_for_rounding() -> None:
    values, labels = batch(NORMED, 9)
    narrow, wide = (Steps(NORMED, values, labels, dtype).gradient() for dtype in (np.float32, np.float64))
    assert narrow.dtype == np.float32
    assert_close(narrow, wide, case="conv", terms=256, scale=np.abs(wide).max())


@pytest.mark.parametrize("pool", [ops.MaxPool(2), ops.MaxPool(3, 1, 1), ops.MaxPool((2, 3), 2, "same")])
def test_relu_behind_a_max_pool_gives_what_it_gives_before(pool: ops.MaxPool) -> None:
    """A layer of nothing keeps it before the pool; whole values have many ties and zeros."""
    moved = scored(chain(FIRST, ops.Relu(), pool))
    kept = scored(chain(FIRST, ops.Relu(), ops.Identity(), pool))
    values, labels = batch(moved, 9)
    steps, expected = (Steps(each, np.rint(values), labels, np.float64) for each in (moved, kept))
    for each in (steps, expected):
        each.parameters.learned.of("conv0")["filters"][...] = np.rint(
            2 * each.parameters.learned.of("conv0")["filters"]
        )
    assert steps.run() == expected.run()
    assert_same_bytes(steps.gradient(), expected.gradient())


def test_a_softmax_at_the_end_is_that_of_the_loss() -> None:
    """Whatever keeps its values behind it, and none at all."""
    values, labels = batch(PLAIN)
    expected = Steps(PLAIN, values, labels, np.float64)
    ends: list[tuple[ops.Operation, ...]] = [
        (),
        (ops.Softmax(-1),),
        (ops.Softmax(), ops.Reshape((0, 3, 1)), ops.Identity(), ops.Flatten()),
    ]
    for end in ends:
        layers, name = list(PLAIN.layers[:-1]), "scores"
        for number, operation in enumerate(end):
            layers.append(Layer(f"end{number}", operation, (name,)))
            name = layers[-1].name
        steps = Steps(replace(PLAIN, layers=tuple(layers), outputs=(name,)), values, labels, np.float64)
        assert steps.run() == expected.run()
        assert_same_bytes(steps.gradient(), expected.gradient())


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1 / 255},
        {"mean": (100.0,), "std": (50.0,)},
        {"mean": (100.0, 30.0), "std": (50.0, 2.0)},
        {"scale": 0.5, "mean": (10.0,), "std": (3.0, 40.0)},
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_are_scaled_as_the_input_says(options: dict[str, Any], dtype: Any) -> None:
    source = Input(channels=2, size=(6, 7), **options)
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 6, 7)).astype(dtype)
    labels = np.arange(5) % CLASSES
    found = Steps(replace(PLAIN, input=source), images, labels, np.float64)
    expected = Steps(PLAIN, source.scaled(images.astype(np.float64)), labels, np.float64)
    assert_near(found.mean_loss(), expected.mean_loss())
    assert_near(found.gradient(), expected.gradient())
    assert images.max() == 255


def test_a_step_changes_nothing_but_what_is_measured() -> None:
    values, labels = batch(EVERYTHING)
    kept = values.copy(), labels.copy()
    steps = Steps(EVERYTHING, values, labels, np.float32)
    learned, measured, _ = steps.parameters
    before = learned.values.copy(), measured.values.copy()
    steps.run()
    assert_same_bytes(learned.values, before[0])
    assert (measured.values != before[1]).all()
    assert_equal(values, kept[0])
    assert_equal(labels, kept[1])


def test_chance_is_that_of_the_seed() -> None:
    values, labels = batch(EVERYTHING)
    steps = Steps(EVERYTHING, values, labels, np.float32)
    first, other, again = (steps.run(seed=seed) for seed in (1, 2, 1))
    assert again == first
    assert other != first


@pytest.mark.parametrize("cut", [3], indirect=True)
def test_every_image_is_loaded_once_and_every_part_has_its_own_chance(cut: int) -> None:
    values, labels = batch(PLAIN, 8)
    made = Program(PLAIN, Parameters.of(PLAIN), 8, (6, 7))
    drawn: dict[tuple[int, int], float] = {}

    def load(part: slice, random: np.random.Generator) -> NDArray[np.float64]:
        drawn[part.start, part.stop] = random.random()
        return values[part]

    made.run(load, labels, [7])
    assert sorted(drawn) == [(0, 2), (2, 5), (5, 8)]
    assert len(set(drawn.values())) == cut
    before = dict(drawn)
    made.run(load, labels, [7], threads=1)
    assert drawn == before
    made.run(load, labels, [8])
    assert not set(drawn.values()).intersection(before.values())


@pytest.mark.parametrize(
    ("operations", "name"),
    [
        ((ops.Flatten(3), ops.Reshape((-1, 168))), "flatten1"),
        ((ops.Reshape((1, -1)),), "reshape1"),
        ((ops.Transpose(), ops.Transpose()), "transpose1"),
        ((ops.Pad((1, 0, 0, 0), (0, 0, 0, 0)),), "pad1"),
        ((ops.Softmax(0),), "softmax1"),
        ((ops.Flatten(), ops.Softmax(0)), "softmax2"),
    ],
)
def test_a_layer_that_mixes_images_is_refused(operations: tuple[ops.Operation, ...], name: str) -> None:
    network = chain(FIRST, *operations)
    message = f"^layer '{name}' mixes the images of a batch, which go through training apart; leave the first"
    with pytest.raises(InputError, match=message):
        Program(network, Parameters.of(network), 5, (6, 7))


def test_memory_is_about_what_is_taken() -> None:
    network = scored(chain(FIRST, NORM, ops.Relu(), ops.MaxPool(2)))
    values, labels = np.zeros((256, 2, 6, 7), np.uint8), np.zeros(256, np.intp)
    tracemalloc.start()
    Steps(network, values, labels, np.float32).run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    estimate = memory_of_training(network, (6, 7), 256)
    assert estimate / 2 < peak < 2 * estimate


@pytest.mark.parametrize("cut", [16], indirect=True)
def test_memory_is_that_of_all_parts_and_of_both_sizes_of_batches(cut: int) -> None:
    wide = np.random.default_rng(0).standard_normal((500, 84), np.float32)
    network, sizes = scored(chain(ops.Flatten(), ops.Dense(wide))), (cut, cut + 1)
    tracemalloc.start()
    steps = [Steps(network, *batch(network, images), np.float32) for images in sizes]
    for each in steps:
        each.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    estimate = memory_of_training(network, (6, 7), *sizes)
    assert peak > 4 * sum(sizes) * network.parameters / 2
    assert estimate / 2 < peak < 1.2 * estimate
