"""Pictures to learn from, as the user names them: files, windows of files, folders."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.errors import ArgumentError, InputError
from convtool.io.images import read_image
from convtool.io.source import spoken
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, noticed, scaled
from convtool.learn.windows import Background, Patch, background_of

_NO_PICTURES = "the folder holds no pictures; put some into it"
_WINDOW = re.compile(r"(?P<path>.+)@(?P<numbers>[^@/]*)", re.DOTALL)


class Pictures:
    """Pictures by name, each read once; colour counts as brightness."""

    def __init__(self, inputs: InputOptions, notify: Notify) -> None:
        self._inputs, self._notify = inputs, notify
        self._read: dict[str, Float32] = {}

    def __getitem__(self, path: str) -> Float32:
        if path not in self._read:
            image = read_image(path, frame=self._inputs.frame, limits=self._inputs.limits)
            noticed(image, path, self._notify)
            self._read[path] = scaled(image.luma(), self._inputs).values
        return self._read[path]

    def patch(self, name: str) -> Patch:
        """The patch that ``FILE`` or ``FILE@Y,X,H,W`` names."""
        path, window = split_window(name)
        y, x, height, width = window or (0, 0, None, None)
        return Patch(self[path], y, x, height, width, spoken(name))

    def files_of(self, names: Sequence[str]) -> list[str]:
        """Files, and for each folder the pictures in it; what is none there is skipped, with a notice."""
        files: list[str] = []
        for name in names:
            inside = files_of([name])
            pictures = inside if inside == [name] else [path for path in inside if self._is_picture(path)]
            if not pictures:
                raise InputError(_NO_PICTURES, name)
            files += pictures
        return files

    def _is_picture(self, path: str) -> bool:
        try:
            self[path]
        except InputError as error:
            self._notify(f"{path} skipped: {error.message}")
            return False
        return True

    def background(self, path: str, size: Pair) -> Background:
        """A picture of background, for windows of a size."""
        return background_of(self[path], size, spoken(path))


def split_window(name: str) -> tuple[str, tuple[int, int, int, int] | None]:
    """Path and window of ``FILE@Y,X,H,W``; a file that bears the whole name is meant as a whole.

    Examples
    --------
    >>> split_window("photo.png@10,20,5,5")
    ('photo.png', (10, 20, 5, 5))
    """
    match = _WINDOW.fullmatch(name)
    if match is None or os.path.lexists(name):
        return name, None
    numbers = re.fullmatch(r"(-?\d{1,9}),(-?\d{1,9}),(-?\d{1,9}),(-?\d{1,9})", match["numbers"], re.ASCII)
    if numbers is None:
        raise ArgumentError(
            f"{name}: {match['numbers']!r} is no window; use FILE@Y,X,H,W, such as a.png@10,20,9,9"
        )
    y, x, height, width = map(int, numbers.groups())
    return match["path"], (y, x, height, width)


def files_of(names: Sequence[str]) -> list[str]:
    """Files, and for each folder the regular files in it in bytewise order; hidden ones are left out."""
    files: list[str] = []
    for name in names:
        if not name or not Path(name).is_dir():
            files.append(name)
            continue
        inside = [path for path in Path(name).iterdir() if not path.name.startswith(".") and path.is_file()]
        if not inside:
            raise InputError(_NO_PICTURES, name)
        files += sorted(map(str, inside), key=os.fsencode)
    return files
