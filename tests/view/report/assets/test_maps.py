"""The maps that a page computes are the library's, whatever the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import (
    FilterBank,
    avg_pool2d,
    conv2d,
    feature_maps,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool2d,
    min_pool2d,
    relu,
)
from tests.strategies import PoolCase, conv_cases, pool_cases
from tests.tolerances import assert_close, assert_equal, response_scale
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.strategies import ConvCase
    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser

POOLS: dict[str, Any] = {"max": max_pool2d, "min": min_pool2d, "avg": avg_pool2d}
GLOBAL: dict[str, Any] = {
    "max": global_max_pool2d,
    "min": lambda maps: min_pool2d(maps, maps.shape[2:]),
    "avg": global_avg_pool2d,
}
IDENTITY = FilterBank([[1]])


def responses(
    engine: Engine, image: NDArray[np.float32], bank: FilterBank, options: dict[str, Any]
) -> NDArray[np.float32]:
    """What the page's Conv makes of images, ``(N, O, H, W)``."""
    maps = [each["conv"] for each in engine.maps(contents_of(image, bank, **options))]
    return np.stack(maps).reshape(len(image), len(bank), *maps[0].shape)


@given(case=conv_cases(whole=True))
@settings(max_examples=150)
def test_responses_of_whole_numbers_are_exact(engine: Engine, case: ConvCase) -> None:
    actual = responses(engine, case.image, FilterBank(case.weights, case.bias), case.options)
    assert_equal(actual, conv2d(case.image, case.weights, case.bias, **case.options))


@given(case=conv_cases(whole=False))
@settings(max_examples=100)
def test_responses_of_real_numbers_differ_by_rounding(engine: Engine, case: ConvCase) -> None:
    actual = responses(engine, case.image, FilterBank(case.weights, case.bias), case.options)
    expected = conv2d(case.image, case.weights, case.bias, **case.options).astype(np.float64)
    scale = response_scale(case.image, case.weights, case.bias).max()
    # Either may be off by the bound.
    assert_close(actual, expected, case="conv", terms=2 * case.weights[0].size, scale=scale)


@given(case=conv_cases(whole=True), level=st.sampled_from([0, 0.25, 1000]))
@settings(max_examples=100)
def test_responses_are_divided_by_the_deviation_of_the_window(
    engine: Engine, case: ConvCase, level: float
) -> None:
    image, weights = (case.image % 16 + level).astype(np.float32), case.weights % 5
    bank = FilterBank(weights, case.bias, normalize="local")
    expected = feature_maps(image, bank, relu=False, **case.options).astype(np.float64)
    terms = weights[0].size
    # Of n whole numbers that differ the deviation is at least 1/√n, or nearly.
    scale = response_scale(image, weights, case.bias).max() * terms
    actual = responses(engine, image, bank, case.options)
    assert_close(actual, expected, case="conv", terms=2 * terms, scale=scale)


@pytest.mark.parametrize("level", [0.1, 1e-20, 60_000.0])
def test_a_constant_window_gives_the_bias(engine: Engine, level: float) -> None:
    image = np.full((1, 1, 9, 9), level, np.float32)
    image[0, 0, 8, 8] += 1
    bank = FilterBank(np.ones((3, 5)), [7], normalize="local")
    (response,) = responses(engine, image, bank, {})[0]
    assert np.flatnonzero(response != 7).tolist() == [response.size - 1]


@given(case=conv_cases(whole=True))
@settings(max_examples=50)
def test_relu_keeps_what_is_positive(engine: Engine, case: ConvCase) -> None:
    for maps in engine.maps(contents_of(case.image, FilterBank(case.weights, case.bias), **case.options)):
        assert_equal(maps["relu"], relu(maps["conv"]))


def pooled(engine: Engine, case: PoolCase, kind: str, count_include_pad: bool = True) -> NDArray[np.float32]:
    """What the page's Pool makes of feature maps, ``(N, C, H, W)``."""
    planes = case.image.reshape(-1, 1, *case.image.shape[2:])
    pool = {"pool": case.kernel_size, "pool_kind": kind, "count_include_pad": count_include_pad}
    maps = [
        each["pool"] for each in engine.maps(contents_of(planes, IDENTITY, **pool, pool_options=case.options))
    ]
    return np.stack(maps).reshape(*case.image.shape[:2], *maps[0].shape)


