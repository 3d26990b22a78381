"""Training put aside: all that it takes to go on as if nothing had happened, in one file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool import __version__
from convtool.core.geometry import is_real
from convtool.errors import InputError
from convtool.io.limits import Limits
from convtool.io.networks import CHECKPOINT, NetworkFile, read_npz, write_npz
from convtool.io.source import PathLike, open_source
from convtool.net.data.dataset import Dataset
from convtool.net.files import encode_network
from convtool.net.training.tape import Values
from convtool.net.training.trainer import Epoch, State, Trainer
from convtool.text import quoted

_NUMBERS = ("step", "loss", "correct", "best")
_BEST = ("best_learned", "best_measured")
_CHANGES = {
    "the network": "is not what it was",
    "the training images": "are not what they were",
    "the images held out": "are not what they were",
}
"""What is said of that which is compared by a digest."""

_DAMAGED = "the checkpoint is damaged; delete it, and train anew"


def encode_checkpoint(trainer: Trainer) -> bytes:
    """The bytes of a checkpoint."""
    state = trainer.state
    spec = {
        "format": CHECKPOINT,
        "task": task_of(trainer),
        "state": {name: getattr(state, name) for name in _NUMBERS}
        | {"epochs": list(map(list, state.epochs))},
    }
    stream = io.BytesIO()
    write_npz(stream, NetworkFile(spec, _arrays(trainer)))
    return stream.getvalue()


def restore(trainer: Trainer, path: PathLike, limits: Limits) -> None:
    """Put a trainer that has not begun where a checkpoint was made.

    Raises
    ------
    InputError
        The file is no checkpoint, is damaged, or is of another training: what differs is named.
    """
    with open_source(path, limits) as source:
        spec, arrays = read_npz(source, limits, CHECKPOINT)
        _check_same(spec.get("task"), task_of(trainer))
        try:
            _go_back(trainer, spec["state"], arrays)
        except (KeyError, TypeError, ValueError):
            raise InputError(_DAMAGED) from None


def task_of(trainer: Trainer) -> dict[str, Any]:
    """What a training is of, by the names that messages use: if all is the same, so is what comes out."""
    return {
        **{name: value for name, value in asdict(trainer.recipe).items() if value is not None},
        "the training images": _digest(trainer.train),
        "the images held out": None if trainer.held_out is None else _digest(trainer.held_out),
        "the network": sha256(encode_network(trainer.network, "npz")).hexdigest(),
        "convtool": __version__,
    }


def _go_back(trainer: Trainer, described: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Take over a state and its arrays.

    Raises
    ------
    KeyError, TypeError, ValueError
        No training like this comes through them.
    """
    state = State(**{name: described[name] for name in _NUMBERS})
    state.epochs = [Epoch(*epoch) for epoch in described["epochs"]]
    _check_possible(trainer, state)
    learned, measured, _ = trainer.parameters
    if state.best:
        state.best_learned, state.best_measured = (
            np.empty_like(learned.values),
            np.empty_like(measured.values),
        )
    trainer.state = state
    trainer.optimizer.steps = len(state.epochs) * (len(trainer.cuts) - 1) + state.step
    places = _arrays(trainer)
    if arrays.keys() != places.keys():
        raise ValueError
    for name, place in places.items():
        values = arrays[name]
        if (values.shape, values.dtype) != (place.shape, place.dtype) or np.isnan(values).any():
            raise ValueError
        np.copyto(place, values)


def _check_possible(trainer: Trainer, state: State) -> None:
    ended, checks = len(state.epochs), trainer.held_out is not None
    whole = (state.step, state.correct, state.best)
    if not (
        all(type(number) is int and number >= 0 for number in whole)
        and is_real(state.loss)
        and state.step < len(trainer.cuts)
        and state.correct <= trainer.cuts[state.step]
        and min(ended, 1) <= state.best <= ended <= trainer.recipe.epochs
        and [epoch.epoch for epoch in state.epochs] == [*range(1, ended + 1)]
        and all(is_real(number) for epoch in state.epochs for number in epoch[1:4])
        and all(
            is_real(number) if checks else number is None for epoch in state.epochs for number in epoch[4:]
        )
    ):
        raise ValueError


def _arrays(trainer: Trainer) -> dict[str, Values]:
    """All arrays that change, but for those of no numbers, which no file holds."""
    learned, measured, _ = trainer.parameters
    named = {
        "learned": learned.values,
        "measured": measured.values,
        **{f"optimizer_{name}": values for name, values in trainer.optimizer.memory.items()},
        **{name: getattr(trainer.state, name) for name in _BEST},
    }
    return {name: values for name, values in named.items() if values is not None and values.size}


def _digest(dataset: Dataset) -> str:
    digest = sha256(np.ascontiguousarray(dataset.images).data)
    digest.update(dataset.labels.astype("<i8").tobytes())
    return digest.hexdigest()


def _check_same(made: Any, now: Mapping[str, Any]) -> None:
    if not isinstance(made, dict):
        raise InputError(_DAMAGED)
    for name in (*now, *made):
        if made.get(name) != now.get(name):
            values = f"is {quoted(now.get(name), 40)}, it was {quoted(made.get(name), 40)}"
            raise InputError(
                f"the checkpoint is of another training: {name} {_CHANGES.get(name, values)}; "
                "go on with what it was, or delete the checkpoint"
            )
