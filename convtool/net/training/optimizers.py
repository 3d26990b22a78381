"""Steps against the gradient: stochastic gradient descent with momentum, Adam, AdamW."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from convtool.net.training.tape import Values

OptimizerName = Literal["sgd", "adam", "adamw"]


class Optimizer(Protocol):
    """What moves the numbers of a network, in place.

    Attributes
    ----------
    memory
        What it remembers from step to step, by names.
    steps
        How many it has taken.
    """

    memory: dict[str, Values]
    steps: int

    def step(self, values: Values, gradient: Values, rate: float) -> None:
        """Move values against their gradient, which it may write over."""


class Sgd:
    """``v ← momentum · v + g + decay · w``, ``w ← w − rate · v``.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
    learning", ICML 2013; the form is PyTorch's.
    """

    def __init__(self, like: Values, decay: Values, momentum: float) -> None:
        self._decay, self._momentum = decay, momentum
        self._scratch, self._velocity = np.empty_like(like), np.zeros_like(like)
        self.memory = {"velocity": self._velocity}
        self.steps = 0

    def step(self, values: Values, gradient: Values, rate: float) -> None:
        """Take one step."""
        self.steps += 1
        np.multiply(values, self._decay, out=self._scratch)
        np.add(gradient, self._scratch, out=gradient)
        np.multiply(self._velocity, self._momentum, out=self._velocity)
        np.add(self._velocity, gradient, out=self._velocity)
        np.multiply(self._velocity, rate, out=self._scratch)
        np.subtract(values, self._scratch, out=values)


class Adam:
    """``w ← w − rate · m̂ / (√v̂ + 1e-8)``, with means m and v of the gradient and its square.

    The decay is added to the gradient (Adam), or taken off the weights apart from it (AdamW).

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, like: Values, decay: Values, *, decoupled: bool) -> None:
        self._decay, self._decoupled = decay, decoupled
        self._scratch = np.empty_like(like)
        self._mean, self._square = np.zeros_like(like), np.zeros_like(like)
        self.memory = {"mean": self._mean, "square": self._square}
        self.steps = 0

    def step(self, values: Values, gradient: Values, rate: float) -> None:
        """Take one step."""
        self.steps += 1
        scratch, mean, square = self._scratch, self._mean, self._square
        np.multiply(values, self._decay, out=scratch)
        if self._decoupled:
            np.multiply(scratch, rate, out=scratch)
            np.subtract(values, scratch, out=values)
        else:
            np.add(gradient, scratch, out=gradient)
        np.multiply(mean, self.FIRST, out=mean)
        np.multiply(gradient, 1 - self.FIRST, out=scratch)
        np.add(mean, scratch, out=mean)
        np.multiply(square, self.SECOND, out=square)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1 - self.SECOND, out=scratch)
        np.add(square, scratch, out=square)
        np.sqrt(square, out=scratch)
        np.multiply(scratch, (1 - self.SECOND**self.steps) ** -0.5, out=scratch)
        np.add(scratch, self.EPSILON, out=scratch)
        np.divide(mean, scratch, out=scratch)
        np.multiply(scratch, rate / (1 - self.FIRST**self.steps), out=scratch)
        np.subtract(values, scratch, out=values)


def optimizer_of(
    name: OptimizerName, like: Values, decays: NDArray[np.bool_], weight_decay: float, momentum: float
) -> Optimizer:
    """An optimizer for numbers like these, of which some decay; only ``sgd`` has a momentum of its own."""
    decay: NDArray[np.floating[Any]] = (weight_decay * decays).astype(like.dtype)
    if name == "sgd":
        return Sgd(like, decay, momentum)
    return Adam(like, decay, decoupled=name == "adamw")
