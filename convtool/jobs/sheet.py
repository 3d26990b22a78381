"""What stands on a contact sheet: every map of files, and pictures whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convtool.core.arrays import Float32
from convtool.io.images import read_image
from convtool.io.source import spoken
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, check_stdin_once, named_planes, noticed


@dataclass(frozen=True, eq=False)
class Shown:
    """A map ``(H, W)``, or a picture ``(C, H, W)``.

    Attributes
    ----------
    input
        The file as named by the user.
    part
        Which of its planes, ``None`` if it has no other.
    filter, stage
        What a map file knows of itself.
    picture
        Whether the values are the pixels of a picture.
    """

    input: str
    part: str | None
    filter: str | None
    stage: str | None
    values: Float32
    picture: bool


def shown(
    paths: Sequence[str], *, pictures_as_maps: bool, inputs: InputOptions, notify: Notify
) -> Iterator[Shown]:
    """Read files one after another; a picture is given whole, unless it counts as a map."""
    check_stdin_once(paths)
    for path in paths:
        image = read_image(path, frame=inputs.frame, limits=inputs.limits)
        noticed(image, path, notify)
        picture = image.picture and not pictures_as_maps
        label, stage = (image.scale.filter, image.scale.stage) if image.scale else (None, None)
        if picture and image.colour and inputs.channels == "luma":
            yield Shown(spoken(path), None, None, None, image.values, picture=True)
            continue
        # Scaled to 0…1, a picture would be spread over all grays.
        for part, plane in named_planes(image, replace(inputs, scale="stored") if picture else inputs):
            values = plane[np.newaxis] if picture else plane
            yield Shown(spoken(path), part, label, stage, values, picture)
