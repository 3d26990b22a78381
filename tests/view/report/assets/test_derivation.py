"""How a value came to be: every number of the chain, looked up cell by cell."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank, relu
from tests import oracles
from tests.strategies import conv_cases, pool_cases
from tests.tolerances import assert_close, assert_equal
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.strategies import ConvCase, PoolCase
    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser

PIPELINE = np.array([[[[1, 0, 2], [3, 1, 0], [0, 0, 4]]]], np.float32)
DIAGONAL = FilterBank([[1, 0], [0, 1]])


def drawn_place(data: st.DataObject, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(data.draw(st.integers(0, size - 1)) for size in shape)


def window_of(case: ConvCase, y: int, x: int) -> tuple[list[int], list[int], tuple[int, int]]:
    """Rows and columns that the taps of a window meet, from the image's first, and the image's size."""
    height, width = case.image.shape[2:]
    kernel = case.weights.shape[2:]
    stride, dilation = oracles.pair(case.options["stride"]), oracles.pair(case.options["dilation"])
    around = oracles.sides(case.options["padding"], (height, width), kernel, stride, dilation)
    rows, columns = (
        [window * s - before + k * d for k in range(taps)]
        for window, s, (before, _), taps, d in zip((y, x), stride, around, kernel, dilation, strict=True)
    )
    return rows, columns, (height, width)


@pytest.mark.parametrize("whole", [True, False])
@given(data=st.data())
@settings(max_examples=75)
def test_a_response_is_what_lies_under_the_filter(engine: Engine, whole: bool, data: st.DataObject) -> None:
    case: ConvCase = data.draw(conv_cases(whole=whole))
    bank = FilterBank(case.weights, case.bias)
    contents = contents_of(case.image, bank, **case.options)
    maps = engine.maps(contents)
    index, y, x = drawn_place(data, (len(maps), *maps[0]["conv"].shape))
    (found,) = engine.derive(contents, [(index, "conv", y, x)])
    conv = found["conv"]

    rows, columns, (height, width) = window_of(case, y, x)
    mode = case.options["padding_mode"]
    shown_rows, shown_columns = (
        [-1 if (cell := oracles.source(place, size, mode)) is None else cell for place in places]
        for places, size in ((rows, height), (columns, width))
    )
    assert (conv["rows"], conv["columns"]) == (shown_rows, shown_columns)
    outside = [[not (0 <= row < height and 0 <= column < width) for column in columns] for row in rows]
    assert conv["padded"] == outside

    n, o = divmod(index, len(bank))
    first = o * case.options["groups"] // len(bank) * bank.in_channels
    image = np.pad(
        case.image[n, first : first + bank.in_channels].astype(np.float32), ((0, 0), (0, 1), (0, 1))
    )
    image[:, height], image[:, :, width] = 0, 0  # what -1 looks up
    patch = image[:, shown_rows][:, :, shown_columns].astype(np.float64)
    weights = bank.weights[o, :, ::-1, ::-1] if case.options["flip"] else bank.weights[o]
    assert_equal(np.array(conv["patch"]), patch)
    assert_equal(np.array(conv["weights"]), weights)
    assert_equal(np.array(conv["products"]), patch * weights)

    scale = np.abs(patch * weights).sum()
    assert_close(
        np.float64(conv["sum"]), np.array((patch * weights).sum()), case="sum", terms=patch.size, scale=scale
    )
    assert (conv["bias"], conv["deviation"]) == (bank.bias[o], None)
    assert (
        conv["value"] == found["value"] == maps[index]["conv"][y, x] == np.float32(conv["sum"] + conv["bias"])
    )
    assert (conv["y"], conv["x"], found["y"], found["x"]) == (y, x, y, x)
    assert (found["stage"], found["relu"], found["pool"]) == ("conv", None, None)


@given(data=st.data())
@settings(max_examples=50)
def test_a_normalized_response_is_that_over_the_deviation(engine: Engine, data: st.DataObject) -> None:
    case: ConvCase = data.draw(conv_cases(whole=False))
    contents = contents_of(case.image, FilterBank(case.weights, case.bias, normalize="local"), **case.options)
    maps = engine.maps(contents)
    index, y, x = drawn_place(data, (len(maps), *maps[0]["conv"].shape))
    (found,) = engine.derive(contents, [(index, "conv", y, x)])
    conv = found["conv"]
    patch = np.array(conv["patch"])
    scale = np.abs(patch).max()
    assert_close(
        np.float64(conv["deviation"]), np.array(patch.std()), case="formula", terms=patch.size, scale=scale
    )
    quotient = conv["sum"] / conv["deviation"] if conv["deviation"] else 0
    assert conv["value"] == maps[index]["conv"][y, x] == np.float32(quotient + conv["bias"])


def test_a_constant_window_deviates_by_nothing(engine: Engine) -> None:
    bank = FilterBank([[1, 2], [3, 4]], [-5], normalize="local")
    contents = contents_of(np.full((1, 1, 2, 2), 0.1, np.float32), bank)
    (found,) = engine.derive(contents, [(0, "relu", 0, 0)])
    assert (found["conv"]["deviation"], found["conv"]["value"], found["value"]) == (0, -5, 0)


def test_relu_tells_what_was_there_before(engine: Engine) -> None:
    contents = contents_of(PIPELINE, FilterBank([[1, 0], [0, -1]], [2]))
    kept, cut = engine.derive(contents, [(0, "relu", 1, 0), (0, "relu", 1, 1)])
    assert (kept["value"], kept["relu"]) == (5, {"y": 1, "x": 0, "before": 5, "value": 5})
    assert (cut["value"], cut["relu"]) == (0, {"y": 1, "x": 1, "before": -1, "value": 0})
    assert (cut["pool"], cut["conv"]["value"], cut["conv"]["y"], cut["conv"]["x"]) == (None, -1, 1, 1)


def test_the_chain_of_the_notes_goes_on_at_the_winner(engine: Engine) -> None:
    contents = contents_of(PIPELINE, DIAGONAL, pool=2)
    (found,) = engine.derive(contents, [(0, "pool", 0, 0)])
    assert found["value"] == 5
    assert found["pool"] == {
        "kind": "max",
        "rows": [0, 1],
        "columns": [0, 1],
        "values": [[2, 0], [3, 5]],
        "winner": [1, 1],
        "divisor": None,
    }
    assert found["relu"] == {"y": 1, "x": 1, "before": 5, "value": 5}
    assert found["conv"]["patch"] == [[[1, 0], [0, 4]]]
    assert found["conv"]["products"] == [[[1, 0], [0, 4]]]
    assert (found["conv"]["rows"], found["conv"]["columns"], found["conv"]["value"]) == ([1, 2], [1, 2], 5)


POOLS: dict[str, Any] = {"max": oracles.max_pool2d, "min": oracles.min_pool2d}


@pytest.mark.parametrize("kind", POOLS)
@given(case=pool_cases(dilated=True), data=st.data())
@settings(max_examples=60)
def test_the_winner_of_a_window(engine: Engine, kind: str, case: PoolCase, data: st.DataObject) -> None:
    maps = relu(case.image[:1, :1])
    values, places = POOLS[kind](maps, case.kernel_size, **case.options)
    _, _, y, x = drawn_place(data, values.shape)
    contents = contents_of(
        maps, FilterBank([[1]]), pool=case.kernel_size, pool_kind=kind, pool_options=case.options
    )
    (found,) = engine.derive(contents, [(0, "pool", y, x)])
    winner = list(divmod(int(places[0, 0, y, x]), maps.shape[3]))
    assert (found["pool"]["winner"], found["value"]) == (winner, values[0, 0, y, x])
    assert found["pool"]["divisor"] is None
    assert (found["relu"]["y"], found["relu"]["x"], found["relu"]["value"]) == (*winner, found["value"])
    assert [found["conv"]["y"], found["conv"]["x"]] == winner
    assert_window(found["pool"], maps[0, 0], case)


@given(case=pool_cases(dilated=False), data=st.data())
@settings(max_examples=60)
def test_a_mean_has_no_winner_but_a_divisor(engine: Engine, case: PoolCase, data: st.DataObject) -> None:
    maps = relu(case.image[:1, :1])
    expected = oracles.avg_pool2d(maps, case.kernel_size, **case.options)
    _, _, y, x = drawn_place(data, expected.shape)
    counted = case.options.pop("count_include_pad")
    contents = contents_of(
        maps,
        FilterBank([[1]]),
        pool=case.kernel_size,
        pool_kind="avg",
        pool_options=case.options,
        count_include_pad=counted,
    )
    (found,) = engine.derive(contents, [(0, "pool", y, x)])
    assert (found["relu"], found["conv"], found["pool"]["winner"]) == (None, None, None)
    inside = [value for row in found["pool"]["values"] for value in row if value is not None]
    mean = np.float64(sum(inside) / found["pool"]["divisor"])
    truth = expected[0, 0, y, x]
    assert_close(mean, truth, case="pool", terms=len(inside), scale=np.abs(truth))
    assert_close(np.float32(found["value"]), truth, case="pool", terms=len(inside), scale=np.abs(truth))
    assert_window(found["pool"], maps[0, 0], case)


def assert_window(pool: dict[str, Any], plane: NDArray[np.float32], case: PoolCase) -> None:
    """Rows and columns step by the dilation; values are the map's there, and nothing outside."""
    kernel, dilation = oracles.pair(case.kernel_size), oracles.pair(case.options.get("dilation", 1))
    for cells, taps, step in zip((pool["rows"], pool["columns"]), kernel, dilation, strict=True):
        inside = [cell for cell in cells if cell != -1]
        assert len(cells) == taps
        assert np.diff(inside).tolist() == [step] * (len(inside) - 1)
    for (i, row), (j, column) in product(enumerate(pool["rows"]), enumerate(pool["columns"])):
        expected = None if -1 in (row, column) else plane[row, column]
        assert pool["values"][i][j] == expected
