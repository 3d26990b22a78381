"""Options that belong together, as a dataclass that a command takes as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Spread every parameter that is a dataclass of options, so that Typer sees the options.

    The command is called with the dataclasses filled in.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    options: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            options.append(_option(name, hints[name], parameter.default))
            continue
        inner = get_type_hints(groups[name], include_extras=True)
        options += [_option(field.name, inner[field.name], field.default) for field in fields(groups[name])]

    def spread(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    spread.__name__, spread.__doc__ = command.__name__, command.__doc__
    spread.__annotations__ = {option.name: option.annotation for option in options}
    spread.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return spread


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
