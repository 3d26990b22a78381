"""The arithmetic of one image, stage by stage: which maps, in which order, with which names and facts."""

from __future__ import annotations

import tracemalloc
from dataclasses import asdict
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import pytest

from convtool import FilterBank, avg_pool2d, conv2d, feature_maps, max_pool2d, min_pool2d, plan, relu
from convtool.errors import InputError, LimitError
from convtool.io.filters import FilterFile
from convtool.io.images import Image
from convtool.io.limits import Limits
from convtool.io.map_scale import MapScale
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions, Stage
from convtool.jobs.stages import StageMap, convolved, planned, pooled, pooled_by, rectified
from tests.tolerances import assert_equal, assert_same_bytes

RNG = np.random.default_rng(11)
GRAY = RNG.integers(0, 256, (9, 8)).astype(np.float32)
COLOUR = RNG.integers(0, 256, (3, 9, 8)).astype(np.float32)
EDGE = FilterFile("edge", FilterBank([[1, -1], [2, 0]]))
PAIR = FilterFile("pair", FilterBank(RNG.integers(-3, 4, (2, 3, 3)), bias=[5, -5], names=["a", "b"]))
SOFT = FilterFile("soft", FilterBank([[0.25, 0.5]]))
EVERY: frozenset[Stage] = frozenset(("conv", "relu", "pool"))


def stages_of(
    image: Image,
    filter_file: FilterFile,
    *,
    inputs: InputOptions | None = None,
    conv: ConvOptions | None = None,
    pool: PoolOptions | None = None,
    wanted: frozenset[Stage] = EVERY,
) -> list[StageMap]:
    """All stages of all filters."""
    filtered = convolved(
        image, filter_file, inputs or InputOptions(), conv or ConvOptions(), pool or PoolOptions(), wanted
    )
    return list(chain.from_iterable(filtered))


def test_stages_come_filter_by_filter() -> None:
    maps = stages_of(Image(GRAY), PAIR)
    assert [(m.filter, m.part, m.stage) for m in maps] == [
        (name, name, stage) for name in ("pair-a", "pair-b") for stage in ("conv", "relu", "pool")
    ]
    response = conv2d(GRAY, PAIR.bank.weights, PAIR.bank.bias)
    for number in range(2):
        conv, rectified_, pool = maps[3 * number : 3 * number + 3]
        assert_same_bytes(conv.values, response[number])
        assert_same_bytes(rectified_.values, relu(response[number]))
        assert_same_bytes(pool.values, max_pool2d(relu(response[number]), 2))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (frozenset({"conv"}), ["conv"]),
        (frozenset({"relu"}), ["relu"]),
        (frozenset({"pool"}), ["pool"]),
        (frozenset({"pool", "conv"}), ["conv", "pool"]),
    ],
)
def test_only_the_wanted_stages_are_given(wanted: frozenset[Stage], given: list[str]) -> None:
    assert [m.stage for m in stages_of(Image(GRAY), EDGE, wanted=wanted)] == given


@pytest.mark.parametrize("stage", ["conv", "relu"])
def test_a_stage_alone_is_that_of_all(stage: Stage) -> None:
    (alone,) = stages_of(Image(GRAY), SOFT, wanted=frozenset({stage}))
    (among_all,) = (m for m in stages_of(Image(GRAY), SOFT) if m.stage == stage)
    assert_same_bytes(alone.values, among_all.values)


@pytest.mark.parametrize(
    "pool",
    [PoolOptions(ceil_mode=True), PoolOptions(padding=1), PoolOptions(stride=1), PoolOptions(size=None)],
)
def test_a_pool_whose_windows_do_not_lie_side_by_side(pool: PoolOptions) -> None:
    (alone,) = stages_of(Image(GRAY), EDGE, pool=pool, wanted=frozenset({"pool"}))
    assert_same_bytes(alone.values, stages_of(Image(GRAY), EDGE, pool=pool)[-1].values)


