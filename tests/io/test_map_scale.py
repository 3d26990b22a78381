"""The scale of a map: exact for whole numbers, within half a step for others, and checked when it is read."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool.errors import ArgumentError, InputError
from convtool.io.map_scale import MapScale
from tests.io.handmade import MAP_ENTRY
from tests.tolerances import UNIT_ROUNDOFF, assert_equal

if TYPE_CHECKING:
    from numpy.typing import NDArray

depths = st.sampled_from([8, 16])
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)

LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).smallest_subnormal)


@st.composite
def whole_maps(draw: st.DrawFn, depth: int) -> NDArray[np.float32]:
    """Maps of whole numbers that span at most as many levels as there are codes."""
    levels = (1 << depth) - 1
    span = draw(st.one_of(st.integers(0, levels), st.sampled_from([1, levels // 2, levels - 1, levels])))
    low = draw(st.one_of(st.integers(-(2**24), 2**24 - span), st.integers(-(2**30), 2**30)))
    numbers = draw(hnp.arrays(np.int64, draw(shapes), elements=st.integers(low, low + span)))
    values = numbers.astype(np.float32)
    assume(float(values.max()) - float(values.min()) <= levels)
    return values


@st.composite
def real_maps(draw: st.DrawFn) -> NDArray[np.float32]:
    """Maps of any finite numbers, or of numbers close to one another."""
    values = draw(hnp.arrays(np.float32, draw(shapes), elements=finite))
    if draw(st.booleans()):
        base = np.float32(draw(st.floats(-(2.0**100), 2.0**100, width=32)))
        noise = draw(hnp.arrays(np.float32, values.shape, elements=st.floats(-1, 1, width=32)))
        values = base + noise * np.spacing(base) * 10
    return values


def half_a_step(values: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Half a step, the roundings of the float64 formula, and the one rounding to float32."""
    exact = np.abs(values.astype(np.float64))
    double, single = (UNIT_ROUNDOFF[np.dtype(kind)] for kind in (np.float64, np.float32))
    return step / 2 + single * (exact + step) + SMALLEST / 2 + 8 * double * (exact.max() + 65536 * step)


@given(data=st.data(), depth=depths)
def test_whole_numbers_come_back_exactly(data: st.DataObject, depth: int) -> None:
    values = data.draw(whole_maps(depth))
    scale = MapScale.fit(values, depth=depth)
    codes, clipped = scale.encode(values)
    assert codes.dtype == (np.uint8 if depth == 8 else np.uint16)
    assert clipped == 0
    assert_equal(scale.decode(codes), values)

    top, span = (1 << depth) - 1, int(values.max()) - int(values.min())
    assert scale.offset == values.min()
    if span == 0:
        assert scale.step == 1
        assert not codes.any()
        return
    per_level = round(1 / scale.step)
    assert scale.step == 1 / per_level
    assert per_level * span <= top < (per_level + 1) * span
    assert (codes.min(), codes.max()) == (0, per_level * span)
    assert 2 * int(codes.max()) > top
    exact = [Fraction(scale.offset) + Fraction(int(code), per_level) for code in codes.flat]
    assert exact == values.ravel().tolist()


@given(values=real_maps(), depth=depths)
@example(values=np.array([[-LARGEST, 0, LARGEST]], np.float32), depth=16)
@example(values=np.array([[0, SMALLEST]], np.float32), depth=16)
@example(values=np.array([[SMALLEST, 3 * SMALLEST, 1e-38]], np.float32), depth=8)
@example(values=np.array([[-0.0, 0.5]], np.float32), depth=16)
@example(values=np.array([[LARGEST, LARGEST / 2, 1]], np.float32), depth=16)
@example(values=np.array([[0, 65536]], np.float32), depth=16)
@example(values=np.array([[0, 256]], np.float32), depth=8)
@example(values=np.array([[0, 1 / 3, 1]], np.float32), depth=8)
def test_any_number_comes_back_within_half_a_step(values: NDArray[np.float32], depth: int) -> None:
    scale = MapScale.fit(values, depth=depth)
    codes, clipped = scale.encode(values)
    assert clipped == 0
    decoded = scale.decode(codes)
    assert decoded.dtype == np.float32
    error = np.abs(decoded.astype(np.float64) - values)
    assert np.all(error <= half_a_step(values, scale.step))
    if values.min() != values.max():
        assert codes.min() == 0
        top = (1 << depth) - 1
        assert 2 * int(codes.max()) > top
        assert scale.step <= (float(values.max()) - float(values.min())) / (top / 2)


@given(value=finite, depth=depths, shape=shapes)
@example(value=-0.0, depth=16, shape=(1, 1))
@example(value=LARGEST, depth=16, shape=(1, 1))
@example(value=SMALLEST, depth=8, shape=(2, 3))
def test_a_constant_map_has_step_one(value: float, depth: int, shape: tuple[int, int]) -> None:
    values = np.full(shape, value, np.float32)
    scale = MapScale.fit(values, depth=depth)
    codes, clipped = scale.encode(values)
    assert (scale.step, scale.offset, clipped) == (1, value, 0)
    assert_equal(codes, np.zeros(shape, np.uint16))
    assert_equal(scale.decode(codes), values)


