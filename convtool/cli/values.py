"""The texts that options take, parsed strictly: what Python would guess at is refused."""

from __future__ import annotations

import math
import re

import typer

_LONGEST = 999_999_999  # of anything that is counted in cells
_MOST_PIXELS = 10**18
_MOST_DECIMALS = 149  # the smallest float32 has as many
_LARGEST = 3.4028234663852886e38  # float32 has no number beyond it
_MOST_CHANGED = 1000  # pixels, degrees, times: all that makes sense, and nothing overflows
_NAMES_OF_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_CHANGES = ("shift", "rotate", "scale", "contrast", "mirror")

Numbers = int | tuple[int, ...]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def output(text: str) -> str:
    """A file to write; ``-`` is standard output, by whatever name."""
    return "-" if text in _NAMES_OF_STDOUT else text


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def at_least_2(text: str) -> int:
    """A whole number of at least 2."""
    return _whole(text, 2)


def not_negative(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


def pixels(text: str) -> int:
    """A count of pixels."""
    return _whole(text, 1, _MOST_PIXELS)


def memory(text: str) -> int:
    """A size in bytes, such as ``500M`` or ``8G``."""
    from convtool.io.limits import parse_size

    size = parse_size(text)
    if size is None:
        raise typer.BadParameter(f"{text!r} is no size; use a number and K, M, G or T, such as 500M or 8G")
    return size


def decimals(text: str) -> int:
    """A count of digits behind the decimal point."""
    return _whole(text, 0, _MOST_DECIMALS)


def positive_pair(text: str) -> Numbers:
    """``N`` or ``Y,X``, each at least 1."""
    parts = text.split(",")
    if len(parts) == 1:
        return _whole(text, 1, hint="; a pair is Y,X")
    if len(parts) > 2:
        raise typer.BadParameter(f"{text!r} has {len(parts)} numbers; use N or Y,X")
    return tuple(_whole(part, 1) for part in parts)


def cell(text: str) -> tuple[int, ...]:
    """``Y,X``, from 0."""
    parts = text.split(",")
    if len(parts) != 2:
        raise typer.BadParameter(f"{text!r} is no cell; use Y,X, its row and its column, such as 3,0")
    return tuple(_whole(part, 0) for part in parts)


def place(text: str) -> tuple[int, ...]:
    """``C,Y,X``, or the one number of a vector, from 0."""
    return tuple(_whole(part, 0) for part in text.split(","))


def padding(text: str) -> Padding:
    """``valid``, ``same``, ``N``, ``Y,X`` or ``TOP,BOTTOM,LEFT,RIGHT``."""
    if text in ("valid", "same"):
        return text
    try:
        numbers = [_whole(part, 0) for part in text.split(",")]
    except typer.BadParameter:
        numbers = []
    match numbers:
        case [every]:
            return every
        case [y, x]:
            return y, x
        case [top, bottom, left, right]:
            return (top, bottom), (left, right)
    raise typer.BadParameter(f"{text!r} is no padding; use valid, same, N, Y,X or TOP,BOTTOM,LEFT,RIGHT")


def limits(text: str) -> tuple[float, float]:
    """``LO,HI``: two numbers that values may reach, the first the smaller."""
    low, high = map(_finite, text.split(",")) if text.count(",") == 1 else (math.nan, math.nan)
    if not low < high:
        raise typer.BadParameter(f"{text!r} is no range; use LO,HI with LO < HI, such as 0,255")
    if max(-low, high) > _LARGEST:
        raise typer.BadParameter(f"{text!r} goes beyond 3.4e38, the largest of float32; use a smaller range")
    return low, high


def share(text: str) -> float:
    """A number from 0 to 1."""
    number = _finite(text)
    if not 0 <= number <= 1:
        raise typer.BadParameter(f"{text!r} is no share; use a number from 0 to 1, such as 0.05")
    return number


def share_below_1(text: str) -> float:
    """A number from 0 to below 1."""
    number = _finite(text)
    if not 0 <= number < 1:
        raise typer.BadParameter(f"{text!r} is no such share; use a number from 0 to below 1, such as 0.05")
    return number


def above_0(text: str) -> float:
    """A finite number above 0."""
    value = number(text)
    if value <= 0:
        raise typer.BadParameter(f"{text!r} is not above 0; use a number such as 0.1")
    return value


def not_below_0(text: str) -> float:
    """A finite number of at least 0."""
    value = number(text)
    if value < 0:
        raise typer.BadParameter(f"{text!r} is below 0; use a number such as 0.01")
    return value


def augmentation(text: str) -> dict[str, float | bool]:
    """``shift=PIXELS,rotate=DEGREES,scale=SHARE,contrast=SHARE,mirror``, any of them."""
    changes: dict[str, float | bool] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if name not in _CHANGES or bool(equals) is (name == "mirror"):
            raise typer.BadParameter(
                f"{part!r} is no change of pictures; use shift=2, rotate=10, scale=0.1, contrast=0.2 and "
                "mirror, with commas between"
            )
        if name in changes:
            raise typer.BadParameter(f"{name} is given twice; give it once")
        amount = 1.0 if name == "mirror" else _finite(value)
        if not 0 <= amount <= _MOST_CHANGED:
            raise typer.BadParameter(f"{part!r}: {name} takes a number from 0 to {_MOST_CHANGED}")
        changes[name] = name == "mirror" or amount
    return changes


def number(text: str) -> float:
    """Any finite number."""
    value = _finite(text)
    if math.isnan(value):
        raise typer.BadParameter(f"{text!r} is not a finite number")
    return value


def depth(text: str) -> int:
    """8 or 16."""
    if text not in ("8", "16"):
        raise typer.BadParameter(f"{text!r} is no depth; use 8 or 16")
    return int(text)


def stages(text: str) -> frozenset[str]:
    """``conv``, ``map`` and ``pool`` with commas between, or ``none``; as the stages' own names."""
    names = {"conv": "conv", "map": "relu", "pool": "pool"}
    if text == "none":
        return frozenset()
    chosen = text.split(",")
    if unknown := [name for name in chosen if name not in names]:
        raise typer.BadParameter(f"{unknown[0]!r} is no stage; use conv, map, pool or none, such as map,pool")
    return frozenset(names[name] for name in chosen)


def only_one(first: str, second: str, *others: object) -> None:
    """Refuse an option that another makes meaningless."""
    if any(other is not None and other is not False for other in others):
        raise typer.BadParameter(f"{first} leaves nothing for {second} to say; give one of them")


def _finite(text: str) -> float:
    """A finite number, or NaN where the text is none."""
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _whole(text: str, least: int, most: int = _LONGEST, hint: str = "") -> int:
    if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or not least <= int(text) <= most:
        raise typer.BadParameter(f"{text!r} is not a whole number from {least} to {most}{hint}")
    return int(text)
