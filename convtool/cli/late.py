"""Groups whose commands are imported and built when they are first looked at."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import typer
import typer.core


def late_group(package: str, names: Sequence[str]) -> type[typer.core.TyperGroup]:
    """A group that starts with none of its commands loaded: a run pays for the one it calls.

    Each command is what bears its name in the module of its name: a function, with ``_`` behind it where
    Python itself has the name, or a Typer of more commands.
    """

    class LateGroup(typer.core.TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Commands(package, names)  # type: ignore[assignment]  # nothing is added later

        def list_commands(self, ctx: Any) -> list[str]:
            """Name the commands without building them."""
            return list(self.commands)

    return LateGroup


class _Commands(Mapping[str, Any]):
    """The commands of a package by name."""

    def __init__(self, package: str, names: Sequence[str]) -> None:
        self._package, self._names = package, names
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._built:
            called = f"{name}_" if hasattr(builtins, name) else name
            command = getattr(import_module(f"{self._package}.{name}"), called)
            if not isinstance(command, typer.Typer):
                command, function = typer.Typer(add_completion=False, rich_markup_mode=None), command
                command.command()(function)
            self._built[name] = typer.main.get_command(command)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
