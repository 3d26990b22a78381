"""Finding in files: which responses are searched, what each find knows, and in which order they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool import FilterBank, feature_maps, find_peaks, load_filter
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.images import Image
from convtool.io.limits import Limits
from convtool.jobs.find import FindOptions, Finds, find_in_images
from convtool.jobs.options import InputOptions
from convtool.learn.peaks import Peak
from tests import scenes
from tests.tolerances import assert_equal


@pytest.fixture(autouse=True)
def pictures() -> None:
    scenes.save("a.png", scenes.noise(1, 20, 24))
    scenes.save("b.png", scenes.noise(2, 16, 14))
    Path("pair.json").write_text('{"weights": [[[1, -1]], [[-1, 1]]], "names": ["l", "r"], "bias": [0, -9]}')


def found(
    images: list[str], filters: list[str], find: FindOptions | None = None, **inputs: Any
) -> list[Finds]:
    notices: list[str] = []
    options = InputOptions(**inputs)
    finds = list(
        find_in_images(images, filters, find or FindOptions(), inputs=options, notify=notices.append)
    )
    assert notices == []
    return finds


@pytest.mark.parametrize(
    ("options", "least"),
    [
        (FindOptions(), 0),
        (FindOptions(top=3), -np.inf),
        (FindOptions(threshold=-2.5), -2.5),
        (FindOptions(threshold=7, top=3), 7),
        (FindOptions(threshold=0, top=3), 0),
    ],
)
def test_the_least_response_of_a_peak(options: FindOptions, least: float) -> None:
    assert options.least == least


@pytest.mark.parametrize("name", ["sobel-x", "kirsch", "pair.json", "gaussian-7"])
@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (FindOptions(), {"threshold": 0}),
        (FindOptions(50, 4, 0.1), {"threshold": 50, "top": 4, "overlap": 0.1}),
        (FindOptions(top=5), {"threshold": -np.inf, "top": 5}),
    ],
)
def test_peaks_are_those_of_all_filters_together(
    name: str, options: FindOptions, keywords: dict[str, Any]
) -> None:
    (finds,) = found(["a.png"], [name], options)
    bank = load_filter(name)
    responses = feature_maps(scenes.noise(1, 20, 24), bank, relu=False)
    assert finds.peaks == find_peaks(responses, bank.kernel_size, **keywords) != []
    assert (finds.input, finds.filter) == ("a.png", name.removesuffix(".json"))


def test_images_come_in_order_each_with_every_filter() -> None:
    finds = found(["b.png", "a.png"], ["sobel-x", "pair.json"])
    assert [(each.input, each.filter, each.parts) for each in finds] == [
        (image, name, parts)
        for image in ("b.png", "a.png")
        for name, parts in (("sobel-x", ("sobel-x",)), ("pair", ("pair-l", "pair-r")))
    ]
    assert_equal(finds[0].image.values, scenes.noise(2, 16, 14))
    assert finds[0].image is finds[1].image


def test_an_image_is_read_when_it_is_its_turn() -> None:
    finds = find_in_images(
        ["a.png", "nope.png"], ["sobel-x"], FindOptions(), inputs=InputOptions(), notify=print
    )
    assert next(finds).input == "a.png"
    with pytest.raises(InputError, match=r"^nope\.png: cannot be read: No such file"):
        next(finds)


def test_records_name_the_filter_and_are_short() -> None:
    image = Image(np.zeros((3, 3), np.float32))
    peaks = [Peak(1, 4, 5, (1, 2), float(np.float32(0.1)), 1), Peak(2, 0, 3, (1, 2), 0.0, 0)]
    finds = Finds("a.png", "pair", ("pair-l", "pair-r"), image, peaks)
    records = list(finds.records)
    assert records == [
        {"input": "a.png", "filter": "pair-r", "rank": 1, "y": 4, "x": 5, "size": (1, 2), "score": 0.1},
        {"input": "a.png", "filter": "pair-l", "rank": 2, "y": 0, "x": 3, "size": (1, 2), "score": 0.0},
    ]
    assert json.dumps(records[0]).endswith('"y": 4, "x": 5, "size": [1, 2], "score": 0.1}')
    assert list(finds.records) == records  # they may be had again


def test_colour_is_searched_as_brightness_and_given_as_it_is() -> None:
    colour = np.random.default_rng(3).integers(0, 256, (12, 13, 3), np.uint8)
    scenes.save("colour.png", colour)
    (finds,) = found(["colour.png"], ["sobel-x"])
    responses = feature_maps(scenes.luma(colour), load_filter("sobel-x"), relu=False)
    assert finds.peaks == find_peaks(responses, 3)
    assert finds.image.colour
    assert_equal(finds.image.values, colour.transpose(2, 0, 1))


def test_filters_of_several_channels_see_them_all() -> None:
    planes = np.random.default_rng(3).integers(0, 256, (2, 12, 13)).astype(np.float32)
    np.save("planes.npy", planes)
    weights = np.random.default_rng(4).integers(-3, 4, (1, 2, 2, 3)).astype(np.float32)
    np.save("deep.npy", weights)
    (finds,) = found(["planes.npy"], ["deep.npy"])
    assert finds.peaks == find_peaks(feature_maps(planes, FilterBank(weights), relu=False), (2, 3))
    assert finds.parts == ("deep",)
    says = r"^planes\.npy with sobel-x: the image has 2 channel\(s\), the filters read 1"
    with pytest.raises(InputError, match=says):
        found(["planes.npy"], ["sobel-x"])


def test_numbers_may_be_scaled() -> None:
    (stored,), (unit,) = (
        found(["a.png"], ["sobel-x"], FindOptions(top=1), scale=s) for s in ("stored", "unit")
    )
    assert unit.peaks[0][:4] == stored.peaks[0][:4]
    responses = feature_maps(scenes.noise(1, 20, 24) / np.float32(255), load_filter("sobel-x"), relu=False)
    assert unit.peaks[0].score == responses.max()


def test_what_readers_give_up_is_noticed_before_anything_is_found() -> None:
    Path("tiny.json").write_text("[[1e-60, 1]]")
    np.save("far.npy", np.full((3, 3), 2**24 + 1))
    notices: list[str] = []
    finds = find_in_images(
        ["far.npy"], ["tiny.json", "identity"], FindOptions(), inputs=InputOptions(), notify=notices.append
    )
    assert notices == []
    next(finds)
    assert notices == [
        "tiny.json: 1 number(s) too small for float32 became 0",
        "far.npy: 9 whole number(s) beyond 2^24 rounded to float32",
    ]
    assert len(list(finds)) == 1
    assert len(notices) == 2


@pytest.mark.parametrize(
    ("images", "filters", "error", "says"),
    [
        (["-", "-"], ["sobel-x"], ArgumentError, "- is given twice; standard input holds one input"),
        (["-"], ["-"], ArgumentError, "- is given twice"),
        (["a.png"], ["nope"], ArgumentError, "no built-in filter is called 'nope'"),
        (["nope.png"], ["sobel-x"], InputError, r"^nope\.png: cannot be read"),
        (["b.png"], ["wide.npy"], InputError, r"^b\.png with wide: the image is 16×14, smaller than the"),
    ],
)  # fmt: skip
def test_what_is_refused(images: list[str], filters: list[str], error: type[Exception], says: str) -> None:
    np.save("wide.npy", np.ones((1, 15)))
    with pytest.raises(error, match=says):
        found(images, filters)


def test_limits_hold() -> None:
    with pytest.raises(LimitError, match=r"^a\.png: the image is 20×24, 480 pixels"):
        found(["a.png"], ["sobel-x"], limits=Limits(pixels=479))
    np.save("deep.npy", np.ones((9, 3, 3)))
    with pytest.raises(LimitError, match=r"^a\.png with deep: 9 filter\(s\) on an image of 20×24; it takes"):
        found(["a.png"], ["deep.npy"], limits=Limits(memory=9000))
