"""Where maps go: one file each in a folder, or one file for all; never over an input, never two in one."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from convtool.core.arrays import Float32
from convtool.errors import ArgumentError, OutputError
from convtool.io.atomic import is_link_of_system, replacing
from convtool.io.maps import SEVERAL_MAPS, MapFormat, Written, format_of, write_map
from convtool.io.source import STDIN, spoken
from convtool.jobs.naming import STAGE_SUFFIXES, image_stem, output_name
from convtool.jobs.options import OutputOptions
from convtool.jobs.reading import Notify, check_stdin_once, model_of
from convtool.jobs.stages import StageMap

STDOUT = "-"

_LEADS_NOWHERE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EBADF,
}
"""By a name that the system answers so, nothing is read and nothing replaced."""


@dataclass(frozen=True)
class Output:
    """Where one map was written, and what that took."""

    path: str | None
    written: Written


class PlannedMap(NamedTuple):
    """A map that will be made: its image and filter as the user named them, its part of the name."""

    image: str
    part: str | None = None
    filter: str | None = None


class Outputs:
    """The outputs of one run, checked before any work.

    Parameters
    ----------
    options
        What is written, and where.
    inputs
        Every file that is read: none of them is ever written.
    notify
        Called with each notice; if it raises, the output it is about is not written.
    replacing
        What opens a file in the folder.
    """

    def __init__(
        self,
        options: OutputOptions,
        inputs: Sequence[str],
        notify: Notify,
        replacing: Callable[[str], AbstractContextManager[BinaryIO]] = replacing,
    ) -> None:
        self.options = options
        self._replacing = replacing
        self._inputs = inputs
        self._notify = notify
        self._written: set[str] = set()
        self.format: MapFormat = options.format
        check_stdin_once(inputs)
        if not options.folder:
            raise ArgumentError("--out-dir is empty; name a folder, or . for this one")
        if options.file is not None:
            if len(options.save) != 1:
                names = ", ".join(sorted(STAGE_SUFFIXES[stage] for stage in options.save)) or "none"
                raise ArgumentError(f"-o holds one stage, --save asks for {names}; choose one with --save")
            check_output(options.file, inputs)
            if self._is_sheet(options.file):
                raise ArgumentError("--sheet and -o would both write to one place; name another")
            if not takes_any_format(options.file):
                self.format = format_of(options.file)
            if self.format in ("png", "npy"):
                refuse_terminal(options.file, "redirect it, or use --format csv")
        if options.save and self.format != "png":
            self._refuse_options_of_pictures()

    def _refuse_options_of_pictures(self) -> None:
        format_ = self.format.upper()
        if self.options.limits is not None:
            raise ArgumentError(f"--range is the scale of a picture; {format_} holds the numbers")
        if self.options.compress:
            raise ArgumentError(f"--compress makes PNGs smaller, not {format_}; leave it out, or write PNG")

    def check(self, maps: Sequence[PlannedMap], images: Sequence[str]) -> None:
        """Refuse maps that would be written to one place; ``images`` are as the user named them."""
        if self.options.file is not None:
            if len(images) > 1:
                raise ArgumentError(f"-o holds the maps of one image, {len(images)} are given; use --out-dir")
            self._check_holds(self.options.file, len(maps))
            return
        makers: dict[str, str] = {}
        for stage in sorted(self.options.save):
            for image, part, filter_ in maps:
                name = output_name(image_stem(image), part, stage, self.format)
                maker = spoken(image) if filter_ is None else f"{spoken(image)} with {filter_}"
                if name in makers:
                    both = f"{makers[name]} and {maker} would both write {name}"
                    twice = f"{maker} would write {name} twice"
                    says = twice if maker == makers[name] else both
                    raise ArgumentError(f"{says}; rename one, or give them one by one")
                makers[name] = maker
                self._check_free(str(Path(self.options.folder, name)), maker)

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
        if self.options.save:
            create_folder(self.options.folder)
        for stage_map in maps:
            if stage_map.stage not in self.options.save:
                yield Output(None, Written())
                continue
            # Checked once more: the parts R, G, B and 01, 02, … are known only since the image is read.
            name = output_name(image_stem(image), stage_map.part, stage_map.stage, self.format)
            path = str(Path(self.options.folder, name))
            self._check_free(path, spoken(image))
            if path in self._written:
                raise ArgumentError(
                    f"{spoken(image)}: another input has just been written to {path}; rename one"
                )
            self._written.add(path)
            with self._replacing(path) as stream:
                output = self._encode(stream, path, stage_map.values, stage_map)
            yield output

    def _check_free(self, path: str, maker: str) -> None:
        """Refuse to write a map over what is read, or where the sheet goes."""
        check_not_an_input(path, self._inputs)
        if self._is_sheet(path):
            raise ArgumentError(f"--sheet and {maker} would both write {path}; name another")

    def _is_sheet(self, path: str) -> bool:
        """Whether the sheet is written to this place; a link in it is replaced, not followed."""
        sheet = self.options.sheet
        if sheet is None or STDOUT in (sheet, path):
            return sheet == path
        here, there = Path(path), Path(sheet)
        return here.name == there.name and here.parent.resolve() == there.parent.resolve()

    def _write_together(self, maps: Sequence[StageMap], stacked: bool) -> Iterator[Output]:
        assert self.options.file is not None
        saved = [stage_map for stage_map in maps if stage_map.stage in self.options.save]
        self._check_holds(self.options.file, len(saved))
        sizes = {stage_map.values.shape for stage_map in saved}
        if len(sizes) > 1:
            raise ArgumentError(f"-o holds maps of one size, these have {sorted(sizes)}; use --out-dir")
        stacked = len(saved) > 1 or (stacked and self.format in SEVERAL_MAPS)
        values = np.stack([m.values for m in saved]) if stacked else saved[0].values
        with opened(self.options.file) as stream:
            output = self._encode(stream, self.options.file, values, saved[0])
        for stage_map in maps:
            yield output if stage_map.stage in self.options.save else Output(None, Written())

    def _encode(self, stream: BinaryIO, path: str, values: Float32, stage_map: StageMap) -> Output:
        written = write_map(
            stream,
            values,
            self.format,
            depth=self.options.depth,
            limits=self.options.limits,
            compress=self.options.compress,
            stage=stage_map.stage,
            label=stage_map.filter,
        )
        if written.clipped:
            self._notify(f"{spoken_output(path)}: {written.clipped} value(s) outside --range were clipped")
        return Output(path, written)

    def _check_holds(self, file: str, maps: int) -> None:
        if maps > 1 and self.format not in SEVERAL_MAPS:
            others = "--format npy or json" if takes_any_format(file) else "NPY or JSON"
            raise ArgumentError(
                f"-o as {self.format.upper()} holds one map, {maps} are made; use --out-dir, or {others}"
            )


def spoken_output(path: str) -> str:
    """What messages call an output."""
    return "stdout" if path == STDOUT else path


def takes_any_format(path: str) -> bool:
    """Whether an output has no suffix to go by: standard output, a device such as ``/dev/null``, a pipe."""
    if path == STDOUT:
        return True
    target = Path(path)
    return not target.suffix and target.exists() and (not target.is_file() or is_link_of_system(target))


def check_output(path: str, inputs: Sequence[str], option: str = "-o") -> None:
    """Refuse what an output's option cannot be: nothing, a folder, or one of the files read."""
    if not path:
        raise ArgumentError(f"{option} is empty; name a file, or - for standard output")
    if path != STDOUT and (path.endswith("/") or Path(path).is_dir()):
        raise OutputError("it is a folder; name a file in it", path)
    check_not_an_input(path, inputs)


