"""Units explained in images from files: of the scaled image, and within the limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convtool.errors import LimitError
from convtool.io.limits import Limits
from convtool.jobs.net.explain import explain_in_image
from convtool.jobs.options import InputOptions
from tests import scenes


def test_a_unit_is_explained_in_the_scaled_image() -> None:
    spec = json.loads(Path("n.json").read_text()) | {"input": {"scale": 0.5, "mean": 3}}
    Path("s.json").write_text(json.dumps(spec))
    found = explain_in_image("s.json", "a.png", "conv", (0, 1, 2), inputs=InputOptions(), notify=pytest.fail)
    pixels = scenes.noise(1, 9, 8)[1, 2:4] * 0.5 - 3
    assert found.pixels.ravel().tolist() == pixels.tolist()
    assert found.value == pixels[0] - pixels[1]


def test_of_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convtool.net.files.MEMORY_OF_JSON", 1)
    inputs = InputOptions(limits=Limits(memory=1800))
    with pytest.raises(LimitError, match=r"^a\.png with n: n on 9×8; it takes about"):
        explain_in_image("n.json", "a.png", "mean", (0, 0, 0), inputs=inputs, notify=pytest.fail)
