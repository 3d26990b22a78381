"""The activation between Conv and Pool."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32, as_float32


def relu(x: ArrayLike) -> Float32:
    """Rectify: ``max(0, x)`` for every value.

    Parameters
    ----------
    x
        A response of any shape.

    Returns
    -------
    ndarray
        The feature map, float32, of the same shape. NaN stays NaN, as in PyTorch.

    References
    ----------
    Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.

    Examples
    --------
    >>> relu([-2, 0, 3]).tolist()
    [0.0, 0.0, 3.0]
    """
    return np.maximum(as_float32("x", x), np.float32(0))


def rectify(responses: Float32) -> None:
    """ReLU in place."""
    np.maximum(responses, np.float32(0), out=responses)
