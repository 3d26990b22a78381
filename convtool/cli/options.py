"""Every option that several commands share, spelled once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from convtool.cli import values
from convtool.cli.faults import show_tracebacks


def complete_filter(incomplete: str) -> list[str]:
    """Built-in names that begin so, for the shell's completion."""
    from convtool.io.filters import builtin_names

    return [name for name in builtin_names() if name.startswith(incomplete)]


Images = Annotated[
    list[str], typer.Argument(metavar="IMAGE...", help="Pictures, matrices or maps; - is standard input.")
]
Maps = Annotated[
    list[str], typer.Argument(metavar="MAP...", help="Saved maps, or any image; - is standard input.")
]
FilterNames = Annotated[
    list[str],
    typer.Argument(
        metavar="FILTER...", help="Built-in names or filter files.", autocompletion=complete_filter
    ),
]
Filters = Annotated[
    list[str],
    typer.Option(
        "--filter",
        "-f",
        metavar="NAME|FILE",
        help="A built-in filter (see 'convtool filters list') or a JSON or NPY file; may be repeated.",
        autocompletion=complete_filter,
        show_default=False,
    ),
]

Stride = Annotated[
    Any, typer.Option("--stride", parser=values.positive_pair, metavar="N|Y,X", help="Step of the filter.")
]
Padding = Annotated[
    Any,
    typer.Option(
        "--padding",
        parser=values.padding,
        metavar="valid|same|N|Y,X|T,B,L,R",
        help="Cells added around the image.",
    ),
]
PaddingMode = Annotated[
    Literal["zeros", "reflect", "replicate", "circular", "symmetric"],
    typer.Option("--padding-mode", help="What the added cells hold."),
]
Dilation = Annotated[
    Any,
    typer.Option(
        "--dilation", parser=values.positive_pair, metavar="N|Y,X", help="Distance between a filter's taps."
    ),
]
Groups = Annotated[
    Any,
    typer.Option("--groups", parser=values.positive, metavar="N", help="Groups of channels that do not mix."),
]
Flip = Annotated[
    bool, typer.Option("--flip", help="Turn the filter by 180 degrees: the textbook convolution.")
]

Channels = Annotated[
    Literal["luma", "each"],
    typer.Option("--channels", help="Colour as brightness, or R, G and B each by itself."),
]
Scale = Annotated[
    Literal["stored", "unit"], typer.Option("--scale", help="Numbers as stored, or scaled to 0...1.")
]
Frame = Annotated[
    Any,
    typer.Option("--frame", parser=values.not_negative, metavar="N", help="Frame or page, counted from 0."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Fail where something would be given up, such as alpha.")
]
MaxPixels = Annotated[
    Any,
    typer.Option(
        "--max-pixels",
        parser=values.positive,
        metavar="N",
        help="Largest image to read [default: 100000000, or CONVTOOL_MAX_PIXELS].",
    ),
]

PoolSize = Annotated[
    Any, typer.Option("--size", parser=values.positive_pair, metavar="N|Y,X", help="Size of a window.")
]
PoolStride = Annotated[
    Any,
    typer.Option(
        "--stride",
        parser=values.positive_pair,
        metavar="N|Y,X",
        help="Step of the window [default: its size].",
    ),
]
PoolKindName = Literal["max", "avg", "min"]
PoolKind = Annotated[PoolKindName, typer.Option("--kind", help="What is kept of a window.")]
PoolPadding = Annotated[
    Any,
    typer.Option(
        "--padding",
        parser=values.padding,
        metavar="N|Y,X|T,B,L,R",
        help="Cells added around the map; they never win.",
    ),
]
Global = Annotated[bool, typer.Option("--global", help="One window over the whole map.")]

OutDir = Annotated[
    str, typer.Option("--out-dir", metavar="DIR", help="Folder of the outputs; created if missing.")
]
OutFile = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The one output, by suffix .png, .npy, .csv or .json; - is standard output.",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["png", "npy", "csv", "json"],
    typer.Option("--format", help="Format of files in --out-dir, and of -o -."),
]
Depth = Annotated[
    Any, typer.Option("--depth", parser=values.depth, metavar="8|16", help="Bits of a PNG's codes.")
]
Range = Annotated[
    Any,
    typer.Option(
        "--range",
        parser=values.limits,
        metavar="LO,HI",
        help="Fix the scale of PNGs, to compare maps [default: each map's own].",
    ),
]

Precision = Annotated[
    Any,
    typer.Option(
        "--precision", parser=values.not_negative, metavar="N", help="Decimals of numbers in tables."
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Print large matrices whole.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON record a line instead of tables.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Color = Annotated[
    Literal["auto", "always", "never"], typer.Option("--color", help="Colour numbers by value.")
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", is_eager=True, callback=show_tracebacks),
]
