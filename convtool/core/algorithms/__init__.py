"""The registry of convolution algorithms: every entry gives the same numbers and takes the same tests."""

from __future__ import annotations

from collections.abc import Mapping

from convtool.core.algorithms.base import Algorithm
from convtool.core.algorithms.depthwise import DEPTHWISE
from convtool.core.algorithms.fft import FFT
from convtool.core.algorithms.im2col import IM2COL
from convtool.core.algorithms.pointwise import POINTWISE
from convtool.core.algorithms.separable import SEPARABLE
from convtool.core.algorithms.taps import TAPS
from convtool.core.algorithms.toeplitz import TOEPLITZ
from convtool.core.algorithms.winograd import WINOGRAD

ALGORITHMS: Mapping[str, Algorithm] = {
    "taps": TAPS,
    "separable": SEPARABLE,
    "toeplitz": TOEPLITZ,
    "im2col": IM2COL,
    "winograd": WINOGRAD,
    "pointwise": POINTWISE,
    "depthwise": DEPTHWISE,
    "fft": FFT,
}
