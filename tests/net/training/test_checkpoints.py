"""Checkpoints: training goes on from any step to the same bytes, and from nothing that is not its own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.io.limits import Limits
from convtool.io.networks import NetworkFile, write_npz
from convtool.net.files import encode_network
from convtool.net.training import checkpoints
from convtool.net.training.augmentation import Augmentation
from convtool.net.training.checkpoints import encode_checkpoint, restore
from convtool.net.training.optimizers import OptimizerName
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Trainer
from tests.net.training.lessons import lines, small_network, trainer

NAMES: list[OptimizerName] = ["sgd", "adam", "adamw"]
STEPS = 6
"""Of both epochs."""


def stopped(made: Trainer, after: int) -> Trainer:
    """A trainer that has taken some steps more."""
    taken = 0

    def watch(_: Any) -> bool:
        nonlocal taken
        taken += 1
        return taken == after

    if after:
        list(made.epochs(watch, threads=1))
    return made


def restored(checkpoint: bytes, folder: Path, **options: Any) -> Trainer:
    path = folder / "net.checkpoint.npz"
    path.write_bytes(checkpoint)
    made = trainer(**options)
    restore(made, path, Limits.of())
    return made


class TestGoingOn:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("after", range(STEPS + 1))
    def test_from_any_step_gives_the_same_bytes(
        self, name: OptimizerName, after: int, tmp_path: Path
    ) -> None:
        whole, part = stopped(trainer(optimizer=name), STEPS + 1), stopped(trainer(optimizer=name), after)
        checkpoint = encode_checkpoint(part)
        again = restored(checkpoint, tmp_path, optimizer=name)
        assert encode_checkpoint(again) == checkpoint
        for made in (part, again):
            stopped(made, STEPS + 1)
            assert encode_checkpoint(made) == encode_checkpoint(whole)
            assert encode_network(made.best(), "npz") == encode_network(whole.best(), "npz")

    def test_from_step_to_step_gives_the_same_bytes(self, tmp_path: Path) -> None:
        whole, part = stopped(trainer(), STEPS + 1), trainer()
        for _ in range(STEPS + 1):
            part = restored(encode_checkpoint(stopped(part, 1)), tmp_path)
        assert encode_checkpoint(part) == encode_checkpoint(whole)

    def test_between_two_epochs_gives_the_same_bytes(self, tmp_path: Path) -> None:
        whole, part = stopped(trainer(), STEPS + 1), trainer()
        first = next(part.epochs(lambda _: False))
        again = restored(encode_checkpoint(part), tmp_path)
        assert again.state.epochs == [first]
        assert again.state.step == 0
        assert encode_checkpoint(stopped(again, STEPS + 1)) == encode_checkpoint(whole)

    def test_does_not_need_batch_normalisation_or_images_held_out(self, tmp_path: Path) -> None:
        network = small_network()
        layers = [layer for layer in network.layers if layer.name != "batch_norm"]
        layers[1] = replace(layers[1], inputs=("conv",))
        path = tmp_path / "net.checkpoint.npz"

        def made() -> Trainer:
            return Trainer(
                replace(network, layers=tuple(layers)), lines(20), None, Recipe(epochs=2, batch=8, patience=1)
            )

        path.write_bytes(encode_checkpoint(stopped(made(), 4)))
        again = made()
        restore(again, path, Limits.of())
        assert encode_checkpoint(stopped(again, STEPS)) == encode_checkpoint(stopped(made(), STEPS + 1))


class TestAnotherTraining:
    @pytest.mark.parametrize(
        ("name", "now", "told"),
        [
            ("epochs", 3, "epochs is 3, it was 2"),
            ("batch", 7, "batch is 7, it was 8"),
            ("optimizer", "sgd", "optimizer is 'sgd', it was 'adamw'"),
            ("rate", 0.5, "rate is 0.5, it was 0.01"),
            ("momentum", 0.5, "momentum is 0.5, it was 0.9"),
            ("weight_decay", 0.0, "weight_decay is 0.0, it was 0.01"),
            ("schedule", "step", "schedule is 'step', it was 'cosine'"),
            (
                "augmentation",
                Augmentation(),
                r"augmentation is \{.*\.\.\., it was \{'shift': 1, 'rotate': 10, ",
            ),
            ("patience", 2, "patience is 2, it was None"),
            ("seed", 1, "seed is 1, it was 0"),
        ],
    )
    def test_of_another_recipe_is_refused(self, name: str, now: Any, told: str, tmp_path: Path) -> None:
        message = (
            f"net.checkpoint.npz: the checkpoint is of another training: {told}.*; go on with what it was"
        )
        with pytest.raises(InputError, match=message):
            restored(encode_checkpoint(stopped(trainer(), 1)), tmp_path, **{name: now})

    def test_without_patience_is_another_than_with(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="patience is None, it was 2"):
            restored(encode_checkpoint(trainer(patience=2)), tmp_path)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (
                lambda it: it | {"network": replace(it["network"], classes=None)},
                "the network is not what it was",
            ),
            (lambda it: it | {"train": lines(20, seed=5)}, "the training images are not what they were"),
            (
                lambda it: it | {"train": replace(lines(20), labels=1 - lines(20).labels)},
                "the training images",
            ),
            (lambda it: it | {"held_out": lines(10, seed=5)}, "the images held out are not what they were"),
            (lambda it: it | {"held_out": None}, "the images held out are not what they were"),
        ],
    )
    def test_of_another_network_or_other_images_is_refused(
        self, change: Callable[[dict[str, Any]], dict[str, Any]], told: str, tmp_path: Path
    ) -> None:
        made = trainer()
        parts = {
            "network": made.network,
            "train": made.train,
            "held_out": made.held_out,
            "recipe": made.recipe,
        }
        other = Trainer(**change(parts))
        path = tmp_path / "net.checkpoint.npz"
        path.write_bytes(encode_checkpoint(made))
        with pytest.raises(InputError, match=f"the checkpoint is of another training: {told}"):
            restore(other, path, Limits.of())

    def test_of_another_version_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        checkpoint = encode_checkpoint(trainer())
        monkeypatch.setattr(checkpoints, "__version__", "99.9")
        with pytest.raises(InputError, match=r"convtool is '99\.9', it was '"):
            restored(checkpoint, tmp_path)


def parts_of(checkpoint: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        spec = json.loads(archive.read("spec.json"))
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        return spec, {name[:-4]: np.load(io.BytesIO(archive.read(name))) for name in names}


def joined(spec: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    write_npz(stream, NetworkFile(spec, arrays))
    return stream.getvalue()


DAMAGED = r"net\.checkpoint\.npz: the checkpoint is damaged; delete it, and train anew$"

STATES: dict[str, Any] = {
    "no state": None,
    "a list": [],
    **{f"no {name}": {name: ...} for name in ("step", "loss", "correct", "best", "epochs")},
    "a step below 0": {"step": -1},
    "a step beyond the epoch": {"step": 4},
    "a step that is a text": {"step": "1"},
    "a step that is a share": {"step": 1.0},
    "a step that is true": {"step": True},
    "a loss that is a text": {"loss": "1"},
    "no loss": {"loss": None},
    "more recognised than seen": {"correct": 7},
    "a share recognised": {"correct": 0.5},
    "a best that is to come": {"best": 2},
    "none that is the best": {"best": 0},
    "epochs that are a number": {"epochs": 1},
    "no epochs but a best": {"epochs": []},
    "an epoch of too few": {"epochs": [[1, 0.1, 0.2]]},
    "an epoch of too many": {"epochs": [[1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]]},
    "another epoch": {"epochs": [[2, 0.1, 0.2, 0.3, 0.4, 0.5]]},
    "an epoch of texts": {"epochs": [[1, "0.1", 0.2, 0.3, 0.4, 0.5]]},
    "an epoch without a validation": {"epochs": [[1, 0.1, 0.2, 0.3, None, None]]},
    "more epochs than there are": {"epochs": [[n, 0.1, 0.2, 0.3, 0.4, 0.5] for n in (1, 2, 3)]},
}


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    """In the second epoch, after one step of it."""
    return encode_checkpoint(stopped(trainer(), 4))


class TestDamage:
    def test_what_is_sound_is_restored(self, checkpoint: bytes, tmp_path: Path) -> None:
        assert joined(*parts_of(checkpoint)) == checkpoint
        assert restored(checkpoint, tmp_path).state.step == 1

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_cut_short_it_is_refused(self, share: float, checkpoint: bytes, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"net\.checkpoint\.npz: the NPZ is damaged, or no NPZ"):
            restored(checkpoint[: int(len(checkpoint) * share)], tmp_path)

    def test_a_bit_that_fell_over_is_found_or_does_not_matter(
        self, checkpoint: bytes, tmp_path: Path
    ) -> None:
        told = []
        for place in range(0, len(checkpoint), len(checkpoint) // 50):
            damaged = bytearray(checkpoint)
            damaged[place] ^= 4
            try:
                assert encode_checkpoint(restored(bytes(damaged), tmp_path)) == checkpoint
            except InputError as error:
                told.append(str(error))
        assert len(told) > 40
        assert all("net.checkpoint.npz: " in line for line in told)

    def test_a_network_is_no_checkpoint(self, tmp_path: Path) -> None:
        message = r"no checkpoint: its format is 'convtool\.net/1'; 'convtool net train' writes them"
        with pytest.raises(InputError, match=message):
            restored(encode_network(small_network(), "npz"), tmp_path)

    @pytest.mark.parametrize("name", STATES)
    def test_a_state_that_no_training_comes_through_is_refused(
        self, name: str, checkpoint: bytes, tmp_path: Path
    ) -> None:
        spec, arrays = parts_of(checkpoint)
        change = STATES[name]
        if isinstance(change, dict):
            changed = spec["state"] | change
            spec["state"] = {key: value for key, value in changed.items() if value is not ...}
        else:
            spec["state"] = change
        with pytest.raises(InputError, match=DAMAGED):
            restored(joined(spec, arrays), tmp_path)

    @pytest.mark.parametrize("name", ["state", "task"])
    def test_without_a_part_it_is_refused(self, name: str, checkpoint: bytes, tmp_path: Path) -> None:
        spec, arrays = parts_of(checkpoint)
        del spec[name]
        with pytest.raises(InputError, match=DAMAGED):
            restored(joined(spec, arrays), tmp_path)

    @pytest.mark.parametrize(
        "name", ["learned", "measured", "optimizer_mean", "optimizer_square", "best_learned", "best_measured"]
    )
    @pytest.mark.parametrize(
        "change",
        [
            None,
            lambda values: values[:-1],
            lambda values: values[:1],
            lambda values: values.reshape(1, -1),
            lambda values: np.where(np.arange(len(values)) == 1, np.nan, values),
        ],
        ids=["missing", "shorter", "one", "another shape", "NaN"],
    )
    def test_other_arrays_are_refused(
        self, name: str, change: Callable[[Any], Any] | None, checkpoint: bytes, tmp_path: Path
    ) -> None:
        spec, arrays = parts_of(checkpoint)
        values = arrays.pop(name)
        if change is not None:
            arrays[name] = change(values)
        with pytest.raises(InputError, match=DAMAGED):
            restored(joined(spec, arrays), tmp_path)

    def test_an_array_of_nothing_is_refused(self, checkpoint: bytes, tmp_path: Path) -> None:
        spec, arrays = parts_of(checkpoint)
        with pytest.raises(InputError, match=DAMAGED):
            restored(joined(spec, arrays | {"more": np.zeros(3)}), tmp_path)

    def test_numbers_of_another_type_are_refused(self, checkpoint: bytes, tmp_path: Path) -> None:
        """Of float64 some would become infinite, with a warning."""
        spec, arrays = parts_of(checkpoint)
        stream = io.BytesIO()
        np.savez(stream, **arrays | {"learned": np.full(arrays["learned"].shape, 1e300)})
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("spec.json", json.dumps(spec))
        with pytest.raises(InputError, match=DAMAGED):
            restored(stream.getvalue(), tmp_path)
