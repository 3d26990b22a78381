"""Images classified: the likeliest classes by their probability, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import load_network, run_network
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.net.classify import classify_images
from convtool.jobs.options import InputOptions
from tests import oracles, scenes
from tests.tolerances import assert_near


def classified(*images: str, model: str = "n.json", top: int = 5, **inputs: Any) -> list[dict[str, Any]]:
    return list(classify_images(model, images, top=top, inputs=InputOptions(**inputs), notify=pytest.fail))


def with_layers(*layers: dict[str, Any], **keys: Any) -> str:
    """``m.json``: the network of ``n.json`` with other layers behind its own, and other keys."""
    spec = json.loads(Path("n.json").read_text())
    Path("m.json").write_text(json.dumps({**spec, "layers": [*spec["layers"], *layers], **keys}))
    return "m.json"


def test_scores_become_probabilities_the_likeliest_first() -> None:
    records = classified("a.png", "b.png")
    for record, seed, size in zip(records, (1, 2), ((9, 8), (5, 7)), strict=True):
        scores = run_network(load_network("n.json"), scenes.noise(seed, *size))["mean"].ravel().tolist()
        shares = oracles.probabilities(scores)
        order = sorted(range(2), key=lambda index: -scores[index])
        assert [best["index"] for best in record["top"]] == order
        assert [best["class"] for best in record["top"]] == ["ab"[index] for index in order]
        assert_near([best["probability"] for best in record["top"]], [shares[index] for index in order])
    assert [record["input"] for record in records] == ["a.png", "b.png"]
    assert list(records[0]) == ["input", "model", "top", "seconds", "version"]
    assert records[0]["model"] == "n.json"


def test_probabilities_of_a_softmax_are_given_as_they_are() -> None:
    np.save("small.npy", np.full((4, 4), 0.25, np.float32))
    plain = classified("small.npy")[0]["top"]
    ended = classified("small.npy", model=with_layers({"kind": "softmax"}, {"kind": "flatten"}))[0]["top"]
    assert_near([best["probability"] for best in ended], [best["probability"] for best in plain])
    assert [best["class"] for best in ended] == [best["class"] for best in plain] == ["b", "a"]


def test_of_equal_scores_the_first_comes_first_and_others_in_their_order() -> None:
    np.save("flat.npy", np.zeros((4, 4), np.float32))
    assert [best["index"] for best in classified("flat.npy")[0]["top"]] == [0, 1]
    np.save("tiny.npy", np.full((4, 4), 1e-30, np.float32))
    (record,) = classified("tiny.npy")
    assert [(best["index"], best["probability"]) for best in record["top"]] == [(1, 0.5), (0, 0.5)]


def test_as_many_as_are_asked_for_and_numbers_for_want_of_names() -> None:
    (record,) = classified("a.png", model=with_layers(classes=None), top=1)
    (best,) = record["top"]
    assert best["class"] == str(best["index"])


def test_an_image_is_read_when_it_is_its_turn() -> None:
    records = classify_images("n.json", ["a.png", "nope.png"], top=1, inputs=InputOptions(), notify=print)
    assert next(records)["input"] == "a.png"
    with pytest.raises(InputError, match=r"^nope\.png: cannot be read"):
        next(records)


@pytest.mark.parametrize(
    ("images", "inputs", "error", "says"),
    [
        (["-", "-"], {}, ArgumentError, "^- is given twice; standard input holds one input"),
        (["nope.png"], {}, InputError, r"^nope\.png: cannot be read"),
        (["a.png"], {"limits": Limits(memory=680)}, LimitError, r"^a\.png with n: n on 9×8; it takes about"),
        (["large.npy"], {}, InputError, r"^large\.npy with n: its scores hold NaN or infinity; the numbers "),
    ],
)
def test_what_is_refused(
    images: list[str],
    inputs: dict[str, Any],
    error: type[Exception],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
    np.save("large.npy", np.full((4, 4), 3e38, np.float32))
    with pytest.raises(error, match=says):
        classified(*images, **inputs)


def test_maps_are_no_scores() -> None:
    says = r"^a\.png with m: its first output 'relu' is 2×9×7, not a score for each class$"
    with pytest.raises(InputError, match=says):
        classified("a.png", model=with_layers(outputs=["relu"]))
