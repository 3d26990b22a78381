"""Which filter made one picture out of another: least squares over all windows, in closed form.

For every window that the filter saw whole, ``after = Σ w·before + b`` is one equation in the weights
``w`` and the bias ``b``; there are far more of them than weights. Values at the ends of a clipped
range are no equations and are left out, unless too few others are left. The normal equations are
summed in float64, a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32, as_planes, is_whole
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.core.geometry import Pair, Sizes, pair
from convtool.errors import InputError, LimitError
from convtool.learn.least_squares import Fit, Float64, least_squares, likeliest_move, within_rounding

MOST_WEIGHTS = 1024
"""Weights up to which the normal equations are solved."""

RESOLVES_HALVES = 2**23
"""The float32 from which on a half more is no other number."""

LARGEST_DIVISOR = 1024
"""Weights are looked for among whole numbers divided by up to this."""

MOVED = 0.5
"""The share of what no filter in place explains that a moved picture may leave unexplained."""

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
        Root mean square of the errors of the equations, in units of the picture after.
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
        How many windows were equations: those whose value lies between the ends of the range, or all
        where these are too few.
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
        give the picture back. Of pictures of one size the second counts as moved if that alone gives
        it back, or leaves less than half of the variance unexplained that it has in its place.

    Raises
    ------
    ArgumentError
        A size that is none.
    LimitError
        A size of more than 1024 weights.
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
    kernel = kernel_of(size)
    pictures = _plane("before", before), _plane("after", after)
    origin, moves = _alignments(*pictures, kernel)
    found = _recovered(_Pair(*pictures, kernel, origin), (0, 0))
    if moves and not found.exact:
        move = likeliest_move(*pictures, kernel, origin, moves)
        moved = _recovered(_Pair(*pictures, kernel, (origin[0] - move[0], origin[1] - move[1])), move)
        if moved.exact or 1 - moved.explained < MOVED * (1 - found.explained):
            return moved
    return found


def kernel_of(size: Sizes) -> Pair:
    """The size of a filter as ``(y, x)``, if it can be solved for."""
    height, width = pair("size", size)
    if height * width > MOST_WEIGHTS:
        raise LimitError(
            f"size is {height}×{width}, which is {height * width} weights; at most {MOST_WEIGHTS} can be "
            "solved for, use a smaller size"
        )
    return height, width


class _Pair:
    """The cells of both pictures that belong together, if each value's window begins ``origin`` beside it.

    Attributes
    ----------
    seen, values
        What the windows cover, and what became of them.
    ends
        The range that responses may have been clipped to, the values' own.
    free
        The values that are equations, those between the ends. Where these are too few all are, and
        nothing counts as clipped.
    rounded
        Whether they are whole numbers, to which responses were rounded.
    """

    def __init__(self, before: Float32, after: Float32, kernel: Pair, origin: Pair) -> None:
        self._kernel = kernel
        self.seen, self.values = _overlap(before, after, kernel, origin)
        unknowns = kernel[0] * kernel[1] + 1
        if self.values.size <= unknowns:
            raise InputError(
                f"the pictures have {self.values.size} whole windows for {unknowns - 1} weights and a bias; "
                "use larger pictures or a smaller size"
            )
        low, high = float(self.values.min()), float(self.values.max())
        self.ends = low, high
        self.free = (self.values > low) & (self.values < high)
        if np.count_nonzero(self.free) <= unknowns:
            self.ends, self.free = (-np.inf, np.inf), np.ones(self.values.shape, np.bool_)
        self.rounded = is_whole(self.values) and max(-low, high) < RESOLVES_HALVES

    def fit(self) -> Fit:
        """The least squares of the free values."""
        return least_squares(self.seen, self.values, self.free, self._kernel)

    def responses(self, bank: FilterBank) -> Float32:
        """What a filter makes of the picture before."""
        return feature_maps(self.seen, bank, relu=False)

    def resolution(self, bank: FilterBank) -> float:
        """How far a response may be from its value: half a unit if that is whole, else float32's rounding."""
        if self.rounded:
            return 0.5 + 1e-3
        return 1e-6 * float(np.abs(bank.weights).sum() * max(self.seen.max(), -self.seen.min()))


def _recovered(pair: _Pair, move: Pair) -> Recovery:
    """The first of the candidates that gives every value back, or the last."""
    fit = pair.fit()
    for bank, divisor in _candidates(pair, fit):
        responses, resolution = pair.responses(bank), pair.resolution(bank)
        clipped = np.clip(responses, *pair.ends)
        found = bank, divisor, bool(np.abs(clipped - pair.values).max() <= resolution)
        if found[2]:
            break
    bank, divisor, exact = found
    errors = responses[pair.free] - pair.values[pair.free]
    below = (pair.values == pair.ends[0]) & (responses < pair.ends[0] - resolution)
    above = (pair.values == pair.ends[1]) & (responses > pair.ends[1] + resolution)
    return Recovery(
        bank=bank,
        divisor=divisor,
        errors=fit.errors,
        residual=float(np.sqrt(np.square(errors, dtype=np.float64).mean())),
        explained=fit.explained,
        exact=exact,
        determined=bool(fit.errors.max() < UNDETERMINED * np.abs(fit.weights).max()),
        shift=move,
        clipped=(int(np.count_nonzero(below)), int(np.count_nonzero(above))),
        windows=fit.windows,
    )


def _candidates(pair: _Pair, fit: Fit) -> Iterator[tuple[FilterBank, int]]:
    """Filters that may give the picture back, the plainest first, and the divisor of their weights."""
    yield from _as_whole_numbers(pair, fit)
    if pair.rounded:
        fit = within_rounding(fit, pair.seen, pair.values, pair.ends)
    yield FilterBank(fit.weights, fit.bias), 1


def _as_whole_numbers(pair: _Pair, fit: Fit) -> Iterator[tuple[FilterBank, int]]:
    """Whole weights, perhaps over a common divisor, that are within the errors of those fitted.

    With the nearest bias that is whole or a half, and with the one that fits best.
    """
    allowed = 4 * fit.errors.max() + 1e-5 * np.abs(fit.weights).max()
    for divisor in range(1, LARGEST_DIVISOR + 1):
        if allowed * divisor > 0.25:
            return  # any number would do
        whole = np.rint(fit.weights * divisor) + 0.0  # never -0
        if np.abs(fit.weights * divisor - whole).max() <= allowed * divisor and whole.any():
            weights = whole / divisor
            left = pair.values - pair.responses(FilterBank(weights))
            bias = float(left[pair.free].mean(dtype=np.float64))
            yield FilterBank(weights, round(bias * 2) / 2), divisor
            yield FilterBank(weights, bias), divisor
            return


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
    fits = min(smaller) >= 1 and smaller[0] * smaller[1] <= MOST_WEIGHTS
    hint = (
        f"a size of {smaller[0]},{smaller[1]} would fit them" if fits else "bring after to one of these sizes"
    )
    raise InputError(
        f"before is {told[0]} and after {told[1]}; a filter of {kernel[0]}×{kernel[1]} makes {told[0]} with "
        f"padding, or {told[2]} without; {hint}"
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
        raise InputError(f"{name} holds NaN or infinity; put finite numbers in their place")
    if plane.min() == plane.max():
        raise InputError(
            f"{name} is {plane.flat[0]:g} everywhere and tells nothing about a filter; give a picture of "
            "different values"
        )
    return plane
