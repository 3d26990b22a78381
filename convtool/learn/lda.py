"""Linear discriminant analysis: what patches have on average that background has not, decorrelated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.errors import LimitError
from convtool.learn.windows import Vectors

LARGEST = 4096
"""Values of a patch up to which their covariance is solved."""

NEGLIGIBLE = 1e-24
"""A variance of values, of vectors of length 1, that is nothing but rounding."""


def lda(positives: Vectors, negatives: Vectors, ridge: float) -> NDArray[np.float64]:
    """``w = (Σ + λ·tr(Σ)/n·I)⁻¹ (m₊ − m₋)`` for the ``n`` values of a patch.

    ``Σ`` is the covariance within the two classes, in which background, with its many windows,
    counts most; ``λ`` is ``ridge``.

    References
    ----------
    Hariharan, Malik and Ramanan, "Discriminative decorrelation for clustering and classification",
    ECCV 2012.
    """
    count = positives.shape[1]
    if count > LARGEST:
        raise LimitError(
            f"a patch has {count} values, more than the {LARGEST} whose covariance can be solved; "
            "use smaller patches, or method ncc"
        )
    covariance = np.zeros((count, count))
    for vectors in (positives, negatives):
        centred = vectors - vectors.mean(axis=0)
        covariance += centred.T @ centred
    covariance /= len(positives) + len(negatives)
    difference = positives.mean(axis=0) - negatives.mean(axis=0)
    spread = np.trace(covariance) / count
    if spread < NEGLIGIBLE:
        spread = 1.0  # then the difference itself is the direction
    covariance[np.diag_indices(count)] += ridge * spread
    weights: NDArray[np.float64] = np.linalg.solve(covariance, difference)
    return weights
