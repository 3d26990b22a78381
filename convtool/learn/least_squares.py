"""Equations of all windows of a picture, solved by least squares, or to where all values round right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair

Float64 = NDArray[np.float64]

MOST_WINDOWS, MOST_PRODUCTS = 2**20, 2**34
"""Windows, and products of their values, that are summed; of larger pictures rows are taken evenly."""

PIECE_VALUES = 2**22
"""Values of windows that are summed at a time."""

MOST_SEARCHED, SEARCHED_VALUES = 2**15, 2**22
"""Windows, and values of them, that are looked at to tell how a picture was moved."""

HALF = 0.5 + 5e-4
"""How far a response may be from the whole number it is rounded to, the rounding of float32 included."""

ROUNDS, NEAREST, REMEMBERED = 20, 8, 32
"""Of looking for responses that round wrong; how many are looked at in each, for each weight; and how
many of their limits are kept from round to round, those with the least room."""

NEWTON_STEPS, SHARPEST = 50, 1e4
"""Steps in which weights are moved to where these round right; the last leave 1/10⁴ of room unused."""

NEGLIGIBLE = 1e-12
"""The share of the largest variance below which a direction of the weights leaves no trace."""


class Fit(NamedTuple):
    """Weights ``(kh, kw)`` and bias, the weights' errors, the variance explained, the number of equations."""

    weights: Float64
    bias: float
    errors: Float64
    explained: float
    windows: int


def least_squares(seen: Float32, values: Float32, wanted: NDArray[np.bool_], kernel: Pair) -> Fit:
    """Weights and bias by the normal equations; what the picture leaves open has an infinite error.

    Parameters
    ----------
    seen
        ``(H, W)``; the windows ``(kh, kw)`` over it are as many as there are values.
    values
        ``(H', W')``: what became of each window.
    wanted
        Which of them are equations.
    """
    count = kernel[0] * kernel[1]
    level, mean = np.rint(seen.mean(dtype=np.float64)), values[wanted].mean(dtype=np.float64)
    gram, target = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    squares, windows = 0.0, 0
    for patches, results in _equations(seen, values, wanted, kernel):
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
    inverse, directions = _inverse(covariance)
    known = inverse > 0
    weights = directions @ (inverse * (directions.T @ moments))
    left = max(variation - weights @ moments, 0.0)
    noise = left / max(1.0, windows - count - 1)
    errors = np.sqrt(noise * (np.square(directions) @ inverse))
    errors[np.square(directions[:, ~known]).sum(axis=1) > NEGLIGIBLE] = np.inf
    bias = mean + target[-1] / windows - weights @ (sums + level)
    explained = 1 - left / variation if variation > 0 else 0.0
    return Fit(weights.reshape(kernel), float(bias), errors.reshape(kernel), float(explained), windows)


