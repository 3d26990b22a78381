"""Files that a file names: read only if they lie beside it, whatever it says."""

from __future__ import annotations

import os
from pathlib import Path

from convtool.errors import InputError
from convtool.io.source import PathLike


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
    if leads_out or any(map(os.path.islink, places)):
        raise InputError(f"it names the file {location!r}; only files beside it are read, and no links")
    if not places[-1].is_file():
        raise InputError(
            f"it names the file {location!r}, which is not there; put it beside {Path(file).name}"
        )
    return places[-1]