@pytest.mark.parametrize("kind", ["max", "min"])
@given(case=pool_cases(dilated=True))
@settings(max_examples=75)
def test_the_extreme_of_every_window(engine: Engine, kind: str, case: PoolCase) -> None:
    assert_equal(pooled(engine, case, kind), POOLS[kind](relu(case.image), case.kernel_size, **case.options))


@given(case=pool_cases(dilated=False))
@settings(max_examples=100)
def test_the_mean_of_every_window(engine: Engine, case: PoolCase) -> None:
    count_include_pad = case.options.pop("count_include_pad")
    maps = relu(case.image)
    given = {**case.options, "count_include_pad": count_include_pad}
    actual = pooled(engine, case, "avg", count_include_pad)
    expected = avg_pool2d(maps, case.kernel_size, **given).astype(np.float64)
    terms = 2 * np.prod(np.broadcast_to(case.kernel_size, 2))
    assert_close(actual, expected, case="pool", terms=terms, scale=np.abs(expected))


def test_the_mean_of_nothing_is_0(engine: Engine) -> None:
    """The taps of a dilated window may all lie in the padding."""
    case = PoolCase(np.ones((1, 1, 2, 2), np.float32), 2, {"stride": 1, "padding": 3, "dilation": 3})
    expected = avg_pool2d(case.image, 2, **case.options, count_include_pad=False)
    assert 0 in expected
    assert_equal(pooled(engine, case, "avg", count_include_pad=False), expected)


@pytest.mark.parametrize(("kind", "library"), GLOBAL.items())
def test_one_window_over_the_whole_map(engine: Engine, kind: str, library: Callable[..., Any]) -> None:
    maps = np.random.default_rng(3).integers(1, 1000, (1, 1, 7, 16)).astype(np.float32)
    (only,) = engine.maps(contents_of(maps, IDENTITY, pool=(7, 16), pool_kind=kind))
    assert_equal(only["pool"], library(maps)[0, 0])


def test_work_tells_how_far_it_is_and_ends_with_the_maps(engine: Engine) -> None:
    image = np.random.default_rng(4).integers(0, 256, (1, 1, 12, 10)).astype(np.float32)
    contents = contents_of(image, IDENTITY, pool=3)
    shares, equal = engine.run(
        """
        const report = openReport(arguments[0]);
        const steps = computingMaps(report, 0);
        const shares = [];
        let step = steps.next();
        for (; !step.done; step = steps.next()) {
          shares.push(step.value);
        }
        const { pool } = computeMaps(report, 0);
        return [shares, String(pool) === String(step.value.pool)];
        """,
        contents,
    )
    assert equal
    assert len(shares) == 12 + 4
    assert shares == sorted(set(shares))
    assert 0 < shares[0] < shares[-1] == 1


def test_a_filter_that_was_changed_has_other_maps_and_can_be_as_it_was(engine: Engine) -> None:
    image = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    contents = contents_of(image, FilterBank([[1, 0], [0, 2]], [5]))
    changed, unchanged = engine.run(
        """
        const report = openReport(arguments[0]);
        const [filter] = report.filters;
        filter.weights[1] = -3;
        filter.bias = 0.5;
        filter.flip = true;
        const changed = computeMaps(report, 0).response;
        const { weights, bias, flip } = filter.original;
        filter.weights.set(weights);
        Object.assign(filter, { bias, flip });
        return [Array.from(changed), Array.from(computeMaps(report, 0).response)];
        """,
        contents,
    )
    assert changed == conv2d(image, [[1, -3], [0, 2]], [0.5], flip=True).ravel().tolist()
    assert unchanged == conv2d(image, [[1, 0], [0, 2]], [5]).ravel().tolist()


def test_large_work_is_done_in_good_time(engine: Engine) -> None:
    """Eight filters on a photograph within a second; five times that where the machine is busy."""
    image = np.random.default_rng(5).integers(0, 256, (1, 1, 512, 512)).astype(np.float32)
    contents = contents_of(image, FilterBank(np.ones((8, 3, 3))), pool=2)
    milliseconds = engine.run(
        """
        const report = openReport(arguments[0]);
        const start = performance.now();
        report.filters.forEach((_, index) => computeMaps(report, index));
        return performance.now() - start;
        """,
        contents,
    )
    assert milliseconds < 5000
