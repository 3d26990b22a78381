"""All that maps are computed of, so that they can be computed elsewhere: planes, filters, windows."""

from __future__ import annotations

from dataclasses import dataclass

from convtool.core.arrays import Float32
from convtool.core.geometry import Window
from convtool.core.pooling import PoolKind


@dataclass(frozen=True, eq=False)
class NamedPlanes:
    """What filters are laid on.

    Attributes
    ----------
    name
        What of an image it is, such as ``brightness``, ``RGB`` or ``R``.
    values
        ``(C, H, W)``.
    white
        The largest value that the pixels of a picture can have; ``None`` for what is no picture.
    """

    name: str
    values: Float32
    white: float | None = None


@dataclass(frozen=True, eq=False)
class LaidFilter:
    """One filter where it is laid on planes; it makes one map.

    Attributes
    ----------
    name, description
        What the user knows it by, and what its file says of it.
    planes, channel
        Which of `Workings.planes` it reads, and the first of its channels there.
    weights
        ``(I, kh, kw)`` as in its file, whether they are turned or not.
    bias, normalized
        As in `FilterBank`.
    conv, pool
        The windows of the filter over its planes, and of the pool over its feature map.
    """

    name: str
    description: str | None
    planes: int
    channel: int
    weights: Float32
    bias: float
    normalized: bool
    conv: Window
    pool: Window


@dataclass(frozen=True, eq=False)
class Workings:
    """An image, the filters laid on it, and how Conv, ReLU and Pool make maps of them.

    Attributes
    ----------
    title
        The image as the user named it.
    options
        How filters slide and maps are pooled, in words.
    padding_mode, flip
        As in `convtool.conv2d`.
    pool_kind
        As in `convtool.feature_maps`.
    """

    title: str
    options: str
    planes: tuple[NamedPlanes, ...]
    filters: tuple[LaidFilter, ...]
    padding_mode: str
    flip: bool
    pool_kind: PoolKind
