"""The calls that convolve: one layer, or Conv → ReLU → Pool in one pass, and the plan of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.algorithms import ALGORITHMS
from convtool.core.arrays import AXES, Float32, as_planes
from convtool.core.bank import FilterBank
from convtool.core.execute import execute
from convtool.core.geometry import Padding, PaddingMode, Sizes, check_padding_mode, pair, whole, window
from convtool.core.planner import Plan, make_plan
from convtool.core.pooling import PoolKind, check_pool_kind
from convtool.core.stages import Stages
from convtool.errors import ArgumentError, InputError, LimitError

ADDRESSABLE = 2**55
"""Bytes that no machine has; what would take more is refused at once."""


def conv2d(
    image: ArrayLike,
    weights: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = "valid",
    padding_mode: PaddingMode = "zeros",
    dilation: Sizes = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
    threads: int | None = None,
) -> Float32:
    """Lay each filter on every patch of an image and sum the products.

    ``y[o, i, j] = b[o] + Σ w[o, c, ky, kx] · x[c, i·sy + ky·dy − py, j·sx + kx·dx − px]``: the
    cross-correlation that CNNs call convolution. ``flip=True`` turns the filter by 180° first: the
    convolution of the textbooks.

    Parameters
    ----------
    image
        ``(H, W)``, ``(C, H, W)`` or ``(N, C, H, W)``, of any real type; computed in float32.
    weights
        ``(kh, kw)``, ``(O, kh, kw)`` for single-channel filters, or ``(O, C / groups, kh, kw)``.
    bias
        One number a filter.
    stride, dilation
        An integer or ``(y, x)``.
    padding
        ``"valid"`` (none), ``"same"`` (results of ceil(size / stride), the odd cell at the end), an
        integer, ``(y, x)``, or ``((top, bottom), (left, right))``.
    padding_mode
        ``zeros``, ``reflect``, ``replicate``, ``circular`` or ``symmetric``.
    groups
        Channels and filters are split into this many groups that do not see each other; as many
        groups as channels is a depthwise convolution.
    algorithm
        ``"auto"``, or a name in ``convtool.core.algorithms.ALGORITHMS``; all give the same numbers.
    threads
        Threads to use; ``None`` is every usable core. The result does not depend on it.

    Returns
    -------
    ndarray
        The responses, float32: ``(H', W')`` if image and weights were 2-D, else ``(O, H', W')``,
        with a leading N if the image had it. Whole numbers are exact while Σ|w|·max|x| + |b| < 2²⁴.
        A sum beyond float32 is infinity.

    Raises
    ------
    ArgumentError
        An argument that fits no image.
    InputError
        An image smaller than the filter, or of other channels.
    LimitError
        So much padding that no memory could hold the responses.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.

    Examples
    --------
    >>> conv2d([[1, 0, 2], [3, 1, 0], [0, 0, 4]], [[1, 0], [0, 1]]).tolist()
    [[2.0, 0.0], [3.0, 5.0]]
    """
    if isinstance(weights, FilterBank):
        raise ArgumentError("weights is a FilterBank; call feature_maps(image, bank), or pass bank.weights")
    return feature_maps(
        image,
        FilterBank(weights, bias),
        relu=False,
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        dilation=dilation,
        groups=groups,
        flip=flip,
        algorithm=algorithm,
        threads=threads,
    )


def feature_maps(
    image: ArrayLike,
    bank: FilterBank,
    *,
    relu: bool = True,
    pool: Sizes | None = None,
    pool_kind: PoolKind = "max",
    stride: Sizes = 1,
    padding: Padding = "valid",
    padding_mode: PaddingMode = "zeros",
    dilation: Sizes = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
    threads: int | None = None,
) -> Float32:
    """Conv → ReLU → Pool with every filter of a bank, in one pass over the image.

    With a pool, the map that pooling throws away is never held whole.

    Parameters
    ----------
    image
        As in `conv2d`.
    bank
        The filters, with their biases.
    relu
        Rectify the responses.
    pool
        Size of the pool's windows, which do not overlap: an integer or ``(y, x)``; ``None`` for no
        pool. Rows and columns that fill no window are dropped.
    pool_kind
        ``max``, ``avg`` or ``min``.
    stride, padding, padding_mode, dilation, groups, flip, algorithm, threads
        As in `conv2d`.

    Returns
    -------
    ndarray
        The maps, float32, with the axes of `conv2d`.

    Raises
    ------
    ArgumentError, InputError, LimitError
        As in `conv2d`.

    Examples
    --------
    >>> diagonal = FilterBank([[1, 0], [0, 1]])
    >>> feature_maps([[1, 0, 2], [3, 1, 0], [0, 0, 4]], diagonal, pool=2).tolist()
    [[5.0]]
    """
    planes = as_planes("image", image)
    stages, chosen = _planned(
        planes.values.shape,
        bank,
        relu=relu,
        pool=pool,
        pool_kind=pool_kind,
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        dilation=dilation,
        groups=groups,
        algorithm=algorithm,
        threads=threads,
    )
    maps = execute(planes.values, turned(bank) if flip else bank, stages, chosen)
    return planes.restore(maps, channels=not bank.single)


def leaky_maps(images: Float32, bank: FilterBank, slopes: Sequence[float], **slide: Any) -> Float32:
    """Conv, with responses below 0 multiplied by a slope for each filter, in one pass.

    Parameters
    ----------
    images
        ``(N, C, H, W)``
    slide
        ``stride``, ``padding``, ``padding_mode``, ``dilation`` and ``groups`` of `feature_maps`.
    """
    conv: dict[str, Any] = {
        "relu": False,
        "pool": None,
        "pool_kind": "max",
        "algorithm": "auto",
        "threads": None,
    }
    stages, chosen = _planned(images.shape, bank, **conv, **slide)
    return execute(images, bank, replace(stages, slopes=tuple(slopes)), chosen)


def plan(
    image_shape: Sequence[int],
    bank: FilterBank,
    *,
    relu: bool = True,
    pool: Sizes | None = None,
    pool_kind: PoolKind = "max",
    stride: Sizes = 1,
    padding: Padding = "valid",
    padding_mode: PaddingMode = "zeros",
    dilation: Sizes = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
    threads: int | None = None,
) -> Plan:
    """Say how `feature_maps` would run: the algorithm, its tiles, what it costs, and what was rejected.

    Parameters
    ----------
    image_shape
        ``(H, W)``, ``(C, H, W)`` or ``(N, C, H, W)``.
    bank, relu, pool, pool_kind, stride, padding, padding_mode, dilation, groups, flip, algorithm, threads
        As in `feature_maps`. An algorithm that cannot do the work is replaced, and the plan says why.

    Returns
    -------
    Plan
        Frozen; printing it gives its costs and what was rejected.

    Raises
    ------
    ArgumentError, InputError, LimitError
        As in `feature_maps`.

    Examples
    --------
    >>> sobel = FilterBank([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    >>> plan((2048, 2048), sobel, pool=2, threads=2).algorithm
    'separable'
    """
    try:
        sizes = [whole("image_shape", size) for size in image_shape]
    except TypeError:
        raise ArgumentError(
            f"image_shape is {image_shape!r}; it must be {', '.join(AXES.values())}"
        ) from None
    if len(sizes) not in AXES:
        raise ArgumentError(f"image_shape is {tuple(sizes)}; it must be {', '.join(AXES.values())}")
    shape = (1,) * (4 - len(sizes)) + tuple(sizes)
    return _planned(
        shape,
        bank,
        relu=relu,
        pool=pool,
        pool_kind=pool_kind,
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        dilation=dilation,
        groups=groups,
        algorithm=algorithm,
        threads=threads,
    )[1]


def _planned(
    shape: tuple[int, ...],
    bank: FilterBank,
    *,
    relu: bool,
    pool: Sizes | None,
    pool_kind: PoolKind,
    stride: Sizes,
    padding: Padding,
    padding_mode: PaddingMode,
    dilation: Sizes,
    groups: int,
    algorithm: str,
    threads: int | None,
) -> tuple[Stages, Plan]:
    """Check the arguments for images of ``shape`` ``(N, C, H, W)``, and plan."""
    if not isinstance(bank, FilterBank):
        raise ArgumentError(f"bank is a {type(bank).__name__}; use FilterBank(weights), or load_filter(name)")
    if algorithm not in ("auto", *ALGORITHMS):
        raise ArgumentError(f"algorithm is {algorithm!r}; choose 'auto' or one of {', '.join(ALGORITHMS)}")
    check_padding_mode(padding_mode)
    check_pool_kind(pool_kind)
    images, channels, *size = shape
    groups = whole("groups", groups)
    _check_channels(channels, bank, groups)
    slide = window((size[0], size[1]), bank.kernel_size, stride=stride, padding=padding, dilation=dilation)
    pooled = None
    if pool is not None:
        pool = pair("pool", pool)
        pooled = window((slide[0].count, slide[1].count), pool, stride=pool, of=("feature map", "pool"))
    stages = Stages(slide, padding_mode, groups, relu, pooled, pool_kind)
    made = make_plan(images, channels, stages, bank.facts, algorithm, threads)
    if made.bytes_moved > ADDRESSABLE:
        raise LimitError(
            f"the responses would be {slide[0].count}×{slide[1].count} each, more than any memory holds; "
            "use less padding or a smaller image"
        )
    return stages, made


def turned(bank: FilterBank) -> FilterBank:
    """The bank with every kernel turned by 180°."""
    return FilterBank(np.flip(bank.weights, (2, 3)), bank.bias, bank.names, bank.normalize)


def check_groups(channels: int, bank: FilterBank, groups: int) -> None:
    """Refuse groups that do not divide channels and filters."""
    filters = len(bank)
    if filters % groups or channels % groups:
        raise ArgumentError(
            f"groups is {groups}; it must divide the {channels} channel(s) and the {filters} filter(s)"
        )


def _check_channels(channels: int, bank: FilterBank, groups: int) -> None:
    check_groups(channels, bank, groups)
    if channels != bank.in_channels * groups:
        read = bank.in_channels * groups
        way_out = "filter each by itself with --channels each, or " if read == 1 else ""
        raise InputError(
            f"the image has {channels} channel(s), the filters read {read}; "
            f"{way_out}use filters of {channels // groups} channel(s)"
        )
