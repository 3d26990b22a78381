"""Tiles, threads, batches and buffers are not seen in a result, and little more than it is held."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convtool import FilterBank, conv2d, feature_maps, plan
from convtool.core import execute as executor
from convtool.core import tiles
from convtool.core.algorithms import ALGORITHMS
from convtool.core.threads import Scratch
from convtool.core.tiles import regions
from tests import oracles
from tests.core import twins
from tests.core.jobs import ELEMENTWISE, JOBS, OPTIONS, WORK, named, run, truth
from tests.strategies import ConvCase, conv_cases
from tests.tolerances import assert_close, assert_equal, assert_same_bytes, response_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHARED = [OPTIONS[k] for k in (0, 1, 4, 7, 10)]
"""Options under which work is shared among threads: plain, padded, strided, fused with either pool."""

each_work = pytest.mark.parametrize(("algorithm", "options"), WORK, ids=named)
tile_sizes = st.tuples(st.integers(1, 2), st.integers(3, 40), st.integers(3, 40))


@given(case=conv_cases(whole=True))
@settings(max_examples=200)
def test_the_quick_twin_is_the_loop(case: ConvCase) -> None:
    expected = oracles.conv2d(case.image, case.weights, case.bias, **case.options)
    assert_equal(twins.conv2d(case.image, case.weights, case.bias, **case.options), expected)


def test_every_algorithm_has_work_here() -> None:
    assert {algorithm for algorithm, _ in WORK} == set(ALGORITHMS)
    assert all((algorithm, {}) in WORK for algorithm in ALGORITHMS)


@each_work
@given(tile=tile_sizes, threads=st.integers(1, 3))
@example(tile=(2, 99, 99), threads=1)
@settings(max_examples=4)
def test_whole_numbers_are_exact_in_any_tiles(
    algorithm: str, options: dict[str, Any], tile: tuple[int, int, int], threads: int
) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(True, (37, 41), count=2), job.bank(whole=job.whole)
    options = {**options, "groups": job.groups}
    actual = run(images, bank, algorithm, tile=tile, threads=threads, **options)
    expected = truth(images, bank, **options)
    if bank.facts.whole:
        assert_same_bytes(actual, expected.astype(np.float32))
    else:
        check_real(actual, images, bank, options)


@each_work
@given(tile=tile_sizes, threads=st.integers(1, 3))
@example(tile=(2, 99, 99), threads=1)
@settings(max_examples=4)
def test_real_numbers_are_within_the_bound_in_any_tiles(
    algorithm: str, options: dict[str, Any], tile: tuple[int, int, int], threads: int
) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(False, (37, 41), count=2), job.bank(whole=False)
    options = {**options, "groups": job.groups}
    actual = run(images, bank, algorithm, tile=tile, threads=threads, **options)
    check_real(actual, images, bank, options)
    if algorithm in ELEMENTWISE:
        assert_same_bytes(actual, run(images, bank, algorithm, **options))


def check_real(
    actual: NDArray[np.float32], images: NDArray, bank: FilterBank, options: dict[str, Any]
) -> None:
    terms = bank.weights[0].size
    scale = response_scale(images, bank.weights, bank.bias)
    assert_close(actual, truth(images, bank, **options), case="conv", terms=terms, scale=scale)


@pytest.mark.parametrize(("algorithm", "options"), [work for work in WORK if work[1] in SHARED], ids=named)
def test_threads_do_not_change_a_byte(algorithm: str, options: dict[str, Any]) -> None:
    job = JOBS[algorithm]
    sy, sx = oracles.pair(options.get("stride", 1))
    image, bank = job.images(False, (1500 * sy, 420 * sx))[0], job.bank(whole=False)
    options = {**options, "groups": job.groups, "algorithm": algorithm}
    planned = plan(image.shape, bank, threads=3, **options)
    assert planned.threads > 1
    alone = feature_maps(image, bank, threads=1, **options)
    assert len(regions(1, alone.shape[1:], planned.tile)) > 1
    for threads in (2, 3):
        assert_same_bytes(feature_maps(image, bank, threads=threads, **options), alone)


@pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])
@pytest.mark.parametrize("size", [(12, 11), (40, 50), (301, 407)], ids=str)
@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[7]], ids=named)
def test_an_image_gives_the_same_bytes_alone_and_in_a_batch(
    algorithm: str, size: tuple[int, int], options: dict[str, Any]
) -> None:
    job = JOBS["im2col" if algorithm == "auto" else algorithm]
    images, bank = job.images(False, size, count=5), job.bank(whole=False)
    options = {**options, "groups": job.groups, "algorithm": algorithm}
    batch = feature_maps(images, bank, **options)
    for image, maps in zip(images, batch, strict=True):
        assert_same_bytes(feature_maps(image, bank, **options), maps)
    assert_same_bytes(feature_maps(images[:2], bank, **options), batch[:2])


@each_work
@pytest.mark.parametrize("content", [np.nan, np.finfo(np.float32).max], ids=["nan", "largest"])
def test_what_a_buffer_held_before_is_neither_seen_nor_computed_with(
    algorithm: str, options: dict[str, Any], content: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers in unused corners of a buffer would overflow, with a warning."""
    plain = Scratch.array

    def used(scratch: Scratch, name: str, *shape: int) -> NDArray[np.float32]:
        buffer = plain(scratch, name, *shape)
        buffer.fill(content)
        return buffer

    job = JOBS[algorithm]
    images, bank = job.images(job.whole, (33, 38), count=2), job.bank(whole=job.whole)
    options = {**options, "groups": job.groups}
    expected = run(images, bank, algorithm, **options)
    monkeypatch.setattr(Scratch, "array", used)
    assert_same_bytes(run(images, bank, algorithm, **options), expected)


@pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])
@pytest.mark.parametrize("specials", [[np.nan], [np.inf], [-np.inf, np.inf, np.nan]], ids=str)
@given(data=st.data())
@settings(max_examples=25)
def test_nan_and_infinity_stay_within_the_windows_that_see_them(
    algorithm: str, specials: list[float], data: st.DataObject
) -> None:
    """As in the loop over weights that are not 0; the windows beside them are as exact as ever."""
    case = data.draw(conv_cases(whole=False, algorithm=algorithm))
    places = [tuple(data.draw(st.integers(0, n - 1)) for n in case.image.shape) for _ in specials]
    image = case.image.copy()
    image[tuple(np.transpose(places))] = specials
    with np.errstate(invalid="warn" if np.isnan(specials).all() else "ignore"):
        actual = conv2d(image, case.weights, case.bias, algorithm=algorithm, threads=1, **case.options)
        expected = twins.conv2d(image, case.weights, case.bias, **case.options)
    check_finite(actual, expected, case.image, FilterBank(case.weights, case.bias))


def check_finite(actual: NDArray[np.float32], expected: NDArray, image: NDArray, bank: FilterBank) -> None:
    """Compare what is not finite exactly, and the rest within the bound for the finite image."""
    finite = np.isfinite(expected)
    assert_equal(actual[~finite], expected[~finite])
    scale = response_scale(image, bank.weights, bank.bias)
    clean, clean_truth = np.where(finite, actual, np.float32(0)), np.where(finite, expected, 0)
    assert_close(clean, clean_truth, case="conv", terms=bank.weights[0].size, scale=scale)


@each_work
def test_a_nan_is_seen_by_its_windows_alone_in_every_tile(algorithm: str, options: dict[str, Any]) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(job.whole, (40, 45), count=2), job.bank(whole=job.whole)
    clean = images.copy()
    images[1, 0, 17:20, 21:24] = np.nan
    options = {**options, "groups": job.groups}
    expected = truth(images, bank, **options)
    assert 0 < np.isnan(expected).sum() < expected.size / 2
    for tile in ((1, 5, 7), (2, 99, 99)):
        check_finite(run(images, bank, algorithm, tile=tile, **options), expected, clean, bank)


def held(call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the most bytes held during a call, its result and all threads' new buffers counted."""
    fresh = Scratch()
    monkeypatch.setattr(executor, "SCRATCH", fresh)
    monkeypatch.setattr(tiles, "SCRATCH", fresh)
    tracemalloc.start()
    try:
        result = call()
        assert result is not None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MEGABYTES = 2**20


@pytest.mark.parametrize(("pool_kind", "more"), [("max", 48), ("avg", 64)])  # means are summed in float64
@pytest.mark.parametrize("kind", ["real", "whole", "separable"])
def test_pooled_maps_are_all_that_is_held(
    kind: str, pool_kind: str, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (2048, 2048)).astype(np.float32)
    weights = rng.integers(-3, 4, (16, 3, 3))
    if kind == "separable":
        weights = weights[:, :, :1] * weights[:, :1]
    bank = FilterBank(weights * 0.3 if kind == "real" else weights)
    pooled = 4 * 16 * 1023**2

    def fused() -> NDArray[np.float32]:
        return feature_maps(image, bank, pool=2, pool_kind=pool_kind, threads=2)

    assert pooled < held(fused, monkeypatch) < pooled + more * MEGABYTES


def test_a_response_held_whole_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    image, bank = np.ones((2048, 2048), np.float32), FilterBank(np.ones((16, 3, 3)) * 0.3)
    response = 4 * 16 * 2046**2
    assert held(lambda: feature_maps(image, bank, threads=2), monkeypatch) >= response
    assert response > 4 * 16 * 1023**2 + 64 * MEGABYTES


@pytest.mark.parametrize(
    ("algorithm", "filters", "options"),
    [
        (algorithm, filters, {"pool": pool} if pool else {})
        for algorithm in ALGORITHMS
        for filters, pool in ((1, None), (8, None), (1, 2), (8, 2), (8, 150))
        if pool != 150 or (algorithm, {"pool": (1, 4), "dilation": 2}) in WORK
    ],
    ids=named,
)
def test_what_is_held_stays_within_the_plan(
    algorithm: str, filters: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JOBS[algorithm]
    few, image = job.bank(whole=job.whole), job.images(job.whole, (600, 500))[0]
    bank = FilterBank(np.concatenate([few.weights] * filters))
    if job.groups > 1:  # as many channels as filters
        image = np.concatenate([image] * filters)
    options = {**options, "groups": job.groups * (filters if job.groups > 1 else 1), "algorithm": algorithm}
    planned = plan(image.shape, bank, threads=2, **options)
    assert planned.algorithm == algorithm
    most = image.nbytes + held(lambda: feature_maps(image, bank, threads=2, **options), monkeypatch)
    assert image.nbytes < most < 1.5 * planned.peak_memory + 4 * MEGABYTES
