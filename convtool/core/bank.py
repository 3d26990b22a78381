"""Filters as frozen data, and what can be known of their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, as_float32, is_whole
from convtool.core.weighted_sum import Passes, WeightedSum
from convtool.errors import InputError

Factors = tuple[tuple[float, ...], tuple[float, ...]]
"""A column and a row whose outer product is a kernel, or a part of one."""

MOST_FACTORED_FILTERS, LARGEST_FACTORED = 256, 256
"""Filters, and the shorter side of a kernel, up to which factors are looked for."""

LARGEST_RANKED = 512
"""The shorter side of a kernel up to which its rank is found."""

HIGHEST_RANK = 4
"""Kernels of a higher rank are not split: their parts would cost what the kernel costs."""

MANY_WEIGHTS = 1024
"""Banks of more weights are not searched for weights that are alike."""

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

    @cached_property
    def facts(self) -> BankFacts:
        """What planning looks at."""
        return bank_facts(self)


@dataclass(frozen=True)
class BankFacts:
    """What planning looks at: sizes, and what is known of the weights.

    Attributes
    ----------
    filters, in_channels, kernel_size
        As in `FilterBank`.
    normalize
        Whether responses are normalised.
    whole
        Every weight is a whole number: responses to whole numbers are whole.
    adds, multiplies
        Passes that all filters take in sum, each weight a shifted copy of the image.
    factors
        For each filter its `separable_factors`; ``None`` if one has none, or finding them would take
        longer than they save.
    """

    filters: int
    in_channels: int
    kernel_size: tuple[int, int]
    normalize: bool
    whole: bool
    adds: int
    multiplies: int
    factors: tuple[tuple[Factors, ...], ...] | None

    @property
    def taps(self) -> int:
        """Weights of one filter."""
        return self.in_channels * self.kernel_size[0] * self.kernel_size[1]


def bank_facts(bank: FilterBank) -> BankFacts:
    """Look at the weights of a bank; small ones that were seen before are remembered."""
    if bank.weights.size > MANY_WEIGHTS:
        return _bank_facts(bank.weights, bank.normalize is not None)
    return _remembered_facts(bank.weights.tobytes(), bank.weights.shape, bank.normalize is not None)


@lru_cache(maxsize=256)
def _remembered_facts(weights: bytes, shape: tuple[int, ...], normalize: bool) -> BankFacts:
    return _bank_facts(np.frombuffer(weights, np.float32).reshape(shape), normalize)


def _bank_facts(weights: Float32, normalize: bool) -> BankFacts:
    passes = _passes(weights)
    factors: list[tuple[Factors, ...]] = []
    few = len(weights) <= MOST_FACTORED_FILTERS and min(weights.shape[2:]) <= LARGEST_FACTORED
    if few and weights.shape[1] == 1 and min(weights.shape[2:]) > 1:
        for kernel in weights[:, 0]:
            if (separable := separable_factors(kernel)) is None:
                break
            factors.append(separable)
    return BankFacts(
        filters=weights.shape[0],
        in_channels=weights.shape[1],
        kernel_size=(weights.shape[2], weights.shape[3]),
        normalize=normalize,
        whole=is_whole(weights),
        adds=passes.adds,
        multiplies=passes.multiplies,
        factors=tuple(factors) if len(factors) == len(weights) else None,
    )


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
        Rank of the matrix: how many separable kernels it is the sum of; ``None`` for kernels so large
        that finding it takes seconds.
    factors
        ``(column, row)`` whose outer product is the kernel, if its rank is 1.
    symmetric
        Turning it by 180° changes nothing, so correlation and convolution agree.
    """

    size: tuple[int, int]
    total: float
    integer: bool
    rank: int | None
    factors: Factors | None
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
    integer = is_whole(kernel)
    rank = _rank(exact, integer) if min(kernel.shape) <= LARGEST_RANKED else None
    return KernelFacts(
        size=(kernel.shape[0], kernel.shape[1]),
        total=float(exact.sum()),
        integer=integer,
        rank=rank,
        factors=_factors(exact, integer and np.abs(exact).max() < EXACT_BELOW) if rank == 1 else None,
        symmetric=bool(np.array_equal(kernel, kernel[::-1, ::-1])),
    )


