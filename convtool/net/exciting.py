"""What excites each map of a layer most: the patches of many images that its largest values come of."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.errors import ArgumentError
from convtool.io.limits import Limits
from convtool.net.batches import values_of
from convtool.net.data.dataset import Dataset
from convtool.net.fields import Field, fields_of
from convtool.net.files import Progress
from convtool.net.network import Network
from convtool.net.ops.base import by
from convtool.net.scores import check_scores


@dataclass(frozen=True, eq=False)
class Excitement:
    """One value of a map, and the patch that it came of.

    Attributes
    ----------
    strength
        The value.
    image, at
        Which image, and the row and column of the value in the map.
    corner
        Row and column of the patch's first cell in the image, negative beyond its border.
    patch
        ``(C, h, w)`` as stored: what the unit sees of the image; beyond its border the mean that the
        network scales by, which is what it takes for 0.
    """

    strength: float
    image: int
    at: Pair
    corner: Pair
    patch: Float32


def most_exciting(
    network: Network,
    dataset: Dataset,
    layer: str,
    count: int,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> list[list[Excitement]]:
    """The patches with the largest values of each map of a layer, no two of one image, the largest first.

    Values that are not above 0 excite nothing: ReLU makes 0 of them.

    Parameters
    ----------
    dataset
        Images of the size and channels that the network reads, as stored.
    count
        How many patches for each map, at the most.
    limits
        What memory running may take; those of the environment if not given.
    progress
        Called with how many images are done, and how many there are.

    Raises
    ------
    ArgumentError
        A layer that there is not, that has no maps, or that sees nothing of the images.
    InputError
        Images whose values grow beyond float32 on the way.
    """
    height, width = dataset.images.shape[2:]
    shapes = network.shapes((height, width))
    network[layer]  # which says if there is none
    shape = shapes[layer]
    if len(shape) != 4:
        raise ArgumentError(f"layer {layer!r} is {by(shape[1:])}, no maps; name a layer before flatten")
    fields = fields_of(network, shapes)
    if layer not in fields:
        raise ArgumentError(f"layer {layer!r} sees nothing of the images; name one that does")
    strengths, places = _strongest(network, dataset, layer, limits, progress)

    def excitement(image: int, map_: int) -> Excitement:
        at = divmod(int(places[image, map_]), shape[3])
        corner, patch = _patch(network, dataset.images[image].astype(np.float32), fields[layer], at)
        return Excitement(float(strengths[image, map_]), image, at, corner, patch)

    strongest = np.argsort(-strengths, axis=0, kind="stable")[:count].T
    return [
        [excitement(image, map_) for image in images.tolist() if strengths[image, map_] > 0]
        for map_, images in enumerate(strongest)
    ]


def _strongest(
    network: Network, dataset: Dataset, layer: str, limits: Limits | None, progress: Progress | None
) -> tuple[Float32, NDArray[np.intp]]:
    """The largest value of every map in every image ``(N, C)``, and its place."""
    strengths, places = [], []
    for part, maps in values_of(network, dataset.images, layer, limits=limits, progress=progress):
        cells = maps.reshape(*maps.shape[:2], -1)
        places.append(cells.argmax(axis=2))
        strengths.append(np.take_along_axis(cells, places[-1][..., np.newaxis], axis=2)[..., 0])
        check_scores(strengths[-1], dataset.names[part], f"its values in layer {layer!r}")
    return np.concatenate(strengths), np.concatenate(places)


def _patch(network: Network, image: Float32, field: Field | None, at: Pair) -> tuple[Pair, Float32]:
    """Where in an image a unit looks, and what it sees there."""
    if field is None:
        return (0, 0), image
    (top, bottom), (left, right) = (
        (floor(first := span.first + span.step * place), ceil(first + span.cells))
        for span, place in zip(field, at, strict=True)
    )
    rows, columns = (
        slice(*np.clip(ends, 0, length).tolist())
        for ends, length in zip(((top, bottom), (left, right)), image.shape[1:], strict=True)
    )
    patch = np.empty((len(image), bottom - top, right - left), np.float32)
    patch[...] = np.reshape(network.input.mean, (-1, 1, 1)) / (network.input.scale or 1)
    inside = patch[:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    inside[...] = image[:, rows, columns]
    return (top, left), patch
