"""The colours on the canvases are those that values have everywhere in convtool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank, conv2d, load_image, max_pool2d, relu
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.report.engine import contents_of
from tests.view.report.reader import BLEED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

_PIXELS = """
const [canvas, rows, columns, bleed] = arguments;
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
const ratio = devicePixelRatio;
const [width, height] = [canvas.width / ratio - 2 * bleed, canvas.height / ratio - 2 * bleed];
return Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => {
  const [across, down] = [bleed + (x + 0.5) * width / columns, bleed + (y + 0.5) * height / rows];
  const pixel = 4 * (Math.floor(down * ratio) * canvas.width + Math.floor(across * ratio));
  return Array.from(data.slice(pixel, pixel + 3));
}));
"""

_LINE = """
const [canvas, places] = arguments;
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
return places.map(([x, y]) => Array.from(data.slice(4 * (y * canvas.width + x)).slice(0, 3)));
"""


def colours(reader: Reader, stage: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The colour in the middle of every cell."""
    return np.array(reader.browser.run(_PIXELS, reader.canvas(stage), *shape[-2:], 4), np.uint8)


def test_maps_have_the_colours_of_their_scales(reader: Reader) -> None:
    image = np.random.default_rng(1).integers(0, 50, (26, 24)).astype(np.float32)
    weights = np.array([[-2, 0], [1, 3]], np.float32)
    reader.lay(image, FilterBank(weights), pool=2)
    response = conv2d(image, weights)
    feature, pooled = relu(response), max_pool2d(relu(response), 2)
    shared = Scale.fit([feature, pooled])
    assert_equal(colours(reader, "input", image.shape), Scale.fit([image]).colours(image))
    assert_equal(colours(reader, "conv", response.shape), Scale.fit([response]).colours(response))
    assert_equal(colours(reader, "relu", feature.shape), shared.colours(feature))
    assert_equal(colours(reader, "pool", pooled.shape), shared.colours(pooled))


def test_pictures_look_as_they_do_elsewhere(reader: Reader) -> None:
    rgb = load_image("samples/cat.png", channels="rgb")[:, 100:120, 200:224]
    contents = contents_of(rgb[np.newaxis], FilterBank(np.ones((1, 3, 2, 2))), pool=2)
    contents["inputs"][0] |= {"colours": "rgb", "white": 255}
    reader.open(contents)
    assert_equal(colours(reader, "input", rgb.shape), np.moveaxis(rgb, 0, -1).astype(np.uint8))
    assert reader.texts('[data-stage="input"] .scale') == ["R, G, B: 0255"]


def test_a_dark_picture_stays_dark(reader: Reader) -> None:
    gray = np.arange(400, dtype=np.float32).reshape(1, 20, 20) % 30
    contents = contents_of(gray[np.newaxis], FilterBank(np.ones((2, 2))), pool=2)
    contents["inputs"][0] |= {"colours": "gray", "white": 255}
    reader.open(contents)
    assert_equal(colours(reader, "input", gray.shape)[..., 1], gray[0].astype(np.uint8))


def test_scales_name_their_ends_and_zero(reader: Reader) -> None:
    image = np.array([[1, 0, 0, 0], [0, 0, 0, 4], [0, 7, 0, 0], [0, 0, 0, 0]], np.float32)
    reader.lay(image, FilterBank([[1, -1], [0, 0]]), pool=1)
    spans = "return [...arguments[0].querySelectorAll('.scale span')].map((each) => each.textContent)"
    told = {
        stage: reader.browser.run(spans, reader.find(f'[data-stage="{stage}"]'))
        for stage in ("input", "conv", "relu", "pool")
    }
    assert told == {"input": ["0", "7"], "conv": ["−7", "0", "7"], "relu": ["0", "7"], "pool": ["0", "7"]}


def test_the_scale_of_a_feature_map_holds_the_means_of_its_padding(reader: Reader) -> None:
    image = np.full((4, 4), 4, np.float32)
    image[1, 1] = 8
    around = {"pool_kind": "avg", "pool_options": {"padding": 1}}
    reader.lay(image, FilterBank([[1]]), pool=2, **around)
    assert reader.texts('[data-stage="relu"] .scale span') == ["1", "8"]
    assert reader.texts('[data-stage="pool"] .scale span') == ["1", "8"]


def test_a_single_pooled_value_does_not_widen_the_scale(reader: Reader) -> None:
    reader.lay(np.array([[2, 3], [4, 5]], np.float32), FilterBank([[1]]), pool=2)
    assert reader.texts('[data-stage="relu"] .scale span') == ["2", "5"]
    assert reader.texts('[data-stage="pool"] .scale span') == ["2", "5"]


def test_sizes_and_what_was_done(reader: Reader) -> None:
    reader.lay(np.ones((9, 7), np.float32), FilterBank(np.ones((3, 3))), pool=2, pool_kind="min")
    assert reader.texts('figure [data-part="size"]') == [
        "0, 9 × 7",
        "3 × 3, as it is: cross-correlation",
        "7 × 5",
        "7 × 5, max(0, ·)",
        "3 × 2, smallest of 2 × 2",
    ]


def test_padding_stands_around_the_image(reader: Reader) -> None:
    image = np.full((12, 12), 3, np.float32)
    image[0, 0] = 1
    reader.lay(image, FilterBank(np.ones((3, 3))), pool=1, padding=1, padding_mode="replicate")
    reader.move(*reader.pixel_of("input", (14, 14), 1, 1))
    assert reader.told() == ("Image, row 0, column 0", "1")
    reader.move(*reader.pixel_of("input", (14, 14), 0, 0))
    assert reader.told() == ("Image, row 0, column 0", "1")
    reader.move(*reader.pixel_of("input", (14, 14), 12, 12))
    assert reader.told() == ("Image, row 11, column 11", "3")


@pytest.mark.parametrize("shape", [(1, 1500), (1500, 1)])
def test_a_line_of_very_many_cells_is_seen_and_pointed_at(reader: Reader, shape: tuple[int, int]) -> None:
    line = np.repeat(np.float32([3, 9]), 750).reshape(shape)
    reader.lay(line, FilterBank([[1]]), pool=1)
    expected = Scale.fit([line]).colours(line).reshape(-1, 3)[[0, -1]]
    for stage in ("input", "conv", "relu", "pool"):
        left, top, width, height = reader.box(stage)
        assert min(width, height) == 2
        places = [(BLEED + int(width * share), BLEED + int(height * share)) for share in (0.25, 0.75)]
        assert_equal(np.array(reader.browser.run(_LINE, reader.canvas(stage), places), np.uint8), expected)
    reader.move(int(left + 3 * width / 4), int(top + 3 * height / 4))
    assert reader.told()[1] == "9"
