"""Which filter made one picture out of another: least squares over all windows, in closed form.

For every window that the filter saw whole, ``after = Σ w·before + b`` is one equation in the weights
``w`` and the bias ``b``; there are far more of them than weights. Values at the ends of a clipped
range are no equations and are left out. The normal equations are summed in float64, a few rows at a
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, as_planes, is_whole
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.core.geometry import Pair, Sizes, pair
from convtool.errors import InputError

Float64 = NDArray[np.float64]

MOST_WINDOWS = 2**20
"""Windows that are looked at; of larger pictures rows are taken evenly."""

PIECE_VALUES = 2**22
"""Values of windows that are summed at a time."""

MOST_WEIGHTS = 4096
"""Weights up to which the normal equations are solved."""

POOR_FIT = 0.05
"""The share of the variance left over from which on the picture may have been moved."""

LARGEST_DIVISOR = 1024
"""Weights are looked for among whole numbers divided by up to this."""

NEWTON_STEPS = 20
"""Steps in which weights are moved to where all responses round right."""

RESOLVED = 1e-6
"""Rounding of a response, in units of its value."""

NEGLIGIBLE = 1e-12
"""The share of the largest variance below which a direction of the weights leaves no trace."""

UNDETERMINED = 0.05
"""The error of a weight, as a share of the largest weight, from which on it is not determined."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """A filter that turns one picture into another, and how sure it is.

    Attributes
    ----------
    bank
        Weights and bias.
    divisor
        The weights times this are whole numbers, if ``exact``.
    errors
        ``(kh, kw)``: the standard error of each weight.
    residual
        Root mean square of what the filter does not explain, in units of the picture after.
    explained
        The share of that picture's variance that the filter explains, from 0 to 1.
    exact
        Whether the filter gives every value back, as far as the picture after resolves it.
    determined
        Whether the pictures leave no other filter: no error reaches 5 % of the largest weight.
    shift
        Rows and columns by which the picture after is moved against the place where the window's
        middle would put it.
    clipped
        How many of its values lie at the lower, and at the upper end of a range they were clipped to.
    windows
        How many windows were equations.
    """

    bank: FilterBank
    divisor: int
    errors: Float64
    residual: float
    explained: float
    exact: bool
    determined: bool
    shift: Pair
    clipped: Pair
    windows: int


def recover_filter(before: ArrayLike, after: ArrayLike, size: Sizes) -> Recovery:
    """Find the filter of a size that turns one picture into another.

    Parameters
    ----------
    before
        ``(H, W)``
    after
        ``(H', W')``: as large as ``before``, or smaller by the window less 1 (no padding).
    size
        Of the filter: an integer or ``(y, x)``.

    Returns
    -------
    Recovery
        ``w = argmin Σ (after − Σ w·before − b)²``, as whole numbers, perhaps with a divisor, if these
        give the picture back.

    Raises
    ------
    ArgumentError
        A size that is none.
    InputError
        Sizes that no such filter makes of each other, or a picture without contrast.

    References
    ----------
    Standard errors: ``σ²·(XᵀX)⁻¹``, as in Hastie, Tibshirani and Friedman, "The Elements of
    Statistical Learning", 2009, section 3.2.

    Examples
    --------
    >>> before = np.random.default_rng(0).integers(0, 256, (32, 32))
    >>> after = feature_maps(before, FilterBank([[1, 0, -1], [2, 0, -2], [1, 0, -1]]), relu=False)
    >>> recover_filter(before, after, 3).bank.weights[0, 0].tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    """
    kernel = pair("size", size)
    if kernel[0] * kernel[1] > MOST_WEIGHTS:
        raise InputError(f"size is {kernel[0]}×{kernel[1]}; at most {MOST_WEIGHTS} weights can be solved for")
    pictures = _plane("before", before), _plane("after", after)
    origin, moves = _alignments(*pictures, kernel)
    best = _recovered(*pictures, kernel, origin, (0, 0))
    if best is None or 1 - best.explained > POOR_FIT:
        others = (_recovered(*pictures, kernel, origin, move) for move in moves)
        best = max(
            (fit for fit in (best, *others) if fit is not None), key=lambda fit: fit.explained, default=None
        )
    if best is None:
        raise InputError(
            f"the pictures have too few cells for {kernel[0] * kernel[1]} weights; use larger pictures or a "
            "smaller size"
        )
    return best


class _Fit(NamedTuple):
    """Weights ``(kh, kw)`` and bias, the standard errors of the weights, and the variance explained."""

    weights: Float64
    bias: float
    errors: Float64
    explained: float


def _recovered(before: Float32, after: Float32, kernel: Pair, origin: Pair, move: Pair) -> Recovery | None:
    """The filter, if the picture after was moved by some rows and columns; ``None`` for too few cells."""
    seen, values = _overlap(before, after, kernel, (origin[0] - move[0], origin[1] - move[1]))
    if values.size <= kernel[0] * kernel[1] + 1:
        return None
    ends = values.min(), values.max()
    free = (values > ends[0]) & (values < ends[1])
    if np.count_nonzero(free) <= kernel[0] * kernel[1] + 1:
        free = np.ones(values.shape, np.bool_)
    fit = _least_squares(seen, values, free, kernel)
    for candidate in _candidates(fit, seen, values, free):
        bank, divisor = candidate
        responses = feature_maps(seen, bank, relu=False)
        if exact := _is_given_back(responses, seen, values, bank):
            break
    return Recovery(
        bank=bank,
        divisor=divisor,
        errors=fit.errors,
        residual=float(np.sqrt(np.square((values - responses)[free], dtype=np.float64).mean())),
        explained=fit.explained,
        exact=exact,
        determined=bool(fit.errors.max() < UNDETERMINED * np.abs(fit.weights).max()),
        shift=move,
        clipped=(
            int(
                np.count_nonzero(
                    (values == ends[0]) & (responses < ends[0] - _resolution(seen, values, bank))
                )
            ),
            int(
                np.count_nonzero(
                    (values == ends[1]) & (responses > ends[1] + _resolution(seen, values, bank))
                )
            ),
        ),
        windows=int(np.count_nonzero(free)),
    )


def _least_squares(seen: Float32, values: Float32, free: NDArray[np.bool_], kernel: Pair) -> _Fit:
    """Weights and bias by the normal equations; what the pictures leave open has an infinite error."""
    count = kernel[0] * kernel[1]
    level, mean = np.rint(seen.mean(dtype=np.float64)), values[free].mean(dtype=np.float64)
    gram, target = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    squares = windows = 0.0
    for patches, results in _equations(seen, values, free, kernel):
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
    return _Fit(weights.reshape(kernel), float(bias), errors.reshape(kernel), float(explained))


def _within_rounding(fit: _Fit, seen: Float32, values: Float32) -> _Fit:
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
        for patches, results in _equations(seen, values, everywhere, fit.weights.shape):
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
    seen: Float32, values: Float32, wanted: NDArray[np.bool_], kernel: tuple[int, ...]
) -> Iterator[tuple[Float64, Float64]]:
    """Windows ``(N, kh, kw)`` and what became of them ``(N,)``, a few rows at a time."""
    views = sliding_window_view(seen, kernel)
    rows, columns = values.shape
    every = max(1, rows * columns // MOST_WINDOWS)
    step = every * max(1, PIECE_VALUES // (columns * kernel[0] * kernel[1]))
    for first in range(0, rows, step):
        some = slice(first, first + step, every)
        yield views[some][wanted[some]].astype(np.float64), values[some][wanted[some]].astype(np.float64)


def _terms(patches: Float64, level: float) -> Float64:
    """What is multiplied by the weights, and by the bias: ``(N, kh·kw + 1)``."""
    terms = np.ones((len(patches), patches[0].size + 1))
    terms[:, :-1] = patches.reshape(len(patches), -1) - level
    return terms


def _candidates(
    fit: _Fit, seen: Float32, values: Float32, free: NDArray[np.bool_]
) -> Iterator[tuple[FilterBank, int]]:
    """Filters that may give the picture back, the plainest first, and the divisor of their weights."""
    whole = _as_whole_numbers(fit, seen, values, free)
    if whole is not None:
        yield whole
    if is_whole(values):
        fit = _within_rounding(fit, seen, values)
    yield FilterBank(fit.weights, fit.bias), 1


def _as_whole_numbers(
    fit: _Fit, seen: Float32, values: Float32, free: NDArray[np.bool_]
) -> tuple[FilterBank, int] | None:
    """Whole weights, perhaps over a common divisor, that are within the errors of those fitted."""
    allowed = 4 * fit.errors.max() + 1e-5 * np.abs(fit.weights).max()
    for divisor in range(1, LARGEST_DIVISOR + 1):
        if allowed * divisor > 0.25:
            return None  # any number would do
        whole = np.rint(fit.weights * divisor) + 0.0  # never -0
        if np.abs(fit.weights * divisor - whole).max() <= allowed * divisor and whole.any():
            weights = whole / divisor
            response = feature_maps(seen, FilterBank(weights), relu=False)
            bias = float((values - response)[free].mean(dtype=np.float64))
            nearest = round(bias * 2) / 2
            return FilterBank(weights, nearest if abs(bias - nearest) < 0.1 else bias), divisor
    return None


def _is_given_back(responses: Float32, seen: Float32, values: Float32, bank: FilterBank) -> bool:
    """Whether the responses are the values, up to rounding and clipping."""
    off = np.abs(np.clip(responses, values.min(), values.max()) - values)
    return bool(off.max() <= _resolution(seen, values, bank))


def _resolution(seen: Float32, values: Float32, bank: FilterBank) -> float:
    """How far a response may be from its value: half a unit if that is whole, else float32's rounding."""
    if is_whole(values):
        return 0.5 + 1e-3
    return 1e-6 * float(np.abs(bank.weights).sum() * max(seen.max(), -seen.min()))


