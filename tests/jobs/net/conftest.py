"""Fixtures of the tests of networks' jobs: a small network, and images for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import scenes

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
