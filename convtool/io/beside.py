"""Files that a file names: read only if they lie beside it, whatever it says."""

from __future__ import annotations

import os
from pathlib import Path

from convtool.errors import InputError
from convtool.io.source import PathLike
from convtool.text import quoted


def path_beside(file: PathLike, location: str) -> Path:
    """The path of a plain file in the folder of ``file``, or in a folder below.

    Raises
    ------
    InputError
        The location is empty, absolute or leads out of the folder, by ``..`` or by a link; or
        there is no such file.
    """
    folder = Path(file).parent
    steps = Path(location).parts
    leads_out = not steps or "\0" in location or Path(location).is_absolute() or ".." in steps
    places = [] if leads_out else [folder.joinpath(*steps[: n + 1]) for n in range(len(steps))]
    named = f"it names the file {quoted(location)}"
    if leads_out or any(map(os.path.islink, places)):
        raise InputError(f"{named}; only files beside it are read, and no links")
    if not _is_file(places[-1]):
        raise InputError(f"{named}, which is not there; put it beside {Path(file).name}")
    return places[-1]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as that the name is too long
        return False
