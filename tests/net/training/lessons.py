"""Something that is learned in no time: upright lines and level ones, and a small network that tells them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convtool import FilterBank
from convtool.net import ops
from convtool.net.data.dataset import Dataset
from convtool.net.network import Input, Layer, Network
from convtool.net.training.augmentation import Augmentation
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Trainer

CLASSES = ("upright", "level")
SIDE = 8


def lines(count: int, seed: int = 0, channels: int = 1, side: int = SIDE) -> Dataset:
    """Light lines on dark noise, half of them upright, half level."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 60, (count, channels, side, side)).astype(np.uint8)
    labels = np.arange(count) % 2
    for image, level, place in zip(images, labels, random.integers(1, side - 1, count), strict=True):
        (image if level else image.transpose(0, 2, 1))[:, place] += 150
    return Dataset(images, labels.astype(np.intp), CLASSES, [f"line {number}" for number in range(count)])


def small_network() -> Network:
    """Something of everything: batch normalisation, a pool, dropout."""
    random = np.random.default_rng(0)
    operations: list[ops.Operation] = [
        ops.Conv(FilterBank(random.standard_normal((4, 1, 3, 3)) / 3), padding=1),
        ops.BatchNorm(*np.ones((1, 4)), *np.zeros((2, 4)), np.ones(4)),
        ops.Relu(),
        ops.MaxPool(2),
        ops.Flatten(),
        ops.Dropout(0.25),
        ops.Dense(random.standard_normal((2, 64)) / 8),
        ops.Softmax(),
    ]
    names = ["input", *(each.kind for each in operations)]
    layers = tuple(Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations))
    return Network("small", Input(size=(SIDE, SIDE), scale=1 / 255), layers, ("softmax",), CLASSES)


CHANGES = Augmentation(shift=1, rotate=10, scale=0.1, contrast=0.2)


def trainer(**options: Any) -> Trainer:
    """One that takes three steps an epoch, with everything that chance decides."""
    recipe = {"epochs": 2, "batch": 8, "augmentation": CHANGES, "rate": 0.01} | options
    return Trainer(small_network(), lines(20), lines(10, seed=1), Recipe(**recipe))
