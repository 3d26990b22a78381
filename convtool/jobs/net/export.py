"""Networks from one file format to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.outputs import check_output, opened, refuse_terminal, takes_any_format
from convtool.jobs.reading import Notify, concerning
from convtool.net.files import encode_network, network_format, read_network
from convtool.net.network import Network

NetworkFormat = Literal["npz", "onnx"]


def export_network(
    model: str, output: str, format_: NetworkFormat, *, limits: Limits | None = None, notify: Notify
) -> Network:
    """Write a network by the suffix of ``output``, ``.npz`` or ``.onnx``; as ``format_`` if it has none."""
    chosen = checked_format(output, format_, [model])
    network = read_network(model, notify, limits=limits)
    with concerning(spoken(model)):
        data = encode_network(network, chosen)
    with opened(output) as stream:
        stream.write(data)
    return network


def checked_format(output: str, format_: NetworkFormat, inputs: Sequence[str]) -> str:
    """The format that a network will be written in; what it cannot be written to is refused."""
    check_output(output, inputs)
    chosen = format_ if takes_any_format(output) else network_format(output)
    refuse_terminal(output, "redirect it")
    return chosen
