"""The built-in filters: their files, their weights, and what each makes of a point, a flat area, an edge."""

import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from convtool import conv2d, load_filter
from tests.tolerances import assert_near

FOLDER = Path(__file__).resolve().parents[2] / "filters"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
COMPASS = ["n", "nw", "w", "sw", "s", "se", "e", "ne"]


def binomial(size: int) -> list[int]:
    return [math.comb(size - 1, k) for k in range(size)]


def unit(size: int) -> NDArray[np.float64]:
    return np.pad([[1.0]], size // 2)


LOG_9 = [
    [0, 1, 1, 2, 2, 2, 1, 1, 0],
    [1, 2, 4, 5, 5, 5, 4, 2, 1],
    [1, 4, 5, 3, 0, 3, 5, 4, 1],
    [2, 5, 3, -12, -24, -12, 3, 5, 2],
    [2, 5, 0, -24, -40, -24, 0, 5, 2],
    [2, 5, 3, -12, -24, -12, 3, 5, 2],
    [1, 4, 5, 3, 0, 3, 5, 4, 1],
    [1, 2, 4, 5, 5, 5, 4, 2, 1],
    [0, 1, 1, 2, 2, 2, 1, 1, 0],
]

SINGLE_WEIGHTS: dict[str, ArrayLike] = {
    "identity": unit(3),
    "box-3": np.full((3, 3), 1 / 9),
    "box-5": np.full((5, 5), 1 / 25),
    "gaussian-3": np.outer(binomial(3), binomial(3)) / 16,
    "gaussian-5": np.outer(binomial(5), binomial(5)) / 256,
    "gaussian-7": np.outer(binomial(7), binomial(7)) / 4096,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "unsharp-5": 2 * unit(5) - np.outer(binomial(5), binomial(5)) / 256,
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "outline": 9 * unit(3) - 1,
    "laplacian-4": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "laplacian-8": 1 - 9 * unit(3),
    "log-5": [[0, 0, 1, 0, 0], [0, 1, 2, 1, 0], [1, 2, -16, 2, 1], [0, 1, 2, 1, 0], [0, 0, 1, 0, 0]],
    "log-9": LOG_9,
    "sobel-x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sobel-y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "scharr-x": [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]],
    "scharr-y": [[-3, -10, -3], [0, 0, 0], [3, 10, 3]],
    "prewitt-x": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "prewitt-y": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "roberts-x": [[-1, 0], [0, 1]],
    "roberts-y": [[0, -1], [1, 0]],
    "motion-9": np.eye(9) / 9,
    "notes-blend": [[1, 0.5], [0.5, 1]],
    "notes-diagonal": [[1, 0], [0, 1]],
}
SINGLES = [*SINGLE_WEIGHTS, "farid-x", "farid-y", "dog-7"]
BANKS = {"kirsch": 8, "robinson": 8, "frei-chen": 9, "lines": 4, "haar": 4, "gabor": 8, "laws": 25}
INTEGERS = [
    "outline",
    "laplacian-4",
    "laplacian-8",
    "log-5",
    "log-9",
    "sobel-x",
    "sobel-y",
    "scharr-x",
    "scharr-y",
    "prewitt-x",
    "prewitt-y",
    "roberts-x",
    "roberts-y",
    "kirsch",
    "robinson",
    "lines",
    "haar",
    "laws",
]


def document(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))


def written(name: str) -> NDArray[np.float64]:
    """Weights as the file gives them, `(O, kh, kw)`, read without convtool."""
    content = document(name)
    weights = np.asarray(content["weights"], dtype=np.float64) / content.get("divisor", 1)
    return weights.reshape(-1, *weights.shape[-2:])


def written_rows(weights: list[Any]) -> list[list[float]]:
    return weights if np.ndim(weights) == 2 else [row for matrix in weights for row in matrix]


def loaded(name: str, own: str | None = None) -> NDArray[np.float32]:
    """Weights as convtool gives them: `(O, kh, kw)`, or `(kh, kw)` of the bank's filter called `own`."""
    bank = load_filter(name)
    assert bank.weights.dtype == np.float32
    assert bank.weights.shape[1] == 1
    weights = bank.weights[:, 0]
    return weights if own is None else weights[list(bank.names).index(own)]


def single(name: str) -> NDArray[np.float32]:
    (weights,) = loaded(name)
    return weights


