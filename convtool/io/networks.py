"""Networks in one file: an NPZ of arrays and a spec in JSON, every member held against the limits first."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io import npy
from convtool.io.limits import ALWAYS_FITS, MAX_JSON_BYTES, Limits, check_bytes
from convtool.io.rectangles import parse_json
from convtool.io.source import Source
from convtool.text import quoted

MAGIC = b"PK\x03\x04"
SPEC = "spec.json"
FORMAT = "convtool.net/1"
MAX_MEMBERS = 65_536
MOST_INFLATED = 100
AS_FLOAT32 = 5  # bytes that a byte of an array takes: what was read, and of 8 bits its float32
LARGEST, MOST = float(np.finfo(np.float32).max), 2**53

_ARRAY_SUFFIX = ".npy"
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of a ZIP's clock: the same network gives the same bytes
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_END = struct.Struct("<4s6xH10x")
_COUNTED_ELSEWHERE = 0xFFFF


class NetworkFile(NamedTuple):
    """A spec and the arrays that it names."""

    spec: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def read_npz(source: Source, limits: Limits) -> NetworkFile:
    """Read spec and arrays; nothing is unpacked before its size is known, nothing is ever unpickled."""
    try:
        with zipfile.ZipFile(source.stream) as archive:
            _check_count(archive, source)
            return _read(archive, source.size, limits)
    except InputError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        struct.error,
        OSError,
        ValueError,  # of a place before the file's start, a name that is no UTF-8
    ):
        raise InputError("the NPZ is damaged, or no NPZ; write the network again") from None


def _check_count(archive: zipfile.ZipFile, source: Source) -> None:
    """Hold the directory against the count at its end: one wrong length in it hides what follows."""
    source.stream.seek(max(0, source.size - _END.size - len(archive.comment)))
    signature, count = _END.unpack(source.stream.read(_END.size))
    if signature != b"PK\5\6" or count not in (len(archive.infolist()), _COUNTED_ELSEWHERE):
        raise zipfile.BadZipFile


def _read(archive: zipfile.ZipFile, source_size: int, limits: Limits) -> NetworkFile:
    members = archive.infolist()
    names = [member.filename for member in members]
    if SPEC not in names:
        raise InputError(f"an NPZ without {SPEC}; a network is written with 'convtool net export'")
    if len(members) > MAX_MEMBERS:
        raise InputError(f"it holds {len(members)} files, over the limit of {MAX_MEMBERS}")
    if len(set(names)) < len(names):
        raise InputError("it holds two files of one name; write the network again")
    for member in members:
        if member.filename != SPEC and not member.filename.endswith(_ARRAY_SUFFIX):
            raise InputError(f"it holds {quoted(member.filename)}, neither {SPEC} nor an array")
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise InputError(f"{quoted(member.filename)} is encrypted or packed in a way that NPZ is not")
    total = sum(member.file_size for member in members)
    if total > MOST_INFLATED * source_size + ALWAYS_FITS:
        raise InputError(
            f"it would inflate to {total} bytes, over {MOST_INFLATED} times its own; weights do not"
        )
    limits.check_memory(AS_FLOAT32 * total, f"the network holds {total} bytes")
    spec = archive.getinfo(SPEC)
    check_bytes(spec.file_size, MAX_JSON_BYTES, "a network's spec")
    arrays = {
        member.filename.removesuffix(_ARRAY_SUFFIX): _array(archive, member)
        for member in members
        if member.filename != SPEC
    }
    return NetworkFile(spec_of_json(_unpacked(archive, spec)), arrays)


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    try:
        stream = io.BytesIO(_unpacked(archive, member))
        return npy.read_values(stream, npy.read_header(stream, member.file_size))
    except InputError as error:
        raise InputError(f"{member.filename}: {error.message}") from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as packed:
        content = packed.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise InputError(f"{quoted(member.filename)} is not as long as the NPZ says; write the network again")
    return content


def spec_of_json(data: bytes) -> dict[str, Any]:
    """A spec, which is a JSON object of this format."""
    check_bytes(len(data), MAX_JSON_BYTES, "a network's spec")
    spec = parse_json(data)
    if not isinstance(spec, dict) or spec.get("format") != FORMAT:
        found = quoted(spec.get("format")) if isinstance(spec, dict) else "missing"
        raise InputError(
            f'no network: its format is {found}; a spec is {{"format": "{FORMAT}", "layers": […]}}'
        )
    _check_values(spec)
    return spec


def _check_values(spec: dict[str, Any]) -> None:
    """Refuse numbers that neither float32 nor ONNX has, and texts that no file can hold."""
    values: list[Any] = [spec]
    while values:
        match values.pop():
            case dict() as named:
                values += [*named, *named.values()]
            case list() as listed:
                values += listed
            case float() as number if not abs(number) <= LARGEST:
                raise InputError(f"it holds {number}; every number must be finite in float32")
            case int() as number if abs(number) > MOST:
                raise InputError(f"it holds {quoted(number)}; whole numbers end at {MOST}")
            case str() as text if not text.isascii() and re.search("[\ud800-\udfff]", text):
                raise InputError(f"it holds {quoted(text)}, half of a surrogate pair; write it as UTF-8")


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
            archive.writestr(zipfile.ZipInfo(name + _ARRAY_SUFFIX, _BEGINNING), content.getvalue())
