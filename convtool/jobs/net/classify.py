"""Images from files classified: the likeliest classes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convtool import __version__
from convtool.io.source import spoken
from convtool.jobs.net.images import prepared, run_on_one
from convtool.jobs.options import InputOptions
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.net.files import read_network
from convtool.net.scores import check_scores, class_names, class_probabilities


def classify_images(
    model: str, images: Sequence[str], *, top: int, inputs: InputOptions, notify: Notify
) -> Iterator[dict[str, Any]]:
    """Classify every image: a record with its likeliest classes, the likeliest first."""
    check_stdin_once([model, *images])
    network = read_network(model, notify, limits=inputs.limits)
    output = network.outputs[0]
    for path in images:
        values = prepared(path, network, inputs, notify)
        with concerning(f"{spoken(path)} with {network.name}"):
            classes = class_names(network, (values.shape[1], values.shape[2]))
            found, seconds = run_on_one(network, values, [output], inputs)
            scores = found[output].reshape(1, -1)
            check_scores(scores)
        probabilities = class_probabilities(network, scores)[0].astype(np.float32)
        yield {
            "input": path,
            "model": model,
            "top": [
                {"index": index, "class": classes[index], "probability": float(str(probabilities[index]))}
                for index in np.argsort(-scores[0], kind="stable")[:top].tolist()
            ],
            "seconds": round(seconds, 6),
            "version": __version__,
        }
