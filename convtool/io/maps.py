"""Map files: responses, feature maps and pooled maps as PNG, NPY, CSV or JSON."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from convtool.core.arrays import Float32, as_float32
from convtool.errors import ArgumentError, InputError, NoticeWarning
from convtool.io import npy, png
from convtool.io.atomic import replacing
from convtool.io.images import Image, first_infinite, read_image
from convtool.io.limits import Limits
from convtool.io.map_scale import ENTRY, MapScale
from convtool.io.rectangles import csv_lines, json_lines
from convtool.io.source import PathLike, refuse_nul, warn_of

MapFormat = Literal["png", "npy", "csv", "json"]
MAP_FORMATS: tuple[MapFormat, ...] = get_args(MapFormat)
SEVERAL_MAPS: tuple[MapFormat, ...] = ("npy", "json")
"""The formats whose files hold several maps ``(O, H, W)``."""


@dataclass(frozen=True)
class Written:
    """What writing a map took: the step of its codes (``None`` if no codes), and how many were clipped."""

    step: float | None = None
    clipped: int = 0


def load_map(path: PathLike) -> Float32:
    """Read a map file: the values, not the codes of its picture.

    Parameters
    ----------
    path
        A PNG or NPY that convtool wrote, or any image or matrix, which counts as its numbers.

    Returns
    -------
    ndarray
        Float32 ``(H, W)`` or ``(C, H, W)``.

    Raises
    ------
    ArgumentError
        The path is empty, or ``CONVTOOL_MAX_PIXELS`` is no number.
    InputError
        The file is missing, damaged, or no image.
    LimitError
        It has more pixels than ``CONVTOOL_MAX_PIXELS``, or too many bytes.

    Warns
    -----
    NoticeWarning
        The file is a picture that convtool did not write, another program made the map coarser, or
        something had to be given up, as by `load_image`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_map(f"{folder}/map.png", [[-1.0, 0.0], [2.0, 500.0]])
    ...     load_map(f"{folder}/map.png").tolist()
    [[-1.0, 0.0], [2.0, 500.0]]
    """
    image = read_map(path)
    warn_of(image.notices, path)
    return image.luma().values


def read_map(path: PathLike, *, frame: int | None = None, limits: Limits | None = None) -> Image:
    """Read a map file as an `Image`; a picture that convtool did not write is read with a notice."""
    image = read_image(path, frame=frame, limits=limits)
    if not image.picture:
        return image
    notice = "no map file of convtool; its pixels are taken as they are"
    return replace(image, notices=(notice, *image.notices))


def save_map(
    path: PathLike,
    array: ArrayLike,
    *,
    depth: Literal[8, 16] = 16,
    range: tuple[float, float] | None = None,  # noqa: A002  the option's word
    stage: str | None = None,
    filter: str | None = None,  # noqa: A002  the file's word
) -> None:
    """Write a map by its suffix: ``.png``, ``.npy``, ``.csv`` or ``.json``, whole or not at all.

    Parameters
    ----------
    path
        Where to write.
    array
        ``(H, W)``; NPY and JSON take any number of axes.
    depth
        Bits of a PNG's codes.
    range
        ``(low, high)`` of a PNG's scale, so that several maps can be compared; values outside are
        clipped. Default: the map's own.
    stage, filter
        Kept in a PNG: ``conv``, ``relu`` or ``pool``, and the filter's name.

    Raises
    ------
    ArgumentError
        An unknown suffix, a range that is none, or a stage or filter that is no text.
    InputError
        NaN or infinity (which NPY alone can hold), or more axes than the format holds.
    OutputError
        The file cannot be written.

    Warns
    -----
    NoticeWarning
        Values outside the range were clipped. Made an error, it leaves nothing written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_map(f"{folder}/map.npy", [[1.5, 2.5]])
    ...     load_map(f"{folder}/map.npy").tolist()
    [[1.5, 2.5]]
    """
    format_ = format_of(path)
    for name, text in (("stage", stage), ("filter", filter)):
        if not isinstance(text, str | None):
            raise ArgumentError(f"{name} is {text!r}; it must be a text, or None")
    values = as_float32("array", array)
    check_axes(values, format_)
    with replacing(path) as stream:
        written = write_map(stream, values, format_, depth=depth, limits=range, stage=stage, label=filter)
        if written.clipped:
            notice = f"{path}: {written.clipped} value(s) outside the range were clipped"
            warnings.warn(notice, NoticeWarning, stacklevel=2)


def format_of(path: PathLike) -> MapFormat:
    """The format that a file's suffix names."""
    refuse_nul(path)
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in MAP_FORMATS:
        raise ArgumentError(f"{path}: the suffix must be one of .{', .'.join(MAP_FORMATS)}")
    return suffix


def check_axes(values: Float32, format_: MapFormat) -> None:
    """Refuse an array of no values, or of more axes than a file of this format holds."""
    if values.ndim == 0 or values.size == 0:
        raise InputError(f"array has shape {values.shape}; a map holds at least one value")
    if values.ndim != 2 and format_ not in SEVERAL_MAPS:
        raise InputError(
            f"array has shape {values.shape}; {format_.upper()} holds one map (H, W): "
            "save each apart, or as NPY or JSON"
        )


def write_map(
    stream: BinaryIO,
    values: Float32,
    format_: MapFormat,
    *,
    depth: int = 16,
    limits: tuple[float, float] | None = None,
    compress: bool = False,
    stage: str | None = None,
    label: str | None = None,
) -> Written:
    """Write one map, or for NPY and JSON an array of any number of axes, to an open stream.

    ``compress`` makes a PNG as small as can be, however long it takes.
    """
    if format_ != "npy":
        _refuse_infinite(values, format_)
    match format_:
        case "png":
            scale = MapScale.fit(values, depth=depth, limits=limits, stage=stage, filter=label)
            codes, clipped = scale.encode(values, limits)
            png.write_gray(stream, codes, (ENTRY, scale.entry()), compress=compress)
            return Written(scale.step, clipped)
        case "npy":
            npy.write_npy(stream, values)
        case "csv":
            stream.writelines(line.encode() for line in csv_lines(values))
        case "json":
            stream.writelines(line.encode() for line in json_lines(values))
            stream.write(b"\n")
    return Written()


def _refuse_infinite(values: Float32, format_: MapFormat) -> None:
    if not np.isfinite(values).all():
        raise InputError(
            f"the map has {first_infinite(values)}; {format_.upper()} holds finite values, NPY any"
        )
