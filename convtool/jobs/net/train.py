"""Networks trained on labelled pictures: read, divided, trained, tested, and written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.geometry import Pair
from convtool.errors import ArgumentError, InputError
from convtool.io.limits import Limits
from convtool.io.source import spoken
from convtool.jobs.interrupts import deferred_signals
from convtool.jobs.net.export import NetworkFormat, checked_format
from convtool.jobs.net.labelled import size_of
from convtool.jobs.outputs import opened, takes_any_format
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.net.data.dataset import Dataset
from convtool.net.data.labels import LEAST_OF_A_CLASS, check_trainable, relabelled
from convtool.net.data.reading import read_data
from convtool.net.data.split import contradictions, held_out, leaks
from convtool.net.evaluation import Evaluation, evaluate
from convtool.net.files import Progress, encode_network
from convtool.net.network import Network, brief
from convtool.net.training.beginning import begun, read_architecture, reads
from convtool.net.training.checkpoints import encode_checkpoint, restore
from convtool.net.training.parameters import Parameters
from convtool.net.training.program import memory_of_training
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Epoch, Moment, Trainer
from convtool.text import printable

DEFAULT_SIZE = (64, 64)
"""What pictures of several sizes are made."""


@dataclass(frozen=True)
class TrainOptions:
    """What is trained on what, and what of it is kept.

    Attributes
    ----------
    data, test
        Labelled pictures to learn from, and others that are looked at once, at the end.
    output, format
        Where the network goes, and as what if that has no suffix to go by.
    architecture
        See `convtool.net.training.beginning.read_architecture`.
    size
        What pictures are made; else what the network says, or their own.
    hold_out
        Share of the pictures that decides which epoch was the best.
    resume
        Go on where an interrupted training stopped.
    """

    data: str
    output: str
    architecture: str
    recipe: Recipe
    test: str | None = None
    size: Pair | int | None = None
    hold_out: float = 0.1
    resume: bool = False
    format: NetworkFormat = "npz"

    @property
    def inputs(self) -> list[str]:
        """The files and folders that are read."""
        return [name for name in (self.data, self.test, self.architecture) if name is not None]

    @property
    def checkpoint(self) -> str:
        """Where training is put aside: beside the network, or here if that goes into a pipe."""
        if takes_any_format(self.output):
            return "network.checkpoint.npz"
        return str(Path(self.output).with_suffix(".checkpoint.npz"))


@dataclass(frozen=True)
class Watchers:
    """Who is told how far the work has come.

    Attributes
    ----------
    notify
        Of what is given up, a line each.
    reading
        How many pictures are read, and of how many.
    moment
        Of every step of the training.
    stopped
        Where the training was put aside when it was interrupted.
    """

    notify: Notify
    reading: Progress
    moment: Callable[[Moment, int], None]
    stopped: Callable[[str], None]


@dataclass(frozen=True, eq=False)
class _Task:
    """What is trained on what."""

    network: Network
    train: Dataset
    held: Dataset | None
    test: Dataset | None


def train_from_files(options: TrainOptions, limits: Limits, watchers: Watchers) -> Iterator[dict[str, Any]]:
    """Train a network and write it; a record when it begins, of every epoch, and when it ends.

    Raises
    ------
    ArgumentError
        Options that do not fit, or a checkpoint that nobody spoke of.
    InputError
        Pictures that cannot be learned from, or a network that does not fit them.
    LimitError
        More memory than is allowed.
    """
    format_ = _checked(options)
    task = _prepared(options, limits, watchers)
    with concerning(f"{spoken(options.data)} with {task.network.name}"):
        encode_network(task.network, format_)  # what cannot be written is not trained
        trainer = Trainer(task.network, task.train, task.held, options.recipe)
    with deferred_signals() as stop:

        def watch(moment: Moment) -> bool:
            watchers.moment(moment, options.recipe.epochs)
            return stop.number is not None

        _begin(trainer, options, limits, watchers.notify)
        yield _beginning(options, task, trainer.parameters)
        for epoch in trainer.state.epochs:
            yield _of_epoch(epoch)
        start = began = time.perf_counter()
        seen = trainer.cuts[trainer.state.step]
        for epoch in _epochs(trainer, options, watch):
            yield _of_epoch(epoch, (len(task.train) - seen) / (time.perf_counter() - began))
            began, seen = time.perf_counter(), 0
        if stop.number is not None:
            _write(options.checkpoint, encode_checkpoint(trainer))
            watchers.stopped(options.checkpoint)
    if stop.number is not None:  # the signal was raised again, and somebody lived through it
        return
    meta = {**(task.network.meta or {}), "training": _provenance(options, task, trainer)}
    network = replace(trainer.best(), meta=meta)
    _write(options.output, encode_network(network, format_))
    Path(options.checkpoint).unlink(missing_ok=True)
    tested = None if task.test is None else evaluate(network, task.test, limits=limits)
    yield _ending(options, trainer, tested, time.perf_counter() - start)


def _checked(options: TrainOptions) -> str:
    """Refuse, before any work, options that do not go together; the format of the network's file."""
    check_stdin_once(options.inputs)
    format_ = checked_format(options.output, options.format, options.inputs)
    if options.recipe.patience is not None and not options.hold_out:
        raise ArgumentError("--patience waits for better images held out, --hold-out 0 leaves none; give one")
    if Path(options.checkpoint).exists() and not options.resume:
        raise ArgumentError(
            f"{options.checkpoint} is left of a training that did not end; go on with --resume, or delete it"
        )
    return format_


