"""From patches and background to a filter: a method, a bias, and scores on what was held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import ceil, sqrt
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.core.geometry import is_real, whole
from convtool.errors import ArgumentError, InputError
from convtool.learn.folds import Fold, Masks, everything, folds_of, groups_of, sampled_places
from convtool.learn.lda import lda
from convtool.learn.logistic import Round, logistic
from convtool.learn.peaks import find_peaks
from convtool.learn.scores import Score, auc, threshold_at
from convtool.learn.template import template, warped_templates
from convtool.learn.windows import (
    RESOLVED,
    Background,
    Patch,
    Vectors,
    background_of,
    normalized,
    place_of_copy,
    rest_of_pictures,
    windows,
)

Method = Literal["ncc", "lda", "logistic", "bank"]
METHODS: tuple[Method, ...] = get_args(Method)

MANY_PATCHES = 10
"""Patches from which on `lda` is the default."""

RIDGES: dict[Method, float] = {"lda": 1.0, "logistic": 1e-3}
"""The default λ of the methods that have one."""

MOST_WINDOWS, MOST_VALUES = 20_000, 2**23
"""Background windows, and values of them, that are learned from at most; drawn at random from more."""

FALSE_PEAKS = 100
"""False peaks of a picture that join the background of the next round, at most."""


@dataclass(frozen=True, eq=False)
class LearnedFilter:
    """A filter, and how it was learned.

    Attributes
    ----------
    bank
        Weights of mean 0 and length 1/√n for patches of n values, normalised locally: a response less
        its bias is a correlation coefficient, from −1 to 1. The bias is minus the threshold.
    method
        How it was learned.
    ridge
        The λ of the method, if it has one.
    false_alarms
        The share of background windows that may pass the threshold.
    windows
        How many background windows the threshold was measured on, none of them learned from.
    score, ncc
        Of filters that were learned in the same way from all folds but one, on that one; and of plain
        templates under the same folds. ``None`` where there is one patch, or all are alike or overlap,
        or there is no background.
    rounds
        Of logistic regression.
    """

    bank: FilterBank
    method: Method
    ridge: float | None
    false_alarms: float
    windows: int
    score: Score | None
    ncc: Score | None
    rounds: tuple[Round, ...]


def learn_filter(
    patches: Sequence[ArrayLike | Patch],
    background: Sequence[ArrayLike | Background] = (),
    *,
    method: Method | Literal["auto"] = "auto",
    false_alarms: float = 0.05,
    ridge: float | None = None,
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> LearnedFilter:
    """Learn the weights that recognise what patches show.

    Every window counts less its mean and divided by its length, so that brightness and contrast do
    not matter. The bias is such that ReLU leaves 0 on all but a share ``false_alarms`` of background.

    Parameters
    ----------
    patches
        Arrays of one size, ``(h, w)`` or ``(C, h, w)``, or a `Patch` for a window of a picture.
    background
        Pictures, at least as large as the patches, no window of which shows what is looked for.
        Without any, the rest of the pictures that the patches are windows of.
    method
        ``"ncc"``: the mean patch. ``"lda"``: linear discriminant analysis. ``"logistic"``: logistic
        regression with rounds of hard negatives. ``"bank"``: the mean patch, turned and scaled a
        little, in 21 filters whose largest response counts. ``"auto"``: lda from ten patches on if
        there is background, else ncc.
    false_alarms
        A share of windows, at least 0 and below 1.
    ridge
        λ of lda (default 1) and of logistic (default 0.001); the others have none.
    folds
        Parts into which patches and background are divided; each is held out in turn. Patches of the
        same values, and windows of one picture that overlap, are always in the same part.
    seed
        Of what is drawn at random: the folds, and the background windows that are learned from.
    progress
        Called with a line of text now and then.

    Returns
    -------
    LearnedFilter

    Raises
    ------
    ArgumentError
        An option that fits no patches, or a ridge that is not the method's or leaves it nothing to learn.
    LimitError
        Patches of more than 4096 values, for lda.
    InputError
        Patches of different sizes, constant, outside their picture, too few for the method, or found
        in the background.

    Notes
    -----
    For patches and windows as vectors ``v`` of ``n`` values, of mean 0 and length 1, the directions are
    ``mean(v₊)`` for ncc, ``(Σ + λ·tr(Σ)/n·I)⁻¹ (m₊ − m₋)`` for lda, and for logistic the minimum of
    ``mean log(1 + exp(−t·(w·v + b))) + λ/2·‖w‖²``. Weights are a direction of length 1 over √n, so the
    response ``Σ w·x / σ`` of a window ``x`` is the correlation coefficient ``w·v``.

    References
    ----------
    Those of `convtool.learn.template`, `convtool.learn.lda` and `convtool.learn.logistic`.

    Examples
    --------
    >>> picture = np.random.default_rng(0).normal(size=(32, 32))
    >>> learned = learn_filter([Patch(picture, 8, 20, 5, 5)])
    >>> peak = find_peaks(feature_maps(picture, learned.bank, relu=False), 5)[0]
    >>> peak.y, peak.x
    (8, 20)
    """
    if method not in ("auto", *METHODS):
        raise ArgumentError(f"method is {method!r}; choose 'auto' or one of {', '.join(METHODS)}")
    if not (is_real(false_alarms) and 0 <= false_alarms < 1):
        raise ArgumentError(f"false_alarms is {false_alarms!r}; it must be a share of windows, such as 0.05")
    if ridge is not None and not (is_real(ridge) and 0 < ridge < np.inf):
        raise ArgumentError(f"ridge is {ridge!r}; it must be a number above 0")
    folds, seed = whole("folds", folds, 2), whole("seed", seed, 0)
    cut = [patch if isinstance(patch, Patch) else Patch(patch) for patch in patches]
    _check_alike(cut)
    behind = _backgrounds(background, cut)
    if method == "auto":
        method = default_method(len(cut), background=bool(behind))
    if method in RIDGES:
        _check_enough(method, cut, behind)
    elif ridge is not None:
        raise ArgumentError(
            f"ridge is {ridge:g}, but only lda and logistic have one and the method is {method}; "
            "leave it out, or choose one of them"
        )
    ridge = (ridge or RIDGES[method]) if method in RIDGES else None
    tell = progress or _tell_nobody
    lesson = _Lesson(method, ridge, cut, groups_of(cut), behind, false_alarms, folds, seed, tell)
    score, threshold, measured = lesson.cross_validated()
    ncc = (
        score
        if method == "ncc"
        else replace(lesson, method="ncc", progress=_tell_nobody).cross_validated()[0]
    )
    learned = lesson.fit(everything(len(cut), behind))
    if not learned.weights.any():
        raise InputError("the patches do not differ from the background; give others, or other background")
    return LearnedFilter(
        bank=_bank(learned.weights, cut[0], threshold, learned.names),
        method=method,
        ridge=ridge,
        false_alarms=false_alarms,
        windows=measured,
        score=score,
        ncc=ncc,
        rounds=learned.rounds,
    )


def default_method(patches: int, *, background: bool) -> Method:
    """The method that so many patches are enough for, with background or without."""
    return "lda" if patches >= MANY_PATCHES and background else "ncc"


class _Learned(NamedTuple):
    """Weights ``(O, n)`` of mean 0 and length 1, names for them, and the rounds it took."""

    weights: Vectors
    names: list[str] | None = None
    rounds: tuple[Round, ...] = ()


@dataclass(frozen=True, eq=False)
class _Lesson:
    """All that learning depends on but the fold."""

    method: Method
    ridge: float | None
    patches: Sequence[Patch]
    groups: NDArray[np.intp]
    backgrounds: Sequence[Background]
    false_alarms: float
    folds: int
    seed: int
    progress: Callable[[str], None]

    @cached_property
    def _vectors(self) -> Vectors:
        return normalized(np.stack([patch.values for patch in self.patches]))

    def cross_validated(self) -> tuple[Score | None, float, int]:
        """Learn from all folds but one and measure on that one; each in turn.

        Returns
        -------
        tuple
            The score, if patches could be held out; the threshold; how many windows it rests on.
        """
        if not self.backgrounds:
            return None, 0.0, 0
        random = np.random.default_rng(self.seed)
        hits, alarms, areas = [], [], []
        divided = folds_of(self.groups, self.backgrounds, self.patches[0].size, self.folds, random)
        for number, fold in enumerate(divided, 1):
            self.progress(f"{self.method}: fold {number}")
            weights = self.fit(fold).weights
            alarms.append(self._responses_held(weights, fold.held))
            if fold.held_patches.size and alarms[-1].size:
                hits.append((self._vectors[fold.held_patches] @ weights.T).max(axis=1))
                areas.append(auc(hits[-1], alarms[-1]))
        threshold = threshold_at(np.concatenate(alarms), self.false_alarms)
        measured = sum(held.size for held in alarms)
        score = None
        if hits:
            score = Score(float(np.mean(areas)), float((np.concatenate(hits) > threshold).mean()))
        return score, threshold, measured

    def fit(self, fold: Fold) -> _Learned:
        """Learn from what a fold leaves."""
        positives = self._vectors[fold.learned_patches]
        if self.method == "bank":
            weights, names = warped_templates([self.patches[k] for k in fold.learned_patches])
            return _Learned(_directions(weights), names)
        if self.method == "ncc":
            return _Learned(_directions(template(positives)[np.newaxis]))
        assert self.ridge is not None
        negatives, drawn = self._drawn(fold.learned)
        if not _directions((positives.mean(axis=0) - negatives.mean(axis=0))[np.newaxis]).any():
            return _Learned(np.zeros((1, positives.shape[1])))
        if self.method == "lda":
            direction = lda(positives, negatives, self.ridge)
            # A large ridge makes it so short that its square is 0.
            return _Learned(normalized(direction[np.newaxis] / np.abs(direction).max()))
        find = partial(self._false_peaks, fold.learned, drawn)
        direction, rounds = logistic(positives, negatives, self.ridge, find, self.progress)
        if not direction.any():
            raise ArgumentError(f"ridge is {self.ridge:g}, which leaves nothing to learn; use a smaller one")
        return _Learned(normalized(direction[np.newaxis]), rounds=tuple(rounds))

    def _responses(self, weights: Vectors, background: Background) -> Float32:
        """The largest response of the filters at every window, ``(H', W')``."""
        maps = feature_maps(background.planes, _bank(weights, self.patches[0]), relu=False)
        return maps if maps.ndim == 2 else maps.max(axis=0)

    def _responses_held(self, weights: Vectors, held: Masks) -> Float32:
        """At all windows that are held out."""
        parts = zip(self.backgrounds, held, strict=True)
        return np.concatenate(
            [self._responses(weights, background)[mask] for background, mask in parts if mask.any()]
            or [np.empty(0, np.float32)]
        )

    def _drawn(self, masks: Masks) -> tuple[Vectors, Masks]:
        """Background to learn from, drawn at random where there is more than enough; and where it was."""
        random = np.random.default_rng(self.seed)
        values = self.patches[0].values.size
        counts = [np.count_nonzero(mask) for mask in masks]
        share = min(1.0, min(MOST_WINDOWS, MOST_VALUES // values) / max(1, sum(counts)))
        if not any(counts):
            raise InputError(
                "there is too little background to hold a part of it out; add pictures of background"
            )
        found, drawn = [], [np.zeros_like(mask) for mask in masks]
        for background, mask, count, taken in zip(self.backgrounds, masks, counts, drawn, strict=True):
            if count:
                places = sampled_places(mask, ceil(share * count), random)
                taken[places[:, 0], places[:, 1]] = True
                found.append(windows(background.planes, self.patches[0].size, places))
        return normalized(np.concatenate(found)), drawn

    def _false_peaks(
        self, masks: Masks, drawn: Masks, direction: NDArray[np.float64], offset: float
    ) -> Vectors:
        """The background at which ``direction·x + offset`` has a peak above 0, but what was drawn."""
        size = self.patches[0].size
        length = np.linalg.norm(direction)
        found = [np.empty((0, direction.size))]
        if not length:
            return found[0]
        for background, mask, taken in zip(self.backgrounds, masks, drawn, strict=True):
            responses = self._responses(normalized(direction[np.newaxis]), background)
            responses[~mask] = -np.inf
            peaks = find_peaks(responses, size, threshold=float(-offset / length), top=FALSE_PEAKS)
            places = np.array([(peak.y, peak.x) for peak in peaks if not taken[peak.y, peak.x]], np.intp)
            if places.size:
                taken[places[:, 0], places[:, 1]] = True
                found.append(normalized(windows(background.planes, size, places)))
        return np.concatenate(found)


def _directions(vectors: Vectors) -> Vectors:
    """Vectors at length 1; those that are left of vectors of that length which cancel are 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized(np.where(lengths > RESOLVED, vectors, 0))


