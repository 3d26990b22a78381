"""The scores that a network gives to classes: their names, and the probabilities they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.errors import InputError
from convtool.net.network import Network
from convtool.net.ops import Dropout, Flatten, Identity, Reshape, Softmax
from convtool.net.ops.base import by

_KEEPS_VALUES = (Dropout, Flatten, Identity, Reshape)


def class_names(network: Network, size: Pair) -> tuple[str, ...]:
    """A name for each score, as a network gives them for images of a size: its own, or numbers from 0.

    Raises
    ------
    InputError
        The first output is no vector of scores.
    """
    name = network.outputs[0]
    shape = network.shapes(size)[name]
    if len(shape) < 2 or prod(shape[2:]) != 1:
        raise InputError(f"its first output {name!r} is {by(shape[1:])}, not a score for each class")
    return network.classes or tuple(map(str, range(shape[1])))


def check_scores(scores: Float32, names: Sequence[str] | None = None, what: str = "its scores") -> None:
    """Refuse scores ``(N, K)`` that are no finite numbers, and name the image, where there are several."""
    unsound = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if unsound.size:
        whose = "" if names is None else f"image {names[unsound[0]]}: "
        raise InputError(
            f"{whose}{what} hold NaN or infinity; the numbers on the way are too large for float32"
        )


def class_probabilities(network: Network, scores: Float32) -> NDArray[np.float64]:
    """What the scores ``(N, K)`` of a network stand for: themselves after a softmax, else their softmax."""
    values = scores.astype(np.float64)
    if final_softmax(network) is not None:
        return values
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def final_softmax(network: Network) -> str | None:
    """The name of the softmax that the first output is, in whatever shape, if it is one."""
    name = network.outputs[0]
    while name != network.input.name:
        layer = network[name]
        if not isinstance(layer.operation, _KEEPS_VALUES):
            return name if isinstance(layer.operation, Softmax) else None
        name = layer.inputs[0]
    return None
