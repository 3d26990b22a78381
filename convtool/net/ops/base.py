"""What every layer can do: tell its shape and its work, run, and trace a value back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, as_float32
from convtool.errors import InputError

Shape = tuple[int, ...]
"""Axes of a value, the images of a batch first: ``(N, C, H, W)`` of maps, ``(N, K)`` of vectors."""


class Reach(NamedTuple):
    """How a unit sees the rows and columns of the layer before: ``(y, x)`` each.

    Attributes
    ----------
    cells
        How many, from the first to the last.
    step
        From a unit's first cell to that of the unit beside it; below 1 where maps grow.
    first
        The first cell of the first unit; negative in the padding.
    """

    cells: tuple[int, int] = (1, 1)
    step: tuple[float, float] = (1.0, 1.0)
    first: tuple[float, float] = (0.0, 0.0)


class Operation(ABC):
    """A layer's work, as frozen data: a dataclass whose fields are its options and arrays.

    Attributes
    ----------
    kind
        What specs call it.
    linear
        Whether a small change of its inputs changes its output in proportion, so that a value is
        exactly a sum over the values it came of.
    """

    kind: ClassVar[str]
    linear: ClassVar[bool] = True
    inputs: ClassVar[int | None] = 1  # None: any number

    @abstractmethod
    def shape(self, *inputs: Shape) -> Shape:
        """The output's shape; an `InputError` says why such inputs cannot be."""

    @abstractmethod
    def run(self, *inputs: Float32) -> Float32:
        """The output. It may be an input, or a view of one, but no input is changed."""

    @abstractmethod
    def pull(self, gradient: Float32, output: Float32, *inputs: Float32) -> tuple[Float32, ...]:
        """How much each value of each input counts in ``Σ gradient · output``: its derivative."""

    def multiply_adds(self, output: Shape, *inputs: Shape) -> int:
        """Multiply–adds of one run."""
        return 0

    def reach(self, *inputs: Shape) -> Reach | None:
        """How a unit sees rows and columns; ``None`` if every unit sees all of them."""
        return Reach()

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, by the names of the fields."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def frozen(name: str, values: ArrayLike, ndim: Sequence[int] = ()) -> Float32:
    """An array of a layer: float32, finite, read-only, with one of the numbers of axes."""
    array = as_float32(name, values).copy()
    if ndim and array.ndim not in ndim:
        raise InputError(f"{name} has shape {array.shape}; it must have {' or '.join(map(str, ndim))} axes")
    if not np.isfinite(array).all():
        raise InputError(f"{name} holds NaN or infinity; every number must be finite in float32")
    array.flags.writeable = False
    return array


def maps_of(shape: Shape) -> Shape:
    """Check that a value is maps ``(N, C, H, W)``."""
    if len(shape) != 4:
        raise InputError(f"it needs maps (N, C, H, W), its input is {by(shape)}; put it before flatten")
    return shape


def by(shape: Shape) -> str:
    """A shape, as messages say it."""
    return "×".join(map(str, shape)) or "a number"
