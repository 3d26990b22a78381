"""How the maps of a sheet are drawn, what is said of their scales, and how large the sheet may be."""

from __future__ import annotations

from dataclasses import dataclass

from convtool.errors import LimitError
from convtool.io.limits import Limits
from convtool.view.colormaps import Colormap
from convtool.view.drawings.drawing import HEAD, MARGIN
from convtool.view.numerals import figure
from convtool.view.scales import Scale

BYTES = 16
"""Of memory for a pixel of a sheet: enlarged, once more when it is drawn, on the paper, and in the file."""


@dataclass(frozen=True)
class Look:
    """How maps are drawn.

    Attributes
    ----------
    colormap
        ``None`` for the one that fits the values.
    shared
        Whether all maps have one scale.
    limits
        ``(low, high)`` of that scale; what lies outside is clipped.
    zoom
        Pixels of each side of a cell; ``None`` for maps of about 256 pixels.
    """

    colormap: Colormap | None = None
    shared: bool = False
    limits: tuple[float, float] | None = None
    zoom: int | None = None

    @property
    def one_scale(self) -> bool:
        """Whether all maps have one scale."""
        return self.shared or self.limits is not None


def check_size(size: tuple[int, int], look: Look, limits: Limits) -> None:
    """Refuse a sheet as `check_pixels` does, with its paper; its marks have this size ``(width, height)``."""
    width, height = size
    check_pixels((width + 2 * MARGIN) * (HEAD + height + MARGIN), look, limits)


def check_pixels(pixels: int, look: Look, limits: Limits) -> None:
    """Refuse a sheet that there is no memory for, or that is enlarged to more pixels than allowed."""
    size = f"the sheet would have {pixels} pixels"
    if look.zoom is not None:
        size += f" at --zoom {look.zoom}, fewer at a smaller one"
        if pixels > limits.pixels:
            raise LimitError(limits.refusal(size, pixels))
    limits.check_memory(BYTES * pixels, size)


def scales_of(shared: Scale | None) -> str:
    """On which scales maps are that may share one."""
    if shared is None:
        return "each map on a scale of its own"
    return f"one scale for all maps, from {figure(shared.low)} to {figure(shared.high)}"
