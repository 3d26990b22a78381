"""Networks trained on pictures from files: what is written and told, what goes on, and what is refused."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convtool import __version__, load_network
from convtool.errors import ArgumentError, InputError, LimitError, OutputError
from convtool.io.limits import Limits
from convtool.jobs.net import train as job
from convtool.jobs.net.train import TrainOptions, Watchers, train_from_files
from convtool.net import ops
from convtool.net.data.reading import read_data
from convtool.net.data.split import held_out
from convtool.net.evaluation import evaluate
from convtool.net.files import encode_network
from convtool.net.network import Network
from convtool.net.training.augmentation import Augmentation
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Moment
from tests import scenes
from tests.net.data.lines import KINDS, lines, write_lines, write_npz
from tests.net.data.sets import write_idx
from tests.tolerances import assert_equal, assert_near

RECIPE = Recipe(epochs=3, batch=12)
SLOW = Recipe(epochs=1, batch=12, rate=1e-30, optimizer="sgd", weight_decay=0.0)
OPTIONS = TrainOptions("lines.npz", "m.npz", "small.json", RECIPE)
LAYERS = [
    {"kind": "conv", "filters": 4, "size": 3},
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "flatten"},
    {"kind": "dropout", "share": 0.2},
    {"kind": "dense"},
    {"kind": "softmax"},
]
PARAMETERS = 4 * 9 + 4 * 4 + (4 * 6 * 6 + 1) * 2 + 4
"""Weights and biases of the convolution, batch normalisation, weights and biases of the classes."""


@pytest.fixture(autouse=True)
def given() -> None:
    """``lines.npz``, 40 pictures, and ``small.json``, which draws at random and measures as it learns."""
    write_npz("lines.npz", 40)
    spec("small.json")


def spec(path: str, *layers: dict[str, Any], **keys: Any) -> str:
    content = {"format": "convtool.net/1", "layers": layers or LAYERS, **keys}
    Path(path).write_text(json.dumps(content))
    return path


@dataclass
class Watched:
    """Who watches: what they were told, and what they do at a moment of the training."""

    stop: tuple[int, int] | None = None
    number: int = signal.SIGINT
    notices: list[str] = field(default_factory=list)
    read: list[tuple[int, int]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def moment(self, moment: Moment, epochs: int) -> None:
        self.moments.append(moment)
        if (moment.epoch, moment.done) == self.stop:
            signal.raise_signal(self.number)

    def watchers(self) -> Watchers:
        return Watchers(
            self.notices.append, lambda *counts: self.read.append(counts), self.moment, self.stopped.append
        )


def trained(
    watched: Watched | None = None, *, limits: Limits | None = None, **changes: Any
) -> list[dict[str, Any]]:
    """The records of a training, told of nothing unless somebody watches."""
    watched_ = watched or Watched()
    records = list(train_from_files(replace(OPTIONS, **changes), limits or Limits(), watched_.watchers()))
    if watched is None:
        assert watched_.notices == watched_.stopped == []
    return records


def noticed(**changes: Any) -> list[str]:
    watched = Watched()
    trained(watched, **changes)
    return watched.notices


def refused(error: type[Exception], says: str, watched: Watched | None = None, **changes: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    with pytest.raises(error, match=says):
        trained(watched or Watched(), **changes)
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def write_network(network: Network, path: str) -> None:
    Path(path).write_bytes(encode_network(network, "npz"))


def numbers(path: str = "m.npz") -> list[np.ndarray]:
    network = load_network(path)
    return [array for layer in network.layers for array in layer.operation.arrays.values()]


def assert_same_numbers(one: str, other: str) -> None:
    for first, second in zip(numbers(one), numbers(other), strict=True):
        assert_equal(first, second)


class TestRecords:
    def test_begin_then_every_epoch_then_end(self) -> None:
        begin, *epochs, end = trained()
        assert begin == {
            "event": "begin",
            "data": "lines.npz",
            "architecture": "small",
            "parameters": PARAMETERS,
            "classes": ["level", "upright"],
            "images": 36,
            "held_out": 4,
            "size": [1, 8, 8],
        }
        assert [epoch["event"] for epoch in epochs] == ["epoch"] * 3
        assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
        for epoch in epochs:
            assert list(epoch) == [
                *("event", "epoch", "rate", "loss", "accuracy", "validation_loss", "validation_accuracy"),
                "images_per_second",
            ]
            assert (36 * epoch["accuracy"]).is_integer()
            assert (4 * epoch["validation_accuracy"]).is_integer()
            assert epoch["images_per_second"] > 0
        best = max(epochs, key=lambda epoch: (epoch["validation_accuracy"], -epoch["validation_loss"]))
        assert list(end) == [
            *("event", "output", "epoch", "validation_accuracy", "test", "seconds", "version"),
        ]
        assert end | {"seconds": 0} == {
            "event": "end",
            "output": "m.npz",
            "epoch": best["epoch"],
            "validation_accuracy": best["validation_accuracy"],
            "test": None,
            "seconds": 0,
            "version": __version__,
        }
        assert end["seconds"] > 0
        assert json.loads(json.dumps([begin, *epochs, end], allow_nan=False)) == [begin, *epochs, end]

    def test_of_nothing_held_out(self) -> None:
        begin, *epochs, end = trained(hold_out=0)
        assert (begin["images"], begin["held_out"]) == (40, 0)
        assert {(epoch["validation_loss"], epoch["validation_accuracy"]) for epoch in epochs} == {
            (None, None)
        }
        assert (end["epoch"], end["validation_accuracy"]) == (3, None)

    def test_of_other_pictures_to_test_on(self) -> None:
        write_npz("test.npz", 30, seed=1)
        *_, end = trained(test="test.npz")
        found = evaluate(load_network("m.npz"), read_data("test.npz", notify=pytest.fail))
        assert end["test"] == {
            "data": "test.npz",
            "count": 30,
            "correct": found.correct,
            "accuracy": found.accuracy,
            "interval": list(found.interval),
        }

    def test_every_step_is_told_of(self) -> None:
        watched = Watched()
        trained(watched)
        assert [moment[:3] for moment in watched.moments] == [
            (epoch, done, 36) for epoch in (1, 2, 3) for done in (12, 24, 36)
        ]
        assert watched.read == []

    def test_patience_ends_early(self) -> None:
        _, *epochs, end = trained(recipe=replace(RECIPE, epochs=60, patience=2))
        assert len(epochs) == end["epoch"] + 2 < 60


class TestNetwork:
    def test_is_that_of_the_best_epoch(self) -> None:
        _, *_, end = trained(recipe=replace(RECIPE, epochs=8))
        network = load_network("m.npz")
        assert network.classes == KINDS
        assert network.parameters == PARAMETERS
        data = read_data("lines.npz", notify=pytest.fail)
        train, held = held_out(data, 0.1, RECIPE.seed)
        found = evaluate(network, data.take(held))
        assert network.meta is not None
        told = network.meta["training"]
        assert (found.accuracy, found.loss) == (end["validation_accuracy"], told["validation_loss"])
        assert told["epoch"] == end["epoch"]
        mean, std = data.images[train].mean(), data.images[train].std()
        assert_near([network.input.mean[0], network.input.std[0]], [mean, std])
        assert network.input.size == (8, 8)
        assert len(train) == told["images"] == 36

    def test_notes_how_it_came_to_be(self) -> None:
        _, *epochs, end = trained()
        best = epochs[end["epoch"] - 1]
        assert load_network("m.npz").meta == {
            "training": {
                "data": "lines.npz",
                "images": 36,
                "held_out": 4,
                "recipe": asdict(RECIPE),
                **{key: best[key] for key in best if key not in ("event", "images_per_second")},
                "convtool": __version__,
            }
        }

    def test_tells_pictures_that_it_never_saw(self) -> None:
        write_npz("test.npz", 100, seed=1)
        *_, end = trained(recipe=replace(RECIPE, epochs=15), test="test.npz", architecture="notes-cnn")
        assert end["test"]["correct"] >= 97

    def test_is_the_same_for_the_same_options(self) -> None:
        trained()
        trained(output="again.npz")
        assert Path("m.npz").read_bytes() == Path("again.npz").read_bytes()
        trained(output="other.npz", recipe=replace(RECIPE, seed=1))
        assert Path("m.npz").read_bytes() != Path("other.npz").read_bytes()

    def test_is_written_as_onnx_too(self) -> None:
        trained()
        trained(output="m.onnx")
        assert_same_numbers("m.npz", "m.onnx")
        assert load_network("m.onnx").classes == KINDS

    def test_replaces_an_older_one_and_leaves_nothing_else(self) -> None:
        Path("m.npz").write_text("older")
        before = {*Path().iterdir()}
        trained()
        assert load_network("m.npz").classes == KINDS
        assert {*Path().iterdir()} == before


class TestData:
    def test_of_every_kind_gives_the_same_numbers(self) -> None:
        images, kinds = lines(40)
        write_lines(Path("folder"), 40)
        idx = write_idx(Path(), images, [KINDS.index(kind) for kind in kinds])
        trained()
        for path, classes in (("folder", KINDS), (str(idx), ("0", "1"))):
            trained(data=path, output="other.npz")
            assert_same_numbers("m.npz", "other.npz")
            assert load_network("other.npz").classes == classes

    def test_reading_is_told_of(self) -> None:
        write_lines(Path("folder"), 20)
        write_lines(Path("test"), 6, seed=1)
        watched = Watched()
        trained(watched, data="folder", test="test")
        assert watched.read == [*((done, 20) for done in range(1, 21)), *((done, 6) for done in range(1, 7))]

    def test_of_a_name_that_is_no_utf_8(self) -> None:
        for output in ("m.npz", "m.onnx"):
            name = os.fsdecode(b"lines\xff.npz")
            Path("lines.npz").replace(name)
            trained(data=name, output=output)
            meta = load_network(output).meta
            assert meta is not None
            assert meta["training"]["data"] == r"lines\udcff.npz"
            Path(name).replace("lines.npz")

    def test_of_several_sizes_is_made_64_high_and_wide(self) -> None:
        write_lines(Path("folder"), 6)
        scenes.save("folder/level/large.png", scenes.noise(1, 20, 9))
        assert noticed(data="folder") == ["folder: 7 of 7 picture(s) resized to 64×64"]
        assert load_network("m.npz").input.size == (64, 64)

    @pytest.mark.parametrize(("size", "made"), [(6, (6, 6)), ((6, 7), (6, 7))])
    def test_is_made_the_size_that_is_asked_for(self, size: Any, made: tuple[int, int]) -> None:
        write_npz("test.npz", 10, seed=1)
        assert noticed(size=size, test="test.npz") == [
            f"{name}.npz: {count} of {count} picture(s) resized to {made[0]}×{made[1]}"
            for name, count in (("lines", 40), ("test", 10))
        ]
        assert load_network("m.npz").input.size == made

    def test_of_gray_and_colour_is_colour(self) -> None:
        write_lines(Path("folder"), 8)
        scenes.save("folder/level/colour.png", np.dstack([scenes.noise(seed, 8, 8) for seed in range(3)]))
        begin, *_ = trained(data="folder")
        assert begin["size"] == [3, 8, 8]
        assert load_network("m.npz").input.channels == 3

    def test_what_is_no_picture_is_left_out(self) -> None:
        write_lines(Path("folder"), 8)
        Path("folder/level/readme.txt").write_text("what is here")
        watched = Watched()
        begin, *_ = trained(watched, data="folder")
        (notice,) = watched.notices
        assert notice.startswith("folder: left out level/readme.txt: ")
        assert begin["images"] + begin["held_out"] == 8

    def test_of_contradicting_labels_is_learned_from_alone(self) -> None:
        images, kinds = lines(12)
        np.savez("twice.npz", images=[*images, images[3]], labels=[*kinds, "upright"])
        watched = Watched()
        begin, *_ = trained(watched, data="twice.npz", hold_out=0.9)
        assert watched.notices == [
            "twice.npz: 1 picture(s) are there under several labels, such as 3, 12; none of them is held out"
        ]
        assert (begin["images"], begin["held_out"]) == (4, 9)

    def test_of_one_picture_a_class_is_enough_where_none_is_held_out(self) -> None:
        write_npz("two.npz", 2)
        begin, *_ = trained(data="two.npz", hold_out=0)
        assert begin["images"] == 2


class TestStart:
    def test_by_a_name(self) -> None:
        begin, *_ = trained(architecture="notes-cnn")
        assert begin["architecture"] == load_network("m.npz").name == "notes-cnn"
        assert begin["parameters"] == load_network("m.npz").parameters

    def test_by_a_spec_with_a_name_and_filters_of_its_own(self) -> None:
        edges = {"kind": "conv", "weights": ["sobel-x", "edge.json"]}
        Path("edge.json").write_text("[[1, 0, -1], [1, 0, -1], [1, 0, -1]]")
        spec("edges.json", edges, {"kind": "flatten"}, {"kind": "dense"}, name="edges of lines")
        begin, *_ = trained(architecture="edges.json", recipe=SLOW)
        assert begin["architecture"] == load_network("m.npz").name == "edges of lines"
        first = load_network("m.npz").layers[0].operation.arrays["weights"]
        expected = [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[1, 0, -1]] * 3]
        assert_near(first[:, 0], expected)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_that_says_what_it_reads_is_given_that(self, channels: int) -> None:
        write_lines(Path("folder"), 8)
        scenes.save("folder/level/colour.png", np.dstack([scenes.noise(seed, 8, 8) for seed in range(3)]))
        spec("own.json", input={"channels": channels, "size": [6, 7], "scale": 0.5})
        write_npz("test.npz", 4, seed=1)
        assert noticed(data="folder", architecture="own.json", test="test.npz") == [
            "folder: 9 of 9 picture(s) resized to 6×7",
            "test.npz: 4 of 4 picture(s) resized to 6×7",
        ]
        source = load_network("m.npz").input
        assert (source.channels, source.size, source.scale) == (channels, (6, 7), 0.5)
        assert (source.mean, source.std) == ((0,), (1,))

    def test_on_a_trained_network_goes_on_from_its_numbers(self) -> None:
        trained()
        begin, *_ = trained(architecture="m.npz", output="tuned.npz", recipe=SLOW)
        assert begin["architecture"] == "small"
        first, tuned = load_network("m.npz"), load_network("tuned.npz")
        assert_equal(tuned["dense1"].operation.arrays["weights"], first["dense1"].operation.arrays["weights"])
        assert tuned.input == first.input

    def test_on_a_network_keeps_what_its_maker_noted(self) -> None:
        spec("noted.json", {"kind": "flatten"}, {"kind": "dense", "weights": np.eye(2, 64).tolist()},
             meta={"made by": "hand", "training": 1})  # fmt: skip
        write_network(load_network("noted.json"), "noted.npz")
        trained(architecture="noted.npz")
        meta = load_network("m.npz").meta
        assert meta is not None
        assert (meta["made by"], meta["training"]["data"]) == ("hand", "lines.npz")

    def test_on_a_network_has_its_classes_in_their_order(self) -> None:
        """The same network with its classes the other way round tells the same pictures."""
        trained(recipe=replace(RECIPE, epochs=10), architecture="notes-cnn")
        network = load_network("m.npz")
        dense = network["dense1"].operation.arrays
        turned = ops.Dense(dense["weights"][::-1], dense["bias"][::-1])
        layers = tuple(
            replace(layer, operation=turned) if layer.name == "dense1" else layer for layer in network.layers
        )
        write_network(replace(network, layers=layers, classes=KINDS[::-1]), "turned.npz")
        _, epoch, _ = trained(architecture="turned.npz", recipe=SLOW)
        assert epoch["accuracy"] > 0.9
        assert load_network("m.npz").classes == KINDS[::-1]

    def test_on_a_network_without_names_has_those_of_the_data(self) -> None:
        spec("bare.json", {"kind": "flatten"}, {"kind": "dense", "weights": np.eye(2, 64).tolist()})
        write_network(load_network("bare.json"), "bare.npz")
        trained(architecture="bare.npz")
        assert load_network("m.npz").classes == KINDS


class TestOtherPictures:
    """Those that it is tested on at the end."""

    def test_that_are_learned_from_are_left_out(self) -> None:
        (first, *_, last), _ = lines(40)
        others, kinds = lines(10, seed=1)
        np.savez("test.npz", images=[first, *others, last], labels=["level", *kinds, "upright"])
        watched = Watched()
        *_, end = trained(watched, test="test.npz")
        assert watched.notices == [
            "test.npz: 2 of 12 test picture(s) are among those to learn from, 0, 11; they are left out"
        ]
        np.savez("others.npz", images=others, labels=kinds)
        *_, alone = trained(test="others.npz")
        assert end["test"] == {**alone["test"], "data": "test.npz"}
        assert end["test"]["count"] == 10

    def test_have_their_classes_by_name(self) -> None:
        """The network numbers upright 1, the data 0."""
        images, kinds = lines(10, seed=1)
        upright = [kind == "upright" for kind in kinds]
        np.savez("all.npz", images=images, labels=kinds)
        np.savez("some.npz", images=images[upright], labels=np.array(kinds)[upright])
        *_, found = trained(test="all.npz")
        assert found["test"]["count"] == 10
        *_, found = trained(test="some.npz")
        network = load_network("m.npz")
        data = read_data("all.npz", notify=pytest.fail)
        right = evaluate(network, data).predicted[upright] == 1
        assert (found["test"]["count"], found["test"]["correct"]) == (5, np.count_nonzero(right))

    @pytest.mark.parametrize(
        ("path", "error", "says"),
        [
            ("nope", InputError, "^nope: cannot be read"),
            ("copies.npz", InputError, r"^copies\.npz: every test picture is one to learn from; give "),
            ("owls.npz", InputError,
             r"^owls\.npz: the network does not know its class\(es\) owl; it has level, upright$"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, path: str, error: type[Exception], says: str) -> None:
        images, kinds = lines(40)
        np.savez("copies.npz", images=images[::2], labels=kinds[::2])
        np.savez("owls.npz", images=lines(2, seed=1)[0], labels=["level", "owl"])
        watched = Watched()
        refused(error, says, watched, test=path)
        assert watched.notices == []


class TestInterrupted:
    ALONE = Path("alone.npz")

    @pytest.fixture(autouse=True)
    def alone(self) -> list[dict[str, Any]]:
        """The records of the same training, not interrupted; its network is in ``alone.npz``."""
        return trained(output="alone.npz")

    @staticmethod
    def without_speed(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        varying = ("images_per_second", "seconds", "output")
        return [{key: record[key] for key in record if key not in varying} for record in records]

    @pytest.mark.parametrize("stop", [(epoch, done) for epoch in (1, 2, 3) for done in (12, 24, 36)])
    def test_goes_on_as_if_it_had_not_been(self, stop: tuple[int, int], alone: list[dict[str, Any]]) -> None:
        watched = Watched(stop)
        with pytest.raises(KeyboardInterrupt):
            trained(watched)
        assert watched.moments[-1][:2] == stop
        assert watched.stopped == ["m.checkpoint.npz"]
        assert Path("m.checkpoint.npz").exists()
        assert not Path("m.npz").exists()
        watched = Watched()
        records = trained(watched, resume=True)
        assert len(watched.moments) == 9 - 3 * (stop[0] - 1) - stop[1] // 12
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()
        assert self.without_speed(records) == self.without_speed(alone)
        before = [record["epoch"] < stop[0] for record in records[1:-1]]
        assert [record["images_per_second"] is None for record in records[1:-1]] == before
        assert not Path("m.checkpoint.npz").exists()

    def test_at_every_step_goes_on_too(self) -> None:
        for epoch in (1, 2, 3):
            for done in (12, 24, 36):
                with pytest.raises(KeyboardInterrupt):
                    trained(Watched((epoch, done)), resume=(epoch, done) != (1, 12))
        trained(resume=True)
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()

    @pytest.mark.parametrize(
        ("recipe", "architecture"),
        [
            (
                replace(RECIPE, optimizer="sgd", schedule="step", augmentation=Augmentation(shift=1)),
                "small.json",
            ),
            (
                replace(RECIPE, optimizer="adam", patience=1, augmentation=Augmentation(mirror=True)),
                "deep-cnn",
            ),
        ],
    )
    def test_in_any_recipe(self, recipe: Recipe, architecture: str) -> None:
        options: dict[str, Any] = {"recipe": recipe, "architecture": architecture}
        trained(output="alone.npz", **options)
        with pytest.raises(KeyboardInterrupt):
            trained(Watched((2, 24)), **options)
        trained(resume=True, **options)
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()

    def test_tells_the_speed_of_what_it_did_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(KeyboardInterrupt):
            trained(Watched((2, 24)))
        seconds = count()
        monkeypatch.setattr(job, "time", SimpleNamespace(perf_counter=lambda: next(seconds)))
        _, *epochs, _ = trained(resume=True)
        assert [epoch["images_per_second"] for epoch in epochs] == [None, 12, 36]

    def test_before_the_first_step_can_go_on_as_well(self) -> None:
        records = train_from_files(OPTIONS, Limits(), (watched := Watched()).watchers())
        next(records)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            next(records)
        assert watched.stopped == ["m.checkpoint.npz"]
        trained(resume=True)
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()

    def test_by_a_termination_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            watched = Watched((2, 12), signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                trained(watched)
        finally:
            signal.signal(signal.SIGTERM, handler)
        assert watched.stopped == ["m.checkpoint.npz"]
        assert watched.moments[-1][:2] == (2, 12)

    def test_by_a_signal_that_somebody_lives_through_writes_no_network(self) -> None:
        handler = signal.signal(signal.SIGINT, lambda number, frame: None)
        try:
            records = trained(Watched((2, 12)))
        finally:
            signal.signal(signal.SIGINT, handler)
        assert [record["event"] for record in records] == ["begin", "epoch"]
        assert Path("m.checkpoint.npz").exists()
        assert not Path("m.npz").exists()

    @pytest.mark.parametrize("ended", [0, 1, 2, 3])
    def test_between_epochs_by_whatever_it_may_be_loses_no_epoch(self, ended: int) -> None:
        records = train_from_files(OPTIONS, Limits(), Watched().watchers())
        for _ in range(1 + ended):
            next(records)
        records.close()  # type: ignore[attr-defined]
        watched = Watched()
        trained(watched, resume=True)
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()
        assert len(watched.moments) == 9 - 3 * ended

    def test_is_not_begun_anew_by_mistake_even_where_nothing_can_be_read(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            trained(Watched((2, 24)))
        says = (
            r"^m\.checkpoint\.npz is left of a training that did not end; go on with --resume, or delete it$"
        )
        for changes in ({}, {"output": "m.onnx"}, {"data": "nope", "architecture": "nope.json"}):
            refused(ArgumentError, says, **changes)

    def test_can_end_in_another_format(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            trained(Watched((2, 24)))
        trained(output="m.onnx", resume=True)
        assert_same_numbers("m.onnx", "alone.npz")

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"recipe": replace(RECIPE, epochs=4)}, "epochs is 4, it was 3"),
            ({"recipe": replace(RECIPE, batch=10)}, "batch is 10, it was 12"),
            ({"recipe": replace(RECIPE, rate=0.1)}, r"rate is 0\.1, it was 0\.002"),
            ({"recipe": replace(RECIPE, optimizer="sgd")}, "optimizer is 'sgd', it was 'adamw'"),
            ({"recipe": replace(RECIPE, schedule="step")}, "schedule is 'step', it was 'cosine'"),
            ({"recipe": replace(RECIPE, momentum=0.5)}, r"momentum is 0\.5, it was 0\.9"),
            ({"recipe": replace(RECIPE, weight_decay=0)}, r"weight_decay is 0, it was 0\.01"),
            ({"recipe": replace(RECIPE, patience=2)}, "patience is 2, it was None"),
            ({"recipe": replace(RECIPE, seed=1)}, "seed is 1, it was 0"),
            ({"recipe": replace(RECIPE, augmentation=Augmentation(shift=1))}, "augmentation is {'shift': 1"),
            ({"hold_out": 0.2}, "the training images are not what they were"),
            ({"hold_out": 0}, "the training images are not what they were"),
            ({"data": "other.npz"}, "the (training images|network) (is|are) not what (it was|they were)"),
            ({"architecture": "notes-cnn"}, "the network is not what it was"),
            ({"architecture": "named.json"}, "the network is not what it was"),
            ({"size": 6}, "the (training images|network) (is|are) not what (it was|they were)"),
        ],
    )
    def test_goes_on_only_with_what_it_was(self, changes: dict[str, Any], name: str) -> None:
        write_npz("other.npz", 40, seed=1)
        spec("named.json", name="other")
        with pytest.raises(KeyboardInterrupt):
            trained(Watched((2, 24)))
        says = (
            rf"^m\.checkpoint\.npz: the checkpoint is of another training: {name}.*; go on with what it was"
        )
        refused(InputError, says, resume=True, **changes)
        trained(resume=True)
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", r"^m\.checkpoint\.npz: it is empty$"),
            (b"garbage", r"^m\.checkpoint\.npz: "),
            (
                None,
                r"^m\.checkpoint\.npz: no checkpoint: its format is 'convtool\.net/1'; 'convtool net train'",
            ),
        ],
    )
    def test_goes_on_from_nothing_else(self, content: bytes | None, says: str) -> None:
        Path("m.checkpoint.npz").write_bytes(self.ALONE.read_bytes() if content is None else content)
        refused(InputError, says, resume=True)

    def test_ends_as_well_if_somebody_deletes_its_checkpoint(self) -> None:
        records = train_from_files(OPTIONS, Limits(), Watched().watchers())
        for _ in range(4):
            next(records)
        Path("m.checkpoint.npz").unlink()
        assert next(records)["event"] == "end"
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()

    def test_begins_anew_where_nothing_is_left(self) -> None:
        watched = Watched()
        trained(watched, resume=True)
        assert watched.notices == ["there is no m.checkpoint.npz; training begins anew"]
        assert Path("m.npz").read_bytes() == self.ALONE.read_bytes()


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "error", "says"),
        [
            ({"output": ""}, ArgumentError, "^-o is empty; name a file"),
            ({"output": "m"}, ArgumentError, r"^a network is written as \.npz or \.onnx, not without a suf"),
            ({"output": "m.png"}, ArgumentError, r"^a network is written as \.npz or \.onnx, not png$"),
            ({"output": "sub"}, OutputError, "^sub: it is a folder; name a file in it$"),
            ({"output": "lines.npz"}, ArgumentError, r"^lines\.npz: the output would replace the input l"),
            ({"output": "link.npz"}, ArgumentError, r"^link\.npz: the output would replace the input lines"),
            ({"output": "test.npz", "test": "test.npz"}, ArgumentError, "would replace the input test.npz"),
            ({"architecture": "test.npz", "output": "test.npz"}, ArgumentError, "replace the input test.npz"),
            ({"data": "-", "test": "-"}, ArgumentError, "^- is given twice; standard input holds one input"),
            ({"data": "-", "architecture": "-"}, ArgumentError, "^- is given twice; standard input holds o"),
            ({"recipe": replace(RECIPE, patience=1), "hold_out": 0}, ArgumentError,
             "^--patience waits for better images held out, --hold-out 0 leaves none; give one$"),
        ],
    )  # fmt: skip
    def test_before_anything_is_read(
        self, changes: dict[str, Any], error: type[Exception], says: str
    ) -> None:
        Path("sub").mkdir()
        Path("link.npz").symlink_to("lines.npz")
        write_npz("test.npz", 4)
        Path("small.json").write_text("garbage")
        refused(error, says, **changes)

    @pytest.mark.parametrize("architecture", ["small.json", "notes-cnn"])
    def test_a_folder_that_takes_no_network_before_the_training(self, architecture: str) -> None:
        watched = Watched()
        says = r"^no/m\.checkpoint\.npz: its folder does not exist; create it first$"
        refused(OutputError, says, watched, output="no/m.npz", architecture=architecture)
        assert watched.moments == []

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ("nope.npz", r"^nope\.npz: cannot be read: No such file or directory$"),
            ("small.json", r"^small\.json: no labelled pictures; they are in a folder for each class"),
            ("one.npz", r"^one\.npz: it has one class, 'level'; a network learns to tell two or more apart$"),
            (
                "few.npz",
                r"^few\.npz: a class needs at least 2 picture\(s\), there are too few of 'b' \(1\); ",
            ),
            ("empty", r"^empty: it holds no folders; a data set has one for each class"),
            ("bare", r"^bare: a class needs at least 2 picture\(s\), there are too few of 'none' \(0\)"),
        ],
    )
    def test_pictures_that_nothing_can_be_learned_from(self, data: str, says: str) -> None:
        images, _ = lines(10)
        np.savez("one.npz", images=images, labels=["level"] * 10)
        np.savez("few.npz", images=images, labels=["a"] * 9 + ["b"])
        write_lines(Path("bare"), 8)
        for folder in ("empty", "bare/none"):
            Path(folder).mkdir(parents=True)
        refused(InputError, says, data=data)

    def test_a_class_without_a_picture_even_where_none_is_held_out(self) -> None:
        write_lines(Path("bare"), 8)
        Path("bare/none").mkdir()
        refused(InputError, r"at least 1 picture\(s\), .* of 'none' \(0\)", data="bare", hold_out=0)

    @pytest.mark.parametrize(
        ("architecture", "error", "says"),
        [
            ("notes-cn", ArgumentError, "^there is no architecture 'notes-cn'; did you mean notes-cnn"),
            ("resnet", ArgumentError, "'resnet'; there are deep-cnn, notes-cnn, or name a file$"),
            ("nope.json", InputError, r"^nope\.json: cannot be read"),
            ("lines.npz", InputError, r"^lines\.npz: an NPZ without spec\.json"),
            ("list.json", InputError, r"^list\.json: "),
            (
                "input.json",
                InputError,
                r"^input\.json: layer 'input': size is \(1\.5, 2\); it must be a whole num",
            ),
            (
                "typo.json",
                InputError,
                r"^lines\.npz with typo: layer 1 is of kind 'convv'; did you mean conv\?",
            ),
            (
                "large.json",
                InputError,
                r"^lines\.npz with large: layer 'conv1': the map is 8×8, smaller than t",
            ),
            (
                "maps.json",
                InputError,
                r"^lines\.npz with maps: its first output 'conv1' is 2×6×6, not a score",
            ),
            (
                "three.json",
                InputError,
                r"^lines\.npz with three: it names 2 class.*'dense1' gives 3 score\(s\)",
            ),
            (
                "local.json",
                InputError,
                r"^lines\.npz with local: layer 'conv1': it normalizes its patches, whi",
            ),
            (
                "owls.npz",
                InputError,
                r"^lines\.npz: the network does not know its class\(es\) upright; it has l",
            ),
            (
                "three.npz",
                InputError,
                r"^lines\.npz: a class needs at least 2 picture.* of 'owl' \(0\); add som",
            ),
            (
                "mixing.json",
                InputError,
                r"^lines\.npz with mixing: layer 'transpose1' mixes the images of a batch",
            ),
            ("two.json", InputError, r"^lines\.npz: pictures have 1 or 3 channels, 2 are asked for$"),
        ],
    )
    def test_a_start_that_does_not_fit(self, architecture: str, error: type[Exception], says: str) -> None:
        flat, dense = {"kind": "flatten"}, {"kind": "dense"}
        conv = {"kind": "conv", "filters": 2, "size": 3}
        Path("list.json").write_text("[1]")
        spec("input.json", input={"size": [1.5, 2]})
        spec("typo.json", {**conv, "kind": "convv"}, flat, dense)
        spec("large.json", {**conv, "size": 9}, flat, dense)
        spec("maps.json", conv)
        spec("three.json", flat, {**dense, "outputs": 3})
        spec("local.json", {"kind": "conv", "weights": [[1, 2]], "normalize": "local"}, flat, dense)
        spec(
            "mixing.json",
            flat,
            dense,
            {"kind": "transpose", "axes": [1, 0]},
            {"kind": "transpose", "axes": [1, 0]},
        )
        spec("two.json", input={"channels": 2})
        for name, classes in (("owls", ["level", "owl"]), ("three", ["level", "owl", "upright"])):
            weights = np.ones((len(classes), 64)).tolist()
            spec("w.json", flat, {**dense, "weights": weights}, classes=classes)
            write_network(load_network("w.json"), f"{name}.npz")
        refused(error, says, architecture=architecture)

    @pytest.mark.parametrize("start", ["own.json", "m.npz"])
    def test_another_size_than_that_of_the_start(self, start: str) -> None:
        spec("own.json", input={"size": [8, 8]})
        trained()
        for size in (8, 6, (8, 8)):
            says = "^(own|small) reads images of 8×8; leave --size out$"
            refused(ArgumentError, says, architecture=start, size=size, output="other.npz")

    def test_what_onnx_cannot_hold_before_it_is_trained(self) -> None:
        softmax = {"kind": "softmax", "axis": -1}
        conv = {"kind": "conv", "weights": [[1, 2]], "normalize": "local"}
        spec("local.json", conv, {"kind": "flatten"}, {"kind": "dense"}, softmax)
        watched = Watched()
        says = r"^lines\.npz with local: layer 'conv1': ONNX has no operator that divides"
        refused(InputError, says, watched, architecture="local.json", output="m.onnx")
        assert watched.moments == []

    @pytest.mark.parametrize("hold_out", [0, 0.1])
    @pytest.mark.parametrize("rate", [1e12, 1e38, 1e300])
    @pytest.mark.parametrize("optimizer", ["sgd", "adam"])
    def test_numbers_that_grow_without_end(self, optimizer: Any, rate: float, hold_out: float) -> None:
        recipe = replace(RECIPE, optimizer=optimizer, rate=rate, epochs=30)
        says = (
            r"^in epoch \d+ the numbers of the network grew without end; use a --learning-rate below 1e\+\d+$"
        )
        refused(ArgumentError, says, recipe=recipe, hold_out=hold_out, architecture="notes-cnn")

    def test_more_memory_than_is_allowed(self) -> None:
        says = "^training small on 8×8; it takes about .* of memory, over the limit of .*; raise it with"
        refused(LimitError, says, limits=Limits(memory=50_000))

    def test_more_pixels_than_are_allowed(self) -> None:
        refused(
            LimitError,
            r"^lines\.npz: the image is 8×8, 64 pixels .*, over the limit of 63",
            limits=Limits(63),
        )
