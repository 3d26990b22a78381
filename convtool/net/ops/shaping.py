"""What moves values and changes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import is_real
from convtool.errors import ArgumentError, InputError
from convtool.net.ops.activations import Pointwise, axis_of
from convtool.net.ops.base import Operation, Reach, Shape, by

PadMode = Literal["constant", "edge", "reflect", "wrap"]
SAME = 0
"""In the shape of a `Reshape`: as many as the input has along that axis."""


@dataclass(frozen=True, eq=False)
class Identity(Pointwise):
    """Nothing at all."""

    kind: ClassVar[str] = "identity"

    def run(self, *inputs: Float32) -> Float32:
        """The input."""
        return inputs[0]

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The gradient."""
        return (gradient,)


@dataclass(frozen=True, eq=False)
class Dropout(Identity):
    """Nothing, but in training: there a share of the values is 0."""

    kind: ClassVar[str] = "dropout"

    share: float = 0.5

    def __post_init__(self) -> None:
        if not (is_real(self.share) and 0 <= self.share < 1):
            raise ArgumentError(f"share is {self.share!r}; it must be from 0 to below 1")


@dataclass(frozen=True, eq=False)
class _Moved(Operation):
    """Values in another order, which none of rows and columns survives."""

    def reach(self, *inputs: Shape) -> Reach | None:
        """All."""
        return None


@dataclass(frozen=True, eq=False)
class Flatten(_Moved):
    """Maps as vectors: all axes before one together, and all from it on."""

    kind: ClassVar[str] = "flatten"

    axis: int = 1

    def shape(self, *inputs: Shape) -> Shape:
        """``(N, K)``."""
        ndim = len(inputs[0])
        axis = self.axis if self.axis == ndim else axis_of(self.axis, ndim)
        return prod(inputs[0][:axis]), prod(inputs[0][axis:])

    def run(self, *inputs: Float32) -> Float32:
        """The same values."""
        return inputs[0].reshape(self.shape(inputs[0].shape))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The gradient, in the input's shape."""
        return (gradient.reshape(inputs[0].shape),)


@dataclass(frozen=True, eq=False)
class Reshape(_Moved):
    """The same values in another shape: −1 is what is left, 0 as many as the input has along that axis."""

    kind: ClassVar[str] = "reshape"

    to: Sequence[int]
    zero_is_zero: bool = False

    def __post_init__(self) -> None:
        wanted = [int(size) for size in _whole_numbers("to", self.to)]
        if sum(size == -1 for size in wanted) > 1 or min(wanted, default=0) < -1:
            raise ArgumentError(f"to is {wanted}; at most one size may be -1, none below")
        object.__setattr__(self, "to", tuple(wanted))

    def shape(self, *inputs: Shape) -> Shape:
        """As asked for."""
        cells = prod(inputs[0])
        wanted = list(self.to)
        for axis, size in enumerate(wanted):
            if size == SAME and not self.zero_is_zero:
                if axis >= len(inputs[0]):
                    raise InputError(
                        f"to is {list(self.to)}, its input {by(inputs[0])} has no axis {axis} to keep"
                    )
                wanted[axis] = inputs[0][axis]
        known = prod(size for size in wanted if size != -1)
        if -1 in wanted and known and cells % known == 0:
            wanted[wanted.index(-1)] = cells // known
        if prod(wanted) != cells or -1 in wanted:
            raise InputError(
                f"its input {by(inputs[0])} holds {cells} values; they do not fill {by(tuple(self.to))}"
            )
        return tuple(wanted)

    def run(self, *inputs: Float32) -> Float32:
        """The same values."""
        return inputs[0].reshape(self.shape(inputs[0].shape))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The gradient, in the input's shape."""
        return (gradient.reshape(inputs[0].shape),)


