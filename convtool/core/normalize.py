"""Local normalisation: responses divided by how much the pixels under the window vary."""

from __future__ import annotations

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.shifts import windows_of
from convtool.core.stages import Slide


def divide_by_deviation(responses: Float32, strip: Float32, kernel_size: Pair, slide: Slide) -> None:
    """Divide ``responses`` in place by the standard deviation of each window; constant windows give 0.

    ``σ² = Σ(x − mean)² / n`` over all ``n`` values under the window, in float64, so that a constant
    window has exactly σ = 0.

    Parameters
    ----------
    responses
        ``(O, rows, columns)``.
    strip
        ``(C, h, w)``, padding included.
    """
    filters, rows, columns = responses.shape
    groups = slide.groups
    channels = len(strip) // groups
    for group in range(groups):
        seen = strip[group * channels : (group + 1) * channels]
        taps = windows_of(seen, kernel_size, slide, rows, columns)
        count = len(taps)
        mean = sum(taps, np.zeros((rows, columns))) / count
        variance = sum((np.square(tap - mean) for tap in taps), np.zeros((rows, columns))) / count
        deviation = np.sqrt(variance)
        mine = responses[group * filters // groups : (group + 1) * filters // groups]
        np.divide(mine, deviation, out=mine, where=deviation > 0)
        mine[:, deviation == 0] = 0
