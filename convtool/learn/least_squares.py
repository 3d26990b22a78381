"""Equations of all windows of a picture, solved by least squares, or to where all values round right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair

Float64 = NDArray[np.float64]

MOST_WINDOWS = 2**20
"""Windows that are looked at; of larger pictures rows are taken evenly."""

PIECE_VALUES = 2**22
"""Values of windows that are summed at a time."""

NEWTON_STEPS = 20
"""Steps in which weights are moved to where all responses round right."""

RESOLVED = 1e-6
"""Rounding of a response, in units of its value."""

NEGLIGIBLE = 1e-12
"""The share of the largest variance below which a direction of the weights leaves no trace."""


class Fit(NamedTuple):
    """Weights ``(kh, kw)`` and bias, the standard errors of the weights, and the variance explained."""

    weights: Float64
    bias: float
    errors: Float64
    explained: float


def least_squares(
    seen: Float32, values: Float32, wanted: NDArray[np.bool_], kernel: Pair, most: int = MOST_WINDOWS
) -> Fit:
    """Weights and bias by the normal equations; what the picture leaves open has an infinite error.

    Parameters
    ----------
    seen
        ``(H, W)``; the windows ``(kh, kw)`` over it are as many as there are values.
    values
        ``(H', W')``: what became of each window.
    wanted
        Which of them are equations.
    most
        Windows to look at, about; of more, rows are taken evenly.
    """
    count = kernel[0] * kernel[1]
    level, mean = np.rint(seen.mean(dtype=np.float64)), values[wanted].mean(dtype=np.float64)
    gram, target = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    squares = windows = 0.0
    for patches, results in _equations(seen, values, wanted, kernel, most):
        terms = _terms(patches, level)
        centred = results - mean
        gram += terms.T @ terms
        target += terms.T @ centred
        squares += centred @ centred
        windows += len(terms)
    # The bias takes out the means: what is left are covariances.
    sums = gram[-1, :-1] / windows
    covariance = gram[:-1, :-1] - windows * np.outer(sums, sums)
    moments = target[:-1] - sums * target[-1]
    variation = squares - target[-1] ** 2 / windows
    spectrum, directions = np.linalg.eigh(covariance)
    known = spectrum > NEGLIGIBLE * max(spectrum[-1], 1e-300)
    inverse = np.divide(1, spectrum, out=np.zeros(count), where=known)
    weights = directions @ (inverse * (directions.T @ moments))
    left = max(variation - weights @ moments, 0.0)
    noise = left / max(1.0, windows - count - 1)
    errors = np.sqrt(noise * (np.square(directions) @ inverse))
    errors[np.square(directions[:, ~known]).sum(axis=1) > NEGLIGIBLE] = np.inf
    bias = mean + target[-1] / windows - weights @ (sums + level)
    explained = 1 - left / variation if variation > 0 else 0.0
    return Fit(weights.reshape(kernel), float(bias), errors.reshape(kernel), float(explained))


def within_rounding(fit: Fit, seen: Float32, values: Float32) -> Fit:
    """Move weights and bias, as little as it takes, to where every response rounds to its whole value.

    That leaves far less room than the least squares of the rounding: ``Σ max(0, |error| − ½)²`` is
    brought to 0 by Newton's method. Values at either end may have been clipped; their responses may
    lie beyond.
    """
    count = fit.weights.size
    level, ends = np.rint(seen.mean(dtype=np.float64)), (values.min(), values.max())
    solution = np.append(fit.weights.ravel(), fit.bias + level * fit.weights.sum())
    everywhere = np.ones(values.shape, np.bool_)
    for _ in range(NEWTON_STEPS):
        gram, gradient = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
        for patches, results in _equations(seen, values, everywhere, fit.weights.shape, MOST_WINDOWS):
            terms = _terms(patches, level)
            off = terms @ solution - results
            lowest = np.where(results == ends[0], -np.inf, -0.5)
            excess = off - np.clip(off, lowest, np.where(results == ends[1], np.inf, 0.5))
            wrong = np.abs(excess) > RESOLVED
            gram += terms[wrong].T @ terms[wrong]
            gradient += terms[wrong].T @ excess[wrong]
        if not gradient.any():
            break
        solution -= np.linalg.lstsq(gram, gradient, rcond=NEGLIGIBLE)[0]
    weights = solution[:-1].reshape(fit.weights.shape)
    return fit._replace(weights=weights, bias=float(solution[-1] - level * weights.sum()))


def _equations(
    seen: Float32, values: Float32, wanted: NDArray[np.bool_], kernel: tuple[int, ...], most: int
) -> Iterator[tuple[Float64, Float64]]:
    """Windows ``(N, kh, kw)`` and what became of them ``(N,)``, a few rows at a time."""
    views = sliding_window_view(seen, kernel)
    rows, columns = values.shape
    every = max(1, rows * columns // most)
    step = every * max(1, PIECE_VALUES // (columns * kernel[0] * kernel[1]))
    for first in range(0, rows, step):
        some = slice(first, first + step, every)
        yield views[some][wanted[some]].astype(np.float64), values[some][wanted[some]].astype(np.float64)


def _terms(patches: Float64, level: float) -> Float64:
    """What is multiplied by the weights, and by the bias: ``(N, kh·kw + 1)``."""
    count = patches.shape[1] * patches.shape[2]
    terms = np.ones((len(patches), count + 1))
    terms[:, :-1] = patches.reshape(-1, count) - level
    return terms
