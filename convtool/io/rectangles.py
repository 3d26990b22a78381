"""Matrices as text: strict JSON and CSV to arrays, faults named by row and column, and back."""

from __future__ import annotations

import json
import math
import sys
from array import array
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.errors import InputError

Float64 = NDArray[np.float64]

_AXES = {
    1: ("value",),
    2: ("row", "column"),
    3: ("plane", "row", "column"),
    4: ("filter", "channel", "row", "column"),
}
_TOO_DEEP = "lists are nested too deeply; a matrix is a list of rows"


def parse_json(data: bytes) -> Any:
    """Parse JSON more strictly than the standard library: UTF-8, no key twice."""
    text = _decode(data)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_float)
    except InputError:
        raise
    except json.JSONDecodeError as error:
        message = f"not valid JSON, line {error.lineno} column {error.colno}: {error.msg}"
    except RecursionError:
        message = _TOO_DEEP
    except ValueError:
        message = "a number has thousands of digits; no float32 is that long"
    raise InputError(message)


def rectangle(value: Any, what: str) -> Float64:
    """Turn nested lists of numbers into an array.

    Raises
    ------
    InputError
        Rows of unequal length, an empty list, or anything that is no finite number; its place is
        named, counted from 1.

    Examples
    --------
    >>> rectangle([[1, 2], [3, 4]], "a matrix").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not isinstance(value, list):
        raise InputError(f"{what} is {_brief(value)}; it must be a list of rows of numbers")
    shape: list[int] = []
    level: Any = value
    while isinstance(level, list):
        shape.append(len(level))
        if len(shape) > max(_AXES):
            raise InputError(_TOO_DEEP)
        if not level:
            raise InputError(f"{what} has an empty list; a row holds at least one number")
        level = level[0]
    numbers: list[float] = []
    _collect(value, shape, (), what, numbers)
    return np.array(numbers, np.float64).reshape(shape)


def parse_csv(data: bytes) -> Float64:
    """Parse comma-separated rows of numbers; lines of white space are passed over."""
    _decode(data)
    width = 0
    numbers = array("d")  # lists of rows would take eight times the memory
    lines = BytesIO(data.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = line.split(b",")
        width = width or len(cells)
        if len(cells) != width:
            raise InputError(
                f"row {number} has {len(cells)} values, the first has {width}; "
                "a matrix is a rectangle of numbers"
            )
        numbers.extend(_csv_number(cell, number, column) for column, cell in enumerate(cells, start=1))
    if not width:
        raise InputError("holds no numbers; a matrix is a rectangle of numbers")
    return np.frombuffer(numbers, np.float64).reshape(-1, width)


def is_finite(value: object) -> bool:
    """Whether a parsed value is a number, no truth value, that a float can hold."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def to_numbers(values: Float32) -> list[Any]:
    """Nested lists of numbers: whole ones as integers, others as the shortest text that is this float32."""
    if values.ndim > 1:
        return [to_numbers(part) for part in values]
    return [int(v) if v.is_integer() else float(str(v)) for v in values]


def format_json(value: Any, indent: int = 0) -> str:
    """JSON with one row of a matrix a line."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list):
        return json.dumps(value)
    pad = " " * (indent + 2)
    rows = ",\n".join(pad + format_json(row, indent + 2) for row in value)
    return f"[\n{rows}\n{' ' * indent}]"


def json_lines(values: Float32, indent: int = 0) -> Iterator[str]:
    """The same as `format_json` of `to_numbers`, line by line, so that no map is held as text."""
    if values.ndim < 2:
        yield " " * indent + json.dumps(to_numbers(values))
        return
    pad = " " * indent
    yield f"{pad}[\n"
    for index, part in enumerate(values):
        if index:
            yield ",\n"
        yield from json_lines(part, indent + 2)
    yield f"\n{pad}]"


def csv_lines(values: Float32) -> Iterator[str]:
    """One row a line, numbers as in `to_numbers`."""
    for row in values:
        yield ",".join(map(str, to_numbers(row))) + "\n"


def _csv_number(cell: bytes, row: int, column: int) -> float:
    try:
        value = math.nan if b"_" in cell else float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        text = cell.decode()
        place = f"row {row} column {column}"
        raise InputError(f"{place} is {_brief(text.strip())}, not a finite number{_csv_hint(text, row)}")
    return value


def _csv_hint(cell: str, row: int) -> str:
    """What to do about a cell, for the end of its message."""
    if not cell.strip():
        return "; fill the empty cell, or remove the comma"
    if len(cell.replace(";", " ").split()) > 1:
        return "; separate numbers by commas"
    if cell.strip()[0] in "\"'":
        return "; remove the quotes"
    return "; remove the header line" if row == 1 else ""


def _collect(value: Any, shape: list[int], place: tuple[int, ...], what: str, numbers: list[float]) -> None:
    """Append the numbers of ``value``, which should have ``shape``, to ``numbers``."""
    axes = _AXES[len(place) + len(shape)]
    if not isinstance(value, list):
        here = _place(axes, place)
        raise InputError(f"{here} of {what} is {_brief(value)}, expected a list of {shape[0]}")
    if len(value) != shape[0]:
        here, first = _place(axes, place), _place(axes, (1,) * len(place))
        held = "values" if len(shape) == 1 else "lists"
        raise InputError(
            f"{here} has {len(value)} {held}, {first} has {shape[0]}; {what} is a rectangle of numbers"
        )
    if len(shape) > 1:
        for index, item in enumerate(value, start=1):
            _collect(item, shape[1:], (*place, index), what, numbers)
        return
    for index, item in enumerate(value, start=1):
        if not is_finite(item):
            here = _place(axes, (*place, index))
            raise InputError(f"{here} of {what} is {_brief(item)}, not a finite number")
        numbers.append(float(item))


def _place(axes: tuple[str, ...], indices: tuple[int, ...]) -> str:
    """Name a place in nested lists: ``row 2``, ``row 2 column 3``, ``plane 1 row 2``."""
    return " ".join(f"{axis} {index}" for axis, index in zip(axes, indices, strict=False))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise InputError(f"the key {key!r} stands twice; remove one")
    return content


def _float(text: str) -> float:
    """Parse a number; one too small for any float is the smallest, so that its loss shows in float32."""
    value = float(text)
    if value == 0 and text.lower().partition("e")[0].strip("-0."):
        return math.copysign(math.ulp(0.0), value)
    return value


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _brief(value: Any) -> str:
    text = json.dumps(value) if not isinstance(value, list | dict) else type(value).__name__
    return text if len(text) <= 40 else text[:37] + "..."
