"""Networks from one file format to another."""

from __future__ import annotations

from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.outputs import check_output, opened
from convtool.jobs.reading import Notify, concerning
from convtool.net.files import encode_network, network_format, read_network
from convtool.net.network import Network


def export_network(model: str, output: str, *, limits: Limits | None = None, notify: Notify) -> Network:
    """Write a network as NPZ or ONNX."""
    check_output(output, [model])
    format_ = network_format(output)
    network = read_network(model, notify, limits=limits)
    with concerning(spoken(model)):
        data = encode_network(network, format_)
    with opened(output) as stream:
        stream.write(data)
    return network