@dataclass(frozen=True, eq=False)
class Transpose(_Moved):
    """Axes in another order; reversed if none is given."""

    kind: ClassVar[str] = "transpose"

    axes: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.axes is not None:
            axes = _whole_numbers("axes", self.axes)
            if sorted(axes) != list(range(len(axes))):
                raise ArgumentError(f"axes is {axes}; name every axis from 0 on once")
            object.__setattr__(self, "axes", tuple(axes))

    def shape(self, *inputs: Shape) -> Shape:
        """Sizes in that order."""
        axes = self._order(len(inputs[0]))
        if len(axes) != len(inputs[0]):
            raise InputError(f"axes is {list(axes)}, its input {by(inputs[0])} has {len(inputs[0])} axes")
        return tuple(inputs[0][axis] for axis in axes)

    def run(self, *inputs: Float32) -> Float32:
        """The same values."""
        return inputs[0].transpose(self._order(inputs[0].ndim))

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """The gradient, turned back."""
        return (gradient.transpose(np.argsort(self._order(gradient.ndim))),)

    def _order(self, ndim: int) -> tuple[int, ...]:
        return tuple(range(ndim))[::-1] if self.axes is None else tuple(self.axes)


@dataclass(frozen=True, eq=False)
class Pad(Operation):
    """Cells added before and after each axis; taken away where a number is negative.

    ``before`` and ``after`` are numbers for the last axes: two of each are rows and columns.
    """

    kind: ClassVar[str] = "pad"

    before: Sequence[int]
    after: Sequence[int]
    mode: PadMode = "constant"
    value: float = 0.0

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            object.__setattr__(self, name, tuple(_whole_numbers(name, getattr(self, name))))
        if len(self.before) != len(self.after):
            raise ArgumentError(
                f"before is {self.before}, after {self.after}; give one number an axis to each"
            )
        if self.mode not in get_args(PadMode):
            raise ArgumentError(f"mode is {self.mode!r}; choose one of {', '.join(get_args(PadMode))}")
        if not is_real(self.value):
            raise ArgumentError(f"value is {self.value!r}; it must be a number")

    def shape(self, *inputs: Shape) -> Shape:
        """Sizes with what is added."""
        sides = self._sides(len(inputs[0]))
        kept = [
            size + min(0, before) + min(0, after)
            for size, (before, after) in zip(inputs[0], sides, strict=True)
        ]
        if min(kept, default=1) < 1:
            raise InputError(
                f"of its input {by(inputs[0])}, nothing is left with {self.before} and {self.after}"
            )
        if self.mode == "reflect" and any(
            size == 1 and max(s) > 0 for size, s in zip(kept, sides, strict=True)
        ):
            raise InputError(
                f"its input {by(inputs[0])} has one cell along an axis; there is nothing to reflect"
            )
        return tuple(size + before + after for size, (before, after) in zip(inputs[0], sides, strict=True))

    def run(self, *inputs: Float32) -> Float32:
        """The values with what is added."""
        padded = inputs[0]
        sides = self._sides(padded.ndim)
        kept = tuple(
            slice(max(0, -before), size - max(0, -after))
            for size, (before, after) in zip(padded.shape, sides, strict=True)
        )
        added = [(max(0, before), max(0, after)) for before, after in sides]
        options: dict[str, Any] = (
            {"constant_values": np.float32(self.value)} if self.mode == "constant" else {}
        )
        return np.pad(padded[kept], added, self.mode, **options)

    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """Added up in the cells that were copied."""
        places = np.arange(inputs[0].size).reshape(inputs[0].shape)
        sources = Pad(self.before, self.after, self.mode, -1).run(places.astype(np.float64))
        total = np.zeros(inputs[0].size, np.float32)
        np.add.at(total, sources[sources >= 0].astype(np.intp), gradient[sources >= 0])
        return (total.reshape(inputs[0].shape),)

    def reach(self, *inputs: Shape) -> Reach:
        """Cell by cell, moved."""
        before = (0, 0, *self.before)[-2:]
        return Reach(first=(-before[0], -before[1]))

    def _sides(self, ndim: int) -> list[tuple[int, int]]:
        if len(self.before) > ndim:
            raise InputError(f"before has {len(self.before)} numbers, its input {ndim} axes")
        return [(0, 0)] * (ndim - len(self.before)) + list(zip(self.before, self.after, strict=True))


def _whole_numbers(name: str, values: Any) -> list[int]:
    try:
        numbers = [int(value) for value in values]
        if any(number != value for number, value in zip(numbers, values, strict=True)):
            raise ValueError
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is {values!r}; it must be a list of whole numbers") from None
    return numbers
