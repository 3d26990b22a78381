"""Handwritten digits, learned through the command: a real task, small enough for every day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.runner import in_process

TEST_EVERY = 5
RECOGNISED = 0.97
"""Of the pictures that were not learned from; scikit-learn's RBF-SVM has 0.990 there."""


@pytest.mark.slow
def test_the_network_of_the_notes_learns_to_read_digits(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    tested = np.zeros(len(order), bool)
    tested[order[::TEST_EVERY]] = True
    for name, chosen in (("train", ~tested), ("test", tested)):
        images = digits.images[chosen].astype(np.uint8)
        np.savez(tmp_path / f"{name}.npz", images=images, labels=digits.target[chosen])
    data, model = tmp_path / "train.npz", tmp_path / "digits.npz"
    changes = ["--augment", "shift=0.5,rotate=10,scale=0.1"]
    learned = in_process("net", "train", data, "-o", model, "--epochs", "40", *changes, "--json")
    assert learned.code == 0, learned.err
    evaluated = in_process("net", "eval", model, tmp_path / "test.npz", "--json")
    record = evaluated.record
    assert record["count"] == tested.sum()
    assert record["accuracy"] >= RECOGNISED
