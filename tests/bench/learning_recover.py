"""Every built-in filter up to 11×11, recovered from a photograph and what the filter made of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool import conv2d
from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.io.filters import builtin_names, read_filter
from convtool.learn.recover import recover_filter
from tests.bench.figures import Figure
from tests.bench.photographs import gray

LARGEST = 11


def figures(quick: bool) -> Iterator[Figure]:
    """Shares of kernels that come back: exactly from responses, within 1 % from clipped 8-bit pictures."""
    for name in ("camera",) if quick else ("camera", "coins"):
        picture = gray(name)
        kernels = [
            (f"{builtin}-{number}", kernel)
            for builtin in builtin_names()[: 5 if quick else None]
            for number, kernel in enumerate(read_filter(builtin).bank.weights[:, 0], 1)
            if max(kernel.shape) <= LARGEST
        ]
        exact, close, silent = [], [], []
        for label, kernel in kernels:
            response = conv2d(picture, kernel)
            off = _error(picture, response, kernel)
            exact.append(off == 0 if np.array_equal(kernel, np.rint(kernel)) else off < 1e-6)
            codes = np.clip(np.rint(response), 0, 255)
            try:
                close.append(_error(picture, codes, kernel) <= 0.01)
            except InputError:
                silent.append(label)
        yield Figure(f"{name}, {len(kernels)} kernels, exact from the response", float(np.mean(exact)), 1)
        yield Figure(f"{name}, within 1 % from 8 bits, clipped", float(np.mean(close)), 1)
        yield Figure(f"{name}, 8 bits too clipped to tell: {', '.join(silent) or 'none'}", len(silent))


def _error(before: Float32, after: Float32, kernel: Float32) -> float:
    """The largest error of a weight, as a share of the largest weight."""
    recovered = recover_filter(before, after, kernel.shape).bank.weights[0, 0]
    return float(np.abs(recovered - kernel).max() / np.abs(kernel).max())
