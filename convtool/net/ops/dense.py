"""Dense layers: every value counts in every result."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.net.ops.base import Operation, Shape, by, frozen


@dataclass(frozen=True, eq=False)
class Dense(Operation):
    """``y = x · weightsᵀ + bias`` for vectors ``(N, K)``; weights ``(O, K)``, as in PyTorch."""

    kind: ClassVar[str] = "dense"

    weights: ArrayLike
    bias: ArrayLike | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", frozen("weights", self.weights, (2,)))
        if self.bias is not None:
            object.__setattr__(self, "bias", frozen("bias", self.bias, (1,)))
            biases, outputs = len(np.asarray(self.bias)), len(np.asarray(self.weights))
            if biases != outputs:
                raise InputError(f"bias has {biases} number(s) for {outputs} output(s); give one each")

    def shape(self, *inputs: Shape) -> Shape:
        """``(N, O)``."""
        outputs, values = np.asarray(self.weights).shape
        if len(inputs[0]) != 2 or inputs[0][1] != values:
            hint = "; put flatten before it" if len(inputs[0]) == 4 else ""
            raise InputError(f"it reads vectors of {values} values, its input is {by(inputs[0])}{hint}")
        return inputs[0][0], outputs

    def run(self, *inputs: Float32) -> Float32:
        """The results."""
        results: Float32 = inputs[0] @ np.asarray(self.weights).T
        if self.bias is not None:
            results += np.asarray(self.bias)
        return results

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Times the weights."""
        return (gradient @ np.asarray(self.weights),)

    def multiply_adds(self, output: Shape, *inputs: Shape) -> int:
        """One for every weight."""
        return inputs[0][0] * prod(np.asarray(self.weights).shape)

    def reach(self, *inputs: Shape) -> None:
        """All."""
