"""Networks from files and into files: native, spec or ONNX, told by their content."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

from convtool.core.bank import FilterBank
from convtool.errors import ArgumentError, InputError, NoticeWarning
from convtool.io.beside import path_beside
from convtool.io.filters import FilterFile, is_path, read_filter
from convtool.io.limits import MAX_JSON_BYTES, MEMORY_OF_JSON, Limits, check_bytes
from convtool.io.networks import NetworkFile, read_npz, spec_of_json, write_npz
from convtool.io.npz import MAGIC
from convtool.io.source import STDIN, PathLike, Source, open_source, spoken
from convtool.net.network import Network, brief
from convtool.net.ops import Conv
from convtool.net.spec import network_of_spec, spec_of_network

FORMATS = ("npz", "onnx")

Notify = Callable[[str], None]
"""Called with each notice, a line of text."""

Progress = Callable[[int, int], None]
"""Called with how many images are done, and how many there are."""

ONNX_BEGINS = b"\x08"
"""The tag of a model's first field, the version of its format."""


def load_network(path: PathLike, *, limits: Limits | None = None) -> Network:
    """Read a network: convtool's NPZ, a spec in JSON, or an ONNX model.

    Parameters
    ----------
    path
        A file, or ``-`` for standard input. What it is, its content says, not its suffix.
    limits
        What memory it may take; those of the environment if not given.

    Returns
    -------
    Network
        Checked: layers in order, shapes that chain where the input's size is known.

    Raises
    ------
    InputError
        A file that is damaged, or that holds what convtool does not run.
    LimitError
        More memory than is allowed.
    OutputError
        An ONNX model, and the onnx package is missing.

    Warns
    -----
    NoticeWarning
        What a filter file beside a spec gave up: see `load_filter`.

    Examples
    --------
    >>> network = load_network("samples/lines.json")
    >>> network.classes, network.parameters
    (('upright', 'level', 'turn'), 75)
    """
    notices: list[str] = []
    network = read_network(path, notices.append, limits=limits)
    for notice in notices:
        warnings.warn(notice, NoticeWarning, stacklevel=2)
    return network


def read_network(path: PathLike, notify: Notify, *, limits: Limits | None = None) -> Network:
    """Read a network as `load_network` does; ``notify`` is called with each notice."""
    with open_source(path, limits) as source:
        return decode_network(source, path, notify, limits=limits)


def decode_network(
    source: Source, path: PathLike, notify: Notify, *, limits: Limits | None = None
) -> Network:
    """Read an opened source; see `read_network`."""
    limits = limits or Limits.of()
    name = Path(spoken(path)).stem
    if source.head(4) == MAGIC:
        return network_of_spec(
            read_npz(source, limits), name, lambda each: filter_of_spec(path, each, notify)
        )
    if source.text_start().startswith(b"{"):
        check_bytes(source.size, MAX_JSON_BYTES, "a network's spec")
        limits.check_memory(MEMORY_OF_JSON * source.size, f"the spec holds {source.size} bytes")
        file = NetworkFile(spec_of_json(source.stream.read()), {})
        return network_of_spec(file, name, lambda each: filter_of_spec(path, each, notify))
    if source.head(1) != ONNX_BEGINS:
        raise InputError("no network; it is convtool's NPZ, a spec in JSON or an ONNX model")
    from convtool.net.onnx_reader import network_of_onnx

    limits.check_memory(3 * source.size, f"the model holds {source.size} bytes")

    def beside(location: str) -> bytes:
        found = path_beside(path, location)
        size = found.stat().st_size
        limits.check_memory(3 * size, f"{location} holds {size} bytes")
        return found.read_bytes()

    network = network_of_onnx(source.stream.read(), name, beside)
    if network.input.size is not None:
        network.shapes(network.input.size)
    return network


def filters_of_layer(model: PathLike, layer: str, notify: Notify) -> FilterFile:
    """The filters of a convolution; of one that reads the image, so that they take values as stored."""
    network = read_network(model, notify)
    operation = network[layer].operation
    if not isinstance(operation, Conv):
        convolutions = brief(each.name for each in network.layers if isinstance(each.operation, Conv))
        raise ArgumentError(f"layer {layer!r} of {model} is {operation.kind}; filters are in {convolutions}")
    label, description = f"{network.name}-{layer}", f"Layer {layer} of {network.name}"
    reads_image = network[layer].inputs == (network.input.name,) and operation.groups == 1
    if not reads_image or operation.bank.normalize:
        return FilterFile(label, operation.bank, description=description)
    return FilterFile(label, network.input.folded_into(operation.bank), description=description)


def encode_network(network: Network, format_: str) -> bytes:
    """The bytes of a network as ``npz`` or ``onnx``."""
    if format_ == "onnx":
        from convtool.net.onnx_writer import onnx_of_network

        return onnx_of_network(network)
    stream = io.BytesIO()
    write_npz(stream, spec_of_network(network))
    return stream.getvalue()


def network_format(path: PathLike) -> str:
    """The format that the suffix of a network's file names."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise ArgumentError(f"a network is written as .npz or .onnx, not {suffix or 'without a suffix'}")
    return suffix


def filter_of_spec(spec: PathLike, name: str, notify: Notify) -> FilterBank:
    """A filter that a spec names: built in, or a file beside it."""
    if is_path(name) and spoken(spec) == spoken(STDIN):
        raise InputError(f"it names the filter file {name!r}; save the spec to a file beside it")
    path = path_beside(spec, name) if is_path(name) else name
    file = read_filter(path)
    for notice in file.notices:
        notify(f"{path}: {notice}")
    return file.bank