def _bank(
    weights: Vectors, patch: Patch, threshold: float = 0.0, names: Sequence[str] | None = None
) -> FilterBank:
    """Filters whose responses are correlation coefficients less the threshold."""
    planes = (weights / sqrt(weights.shape[1])).reshape(len(weights), *patch.values.shape)
    if patch.values.shape[0] == 1:
        planes = planes[0, 0] if len(weights) == 1 else planes[:, 0]
    return FilterBank(planes, np.full(len(weights), 0 - threshold), names, normalize="local")


def _tell_nobody(line: str) -> None:
    pass


def _check_alike(patches: Sequence[Patch]) -> None:
    if not patches:
        raise InputError("there is no patch to learn from; give at least one")
    first = patches[0].values.shape
    for patch in patches[1:]:
        if patch.values.shape != first:
            sizes = ["×".join(map(str, shape)) for shape in (patch.values.shape[1:], first[1:])]
            raise InputError(
                f"{patch.name}: a patch of {sizes[0]} with {patch.values.shape[0]} channel(s), the first is "
                f"{sizes[1]} with {first[0]}; cut all patches to one size"
            )
    if first[1] * first[2] < 2:
        raise InputError(
            f"{patches[0].name}: a patch of one cell; cut patches of at least two, that can differ"
        )


