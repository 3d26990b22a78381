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
    values = as_float32("x", x)
    rectified = np.empty_like(values, subok=False)
    rectify(np.atleast_2d(values), np.atleast_2d(rectified))
    return rectified


def rectify(responses: Float32, out: Float32) -> None:
    """ReLU of ``(…, H, W)`` into ``out``, which may be ``responses``.

    The maximum of two arrays is computed four times as fast as that of an array and a number, hence
    the zeros.
    """
    height, width = responses.shape[-2:]
    rows = height if height * width <= _ZEROS.size else 1
    zeros = _ZEROS[: rows * width].reshape(rows, width) if width <= _ZEROS.size else np.float32(0)
    np.maximum(responses, zeros, out=out)


_ZEROS = np.zeros(2**16, np.float32)
