"""Faces against other windows: 100 of each, learned from one half, tried on the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.learn.learning import LearnedFilter, learn_filter
from convtool.learn.scores import auc
from tests.bench.figures import Figure, bootstrapped
from tests.bench.photographs import faces

HALVES = 20
RIDGES = {"ncc": (None,), "lda": (0.1, 0.3, 1.0, 3.0, 10.0), "logistic": (1e-4, 1e-3, 1e-2)}
REACHES = {"ncc": (None, None), "lda": (0.985, 0.93), "logistic": (0.975, None)}


def figures(quick: bool) -> Iterator[Figure]:
    """AUC and accuracy of each method, means over random halves."""
    random = np.random.default_rng(0)
    halves = [(random.permutation(100), random.permutation(100)) for _ in range(2 if quick else HALVES)]
    for method, reaches in REACHES.items():
        scores = [_on_one_half(method, *half) for half in halves]
        for name, values, reach in zip(("AUC", "accuracy"), np.transpose(scores), reaches, strict=True):
            yield Figure(f"{method}, {name}", float(values.mean()), reach, interval=bootstrapped(values))


def _on_one_half(method: str, of_faces: np.ndarray, of_others: np.ndarray) -> tuple[float, float]:
    """AUC and accuracy on the half that nothing was learned or chosen from."""
    positives, negatives = faces()
    learned, tried = (
        (positives[of_faces[half]], negatives[of_others[half]]) for half in (slice(50), slice(50, 100))
    )
    best = max((_learned(method, ridge, *learned) for ridge in RIDGES[method]), key=_held_out)
    on_faces, on_others = (_correlations(best.bank, windows) for windows in tried)
    threshold = _middle(best, *learned)
    right = (on_faces > threshold).mean() / 2 + (on_others <= threshold).mean() / 2
    return auc(on_faces, on_others), float(right)


def _learned(method: str, ridge: float | None, positives: Float32, negatives: Float32) -> LearnedFilter:
    return learn_filter(list(positives), list(negatives), method=method, ridge=ridge)


def _held_out(learned: LearnedFilter) -> float:
    assert learned.score is not None
    return learned.score.auc


def _middle(learned: LearnedFilter, positives: Float32, negatives: Float32) -> float:
    """Halfway between the mean responses of the two classes that it was learned from."""
    means = [_correlations(learned.bank, windows).mean() for windows in (positives, negatives)]
    return float(np.mean(means))


def _correlations(bank: FilterBank, windows: Float32) -> np.ndarray:
    plain = FilterBank(bank.weights, normalize="local")
    return feature_maps(windows[:, np.newaxis], plain, relu=False).reshape(len(windows))
