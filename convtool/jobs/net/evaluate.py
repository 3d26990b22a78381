"""Networks evaluated on labelled images from files."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.geometry import Pair
from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.net.labelled import read_for
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.net.data.dataset import Dataset
from convtool.net.data.labels import relabelled
from convtool.net.evaluation import Evaluation, evaluate
from convtool.net.files import Progress, read_network
from convtool.net.scores import class_names

MISTAKES_TOLD = 10
"""How many of the worst mistakes a record holds."""


@dataclass(frozen=True, eq=False)
class EvaluatedData:
    """What a network made of a data set.

    Attributes
    ----------
    dataset
        The images, labelled in the order of the network's classes.
    evaluation
        How well it tells them.
    record
        The same for machines, without the arrays of all images.
    """

    dataset: Dataset
    evaluation: Evaluation
    record: dict[str, Any]


def evaluate_on_data(
    model: str,
    data: str,
    *,
    size: Pair | int | None,
    limits: Limits,
    notify: Notify,
    reading: Progress,
    running: Progress,
) -> EvaluatedData:
    """Read a network and labelled images, made as it reads them, and count what it makes of these.

    Parameters
    ----------
    size
        Rows and columns of the images, for a network that takes any.
    reading, running
        Told how far the one and the other have come.
    """
    check_stdin_once([model, data])
    network = read_network(model, notify, limits=limits)
    dataset = read_for(network, data, size=size, limits=limits, notify=notify, progress=reading)
    with concerning(f"{spoken(data)} with {network.name}"):
        height, width = dataset.images.shape[2:]
        dataset = relabelled(dataset, class_names(network, (height, width)))
        start = time.perf_counter()
        evaluation = evaluate(network, dataset, limits=limits, progress=running)
        seconds = time.perf_counter() - start
    record = {"model": model, "data": data, **_facts_of(evaluation, dataset)}
    return EvaluatedData(
        dataset, evaluation, {**record, "seconds": round(seconds, 6), "version": __version__}
    )


def _facts_of(evaluation: Evaluation, dataset: Dataset) -> dict[str, Any]:
    return {
        "count": evaluation.count,
        "correct": evaluation.correct,
        "accuracy": evaluation.accuracy,
        "interval": list(evaluation.interval),
        "loss": evaluation.loss,
        "classes": [asdict(each) for each in evaluation.per_class],
        "confusion": evaluation.confusion.tolist(),
        "mistakes": [
            {
                "name": dataset.names[index],
                "true": evaluation.classes[evaluation.labels[index]],
                "predicted": evaluation.classes[evaluation.predicted[index]],
                "confidence": float(str(np.float32(evaluation.confidence[index]))),
            }
            for index in evaluation.mistakes(MISTAKES_TOLD)
        ],
    }