def check_picture_output(path: str, inputs: Sequence[str], *, pictures: int = 1, option: str = "-o") -> None:
    """Refuse what the one picture of a command cannot be written to."""
    check_output(path, inputs, option)
    if pictures > 1:
        raise ArgumentError(f"-o holds one picture, {pictures} would be made; give one image and one filter")
    if not takes_any_format(path) and Path(path).suffix.lower() != ".png":
        raise ArgumentError(f"{path}: a picture is written as .png")
    refuse_terminal(path, "redirect it", option=option)


def check_page_output(path: str, inputs: Sequence[str]) -> None:
    """Refuse what a page cannot be written to."""
    check_output(path, inputs)
    if not takes_any_format(path) and Path(path).suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(f"{path}: a page is written as .html")
    refuse_terminal(path, "redirect it", what="a page")


def refuse_terminal(path: str, way_out: str, *, what: str = "binary", option: str = "-o") -> None:
    """Refuse to write what nobody can read where somebody looks."""
    if sys.stdout.isatty() if path == STDOUT else _is_terminal(path):
        raise ArgumentError(f"{option} {path} would write {what} to a terminal; {way_out}")


def _is_terminal(path: str) -> bool:
    """Whether it is a device such as ``/dev/tty``."""
    try:
        if not stat.S_ISCHR(Path(path).stat().st_mode):
            return False
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except (OSError, ValueError):  # what cannot be opened is for the writing to refuse
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def check_not_an_input(path: str, inputs: Sequence[str]) -> None:
    """Refuse an output that is one of the files read, by whatever name or link."""
    for source in inputs:
        if path != STDOUT and any(_is_same_file(file, path) for file in {source, model_of(source)}):
            raise ArgumentError(f"{path}: the output would replace the input {spoken(source)}; name another")


def _is_same_file(source: str, path: str) -> bool:
    try:
        given = os.fstat(sys.stdin.fileno()) if source == STDIN else Path(source).stat()
        return os.path.samestat(given, Path(path).stat())
    except ValueError:  # standard input is no file
        return False
    except OSError as error:
        if error.errno in _LEADS_NOWHERE:
            return False
        raise


def create_folder(folder: str) -> None:
    """Make the folder of outputs, and those above it, if they are not there."""
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
