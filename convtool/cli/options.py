"""Every argument and option that several commands share, spelled once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.faults import show_tracebacks

if TYPE_CHECKING:
    from convtool.io.limits import Limits
    from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions, Stage
    from convtool.view.drawings.looks import Look


def complete_filter(incomplete: str) -> list[str]:
    """Built-in names that begin so, for the shell's completion."""
    from convtool.io.filters import builtin_names

    return [name for name in builtin_names() if name.startswith(incomplete)]


def parsed(flag: str, parser: Any, metavar: str, text: str) -> Any:
    """An option whose text is parsed by one of `convtool.cli.values`."""
    return typer.Option(flag, parser=parser, metavar=metavar, help=text)


def written(text: str, *flags: str) -> Any:
    """An option that names a file to write: ``-o``, or what ``flags`` say."""
    flags = flags or ("-o", "--output")
    return typer.Option(*flags, parser=values.output, metavar="FILE", help=text, show_default=False)


def limits(max_pixels: int | None, max_memory: int | None) -> Limits:
    """What the options allow, or the environment where they are silent."""
    from convtool.io.limits import Limits

    return Limits.of(max_pixels, max_memory)


Images = Annotated[
    list[str], typer.Argument(metavar="IMAGE...", help="Pictures, matrices or maps; - is standard input.")
]
Image = Annotated[str, typer.Argument(metavar="IMAGE", help="A picture, matrix or map; - is standard input.")]
Maps = Annotated[
    list[str], typer.Argument(metavar="MAP...", help="Saved maps, or any image; - is standard input.")
]
FilterNames = Annotated[
    list[str],
    typer.Argument(
        metavar="FILTER...",
        help="Built-in names or filter files; - is standard input.",
        autocompletion=complete_filter,
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
FilterOutput = Annotated[str, written("Where to write the filter: .json or .npy; - is standard output.")]
FilterFormat = Annotated[Literal["json", "npy"], typer.Option("--format", help="Format for -o -.")]
PoolKind = Literal["max", "avg", "min"]
Relu = Annotated[bool, typer.Option("--relu/--no-relu", help="Rectify, or keep the signed response.")]
Global = Annotated[bool, typer.Option("--global", help="Pool with one window over the whole map.")]
Channels = Annotated[
    Literal["luma", "each"],
    typer.Option("--channels", help="Colour as brightness, or R, G and B each by itself."),
]
Frame = Annotated[Any, parsed("--frame", values.not_negative, "N", "Frame or page, counted from 0.")]
MaxPixels = Annotated[
    Any,
    parsed(
        "--max-pixels",
        values.pixels,
        "N",
        "Largest image to read [default: 100000000, or CONVTOOL_MAX_PIXELS].",
    ),
]
MaxMemory = Annotated[
    Any,
    parsed(
        "--max-memory",
        values.memory,
        "SIZE",
        "Most memory to take, such as 8G [default: half of what is free, or CONVTOOL_MAX_MEMORY].",
    ),
]
Scale = Annotated[
    Literal["stored", "unit"], typer.Option("--scale", help="Numbers as stored, or scaled to 0...1.")
]
Save = Annotated[
    Any, parsed("--save", values.stages, "STAGES", "What to write: conv, map, pool with commas, or none.")
]
Range = Annotated[
    Any,
    parsed(
        "--range", values.limits, "LO,HI", "Fix the scale of PNGs, to compare maps [default: each map's own]."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Fail where something would be given up, such as alpha.")
]
Precision = Annotated[
    Any, parsed("--precision", values.decimals, "N", "Decimals of numbers in tables that are not whole.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON record a line instead of tables.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Color = Annotated[
    Literal["auto", "always", "never"], typer.Option("--color", help="Colour numbers by value.")
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", is_eager=True, callback=show_tracebacks),
]


@dataclass(frozen=True)
class Sliding:
    """How filters slide."""

    stride: Annotated[Any, parsed("--stride", values.positive_pair, "N|Y,X", "Step of the filter.")] = "1"
    padding: Annotated[
        Any,
        parsed("--padding", values.padding, "valid|same|N|Y,X|T,B,L,R", "Cells added around the image."),
    ] = "valid"
    padding_mode: Annotated[
        Literal["zeros", "reflect", "replicate", "circular", "symmetric"],
        typer.Option("--padding-mode", help="What the added cells hold."),
    ] = "zeros"
    dilation: Annotated[
        Any, parsed("--dilation", values.positive_pair, "N|Y,X", "Distance between a filter's taps.")
    ] = "1"
    groups: Annotated[
        Any, parsed("--groups", values.positive, "N", "Groups of channels that do not mix.")
    ] = "1"
    flip: Annotated[
        bool, typer.Option("--flip", help="Turn the filter by 180 degrees: the textbook convolution.")
    ] = False

    def options(self) -> ConvOptions:
        """The same, for a job."""
        from convtool.jobs.options import ConvOptions

        return ConvOptions(**vars(self))


@dataclass(frozen=True)
class Pooling:
    """How maps are pooled, where that is one step of several."""

    pool: Annotated[
        Any, parsed("--pool", values.positive_pair, "N|Y,X", "Size of the pool's windows [default: 2].")
    ] = None
    pool_stride: Annotated[
        Any,
        parsed(
            "--pool-stride", values.positive_pair, "N|Y,X", "Step of the pool [default: its windows' size]."
        ),
    ] = None
    pool_kind: Annotated[PoolKind, typer.Option("--pool-kind", help="What is kept of a window.")] = "max"
    global_: Global = False

    def __post_init__(self) -> None:
        if self.global_:
            values.only_one("--global", "--pool and --pool-stride", self.pool, self.pool_stride)

    @property
    def given(self) -> bool:
        """Whether the user says anything of a pool, and does not only have the default one."""
        return self != Pooling()

    def options(self) -> PoolOptions:
        """The same, for a job."""
        from convtool.jobs.options import PoolOptions

        return PoolOptions(self.pool_kind, None if self.global_ else self.pool or 2, self.pool_stride)


@dataclass(frozen=True)
class GrayReading:
    """How inputs are read whose colour counts as brightness."""

    scale: Scale = "stored"
    frame: Frame = None
    max_pixels: MaxPixels = None
    max_memory: MaxMemory = None
    strict: Strict = False

    def options(self) -> InputOptions:
        """The same, for a job."""
        from convtool.jobs.options import InputOptions

        return InputOptions("luma", self.scale, self.frame, limits(self.max_pixels, self.max_memory))


@dataclass(frozen=True)
class Reading(GrayReading):
    """How inputs are read whose channels may be filtered apart."""

    channels: Channels = "luma"

    def options(self) -> InputOptions:
        """The same, for a job."""
        return replace(super().options(), channels=self.channels)


@dataclass(frozen=True)
class Encoding:
    """As what maps are written."""

    format: Annotated[
        Literal["png", "npy", "csv", "json"],
        typer.Option("--format", help="Format of files in --out-dir, and of -o -."),
    ] = "png"
    depth: Annotated[Any, parsed("--depth", values.depth, "8|16", "Bits of a PNG's codes.")] = "16"
    range: Range = None
    compress: Annotated[
        bool, typer.Option("--compress", help="Write the smallest PNGs, not the fastest.")
    ] = False

    def to_folder(self, folder: str, save: frozenset[Stage]) -> OutputOptions:
        """The same, for a job that saves these stages in a folder."""
        from convtool.jobs.options import OutputOptions

        return OutputOptions(
            save,
            folder,
            format=self.format,
            depth=self.depth,
            limits=self.range,
            compress=self.compress,
        )


@dataclass(frozen=True)
class Writing(Encoding):
    """As what maps are written, and where they go."""

    out_dir: Annotated[
        str | None,
        typer.Option(
            "--out-dir", metavar="DIR", help="Folder of the outputs; created if missing [default: .]."
        ),
    ] = None
    output: Annotated[
        str | None, written("The one output, by suffix .png, .npy, .csv or .json; - is standard output.")
    ] = None

    def __post_init__(self) -> None:
        if self.output is not None:
            values.only_one("-o", "--out-dir", self.out_dir)

    def options(self, save: frozenset[Stage], sheet: str | None = None) -> OutputOptions:
        """The same, for a job that saves these stages, and a sheet beside them."""
        folder = "." if self.out_dir is None else self.out_dir
        return replace(self.to_folder(folder, save), file=self.output, sheet=sheet)


@dataclass(frozen=True)
class Drawing:
    """How maps are drawn on a sheet."""

    colormap: Annotated[
        Literal["viridis", "blue-orange", "gray"] | None,
        typer.Option(
            "--colormap",
            help="Colours of a sheet's maps [default: blue-orange where values are negative, else viridis].",
            show_default=False,
        ),
    ] = None
    shared_scale: Annotated[
        bool, typer.Option("--shared-scale", help="Draw all maps of a sheet on one scale.")
    ] = False
    zoom: Annotated[
        Any,
        parsed(
            "--zoom", values.positive, "N", "Draw each cell as N x N pixels [default: maps of about 256]."
        ),
    ] = None

    def look(self, limits: tuple[float, float] | None) -> Look:
        """The same, for what draws; ``limits`` are those of the one scale."""
        from convtool.view.drawings.looks import Look

        return Look(self.colormap, self.shared_scale, limits, self.zoom)


@dataclass(frozen=True)
class Showing:
    """How results are shown."""

    precision: Precision = "4"
    full: Annotated[bool, typer.Option("--full", help="Print large matrices whole.")] = False
    json: Json = False
    quiet: Quiet = False
    color: Color = "auto"
    debug: Debug = False

    def display(self, reading: GrayReading, writing: Writing | None = None) -> Display:
        """What shows them, and passes on the notices."""
        to_stdout = writing is not None and writing.output == "-"
        return Display(
            self.precision, self.full, self.json, self.quiet, self.color, reading.strict, to_stdout
        )