def likeliest_move(
    before: Float32, after: Float32, kernel: Pair, origin: Pair, moves: Sequence[Pair]
) -> Pair:
    """The move of the picture after that lets a filter explain most of it.

    The windows are the same for all moves, those that have a value whatever the move, or a sample of
    them; so the normal equations are set up once.

    Parameters
    ----------
    origin
        Where the window of a value begins beside it, if nothing moved.
    moves
        Rows and columns.
    """
    farthest = [max(abs(move[axis]) for move in moves) for axis in (0, 1)]
    inside = [
        np.arange(max(0, o + far), min(n - k, m - 1 + o - far) + 1)
        for n, m, k, o, far in zip(before.shape, after.shape, kernel, origin, farthest, strict=True)
    ]
    count = kernel[0] * kernel[1]
    enough = min(MOST_SEARCHED, SEARCHED_VALUES // max(count, len(moves)))
    every = max(1, inside[0].size * inside[1].size // enough)
    if inside[0].size * inside[1].size <= count:
        return 0, 0
    rows, columns = (places.ravel()[::every] for places in np.meshgrid(*inside, indexing="ij"))
    patches = sliding_window_view(before, kernel)[rows, columns].reshape(-1, count).astype(np.float64)
    patches -= patches.mean(axis=0)
    values = np.stack(
        [after[rows - origin[0] + down, columns - origin[1] + right] for down, right in moves], axis=1
    ).astype(np.float64)
    values -= values.mean(axis=0)
    inverse, directions = _inverse(patches.T @ patches)
    along = directions.T @ (patches.T @ values)
    variations = np.square(values).sum(axis=0)
    explained = (inverse[:, np.newaxis] * np.square(along)).sum(axis=0) / np.maximum(variations, 1e-300)
    return moves[int(explained.argmax())]


def _inverse(covariance: Float64) -> tuple[Float64, Float64]:
    """Inverse variances along the principal directions, 0 where there is none; the directions as columns."""
    spectrum, directions = np.linalg.eigh(covariance)
    known = spectrum > NEGLIGIBLE * max(spectrum[-1], 1e-300)
    return np.divide(1, spectrum, out=np.zeros(len(spectrum)), where=known), directions


def within_rounding(fit: Fit, seen: Float32, values: Float32, ends: tuple[float, float]) -> Fit:
    """Weights and bias with which every response rounds to its whole value, or the fit if there are none.

    That leaves far less room than the least squares of the rounding. Of all inequalities
    ``|error| ≤ ½`` those that were farthest off are solved, until none of the others is violated.
    Values at either of the ``ends`` may have been clipped to it; their responses may lie beyond.
    """
    count = fit.weights.size + 1
    level = np.rint(seen.mean(dtype=np.float64))
    solution = np.append(fit.weights.ravel(), fit.bias + level * fit.weights.sum())
    everywhere = np.ones(values.shape, np.bool_)
    rows, limits = np.empty((0, count)), np.empty(0)
    for _ in range(ROUNDS):
        worst = np.empty((0, count + 3))  # excess, lower and upper limit, terms
        for patches, results in _equations(seen, values, everywhere, fit.weights.shape):
            terms = _terms(patches, level)
            lower = np.where(results == ends[0], -np.inf, results - HALF)
            upper = np.where(results == ends[1], np.inf, results + HALF)
            excess = np.maximum(terms @ solution - upper, lower - terms @ solution)
            worst = np.concatenate([worst, np.column_stack([excess, lower, upper, terms])])
            worst = worst[np.argsort(-worst[:, 0])[: NEAREST * count]]
        if worst[0, 0] <= 0:
            weights = solution[:-1].reshape(fit.weights.shape)
            return fit._replace(weights=weights, bias=float(solution[-1] - level * weights.sum()))
        rows = np.concatenate([rows, worst[:, 3:], -worst[:, 3:]])
        limits = np.concatenate([limits, worst[:, 2], -worst[:, 1]])
        rows, limits = rows[np.isfinite(limits)], limits[np.isfinite(limits)]
        solution = _inside(rows, limits, solution)
        room = limits - rows @ solution
        if room.min() < 0:
            break  # these alone cannot all be right
        near = np.sort(np.argsort(room)[: REMEMBERED * count])
        rows, limits = rows[near], limits[near]
    return fit


def _inside(rows: Float64, limits: Float64, start: Float64) -> Float64:
    """The point that is farthest inside of ``rows @ point ≤ limits``, or least outside.

    The largest of ``rows @ point − limits`` is made small by Newton's method with a logarithmic barrier.

    References
    ----------
    Boyd and Vandenberghe, "Convex Optimization", 2004, section 11.4.
    """
    rows = np.column_stack([rows, -np.ones(len(rows))])
    point = np.append(start, (rows[:, :-1] @ start - limits).max() + 1)
    sharpness = float(len(rows))
    for _ in range(NEWTON_STEPS):
        if sharpness > SHARPEST * len(rows):
            break
        nearness = 1 / (limits - rows @ point)
        gradient = rows.T @ nearness
        gradient[-1] += sharpness
        step = np.linalg.lstsq((rows * np.square(nearness)[:, np.newaxis]).T @ rows, -gradient)[0]
        # At most nearly to the first limit in the way.
        point += min(1.0, 0.9 / max((rows @ step * nearness).max(), 1e-300)) * step
        if -gradient @ step < 1:
            sharpness *= 10
    return point[:-1]


def _equations(
    seen: Float32, values: Float32, wanted: NDArray[np.bool_], kernel: tuple[int, ...]
) -> Iterator[tuple[Float64, Float64]]:
    """Windows ``(N, kh, kw)`` and what became of them ``(N,)``, a few of the rows that hold any at a time."""
    views = sliding_window_view(seen, kernel)
    count = kernel[0] * kernel[1]
    most = min(MOST_WINDOWS, max(4 * count, MOST_PRODUCTS // count**2))
    every = max(1, -(-np.count_nonzero(wanted) // most))
    rows = np.flatnonzero(wanted.any(axis=1))[::every]
    step = max(1, PIECE_VALUES // (values.shape[1] * count))
    for first in range(0, len(rows), step):
        some = rows[first : first + step]
        row, column = np.nonzero(wanted[some])
        yield views[some[row], column].astype(np.float64), values[some[row], column].astype(np.float64)


def _terms(patches: Float64, level: float) -> Float64:
    """What is multiplied by the weights, and by the bias: ``(N, kh·kw + 1)``."""
    count = patches.shape[1] * patches.shape[2]
    terms = np.ones((len(patches), count + 1))
    terms[:, :-1] = patches.reshape(-1, count) - level
    return terms