def _check_enough(method: Method, patches: Sequence[Patch], backgrounds: Sequence[Background]) -> None:
    if len(patches) < 2:
        raise InputError(f"{method} learns from at least 2 patches, 1 is given; add patches, or use ncc")
    if not backgrounds:
        raise InputError(
            f"{method} learns what background looks like, and there is none; add background or negatives, "
            "or give patches as windows of larger pictures"
        )


def _backgrounds(given: Sequence[ArrayLike | Background], patches: Sequence[Patch]) -> list[Background]:
    if not len(given):
        return rest_of_pictures(patches)
    size, channels = patches[0].size, len(patches[0].planes)
    backgrounds = [
        each if isinstance(each, Background) else background_of(each, size, f"background {number}")
        for number, each in enumerate(given, 1)
    ]
    for background in backgrounds:
        if len(background.planes) != channels:
            raise InputError(
                f"{background.name} has {len(background.planes)} channel(s), the patches have {channels}; "
                "give pictures with as many"
            )
        for patch in patches:
            if place := place_of_copy(background.planes, patch.values):
                raise InputError(
                    f"{patch.name} is part of the background too: {background.name} holds it at row "
                    f"{place[0]}, column {place[1]}; background must not show what is looked for: leave that "
                    "picture out, or cut the patch out of it"
                )
    return [background for background in backgrounds if background.counts.any()]
