"""Every argument and option that several commands of ``convtool net`` share, spelled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display

if TYPE_CHECKING:
    from convtool.io.limits import Limits

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="An NPZ, a spec in JSON or an ONNX model; - is standard input.")
]
NetworkFormat = Annotated[Literal["npz", "onnx"], typer.Option("--format", help="Format for -o -.")]
LayerName = Annotated[
    str, typer.Option("--layer", metavar="NAME", help="A layer's name, as 'net show' lists it.")
]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A folder of a folder for each class, an IDX file of images, or an NPZ of images and labels.",
    ),
]


@dataclass(frozen=True)
class Measuring:
    """How labelled images are read as a network takes them, and how what it makes of them is shown."""

    size: Annotated[
        Any,
        o.parsed(
            "--size", values.positive_pair, "N|Y,X", "What images are made for a network that takes any."
        ),
    ] = None
    max_pixels: o.MaxPixels = None
    max_memory: o.MaxMemory = None
    strict: o.Strict = False
    json: o.Json = False
    quiet: o.Quiet = False
    color: o.Color = "auto"
    debug: o.Debug = False

    def limits(self) -> Limits:
        """What reading and running may take."""
        return o.limits(self.max_pixels, self.max_memory)

    def display(self, *, stdout_is_data: bool) -> Display:
        """What shows the results, and passes on the notices."""
        return Display(
            json=self.json,
            quiet=self.quiet,
            color=self.color,
            strict=self.strict,
            stdout_is_data=stdout_is_data,
        )