def _prepared(options: TrainOptions, limits: Limits, watchers: Watchers) -> _Task:
    """Read and divide the pictures, and begin the network."""
    start = read_architecture(options.architecture, watchers.notify, limits)

    def read(path: str, size: Pair | None, channels: int | None) -> Dataset:
        return read_data(
            path,
            size=size,
            default_size=DEFAULT_SIZE,
            channels=channels,
            limits=limits,
            notify=watchers.notify,
            progress=watchers.reading,
        )

    channels, own = reads(start)
    data = read(options.data, size_of(start.name, own, options.size), channels)
    with concerning(spoken(options.data)):
        if isinstance(start, Network) and start.classes is not None:
            data = relabelled(data, start.classes)
        check_trainable(data, LEAST_OF_A_CLASS if options.hold_out else 1)
        _notice_contradictions(data, options.data, watchers.notify)
        train, held = held_out(data, options.hold_out, options.recipe.seed)
    learned = data.take(train)
    height, width = data.images.shape[2:]
    with concerning(f"{spoken(options.data)} with {start.name}"):
        network = begun(start, learned, options.recipe.seed)
    batches = {stop - start for start, stop in pairwise(options.recipe.cuts(len(learned)))}
    estimate = memory_of_training(network, (height, width), *batches)
    limits.check_memory(estimate, f"training {network.name} on {height}×{width}")
    test = None
    if options.test is not None:
        test = read(options.test, (height, width), data.images.shape[1])
        with concerning(spoken(options.test)):
            test = relabelled(test, data.classes)
            test = _without_leaks(data, test, options.test, watchers.notify)
    return _Task(network, learned, data.take(held) if len(held) else None, test)


def _notice_contradictions(data: Dataset, path: str, notify: Notify) -> None:
    found = contradictions(data)
    if found:
        named = brief(data.names[index] for index in found[0])
        notify(
            f"{spoken(path)}: {len(found)} picture(s) are there under several labels, such as {named}; "
            "none of them is held out"
        )


def _without_leaks(data: Dataset, test: Dataset, path: str, notify: Notify) -> Dataset:
    """The test pictures that are not learned from."""
    known = leaks(data, test)
    if not len(known):
        return test
    if len(known) == len(test):
        raise InputError("every test picture is one to learn from; give others")
    named = brief(test.names[index] for index in known)
    notify(
        f"{spoken(path)}: {len(known)} of {len(test)} test picture(s) are among those to learn from, "
        f"{named}; they are left out"
    )
    return test.take(np.setdiff1d(np.arange(len(test)), known))


def _begin(trainer: Trainer, options: TrainOptions, limits: Limits, notify: Notify) -> None:
    """Go back to where training was put aside, or see that it can be put aside."""
    if Path(options.checkpoint).exists():
        restore(trainer, options.checkpoint, limits)
        return
    if options.resume:
        notify(f"there is no {options.checkpoint}; training begins anew")
    _write(options.checkpoint, encode_checkpoint(trainer))


def _epochs(trainer: Trainer, options: TrainOptions, watch: Callable[[Moment], bool]) -> Iterator[Epoch]:
    """The epochs that are left, each put aside; nothing is, once it fails as it would fail again."""
    try:
        with concerning(f"{spoken(options.data)} with {trainer.network.name}"):
            for epoch in trainer.epochs(watch):
                _write(options.checkpoint, encode_checkpoint(trainer))
                yield epoch
    except (ArgumentError, InputError):
        Path(options.checkpoint).unlink(missing_ok=True)
        raise


def _write(path: str, content: bytes) -> None:
    with opened(path) as stream:
        stream.write(content)


def _beginning(options: TrainOptions, task: _Task, parameters: Parameters) -> dict[str, Any]:
    return {
        "event": "begin",
        "data": options.data,
        "architecture": task.network.name,
        "parameters": parameters.learned.values.size + parameters.measured.values.size,
        "classes": list(task.train.classes),
        "images": len(task.train),
        "held_out": 0 if task.held is None else len(task.held),
        "size": list(task.train.images.shape[1:]),
    }


def _of_epoch(epoch: Epoch, speed: float | None = None) -> dict[str, Any]:
    return {"event": "epoch", **epoch._asdict(), "images_per_second": speed and round(speed, 1)}


def _ending(
    options: TrainOptions, trainer: Trainer, tested: Evaluation | None, seconds: float
) -> dict[str, Any]:
    best = trainer.state.epochs[trainer.state.best - 1]
    test = None
    if tested is not None:
        test = {
            "data": options.test,
            "count": tested.count,
            "correct": tested.correct,
            "accuracy": tested.accuracy,
            "interval": list(tested.interval),
        }
    return {
        "event": "end",
        "output": options.output,
        "epoch": best.epoch,
        "validation_accuracy": best.validation_accuracy,
        "test": test,
        "seconds": round(seconds, 3),
        "version": __version__,
    }


def _provenance(options: TrainOptions, task: _Task, trainer: Trainer) -> dict[str, Any]:
    best = trainer.state.epochs[trainer.state.best - 1]
    return {
        "data": printable(options.data),  # a network's file is UTF-8, the name may not be
        "images": len(task.train),
        "held_out": 0 if task.held is None else len(task.held),
        "recipe": asdict(options.recipe),
        **{key: value for key, value in best._asdict().items() if value is not None},
        "convtool": __version__,
    }
