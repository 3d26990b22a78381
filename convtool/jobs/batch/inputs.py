"""Which images a batch takes: files, the files of folders and of lists, and where each lies in their tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.images import SUFFIXES
from convtool.io.limits import MAX_TEXT_BYTES
from convtool.io.source import STDIN, open_source, refuse_nul
from convtool.jobs.batch.work import Item
from convtool.jobs.naming import image_stem, output_name
from convtool.jobs.reading import Notify


def collect(
    names: Sequence[str],
    *,
    recursive: bool,
    include: Sequence[str],
    out_dir: str,
    listed: Iterable[str] = (),
    notify: Notify,
) -> list[Item]:
    """Find every image that is named, each once, in the order of their names' bytes.

    A file is taken if it is named, be it there or not: it is one result in any case. Of a folder the
    files are taken that are called like images and are not hidden; links to files are followed, links
    to folders are not. What lies in ``out_dir`` is nobody's input. An item's place is its path below
    the deepest folder that holds everything taken; links in it stay as they are.

    Parameters
    ----------
    names, listed
        Files and folders.
    recursive
        Take the files of folders in folders too.
    include
        Patterns as of a shell; with any, a folder's files are those whose name fits one.
    notify
        Called with a notice of what was left out.

    Raises
    ------
    ArgumentError
        Nothing is named, or only what lies in ``out_dir``; a name is empty or ``-``; two images would
        write to one place.
    InputError
        A folder holds no image, or cannot be read.
    """
    own = os.path.realpath(out_dir) if Path(out_dir).is_dir() else ""
    search = _Search(recursive, include, own)
    for name in chain(names, listed):
        search.take(name)
    if not search.found:
        raise ArgumentError(
            f"all that is named lies in --out-dir {out_dir}, where only outputs go; name another folder"
            if search.own
            else "no images are given; name files or folders, or a list of them with --files-from"
        )
    if search.own:
        notify(f"left out {search.own} name(s): they lie in --out-dir {out_dir}, where only outputs go")
    if search.passed_over:
        notify(
            f"left out {search.passed_over} file(s) that are not called like images; "
            "choose files by their names with --include"
        )
    items = _placed(search)
    _check_apart(items)
    return items


def base_of(items: Sequence[Item]) -> str:
    """The deepest folder that holds all of them."""
    return os.path.commonpath([str(Path(item.input).absolute().parent) for item in items])


def read_list(path: str, *, nul: bool) -> list[str]:
    """Read names from a file, ``-`` or a pipe: one a line, or each with a NUL at its end.

    Raises
    ------
    ArgumentError
        The names end with NUL, and lines are expected, or the other way round.
    InputError
        It is empty, or cannot be read.
    LimitError
        It is too long.
    """
    with open_source(path) as source:
        if source.size > MAX_TEXT_BYTES:
            raise LimitError(
                f"a list of {source.size} bytes is over the limit of {MAX_TEXT_BYTES}; divide it into several"
            )
        content = source.stream.read()
        if nul:
            if b"\0" not in content and b"\n" in content:
                raise ArgumentError("its names end with lines, not with NUL characters; leave out -0")
            lines = content.removesuffix(b"\0").split(b"\0")
        elif b"\0" in content:
            raise ArgumentError("its names end with NUL characters, not with lines; say so with -0")
        else:
            lines = [line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n")]
    return list(map(os.fsdecode, lines))


@dataclass
class _Search:
    """What has been found so far.

    Attributes
    ----------
    out_dir
        Its real path; empty if it is not there yet.
    found
        Of every image, under its absolute path: as it was named, and its bytes.
    bases
        The folders that the tree of all images has to hold.
    own
        How many names lie in ``out_dir``.
    passed_over
        Files of folders that are not called like images.
    """

    recursive: bool
    include: Sequence[str]
    out_dir: str
    found: dict[str, tuple[str, int]] = field(default_factory=dict)
    bases: set[str] = field(default_factory=set)
    own: int = 0
    passed_over: int = 0

    def take(self, name: str) -> None:
        """Take what the user named."""
        _check_name(name)
        if self._is_own(name):
            self.own += 1
            return
        path = absolute_path(name)
        try:
            status = Path(name).stat()
        except OSError:  # whatever it is, it is told where the image is opened
            status = None
        if status is not None and stat.S_ISDIR(status.st_mode):
            self.bases.add(path)
            self._take_folder(name)
        else:
            self.bases.add(str(Path(path).parent))
            self.found.setdefault(path, (name, status.st_size if status is not None else 0))

    def _take_folder(self, name: str) -> None:
        taken = passed_over = unentered = 0
        folders = [name]
        while folders:
            for entry in _entries(folders.pop()):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name == Path(self.out_dir).name and self._is_own(entry.path):
                        continue
                    if self.recursive:
                        folders.append(entry.path)
                    else:
                        unentered += 1
                elif (size := _size(entry)) is not None and not self._leads_to_own(entry):
                    if self._is_wanted(entry.name):
                        taken += 1
                        self.found.setdefault(absolute_path(entry.path), (entry.path, size))
                    else:
                        passed_over += 1
        if not taken:
            raise InputError(self._nothing(passed_over, unentered), name)
        if not self.include:
            self.passed_over += passed_over

    def _is_wanted(self, name: str) -> bool:
        if self.include:
            return any(fnmatchcase(name, pattern) for pattern in self.include)
        return name.lower().endswith(SUFFIXES)

    def _is_own(self, path: str) -> bool:
        """Whether it lies in the folder of the outputs, by whatever name or link."""
        if not self.out_dir:
            return False
        real = os.path.realpath(path)
        return os.path.commonpath([real, self.out_dir]) == self.out_dir

    def _leads_to_own(self, entry: os.DirEntry[str]) -> bool:
        return entry.is_symlink() and self._is_own(entry.path)

    def _nothing(self, passed_over: int, unentered: int) -> str:
        """Say why a folder gave no image, and what would help."""
        if self.include:
            patterns = ", ".join(self.include)
            says = f"none of its {passed_over} file(s) has a name that fits --include {patterns}"
            if "/" in patterns:
                says += "; names hold no /"
        elif passed_over:
            says = (
                f"it holds no images, but {passed_over} file(s) that are not called like images; "
                "choose files by their names with --include"
            )
        else:
            says = "the folder holds no images"
        return f"{says}; look into its {unentered} folder(s) with --recursive" if unentered else says


def _check_name(name: str) -> None:
    if not name:
        raise ArgumentError("a name is empty; name a file or a folder")
    if name == STDIN:
        raise ArgumentError(
            "- is standard input, and a batch reads files; give names on it with --files-from -"
        )
    refuse_nul(name)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder and is not hidden."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", folder) from error


def _size(entry: os.DirEntry[str]) -> int | None:
    """Bytes of a plain file, or of one that a link leads to; ``None`` for all else."""
    try:
        status = entry.stat()
    except OSError:  # it leads nowhere, or has just gone
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def absolute_path(path: str) -> str:
    """The path from the root, without ``..``; links in it stay as they are."""
    return os.path.normpath(Path(path).absolute())


def _placed(search: _Search) -> list[Item]:
    base = os.path.commonpath(search.bases)
    items = [Item(name, os.path.relpath(path, base), size) for path, (name, size) in search.found.items()]
    return sorted(items, key=lambda item: os.fsencode(item.input))


def _check_apart(items: Sequence[Item]) -> None:
    """Refuse images of one folder whose outputs would bear one name."""
    makers: dict[tuple[str, str], str] = {}
    for item in items:
        folder = item.place.rpartition("/")[0]
        written = output_name(image_stem(item.input), "FILTER", "relu", "png")
        other = makers.setdefault((folder, written), item.input)
        if other != item.input:
            raise ArgumentError(f"{other} and {item.input} would both write {written}; rename one")
