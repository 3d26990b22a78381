"""The command line's front door: the commands, the version, and the way out."""

from __future__ import annotations

from typing import Annotated

import typer

from convtool import __version__
from convtool.cli.faults import guarded
from convtool.cli.late import late_group

COMMANDS = (
    "run",
    "conv",
    "relu",
    "pool",
    "show",
    "explain",
    "sheet",
    "report",
    "plan",
    "batch",
    "filters",
    "learn",
    "find",
    "recover",
    "net",
)

app = typer.Typer(
    cls=late_group("convtool.cli", COMMANDS),
    name="convtool",
    help="See what a convolution does to an image: Conv, ReLU, Pool as pictures and tables.",
    epilog="Example: convtool run photo.png --filter sobel-x --out-dir maps/",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convtool {__version__}")
        raise typer.Exit


@app.callback()
def _convtool(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """See what a convolution does to an image: Conv, ReLU, Pool as pictures and tables."""


def main() -> int:
    """Run the command line; give the exit code."""
    return guarded(lambda: app(prog_name="convtool", standalone_mode=False))
