"""Learning: what the weights and the bias are, that they find what they were shown, and honest scores."""

from __future__ import annotations

from dataclasses import replace
from math import floor, sqrt
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from convtool import FilterBank, Patch, feature_maps, find_peaks, learn_filter
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.learn import learning
from convtool.learn.folds import folds_of
from convtool.learn.learning import METHODS, LearnedFilter, Method
from convtool.learn.scores import Score, auc, threshold_at
from convtool.learn.template import ANGLES, SCALES
from convtool.learn.windows import Background, background_of
from tests import oracles
from tests.strategies import Pair
from tests.tolerances import assert_near, assert_same_bytes

GLYPH = np.random.default_rng(7).normal(size=(7, 7))

each_method = pytest.mark.parametrize("method", METHODS)


def textured(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Whole numbers of all sizes, some of them alike over a few cells."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 156, shape).repeat(3, axis=-1)[..., : shape[-1]]
    return (coarse + random.integers(0, 100, shape)).astype(np.uint8)


def noise(count: int, *shape: int, seed: int = 0) -> list[NDArray[np.float64]]:
    return list(np.random.default_rng(seed).normal(size=(count, *shape)))


def scene(seed: int, count: int, noise: float = 0.5) -> tuple[NDArray[np.float64], list[Pair]]:
    """A noisy picture with glyphs in it, each in a light of its own, and where they are."""
    random = np.random.default_rng(seed)
    picture = random.normal(size=(60, 60)) * noise
    corners = [(y, x) for y in range(3, 50, 14) for x in range(3, 50, 14)]
    chosen = [corners[k] for k in random.permutation(len(corners))[:count]]
    for y, x in chosen:
        picture[y : y + 7, x : x + 7] += GLYPH * random.uniform(0.8, 1.6) + random.uniform(-1, 1)
    return picture, sorted(chosen)


def patches_of(picture: NDArray, places: list[Pair]) -> list[Patch]:
    return [Patch(picture, y, x, 7, 7, f"{y},{x}") for y, x in places]


def strongest(picture: Any, bank: FilterBank) -> NDArray[np.float32]:
    """The largest response of the filters at every place, the bias taken in."""
    maps = feature_maps(picture, bank, relu=False)
    return maps if maps.ndim == 2 else maps.max(axis=0)


def unit(vectors: NDArray) -> NDArray[np.float64]:
    """Rows of mean 0 and length 1."""
    rows = vectors.reshape(len(vectors), -1).astype(np.float64)
    rows = rows - rows.mean(axis=1)[:, None]
    return rows / np.sqrt((rows**2).sum(axis=1))[:, None]


def all_windows(picture: NDArray, size: Pair) -> NDArray:
    return np.array(
        [
            picture[y : y + size[0], x : x + size[1]]
            for y in range(picture.shape[0] - size[0] + 1)
            for x in range(picture.shape[1] - size[1] + 1)
        ]
    )


# Which method


@pytest.mark.parametrize(("count", "method"), [(1, "ncc"), (9, "ncc"), (10, "lda"), (11, "lda")])
def test_from_ten_patches_on_lda_is_the_default(count: int, method: Method) -> None:
    learned = learn_filter(noise(count, 3, 3), noise(2, 9, 9, seed=1))
    assert learned.method == method
    chosen = learn_filter(noise(count, 3, 3), noise(2, 9, 9, seed=1), method=method)
    assert_same_bytes(learned.bank.weights, chosen.bank.weights)


def test_without_background_templates_are_the_default_however_many_patches_there_are() -> None:
    learned = learn_filter(noise(12, 3, 3))
    assert learned.method == "ncc"
    assert (learned.score, learned.ncc, learned.windows, learned.rounds) == (None, None, 0, ())
    assert learned.bank.bias.tolist() == [0]


def test_the_ridge_is_that_of_the_method_or_the_one_given() -> None:
    patches, background = noise(4, 3, 3), noise(2, 9, 9, seed=1)
    ridges = {method: learn_filter(patches, background, method=method).ridge for method in METHODS}
    assert ridges == {"ncc": None, "lda": 1.0, "logistic": 0.001, "bank": None}
    for method in ("lda", "logistic"):
        weak, strong = (learn_filter(patches, background, method=method, ridge=r) for r in (0.01, 50))
        assert (weak.ridge, strong.ridge) == (0.01, 50)
        assert np.abs(weak.bank.weights - strong.bank.weights).max() > 0.01


@pytest.mark.parametrize("method", ["ncc", "bank", "auto"])
def test_a_ridge_that_is_not_the_methods_is_refused(method: Any) -> None:
    used = "ncc" if method == "auto" else method
    message = (
        f"^ridge is 3, but only lda and logistic have one and the method is {used}; leave it out, or choose "
        "one of them$"
    )
    with pytest.raises(ArgumentError, match=message):
        learn_filter(noise(4, 3, 3), noise(2, 9, 9, seed=1), method=method, ridge=3)


def test_a_large_ridge_leaves_the_difference_of_the_means() -> None:
    patches, background = noise(6, 3, 4), noise(1, 12, 13, seed=1)
    bank = learn_filter(patches, background, method="lda", ridge=1e308).bank
    expected = unit(np.array(patches)).mean(axis=0) - unit(all_windows(background[0], (3, 4))).mean(axis=0)
    assert_near(bank.weights.ravel(), expected / np.linalg.norm(expected) / sqrt(12))
    message = r"^ridge is 1e\+300, which leaves nothing to learn; use a smaller one$"
    with pytest.raises(ArgumentError, match=message):
        learn_filter(patches, background, method="logistic", ridge=1e300)


# The weights


@each_method
@pytest.mark.parametrize("shape", [(5, 6), (3, 4, 5)], ids=str)
def test_weights_have_mean_0_and_length_1_by_root_n(method: Method, shape: tuple[int, ...]) -> None:
    background = noise(3, *shape[:-2], 15, 16, seed=1)
    bank = learn_filter(noise(4, *shape), background, method=method).bank
    filters = len(ANGLES) * len(SCALES) if method == "bank" else 1
    channels = shape[0] if len(shape) == 3 else 1
    assert bank.weights.shape == (filters, channels, *shape[-2:])
    assert bank.normalize == "local"
    assert bank.single == (method != "bank" and len(shape) == 2)
    rows = bank.weights.reshape(filters, -1).astype(np.float64)
    assert_near(rows.sum(axis=1), np.zeros(filters))
    assert_near(np.linalg.norm(rows, axis=1) * sqrt(np.prod(shape)), np.ones(filters))
    assert len(set(bank.bias.tolist())) == 1


def test_ncc_is_the_mean_of_patches_each_of_mean_0_and_length_1() -> None:
    patches = [10 * patch + 5 for patch in noise(5, 4, 6)]
    patches[0] *= 100  # contrast does not make it count more
    bank = learn_filter(patches, method="ncc").bank
    mean = unit(np.array(patches)).mean(axis=0)
    assert_near(bank.weights.ravel(), mean / np.linalg.norm(mean) / sqrt(24))


def test_lda_is_its_formula_over_all_windows_of_the_background() -> None:
    patches, (background,) = noise(6, 3, 4), noise(1, 12, 13, seed=1)
    bank = learn_filter(patches, [background], method="lda", ridge=0.5).bank
    positives, negatives = unit(np.array(patches)), unit(all_windows(background, (3, 4)))
    covariance = oracles.covariance_within([positives, negatives])
    covariance += 0.5 * np.trace(covariance) / 12 * np.eye(12)
    direction = np.linalg.solve(covariance, positives.mean(axis=0) - negatives.mean(axis=0))
    expected = direction - direction.mean()
    assert_near(bank.weights.ravel(), expected / np.linalg.norm(expected) / sqrt(12))


def test_a_bank_names_its_filters_and_the_plain_one_is_the_template() -> None:
    picture = textured(30, 30)
    patches = [Patch(picture, 4, 5, 6, 6), Patch(picture, 15, 18, 6, 6)]
    bank = learn_filter(patches, method="bank").bank
    assert bank.names is not None
    assert len(set(bank.names)) == 21
    plain = bank.weights[bank.names.index("r0-s1")]
    assert_near(plain, learn_filter(patches, method="ncc").bank.weights[0])


def test_a_filter_has_no_names() -> None:
    assert learn_filter(noise(2, 3, 3)).bank.names is None


# The responses


@pytest.mark.parametrize("size", [(2, 2), (5, 5), (8, 3), (1, 9)], ids=str)
def test_the_responses_of_ncc_are_those_of_opencv(size: Pair) -> None:
    picture = textured(50, 61)
    learned = learn_filter([Patch(picture, 20, 30, *size)], method="ncc")
    coefficients = feature_maps(picture, learned.bank, relu=False) - learned.bank.bias[0]
    patch = np.ascontiguousarray(picture[20 : 20 + size[0], 30 : 30 + size[1]])
    matched = cv2.matchTemplate(picture, patch, cv2.TM_CCOEFF_NORMED)
    assert coefficients.shape == matched.shape
    assert coefficients == pytest.approx(matched, abs=1e-4)
    assert coefficients.max() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shape", [(14, 17), (3, 14, 17)], ids=str)
def test_the_responses_of_ncc_are_correlation_coefficients(shape: tuple[int, ...]) -> None:
    picture = textured(*shape).astype(np.float32)
    picture[..., :5, :5] = 77
    patch = Patch(picture, 6, 7, 4, 5)
    learned = learn_filter([patch])
    maps = feature_maps(picture, learned.bank, relu=False) - learned.bank.bias[0]
    assert_near(maps.reshape(maps.shape[-2:]), oracles.ncc(picture.reshape(-1, 14, 17), patch.values))


@each_method
def test_brightness_and_contrast_do_not_matter(method: Method) -> None:
    picture, places = scene(1, 12)
    picture = np.rint(20 * picture)
    plain = learn_filter(patches_of(picture, places), method=method)
    lit = learn_filter(patches_of(4 * picture + 100, places), method=method)
    # The Newton steps of logistic regression end where the loss hardly falls, not at one number.
    assert lit.bank.weights == pytest.approx(plain.bank.weights, abs=1e-5)
    assert lit.bank.bias == pytest.approx(plain.bank.bias, abs=1e-5)
    assert_near(strongest(4 * picture + 100, plain.bank), strongest(picture, plain.bank))


@each_method
def test_what_was_learned_is_found_in_noise(method: Method) -> None:
    picture, places = scene(1, 12)
    learned = learn_filter(patches_of(picture, places), method=method)
    unseen, there = scene(2, 6)
    found = find_peaks(feature_maps(unseen, learned.bank, relu=False), 7)
    assert sorted((peak.y, peak.x) for peak in found[:6]) == there
    assert found[5].score > found[6].score + 0.1
    assert learned.score == Score(1.0, 1.0)


def test_one_patch_finds_the_others() -> None:
    picture, places = scene(1, 12)
    learned = learn_filter(patches_of(picture, places)[:1])
    unseen, there = scene(2, 6)
    found = find_peaks(feature_maps(unseen, learned.bank, relu=False), 7, top=6)
    assert sorted((peak.y, peak.x) for peak in found) == there


@pytest.mark.parametrize(("angle", "scale"), [(10, 1.1), (-15, 0.9), (5, 1.0)])
def test_a_bank_recognises_what_is_turned_and_scaled_and_tells_how(angle: int, scale: float) -> None:
    picture = textured(40, 40, seed=3).astype(np.float32)
    patch = Patch(picture, 14, 12, 11, 11)
    unseen = textured(40, 40, seed=4).astype(np.float32)
    unseen[20:31, 5:16] = oracles.warped(patch.planes, (14, 12, 11, 11), angle, scale)[0]
    learned = learn_filter([patch], method="bank")
    (peak,) = find_peaks(feature_maps(unseen, learned.bank, relu=False), 11, top=1)
    assert learned.bank.names is not None
    assert (peak.y, peak.x, learned.bank.names[peak.filter]) == (20, 5, f"r{angle}-s{scale:g}")
    assert peak.score - learned.bank.bias[0] == pytest.approx(1, abs=1e-5)


# The bias


@pytest.mark.parametrize("method", ["ncc", "bank"])
@pytest.mark.parametrize("share", [0, 0.01, 0.05, 0.3, 0.9])
def test_of_the_rest_of_the_picture_the_share_passes_and_no_more(method: Method, share: float) -> None:
    picture = textured(40, 41)
    box = (10, 12, 6, 7)
    learned = learn_filter([Patch(picture, *box)], method=method, false_alarms=share)
    responses = strongest(picture, learned.bank)
    rest = np.array(
        [[oracles.iou((y, x, 6, 7), box) <= 0.3 for x in range(41 - 6)] for y in range(40 - 5)], bool
    )
    assert learned.windows == np.count_nonzero(rest)
    assert np.count_nonzero(responses[rest] > 0) == floor(share * learned.windows)
    assert responses[10, 12] > 0
    assert responses[10, 12] - learned.bank.bias[0] == pytest.approx(1, abs=1e-6)
    assert learned.false_alarms == share


def test_of_the_background_given_the_share_passes_and_no_more() -> None:
    (patch,) = noise(1, 5, 5)
    pictures = noise(3, 20, 30, seed=1)
    learned = learn_filter([patch], pictures, false_alarms=0.1)
    assert learned.windows == 3 * 16 * 26
    passed = sum(np.count_nonzero(strongest(picture, learned.bank) > 0) for picture in pictures)
    assert passed == floor(0.1 * learned.windows)


@pytest.mark.parametrize("pictures", [4, 2], ids=["whole pictures", "bands"])
def test_threshold_and_score_are_of_folds_held_out(pictures: int) -> None:
    patches, background = noise(60, 4, 5), noise(pictures, 15, 13, seed=1)
    learned = learn_filter(patches, background, method="ncc", folds=3, false_alarms=0.3, seed=5)
    vectors = unit(np.array(patches))
    areas, alarms, hits = [], [], []
    backgrounds = [background_of(each, (4, 5), "") for each in background]
    for part in folds_of(np.arange(60), backgrounds, (4, 5), 3, np.random.default_rng(5)):
        template = vectors[part.learned_patches].mean(axis=0)
        held = [
            oracles.ncc(each[None], template.reshape(1, 4, 5))[mask]
            for each, mask in zip(background, part.held, strict=True)
        ]
        alarms.append(np.concatenate(held))
        hits.append(vectors[part.held_patches] @ template / np.linalg.norm(template))
        areas.append(oracles.auc(hits[-1], alarms[-1]))
    threshold = threshold_at(np.concatenate(alarms), 0.3)
    assert_near(learned.bank.bias, [-threshold])
    assert learned.windows == sum(map(len, alarms)) == pictures * 12 * 9
    assert learned.score is not None
    assert learned.score.auc == pytest.approx(np.mean(areas), abs=1e-6)
    assert learned.score.hits == np.mean(np.concatenate(hits) > threshold)


def test_only_windows_that_count_are_background() -> None:
    (picture,), patches = noise(1, 20, 20, seed=1), noise(1, 3, 3)
    background = background_of(picture, (3, 3), "half of it")
    half = replace(background, counts=background.counts & (np.arange(18) < 9))
    learned = learn_filter(patches, [half], false_alarms=0)
    assert learned.windows == 18 * 9
    responses = strongest(picture, learned.bank)
    assert responses[:, :9].max() == 0
    assert learn_filter(patches, [background], false_alarms=0).windows == 18 * 18


# The scores


@pytest.mark.parametrize("method", ["ncc", "lda", "logistic"])
def test_scores_are_of_what_was_not_learned(method: Method) -> None:
    """Patches of noise are like background of noise, though what was learned tells them apart."""
    areas, seen = [], []
    for seed in range(3):
        patches, background = noise(20, 12, 12, seed=seed), noise(5, 19, 19, seed=100 + seed)
        learned = learn_filter(patches, background, method=method)
        assert learned.score is not None
        areas.append(learned.score.auc)
        background_responses = np.concatenate([strongest(each, learned.bank).ravel() for each in background])
        patch_responses = np.array([strongest(patch, learned.bank).item() for patch in patches])
        seen.append(auc(patch_responses, background_responses))
    assert min(seen) > 0.95
    assert np.mean(areas) == pytest.approx(0.5, abs=0.1)


@each_method
def test_beside_the_score_stands_that_of_plain_templates(method: Method) -> None:
    patches, background = noise(6, 4, 4), noise(3, 12, 12, seed=1)
    patches = [patch + GLYPH[:4, :4] / 2 for patch in patches]
    learned, plain = (
        learn_filter(patches, background, method=each, folds=3, seed=2) for each in (method, "ncc")
    )
    assert learned.ncc == plain.score == plain.ncc
    assert learned.score is not None
    assert learned.ncc is not None
    if method != "ncc":
        assert learned.score != learned.ncc


def test_a_single_patch_cannot_be_held_out() -> None:
    learned = learn_filter(noise(1, 4, 4), noise(2, 12, 12, seed=1))
    assert (learned.score, learned.ncc) == (None, None)
    assert learned.windows == 2 * 81


@each_method
def test_the_same_patch_twice_and_windows_that_overlap_cannot_be_held_out(method: Method) -> None:
    """What is learned from one of them is known of the other."""
    picture, background = textured(30, 30), noise(4, 20, 20, seed=1)
    alike = [picture[4:10, 5:11].copy() for _ in range(3)]
    beside = [Patch(picture, 4, x, 6, 6) for x in (5, 7, 9)]
    for patches in (alike, beside):
        learned = learn_filter(patches, background, method=method)
        assert (learned.score, learned.ncc, learned.windows) == (None, None, 4 * 15 * 15)
    apart = learn_filter([*beside, Patch(picture, 20, 20, 6, 6)], background, method=method)
    assert apart.score is not None


def test_duplicates_do_not_raise_the_score() -> None:
    patches, background = noise(8, 12, 12), noise(5, 19, 19, seed=100)
    assert learn_filter(patches, background, method="lda").score.auc < 0.7  # type: ignore[union-attr]
    assert learn_filter(2 * patches, background, method="lda").score.auc < 0.7  # type: ignore[union-attr]


# Chance


@each_method
def test_the_same_seed_gives_the_same_bytes(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_WINDOWS", 60)
    picture, places = scene(3, 6, noise=2)

    def learned(seed: int) -> LearnedFilter:
        return learn_filter(patches_of(picture, places), method=method, seed=seed)

    first, again, other = learned(4), learned(4), learned(5)
    assert_same_bytes(first.bank.weights, again.bank.weights)
    assert_same_bytes(first.bank.bias, again.bank.bias)
    assert (first.score, first.ncc, first.rounds) == (again.score, again.ncc, again.rounds)
    assert first.bank.bias.tolist() != other.bank.bias.tolist()
    drawn = method in ("lda", "logistic")
    assert drawn == (first.bank.weights.tolist() != other.bank.weights.tolist())


@pytest.mark.parametrize(("limit", "most"), [("MOST_WINDOWS", 100), ("MOST_VALUES", 100 * 9)])
def test_no_more_windows_are_learned_from_than_wanted(
    limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches, background = noise(3, 3, 3), noise(2, 30, 30, seed=1)
    assert learn_filter(patches, background, method="logistic").rounds[0].negatives == 2 * 28 * 28
    monkeypatch.setattr(learning, limit, most)
    negatives = learn_filter(patches, background, method="logistic").rounds[0].negatives
    assert 80 < negatives <= 102


# Hard negatives


def test_rounds_end_where_no_false_peak_is_left_and_patches_are_none() -> None:
    picture, places = scene(1, 12, noise=0.2)
    learned = learn_filter(patches_of(picture, places), method="logistic", ridge=1e-4)
    (only,) = learned.rounds
    assert only.negatives == learned.windows
    assert only.loss_after < only.loss_before == pytest.approx(np.log(2))


def test_false_peaks_join_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoys like the glyph are among the windows that were not drawn."""
    monkeypatch.setattr(learning, "MOST_WINDOWS", 500)
    random = np.random.default_rng(6)
    patches = [GLYPH + random.normal(size=(7, 7)) / 2 for _ in range(8)]
    decoys = random.normal(size=(80, 80))
    for y, x in ((5, 5), (30, 40), (60, 20)):
        decoys[y : y + 7, x : x + 7] = 2 * (GLYPH + random.normal(size=(7, 7)) / 2)
    learned = learn_filter(patches, [decoys], method="logistic", ridge=0.01)
    joined = np.diff([each.negatives for each in learned.rounds])
    assert 450 < learned.rounds[0].negatives <= 500
    assert len(joined) >= 1
    assert joined[0] >= 3
    assert joined.min() >= 1
    for each in learned.rounds:
        assert each.loss_after < each.loss_before


def test_nothing_joins_the_background_twice() -> None:
    """All of it is learned from at once; what is taken for a patch nevertheless is no news."""
    patches, background = (
        [patch + noise(1, 5, 5, seed=7)[0] for patch in noise(6, 5, 5)],
        noise(2, 30, 30, seed=1),
    )
    (only,) = learn_filter(patches, background, method="logistic").rounds
    assert only.negatives == 2 * 26 * 26


def test_a_picture_adds_no_more_false_peaks_than_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_WINDOWS", 100)
    patches, background = noise(5, 3, 3), noise(2, 40, 40, seed=1)
    free = learn_filter(patches, background, method="logistic").rounds
    assert free[1].negatives - free[0].negatives > 6
    monkeypatch.setattr(learning, "FALSE_PEAKS", 3)
    rounds = learn_filter(patches, background, method="logistic").rounds
    joined = np.diff([each.negatives for each in rounds])
    assert joined[0] == 6
    assert 1 <= joined.min() <= joined.max() <= 6


def test_progress_is_told_of_every_fold_and_of_every_round() -> None:
    lines: list[str] = []
    picture, places = scene(1, 4, noise=0.2)
    learned = learn_filter(
        patches_of(picture, places), method="logistic", ridge=1e-4, folds=3, progress=lines.append
    )
    (only,) = learned.rounds
    assert [line.partition(":")[0] for line in lines] == [*["logistic", "round 1"] * 3, "round 1"]
    assert lines[::2][:3] == ["logistic: fold 1", "logistic: fold 2", "logistic: fold 3"]
    fell = f"{only.loss_before:.4f} → {only.loss_after:.4f}"
    assert lines[-1] == f"round 1: {only.negatives} windows of background, loss {fell}"


@pytest.mark.parametrize("method", ["ncc", "lda", "bank"])
def test_methods_without_rounds_tell_of_folds(method: Method) -> None:
    lines: list[str] = []
    learn_filter(noise(5, 3, 3), noise(2, 30, 30, seed=1), method=method, folds=2, progress=lines.append)
    assert lines == [f"{method}: fold 1", f"{method}: fold 2"]


# What is given


def test_arrays_patches_and_nested_lists_are_the_same() -> None:
    patches, background = noise(3, 4, 4), noise(2, 9, 9, seed=1)
    expected = learn_filter(patches, background)
    for others in (
        learn_filter([Patch(patch) for patch in patches], background),
        learn_filter(np.array(patches), np.array(background)),
        learn_filter([patch.tolist() for patch in patches], [each.tolist() for each in background]),
        learn_filter([patch[None] for patch in patches], [each[None] for each in background]),
        learn_filter(patches, [background_of(each, (4, 4), "") for each in background]),
    ):
        assert_same_bytes(others.bank.weights, expected.bank.weights)
        assert_same_bytes(others.bank.bias, expected.bank.bias)
        assert others.score == expected.score


def test_the_rest_of_the_pictures_is_background_only_if_none_is_given() -> None:
    picture, places = scene(1, 3)
    (other,) = noise(1, 20, 20)
    patches = patches_of(picture, places)
    assert learn_filter(patches, [other]).windows == 14 * 14
    assert learn_filter(patches).windows > 54 * 54 - 3 * 13 * 13


@each_method
def test_what_is_given_is_left_as_it_is(method: Method) -> None:
    patches, background = noise(3, 4, 4), noise(3, 12, 12, seed=1)
    before = [array.tolist() for array in (*patches, *background)]
    for array in (*patches, *background):
        array.flags.writeable = False
    learn_filter(patches, background, method=method)
    assert [array.tolist() for array in (*patches, *background)] == before


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "svm"}, "method is 'svm'; choose 'auto' or one of ncc, lda, logistic, bank"),
        ({"false_alarms": 1}, "false_alarms is 1; it must be a share of windows, such as 0.05"),
        ({"false_alarms": -0.1}, "false_alarms is -0.1; it must be a share of windows"),
        ({"false_alarms": np.nan}, "false_alarms is nan; it must be a share of windows"),
        ({"ridge": 0}, "ridge is 0; it must be a number above 0"),
        ({"ridge": -1.0}, "ridge is -1.0; it must be a number above 0"),
        ({"ridge": np.inf}, "ridge is inf; it must be a number above 0"),
        ({"ridge": np.nan}, "ridge is nan; it must be a number above 0"),
        ({"folds": 1}, "folds is 1; it must be a whole number of at least 2"),
        ({"folds": 2.5}, "folds is 2.5; it must be a whole number of at least 2"),
        ({"seed": -1}, "seed is -1; it must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed is 1.5; it must be a whole number of at least 0"),
        ({"false_alarms": "few"}, "false_alarms is 'few'; it must be a share of windows"),
        ({"ridge": "1"}, "ridge is '1'; it must be a number above 0"),
    ],
    ids=str,
)
def test_an_option_that_fits_no_patches_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{message}"):
        learn_filter(noise(3, 4, 4), noise(1, 9, 9, seed=1), **options)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match=r"^there is no patch to learn from; give at least one$"):
        learn_filter([], noise(1, 9, 9))


def test_patches_of_different_sizes_are_refused() -> None:
    (picture,) = noise(1, 9, 9)
    patches = [Patch(picture, 0, 0, 3, 4), Patch(picture, 4, 4, 4, 3, "b.png")]
    message = (
        r"^b.png: a patch of 4×3 with 1 channel\(s\), the first is 3×4 with 1; cut all patches to one size"
    )
    with pytest.raises(InputError, match=message):
        learn_filter(patches)


def test_patches_of_different_channels_are_refused() -> None:
    patches = [noise(1, 3, 3)[0], Patch(noise(3, 3, 3), name="b.png")]
    with pytest.raises(InputError, match=r"^b.png: a patch of 3×3 with 3 channel\(s\), .* 3×3 with 1; cut"):
        learn_filter(patches)


def test_a_patch_of_one_cell_is_refused() -> None:
    with pytest.raises(InputError, match=r"^dot: a patch of one cell; cut patches of at least two, that can"):
        learn_filter([Patch(noise(3, 5, 5), 2, 2, 1, 1, "dot")])


@pytest.mark.parametrize("method", ["lda", "logistic"])
def test_a_single_patch_is_too_few_for_what_looks_at_their_spread(method: Method) -> None:
    message = f"^{method} learns from at least 2 patches, 1 is given; add patches, or use ncc$"
    with pytest.raises(InputError, match=message):
        learn_filter(noise(1, 4, 4), noise(1, 9, 9, seed=1), method=method)
    assert learn_filter(noise(2, 4, 4), noise(1, 30, 30, seed=1), method=method).method == method


@pytest.mark.parametrize("method", ["lda", "logistic"])
def test_what_tells_patches_from_background_needs_some(method: Method) -> None:
    message = f"^{method} learns what background looks like, and there is none; add background or negatives"
    with pytest.raises(InputError, match=message):
        learn_filter(noise(3, 4, 4), method=method)


@each_method
@pytest.mark.parametrize("factors", [(1, -1), (1, -1, 2, -3)], ids=str)
def test_patches_that_cancel_each_other_are_refused(method: Method, factors: tuple[float, ...]) -> None:
    (patch,) = noise(1, 4, 4)
    message = "^the patches do not differ from the background; give others, or other background$"
    with pytest.raises(InputError, match=message):
        learn_filter([factor * patch for factor in factors], [np.zeros((30, 30))] * 2, method=method)


@each_method
def test_patches_that_are_all_alike_are_what_is_looked_for(method: Method) -> None:
    """Neither they nor the background have any variance."""
    (patch,) = noise(1, 4, 4)
    bank = learn_filter([patch] * 3, [np.zeros((30, 30))] * 2, method=method).bank
    plain = 0 if bank.names is None else bank.names.index("r0-s1")
    assert_near(bank.weights[plain].ravel(), unit(patch[None])[0] / 4)


def test_background_smaller_than_the_patches_is_refused() -> None:
    with pytest.raises(InputError, match=r"^background 2: 9×4 is smaller than the patches' 3×5; use larger"):
        learn_filter(noise(2, 3, 5), [*noise(1, 9, 9), *noise(1, 9, 4)])


def test_background_with_other_channels_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"^background 1 has 3 channel\(s\), the patches have 1; give pictures with"
    ):
        learn_filter(noise(2, 3, 3), [np.array(noise(3, 9, 9))])
    with pytest.raises(InputError, match=r"^sky has 1 channel\(s\), the patches have 3; give pictures with"):
        learn_filter(noise(2, 3, 3, 3), [background_of(noise(1, 9, 9)[0], (3, 3), "sky")])


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (6, 6)], ids=str)
def test_a_patch_that_the_background_holds_is_refused(place: Pair) -> None:
    patches, background = noise(2, 3, 3), noise(2, 9, 9, seed=1)
    y, x = place
    background[1][y : y + 3, x : x + 3] = patches[1]
    message = (
        f"^eye is part of the background too: background 2 holds it at row {y}, column {x}; background must "
        "not show what is looked for: leave that picture out, or cut the patch out of it$"
    )
    with pytest.raises(InputError, match=message):
        learn_filter([patches[0], Patch(patches[1], name="eye")], background)


@pytest.mark.parametrize("method", ["lda", "logistic"])
def test_background_too_small_to_hold_a_part_of_it_out_is_refused(method: Method) -> None:
    message = "^there is too little background to hold a part of it out; add pictures of background$"
    with pytest.raises(InputError, match=message):
        learn_filter(noise(3, 4, 4), noise(1, 5, 5, seed=1), method=method)


def test_two_small_pictures_of_background_are_enough_for_three_patches() -> None:
    assert learn_filter(noise(3, 4, 4), noise(2, 12, 12, seed=1), method="lda").windows == 2 * 9 * 9


def test_background_of_which_no_window_counts_is_none() -> None:
    nowhere = Background(np.zeros((1, 9, 9), np.float32), np.zeros((6, 6), np.bool_), "nowhere")
    learned = learn_filter(noise(1, 4, 4), [nowhere])
    assert learned.windows == 0
    assert str(learned.bank.bias.tolist()) == "[0.0]"  # never -0.0


def test_a_template_needs_no_background_beside_what_is_held_out() -> None:
    learned = learn_filter(noise(3, 4, 4), noise(1, 5, 5, seed=1), method="ncc")
    assert learned.windows == 4


def test_background_that_holds_no_numbers_is_refused() -> None:
    with pytest.raises(InputError, match=r"^background 1 holds NaN or infinity; put finite numbers"):
        learn_filter(noise(2, 3, 3), [np.full((9, 9), np.nan)])
    with pytest.raises(InputError, match=r"^background 1 has shape \(9,\)"):
        learn_filter(noise(2, 3, 3), np.zeros((9, 9)))


def test_too_many_values_for_lda_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    patches, background = noise(2, 4, 4), noise(2, 30, 30, seed=1)
    monkeypatch.setattr("convtool.learn.lda.LARGEST", 15)
    with pytest.raises(LimitError, match=r"a patch has 16 values, more than the 15 .*; use smaller patches"):
        learn_filter(patches, background, method="lda")
    assert learn_filter(patches, background, method="logistic").method == "logistic"
