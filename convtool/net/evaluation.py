"""How well a network tells the classes of labelled images: counts, shares, and the worst mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ArgumentError, InputError
from convtool.io.limits import Limits
from convtool.net.batches import values_of
from convtool.net.data.dataset import Dataset
from convtool.net.files import Progress
from convtool.net.network import Network, brief
from convtool.net.scores import check_scores, class_names, class_probabilities

LEAST_PROBABILITY = float(np.finfo(np.float32).smallest_subnormal)
"""What a probability of 0 counts as in the loss: 0 in float32 is anything below it."""

DEVIATIONS = 1.959963984540054
"""Standard deviations within which a normal variable lies 95 times in 100."""


@dataclass(frozen=True)
class ClassResult:
    """How well one class is told.

    Attributes
    ----------
    name, count
        The class, and how many images are of it.
    recall
        The share of its images that are recognised; ``None`` of a class without images.
    precision
        The share of images taken for it that are of it; ``None`` if none is taken for it.
    f1
        The harmonic mean of both, ``2 · right / (of it + taken for it)``; ``None`` where both counts are 0.
    """

    name: str
    count: int
    recall: float | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network made of labelled images.

    Attributes
    ----------
    classes
        Their names, in the order of the scores.
    labels, predicted
        ``(N,)``: the number of each image's true class, and of the class with the highest score.
    confidence
        ``(N,)``: the probability of the predicted class: its score if the network ends in a softmax, else
        the softmax of the scores.
    loss
        The mean of ``−ln p``, the natural logarithm of the true class's probability: the cross-entropy. A
        probability below 2⁻¹⁴⁹, the smallest of float32, counts as that: one image adds at most 103.3 / N.
        Of a network that does not end in a softmax, ``p`` is of the softmax of the scores, and says little
        where they were never meant as logits.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    loss: float

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.labels)

    @property
    def correct(self) -> int:
        """How many of them are recognised."""
        return int(np.count_nonzero(self.labels == self.predicted))

    @property
    def accuracy(self) -> float:
        """Their share."""
        return self.correct / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Between what accuracies that of all such images lies, 95 times in 100: see `wilson_interval`."""
        return wilson_interval(self.correct, self.count)

    @cached_property
    def confusion(self) -> NDArray[np.intp]:
        """``(K, K)``: how many images of each class (row) were taken for each (column)."""
        kinds = len(self.classes)
        pairs = np.bincount(self.labels * kinds + self.predicted, minlength=kinds * kinds)
        return pairs.reshape(kinds, kinds)

    @cached_property
    def per_class(self) -> tuple[ClassResult, ...]:
        """Each class by itself."""
        counts, taken = self.confusion.sum(axis=1).tolist(), self.confusion.sum(axis=0).tolist()
        return tuple(
            ClassResult(name, of, _share(right, of), _share(right, guesses), _share(2 * right, of + guesses))
            for name, right, of, guesses in zip(
                self.classes, self.confusion.diagonal().tolist(), counts, taken, strict=True
            )
        )

    def mistakes(self, n: int) -> NDArray[np.intp]:
        """The n images that were taken for another class with the highest confidence, the highest first."""
        wrong = np.flatnonzero(self.labels != self.predicted)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")[:n]]


def evaluate(
    network: Network,
    dataset: Dataset,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a network on labelled images, and count what it makes of them.

    Parameters
    ----------
    dataset
        Images as they are stored, of the size and channels that the network reads; its classes are those
        of `convtool.net.scores.class_names`, in that order.
    limits
        What memory running may take; those of the environment if not given.
    progress
        Called with how many images are done, and how many there are.

    Raises
    ------
    ArgumentError
        Classes that are not the network's.
    InputError
        No images, images that do not go through, a network that gives no scores, or scores that are no
        numbers.
    LimitError
        More memory for one image than is allowed.
    """
    if not len(dataset):
        raise InputError("it holds no images; at least one is needed")
    height, width = dataset.images.shape[2:]
    classes = class_names(network, (height, width))
    if dataset.classes != classes:
        raise ArgumentError(
            f"the images are of the classes {brief(dataset.classes)}, the scores of {network.name} of "
            f"{brief(classes)}; bring the labels into that order"
        )
    predicted, confidence, surprises = [], [], []
    scores_layer = network.outputs[0]
    for part, values in values_of(network, dataset.images, scores_layer, limits=limits, progress=progress):
        labels, images = dataset.labels[part], np.arange(len(values))
        scores = values.reshape(len(values), len(classes))
        check_scores(scores, dataset.names[part])
        probabilities = class_probabilities(network, scores)
        predicted.append(scores.argmax(axis=1))
        confidence.append(probabilities[images, predicted[-1]])
        surprises.append(-np.log(np.maximum(probabilities[images, labels], LEAST_PROBABILITY)))
    return Evaluation(
        classes,
        dataset.labels,
        np.concatenate(predicted),
        np.concatenate(confidence),
        float(np.concatenate(surprises).mean()),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Between what shares the true one lies, 95 times in 100, if so many of the trials succeeded.

    Wilson's score interval: all shares ``p`` from which what was seen is within 1.96 standard deviations.
    It holds for few trials, and for shares near 0 and 1, where the usual ``p ± 1.96 √(p (1 − p) / n)``
    does not.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209–212.

    Examples
    --------
    >>> low, high = wilson_interval(9, 10)
    >>> f"{low:.3f} to {high:.3f}"
    '0.596 to 0.982'
    """
    return _lowest_share(successes, trials), 1 - _lowest_share(trials - successes, trials)


def _lowest_share(successes: int, trials: int) -> float:
    """``(2k + z² − z √(z² + 4k (n − k) / n)) / 2 (n + z²)``, of no success exactly 0."""
    square = DEVIATIONS * DEVIATIONS
    reach = DEVIATIONS * sqrt(square + 4 * successes * (trials - successes) / trials)
    return (2 * successes + square - reach) / (2 * (trials + square))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
