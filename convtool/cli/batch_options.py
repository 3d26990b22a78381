"""The options of ``convtool batch`` alone: which images, and who does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convtool.cli import options as o
from convtool.cli import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convtool.jobs.batch.journal import Journal
    from convtool.jobs.batch.work import Item
    from convtool.jobs.engines import Engine
    from convtool.jobs.options import InputOptions
    from convtool.jobs.reading import Notify


@dataclass(frozen=True)
class Finding:
    """Which images are meant."""

    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Take the folders in folders, too.")
    ] = False
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="GLOB",
            help="Which files of folders, by name [default: pictures and .npy]; may be repeated.",
            show_default=False,
        ),
    ] = None
    files_from: Annotated[
        str | None,
        typer.Option(
            "--files-from",
            metavar="FILE",
            help="Read more paths, one a line; - is standard input.",
            show_default=False,
        ),
    ] = None
    nul: Annotated[
        bool, typer.Option("-0", "--null", help="Paths of --files-from end with NUL, not with a line.")
    ] = False

    def __post_init__(self) -> None:
        if self.nul and self.files_from is None:
            raise typer.BadParameter("-0 says how the paths of --files-from end; give it too")

    def items(self, paths: Sequence[str], out_dir: str, notify: Notify) -> list[Item]:
        """Find them."""
        from convtool.jobs.batch.inputs import collect, read_list

        listed = read_list(self.files_from, nul=self.nul) if self.files_from is not None else []
        return collect(
            paths,
            recursive=self.recursive,
            include=self.include or [],
            out_dir=out_dir,
            listed=listed,
            notify=notify,
        )


@dataclass(frozen=True)
class Working:
    """Who does the work."""

    jobs: Annotated[
        Any, o.parsed("--jobs", values.positive, "N", "Worker processes [default: the cores].")
    ] = None
    image_timeout: Annotated[
        Any, o.parsed("--image-timeout", values.above_0, "SECONDS", "Give up an image that takes longer.")
    ] = "300"
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option("--engine", help="Work on this machine, or on the workers of a Dask cluster."),
    ] = "local"
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="The cluster's, such as tcp://host:8786.",
            show_default=False,
        ),
    ] = None
    timeout: Annotated[
        Any,
        o.parsed(
            "--timeout",
            values.above_0,
            "SECONDS",
            "Give up a cluster without workers after so long [default: 30].",
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.engine == "local" and (self.scheduler is not None or self.timeout is not None):
            raise typer.BadParameter("--scheduler and --timeout are for a cluster; give --engine dask too")
        if self.engine == "dask" and self.scheduler is None:
            raise typer.BadParameter("--engine dask needs the address of a cluster; give it with --scheduler")
        if self.engine == "dask" and self.jobs is not None:
            raise typer.BadParameter("--jobs is for this machine; a cluster has the workers that it has")

    @property
    def processes(self) -> int:
        """Of this machine, if the work is done here."""
        from convtool.core.threads import usable_cores

        return self.jobs or usable_cores()

    def reading(self, inputs: InputOptions) -> InputOptions:
        """The same for each worker: on this machine they share its memory."""
        from convtool.jobs.batch.preparing import shared

        return shared(inputs, self.processes) if self.engine == "local" else inputs

    def start(self, items: Sequence[Item], journal: Journal) -> Engine:
        """The engine, ready to run."""
        if self.scheduler is None:
            from convtool.jobs.engines.local import LocalEngine

            return LocalEngine(self.processes, image_timeout=self.image_timeout, lease=journal.descriptor)
        from convtool.jobs.batch.inputs import base_of
        from convtool.jobs.engines.dask import DaskEngine

        return DaskEngine.connect(
            self.scheduler,
            timeout=self.timeout or 30.0,
            image_timeout=self.image_timeout,
            folders=[base_of(items)],
        )
