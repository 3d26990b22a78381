"""Networks evaluated on data from files: the record against the evaluation, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import __version__, load_network, run_network
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.net.evaluate import EvaluatedData, evaluate_on_data
from tests import oracles, scenes
from tests.tolerances import assert_equal, assert_near

LABELS = ["b", "a", "b", "b", "a"]
"""Of the images in ``data.npz``, whose classes stand in the order of the names."""


@pytest.fixture(autouse=True)
def data() -> np.ndarray:
    """Images ``(5, 9, 8)``: ``data.npz``."""
    images = np.stack([scenes.noise(seed, 9, 8) for seed in range(5)])
    np.savez("data.npz", images=images, labels=LABELS)
    return images


def evaluated(model: str = "n.json", path: str = "data.npz", **options: Any) -> EvaluatedData:
    told: dict[str, Any] = {"size": None, "limits": Limits(), "notify": pytest.fail}
    return evaluate_on_data(
        model, path, **{**told, "reading": lambda *_: None, "running": lambda *_: None, **options}
    )


def other(name: str, **keys: Any) -> str:
    """The network of ``n.json`` with other keys."""
    Path(name).write_text(json.dumps(json.loads(Path("n.json").read_text()) | keys))
    return name


def test_every_number_is_that_of_a_loop(data: np.ndarray) -> None:
    found = evaluated()
    scores = [run_network(load_network("n.json"), image)["mean"].ravel().tolist() for image in data]
    shares = [oracles.probabilities(row) for row in scores]
    true = ["ab".index(label) for label in LABELS]
    taken = [row.index(max(row)) for row in scores]
    record = found.record
    assert list(record) == [
        *("model", "data", "count", "correct", "accuracy", "interval", "loss", "classes", "confusion"),
        *("mistakes", "seconds", "version"),
    ]
    assert (record["model"], record["data"], record["count"]) == ("n.json", "data.npz", 5)
    assert record["version"] == __version__
    assert record["correct"] == sum(one == two for one, two in zip(true, taken, strict=True))
    assert record["accuracy"] == record["correct"] / 5
    assert record["confusion"] == oracles.counted(true, taken, 2)
    assert [list(each) for each in record["classes"]] == [["name", "count", "recall", "precision", "f1"]] * 2
    assert [(each["name"], each["count"]) for each in record["classes"]] == [("a", 2), ("b", 3)]
    assert_near(
        [each["recall"] for each in record["classes"]],
        [oracles.class_shares(true, taken, kind)[0] for kind in range(2)],
    )
    wrong = [index for index in range(5) if true[index] != taken[index]]
    wrong.sort(key=lambda index: -max(shares[index]))
    assert [each["name"] for each in record["mistakes"]] == [str(index) for index in wrong]
    for each, index in zip(record["mistakes"], wrong, strict=True):
        assert (each["true"], each["predicted"]) == (LABELS[index], "ab"[taken[index]])
        assert_near(each["confidence"], max(shares[index]))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert_equal(found.dataset.images[:, 0], data)
    assert found.evaluation.loss == record["loss"]


def test_ten_mistakes_are_told() -> None:
    np.savez("many.npz", images=np.ones((30, 4, 4), np.uint8), labels=["a"] * 30)
    record = evaluated(path="many.npz").record
    assert (record["correct"], record["accuracy"]) == (0, 0)
    assert [each["name"] for each in record["mistakes"]] == [str(number) for number in range(10)]
    assert record["classes"][1] == {"name": "b", "count": 0, "recall": None, "precision": 0.0, "f1": 0.0}


def test_labels_come_in_the_order_of_the_networks_classes() -> None:
    turned = evaluated(other("turned.json", classes=["b", "a"]))
    assert turned.dataset.classes == ("b", "a")
    assert turned.dataset.labels.tolist() == ["ba".index(label) for label in LABELS]
    assert turned.record["correct"] == 5 - evaluated().record["correct"]


def test_a_network_without_names_takes_numbers(data: np.ndarray) -> None:
    numbered = [0, 1, 1, 0, 1]
    np.savez("numbered.npz", images=data, labels=numbered)
    found = evaluated(other("bare.json", classes=None), "numbered.npz")
    assert (found.dataset.classes, found.dataset.labels.tolist()) == (("0", "1"), numbered)


def test_images_are_made_what_the_network_reads() -> None:
    notices: list[str] = []
    sized = evaluated(other("sized.json", input={"size": [4, 5]}), notify=notices.append)
    assert sized.dataset.images.shape == (5, 1, 4, 5)
    assert notices == ["data.npz: 5 of 5 picture(s) resized to 4×5"]
    for size, shape in ((6, (6, 6)), ((6, 7), (6, 7))):
        assert evaluated(size=size, notify=notices.append).dataset.images.shape[2:] == shape


def test_both_parts_of_the_work_are_told_of() -> None:
    told: list[tuple[str, int, int]] = []
    evaluated(
        size=5,
        notify=print,
        reading=lambda *counts: told.append(("read", *counts)),
        running=lambda *counts: told.append(("run", *counts)),
    )
    assert told == [*(("read", number, 5) for number in range(1, 6)), ("run", 5, 5)]


@pytest.mark.parametrize(
    ("model", "path", "options", "error", "says"),
    [
        ("-", "-", {}, ArgumentError, "^- is given twice; standard input holds one input"),
        ("nope.json", "data.npz", {}, InputError, r"^nope\.json: cannot be read"),
        ("n.json", "nope", {}, InputError, "^nope: cannot be read: No such file or directory$"),
        ("n.json", "a.png", {}, InputError, r"^a\.png: no labelled pictures; they are in a folder"),
        ("n.json", "empty", {}, InputError, "^empty: it holds no folders; a data set has one for each class"),
        ("n.json", "none", {}, InputError, "^none: none of its 0 file.* can be read as a picture$"),
        ("n.json", "foreign.npz", {}, InputError,
         r"^foreign\.npz with n: the network does not know its class\(es\) cat, owl; it has a, b$"),
        ("bare.json", "data.npz", {}, InputError, r"^data\.npz with bare: .* class\(es\) a, b; it has 0, 1$"),
        ("maps.json", "data.npz", {}, InputError,
         r"^data\.npz with maps: its first output 'relu' is 2×9×7, not a score for each class$"),
        ("two.json", "data.npz", {}, InputError, r"^data\.npz: pictures have 1 or 3 channels, 2 are asked"),
        ("n.json", "large.npz", {}, InputError,
         r"^large\.npz with n: image 1: its scores hold NaN or infinity; "),
        ("sized.json", "data.npz", {"size": 3}, ArgumentError,
         "^sized reads images of 4×5; leave --size out$"),
        ("n.json", "data.npz", {"limits": Limits(pixels=71)}, LimitError, r"^data\.npz: the image is 9×8, 7"),
    ],
)  # fmt: skip
def test_what_is_refused(
    model: str, path: str, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    other("bare.json", classes=None)
    other("sized.json", input={"size": [4, 5]})
    other("maps.json", outputs=["relu"])
    other("two.json", layers=[{"kind": "relu"}], input={"channels": 2}, classes=None)
    for folder in ("empty", "none/a", "none/b"):
        Path(folder).mkdir(parents=True)
    np.savez("foreign.npz", images=np.ones((3, 4, 4), np.uint8), labels=["a", "owl", "cat"])
    np.savez("large.npz", images=np.float32([np.ones((4, 4)), np.full((4, 4), 3e38)]), labels=["a", "b"])
    with pytest.raises(error, match=says):
        evaluated(model, path, **options)


def test_memory_is_that_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
    monkeypatch.setattr("convtool.io.npz.AS_FLOAT32", 0)
    with pytest.raises(LimitError, match=r"^data\.npz with n: n on 9×8; it takes about 688 bytes of memory"):
        evaluated(limits=Limits(memory=680))
