"""Where maps go: one file each in a folder, or one file for all; never over an input, never two in one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from convtool.core.arrays import Float32
from convtool.errors import ArgumentError, OutputError
from convtool.io.atomic import replacing
from convtool.io.maps import MapFormat, Written, check_axes, format_of, write_map
from convtool.io.source import STDIN
from convtool.jobs.naming import STAGE_SUFFIXES, image_stem, output_name
from convtool.jobs.options import OutputOptions
from convtool.jobs.stages import StageMap

STDOUT = "-"


@dataclass(frozen=True)
class Output:
    """Where one map was written, and what that took."""

    path: str | None
    written: Written


class Outputs:
    """The outputs of one run, checked before any work.

    Parameters
    ----------
    options
        What is written, and where.
    inputs
        Every file that is read: none of them is ever written.
    """

    def __init__(self, options: OutputOptions, inputs: Sequence[str]) -> None:
        self.options = options
        self._inputs = inputs
        if options.file is not None:
            if len(options.save) != 1:
                names = ", ".join(sorted(STAGE_SUFFIXES[stage] for stage in options.save)) or "none"
                raise ArgumentError(f"-o holds one stage, --save asks for {names}; choose one with --save")
            check_not_an_input(options.file, inputs)
            if self.format in ("png", "npy") and options.file == STDOUT and sys.stdout.isatty():
                raise ArgumentError("-o - would write binary to a terminal; redirect it, or use --format csv")

    @property
    def format(self) -> MapFormat:
        """The format of every file of this run."""
        file = self.options.file
        return self.options.format if file in (None, STDOUT) else format_of(file)

    def check(self, maps: Sequence[tuple[str, str | None]], images: Sequence[str]) -> None:
        """Refuse maps that would be written to one place.

        Parameters
        ----------
        maps
            For each map that will be made: its image as the user named it, and its part of the name.
        images
            The images, as the user named them.
        """
        if self.options.file is not None:
            if len(images) > 1:
                raise ArgumentError(f"-o holds the maps of one image, {len(images)} are given; use --out-dir")
            self._check_holds(len(maps))
            return
        makers: dict[str, tuple[str, str | None]] = {}
        for stage in self.options.save:
            for image, part in maps:
                name = output_name(image_stem(image), part, stage, self.format)
                if name in makers:
                    first, second = (
                        " with ".join(filter(None, maker)) for maker in (makers[name], (image, part))
                    )
                    raise ArgumentError(f"{first} and {second} would both write {name}; rename one or use -o")
                makers[name] = image, part
                check_not_an_input(str(Path(self.options.folder, name)), self._inputs)

    def write(self, image: str, maps: Sequence[StageMap], *, stacked: bool) -> Iterator[Output]:
        """Write those maps of one image that are to be saved; give for every map where it went.

        Parameters
        ----------
        stacked
            Whether one file holds the maps as ``(O, H, W)`` even if there is only one.
        """
        if self.options.file is not None:
            yield from self._write_together(maps, stacked)
            return
        for stage_map in maps:
            if stage_map.stage not in self.options.save:
                yield Output(None, Written())
                continue
            name = output_name(image_stem(image), stage_map.part, stage_map.stage, self.format)
            path = str(Path(self.options.folder, name))
            check_not_an_input(path, self._inputs)
            _create_folder(self.options.folder)
            with replacing(path) as stream:
                yield Output(path, self._encode(stream, stage_map.values, stage_map))

    def _write_together(self, maps: Sequence[StageMap], stacked: bool) -> Iterator[Output]:
        assert self.options.file is not None
        saved = [stage_map for stage_map in maps if stage_map.stage in self.options.save]
        self._check_holds(len(saved))
        sizes = {stage_map.values.shape for stage_map in saved}
        if len(sizes) > 1:
            raise ArgumentError(f"-o holds maps of one size, these have {sorted(sizes)}; use --out-dir")
        values = np.stack([m.values for m in saved]) if stacked or len(saved) > 1 else saved[0].values
        check_axes(values, self.format)
        with opened(self.options.file) as stream:
            output = Output(self.options.file, self._encode(stream, values, saved[0]))
        for stage_map in maps:
            yield output if stage_map.stage in self.options.save else Output(None, Written())

    def _encode(self, stream: BinaryIO, values: Float32, stage_map: StageMap) -> Written:
        return write_map(
            stream,
            values,
            self.format,
            depth=self.options.depth,
            limits=self.options.limits,
            stage=stage_map.stage,
            label=stage_map.filter,
        )

    def _check_holds(self, maps: int) -> None:
        if maps > 1 and self.format in ("png", "csv"):
            raise ArgumentError(
                f"-o as {self.format.upper()} holds one map, {maps} are made; use --out-dir, or NPY or JSON"
            )


def check_not_an_input(path: str, inputs: Sequence[str]) -> None:
    """Refuse an output that is one of the files read, by whatever name or link."""
    for source in inputs:
        if source != STDIN and path != STDOUT and _is_same_file(source, path):
            raise ArgumentError(f"{path}: the output would replace the input {source}; name another")


def _is_same_file(first: str, second: str) -> bool:
    try:
        return Path(first).samefile(second)
    except OSError:
        return False


def _create_folder(folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder cannot be created: {error.strerror or error}", folder) from error


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open an output: a file that will be whole or absent, or standard output."""
    if path != STDOUT:
        with replacing(path) as stream:
            yield stream
        return
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", "stdout") from error
