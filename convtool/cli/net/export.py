"""``convtool net export``: a network as one NPZ, or as ONNX."""

from __future__ import annotations

from typing import Annotated

from convtool.cli import options as o
from convtool.cli.display import Display
from convtool.cli.net.arguments import Model, NetworkFormat


def export(
    model: Model,
    output: Annotated[str, o.written("Where to: .npz or .onnx; - is standard output.")],
    format_: NetworkFormat = "npz",
    max_memory: o.MaxMemory = None,
    debug: o.Debug = False,
) -> None:
    """Write a network as one NPZ, or as ONNX.

    \b
    Example:
      convtool net export spec.json -o model.onnx
    """
    from convtool.jobs.net.export import export_network

    export_network(model, output, format_, limits=o.limits(None, max_memory), notify=Display().notice)
