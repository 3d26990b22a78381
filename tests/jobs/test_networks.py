"""Networks and images from files: what each image gives, what is refused, what nothing overwrites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import FilterBank, load_network, run_network
from convtool.errors import ArgumentError, InputError, LimitError, OutputError
from convtool.io.limits import Limits
from convtool.jobs.networks import (
    NetworkRun,
    explain_in_image,
    export_network,
    layers_as_records,
    run_on_images,
    shown_size,
)
from convtool.jobs.options import InputOptions, OutputOptions
from convtool.jobs.outputs import check_not_an_input
from convtool.jobs.reading import check_stdin_once, model_of, noticed_filter
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from tests import scenes
from tests.tolerances import assert_same_bytes

LAYERS = [
    {"kind": "conv", "name": "conv", "weights": [[[1, -1]], [[2, 0]]]},
    {"kind": "relu", "name": "relu"},
    {"kind": "max_pool", "name": "pool", "size": 2},
    {"kind": "global_avg_pool", "name": "mean"},
]


@pytest.fixture(autouse=True)
def files() -> None:
    Path("n.json").write_text(
        json.dumps({"format": "convtool.net/1", "layers": LAYERS, "classes": ["a", "b"]})
    )
    scenes.save("a.png", scenes.noise(1, 9, 8))
    scenes.save("b.png", scenes.noise(2, 5, 7))


def runs(*images: str, maps: tuple[str, ...] = (), inputs: Any = None, **output: Any) -> list[NetworkRun]:
    notices: list[str] = []
    found = run_on_images(
        "n.json",
        images,
        maps=maps,
        top=output.pop("top", 5),
        inputs=inputs or InputOptions(),
        output=OutputOptions(frozenset(), **output),
        notify=notices.append,
    )
    made = [(each, list(each.maps))[0] for each in found]
    assert notices == []
    return made


def chain(*operations: ops.Operation, size: tuple[int, int] | None = None) -> Network:
    names = ["input", *"abc"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("chain", Input(size=size), tuple(layers), (layers[-1].name,))


class TestRuns:
    def test_best_scores_and_shapes(self) -> None:
        first, second = runs("a.png", "b.png")
        for run, seed, size in ((first, 1, (9, 8)), (second, 2, (5, 7))):
            values = run_network(load_network("n.json"), scenes.noise(seed, *size))["mean"].ravel()
            order = sorted(range(2), key=lambda index: -values[index])
            assert [best["index"] for best in run.record["top"]] == order
            assert [np.float32(best["score"]) for best in run.record["top"]] == [values[n] for n in order]
            assert [best["class"] for best in run.record["top"]] == ["ab"[index] for index in order]
            assert run.record["outputs"] == {"mean": [2, 1, 1]}

    def test_of_equal_scores_the_first_comes_first(self) -> None:
        np.save("flat.npy", np.zeros((4, 4), np.float32))
        (run,) = runs("flat.npy", top=1)
        assert [best["index"] for best in run.record["top"]] == [0]

    def test_maps_of_every_kind_bear_its_stage(self) -> None:
        runs("a.png", maps=("*",), folder="maps", format="npy")
        names = sorted(path.name for path in Path("maps").iterdir())
        parts = ("conv-{}.conv", "mean-{}.pool", "pool-{}.pool", "relu-{}.map")
        assert names == [f"a.{part.format(n)}.npy" for part in parts for n in ("01", "02")]
        values = run_network(load_network("n.json"), scenes.noise(1, 9, 8), ["relu"])["relu"]
        assert_same_bytes(np.load("maps/a.relu-02.map.npy"), values[1])

    def test_nothing_is_written_but_what_is_asked_for(self) -> None:
        runs("a.png", folder="maps")
        assert not Path("maps").exists()

    def test_an_image_is_read_when_it_is_its_turn(self) -> None:
        made = run_on_images(
            "n.json",
            ["a.png", "nope.png"],
            maps=(),
            top=1,
            inputs=InputOptions(),
            output=OutputOptions(frozenset()),
            notify=pytest.fail,
        )
        assert next(made).record["input"] == "a.png"
        with pytest.raises(InputError, match=r"^nope\.png: cannot be read"):
            next(made)

    @pytest.mark.parametrize(
        ("options", "error", "says"),
        [
            ({"file": "o.npy"}, ArgumentError, "none is asked for; name one with --maps"),
            ({"file": "o.npy", "maps": ("conv", "pool")}, ArgumentError, "--maps names conv, pool; name one"),
            ({"file": "n.json", "maps": ("conv",)}, ArgumentError, "would replace the input n.json"),
            ({"maps": ("nope",)}, ArgumentError, "no layer is called 'nope'; n has conv, relu, pool, mean"),
            (
                {"maps": ("*",), "inputs": InputOptions(limits=Limits(memory=900))},
                LimitError,
                r"^a\.png with n: n on 9×8; ",
            ),
            (
                {"inputs": InputOptions(limits=Limits(pixels=71))},
                LimitError,
                r"^a\.png: the image is 9×8, 72",
            ),
            ({"inputs": InputOptions(frame=3)}, InputError, r"^a\.png: "),
        ],
    )
    def test_what_is_refused(
        self,
        options: dict[str, Any],
        error: type[Exception],
        says: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
        with pytest.raises(error, match=says):
            runs("a.png", **options)


class TestRecords:
    def test_of_every_layer(self) -> None:
        bank = FilterBank(np.ones((4, 1, 3, 3)), np.ones(4))
        records = list(layers_as_records(chain(ops.Conv(bank, 2), ops.Flatten()), (9, 7)))
        assert records == [
            {"layer": "a", "kind": "conv", "inputs": ["input"], "shape": [4, 4, 3], "field": [3, 3],
             "parameters": 40, "multiply_adds": 4 * 4 * 3 * 9},
            {"layer": "b", "kind": "flatten", "inputs": ["a"], "shape": [48], "field": [9, 7],
             "parameters": 0, "multiply_adds": 0},
        ]  # fmt: skip

    def test_of_a_constant_have_no_field(self) -> None:
        constant = Network("n", Input(), (Layer("c", ops.Constant([1, 2]), ()),), ("c",))
        assert [record["field"] for record in layers_as_records(constant, (4, 4))] == [[]]

    def test_parts_of_cells_are_rounded_up(self) -> None:
        network = chain(ops.Resize(4), ops.Conv(FilterBank(np.ones((2, 2)))))
        assert [record["field"] for record in layers_as_records(network, (4, 4))] == [[1, 1], [2, 2]]


class TestSizes:
    @pytest.mark.parametrize(
        ("own", "stated", "shown"),
        [
            (None, None, (256, 256)),
            ((3, 4), None, (3, 4)),
            ((3, 4), 5, (5, 5)),
            (None, (6, 7), (6, 7)),
        ],
    )
    def test_are_those_stated_or_its_own_or_usual(self, own: Any, stated: Any, shown: Any) -> None:
        assert shown_size(chain(ops.Relu(), size=own), stated) == shown

    @pytest.mark.parametrize("side", [256, 64, 32, 128, 512])
    def test_are_the_first_that_go_through(self, side: int) -> None:
        dense = ops.Dense(np.ones((1, side * side)))
        assert shown_size(chain(ops.Flatten(), dense), None) == (side, side)

    def test_that_cannot_be_guessed_are_asked_for(self) -> None:
        says = r"^layer .b.: it reads vectors of 9 values, .*; say with --size which images it takes$"
        with pytest.raises(InputError, match=says):
            shown_size(chain(ops.Flatten(), ops.Dense(np.ones((1, 9)))), None)


class TestExplaining:
    def test_is_of_the_scaled_image(self) -> None:
        spec = {"format": "convtool.net/1", "input": {"scale": 0.5, "mean": 3}, "layers": LAYERS}
        Path("s.json").write_text(json.dumps(spec))
        found = explain_in_image(
            "s.json", "a.png", "conv", (0, 1, 2), inputs=InputOptions(), notify=pytest.fail
        )
        pixels = scenes.noise(1, 9, 8)[1, 2:4] * 0.5 - 3
        assert found.pixels.ravel().tolist() == pixels.tolist()
        assert found.value == pixels[0] - pixels[1]

    def test_of_too_much_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
        inputs = InputOptions(limits=Limits(memory=1800))
        with pytest.raises(LimitError, match=r"^a\.png with n: n on 9×8; it takes about"):
            explain_in_image("n.json", "a.png", "mean", (0, 0, 0), inputs=inputs, notify=pytest.fail)


class TestExporting:
    @pytest.mark.parametrize(
        ("output", "error", "says"),
        [
            ("n.json", ArgumentError, "would replace the input n.json"),
            ("n.txt", ArgumentError, "a network is written as .npz or .onnx, not txt"),
            (".", OutputError, "it is a folder"),
            ("no/n.npz", OutputError, "its folder does not exist"),
        ],
    )
    def test_what_is_refused(self, output: str, error: type[Exception], says: str) -> None:
        with pytest.raises(error, match=says):
            export_network("n.json", output, notify=pytest.fail)

    def test_gives_what_was_written(self) -> None:
        network = export_network("n.json", "o.npz", notify=pytest.fail)
        assert network.parameters == load_network("o.npz").parameters == 4


class TestLayersAsFilters:
    @pytest.mark.parametrize(
        ("name", "model"),
        [
            ("m.npz::conv", "m.npz"),
            ("a::b::c", "a::b"),
            ("-::conv", "-"),
            ("sobel-x", "sobel-x"),
            ("a:b", "a:b"),
        ],
    )
    def test_are_read_from_a_model(self, name: str, model: str) -> None:
        assert model_of(name) == model

    def test_are_never_written_over(self) -> None:
        with pytest.raises(
            ArgumentError, match=r"^n\.json: the output would replace the input n\.json::conv;"
        ):
            check_not_an_input("n.json", ["n.json::conv"])
        Path("a::b").write_text("")
        with pytest.raises(ArgumentError, match="would replace the input a::b"):
            check_not_an_input("a::b", ["a::b"])
        check_not_an_input("other", ["n.json::conv", "nope::x"])

    @pytest.mark.parametrize("inputs", [["-", "-"], ["-", "-::conv"], ["-::a", "-::b"]])
    def test_share_standard_input_with_nothing(self, inputs: list[str]) -> None:
        with pytest.raises(ArgumentError, match="- is given twice"):
            check_stdin_once(inputs)
        check_stdin_once([inputs[0], "a", "a::b", "a::-"])

    def test_are_named_by_network_and_layer(self) -> None:
        file = noticed_filter("n.json::conv", pytest.fail)
        assert (file.label, file.bank.weights.shape) == ("n-conv", (2, 1, 1, 2))
