"""The loss of a classification: the cross-entropy of the softmax of its scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.net.training.tape import Tape, Values


def write_cross_entropy(
    tape: Tape, scores: Values, labels: NDArray[np.intp]
) -> tuple[Values, NDArray[np.bool_], Values]:
    """Add the calls for scores ``(K, n)``: ``log Σ exp(s) − s[label]`` for each image, ``(n,)``.

    Returns
    -------
    tuple
        The losses, where the largest score is that of the label, and the gradient of the mean loss of
        the whole batch with respect to the scores, ``softmax(s) − 1[label]`` over the number of images.
    """
    rows = scores.reshape(-1, tape.images)
    every = np.arange(tape.images)
    losses, highest = (np.empty(tape.images, tape.dtype) for _ in range(2))
    right, best = np.empty(tape.images, np.bool_), np.empty(tape.images, np.intp)
    gradient = tape.array(*scores.shape)
    shares = gradient.reshape(rows.shape)

    def forward() -> None:
        np.argmax(rows, axis=0, out=best)
        np.equal(best, labels, out=right)
        np.maximum.reduce(rows, axis=0, out=highest)
        np.subtract(rows, highest, out=shares)
        np.copyto(losses, shares[labels, every])
        np.exp(shares, out=shares)
        total = np.add.reduce(shares, axis=0)
        np.subtract(np.log(total), losses, out=losses)
        np.divide(shares, total, out=shares)
        shares[labels, every] -= 1
        np.divide(shares, tape.joint.images, out=shares)

    tape.then(forward)
    return losses, right, gradient