def test_a_step_that_binary_cannot_hold_does_no_harm() -> None:
    """In float64 49 × (1/49) is less than 1, so the cell 0 would become -1.1e-16."""
    assert 49 * (1 / 49) < 1
    values = np.array([[-1, 0, 1336]], np.float32)
    scale = MapScale.fit(values)
    codes, _ = scale.encode(values)
    assert (scale.step, codes.tolist()) == (1 / 49, [[0, 49, 65513]])
    assert scale.decode(codes).tolist() == [[-1, 0, 1336]]


@pytest.mark.parametrize("span", range(1, 256))
def test_every_step_of_eight_bits(span: int) -> None:
    values = np.arange(-1, span, dtype=np.float32)[None]
    scale = MapScale.fit(values, depth=8)
    assert scale.step == 1 / (255 // span)
    assert_equal(scale.decode(scale.encode(values)[0]), values)


class TestLimits:
    @given(values=real_maps(), other=real_maps(), limits=st.tuples(finite, finite), depth=depths)
    def test_the_scale_depends_on_the_limits_alone(
        self,
        values: NDArray[np.float32],
        other: NDArray[np.float32],
        limits: tuple[float, float],
        depth: int,
    ) -> None:
        low, high = sorted(limits)
        assume(low < high)
        scale = MapScale.fit(values, depth=depth, limits=(low, high))
        assert scale == MapScale.fit(other, depth=depth, limits=(low, high))
        assert scale.offset == low
        codes, clipped = scale.encode(values, (low, high))
        inside = np.clip(values.astype(np.float64), low, high)
        assert clipped == np.count_nonzero(inside != values)
        error = np.abs(scale.decode(codes).astype(np.float64) - inside)
        assert np.all(error <= half_a_step(np.array([low, high]), scale.step).max())

    @given(data=st.data(), limits=st.tuples(st.integers(-500, 500), st.integers(-500, 500)), depth=depths)
    def test_every_whole_number_outside_is_counted(
        self, data: st.DataObject, limits: tuple[int, int], depth: int
    ) -> None:
        low, high = sorted(limits)
        assume(0 < high - low <= (1 << depth) - 1)
        numbers = hnp.arrays(np.int64, shapes, elements=st.integers(-1000, 1000))
        values = data.draw(numbers).astype(np.float32)
        scale = MapScale.fit(values, depth=depth, limits=(low, high))
        codes, clipped = scale.encode(values, (low, high))
        assert clipped == sum(not low <= value <= high for value in values.flat)
        assert_equal(scale.decode(codes), np.clip(values, low, high))

    def test_whole_limits_have_whole_steps(self) -> None:
        values = np.array([[0.5, 300, -1]], np.float32)
        scale = MapScale.fit(values, limits=(0, 255))
        codes, clipped = scale.encode(values, (0, 255))
        assert (scale.offset, scale.step, clipped) == (0, 1 / 257, 2)
        assert type(scale.offset) is float
        assert codes.tolist() == [[128, 65535, 0]]

    def test_a_value_beyond_them_is_clipped_even_if_codes_are_left(self) -> None:
        values = np.array([[0, 1000, 1001, 1e9]], np.float32)
        scale = MapScale.fit(values, limits=(0, 1000))
        codes, clipped = scale.encode(values, (0, 1000))
        assert (scale.step, clipped) == (1 / 65, 2)
        assert scale.decode(codes).tolist() == [[0, 1000, 1000, 1000]]

    @pytest.mark.parametrize(
        "limits",
        [
            (5, 5),
            (10, 0),
            (np.nan, 1),
            (0, np.nan),
            (0, np.inf),
            (-np.inf, 0),
            (-1.7e308, 1.7e308),
            (0, 5e-324),
        ],
    )
    def test_limits_that_are_none(self, limits: tuple[float, float]) -> None:
        message = f"range is {limits!r}; give a low and a higher number, finite in float32"
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            MapScale.fit(np.zeros((1, 1), np.float32), limits=limits)


@pytest.mark.parametrize("depth", [0, 7, 12, 32, "16", None])
def test_other_depths_are_refused(depth: Any) -> None:
    with pytest.raises(ArgumentError, match=f"^depth is {depth!r}; choose 8 or 16$"):
        MapScale.fit(np.zeros((1, 1), np.float32), depth=depth)


def read(*texts: str) -> MapScale | None:
    return MapScale.from_entries((("Comment", "x"), *(("convtool.map", text) for text in texts)))


class TestEntry:
    scale = MapScale(-3.0, 0.5, 16, "relu", "sobel-x")

    def test_what_it_says(self) -> None:
        assert json.loads(self.scale.entry()) == MAP_ENTRY
        assert list(json.loads(self.scale.entry())) == list(MAP_ENTRY)
        assert json.loads(MapScale(0.0, 1.0, 8).entry()) == {
            "format": "convtool.map/1",
            "offset": 0.0,
            "step": 1.0,
            "depth": 8,
            "stage": None,
            "filter": None,
        }

    @given(
        offset=st.floats(allow_nan=False, allow_infinity=False),
        step=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
        depth=depths,
        stage=st.none() | st.sampled_from(["conv", "relu", "pool"]),
        label=st.none() | st.text(),
    )
    def test_reads_back(
        self, offset: float, step: float, depth: int, stage: str | None, label: str | None
    ) -> None:
        scale = MapScale(offset, step, depth, stage, label)
        assert read(scale.entry()) == scale

    def test_stage_and_filter_may_be_absent_and_numbers_whole(self) -> None:
        text = '{"format": "convtool.map/1", "offset": -3, "step": 2, "depth": 8}'
        assert read(text) == MapScale(-3.0, 2.0, 8)

    def test_none_is_no_fault(self) -> None:
        assert read() is None
        assert MapScale.from_entries(()) is None

    def test_two_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"^2 convtool\.map entries; a map file has one$"):
            read(self.scale.entry(), self.scale.entry())

    @pytest.mark.parametrize("text", ["[]", "1", "null"])
    def test_what_is_no_object_is_refused(self, text: str) -> None:
        with pytest.raises(InputError, match=r"^its convtool\.map entry is not a JSON object$"):
            read(text)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("", "not valid JSON, line 1 column 1: Expecting value"),
            ("x", "not valid JSON, line 1 column 1: Expecting value"),
            ('{"format":', "not valid JSON, line 1 column 11: Expecting value"),
            ("[" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
            ("9" * 5000, "a number has thousands of digits; no float32 is that long"),
            ('{"step": 1, "step": 2}', "the key 'step' stands twice; remove one"),
            (json.dumps(MAP_ENTRY)[:-1] + ', "offset": -3.0}', "the key 'offset' stands twice; remove one"),
        ],
        ids=range(7),
    )
    def test_what_is_no_strict_json_is_refused(self, text: str, fault: str) -> None:
        message = f"its convtool.map entry is unusable: {fault}"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            read(text)

    def test_one_over_a_mebibyte_is_refused(self) -> None:
        rest = len(json.dumps({**MAP_ENTRY, "filter": ""}))
        scale = read(json.dumps({**MAP_ENTRY, "filter": "x" * (2**20 - rest)}))
        assert scale is not None
        assert scale.filter == "x" * (2**20 - rest)
        text = json.dumps({**MAP_ENTRY, "filter": "x" * (2**20 - rest + 1)})
        with pytest.raises(InputError, match=r"^its convtool\.map entry is over 1048576 bytes$"):
            read(text)

    @pytest.mark.parametrize(
        ("format_", "shown"),
        [
            ("convtool.map/2", '"convtool.map/2"'),
            ("other", '"other"'),
            (None, "null"),
            (1, "1"),
            ("x" * 9999, f'"{"x" * 39}'),
            ("two\nlines", r'"two\nlines"'),
        ],
    )
    def test_another_format_is_refused(self, format_: Any, shown: str) -> None:
        message = f'its convtool.map format is {shown}, this version reads "convtool.map/1"'
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            read(json.dumps({**MAP_ENTRY, "format": format_}))

    @pytest.mark.parametrize(
        "change",
        [
            {"step": 0},
            {"step": 0.0},
            {"step": -1.0},
            {"step": float("nan")},
            {"step": float("inf")},
            {"step": "1"},
            {"step": None},
            {"step": True},
            {"step": 10**400},
            {"offset": float("nan")},
            {"offset": float("-inf")},
            {"offset": -(10**400)},
            {"offset": [0]},
            {"depth": 12},
            {"depth": 16.0},
            {"depth": None},
            {"stage": 1},
            {"filter": ["sobel-x"]},
            {"more": 1},
        ],
        ids=str,
    )
    def test_a_scale_that_is_none_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(
            InputError, match=r'^its convtool\.map entry holds no usable scale: \{"format"'
        ) as error:
            read(json.dumps({**MAP_ENTRY, **change}))
        assert len(str(error.value)) < 300

    @pytest.mark.parametrize("key", ["offset", "step", "depth"])
    def test_one_that_lacks_a_number_is_refused(self, key: str) -> None:
        facts = {name: value for name, value in MAP_ENTRY.items() if name != key}
        with pytest.raises(InputError, match=r"^its convtool\.map entry holds no usable scale: "):
            read(json.dumps(facts))


@pytest.mark.parametrize("limits", [(-1e300, 1e300), (0, 3.4028235677973366e38)])
def test_limits_that_float32_does_not_hold_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ArgumentError, match="give a low and a higher number, finite in float32"):
        MapScale.fit(np.zeros((1, 1), np.float32), limits=limits)
