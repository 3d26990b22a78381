"""The registry of convolution algorithms: every entry gives the same numbers and takes the same tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from convtool.core.algorithms.taps import taps
from convtool.core.arrays import Float32
from convtool.core.geometry import Pair


class Algorithm(Protocol):
    """Correlate one padded strip with all filters."""

    def __call__(
        self, strip: Float32, weights: Float32, out: Float32, *, stride: Pair, dilation: Pair, groups: int
    ) -> None:
        """Write the responses, without bias, of ``weights`` on ``strip`` into ``out``.

        Parameters
        ----------
        strip
            ``(C, h, w)``, padding included.
        weights
            ``(O, C / groups, kh, kw)``.
        out
            ``(O, rows, columns)``; every value is overwritten.
        stride, dilation, groups
            As in `convtool.conv2d`.
        """


DEFAULT = "taps"
ALGORITHMS: Mapping[str, Algorithm] = {DEFAULT: taps}
