"""What training knows of a kind of layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.net.ops.base import Operation
from convtool.net.training.tape import Tape, Values, Written


class Learned(NamedTuple):
    """Numbers that a layer learns.

    Attributes
    ----------
    values
        Where learning starts.
    decays
        Which of them weight decay draws towards 0: weights, but no biases; all or none if one flag.
    """

    values: Float32
    decays: bool | NDArray[np.bool_] = False


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a layer reads and writes while it is trained, each by its name.

    Attributes
    ----------
    learned
        Its numbers.
    gradients
        Where their gradients go.
    measured
        What it measures of the values that pass.
    """

    learned: Mapping[str, Values]
    gradients: Mapping[str, Values]
    measured: Mapping[str, Values]


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Attributes
    ----------
    write
        Adds the forward calls; told whether it may write over its first input.
    learned
        The numbers that it learns.
    measured
        Those that it measures.
    replaced
        The same layer with others of both.
    """

    write: Callable[[Tape, str, Any, list[Values], Arrays, bool], Written]
    learned: Callable[[Any], dict[str, Learned]] = lambda operation: {}
    measured: Callable[[Any], dict[str, Float32]] = lambda operation: {}
    replaced: Callable[[Any, Mapping[str, Float32]], Operation] = lambda operation, arrays: operation
