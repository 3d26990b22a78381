"""Training: what is learned, that it is the same every time, where it stops, and what is best."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convtool.errors import ArgumentError, InputError
from convtool.net import ops
from convtool.net.data.dataset import Dataset
from convtool.net.evaluation import evaluate
from convtool.net.files import encode_network
from convtool.net.network import Layer, Network
from convtool.net.training import trainer as module
from convtool.net.training.architectures import initialized, named_architecture
from convtool.net.training.augmentation import Augmentation
from convtool.net.training.optimizers import OptimizerName
from convtool.net.training.program import Outcome
from convtool.net.training.recipe import RATES, Recipe
from convtool.net.training.schedules import rate_at
from convtool.net.training.trainer import Epoch, Moment, Trainer
from tests.net.every_kind import assert_same_network
from tests.net.training.lessons import CHANGES, CLASSES, SIDE, lines, small_network, trainer
from tests.tolerances import assert_equal, assert_near, assert_same_bytes

NAMES: list[OptimizerName] = ["sgd", "adam", "adamw"]

each_name = pytest.mark.parametrize("name", NAMES)


def go_on(_: Moment) -> bool:
    return False


def train(made: Trainer, threads: int | None = 1) -> list[Epoch]:
    return list(made.epochs(go_on, threads))


@each_name
def test_what_can_be_learned_is_learned(name: OptimizerName) -> None:
    network = initialized(named_architecture("notes-cnn"), 1, (SIDE, SIDE), CLASSES, 0)
    network = replace(network, input=replace(network.input, scale=1 / 255))
    recipe = Recipe(epochs=16, batch=16, optimizer=name, rate=RATES[name])
    made = Trainer(network, lines(96), lines(32, seed=1), recipe)
    epochs = train(made)
    assert epochs[-1].loss < epochs[0].loss / 4
    assert evaluate(made.best(), lines(100, seed=2)).accuracy > 0.95


class TestTheSameEveryTime:
    def test_for_the_same_seed_and_any_number_of_threads(self) -> None:
        first, epochs = trainer(), None
        for threads in (1, 2, None):
            again = trainer()
            found = train(again, threads)
            assert epochs in (None, found)
            epochs = found
            if threads == 1:
                first = again
            assert encode_network(again.best(), "npz") == encode_network(first.best(), "npz")

    @each_name
    def test_and_not_for_another_seed(self, name: OptimizerName) -> None:
        """Of the same network: the order of images, changes of theirs and dropout are others."""
        found = []
        for options in ({}, {"augmentation": Augmentation()}):
            for seed in (0, 1):
                made = trainer(optimizer=name, seed=seed, **options)
                train(made)
                found.append(made.parameters.learned.values.tobytes())
        assert len(set(found)) == 4

    def test_nothing_that_was_given_is_changed(self) -> None:
        made = trainer()
        images, labels = made.train.images.copy(), made.train.labels.copy()
        before = small_network()
        train(made)
        assert_same_network(made.network, before)
        assert_equal(made.train.images, images)
        assert_equal(made.train.labels, labels)
        with pytest.raises(AssertionError):
            assert_same_network(made.best(), before)


class Recorded:
    """In the place of a program: what it is given, and a loss of 1 and one recognised for each step."""

    steps: list[dict[str, Any]]

    def __init__(self, network: Network, parameters: Any, images: int, size: tuple[int, int]) -> None:
        self.gradients = parameters.learned.alike()
        self._images = images

    def run(self, load: Any, labels: NDArray[np.intp], chance: list[int], threads: int | None) -> Outcome:
        images = load(slice(0, self._images), np.random.default_rng(0))
        self.steps.append({"images": images, "labels": labels, "chance": chance, "threads": threads})
        return Outcome(float(self._images), 1)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(module, "Program", Recorded)
    Recorded.steps = []
    return Recorded.steps


class TestSteps:
    def numbered(self, count: int) -> Dataset:
        images = np.zeros((count, 1, SIDE, SIDE), np.uint8)
        images[:, 0, 0, 0] = np.arange(count)
        return Dataset(images, np.arange(count) % 2, CLASSES, [str(number) for number in range(count)])

    @pytest.mark.parametrize(("count", "sizes"), [(10, [3, 3, 4]), (8, [4, 4]), (3, [3]), (9, [3, 3, 3])])
    def test_each_epoch_sees_every_image_once_in_an_order_of_its_own(
        self, count: int, sizes: list[int], steps: list[dict[str, Any]]
    ) -> None:
        made = Trainer(small_network(), self.numbered(count), None, Recipe(epochs=3, batch=4))
        train(made, threads=3)
        assert [len(step["images"]) for step in steps] == sizes * 3
        orders = []
        for epoch in range(3):
            own = steps[epoch * len(sizes) : (epoch + 1) * len(sizes)]
            seen = np.concatenate([step["images"][:, 0, 0, 0] for step in own])
            assert sorted(seen) == list(range(count))
            assert np.concatenate([step["labels"] for step in own]).tolist() == (seen % 2).tolist()
            orders.append(seen.tolist())
        assert len({tuple(order) for order in orders}) == 3
        assert {step["threads"] for step in steps} == {3}

    def test_no_two_steps_have_the_same_chance(self, steps: list[dict[str, Any]]) -> None:
        for seed in (0, 1):
            train(Trainer(small_network(), self.numbered(9), None, Recipe(epochs=2, batch=3, seed=seed)))
        assert len({tuple(step["chance"]) for step in steps}) == 12

    def test_images_are_changed_only_if_that_is_asked_for(self, steps: list[dict[str, Any]]) -> None:
        for how in (Augmentation(), CHANGES):
            train(Trainer(small_network(), lines(8), None, Recipe(epochs=1, batch=8, augmentation=how)))
        plain, changed = (step["images"] for step in steps)
        assert plain.dtype == np.uint8
        assert changed.dtype == np.float32
        assert sorted(plain.sum(axis=(1, 2, 3))) == sorted(lines(8).images.sum(axis=(1, 2, 3)))
        assert not np.array_equal(changed, plain)

    def test_moments_and_epochs_tell_means_of_what_was_seen(self, steps: list[dict[str, Any]]) -> None:
        made = Trainer(small_network(), self.numbered(10), None, Recipe(epochs=2, batch=4, rate=1))
        moments: list[Moment] = []
        epochs = list(made.epochs(lambda moment: bool(moments.append(moment))))
        assert moments == [
            Moment(epoch, done, 10, 1.0, (number + 1) / done)
            for epoch in (1, 2)
            for number, done in enumerate((3, 6, 10))
        ]
        rates = [rate_at("cosine", 1, step / 6) for step in (2, 5)]
        assert epochs == [Epoch(n, rate, 1.0, 0.3) for n, rate in enumerate(rates, 1)]
        assert made.state.epochs == epochs


class TestRates:
    @pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
    def test_every_step_has_its_own(self, schedule: Any, steps: list[dict[str, Any]]) -> None:
        made = trainer(schedule=schedule, epochs=4)
        rates: list[float] = []
        made.optimizer.step = lambda values, gradient, rate: rates.append(rate)  # type: ignore[method-assign]
        train(made)
        assert_near(rates, [rate_at(schedule, 0.01, step / 12) for step in range(12)])


class TestBest:
    def script(self, monkeypatch: pytest.MonkeyPatch, *outcomes: tuple[float, float]) -> None:
        """What validation comes to in each epoch: its accuracy and its loss."""
        script = iter(outcomes)

        def scripted(network: Network, dataset: Dataset) -> Any:
            accuracy, loss = next(script)
            return SimpleNamespace(accuracy=accuracy, loss=loss)

        monkeypatch.setattr(module, "evaluate", scripted)

    @pytest.mark.parametrize(
        ("outcomes", "best"),
        [
            (((0.5, 1), (0.6, 2), (0.4, 0)), 2),
            (((0.5, 1), (0.5, 0.9), (0.5, 0.9)), 2),
            (((0.5, 1), (0.4, 0.1), (0.5, 1)), 1),
            (((0.0, 9), (0.0, 8), (0.0, 7)), 3),
        ],
    )
    def test_more_recognised_is_better_and_then_a_lower_loss(
        self, outcomes: Any, best: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.script(monkeypatch, *outcomes)
        made = trainer(epochs=3)
        after = []
        for epoch in made.epochs(go_on):
            assert (epoch.validation_accuracy, epoch.validation_loss) == outcomes[epoch.epoch - 1]
            after.append(made.parameters.placed_in(made.network))
        assert made.state.best == best
        assert_same_network(made.best(), after[best - 1])

    def test_without_images_held_out_the_last_is_the_best(self) -> None:
        made = Trainer(small_network(), lines(8), None, Recipe(epochs=3, batch=4, patience=1))
        assert [epoch[4:] for epoch in train(made)] == [(None, None)] * 3
        assert made.state.best == 3
        assert_same_network(made.best(), made.parameters.placed_in(made.network))

    @pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (3, 8), (None, 9)])
    def test_patience_is_how_long_nothing_better_is_waited_for(
        self, patience: int | None, epochs: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        better = [0.5, 0.6, 0.6, 0.5, 0.7, 0.6, 0.6, 0.6, 0.6]
        self.script(monkeypatch, *((accuracy, 1.0) for accuracy in better))
        made = trainer(epochs=9, patience=patience)
        assert len(train(made)) == epochs
        assert train(made) == []

    def test_validation_is_an_evaluation_of_the_network_as_it_is_then(self) -> None:
        made = trainer()
        for epoch in made.epochs(go_on):
            found = evaluate(made.parameters.placed_in(made.network), lines(10, seed=1))
            assert (epoch.validation_loss, epoch.validation_accuracy) == (found.loss, found.accuracy)


class TestStops:
    def test_it_stops_where_it_is_told_to_and_goes_on_from_there(self) -> None:
        whole, parts = trainer(), trainer()
        epochs = train(whole)
        found: list[Epoch] = []
        stops: list[tuple[int, int]] = []
        for _ in range(20):
            ended = list(parts.epochs(lambda moment: not stops.append((moment.epoch, moment.done))))
            found += ended
        assert found == epochs
        assert stops == [(epoch, done) for epoch in (1, 2) for done in (6, 13, 20)]
        assert_same_bytes(parts.parameters.learned.values, whole.parameters.learned.values)
        assert_same_bytes(parts.parameters.measured.values, whole.parameters.measured.values)
        assert_same_network(parts.best(), whole.best())


class TestDivergence:
    @each_name
    @pytest.mark.parametrize("rate", [1e20, 1e30, 1e37, 1e300])
    @pytest.mark.parametrize("batch", [8, 20])
    @pytest.mark.parametrize("held_out", [None, lines(4)])
    def test_a_rate_that_is_too_high_is_named(
        self, name: OptimizerName, rate: float, batch: int, held_out: Dataset | None
    ) -> None:
        recipe = Recipe(epochs=3, batch=batch, optimizer=name, rate=rate, schedule="constant")
        message = f"the numbers of the network grew without end; use a --learning-rate below {rate:g}$"
        with pytest.raises(ArgumentError, match=message.replace("+", r"\+")):
            train(Trainer(small_network(), lines(20), held_out, recipe), threads=2)

    def test_it_is_named_before_anyone_is_told_a_loss_that_is_none(self) -> None:
        moments: list[Moment] = []
        recipe = Recipe(epochs=1, batch=4, rate=1e30)
        made = Trainer(small_network(), lines(20), None, recipe)
        with pytest.raises(ArgumentError, match="in epoch 1 the numbers of the network grew without end"):
            list(made.epochs(lambda moment: bool(moments.append(moment))))
        assert 0 < len(moments) < 5
        assert np.isfinite([moment.loss for moment in moments]).all()


def test_a_network_that_cannot_be_trained_is_refused_at_once() -> None:
    network = small_network()
    layers = (*network.layers, Layer("mixed", ops.Softmax(0), ("softmax",)))
    with pytest.raises(InputError, match=r"^layer 'mixed' mixes the images of a batch"):
        Trainer(replace(network, layers=layers, outputs=("mixed",)), lines(20), None, Recipe())
    with pytest.raises(
        InputError, match=r"^layer 'dense': it reads vectors of 64 values, its input is 1×100"
    ):
        Trainer(network, lines(20, side=10), None, Recipe())
