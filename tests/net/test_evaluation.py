"""Evaluation: every count against a loop, the interval against another library, batches, and refusals."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.net import batches, ops
from convtool.net.data.dataset import Dataset
from convtool.net.evaluation import ClassResult, Evaluation, evaluate, wilson_interval
from convtool.net.network import Input, Layer, Network
from tests import oracles
from tests.tolerances import assert_equal, assert_near

ENDS: dict[str, tuple[ops.Operation, ...]] = {
    "scores": (ops.Flatten(),),
    "maps of one cell": (ops.Identity(),),
    "probabilities": (ops.Flatten(), ops.Softmax()),
    "maps of probabilities": (ops.Softmax(),),
}
"""Networks whose scores are the image itself, one channel a class, or their softmax."""


def network(end: str = "scores", kinds: int = 3, **options: Any) -> Network:
    names = ["input", *"abcd"]
    layers = [Layer(names[n + 1], each, (names[n],)) for n, each in enumerate(ENDS[end])]
    source = Input(channels=kinds, **options.pop("input", {}))
    return Network("net", source, tuple(layers), (layers[-1].name,), **options)


def dataset(scores: ArrayLike, labels: ArrayLike, classes: tuple[str, ...] | None = None) -> Dataset:
    """Images of one cell whose channels are the scores."""
    values = np.asarray(scores)
    images = values.reshape(*values.shape, 1, 1)
    names = [f"{number}.png" for number in range(len(values))]
    return Dataset(images, np.asarray(labels, np.intp), classes or _numbers(values.shape[1]), names)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(count))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any]:
    count, kinds = draw(st.integers(1, 30)), draw(st.integers(1, 5))
    scores = draw(hnp.arrays(np.float32, (count, kinds), elements=st.integers(-12, 12)))
    return scores, draw(hnp.arrays(np.intp, count, elements=st.integers(0, kinds - 1)))


@given(case=cases(), end=st.sampled_from(sorted(ENDS)))
def test_every_number_is_that_of_a_loop(case: tuple[Any, Any], end: str) -> None:
    scores, labels = case
    kinds = scores.shape[1]
    found = evaluate(network(end, kinds), dataset(scores, labels))
    shares = [oracles.probabilities(row) for row in scores.tolist()]
    predicted = [row.index(max(row)) for row in scores.tolist()]
    true = labels.tolist()
    assert found.predicted.tolist() == predicted
    assert (found.labels.tolist(), found.classes, found.count) == (true, _numbers(kinds), len(true))
    assert_near(found.confidence, [max(row) for row in shares])
    assert_near(found.loss, sum(-log(row[kind]) for row, kind in zip(shares, true, strict=True)) / len(true))
    right = sum(one == other for one, other in zip(true, predicted, strict=True))
    assert (found.correct, found.accuracy) == (right, right / len(true))
    assert found.interval == wilson_interval(right, len(true))
    assert found.confusion.tolist() == oracles.counted(true, predicted, kinds)
    for kind, result in enumerate(found.per_class):
        assert (result.name, result.count) == (str(kind), true.count(kind))
        expected = oracles.class_shares(true, predicted, kind)
        for share, wanted in zip((result.recall, result.precision, result.f1), expected, strict=True):
            assert (share is None) == (wanted is None)
            assert_near(share or 0, wanted or 0)


def test_classes_that_nothing_can_be_said_of() -> None:
    found = evaluate(network(kinds=4), dataset(np.eye(4)[[0, 0, 1, 1]], [0, 1, 0, 2]))
    assert found.per_class == (
        ClassResult("0", 2, 0.5, 0.5, 0.5),
        ClassResult("1", 1, 0.0, 0.0, 0.0),
        ClassResult("2", 1, 0.0, None, 0.0),
        ClassResult("3", 0, None, None, None),
    )


def test_mistakes_are_the_surest_first() -> None:
    scores = [[3, 0, 0], [5, 0, 0], [0, 9, 0], [5, 0, 0], [0, 0, 1]]
    found = evaluate(network(), dataset(scores, [1, 2, 1, 1, 0]))
    assert found.mistakes(10).tolist() == [1, 3, 0, 4]
    assert found.mistakes(2).tolist() == [1, 3]
    none = evaluate(network(), dataset(np.eye(3), [0, 1, 2]))
    assert none.mistakes(5).tolist() == []


@pytest.mark.parametrize("end", ["probabilities", "scores"])
def test_a_probability_of_0_has_a_loss(end: str) -> None:
    found = evaluate(network(end), dataset([[2000, 0, 0], [0, 0, 0]], [1, 1]))
    assert_near(found.loss, (149 * log(2) + log(3)) / 2)


def test_images_are_scaled_as_the_network_says() -> None:
    scaling = {"scale": 0.5, "mean": [0.0, 3.0, 0.0], "std": 2.0}
    pixels = np.array([[4, 0, 2], [2, 12, 255]], np.uint8)
    found = evaluate(network(input=scaling), dataset(pixels, [0, 2]))
    scores = ((pixels * 0.5 - np.array([0, 3, 0])) / 2).tolist()
    assert_near(found.confidence, [max(oracles.probabilities(row)) for row in scores])
    assert found.predicted.tolist() == [0, 2]


def test_classes_are_those_of_the_network() -> None:
    named = network(classes=("ant", "bee", "cow"))
    found = evaluate(named, dataset(np.eye(3), [0, 1, 2], ("ant", "bee", "cow")))
    assert [each.name for each in found.per_class] == ["ant", "bee", "cow"]


class TestBatches:
    def test_give_what_one_image_gives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(3)
        scores, labels = rng.integers(0, 256, (70, 3), np.uint8), rng.integers(0, 3, 70)
        whole = evaluate(network(), dataset(scores, labels))
        for most in (1, 7, 69, 70, 71):
            monkeypatch.setattr(batches, "MOST_AT_ONCE", most)
            parts = evaluate(network(), dataset(scores, labels))
            assert_equal(parts.predicted, whole.predicted)
            assert_equal(parts.confidence, whole.confidence)
            assert parts.loss == whole.loss

    def test_are_refused_where_not_one_image_fits(self) -> None:
        with pytest.raises(LimitError, match=r"^net on 1×1; it takes about 36 bytes of memory, over the lim"):
            evaluate(network(), SOUND, limits=Limits(memory=30))

    @pytest.mark.parametrize("most", [1, 2, 9])
    def test_name_the_image_whose_scores_are_none(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "MOST_AT_ONCE", most)
        squares = Network("n", Input(channels=3), (Layer("a", ops.Multiply(), ("input",) * 2),), ("a",))
        scores = np.float32([[1, 2, 3], [1, 2, 3], [4, 1e30, 6], [0, 0, 1e30]])
        with pytest.raises(InputError, match=r"^image 2\.png: its scores hold NaN or infinity; the num"):
            evaluate(squares, dataset(scores, [0, 1, 2, 0]))

    def test_are_told_of_one_by_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[tuple[int, int]] = []
        monkeypatch.setattr(batches, "MOST_AT_ONCE", 100)
        scores = dataset(np.zeros((250, 3), np.uint8), np.zeros(250))
        evaluate(network(), scores, progress=lambda done, total: told.append((done, total)))
        assert told == [(100, 250), (200, 250), (250, 250)]


SOUND = dataset(np.eye(3, dtype=np.float32), [0, 1, 2])


@pytest.mark.parametrize(
    ("given_network", "given_dataset", "error", "says"),
    [
        (network(), SOUND.take([]), InputError, "^it holds no images; at least one is needed$"),
        (network(kinds=2), SOUND, ArgumentError,
         "^the images are of the classes 0, 1, 2, the scores of net of 0, 1; bring the labels into that or"),
        (network(classes=("2", "1", "0")), SOUND, ArgumentError, "the scores of net of 2, 1, 0; bring the"),
        (network(classes=("a",)), SOUND, InputError, r"^it names 1 class\(es\), 'a' gives 3 score\(s\)"),
        (network(), Dataset(np.zeros((1, 2, 1, 1), np.uint8), SOUND.labels[:1], SOUND.classes, ["a"]),
         InputError, r"^net reads \(N, 3, H, W\), the images are 1×2×1×1$"),
        (network("maps of one cell"), Dataset(np.zeros((1, 3, 2, 2), np.uint8), SOUND.labels[:1],
         SOUND.classes, ["a"]), InputError, "^its first output 'a' is 3×2×2, not a score for each class$"),
    ],
)  # fmt: skip
def test_what_is_refused(
    given_network: Network, given_dataset: Dataset, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        evaluate(given_network, given_dataset)


class TestInterval:
    @pytest.mark.parametrize("trials", [1, 2, 10, 57, 10_000])
    def test_is_that_of_another_library(self, trials: int) -> None:
        for successes in {0, 1, trials // 3, trials // 2, trials - 1, trials}:
            expected = binomtest(successes, trials).proportion_ci(0.95, "wilson")
            assert_near(wilson_interval(successes, trials), [expected.low, expected.high])

    def test_ends_at_0_and_1(self) -> None:
        for trials in range(1, 200):
            assert wilson_interval(0, trials)[0] == 0
            assert wilson_interval(trials, trials)[1] == 1

    @given(trials=st.integers(1, 10**9), data=st.data())
    def test_holds_the_share(self, trials: int, data: st.DataObject) -> None:
        successes = data.draw(st.integers(0, trials))
        low, high = wilson_interval(successes, trials)
        assert 0 <= low <= successes / trials <= high <= 1
        mirrored = wilson_interval(trials - successes, trials)
        assert_near(mirrored, [1 - high, 1 - low])


def test_an_evaluation_is_frozen() -> None:
    found = evaluate(network(), SOUND)
    with pytest.raises(AttributeError, match="cannot assign to field 'loss'"):
        found.loss = 0  # type: ignore[misc]
    assert isinstance(found, Evaluation)
