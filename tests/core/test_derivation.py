"""How one value came to be: every number of it against plain loops, for every option."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import FilterBank, conv2d
from convtool.core.convolution import turned
from convtool.core.derivation import ConvStep, PoolStep, derive_pooled, derive_response
from convtool.core.geometry import Pair, window
from convtool.core.pooling import avg_pool2d, max_pool2d, min_pool2d, pool_windows
from tests import oracles
from tests.strategies import ConvCase, PoolCase, conv_cases, pool_cases
from tests.tolerances import assert_close, assert_equal

WAYS = {"max": max_pool2d, "min": min_pool2d, "avg": avg_pool2d}


def explained(case: ConvCase, index: int, at: Pair, value: float, **bank: str) -> ConvStep:
    options = dict(case.options)
    flip, mode, groups = (options.pop(name) for name in ("flip", "padding_mode", "groups"))
    filters = FilterBank(case.weights, case.bias, **bank)
    windows = window(case.image.shape[2:], filters.kernel_size, **options)
    return derive_response(
        case.image[0].astype(np.float32),
        turned(filters) if flip else filters,
        index,
        windows,
        at,
        value,
        padding_mode=mode,
        groups=groups,
    )


def chosen(data: st.DataObject, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(data.draw(st.integers(0, size - 1)) for size in shape)


@given(conv_cases(whole=True), st.data())
def test_products_of_whole_numbers_add_up_to_the_response(case: ConvCase, data: st.DataObject) -> None:
    responses = conv2d(case.image, case.weights, case.bias, **case.options)[0]
    index, *at = chosen(data, responses.shape)
    step = explained(case, index, tuple(at), float(responses[index, *at]))
    assert step.total + step.bias == step.value
    assert (step.rounding, step.deviation) == (0, None)
    assert_equal(step.products, step.patch.astype(np.float64) * step.weights)


@given(conv_cases(whole=False), st.data())
def test_what_float32_rounded_is_told(case: ConvCase, data: st.DataObject) -> None:
    responses = conv2d(case.image, case.weights, case.bias, **case.options)[0]
    index, *at = chosen(data, responses.shape)
    value = responses[index, *at]
    step = explained(case, index, tuple(at), float(value))
    scale = np.abs(step.products).sum() + abs(step.bias)
    assert_close(
        np.array([value]),
        np.array([step.total + step.bias]),
        case="conv",
        terms=step.products.size,
        scale=scale,
    )
    again = np.array([step.quotient + step.bias + step.rounding])
    assert_close(again, np.array([step.value]), case="sum", terms=3, scale=scale + abs(step.value))


@given(conv_cases(whole=True), st.data())
def test_the_patch_is_what_lies_under_the_filter(case: ConvCase, data: st.DataObject) -> None:
    responses = conv2d(case.image, case.weights, case.bias, **case.options)[0]
    index, y, x = chosen(data, responses.shape)
    step = explained(case, index, (y, x), 0.0)
    stride, dilation = (oracles.pair(case.options[name]) for name in ("stride", "dilation"))
    kernel = case.weights.shape[2:]
    height, width = case.image.shape[2:]
    (top, _), (left, _) = oracles.sides(case.options["padding"], (height, width), kernel, stride, dilation)
    depth = case.weights.shape[1]
    group = index // (len(case.weights) // case.options["groups"])
    for ky, kx in np.ndindex(*kernel):
        row, column = (
            place * step_ + k * distance - before
            for place, step_, k, distance, before in zip(
                (y, x), stride, (ky, kx), dilation, (top, left), strict=True
            )
        )
        from_y = oracles.source(row, height, case.options["padding_mode"])
        from_x = oracles.source(column, width, case.options["padding_mode"])
        assert step.rows[ky] == (-1 if from_y is None else from_y)
        assert step.columns[kx] == (-1 if from_x is None else from_x)
        assert step.padded[ky, kx] == (not (0 <= row < height and 0 <= column < width))
        seen = np.zeros(depth)
        if from_y is not None and from_x is not None:
            seen = case.image[0, group * depth : (group + 1) * depth, from_y, from_x]
        assert step.patch[:, ky, kx].tolist() == seen.tolist()


@given(conv_cases(whole=True), st.data())
def test_local_normalisation_divides_by_the_deviation_of_the_patch(
    case: ConvCase, data: st.DataObject
) -> None:
    bank = FilterBank(case.weights, case.bias, normalize="local")
    size = conv2d(case.image, case.weights, **case.options)[0].shape
    index, *at = chosen(data, size)
    step = explained(case, index, tuple(at), 0.0, normalize="local")
    assert step.deviation is not None
    patch = step.patch.astype(np.float64)
    if (patch == patch.flat[0]).all():
        assert (step.deviation, step.quotient) == (0, 0)
    else:
        spread = np.sqrt(np.mean((patch - patch.mean()) ** 2))
        assert_close(
            np.array([step.deviation]),
            np.array([spread]),
            case="formula",
            terms=patch.size,
            scale=np.abs(patch).max(),
        )
        assert step.quotient == step.total / step.deviation
    assert step.bias == bank.bias[index]


@given(pool_cases(dilated=False), st.sampled_from(["max", "min", "avg"]), st.data())
def test_a_pools_window_and_the_value_it_kept(case: PoolCase, kind: str, data: st.DataObject) -> None:
    options = {
        name: case.options[name] for name in ("padding", "ceil_mode", "stride") if name in case.options
    }
    map_ = case.image[0, 0]
    pooled = WAYS[kind](map_, case.kernel_size, **options)
    windows = pool_windows(
        map_.shape,
        case.kernel_size,
        options.get("stride"),
        options["padding"],
        1,
        options["ceil_mode"],
    )
    at = chosen(data, pooled.shape)
    step = derive_pooled(map_, windows, kind, at, float(pooled[at]))
    assert_equal(step.values, map_[np.ix_(step.rows, step.columns)])
    if kind == "avg":
        assert step.winner is None
        assert step.cells is not None
        mean = np.array([step.total / step.cells])
        assert_close(
            np.array([step.value], np.float32), mean, case="pool", terms=step.cells, scale=np.abs(map_).max()
        )
        return
    assert step.cells is None
    assert step.winner is not None
    assert map_[step.winner] == step.value
    equal = np.argwhere(step.values == step.value)[0]
    assert step.winner == (step.rows[equal[0]], step.columns[equal[1]])


@pytest.mark.parametrize(("kind", "winner"), [("max", (0, 1)), ("min", (1, 0))])
def test_the_first_of_equals_wins_as_in_return_indices(kind: str, winner: Pair) -> None:
    map_ = np.array([[2, 7, 7], [1, 7, 1]], np.float32)
    step: PoolStep = derive_pooled(map_, pool_windows((2, 3), (2, 3), None, 0, 1, False), kind, (0, 0), 0.0)
    assert step.winner == winner
