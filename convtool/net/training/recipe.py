"""How a network is trained: everything that decides what comes out, but the data and the network."""

from __future__ import annotations

from dataclasses import dataclass, field

from convtool.core.tiles import even_cuts
from convtool.net.training.augmentation import Augmentation
from convtool.net.training.optimizers import OptimizerName
from convtool.net.training.schedules import ScheduleName

RATES: dict[OptimizerName, float] = {"sgd": 0.05, "adam": 0.002, "adamw": 0.002}
"""Learning rates to begin with, if none is said."""


@dataclass(frozen=True)
class Recipe:
    """Options of training.

    Attributes
    ----------
    epochs
        How often every image is seen.
    batch
        Images of a step.
    optimizer, momentum, weight_decay
        See `convtool.net.training.optimizers`.
    rate, schedule
        The learning rate at the beginning, and how it falls.
    augmentation
        How images are changed each time that they are seen.
    patience
        Epochs without a better validation after which training ends early; ``None`` for never.
    seed
        Decides weights, splits, the order of images, and every chance.
    """

    epochs: int = 20
    batch: int = 64
    optimizer: OptimizerName = "adamw"
    rate: float = RATES["adamw"]
    momentum: float = 0.9
    weight_decay: float = 0.01
    schedule: ScheduleName = "cosine"
    augmentation: Augmentation = field(default_factory=Augmentation)
    patience: int | None = None
    seed: int = 0

    def cuts(self, images: int) -> list[int]:
        """Where the batches of an epoch of so many images begin and end, as even as can be."""
        return even_cuts(images, -(-images // self.batch))
