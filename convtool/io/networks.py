"""Networks in one file: an NPZ of arrays and a spec in JSON."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io import npy
from convtool.io.limits import MAX_JSON_BYTES, Limits, check_bytes
from convtool.io.npz import ARRAY_SUFFIX, Npz
from convtool.io.rectangles import parse_json
from convtool.io.source import Source
from convtool.text import quoted

SPEC = "spec.json"
FORMAT, CHECKPOINT = "convtool.net/1", "convtool.checkpoint/1"
DEEPEST = 100
LARGEST, MOST = float(np.finfo(np.float32).max), 2**53

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of a ZIP's clock: the same network gives the same bytes


class NetworkFile(NamedTuple):
    """A spec and the arrays that it names."""

    spec: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def read_npz(source: Source, limits: Limits, format_: str = FORMAT) -> NetworkFile:
    """Read spec and arrays of a network, or of what else is held in the same way."""
    archive = Npz(source, limits)
    if SPEC not in archive.names:
        raise InputError(f"an NPZ without {SPEC}; a network is written with 'convtool net export'")
    members = [name for name in archive.names if name != SPEC]
    for name in members:
        if not name.endswith(ARRAY_SUFFIX):
            raise InputError(f"it holds {quoted(name)}, neither {SPEC} nor an array")
    check_bytes(archive.size(SPEC), MAX_JSON_BYTES, "a network's spec")
    arrays = {name.removesuffix(ARRAY_SUFFIX): archive.array(name) for name in members}
    return NetworkFile(spec_of_json(archive.content(SPEC), format_), arrays)


def spec_of_json(data: bytes, format_: str = FORMAT) -> dict[str, Any]:
    """A spec, which is a JSON object of this format."""
    check_bytes(len(data), MAX_JSON_BYTES, "a network's spec")
    spec = parse_json(data)
    if not isinstance(spec, dict) or spec.get("format") != format_:
        found = quoted(spec.get("format")) if isinstance(spec, dict) else "missing"
        if format_ == CHECKPOINT:
            raise InputError(f"no checkpoint: its format is {found}; 'convtool net train' writes them")
        raise InputError(
            f'no network: its format is {found}; a spec is {{"format": "{FORMAT}", "layers": […]}}'
        )
    check_values(spec)
    return spec


def check_values(given: Any) -> None:
    """Refuse what a network's file cannot hold.

    Raises
    ------
    InputError
        Anything but JSON's own, a number that neither float32 nor ONNX has, half of a surrogate pair,
        or lists and objects one in the other beyond all reason.
    """
    values: list[tuple[Any, int]] = [(given, 0)]
    while values:
        value, depth = values.pop()
        if depth > DEEPEST:
            raise InputError(f"it holds lists or objects that are nested more than {DEEPEST} deep")
        match value:
            case dict() as named:
                values += [(each, depth + 1) for each in (*named, *named.values())]
            case list() | tuple() as listed:
                values += [(each, depth + 1) for each in listed]
            case float() as number if not abs(number) <= LARGEST:
                raise InputError(f"it holds {number}; every number must be finite in float32")
            case int() as number if abs(number) > MOST:
                raise InputError(f"it holds {quoted(number)}; whole numbers end at {MOST}")
            case str() as text if not text.isascii() and re.search("[\ud800-\udfff]", text):
                raise InputError(f"it holds {quoted(text)}, half of a surrogate pair; write it as UTF-8")
            case None | bool() | int() | float() | str():
                pass
            case other:
                raise InputError(f"it holds {quoted(other)}, no text, number, list or object of JSON")


def write_npz(stream: BinaryIO, network: NetworkFile) -> None:
    """Write spec and arrays; the same network gives the same bytes."""
    with zipfile.ZipFile(stream, "w") as archive:
        text = json.dumps(network.spec, indent=1, allow_nan=False)
        archive.writestr(zipfile.ZipInfo(SPEC, _BEGINNING), text)
        for name, values in network.arrays.items():
            if "\0" in name:
                raise InputError(f"{name!r} holds a NUL character, which no file in an NPZ can; rename it")
            content = io.BytesIO()
            npy.write_npy(content, np.asarray(values, np.float32))
            archive.writestr(zipfile.ZipInfo(name + ARRAY_SUFFIX, _BEGINNING), content.getvalue())
