"""The command line's front door: the commands, the version, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core

from convtool import __version__
from convtool.cli.faults import guarded

COMMANDS = ("run", "conv", "relu", "pool", "show", "plan", "filters", "learn", "find", "recover", "net")
"""Each is what bears its name in the module of its name: a function, or a Typer of more commands."""


class _Commands(Mapping[str, Any]):
    """The commands by name, each imported and built when it is first looked at."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._built:
            command = getattr(import_module(f"convtool.cli.{name}"), name)
            if not isinstance(command, typer.Typer):
                command, function = typer.Typer(add_completion=False, rich_markup_mode=None), command
                command.command()(function)
            self._built[name] = typer.main.get_command(command)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(typer.core.TyperGroup):
    """A group that starts with none of its commands loaded: a run pays for the one it calls."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]  # nothing is added later

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands without building them."""
        return list(self.commands)


app = typer.Typer(
    cls=_Group,
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
