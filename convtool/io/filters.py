"""Filter files: the built-in library, JSON and NPY, to a FilterBank and back."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convtool.core.bank import FilterBank
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io import npy
from convtool.io.limits import MAX_FILTERS, MAX_JSON_BYTES, MAX_WEIGHTS, check_bytes
from convtool.io.rectangles import format_json, is_finite, parse_json, rectangle, to_numbers
from convtool.io.source import STDIN, PathLike, Source, open_source, spoken, warn_of
from convtool.text import quoted

FORMAT = "convtool.filter/1"
_NETWORKS = (b"PK\3\4", b"\x08")  # as an NPZ begins, and an ONNX model

_KEYS = (
    "format",
    "name",
    "weights",
    "bias",
    "description",
    "source",
    "names",
    "divisor",
    "normalize",
    "meta",
)


@dataclass(frozen=True, eq=False)
class FilterFile:
    """A bank and what its file says about it.

    Attributes
    ----------
    label
        What outputs and records call it: a built-in's name, or the file's stem.
    bank
        Its weights, the divisor applied.
    name
        What the JSON itself calls it.
    notices
        What the reader gave up, one line each.
    """

    label: str
    bank: FilterBank
    description: str | None = None
    source: str | None = None
    meta: Any = None
    name: str | None = None
    notices: tuple[str, ...] = ()


def load_filter(path_or_name: PathLike) -> FilterBank:
    """Read a filter or bank: a built-in by its name, or a JSON or NPY file.

    Parameters
    ----------
    path_or_name
        A built-in name such as ``sobel-x``, or a path: anything with a ``/`` or a suffix.

    Returns
    -------
    FilterBank
        Weights as float32 ``(O, I, kh, kw)``, the divisor applied.

    Raises
    ------
    ArgumentError
        No built-in filter has that name.
    InputError
        The file is missing or does not hold a filter.
    LimitError
        The JSON is over 16 MiB, or standard input over 1 GiB.

    Warns
    -----
    NoticeWarning
        Numbers so small that float32 has only 0 for them, or whole ones that it rounds.

    Examples
    --------
    >>> load_filter("sobel-x").weights[0, 0].tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    filter_file = read_filter(path_or_name)
    warn_of(filter_file.notices, path_or_name)
    return filter_file.bank


def read_filter(path_or_name: PathLike) -> FilterFile:
    """Read a filter with its description; see `load_filter`."""
    name = str(path_or_name)
    with open_source(path_or_name if is_path(name) else _builtin(name)) as source:
        return decode_filter(source, filter_label(name))


def decode_filter(source: Source, label: str) -> FilterFile:
    """Read a filter from an opened source."""
    if source.head(6) == npy.MAGIC:
        header = npy.read_header(source.stream, source.size)
        bank, notices = _bank(npy.read_values(source.stream, header))
        return FilterFile(label, bank, notices=notices)
    if not source.text_start().startswith((b"{", b"[")):
        network = source.head(4).startswith(_NETWORKS)
        hint = "; of a network, name a layer: FILE::LAYER" if network else ""
        raise InputError(f"not a filter; a filter file is JSON (an object or a list of rows) or NPY{hint}")
    check_bytes(source.size, MAX_JSON_BYTES, "a filter in JSON")
    return _from_json(parse_json(source.stream.read()), label)


def holds_filter(source: Source) -> bool:
    """Whether an opened source can only be a filter: a JSON object, or an array of four axes."""
    if source.head(6) == npy.MAGIC:
        header = npy.read_header(source.stream, source.size)
        source.stream.seek(0)
        return len(header.shape) == 4
    return source.text_start().startswith(b"{")


def is_path(name: str) -> bool:
    """Whether ``--filter`` takes the name as a file, not as a built-in's name."""
    return "/" in name or bool(Path(name).suffix) or name in (STDIN, "")


def filter_label(name: str) -> str:
    """What outputs and records call the filter of this file or name."""
    return Path(spoken(name)).stem if is_path(name) else name


def filter_format(path: PathLike) -> str:
    """The format that the suffix of a filter file names: ``json`` or ``npy``."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in ("json", "npy"):
        found = repr(suffix) if suffix else "without a suffix"
        raise ArgumentError(f"a filter is written as .json or .npy, not {found}")
    return suffix


def encode_filter(filter_file: FilterFile, format_: str, divisor: float = 1.0) -> bytes:
    """The bytes of a filter file: ``json`` keeps everything, ``npy`` the weights alone.

    The divisor that the filter was read with is applied in both; JSON may be written with another.
    """
    if format_ == "npy":
        stream = io.BytesIO()
        npy.write_npy(stream, _compact(filter_file.bank))
        return stream.getvalue()
    lines = [
        f"  {json.dumps(key)}: {format_json(value, indent=2) if key == 'weights' else json.dumps(value)}"
        for key, value in filter_fields(filter_file, divisor).items()
    ]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def filter_fields(filter_file: FilterFile, divisor: float = 1.0) -> dict[str, Any]:
    """What a filter file holds, by its keys in JSON; the weights are multiplied by the divisor."""
    bank = filter_file.bank
    weights = _compact(bank)
    bias = to_numbers(bank.bias)
    fields = {
        "format": FORMAT,
        "name": filter_file.name or filter_file.label,
        "names": list(bank.names) if bank.names else None,
        "weights": to_numbers(
            weights if divisor == 1 else (weights * np.float64(divisor)).astype(np.float32)
        ),
        "divisor": None if divisor == 1 else _plain(divisor),
        "bias": (bias[0] if len(bias) == 1 else bias) if any(bias) else None,
        "normalize": bank.normalize,
        "description": filter_file.description,
        "source": filter_file.source,
        "meta": filter_file.meta,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _plain(number: float) -> float:
    return int(number) if number == round(number) else number


def builtin_names() -> list[str]:
    """The names of the built-in filters, sorted."""
    return sorted(path.stem for path in _library().glob("*.json"))


def _builtin(name: str) -> Path:
    path = _library() / f"{name}.json"
    if path.is_file():
        return path
    from difflib import get_close_matches

    names, meant = builtin_names(), name.lower()
    close = [known for known in names if known.startswith(meant)] or get_close_matches(meant, names)
    guess = f"did you mean {' or '.join(close)}? " if close else ""
    raise ArgumentError(
        f"no built-in filter is called {name!r}; {guess}list them with 'convtool filters list', "
        f"or name a file: ./{name}"
    )


def _library() -> Path:
    """The folder of built-in filters: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "filters"
    return installed if installed.is_dir() else package.parent / "filters"


