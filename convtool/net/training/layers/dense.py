"""Dense layers: one product, and its two derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.ops.dense import Dense
from convtool.net.training.layers.base import Arrays, Kind, Learned
from convtool.net.training.tape import Tape, Values, Written

WEIGHTS, BIAS = "weights", "bias"


def _learned(dense: Dense) -> dict[str, Learned]:
    weights = np.asarray(dense.weights, np.float32)
    bias = np.zeros(len(weights), np.float32) if dense.bias is None else np.asarray(dense.bias, np.float32)
    return {WEIGHTS: Learned(weights, True), BIAS: Learned(bias)}


def _replaced(dense: Dense, arrays: Mapping[str, Float32]) -> Dense:
    none = dense.bias is None and not arrays[BIAS].any()
    return replace(dense, weights=arrays[WEIGHTS], bias=None if none else arrays[BIAS])


def _write(tape: Tape, name: str, dense: Dense, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    (vectors,) = inputs
    weights, bias = arrays.learned[WEIGHTS], arrays.learned[BIAS]
    output = tape.array(len(weights), tape.images)
    tape.then(np.matmul, weights, vectors, output)
    tape.then(np.add, output, bias[:, np.newaxis], out=output)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        tape.then(np.matmul, gradient, vectors.T, arrays.gradients[WEIGHTS])
        tape.then(np.add.reduce, gradient, axis=1, out=arrays.gradients[BIAS])
        if not wanted[0]:
            return [None]
        into = tape.array(*vectors.shape)
        tape.then(np.matmul, weights.T, gradient, into)
        return [into]

    return Written(output, backward)


DENSE = Kind(_write, learned=_learned, replaced=_replaced)
