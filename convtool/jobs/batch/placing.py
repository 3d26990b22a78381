"""Where images lie in the tree of a folder that holds maps of an earlier batch: where they lay then."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from convtool.errors import ArgumentError
from convtool.jobs.batch.inputs import absolute_path
from convtool.jobs.batch.work import Item


def placed(items: Sequence[Item], sources: Mapping[str, str], folder: str) -> list[Item]:
    """Give images their places in the tree that a folder has, if it begins above all of them.

    So a list of a few images, such as those that failed, leads to the maps of the whole.

    Parameters
    ----------
    sources
        Of every place whose maps lie in the folder, the path that leads from the folder to its image.

    Raises
    ------
    ArgumentError
        The maps of another image, which is there still, would be replaced.
    """
    there = {place: absolute_path(str(Path(folder, path))) for place, path in sources.items()}
    paths = [absolute_path(item.input) for item in items]
    base = _base(there)
    if base is not None and all(path.startswith(base) for path in paths):
        places = [path.removeprefix(base) for path in paths]
        items = [replace(item, place=place) for item, place in zip(items, places, strict=True)]
    for item, path in zip(items, paths, strict=True):
        other = there.get(item.place, path)
        if other != path and _are_two(other, path):
            raise ArgumentError(
                f"{item.input} would replace the maps of {other} in --out-dir; name another folder, "
                "or forget what is there with --fresh"
            )
    return list(items)


def _base(there: Mapping[str, str]) -> str | None:
    """The folder, ``/`` at its end, in which the image of the last place lies."""
    for place, path in reversed(list(there.items())):
        if path.endswith(os.sep + place):
            return path.removesuffix(place)
    return None


def _are_two(path: str, other: str) -> bool:
    """Whether both are there, and are not one file by two names."""
    try:
        return not Path(path).samefile(other)
    except OSError:
        return False
