"""``convtool net``: whole networks, each command in the module of its name."""

from __future__ import annotations

import typer

from convtool.cli.late import late_group

COMMANDS = ("train", "eval", "classify", "run", "show", "explain", "filters", "patches", "export")

net = typer.Typer(
    cls=late_group("convtool.cli.net", COMMANDS),
    name="net",
    epilog="Example: convtool net run model.onnx photo.png --maps 'conv*'",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@net.callback()
def _net() -> None:
    """Train networks, run them (convtool's NPZ, a spec in JSON, ONNX), and look into their layers."""
