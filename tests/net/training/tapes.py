"""A layer alone on tapes whose memory holds NaN until something is written, in any number of parts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.net.ops.base import Operation
from convtool.net.training.layers import kind_of
from convtool.net.training.layers.base import Arrays
from convtool.net.training.tape import Joint, Tape, Values

Array = NDArray[np.floating[Any]]


class PoisonedTape(Tape):
    """Fills every array with NaN where it is taken: what is read before it is written, or after, shows."""

    def array(self, *shape: int) -> Values:
        taken = super().array(*shape)
        if self.phases != [[]]:  # before the first call come the images
            self.then(taken.fill, nan)
        return taken


@dataclass
class Passed:
    """What a batch left behind on its way through a layer and back, the images first.

    Attributes
    ----------
    output, into
        The values, and the gradients of the inputs.
    inputs
        What the inputs hold afterwards.
    learned
        The gradients of what is learned, summed over the parts.
    measured
        What is measured afterwards.
    """

    output: Array
    into: list[Array]
    inputs: list[Array]
    learned: dict[str, Array]
    measured: dict[str, Array]


def passed(
    operation: Operation,
    *inputs: Array,
    gradient: Array | None = None,
    parts: int = 1,
    free: bool = False,
    seed: int = 0,
) -> Passed:
    """Take images forward, and a gradient (0 if none is given) backward."""
    kind, joint, dtype = kind_of(operation), Joint(parts, len(inputs[0])), inputs[0].dtype.type
    learned = {name: each.values.astype(dtype) for name, each in kind.learned(operation).items()}
    measured = {name: values.astype(dtype) for name, values in kind.measured(operation).items()}
    made = []
    for number, piece in enumerate(_pieces(len(inputs[0]), parts)):
        tape = PoisonedTape(joint, number, piece.stop - piece.start, dtype)
        tape.random = np.random.default_rng([seed, number])
        given = [_placed(tape, each[piece]) for each in inputs]
        toward = {name: np.full_like(values, nan) for name, values in learned.items()}
        written = kind.write(tape, "it", operation, given, Arrays(learned, toward, measured), free)
        output = np.empty_like(written.output)
        tape.then(np.copyto, output, written.output)
        above = tape.array(*output.shape)
        tape.then(np.copyto, above, 0 if gradient is None else np.moveaxis(gradient[piece], 0, -1))
        into = written.backward(above, [True] * len(given))
        made.append((tape, output, into, given, toward))
    _run([tape for tape, *_ in made], joint)
    outputs, intos, givens, towards = ([part[place] for part in made] for place in (1, 2, 3, 4))
    return Passed(
        _joined(outputs),
        [_joined(list(each)) for each in zip(*intos, strict=True)],
        [_joined(list(each)) for each in zip(*givens, strict=True)],
        {name: np.sum([toward[name] for toward in towards], axis=0) for name in learned},
        measured,
    )


def _pieces(images: int, parts: int) -> list[slice]:
    return [slice(*ends) for ends in pairwise(images * part // parts for part in range(parts + 1))]


def _placed(tape: Tape, values: Array) -> Array:
    """An array of the tape that holds these values, the images last."""
    moved = np.moveaxis(values, 0, -1)
    place = tape.array(*moved.shape)
    np.copyto(place, moved)
    return place


def _joined(parts: list[Any]) -> Array:
    return np.concatenate([np.moveaxis(part, -1, 0) for part in parts])


def _run(tapes: list[Tape], joint: Joint) -> None:
    for phase in range(len(tapes[0].phases)):
        if phase:
            joint.meetings[phase - 1]()
        for tape in tapes:
            for call in tape.phases[phase]:
                call()
