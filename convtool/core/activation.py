"""The activation between Conv and Pool."""

from __future__ import annotations

from collections.abc import Sequence

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
    np.maximum(responses, _zeros(*responses.shape[-2:]), out=out)


def leak(responses: Float32, slopes: Sequence[float], scratch: Float32) -> None:
    """Multiply what is below 0 in responses ``(N, O, H, W)`` by a slope for each of O, in place.

    Map by map, so that each is still in cache when it is looked at again. ``scratch`` is ``(H, W)``.
    """
    zeros = _zeros(*responses.shape[-2:])
    for maps in responses:
        for plane, slope in zip(maps, slopes, strict=True):
            np.minimum(plane, zeros, out=scratch)
            np.multiply(scratch, np.float32(slope), out=scratch)
            np.maximum(plane, zeros, out=plane)
            np.add(plane, scratch, out=plane)


def _zeros(height: int, width: int) -> Float32 | np.float32:
    """Zeros that spread over a map: the maximum of two arrays is quicker than that with a number."""
    rows = height if height * width <= _ZEROS.size else 1
    return _ZEROS[: rows * width].reshape(rows, width) if width <= _ZEROS.size else np.float32(0)


_ZEROS = np.zeros(2**16, np.float32)
