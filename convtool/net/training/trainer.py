"""Training a network: epochs of steps, what each came to, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.errors import ArgumentError, InputError
from convtool.net.data.dataset import Dataset
from convtool.net.evaluation import Evaluation, evaluate
from convtool.net.network import Network
from convtool.net.training.augmentation import augmented
from convtool.net.training.optimizers import optimizer_of
from convtool.net.training.parameters import Parameters
from convtool.net.training.program import Program
from convtool.net.training.recipe import Recipe
from convtool.net.training.schedules import rate_at

ORDER, STEP = 1, 2
"""What chance decides, with the seed and the epoch: the order of images, and all within a step."""


class Epoch(NamedTuple):
    """What an epoch came to.

    Attributes
    ----------
    epoch
        From 1.
    rate
        The learning rate of its last step.
    loss, accuracy
        Means over its training images, each when it was seen, changed as it was then.
    validation_loss, validation_accuracy
        Of the images held out, after the epoch; ``None`` if there are none.
    """

    epoch: int
    rate: float
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


class Moment(NamedTuple):
    """Where training is, between two steps.

    Attributes
    ----------
    epoch, done, images
        The epoch, from 1; how many of its images were seen, of how many.
    loss, accuracy
        Means over those.
    """

    epoch: int
    done: int
    images: int
    loss: float
    accuracy: float


@dataclass
class State:
    """All that training has come to, besides the network's numbers and what the optimizer remembers.

    Attributes
    ----------
    step
        Steps taken in the epoch that is under way.
    loss, correct
        Sums over the images that it has seen.
    epochs
        Those that ended.
    best
        The number of the best of them, 0 for none, and the network's numbers then.
    """

    step: int = 0
    loss: float = 0.0
    correct: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    best_learned: Float32 | None = None
    best_measured: Float32 | None = None


class Trainer:
    """Trains a network on a set of images.

    The same network, images, recipe and seed give the same numbers to the bit, for any number of
    threads on one kind of CPU, and whether or not training was interrupted on the way.

    Parameters
    ----------
    network
        Where training starts; its input scales the images.
    train, held_out
        Images of the size it reads; those held out decide which epoch is the best, if there are any.

    Attributes
    ----------
    cuts
        How many images of an epoch were seen before each of its steps, and after the last.

    Raises
    ------
    InputError
        A network that cannot be trained, or not on images of this size.
    """

    def __init__(self, network: Network, train: Dataset, held_out: Dataset | None, recipe: Recipe) -> None:
        self.network, self.recipe = network, recipe
        self.train, self.held_out = train, held_out
        self.parameters = Parameters.of(network)
        learned, _, decays = self.parameters
        self.optimizer = optimizer_of(
            recipe.optimizer, learned.values, decays, recipe.weight_decay, recipe.momentum
        )
        self.state = State()
        self.cuts = recipe.cuts(len(train))
        height, width = train.images.shape[2:]
        self._program = lru_cache(2)(
            lambda images: Program(network, self.parameters, images, (height, width))
        )
        self._program(self.cuts[1])  # a network that cannot be trained is refused here

    def epochs(self, watch: Callable[[Moment], bool], threads: int | None = None) -> Iterator[Epoch]:
        """Go on to the end of the training, an epoch at a time.

        Parameters
        ----------
        watch
            Called after every step; if it gives true, training stops there, and can go on later.
        """
        while not self._is_over():
            if not self._go_on(watch, threads):
                return
            yield self._end_epoch()

    def best(self) -> Network:
        """The network as it was after its best epoch."""
        assert self.state.best_learned is not None
        assert self.state.best_measured is not None
        kept = Parameters.of(self.network)
        np.copyto(kept.learned.values, self.state.best_learned)
        np.copyto(kept.measured.values, self.state.best_measured)
        return kept.placed_in(self.network)

    def _is_over(self) -> bool:
        ended, patience = len(self.state.epochs), self.recipe.patience
        return ended == self.recipe.epochs or (patience is not None and ended - self.state.best >= patience)

    def _go_on(self, watch: Callable[[Moment], bool], threads: int | None) -> bool:
        """Take the steps of an epoch that are left; false if it was stopped on the way."""
        state, seed, number = self.state, self.recipe.seed, len(self.state.epochs)
        order = np.random.default_rng([seed, ORDER, number]).permutation(len(self.train))
        for first, stop in list(pairwise(self.cuts))[state.step :]:
            self._take_step(order[first:stop], [seed, STEP, number, state.step], threads)
            state.step += 1
            if watch(Moment(number + 1, stop, len(order), state.loss / stop, state.correct / stop)):
                return False
        return True

    def _take_step(self, chosen: NDArray[np.intp], chance: list[int], threads: int | None) -> None:
        state = self.state

        def load(part: slice, random: np.random.Generator) -> NDArray[Any]:
            images = self.train.images[chosen[part]]
            return augmented(images, self.recipe.augmentation, random) if self.recipe.augmentation else images

        program = self._program(len(chosen))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            outcome = program.run(load, self.train.labels[chosen], chance, threads)
            if not isfinite(outcome.loss):
                raise self._divergence()
            rate = self._rate(state.step)
            self.optimizer.step(self.parameters.learned.values, program.gradients.values, rate)
        state.loss += outcome.loss
        state.correct += outcome.correct

    def _rate(self, step: int) -> float:
        """The learning rate of a step of the epoch at hand."""
        steps = len(self.cuts) - 1
        progress = (len(self.state.epochs) * steps + step) / (self.recipe.epochs * steps)
        return rate_at(self.recipe.schedule, self.recipe.rate, progress)

    def _end_epoch(self) -> Epoch:
        state, images = self.state, len(self.train)
        rate = self._rate(state.step - 1)
        epoch = Epoch(len(state.epochs) + 1, rate, state.loss / images, state.correct / images)
        found = self._validation()
        if found is not None:
            epoch = epoch._replace(validation_loss=found.loss, validation_accuracy=found.accuracy)
        if self._is_best(epoch):
            state.best = epoch.epoch
            state.best_learned = self.parameters.learned.values.copy()
            state.best_measured = self.parameters.measured.values.copy()
        state.epochs.append(epoch)
        state.step, state.loss, state.correct = 0, 0.0, 0
        return epoch

    def _validation(self) -> Evaluation | None:
        """What the network makes of the images held out, now that it can be one: its numbers are finite."""
        try:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                network = self.parameters.placed_in(self.network)
                return None if self.held_out is None else evaluate(network, self.held_out)
        except InputError as error:
            raise self._divergence() from error

    def _divergence(self) -> ArgumentError:
        return ArgumentError(
            f"in epoch {len(self.state.epochs) + 1} the numbers of the network grew without end; "
            f"use a --learning-rate below {self.recipe.rate:g}"
        )

    def _is_best(self, epoch: Epoch) -> bool:
        """Whether more of those held out are recognised, or as many at a lower loss; or none is held out."""
        if not self.state.best or epoch.validation_accuracy is None or epoch.validation_loss is None:
            return True
        best = self.state.epochs[self.state.best - 1]
        assert best.validation_accuracy is not None
        assert best.validation_loss is not None
        return (epoch.validation_accuracy, -epoch.validation_loss) > (
            best.validation_accuracy,
            -best.validation_loss,
        )