def _rank(kernel: NDArray[np.float64], integer: bool) -> int:
    singular = np.linalg.svd(kernel, compute_uv=False)
    resolution = np.finfo(np.float64 if integer else np.float32).eps
    largest = singular.max()
    return int(np.sum(singular > largest * max(kernel.shape) * resolution)) if largest > 0 else 0


def separable_factors(kernel: Float32) -> tuple[Factors, ...] | None:
    """Columns and rows whose outer products sum up to the kernel ``(kh, kw)``; ``None`` if too many.

    Whole kernels have whole factors, so that nothing is rounded; others are met within float32.

    Examples
    --------
    >>> separable_factors(np.array([[1, 2], [-2, -4]], np.float32))
    (((1.0, -2.0), (1.0, 2.0)),)
    """
    return _separable_factors(kernel.tobytes(), kernel.shape)


@lru_cache(maxsize=256)
def _separable_factors(weights: bytes, shape: tuple[int, ...]) -> tuple[Factors, ...] | None:
    kernel: Float32 = np.frombuffer(weights, np.float32).reshape(shape)
    exact = kernel.astype(np.float64)
    if is_whole(kernel):
        countable = np.abs(exact).max() < EXACT_BELOW and np.linalg.matrix_rank(exact) == 1
        factors = [_factors(exact, integer=True)] if countable else []
    else:
        factors = _low_rank(exact)
    parts = (np.outer(np.array(column, np.float32), np.array(row, np.float32)) for column, row in factors)
    total = sum(parts, np.zeros_like(exact))
    allowed = 0.0 if is_whole(kernel) else 2 * float(np.abs(exact).max() * np.finfo(np.float32).eps)
    return tuple(factors) if np.abs(total - exact).max() <= allowed else None


def is_exact(bank: FilterBank, image: Float32) -> bool:
    """Whether convolving has no rounding at all: whole numbers and Σ|w|·max|x| + |b| < 2²⁴."""
    if bank.normalize or not all(map(is_whole, (bank.weights, bank.bias, image))):
        return False
    norms = np.abs(bank.weights).sum(axis=(1, 2, 3), dtype=np.float64) * max(image.max(), -image.min())
    return bool((norms + np.abs(bank.bias)).max() < EXACT_BELOW)


def may_overflow(bank: FilterBank, image: Float32) -> bool:
    """Whether a sum in whatever order might leave float32: Σ max(|w|, 1)·max|x| + |b| is not well within it.

    Values that share a weight are added before they are multiplied.
    """
    largest = float(np.finfo(np.float32).max) / 2
    brightest = max(float(image.max()), -float(image.min()))
    norms = np.maximum(np.abs(bank.weights), 1).sum(axis=(1, 2, 3), dtype=np.float64) * brightest
    return bool((norms + np.abs(bank.bias)).max() > largest)


def _passes(weights: Float32) -> Passes:
    """Passes of all filters; those of large banks are counted as if no two weights were alike."""
    if weights.size > MANY_WEIGHTS:
        used = int(np.count_nonzero(weights))
        return Passes(used, used)
    sums = [WeightedSum(kernels.ravel().tolist()).passes for kernels in weights]
    return Passes(sum(each.adds for each in sums), sum(each.multiplies for each in sums))


def _low_rank(kernel: NDArray[np.float64]) -> list[Factors]:
    """Factors by singular values; those below what float32 resolves are left out."""
    columns, singular, rows = np.linalg.svd(kernel, full_matrices=False)
    rank = int(np.sum(singular > singular[0] * np.finfo(np.float32).eps))
    if rank > HIGHEST_RANK:
        return []
    peaks = np.sqrt(singular)
    return [(_mirrored(columns[:, r] * peaks[r]), _mirrored(rows[r] * peaks[r])) for r in range(rank)]


def _mirrored(factor: NDArray[np.float64]) -> tuple[float, ...]:
    """In float32; a factor that is symmetric or antisymmetric but for rounding is made so."""
    for sign in (1, -1):
        even = (factor + sign * factor[::-1]) / 2
        if np.abs(even - factor).max() <= 1e-6 * np.abs(factor).max():
            factor = even
    return tuple(factor.astype(np.float32).tolist())


def _factors(kernel: NDArray[np.float64], integer: bool) -> Factors:
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
