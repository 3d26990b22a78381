"""Batch normalisation: over all images of a batch, whatever parts it is worked on in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.buffers import shares
from convtool.net.ops.normalizations import BatchNorm
from convtool.net.training.layers.base import Arrays, Kind, Learned
from convtool.net.training.tape import Tape, Values, Written

MOMENTUM = 0.1
"""How much of what is measured a batch makes up: of PyTorch, which divides by one less there too."""

SCALE, SHIFT, MEAN, VARIANCE = "scale", "shift", "mean", "variance"


def _learned(norm: BatchNorm) -> dict[str, Learned]:
    return {name: Learned(np.asarray(getattr(norm, name), np.float32)) for name in (SCALE, SHIFT)}


def _measured(norm: BatchNorm) -> dict[str, Float32]:
    return {name: np.asarray(getattr(norm, name), np.float32) for name in (MEAN, VARIANCE)}


def _replaced(norm: BatchNorm, arrays: Mapping[str, Float32]) -> BatchNorm:
    return replace(norm, **arrays)  # type: ignore[arg-type]  # the names are those of its arrays


def _write(
    tape: Tape, name: str, norm: BatchNorm, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    """Each part's means and squares around them are joined as of Chan, Golub and LeVeque (1983).

    With ``x̂ = (x − mean) / deviation`` the gradient is
    ``scale / deviation · (g − mean(g) − x̂ · mean(g · x̂))``, as of Ioffe and Szegedy (2015).
    """
    (values,) = inputs
    channels, count = len(values), values[0].size
    rows = values.reshape(channels, count)
    normalized = rows if free else tape.array(channels, count)
    output = tape.array(*values.shape)
    out_rows = output.reshape(channels, count)
    scale, shift = arrays.learned[SCALE], arrays.learned[SHIFT]
    joint, own = tape.joint, tape.number
    counts = joint.table(f"{name} counts", 1)
    means, squares = joint.table(f"{name} means", channels), joint.table(f"{name} squares", channels)
    line = joint.table(f"{name} line", 2, channels)[0]  # the first part's place holds what all read
    counts[own] = count

    def measure() -> None:
        mean = np.add.reduce(rows, axis=1) / count
        means[own] = mean
        np.subtract(rows, mean[:, np.newaxis], out=normalized)
        np.multiply(normalized, normalized, out=out_rows)
        squares[own] = np.add.reduce(out_rows, axis=1)

    def join() -> None:
        total = counts.sum()
        mean = (counts * means).sum(axis=0) / total
        square = squares.sum(axis=0) + (counts * (means - mean) ** 2).sum(axis=0)
        line[0], line[1] = mean, 1 / np.sqrt(square / total + norm.epsilon)
        for name_, measured in ((MEAN, mean), (VARIANCE, square / max(total - 1, 1))):
            arrays.measured[name_][...] += MOMENTUM * (measured - arrays.measured[name_])

    def normalize() -> None:
        moved = (means[own] - line[0]).astype(tape.dtype)
        np.add(normalized, moved[:, np.newaxis], out=normalized)
        np.multiply(normalized, line[1].astype(tape.dtype)[:, np.newaxis], out=normalized)
        np.multiply(normalized, scale[:, np.newaxis], out=out_rows)
        np.add(out_rows, shift[:, np.newaxis], out=out_rows)

    tape.then(measure)
    tape.meet(join)
    tape.then(normalize)
    sums, products = joint.table(f"{name} sums", channels), joint.table(f"{name} products", channels)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        back, part = gradient.reshape(channels, count), tape.array(channels, count)

        def total() -> None:
            np.multiply(back, normalized, out=part)
            sums[own] = arrays.gradients[SHIFT][...] = np.add.reduce(back, axis=1)
            products[own] = arrays.gradients[SCALE][...] = np.add.reduce(part, axis=1)

        def pull() -> None:
            images = counts.sum()
            mean, along = (table.sum(axis=0) / images for table in (sums, products))
            np.multiply(normalized, along.astype(tape.dtype)[:, np.newaxis], out=normalized)
            np.subtract(back, normalized, out=back)
            np.subtract(back, mean.astype(tape.dtype)[:, np.newaxis], out=back)
            np.multiply(back, (scale * line[1]).astype(tape.dtype)[:, np.newaxis], out=back)

        tape.then(total)
        tape.release(part)
        tape.meet(lambda: None)
        tape.then(pull)
        if not shares(normalized, values):
            tape.release(normalized)
        return [gradient]

    return Written(output, backward)


BATCH_NORM = Kind(_write, learned=_learned, measured=_measured, replaced=_replaced)