def step(towards: str, size: int = 24) -> NDArray[np.float32]:
    """0 on one half, 1 on the half that lies `towards` a side or a corner of the image."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    uphill = {"right": x, "left": -x, "down": y, "up": -y}
    return (sum(uphill[side] for side in towards.split("-")) > 0).astype(np.float32)


def line(kind: str, size: int = 15) -> NDArray[np.float32]:
    """A bright line one pixel wide through the middle."""
    image = np.zeros((size, size), dtype=np.float32)
    if kind == "horizontal":
        image[size // 2] = 1
    elif kind == "vertical":
        image[:, size // 2] = 1
    else:
        np.fill_diagonal(image if kind == "falling" else image[::-1], 1)
    return image


# The files


def test_the_library_is_complete() -> None:
    assert set(NAMES) == {*SINGLES, *BANKS}


@pytest.mark.parametrize("name", NAMES)
def test_file_says_what_it_is(name: str) -> None:
    content = document(name)
    keys = {
        "format",
        "name",
        "weights",
        "bias",
        "description",
        "source",
        "names",
        "divisor",
        "normalize",
        "meta",
    }
    assert set(content) <= keys
    assert content["format"] == "convtool.filter/1"
    assert content["name"] == name
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert content["description"].strip() == content["description"] != ""
    assert len(content["description"].splitlines()) == 1
    assert content["source"].strip() == content["source"] != ""
    assert len(content["source"].splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_file_is_laid_out_one_key_and_one_row_a_line(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="ascii")
    content = document(name)
    assert text.endswith("\n}\n")
    assert re.findall(r'^  "(\w+)": ', text, flags=re.MULTILINE) == list(content)
    rows = [json.loads(row) for row in re.findall(r"^ +(\[ *-?\d[^\]]*\]),?$", text, flags=re.MULTILINE)]
    assert rows == written_rows(content["weights"])


@pytest.mark.parametrize("name", SINGLES)
def test_single_is_one_matrix(name: str) -> None:
    assert np.ndim(document(name)["weights"]) == 2
    assert load_filter(name).weights.shape[:2] == (1, 1)


@pytest.mark.parametrize(("name", "count"), BANKS.items())
def test_bank_names_each_filter(name: str, count: int) -> None:
    names = document(name)["names"]
    assert np.ndim(document(name)["weights"]) == 3
    assert len(set(names)) == len(names) == count
    assert all(re.fullmatch(r"[a-z0-9-]+", own) for own in names)
    assert list(load_filter(name).names) == names
    assert load_filter(name).weights.shape[:2] == (count, 1)


@pytest.mark.parametrize("name", INTEGERS)
def test_edge_filters_are_unscaled_integers(name: str) -> None:
    content = document(name)
    assert "divisor" not in content
    assert np.asarray(content["weights"]).dtype.kind == "i"


# What every filter does


@pytest.mark.parametrize("name", NAMES)
def test_loads_as_written_without_bias(name: str) -> None:
    np.testing.assert_array_equal(loaded(name), written(name).astype(np.float32))
    np.testing.assert_array_equal(load_filter(name).bias, np.zeros(len(written(name))))


@pytest.mark.parametrize("name", NAMES)
def test_impulse_gives_the_filter_turned_by_180_degrees(name: str) -> None:
    weights = written(name)
    kh, kw = weights.shape[-2:]
    impulse = np.zeros((2 * kh - 1, 2 * kw - 1), dtype=np.float32)
    impulse[kh - 1, kw - 1] = 1
    assert_near(conv2d(impulse, load_filter(name).weights), weights[:, ::-1, ::-1])


@pytest.mark.parametrize("name", NAMES)
def test_flat_area_gives_the_sum_of_the_weights(name: str) -> None:
    value = 4
    sums = written(name).sum(axis=(1, 2))
    response = conv2d(np.full((13, 12), value, dtype=np.float32), load_filter(name).weights)
    assert_near(response, np.broadcast_to(value * sums[:, None, None], response.shape))


@pytest.mark.parametrize("name", NAMES)
def test_weights_sum_to_one_zero_or_as_described(name: str) -> None:
    keeps_brightness = {"identity", "sharpen", "unsharp-5", "emboss", "motion-9"}
    if name in keeps_brightness or name.startswith(("box-", "gaussian-")):
        expected: list[float] = [1]
    else:
        special = {
            "notes-blend": [3],
            "notes-diagonal": [2],
            "frei-chen": [0] * 8 + [3],
            "laws": [256] + [0] * 24,
        }
        expected = special.get(name, [0] * len(written(name)))
    assert_near(written(name).sum(axis=(1, 2)), expected)
    assert_near(loaded(name).sum(axis=(1, 2), dtype=np.float64), expected)


# What the edge filters make of an edge: the lowest and highest response to a step from 0 to 1


@pytest.mark.parametrize(
    ("name", "own", "towards", "lowest", "highest"),
    [
        ("sobel-x", None, "right", 0, 4),
        ("sobel-x", None, "left", -4, 0),
        ("sobel-x", None, "down", 0, 0),
        ("sobel-y", None, "down", 0, 4),
        ("sobel-y", None, "up", -4, 0),
        ("sobel-y", None, "right", 0, 0),
        ("scharr-x", None, "right", 0, 16),
        ("scharr-x", None, "down", 0, 0),
        ("scharr-y", None, "down", 0, 16),
        ("scharr-y", None, "right", 0, 0),
        ("prewitt-x", None, "right", 0, 3),
        ("prewitt-x", None, "down", 0, 0),
        ("prewitt-y", None, "down", 0, 3),
        ("prewitt-y", None, "right", 0, 0),
        ("roberts-x", None, "right", 0, 1),
        ("roberts-x", None, "down", 0, 1),
        ("roberts-x", None, "down-right", 0, 1),
        ("roberts-y", None, "right", -1, 0),
        ("roberts-y", None, "down", 0, 1),
        ("roberts-y", None, "down-left", 0, 1),
        ("farid-x", None, "right", 0, 0.386294751),
        ("farid-x", None, "down", 0, 0),
        ("farid-y", None, "down", 0, 0.386294751),
        ("farid-y", None, "right", 0, 0),
        ("laplacian-4", None, "right", -1, 1),
        ("laplacian-8", None, "right", -3, 3),
        ("log-5", None, "right", -5, 5),
        ("log-9", None, "right", -65, 65),
        ("outline", None, "right", -3, 3),
        ("sharpen", None, "right", -1, 2),
        ("emboss", None, "right", 0, 4),
        ("emboss", None, "left", -3, 1),
        ("kirsch", "n", "up", 0, 15),
        ("kirsch", "w", "left", 0, 15),
        ("kirsch", "s", "down", 0, 15),
        ("kirsch", "e", "right", 0, 15),
        ("kirsch", "nw", "up", 0, 9),
        ("kirsch", "nw", "up-left", 0, 15),
        ("kirsch", "sw", "down-left", 0, 15),
        ("kirsch", "se", "down-right", 0, 15),
        ("kirsch", "ne", "up-right", 0, 15),
        ("robinson", "n", "up", 0, 4),
        ("robinson", "w", "left", 0, 4),
        ("robinson", "s", "down", 0, 4),
        ("robinson", "e", "right", 0, 4),
        ("robinson", "nw", "up", 0, 3),
        ("robinson", "nw", "up-left", 0, 4),
        ("robinson", "sw", "down-left", 0, 4),
        ("robinson", "se", "down-right", 0, 4),
        ("robinson", "ne", "up-right", 0, 4),
        ("frei-chen", "gradient-1", "up", 0, 0.5 + math.sqrt(0.5)),
        ("frei-chen", "gradient-2", "left", 0, 0.5 + math.sqrt(0.5)),
        ("haar", "edge-x", "right", 0, 8),
        ("haar", "edge-x", "down", 0, 0),
        ("haar", "edge-y", "down", 0, 8),
        ("haar", "edge-y", "right", 0, 0),
        ("haar", "line-x", "right", -4, 4),
        ("haar", "line-y", "down", -4, 4),
        ("laws", "l5e5", "right", 0, 48),
        ("laws", "e5l5", "down", 0, 48),
    ],
)
def test_step(name: str, own: str | None, towards: str, lowest: float, highest: float) -> None:
    weights = single(name) if own is None else loaded(name, own)
    response = conv2d(step(towards), weights)
    assert_near([response.min(), response.max()], [lowest, highest])


@pytest.mark.parametrize("axis", ["x", "y"])
def test_farid_gives_the_slope_of_a_ramp(axis: str) -> None:
    ramp = np.mgrid[:9, :9]["yx".index(axis)].astype(np.float32)
    slope = 2 * (1 * 0.276690988 + 2 * 0.109603763)
    assert_near(conv2d(ramp, single(f"farid-{axis}")), np.full((5, 5), slope))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("horizontal", {"horizontal": 6, "rising": 0, "falling": 0, "vertical": 0}),
        ("rising", {"horizontal": 1, "rising": 6, "falling": 2, "vertical": 1}),
        ("falling", {"horizontal": 1, "rising": 2, "falling": 6, "vertical": 1}),
        ("vertical", {"horizontal": 0, "rising": 0, "falling": 0, "vertical": 6}),
    ],
)
def test_lines_answer_to_their_own_direction(kind: str, expected: dict[str, int]) -> None:
    image = line(kind)
    highest = {own: conv2d(image, loaded("lines", own)).max() for own in load_filter("lines").names}
    assert highest == expected
    assert conv2d(image, loaded("lines", kind))[6, 6] == expected[kind]


@pytest.mark.parametrize(("own", "kind"), [("line-x", "vertical"), ("line-y", "horizontal")])
def test_haar_lines_answer_to_a_line_two_pixels_wide(own: str, kind: str) -> None:
    image = np.maximum(line(kind), np.roll(line(kind), 1, axis=1 if own == "line-x" else 0))
    assert conv2d(image, loaded("haar", own)).max() == 8
    assert conv2d(image, loaded("haar", "line-x" if own == "line-y" else "line-y")).max() == 0


def test_motion_keeps_the_diagonal_it_moves_along() -> None:
    assert_near(conv2d(line("falling"), single("motion-9"))[3, 3], 1)
    assert_near(conv2d(line("rising"), single("motion-9"))[3, 3], 1 / 9)


# The weights, each from a literal or a formula


@pytest.mark.parametrize(("name", "expected"), SINGLE_WEIGHTS.items(), ids=SINGLE_WEIGHTS)
def test_weights_of_singles(name: str, expected: ArrayLike) -> None:
    np.testing.assert_array_equal(single(name), np.asarray(expected, dtype=np.float32))


@pytest.mark.parametrize("stem", ["sobel", "scharr", "prewitt", "farid"])
def test_y_is_x_transposed(stem: str) -> None:
    np.testing.assert_array_equal(single(f"{stem}-y"), single(f"{stem}-x").T)


def test_roberts_y_is_roberts_x_turned_by_90_degrees() -> None:
    np.testing.assert_array_equal(single("roberts-y"), np.rot90(single("roberts-x"), -1))


def test_farid_is_smoothing_times_derivative() -> None:
    smooth = [0.0376593171958126, 0.249153396177344, 0.426374573253687, 0.249153396177344, 0.0376593171958126]
    change = [-0.109603762960254, -0.276690988455557, 0, 0.276690988455557, 0.109603762960254]
    np.testing.assert_array_equal(single("farid-x"), np.outer(smooth, change).astype(np.float32))


def test_dog_is_a_narrow_gaussian_less_a_wide_one() -> None:
    y, x = np.mgrid[-3:4, -3:4]
    narrow, wide = (np.exp(-(x**2 + y**2) / (2 * sigma**2)) for sigma in (1.0, 1.6))
    expected = narrow / narrow.sum() - wide / wide.sum()
    assert_near(single("dog-7"), expected)


@pytest.mark.parametrize("name", ["log-5", "log-9", "dog-7", "laplacian-4", "laplacian-8", "outline"])
def test_spot_filters_look_the_same_from_every_side(name: str) -> None:
    weights = single(name)
    for turns in range(4):
        np.testing.assert_array_equal(np.rot90(weights, turns), weights)
    np.testing.assert_array_equal(weights.T, weights)


def border(weights: NDArray[np.float32]) -> list[float]:
    """The eight outer weights of a 3x3 filter, clockwise from the upper left."""
    return [*weights[0], weights[1, 2], *weights[2, ::-1], weights[1, 0]]


@pytest.mark.parametrize(
    ("name", "north"),
    [("kirsch", [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]), ("robinson", [[1, 2, 1], [0, 0, 0], [-1, -2, -1]])],
)
def test_compass_filters_turn_by_45_degrees(name: str, north: list[list[int]]) -> None:
    assert list(load_filter(name).names) == COMPASS
    weights = loaded(name)
    np.testing.assert_array_equal(weights[0], north)
    np.testing.assert_array_equal(weights[:, 1, 1], np.zeros(8))
    for before, after in pairwise([*weights, weights[0]]):
        np.testing.assert_array_equal(border(after), np.roll(border(before), -1))


def test_robinson_holds_sobel() -> None:
    np.testing.assert_array_equal(loaded("robinson", "e"), single("sobel-x"))
    np.testing.assert_array_equal(loaded("robinson", "s"), single("sobel-y"))


def test_frei_chen_is_an_orthonormal_basis() -> None:
    vectors = loaded("frei-chen").reshape(9, 9).astype(np.float64)
    assert_near(vectors @ vectors.T, np.eye(9))


def test_frei_chen_weights() -> None:
    root = math.sqrt(2)
    expected = [
        np.array([[1, root, 1], [0, 0, 0], [-1, -root, -1]]) / (2 * root),
        np.array([[1, 0, -1], [root, 0, -root], [1, 0, -1]]) / (2 * root),
        np.array([[0, -1, root], [1, 0, -1], [-root, 1, 0]]) / (2 * root),
        np.array([[root, -1, 0], [-1, 0, 1], [0, 1, -root]]) / (2 * root),
        np.array([[0, 1, 0], [-1, 0, -1], [0, 1, 0]]) / 2,
        np.array([[-1, 0, 1], [0, 0, 0], [1, 0, -1]]) / 2,
        np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6,
        np.array([[-2, 1, -2], [1, 4, 1], [-2, 1, -2]]) / 6,
        np.ones((3, 3)) / 3,
    ]
    np.testing.assert_array_equal(loaded("frei-chen"), np.array(expected, dtype=np.float32))


def test_lines_weights() -> None:
    falling = 3 * np.eye(3) - 1
    horizontal = [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]
    assert list(load_filter("lines").names) == ["horizontal", "rising", "falling", "vertical"]
    np.testing.assert_array_equal(
        loaded("lines"), [horizontal, falling[::-1], falling, np.transpose(horizontal)]
    )


def test_haar_weights() -> None:
    edge, bright_line, flat = [-1, -1, 1, 1], [-1, 1, 1, -1], [1, 1, 1, 1]
    assert list(load_filter("haar").names) == ["edge-x", "edge-y", "line-x", "line-y"]
    np.testing.assert_array_equal(
        loaded("haar"),
        [
            np.outer(flat, edge),
            np.outer(edge, flat),
            np.outer(flat, bright_line),
            np.outer(bright_line, flat),
        ],
    )


def test_laws_are_outer_products() -> None:
    vectors = {
        "l5": [1, 4, 6, 4, 1],
        "e5": [-1, -2, 0, 2, 1],
        "s5": [-1, 0, 2, 0, -1],
        "w5": [-1, 2, 0, -2, 1],
        "r5": [1, -4, 6, -4, 1],
    }
    expected = {
        down + across: np.outer(vectors[down], vectors[across]) for down in vectors for across in vectors
    }
    assert list(load_filter("laws").names) == list(expected)
    np.testing.assert_array_equal(loaded("laws"), list(expected.values()))


GABOR_WAVELENGTH = 4
GABOR_SIGMA = 2
GABOR_ANGLES = [index * math.pi / 8 for index in range(8)]


def grating(angle: float, radius: int = 5) -> NDArray[np.float64]:
    """Cosine stripes, bright in the middle; `angle` is the direction across them, from x towards y (down)."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.cos(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / GABOR_WAVELENGTH)


