"""What is done to an image, as sizes and options alone: Conv, perhaps ReLU, perhaps Pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from convtool.core.geometry import Pair, Window
from convtool.core.pooling import PoolKind

MAPS = {"conv": "response", "relu": "feature map", "pool": "pooled map"}
"""What the map is called that each stage gives."""

STEPS = {"conv": "Conv", "relu": "ReLU", "pool": "Pool"}
"""What each stage is called."""


class Slide(NamedTuple):
    """How filters move over a padded strip.

    Attributes
    ----------
    stride, dilation, groups
        As in `convtool.conv2d`.
    """

    stride: Pair
    dilation: Pair
    groups: int


@dataclass(frozen=True)
class Stages:
    """Conv, perhaps ReLU, perhaps Pool.

    Attributes
    ----------
    conv
        How the filters slide over the image.
    padding_mode, groups
        As in `convtool.conv2d`.
    relu
        Whether responses are rectified.
    pool
        How the pool slides over the feature map, without padding; ``None`` for no pool.
    pool_kind
        ``max``, ``avg`` or ``min``.
    slopes
        By which responses below 0 are multiplied instead of being rectified: one a filter. Only
        without a pool.
    """

    conv: Window
    padding_mode: str
    groups: int
    relu: bool
    pool: Window | None
    pool_kind: PoolKind
    slopes: tuple[float, ...] | None = None

    @property
    def result(self) -> Window:
        """The window whose counts are the result's rows and columns."""
        return self.pool or self.conv

    @property
    def slide(self) -> Slide:
        """How the filters move."""
        along_y, along_x = self.conv
        return Slide((along_y.stride, along_x.stride), (along_y.dilation, along_x.dilation), self.groups)

    def conv_span(self, axis: int, start: int, stop: int) -> Pair:
        """Rows (axis 0) or columns (1) of the response that the result's ``start`` to ``stop`` need."""
        if self.pool is None:
            return start, stop
        needed = self.pool[axis].span(start, stop)
        return needed.start, needed.stop
