"""One unit of a layer, in an image from a file, back to the pixels it came of."""

from __future__ import annotations

from collections.abc import Sequence

from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.net.images import prepared
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.net.explaining import Explanation, explain_unit
from convtool.net.files import read_network
from convtool.net.running import memory_of


def explain_in_image(
    model: str, image: str, layer: str, at: Sequence[int], *, inputs: InputOptions, notify: Notify
) -> Explanation:
    """Trace one unit back to the pixels it came of."""
    check_stdin_once([model, image])
    network = read_network(model, notify, limits=inputs.limits)
    values = prepared(image, network, inputs, notify)
    with concerning(f"{spoken(image)} with {network.name}"):
        every = [each.name for each in network.layers]
        size = values.shape[1], values.shape[2]
        limits = inputs.limits or Limits.of()
        limits.check_memory(2 * memory_of(network, size, 1, every), f"{network.name} on {size[0]}×{size[1]}")
        return explain_unit(network, values, layer, at)
