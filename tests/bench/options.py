"""The options that both commands share, defined once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

SMALL = 128
LARGE = 4096


def parser(command: str, description: str) -> ArgumentParser:
    """A parser that knows ``--only``, ``--quick``, ``--json`` and ``--threads``."""
    options = ArgumentParser(prog=f"python -m {command}", description=description)
    options.add_argument(
        "--only",
        metavar="TEXT",
        action="append",
        help="measure rows with TEXT in their group or name; may be repeated",
    )
    options.add_argument(
        "--quick", action="store_true", help="small pictures and few repeats: to see that it runs"
    )
    options.add_argument("--json", metavar="FILE", type=Path, help="also write machine and rows to FILE")
    options.add_argument(
        "--threads", metavar="N", type=int, default=2, help="threads for every contender (default: 2)"
    )
    return options


def longest_side(quick: bool) -> int:
    """The longest side that a picture may have."""
    return SMALL if quick else LARGE


def wanted(title: str, only: list[str] | None) -> bool:
    """Whether a row is among those asked for."""
    return only is None or any(part.lower() in title.lower() for part in only)