def _alignments(before: Float32, after: Float32, kernel: Pair) -> tuple[Pair, list[Pair]]:
    """Where the window of the first value begins, and how else the picture after may have been moved."""
    if after.shape == before.shape:
        down, across = (range(-(k // 2), k // 2 + 1) for k in kernel)
        moves = [(dy, dx) for dy, dx in product(down, across) if (dy, dx) != (0, 0)]
        return (-((kernel[0] - 1) // 2), -((kernel[1] - 1) // 2)), moves
    expected = tuple(n - k + 1 for n, k in zip(before.shape, kernel, strict=True))
    if after.shape == expected:
        return (0, 0), []
    told = [f"{n}×{m}" for n, m in (before.shape, after.shape, expected)]
    smaller = [n - m + 1 for n, m in zip(before.shape, after.shape, strict=True)]
    hint = f"; a size of {smaller[0]},{smaller[1]} would fit them" if min(smaller) >= 1 else ""
    raise InputError(
        f"before is {told[0]} and after {told[1]}; a filter of {kernel[0]}×{kernel[1]} makes {told[0]} with "
        f"padding, or {told[2]} without{hint}"
    )


def _overlap(before: Float32, after: Float32, kernel: Pair, origin: Pair) -> tuple[Float32, Float32]:
    """The cells after whose windows lie wholly in the picture before, and what these windows cover."""
    values, seen = [], []
    for n, m, k, o in zip(before.shape, after.shape, kernel, origin, strict=True):
        first, stop = max(0, -o), min(m, n - k + 1 - o)
        values.append(slice(first, stop))
        seen.append(slice(first + o, stop + o + k - 1))
    return before[tuple(seen)], after[tuple(values)]


def _plane(name: str, picture: ArrayLike) -> Float32:
    planes = as_planes(name, picture)
    if planes.values.shape[:2] != (1, 1):
        raise InputError(f"{name} has shape {planes.values.shape}; give one plane (H, W)")
    plane: Float32 = planes.values[0, 0]
    if not np.isfinite(plane).all():
        raise InputError(f"{name} holds NaN or infinity; a filter cannot be recovered from it")
    if plane.min() == plane.max():
        raise InputError(f"{name} is {plane.flat[0]:g} everywhere; it tells nothing about a filter")
    return plane
