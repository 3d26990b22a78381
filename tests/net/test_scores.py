"""Scores of classes: their names, what they stand for, and what is none."""

from __future__ import annotations

import numpy as np
import pytest

from convtool.errors import InputError
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.scores import check_scores, class_names, class_probabilities, final_softmax
from tests import oracles
from tests.tolerances import assert_equal, assert_near

SCORES = np.array([[0, 1, -2], [100, 100, 100], [-1000, 0, 1000]], np.float32)


def chain(*operations: ops.Operation, channels: int = 3, classes: tuple[str, ...] | None = None) -> Network:
    names = ["input", *"abcd"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(operations)]
    return Network("n", Input(channels=channels), tuple(layers), (layers[-1].name,), classes)


class TestNames:
    def test_are_the_networks_own(self) -> None:
        assert class_names(chain(ops.Flatten(), classes=("a", "b", "c")), (1, 1)) == ("a", "b", "c")

    @pytest.mark.parametrize("operation", [ops.Flatten(), ops.GlobalAvgPool()])
    def test_are_numbers_for_want_of_others(self, operation: ops.Operation) -> None:
        assert class_names(chain(operation), (1, 1)) == ("0", "1", "2")

    @pytest.mark.parametrize(
        ("network", "says"),
        [
            (chain(ops.Relu()), "^its first output 'a' is 3×2×1, not a score for each class$"),
            (chain(ops.Transpose((0, 2, 1, 3))), "^its first output 'a' is 2×3×1, not a score for each"),
            (
                Network("n", Input(), (Layer("a", ops.Constant([1, 2]), ()),), ("a",)),
                "^its first output 'a' is .*, not a score for each class$",
            ),
        ],
    )
    def test_are_not_those_of_maps(self, network: Network, says: str) -> None:
        with pytest.raises(InputError, match=says):
            class_names(network, (2, 1))


class TestProbabilities:
    @pytest.mark.parametrize(
        "operations",
        [
            (ops.Softmax(),),
            (ops.Softmax(), ops.Flatten()),
            (ops.Softmax(), ops.Reshape((0, 3, 1)), ops.Dropout(), ops.Identity()),
        ],
    )
    def test_after_a_softmax_are_the_scores(self, operations: tuple[ops.Operation, ...]) -> None:
        scores = np.array([[0.25, 0.5, 0.125]], np.float32)
        assert_equal(class_probabilities(chain(*operations), scores), scores)

    @pytest.mark.parametrize("operations", [(ops.Flatten(),), (ops.Identity(),), (ops.Softmax(), ops.Relu())])
    def test_else_are_their_softmax(self, operations: tuple[ops.Operation, ...]) -> None:
        found = class_probabilities(chain(*operations), SCORES)
        assert_near(found, [oracles.probabilities(row) for row in SCORES.tolist()])
        assert found.dtype == np.float64

    def test_the_softmax_is_named(self) -> None:
        assert final_softmax(chain(ops.Relu(), ops.Softmax(), ops.Flatten())) == "b"
        assert final_softmax(chain(ops.Softmax(), ops.Relu(), ops.Flatten())) is None

    def test_of_the_image_itself_are_its_softmax(self) -> None:
        network = Network("n", Input(channels=3), (Layer("a", ops.Softmax(), ("input",)),), ("input",))
        assert_equal(class_probabilities(network, SCORES[1:2]), np.full((1, 3), 1 / 3))


class TestCheck:
    def test_finite_scores_pass(self) -> None:
        check_scores(SCORES)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_others_are_refused_and_their_image_named(self, value: float) -> None:
        scores = SCORES.copy()
        scores[1:, 2] = value
        with pytest.raises(InputError, match=r"^its scores hold NaN or infinity; the numbers on the way are"):
            check_scores(scores)
        with pytest.raises(InputError, match=r"^image b\.png: its scores hold NaN or infinity; "):
            check_scores(scores, ["a.png", "b.png", "c.png"])
