"""What excites the maps of a layer most, among labelled pictures from files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.net.labelled import read_for
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.net.data.dataset import Dataset
from convtool.net.exciting import Excitement, most_exciting
from convtool.net.files import Progress, read_network
from convtool.net.ops import Conv


@dataclass(frozen=True, eq=False)
class ExcitingPatches:
    """The patches that excite each map of a layer most.

    Attributes
    ----------
    filters
        The layer's, ``(O, I, kh, kw)``; of a layer without any ``(O, 0, 1, 1)``.
    found
        For each map, the strongest first.
    dataset
        The pictures they are of.
    """

    filters: Float32
    found: list[list[Excitement]]
    dataset: Dataset

    def records(self) -> Iterator[dict[str, Any]]:
        """A record for each map: its number, from 1, and its patches, each with its unit as of ``--at``."""
        for number, patches in enumerate(self.found, 1):
            yield {
                "map": number,
                "patches": [
                    {
                        "name": str(self.dataset.names[each.image]),
                        "class": self.dataset.classes[self.dataset.labels[each.image]],
                        "strength": float(str(np.float32(each.strength))),
                        "unit": [number - 1, *each.at],
                        "y": each.corner[0],
                        "x": each.corner[1],
                        "size": list(each.patch.shape[1:]),
                    }
                    for each in patches
                ],
            }


def exciting_patches(
    model: str,
    data: str,
    layer: str,
    *,
    count: int,
    size: Pair | int | None,
    limits: Limits,
    notify: Notify,
    reading: Progress,
    running: Progress,
) -> ExcitingPatches:
    """Read a network and pictures, and find what of these excites each map of a layer most."""
    check_stdin_once([model, data])
    network = read_network(model, notify, limits=limits)
    operation = network[layer].operation
    dataset = read_for(network, data, size=size, limits=limits, notify=notify, progress=reading)
    with concerning(f"{spoken(data)} with {network.name}"):
        found = most_exciting(network, dataset, layer, count, limits=limits, progress=running)
    none = np.zeros((len(found), 0, 1, 1), np.float32)
    return ExcitingPatches(operation.bank.weights if isinstance(operation, Conv) else none, found, dataset)
