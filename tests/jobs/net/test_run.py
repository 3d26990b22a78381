"""Networks run on images: what each gives, what is refused, what nothing overwrites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import load_network, run_network
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.net.run import NetworkRun, run_on_images
from convtool.jobs.options import InputOptions, OutputOptions
from tests import scenes
from tests.tolerances import assert_same_bytes


def runs(*images: str, maps: tuple[str, ...] = (), inputs: Any = None, **output: Any) -> list[NetworkRun]:
    notices: list[str] = []
    found = run_on_images(
        "n.json",
        images,
        maps=maps,
        all_layers=output.pop("all_layers", False),
        top=output.pop("top", 5),
        inputs=inputs or InputOptions(),
        output=OutputOptions(frozenset(), **output),
        notify=notices.append,
    )
    made = [(each, list(each.maps))[0] for each in found]
    assert notices == []
    return made


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

    def test_hold_the_image_and_the_layers_that_are_asked_for(self) -> None:
        values = run_network(load_network("n.json"), scenes.noise(1, 9, 8), ["conv", "relu", "pool", "mean"])
        kinds = {"conv": "conv", "relu": "relu", "pool": "max_pool", "mean": "global_avg_pool"}
        for options, names in (
            ({}, []),
            ({"maps": ("pool", "relu")}, ["relu", "pool"]),
            ({"all_layers": True}, list(kinds)),
            ({"all_layers": True, "maps": ("relu",)}, list(kinds)),
        ):
            (run,) = runs("a.png", folder="maps", **options)
            assert run.classes == ("a", "b")
            assert_same_bytes(run.image, scenes.noise(1, 9, 8)[np.newaxis].astype(np.float32))
            assert [(name, kind) for name, kind, _ in run.layers] == [(name, kinds[name]) for name in names]
            for name, _, found in run.layers:
                assert_same_bytes(found, values[name])

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
