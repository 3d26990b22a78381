"""What outputs are called: ``{image}.{filter}.{stage}.{format}``, never a path made of a name in a file."""

from __future__ import annotations

import re
from pathlib import Path

from convtool.core.bank import FilterBank
from convtool.io.source import STDIN
from convtool.jobs.options import Stage

STAGE_SUFFIXES: dict[Stage, str] = {"conv": "conv", "relu": "map", "pool": "pool"}


def image_stem(path: str) -> str:
    """The name that an input gives its outputs: its stem, less the suffix of a stage.

    Examples
    --------
    >>> image_stem("maps/photo.sobel-x.map.png")
    'photo.sobel-x'
    """
    if path == STDIN:
        return "stdin"
    stem = Path(path).stem
    name, _, suffix = stem.rpartition(".")
    return name if name and suffix in STAGE_SUFFIXES.values() else stem


def filter_labels(label: str, bank: FilterBank) -> list[str]:
    """A label for each filter of a bank: its own name, else its number, behind the file's label."""
    if len(bank) == 1 and bank.names is None:
        return [label]
    own = bank.names or numbers(len(bank))
    return [f"{label}-{name}" for name in own]


def numbers(count: int) -> list[str]:
    """``01``, ``02``, … of equal width.

    Examples
    --------
    >>> numbers(3)
    ['01', '02', '03']
    """
    width = max(2, len(str(count)))
    return [f"{number:0{width}d}" for number in range(1, count + 1)]


def output_name(stem: str, part: str | None, stage: Stage, suffix: str) -> str:
    """A file name for one map; characters outside ``[A-Za-z0-9._-]`` become ``-``.

    Examples
    --------
    >>> output_name("my photo", "sobel-x", "relu", "png")
    'my-photo.sobel-x.map.png'
    """
    parts = [stem, part, STAGE_SUFFIXES[stage], suffix]
    return ".".join(re.sub(r"[^A-Za-z0-9._-]", "-", text) for text in parts if text is not None)
