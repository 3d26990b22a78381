"""What excites a layer, from files: records against the library, pictures as the network reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import load_network
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.net.patches import ExcitingPatches, exciting_patches
from convtool.net.data.reading import read_data
from convtool.net.exciting import most_exciting
from tests import scenes
from tests.net.data.lines import write_lines, write_npz
from tests.tolerances import assert_equal

LAYERS = [
    {"kind": "conv", "weights": [[[1, -1]], [[-9, 0]], [[0.3, 0.3]]]},
    {"kind": "relu"},
    {"kind": "max_pool", "size": 2},
    {"kind": "flatten"},
]


@pytest.fixture(autouse=True)
def given() -> None:
    """``lines/``, 6 pictures in the folders of two classes, and ``net.json``."""
    write_lines(Path("lines"), 6)
    spec("net.json")


def spec(path: str, **keys: Any) -> None:
    Path(path).write_text(json.dumps({"format": "convtool.net/1", "layers": LAYERS, **keys}))


def found(
    model: str = "net.json", data: str = "lines", layer: str = "relu1", **options: Any
) -> ExcitingPatches:
    told: dict[str, Any] = {"count": 2, "size": None, "limits": Limits(), "notify": pytest.fail}
    told |= {"reading": lambda *_: None, "running": lambda *_: None}
    return exciting_patches(model, data, layer, **{**told, **options})


@pytest.mark.parametrize("layer", ["conv1", "relu1", "max_pool1"])
def test_records_are_those_of_the_library(layer: str) -> None:
    data = read_data("lines", notify=pytest.fail)
    expected = most_exciting(load_network("net.json"), data, layer, 2)
    records = list(found(layer=layer).records())
    assert [record["map"] for record in records] == [1, 2, 3]
    for record, excitements in zip(records, expected, strict=True):
        assert list(record) == ["map", "patches"]
        assert record["patches"] == [
            {
                "name": data.names[each.image],
                "class": data.classes[data.labels[each.image]],
                "strength": float(str(np.float32(each.strength))),
                "unit": [record["map"] - 1, *each.at],
                "y": each.corner[0],
                "x": each.corner[1],
                "size": list(each.patch.shape[1:]),
            }
            for each in excitements
        ]
    assert [len(record["patches"]) for record in records] == [2, 0, 2]
    assert str(records[2]["patches"][0]["strength"]).startswith("1") or layer != "conv1"
    assert json.loads(json.dumps(records, allow_nan=False)) == records


def test_filters_are_those_of_the_layer() -> None:
    weights = load_network("net.json").layers[0].operation.arrays["weights"]
    assert_equal(found(layer="conv1").filters, weights)
    assert found(layer="relu1").filters.shape == (3, 0, 1, 1)


def test_pictures_are_made_what_the_network_reads() -> None:
    spec("sized.json", input={"size": [4, 5]})
    scenes.save("lines/level/colour.png", np.dstack([scenes.noise(seed, 8, 8) for seed in range(3)]))
    notices: list[str] = []
    for model, size, shape in (
        ("sized.json", None, (4, 5)),
        ("net.json", 6, (6, 6)),
        ("net.json", (6, 7), (6, 7)),
    ):
        made = found(model, size=size, notify=notices.append).dataset.images.shape
        assert made == (7, 1, *shape)
    assert notices == [f"lines: 7 of 7 picture(s) resized to {size}" for size in ("4×5", "6×6", "6×7")]


def test_both_parts_of_the_work_are_told_of() -> None:
    told: list[tuple[str, int, int]] = []
    found(
        reading=lambda *counts: told.append(("read", *counts)),
        running=lambda *counts: told.append(("run", *counts)),
    )
    assert told == [*(("read", number, 6) for number in range(1, 7)), ("run", 6, 6)]


@pytest.mark.parametrize(
    ("model", "data", "options", "error", "says"),
    [
        ("-", "-", {}, ArgumentError, "^- is given twice; standard input holds one input"),
        ("nope.json", "lines", {}, InputError, r"^nope\.json: cannot be read"),
        ("net.json", "nope", {}, InputError, "^nope: cannot be read: No such file or directory$"),
        ("net.json", "nope", {"layer": "conv2"}, ArgumentError, "^there is no layer 'conv2'; net has conv"),
        ("net.json", "lines", {"layer": "flatten1"}, ArgumentError, "^layer 'flatten1' is 36, no maps; na"),
        ("net.json", "a.png", {}, InputError, r"^a\.png: no labelled pictures; they are in a folder"),
        ("wide.json", "lines", {}, InputError, "^lines with wide: layer 'conv1': the map is 8×8, s"),
        ("sized.json", "lines", {"size": 8}, ArgumentError, "^sized reads images of 4×5; leave --size o"),
        ("net.json", "vast.npz", {}, InputError, r"^vast\.npz with net: image 1: its values in l"),
        ("net.json", "lines.npz", {"limits": Limits(63)}, LimitError, r"^lines\.npz: the image is 8×8, 64 p"),
        ("net.json", "lines", {"limits": Limits(memory=1000)}, LimitError, "^lines with net: net on 8×8"),
    ],
)  # fmt: skip
def test_what_is_refused(
    model: str,
    data: str,
    options: dict[str, Any],
    error: type[Exception],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_npz("lines.npz", 6)
    spec("sized.json", input={"size": [4, 5]})
    wide = {"format": "convtool.net/1", "layers": [{"kind": "conv", "weights": [[1] * 9]}, {"kind": "relu"}]}
    Path("wide.json").write_text(json.dumps(wide))
    np.savez("vast.npz", images=np.float32([np.ones((3, 3)), [[3e38, -3e38, 1]] * 3]), labels=[0, 1])
    monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
    with pytest.raises(error, match=says):
        found(model, data, **options)
