"""What a user may ask for, as frozen data: how to read, slide, pool and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from convtool.core.pooling import PoolKind
from convtool.io.limits import Limits
from convtool.io.maps import MapFormat

Stage = Literal["conv", "relu", "pool"]


@dataclass(frozen=True)
class InputOptions:
    """How images are read: see `convtool.load_image`; ``channels`` is ``luma`` or ``each``.

    ``limits`` of ``None`` are those of the environment.
    """

    channels: Literal["luma", "each"] = "luma"
    scale: Literal["stored", "unit"] = "stored"
    frame: int | None = None
    limits: Limits | None = None


@dataclass(frozen=True)
class ConvOptions:
    """How filters slide: the parameters of `convtool.conv2d`."""

    stride: Any = 1
    padding: Any = "valid"
    padding_mode: str = "zeros"
    dilation: Any = 1
    groups: int = 1
    flip: bool = False

    @property
    def convention(self) -> str:
        """The name of what is computed."""
        return "convolution" if self.flip else "cross-correlation"

    @property
    def spoken(self) -> str:
        """What people call it.

        Examples
        --------
        >>> ConvOptions(stride=(2, 1), padding="same", padding_mode="reflect").spoken
        'stride 2,1 · padding same (reflect)'
        """
        mode = "" if self.padding_mode == "zeros" else f" ({self.padding_mode})"
        words = [f"stride {_numbers(self.stride)}", f"padding {_numbers(self.padding)}{mode}"]
        if self.dilation != 1:
            words.append(f"dilation {_numbers(self.dilation)}")
        if self.groups != 1:
            words.append(f"{self.groups} groups")
        return " · ".join(words)


@dataclass(frozen=True)
class PoolOptions:
    """How maps are pooled; ``size`` is ``None`` for one window over the whole map."""

    kind: PoolKind = "max"
    size: Any = 2
    stride: Any = None
    padding: Any = 0
    ceil_mode: bool = False

    @property
    def spoken(self) -> str:
        """What people call it.

        Examples
        --------
        >>> PoolOptions(size=2).spoken, PoolOptions("avg", (3, 2), 1).spoken, PoolOptions(size=None).spoken
        ('max 2×2', 'avg 3×2, stride 1', 'max of all')
        """
        if self.size is None:
            return f"{self.kind} of all"
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        step = "" if self.stride is None else f", stride {_numbers(self.stride)}"
        return f"{self.kind} {height}×{width}{step}"


@dataclass(frozen=True)
class OutputOptions:
    """Which stages are written, where, and as what.

    Attributes
    ----------
    file
        The one output file, or ``-`` for standard output; ``None`` for files in ``folder``.
    format
        For files in ``folder`` and for standard output.
    limits
        ``(low, high)`` of a PNG's scale.
    compress
        Make PNGs as small as can be, however long it takes.
    sheet
        A picture that is written beside them, where none of them may go.
    """

    save: frozenset[Stage]
    folder: str = "."
    file: str | None = None
    format: MapFormat = "png"
    depth: int = 16
    limits: tuple[float, float] | None = None
    compress: bool = False
    sheet: str | None = None


def _numbers(option: Any) -> str:
    """A number, a word, or several numbers as on the command line."""
    return ",".join(map(_numbers, option)) if isinstance(option, tuple) else str(option)