@pytest.mark.parametrize(("values", "exact"), [([[1, 2]], True), ([[1, 2.5]], False)])
def test_what_came_of_numbers_that_are_not_whole_may_have_been_rounded(values: Any, exact: bool) -> None:
    image = Image(np.array(values, np.float32))
    assert [m.exact for m in rectified(image, InputOptions())] == [exact]
    assert [m.exact for m in pooled(image, InputOptions(), PoolOptions(size=1))] == [exact]
    assert [m.exact for m in pooled(image, InputOptions(), PoolOptions("avg", 1))] == [False]


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2},
        {"padding": "same", "padding_mode": "reflect"},
        {"padding": ((0, 1), (2, 0))},
        {"dilation": (2, 1)},
        {"flip": True},
    ],
)
def test_options_are_those_of_the_library(options: dict[str, Any]) -> None:
    conv = ConvOptions(**options)
    assert asdict(conv) | options == asdict(conv)
    first, *_ = stages_of(Image(GRAY), EDGE, conv=conv)
    assert_same_bytes(first.values, conv2d(GRAY, [[1, -1], [2, 0]], **options))


def test_the_convention_has_its_name() -> None:
    assert ConvOptions().convention == "cross-correlation"
    assert ConvOptions(flip=True).convention == "convolution"


@pytest.mark.parametrize(
    ("image", "filter_file", "pool", "exact"),
    [
        (GRAY, EDGE, "max", (True, True, True)),
        (GRAY, EDGE, "min", (True, True, True)),
        (GRAY, EDGE, "avg", (True, True, False)),
        (GRAY, SOFT, "max", (False, False, False)),
        (GRAY / 2, EDGE, "max", (False, False, False)),
        (GRAY * 0 + 4_194_303, EDGE, "max", (True, True, True)),
        (GRAY * 0 + 4_194_304, EDGE, "max", (False, False, False)),
    ],
)
@pytest.mark.parametrize("fused", [False, True])
def test_exact_is_said_where_no_rounding_can_be(
    image: np.ndarray, filter_file: FilterFile, pool: Any, exact: tuple[bool, ...], fused: bool
) -> None:
    wanted: frozenset[Stage] = frozenset({"pool"}) if fused else EVERY
    maps = stages_of(Image(image), filter_file, pool=PoolOptions(pool), wanted=wanted)
    assert tuple(m.exact for m in maps) == (exact[2:] if fused else exact)


@pytest.mark.parametrize("file", [EDGE, PAIR, SOFT])
@pytest.mark.parametrize("kind", ["max", "avg", "min"])
@pytest.mark.parametrize("size", [1, 2, (3, 2)])
def test_fused_and_stage_by_stage_are_the_same_bytes(file: FilterFile, kind: Any, size: Any) -> None:
    pool = PoolOptions(kind, size)
    fused = stages_of(Image(GRAY), file, pool=pool, wanted=frozenset({"pool"}))
    apart = [m for m in stages_of(Image(GRAY), file, pool=pool) if m.stage == "pool"]
    for one, other in zip(fused, apart, strict=True):
        assert_same_bytes(one.values, other.values)
        assert (one.stage, one.filter, one.exact) == (other.stage, other.filter, other.exact)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PoolOptions("max", 3, 1, 1, True), max_pool2d(GRAY, 3, 1, 1, ceil_mode=True)),
        (PoolOptions("min", (2, 3), None, 1), min_pool2d(GRAY, (2, 3), None, 1)),
        (PoolOptions("avg", 2, 3, 0, True), avg_pool2d(GRAY, 2, 3, 0, ceil_mode=True)),
        (PoolOptions("max", None), GRAY.max(keepdims=True)),
        (PoolOptions("min", None), GRAY.min(keepdims=True)),
        (PoolOptions("avg", None), GRAY.mean(keepdims=True, dtype=np.float64).astype(np.float32)),
    ],
)
def test_pools(options: PoolOptions, expected: np.ndarray) -> None:
    assert_same_bytes(pooled_by(options, GRAY), expected)
    (only,) = pooled(Image(GRAY), InputOptions(), options)
    assert_same_bytes(only.values, expected)
    assert (only.stage, only.exact) == ("pool", options.kind != "avg")