@pytest.mark.parametrize(("index", "angle"), list(enumerate(GABOR_ANGLES)))
def test_gabor_is_a_grating_under_a_gaussian(index: int, angle: float) -> None:
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * GABOR_SIGMA**2))
    stripes = grating(angle)
    expected = window * (stripes - np.average(stripes, weights=window))
    expected /= (expected * stripes).sum()
    assert_near(loaded("gabor")[index], expected)


def test_gabor_names_are_whole_degrees() -> None:
    assert list(load_filter("gabor").names) == [f"{int(math.degrees(angle)):03}" for angle in GABOR_ANGLES]


@pytest.mark.parametrize(("index", "angle"), list(enumerate(GABOR_ANGLES)))
def test_gabor_answers_to_its_own_grating(index: int, angle: float) -> None:
    responses = conv2d(grating(angle).astype(np.float32), load_filter("gabor").weights)[:, 0, 0]
    assert_near(responses[index], 1)
    assert responses.argmax() == index


@pytest.mark.parametrize("index", range(8))
def test_gabor_is_even_and_turns_by_90_degrees_in_four_steps(index: int) -> None:
    weights = loaded("gabor")
    np.testing.assert_array_equal(weights[index], weights[index, ::-1, ::-1])
    assert_near(weights[(index + 4) % 8], np.rot90(weights[index], -1))