def _from_json(content: Any, label: str) -> FilterFile:
    fields = content if isinstance(content, dict) else {"weights": content}
    if str(fields.get("format")).startswith("convtool.net/"):
        raise InputError("it is a network; name one of its layers: FILE::LAYER, see 'convtool net show'")
    unknown = set(fields) - set(_KEYS)
    if unknown:
        raise InputError(
            f"unknown key {quoted(min(unknown))}; a filter has {', '.join(_KEYS)} (your own notes go in meta)"
        )
    if fields.get("format", FORMAT) != FORMAT:
        raise InputError(f"format is {quoted(fields['format'])}; this version reads {FORMAT!r}")
    if "weights" not in fields:
        raise InputError('it has no weights; a filter is {"weights": [[1, 0], [0, 1]]}')
    for key in ("name", "description", "source"):
        if not isinstance(fields.get(key, ""), str):
            raise InputError(f"{key} is {quoted(fields[key])}; it must be text")
    _check_meta(fields.get("meta"))
    bank, notices = _bank(
        rectangle(fields["weights"], "a filter"),
        _divisor(fields),
        _bias(fields),
        _names(fields),
        fields.get("normalize"),
    )
    told = {key: fields.get(key) for key in ("description", "source", "meta", "name")}
    return FilterFile(label, bank, **told, notices=notices)


def _bank(
    weights: np.ndarray,
    divisor: float = 1,
    bias: np.ndarray | None = None,
    names: list[str] | None = None,
    normalize: Literal["local"] | None = None,
) -> tuple[FilterBank, tuple[str, ...]]:
    """Give the bank, and notices of numbers that float32 has not."""
    if weights.ndim not in (2, 3, 4):
        raise InputError(
            f"weights of shape {weights.shape}; a filter is (kh, kw), a bank (O, kh, kw) or (O, I, kh, kw)"
        )
    if weights.size > MAX_WEIGHTS or (weights.ndim > 2 and len(weights) > MAX_FILTERS):
        raise LimitError(
            f"weights of shape {weights.shape} are over the limit of {MAX_FILTERS} filters or {MAX_WEIGHTS} "
            "weights; divide the bank into several files"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # the bank refuses infinity, and says where
        scaled = weights / divisor
        bank = FilterBank(scaled, bias, names, normalize)
    lost = np.count_nonzero(weights) - np.count_nonzero(bank.weights)
    if bias is not None:
        lost += np.count_nonzero(bias) - np.count_nonzero(bank.bias)
    notices = [f"{lost} number(s) too small for float32 became 0"] if lost else []
    scaled = scaled.reshape(bank.weights.shape)
    if rounded := np.count_nonzero((np.rint(scaled) == scaled) & (scaled != bank.weights)):
        notices.append(f"{rounded} whole number(s) beyond 2^24 rounded to float32")
    return bank, tuple(notices)


def _check_meta(meta: Any) -> None:
    """Refuse what could not be written again as JSON."""
    try:
        json.dumps(meta, allow_nan=False)
    except ValueError:
        raise InputError("meta holds NaN or infinity; a number in JSON is finite") from None


def _divisor(fields: dict[str, Any]) -> float:
    divisor = fields.get("divisor", 1)
    if not is_finite(divisor) or divisor == 0:
        raise InputError(f"divisor is {quoted(divisor)}; it must be a finite number other than 0")
    return float(divisor)


def _bias(fields: dict[str, Any]) -> np.ndarray | None:
    if "bias" not in fields:
        return None
    bias = fields["bias"]
    return rectangle(bias if isinstance(bias, list) else [bias], "bias")


def _names(fields: dict[str, Any]) -> list[str] | None:
    names = fields.get("names")
    if names is not None and not (isinstance(names, list) and all(isinstance(n, str) for n in names)):
        raise InputError(f"names is {quoted(names)}; it must be a list of texts, one a filter")
    return names


def _compact(bank: FilterBank) -> np.ndarray:
    """The weights with the fewest axes that read back as the same bank."""
    weights: np.ndarray = bank.weights
    if bank.single:
        weights = weights[0, 0]
    elif bank.in_channels == 1:
        weights = weights[:, 0]
    return weights