class TestPlans:
    CONV = ConvOptions(stride=(1, 2), padding="same", padding_mode="reflect", dilation=2, flip=True)
    OPTIONS: ClassVar[dict[str, Any]] = {"stride": (1, 2), "padding": "same", "dilation": 2}
    LARGE = np.zeros((3, 700, 701), np.float32)

    def test_stage_by_stage_every_map_has_the_plan_of_its_responses(self) -> None:
        maps = stages_of(Image(self.LARGE[0]), PAIR, conv=self.CONV)
        expected = plan((700, 701), PAIR.bank, relu=False, **self.OPTIONS)
        assert [m.plan for m in maps] == [expected] * 6
        assert expected != plan((700, 701), PAIR.bank, pool=2, **self.OPTIONS)

    @pytest.mark.parametrize(
        ("stage", "stages"),
        [
            ("conv", {"relu": False}),
            ("relu", {"relu": True}),
            ("pool", {"pool": 3, "pool_kind": "min"}),
        ],
    )
    def test_one_pass_has_the_plan_of_all_its_stages(self, stage: Stage, stages: dict[str, Any]) -> None:
        pool = PoolOptions("min", 3)
        maps = stages_of(Image(self.LARGE[0]), PAIR, conv=self.CONV, pool=pool, wanted=frozenset({stage}))
        assert [m.plan for m in maps] == [plan((700, 701), PAIR.bank, **stages, **self.OPTIONS)] * 2

    def test_each_channel_is_an_image_of_the_batch(self) -> None:
        image = Image(self.LARGE, colour=True, maximum=255)
        maps = stages_of(image, EDGE, inputs=InputOptions("each"), wanted=frozenset({"conv"}))
        expected = plan((3, 1, 700, 701), EDGE.bank, relu=False)
        assert [m.plan for m in maps] == [expected] * 3
        assert planned(image, EDGE, InputOptions("each"), ConvOptions(), relu=False) == expected

    def test_a_plan_can_be_had_without_the_maps(self) -> None:
        stages: dict[str, Any] = {"relu": False, "pool": (2, 3), "pool_kind": "avg"}
        made = planned(Image(self.LARGE[0]), PAIR, InputOptions(), self.CONV, **stages)
        assert made == plan((700, 701), PAIR.bank, **stages, **self.OPTIONS)

    def test_what_is_made_of_a_saved_map_has_none(self) -> None:
        image = Image(GRAY)
        maps = [*rectified(image, InputOptions()), *pooled(image, InputOptions(), PoolOptions())]
        assert [m.plan for m in maps] == [None, None]


class TestChannels:
    def test_colour_is_brightness_unless_each_is_asked_for(self) -> None:
        image = Image(COLOUR, colour=True, maximum=255)
        (luma,) = stages_of(image, EDGE, wanted=frozenset({"conv"}))
        assert_same_bytes(luma.values, conv2d(image.luma().values, EDGE.bank.weights[0, 0]))
        each = stages_of(image, PAIR, inputs=InputOptions("each"), wanted=frozenset({"conv"}))
        names = [f"pair-{name}.{channel}" for name in "ab" for channel in "RGB"]
        assert [m.filter for m in each] == [m.part for m in each] == names
        for m, (number, channel) in zip(each, np.ndindex(2, 3), strict=True):
            expected = conv2d(COLOUR[channel], PAIR.bank.weights[number, 0], [PAIR.bank.bias[number]])
            assert_same_bytes(m.values, expected)

    def test_a_deep_filter_takes_all(self) -> None:
        deep = FilterFile("deep", FilterBank(RNG.integers(-2, 3, (2, 3, 2, 2))))
        image = Image(COLOUR, colour=True, maximum=255)
        maps = stages_of(image, deep, wanted=frozenset({"relu"}))
        expected = feature_maps(COLOUR, deep.bank)
        for m, values in zip(maps, expected, strict=True):
            assert_same_bytes(m.values, values)

    def test_groups_see_all_channels(self) -> None:
        bank = FilterFile("d", FilterBank(RNG.integers(-2, 3, (3, 2, 2))))
        image = Image(COLOUR, colour=True, maximum=255)
        maps = stages_of(image, bank, conv=ConvOptions(groups=3), wanted=frozenset({"conv"}))
        expected = conv2d(COLOUR, bank.bank.weights, groups=3)
        for m, values in zip(maps, expected, strict=True):
            assert_same_bytes(m.values, values)

    def test_each_is_for_filters_of_one_channel(self) -> None:
        deep = FilterFile("deep", FilterBank(np.ones((1, 3, 2, 2))))
        says = "--channels each is for filters of one channel, this one reads 3"
        with pytest.raises(InputError, match=says):
            stages_of(Image(COLOUR, colour=True), deep, inputs=InputOptions("each"))

    def test_unit_scale_comes_after_brightness(self) -> None:
        image = Image(COLOUR, colour=True, maximum=255)
        (m,) = stages_of(image, EDGE, inputs=InputOptions(scale="unit"), wanted=frozenset({"conv"}))
        unit = image.luma().values / np.float32(255)
        assert_same_bytes(m.values, conv2d(unit, EDGE.bank.weights[0, 0]))


