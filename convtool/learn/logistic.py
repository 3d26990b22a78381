"""Logistic regression, in rounds: after each, the false peaks it still finds join the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.learn.windows import Vectors

ROUNDS = 4
"""Rounds at most; there are fewer where no false peak is left."""

STEPS = 50
"""Newton steps of a round at most."""

CONVERGED = 1e-8
"""The relative fall of the loss below which a round ends."""


@dataclass(frozen=True)
class Round:
    """One round of learning: how much background there was, and how far the loss fell."""

    negatives: int
    loss_before: float
    loss_after: float


def logistic(
    positives: Vectors,
    negatives: Vectors,
    ridge: float,
    false_peaks: Callable[[NDArray[np.float64], float], Vectors],
    progress: Callable[[str], None],
) -> tuple[NDArray[np.float64], list[Round]]:
    """Minimise ``mean log(1 + exp(−t·(w·x + b))) + λ/2·‖w‖²``, both classes weighing alike.

    ``t`` is 1 for patches and −1 for background, ``λ`` is ``ridge``.

    Parameters
    ----------
    false_peaks
        Gives the windows of the background where ``w·x + b`` has a peak above 0, for ``w`` and ``b``.

    References
    ----------
    Newton's method for it: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning",
    2009, section 4.4.1. Rounds of hard negatives: Dalal and Triggs, "Histograms of oriented gradients
    for human detection", CVPR 2005.
    """
    weights = np.zeros(positives.shape[1] + 1)
    rounds: list[Round] = []
    while True:
        weights, before, after = _minimised(weights, positives, negatives, ridge)
        rounds.append(Round(len(negatives), before, after))
        progress(
            f"round {len(rounds)}: {len(negatives)} windows of background, loss {before:.4f} → {after:.4f}"
        )
        if len(rounds) == ROUNDS:
            return weights[:-1], rounds
        more = false_peaks(weights[:-1], float(weights[-1]))
        if not len(more):
            return weights[:-1], rounds
        negatives = np.concatenate([negatives, more])


def _minimised(
    weights: NDArray[np.float64], positives: Vectors, negatives: Vectors, ridge: float
) -> tuple[NDArray[np.float64], float, float]:
    """Newton's method with steps halved until the loss falls: the weights, and the loss before and after."""
    signed = np.concatenate([_with_one(positives), -_with_one(negatives)])
    counts = len(positives), len(negatives)
    shares = np.repeat([0.5 / count for count in counts], counts)
    penalty = np.full(len(weights), ridge)
    penalty[-1] = 0  # b is free

    def loss_of(candidate: NDArray[np.float64]) -> float:
        fits = shares @ np.logaddexp(0, -(signed @ candidate))
        return float(fits + penalty @ np.square(candidate) / 2)

    first = loss = loss_of(weights)
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(np.minimum(signed @ weights, 700)))
        gradient = penalty * weights - signed.T @ (shares * wrong)
        curvature = (signed * (shares * wrong * (1 - wrong))[:, np.newaxis]).T @ signed + np.diag(penalty)
        curvature[-1, -1] += 1e-12
        step = np.linalg.solve(curvature, gradient)
        while (next_loss := loss_of(weights - step)) > loss and np.abs(step).max() > 1e-12:
            step /= 2
        if not next_loss < loss:
            break
        weights, fell, loss = weights - step, loss - next_loss, next_loss
        if fell < CONVERGED * loss:
            break
    return weights, first, loss


def _with_one(vectors: Vectors) -> Vectors:
    return np.column_stack([vectors, np.ones(len(vectors))])
