"""Filters as frozen data, and what can be known of their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32, as_float32
from convtool.errors import InputError

EXACT_BELOW = 2**24
"""Whole numbers up to here, and their sums, have no rounding in float32."""


@dataclass(frozen=True, eq=False, init=False)
class FilterBank:
    """One or several filters of one size.

    Parameters
    ----------
    weights
        ``(kh, kw)`` for one filter, ``(O, kh, kw)`` for O single-channel filters, or
        ``(O, I, kh, kw)``.
    bias
        A number for each filter, added to its response; 0 if not given.
    names
        A name for each filter.
    normalize
        ``"local"`` divides each response, before the bias, by the standard deviation of the window's
        values, so that brightness and contrast do not matter; a constant window gives 0.

    Attributes
    ----------
    weights
        Float32 ``(O, I, kh, kw)``, read-only.
    bias
        Float32 ``(O,)``, read-only.
    single
        Whether the weights were given 2-D: then a 2-D image has a 2-D result.

    Raises
    ------
    InputError
        Weights that are no finite numbers or have another rank; a count of biases or names that is
        not the count of filters.

    Examples
    --------
    >>> FilterBank([[1, 0], [0, 1]]).weights.shape
    (1, 1, 2, 2)
    """

    weights: Float32
    bias: Float32
    names: tuple[str, ...] | None
    normalize: Literal["local"] | None
    single: bool

    def __init__(
        self,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        normalize: Literal["local"] | None = None,
    ) -> None:
        values = as_float32("weights", weights)
        if values.ndim not in (2, 3, 4):
            raise InputError(
                f"weights have shape {values.shape}; use (kh, kw), (O, kh, kw) or (O, I, kh, kw)"
            )
        if 0 in values.shape:
            raise InputError(f"weights have shape {values.shape}; a filter holds at least one weight")
        spread = {2: (np.newaxis, np.newaxis), 3: (slice(None), np.newaxis), 4: ()}[values.ndim]
        weights_4d = values[spread].copy()
        filters = len(weights_4d)
        biases = (
            np.zeros(filters, np.float32) if bias is None else np.atleast_1d(as_float32("bias", bias)).copy()
        )
        if biases.shape != (filters,):
            raise InputError(
                f"bias has shape {biases.shape} for {filters} filter(s); give one number a filter"
            )
        for name, array in (("weights", weights_4d), ("bias", biases)):
            if not np.isfinite(array).all():
                place = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
                raise InputError(
                    f"{name} hold {array[place]} at {place}; every number must be finite in float32"
                )
            array.flags.writeable = False
        if names is not None and len(names) != filters:
            raise InputError(f"{len(names)} name(s) for {filters} filter(s); give one a filter, or none")
        if normalize not in (None, "local"):
            raise InputError(f"normalize is {normalize!r}; it can be 'local' or absent")
        object.__setattr__(self, "weights", weights_4d)
        object.__setattr__(self, "bias", biases)
        object.__setattr__(self, "names", None if names is None else tuple(names))
        object.__setattr__(self, "normalize", normalize)
        object.__setattr__(self, "single", values.ndim == 2)

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def in_channels(self) -> int:
        """Channels that each filter reads."""
        return int(self.weights.shape[1])

    @property
    def kernel_size(self) -> tuple[int, int]:
        """``(kh, kw)``."""
        return self.weights.shape[2], self.weights.shape[3]


@dataclass(frozen=True)
class KernelFacts:
    """What can be known of one kernel ``(kh, kw)``.

    Attributes
    ----------
    size
        ``(kh, kw)``.
    total
        Sum of the weights: the response to a constant image of ones.
    integer
        Every weight is a whole number: responses to whole numbers are whole.
    rank
        Rank of the matrix: how many separable kernels it is the sum of.
    factors
        ``(column, row)`` whose outer product is the kernel, if its rank is 1.
    symmetric
        Turning it by 180° changes nothing, so correlation and convolution agree.
    """

    size: tuple[int, int]
    total: float
    integer: bool
    rank: int
    factors: tuple[tuple[float, ...], tuple[float, ...]] | None
    symmetric: bool


def kernel_facts(kernel: Float32) -> KernelFacts:
    """Look at one kernel ``(kh, kw)``.

    Examples
    --------
    >>> sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    >>> kernel_facts(sobel).factors
    ((1.0, 2.0, 1.0), (-1.0, 0.0, 1.0))
    """
    exact = kernel.astype(np.float64)
    integer = bool(np.all(exact == np.rint(exact)))
    singular = np.linalg.svd(exact, compute_uv=False)
    resolution = np.finfo(np.float64 if integer else np.float32).eps
    rank = (
        int(np.sum(singular > singular.max() * max(kernel.shape) * resolution)) if singular.max() > 0 else 0
    )
    return KernelFacts(
        size=(kernel.shape[0], kernel.shape[1]),
        total=float(exact.sum()),
        integer=integer,
        rank=rank,
        factors=_factors(exact, integer) if rank == 1 else None,
        symmetric=bool(np.array_equal(kernel, kernel[::-1, ::-1])),
    )


def is_exact(bank: FilterBank, image: Float32) -> bool:
    """Whether convolving has no rounding at all: whole numbers and Σ|w|·max|x| + |b| < 2²⁴."""
    if bank.normalize or not all(np.all(a == np.rint(a)) for a in (bank.weights, bank.bias, image)):
        return False
    norms = np.abs(bank.weights).sum(axis=(1, 2, 3), dtype=np.float64) * np.abs(image).max()
    return bool((norms + np.abs(bank.bias)).max() < EXACT_BELOW)


def _factors(kernel: np.ndarray, integer: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Column and row of a rank-1 kernel: whole numbers if it is whole, else of equal peaks."""
    y, x = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    if integer:
        first = int(np.flatnonzero(np.any(kernel != 0, axis=1))[0])
        row = kernel[first] / np.gcd.reduce(kernel[first].astype(np.int64))
        column = kernel[:, x] / row[x]
    else:
        peak = np.sqrt(abs(kernel[y, x]))
        column = kernel[:, x] / peak
        row = kernel[y] / (peak * np.sign(kernel[y, x]))
    return tuple((column + 0.0).tolist()), tuple((row + 0.0).tolist())