class TestSavedMaps:
    def test_keep_the_label_of_their_filter(self) -> None:
        image = Image(-GRAY, scale=MapScale(0, 1, 16, "conv", "edge"))
        (m,) = rectified(image, InputOptions())
        assert (m.stage, m.filter, m.part, m.exact) == ("relu", "edge", None, True)
        assert not m.values.any()

    def test_of_several_planes_are_numbered(self) -> None:
        maps = list(rectified(Image(COLOUR - 100), InputOptions()))
        assert [(m.filter, m.part) for m in maps] == [("01", "01"), ("02", "02"), ("03", "03")]
        for m, plane in zip(maps, COLOUR, strict=True):
            assert_same_bytes(m.values, relu(plane - 100))


class TestOverflow:
    FILTER = FilterFile("wide", FilterBank([[2.0, 2.0], [-2.0, -2.0]]), ())

    @pytest.mark.parametrize("wanted", [{"conv"}, {"relu"}, {"pool"}, {"conv", "relu", "pool"}])
    @pytest.mark.parametrize("value", [2e38, -2e38])
    def test_a_sum_beyond_float32_is_named_with_its_place_though_relu_would_hide_it(
        self, wanted: set[Stage], value: float
    ) -> None:
        values = np.ones((5, 6), np.float32)
        values[1:3, 2:4] = value
        message = (
            r"^a response has -?inf at row 0 column 1 \(from 0\), a sum beyond float32's 3\.4e38; scale "
        )
        with pytest.raises(InputError, match=message):
            stages_of(Image(values), self.FILTER, wanted=frozenset(wanted))

    def test_large_sums_within_float32_are_computed(self) -> None:
        values = np.full((3, 3), 3e37, np.float32)
        (response,) = stages_of(Image(values), self.FILTER, wanted=frozenset({"conv"}))
        assert_equal(response.values, np.zeros((2, 2)))


class TestMemory:
    @pytest.mark.parametrize("wanted", [{"conv"}, {"conv", "relu", "pool"}])
    def test_work_that_does_not_fit_is_refused_before_it_is_begun(self, wanted: set[Stage]) -> None:
        conv = ConvOptions(padding=(0, 10**7))
        message = (
            r"^2 filter\(s\) on an image of 9×8; it takes about \d+(\.\d)? GiB of memory, over the limit"
        )
        with pytest.raises(LimitError, match=message):
            stages_of(
                Image(GRAY),
                PAIR,
                inputs=InputOptions(limits=Limits(memory=2**30)),
                conv=conv,
                wanted=frozenset(wanted),
            )

    @pytest.mark.parametrize("wanted", [{"conv"}, {"relu"}])
    def test_large_numbers_are_not_pooled_unasked(self, wanted: set[Stage]) -> None:
        image = Image(np.array([[2e38, 1, 3]], np.float32))
        point = FilterFile("point", FilterBank([[1]]))
        (found,) = stages_of(image, point, wanted=frozenset(wanted))
        assert_equal(found.values, image.values)

    @pytest.mark.parametrize("wanted", [{"conv"}, {"pool"}, {"conv", "relu", "pool"}])
    def test_the_estimate_covers_what_is_taken(self, wanted: set[Stage]) -> None:
        image, file = Image(np.ones((700, 900), np.float32)), PAIR
        tracemalloc.start()
        try:
            maps = stages_of(image, file, wanted=frozenset(wanted))
            _, taken = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        del maps
        stages_of(
            image, file, inputs=InputOptions(limits=Limits(memory=40 * 2**20)), wanted=frozenset(wanted)
        )
        with pytest.raises(LimitError):
            stages_of(image, file, inputs=InputOptions(limits=Limits(memory=taken)), wanted=frozenset(wanted))
