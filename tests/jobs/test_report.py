"""What a report page is made of: the planes, the filters on them, and what is refused as a run would."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import load_filter
from convtool.core.geometry import window
from convtool.core.pooling import pool_windows
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions
from convtool.jobs.report import workings_of
from convtool.view.report.contents import report_contents
from convtool.view.report.page import report_page
from tests import scenes
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from convtool.core.workings import Workings

HUGE = np.array([[1e38, 3e38], [3e38, 3e38]], np.float32)
COLOUR = np.random.default_rng(3).integers(0, 256, (9, 8, 3), np.uint8)


@pytest.fixture(autouse=True)
def files() -> None:
    scenes.save("colour.png", COLOUR)
    scenes.save("gray.png", COLOUR[..., 0])
    PIL.Image.fromarray(COLOUR[..., 0].astype(np.uint16) * 257).save("deep.png")
    PIL.Image.fromarray(COLOUR[..., 0] > 99).save("bits.png")
    PIL.Image.fromarray(COLOUR[..., 0].astype(np.float32) / 7).save("real.tiff")
    PIL.Image.fromarray(np.zeros((9, 8, 4), np.uint8)).save("alpha.png")
    np.save("matrix.npy", COLOUR[..., 0])
    np.save("planes.npy", np.zeros((2, 9, 8), np.uint8))
    np.save("rgb.npy", np.ones((2, 3, 2, 2), np.float32))
    Path("small.csv").write_text("1,2\n3,4\n")
    np.save("huge.npy", HUGE)
    Path("one.json").write_text('{"weights": [[2]], "bias": 3, "description": "Doubles"}')
    Path("pair.json").write_text('{"weights": [[[1, -1]], [[0, 0.5]]], "names": ["a", "b"], "bias": [5, 7]}')
    Path("sum.json").write_text("[[1, 1]]")
    Path("local.json").write_text('{"weights": [[1, 2]], "normalize": "local"}')


def report(image: str, *filters: str, **options: Any) -> Workings:
    given: dict[str, Any] = {
        "inputs": InputOptions(),
        "conv": ConvOptions(),
        "pool": PoolOptions(),
        "notify": pytest.fail,
    }
    return workings_of(image, filters, **{**given, **options})


def test_every_filter_stands_with_what_its_file_says() -> None:
    workings = report("gray.png", "one.json", "pair.json", "local.json")
    assert [(f.name, f.description, f.bias, f.normalized) for f in workings.filters] == [
        ("one", "Doubles", 3, False),
        ("pair-a", None, 5, False),
        ("pair-b", None, 7, False),
        ("local", None, 0, True),
    ]
    weights = [laid.weights.tolist() for laid in workings.filters]
    assert weights == [[[[2]]], [[[1, -1]]], [[[0, 0.5]]], [[[1, 2]]]]
    assert {(laid.planes, laid.channel) for laid in workings.filters} == {(0, 0)}
    assert workings.title == "gray.png"


@pytest.mark.parametrize(
    "conv",
    [
        ConvOptions(),
        ConvOptions(stride=(2, 1), padding="same", padding_mode="reflect", dilation=2, flip=True),
        ConvOptions(padding=((3, 0), (1, 2))),
    ],
)
@pytest.mark.parametrize("pool", [PoolOptions(), PoolOptions("min", (2, 3), 1), PoolOptions("avg", None)])
def test_windows_are_resolved(conv: ConvOptions, pool: PoolOptions) -> None:
    workings = report("gray.png", "sobel-x", "gaussian-5", conv=conv, pool=pool)
    for laid, size in zip(workings.filters, (3, 5), strict=True):
        slide = {"stride": conv.stride, "padding": conv.padding, "dilation": conv.dilation}
        along_y, along_x = window((9, 8), size, **slide)
        assert laid.conv == (along_y, along_x)
        map_size = along_y.count, along_x.count
        assert laid.pool == pool_windows(map_size, pool.size or map_size, pool.stride, 0, 1, False)
    assert (workings.padding_mode, workings.flip, workings.pool_kind) == (
        conv.padding_mode,
        conv.flip,
        pool.kind,
    )


@pytest.mark.parametrize(
    ("conv", "pool", "words"),
    [
        ({}, {}, "stride 1 · padding valid · pool max 2×2"),
        (
            {"stride": (2, 1), "padding": ((1, 2), (3, 4)), "padding_mode": "reflect", "flip": True},
            {"kind": "avg", "size": (2, 3), "stride": 1},
            "stride 2,1 · padding 1,2,3,4 (reflect) · pool avg 2×3, stride 1",
        ),
        (
            {"padding": 1, "dilation": (1, 2)},
            {"kind": "min", "size": None},
            "stride 1 · padding 1 · dilation 1,2 · pool min of all",
        ),
    ],
)
def test_options_in_words(conv: dict[str, Any], pool: dict[str, Any], words: str) -> None:
    assert report("gray.png", "sobel-x", conv=ConvOptions(**conv), pool=PoolOptions(**pool)).options == words


class TestPlanes:
    @pytest.mark.parametrize(
        ("image", "name", "white"),
        [
            ("gray.png", "brightness", 255),
            ("colour.png", "brightness", 255),
            ("deep.png", "brightness", 65535),
            ("bits.png", "brightness", 1),
            ("real.tiff", "brightness", None),
            ("matrix.npy", "values", None),
        ],
    )
    def test_of_one_channel(self, image: str, name: str, white: float | None) -> None:
        (planes,) = report(image, "sobel-x", "one.json").planes
        assert (planes.name, planes.white, planes.values.shape) == (name, white, (1, 9, 8))

    def test_unit_scale_has_white_at_1(self) -> None:
        (planes,) = report("gray.png", "sobel-x", inputs=InputOptions(scale="unit")).planes
        assert planes.white == 1
        assert_equal(planes.values[0], COLOUR[..., 0] / np.float32(255))
        (matrix,) = report("small.csv", "one.json", inputs=InputOptions(scale="unit")).planes
        assert matrix.white is None

    def test_are_shared_by_the_filters_that_read_the_same(self) -> None:
        workings = report("colour.png", "one.json", "rgb.npy", "pair.json")
        assert [(planes.name, planes.white) for planes in workings.planes] == [
            ("brightness", 255),
            ("RGB", 255),
        ]
        assert [laid.planes for laid in workings.filters] == [0, 1, 1, 0, 0]
        assert_equal(workings.planes[0].values[0], scenes.luma(COLOUR))
        assert_equal(workings.planes[1].values, COLOUR.transpose(2, 0, 1))

    def test_each_channel_by_itself(self) -> None:
        workings = report("colour.png", "pair.json", "one.json", inputs=InputOptions("each"))
        assert [planes.name for planes in workings.planes] == ["R", "G", "B"]
        assert_equal(np.concatenate([p.values for p in workings.planes]), COLOUR.transpose(2, 0, 1))
        names = [f"{name}.{channel}" for name in ("pair-a", "pair-b", "one") for channel in "RGB"]
        assert [(laid.name, laid.planes) for laid in workings.filters] == list(
            zip(names, [0, 1, 2] * 3, strict=True)
        )

    def test_of_a_matrix_are_numbered(self) -> None:
        workings = report("planes.npy", "one.json", inputs=InputOptions("each"))
        assert [(planes.name, planes.white) for planes in workings.planes] == [("01", None), ("02", None)]

    def test_groups_read_their_own_channels(self) -> None:
        np.save("four.npy", np.ones((6, 1, 2, 2)))
        workings = report("colour.png", "four.npy", conv=ConvOptions(groups=3))
        assert [laid.channel for laid in workings.filters] == [0, 0, 1, 1, 2, 2]
        assert [planes.name for planes in workings.planes] == ["RGB"]
        assert workings.options == "stride 1 · padding valid · 3 groups · pool max 2×2"

    def test_of_another_frame(self) -> None:
        frames = [PIL.Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (1, 2)]
        frames[0].save("two.tiff", save_all=True, append_images=frames[1:])
        (planes,) = report("two.tiff", "one.json", inputs=InputOptions(frame=1)).planes
        assert planes.values.min() == planes.values.max() == 2


class TestFaultsOfARun:
    @pytest.mark.parametrize(
        ("image", "filter_", "options", "says"),
        [
            ("small.csv", "sobel-x", {}, r"^small\.csv with sobel-x: the image is 2×2, smaller than the fil"),
            ("gray.png", "rgb.npy", {}, r"^gray\.png with rgb: the image has 1 channel\(s\), the filters re"),
            ("planes.npy", "one.json", {}, "the image has 2 .*; filter each by itself with --channels each"),
            ("colour.png", "rgb.npy", {"inputs": InputOptions("each")}, "--channels each is for filters of"),
            ("gray.png", "one.json", {"pool": PoolOptions(size=10)}, "the map is 9×8, smaller than the pool"),
            ("huge.npy", "sum.json", {"pool": PoolOptions(size=1)}, ": a response has .*, a sum beyond fl"),
            ("nope.png", "one.json", {}, r"^nope\.png: cannot be read"),
            ("nope.png", "nope.json", {}, r"^nope\.json: cannot be read"),
        ],
    )
    def test_of_values(self, image: str, filter_: str, options: dict[str, Any], says: str) -> None:
        with pytest.raises(InputError, match=says):
            report(image, filter_, **options)

    def test_large_numbers_whose_sums_are_finite_are_taken(self) -> None:
        Path("mean.json").write_text("[[0.5, 0.25]]")
        (planes,) = report("huge.npy", "mean.json", pool=PoolOptions(size=1)).planes
        assert_equal(planes.values[0], HUGE)

    def test_of_usage(self) -> None:
        with pytest.raises(ArgumentError, match="- is given twice"):
            report("-", "-")
        with pytest.raises(ArgumentError, match=r"groups is 2; it must divide the 1 channel\(s\)"):
            report("gray.png", "one.json", conv=ConvOptions(groups=2))

    def test_notices_are_passed_on(self) -> None:
        notices: list[str] = []
        report("alpha.png", "sobel-x", notify=notices.append)
        assert notices == ["alpha.png: alpha is dropped"]


class TestMemory:
    @pytest.mark.parametrize(
        ("sides", "filters", "size"), [((700, 900), 1, 1), ((60, 60), 50, 40)], ids=["image", "weights"]
    )
    def test_the_estimate_covers_what_writing_takes(
        self, sides: tuple[int, int], filters: int, size: int
    ) -> None:
        conv = ConvOptions(stride=9)  # so few cells that they hardly count
        random = np.random.default_rng(1)
        np.save("large.npy", random.random(sides, np.float32))
        np.save("bank.npy", random.standard_normal((filters, size, size)))
        report_page(report_contents(report("small.csv", "one.json")))
        tracemalloc.start()
        try:
            report_page(report_contents(report("large.npy", "bank.npy", conv=conv)))
            _, taken = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        height, width = sides
        says = (
            rf"^large\.npy: a page of {filters} filter\(s\) on an image of {height}×{width}; it takes about"
        )
        with pytest.raises(LimitError, match=says):
            report("large.npy", "bank.npy", conv=conv, inputs=InputOptions(limits=Limits(memory=taken)))
        report("large.npy", "bank.npy", conv=conv, inputs=InputOptions(limits=Limits(memory=2 * taken)))

    def test_limits_of_images_hold(self) -> None:
        with pytest.raises(LimitError, match=r"^gray\.png: the image is 9×8, 72 pixels .* raise it with"):
            report("gray.png", "one.json", inputs=InputOptions(limits=Limits(pixels=71)))

    def test_maps_count_where_the_page_is_shown(self) -> None:
        def limited(memory: int, pool: int = 1) -> Workings:
            return report(
                "small.csv",
                "one.json",
                inputs=InputOptions(limits=Limits(memory=memory)),
                conv=ConvOptions(padding=300),
                pool=PoolOptions(size=pool),
            )

        assert limited(5 * 2**20).filters[0].conv[0].count == 602
        with pytest.raises(
            LimitError, match=r"^small\.csv: a page of 1 filter\(s\) on an image of 2×2; it tak"
        ):
            limited(4 * 2**20)


def test_a_built_in_bank() -> None:
    workings = report("gray.png", "kirsch")
    assert_equal(np.stack([laid.weights for laid in workings.filters]), load_filter("kirsch").weights)
