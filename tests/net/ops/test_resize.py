"""Resizing: against ONNX's reference, every mode and way of counting, and its gradients."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import Resize
from convtool.net.ops.resize import Coordinates, Rounding
from tests.net.onnx_peer import OPSET, run_node
from tests.net.ops.derivatives import foreseen, jacobian, pulled
from tests.strategies import generators, pairs
from tests.tolerances import assert_close, assert_equal

FACTORS = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3)
"""Exact in float32, so that no place lies on another side of a half than in the reference."""


@st.composite
def resizes(draw: st.DrawFn) -> tuple[Resize, dict[str, Any]]:
    """A layer, and ONNX's attributes and inputs for it."""
    options = {
        "mode": draw(st.sampled_from(["nearest", "linear"])),
        "coordinates": draw(st.sampled_from(get_args(Coordinates))),
        "rounding": draw(st.sampled_from(get_args(Rounding))),
    }
    if draw(st.booleans()):
        size = draw(pairs(1, 9))
        return Resize(size=size, **options), {"sizes": np.array(size)}
    scale = draw(st.tuples(st.sampled_from(FACTORS), st.sampled_from(FACTORS)))
    return Resize(scale, **options), {"scales": np.array(scale, np.float32)}


def reference(operation: Resize, maps: np.ndarray, given: dict[str, np.ndarray]) -> np.ndarray:
    """What ONNX's own reference makes of the maps."""
    node = helper.make_node(
        "Resize",
        ["maps", "", *(["", "sizes"] if "sizes" in given else ["scales"])],
        ["resized"],
        mode=operation.mode,
        coordinate_transformation_mode=operation.coordinates,
        nearest_mode=operation.rounding,
        axes=[2, 3],
    )
    ((name, array),) = given.items()
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    graph = helper.make_graph(
        [node],
        "resize",
        [
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, maps.shape),
            helper.make_tensor_value_info(name, kind, array.shape),
        ],
        [helper.make_tensor_value_info("resized", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    return ReferenceEvaluator(model).run(None, {"maps": maps, **given})[0]


ROUNDED = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda place: ceil(place - Fraction(1, 2)),
    "round_prefer_ceil": lambda place: floor(place + Fraction(1, 2)),
}


def symmetric(operation: Resize, maps: np.ndarray) -> np.ndarray:
    """What ``half_pixel_symmetric`` makes of the maps, in whole fractions.

    ONNX's formula has places that are whole, and its reference and ONNX Runtime round them to both sides.
    """

    def line(cells: np.ndarray, out: int, scale: Fraction) -> list[float]:
        made, last = [], len(cells) - 1
        for number in range(out):
            offset = Fraction(len(cells), 2) * (1 - out / (scale * len(cells)))
            place = offset + (number + Fraction(1, 2)) / scale - Fraction(1, 2)
            if operation.mode == "nearest":
                made.append(float(cells[min(max(ROUNDED[operation.rounding](place), 0), last)]))
                continue
            place = min(max(place, Fraction(0)), Fraction(last))
            low, share = floor(place), float(place - floor(place))
            made.append(cells[low] * (1 - share) + cells[min(low + 1, last)] * share)
        return made

    for axis, cells in enumerate(maps.shape[2:], 2):
        if operation.size is not None:
            out = operation.size[axis - 2]
            scale = Fraction(out, cells)
        else:
            scale = Fraction(operation.scale[axis - 2])
            out = floor(scale * cells)
        maps = np.apply_along_axis(line, axis, maps.astype(np.float64), out, scale)
    return maps


def one_cell_of_a_part(operation: Resize, size: tuple[int, int]) -> bool:
    """Whether a side of, say, 1.25 cells becomes one: ONNX's reference takes its place as of 1.25 then.

    ONNX Runtime and PyTorch take it as of one.
    """
    if operation.scale is None or operation.coordinates != "pytorch_half_pixel":
        return False
    return any(1 < cells * scale < 2 for cells, scale in zip(size, operation.scale, strict=True))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_one_cell_of_a_part_is_that_of_onnx_runtime(mode: Any) -> None:
    maps = np.arange(20, dtype=np.float32).reshape(1, 1, 4, 5)
    scales, counted = np.array([1, 1, 0.25, 0.25], np.float32), "pytorch_half_pixel"
    expected = run_node("Resize", maps, None, scales, mode=mode, coordinate_transformation_mode=counted)
    assert_equal(Resize(0.25, mode=mode, coordinates=counted).run(maps), expected)


@given(case=resizes(), size=pairs(4, 7), rng=generators())
@settings(max_examples=80)
def test_a_resize_is_that_of_onnx(
    case: tuple[Resize, dict[str, Any]], size: tuple[int, int], rng: np.random.Generator
) -> None:
    operation, stated = case
    assume(not one_cell_of_a_part(operation, size))
    maps = rng.integers(-99, 100, (1, 2, *size)).astype(np.float32)
    if operation.coordinates == "half_pixel_symmetric":
        expected = symmetric(operation, maps)
    else:
        expected = reference(operation, maps, stated)
    assert_close(foreseen(operation, maps), expected.astype(np.float64), case="conv", terms=8, scale=100)


@given(case=resizes(), size=pairs(4, 7), rng=generators())
@settings(max_examples=60)
def test_a_gradient_goes_to_the_cells_that_were_mixed(
    case: tuple[Resize, dict[str, Any]], size: tuple[int, int], rng: np.random.Generator
) -> None:
    operation, image = case[0], np.zeros((1, 1, *size), np.float32)
    gradient = rng.integers(-9, 10, operation.shape(image.shape)).astype(np.float32)
    shares = jacobian(operation, image, 1)
    assert_close(
        pulled(operation, gradient, image),
        (shares @ gradient.ravel()).reshape(image.shape),
        case="conv",
        terms=gradient.size,
        scale=(np.abs(shares) @ np.abs(gradient.ravel())).reshape(image.shape),
    )


def test_every_image_and_channel_is_resized_by_itself() -> None:
    maps = np.random.default_rng(0).integers(0, 9, (2, 3, 4, 5)).astype(np.float32)
    operation = Resize(1.5, mode="linear")
    for n, c in np.ndindex(2, 3):
        assert_equal(operation.run(maps)[n, c], operation.run(maps[n, c]))


def test_one_factor_is_both() -> None:
    assert Resize(2).scale == Resize((2, 2.0)).scale == (2, 2)
    assert Resize(2).shape((1, 3, 4, 5)) == (1, 3, 8, 10)
    assert Resize(size=3).shape((1, 3, 4, 5)) == (1, 3, 3, 3)


def test_a_map_of_one_cell_fills_what_is_asked_for() -> None:
    maps = np.full((1, 1, 1, 1), 7, np.float32)
    for mode in ("nearest", "linear"):
        assert_equal(foreseen(Resize(size=(2, 3), mode=mode), maps), np.full((1, 1, 2, 3), 7))


@pytest.mark.parametrize(("mode", "cells"), [("nearest", 1), ("linear", 2)])
def test_reach_steps_by_less_than_a_cell_where_maps_grow(mode: Any, cells: int) -> None:
    reach = Resize((2, 0.5), mode=mode).reach((1, 1, 8, 8))
    assert (reach.cells, reach.step) == ((cells, cells), (0.5, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "resize takes a scale or a size; give one of them"),
        ({"scale": 2, "size": 4}, "give one of them"),
        ({"scale": 0}, r"scale is 0; it must be a number above 0, or a \(y, x\) pair"),
        ({"scale": (1, np.inf)}, "scale is .*inf.*; it must be a number above 0"),
        ({"scale": (1, 2, 3)}, r"scale is \(1, 2, 3\); it must be"),
        ({"scale": "2"}, "scale is '2'; it must be"),
        ({"scale": np.nan}, "scale is nan; it must be"),
        ({"size": 0}, "size is 0; it must be a whole number of at least 1"),
        ({"scale": 2, "mode": "cubic"}, "mode is 'cubic'; choose one of nearest, linear"),
        ({"scale": 2, "coordinates": "half"}, "coordinates is 'half'; choose one of half_pixel, "),
        ({"scale": 2, "rounding": "up"}, "rounding is 'up'; choose one of round_prefer_floor, "),
    ],
)
def test_options_that_fit_no_map_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Resize(**options)


def test_what_leaves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="of its input 1×1×4×1, nothing is left"):
        Resize(0.5).shape((1, 1, 4, 1))
    with pytest.raises(InputError, match="it resizes rows and columns, its input is 4"):
        Resize(0.5).shape((4,))


@pytest.mark.parametrize(("cells", "scale", "out"), [(10, 0.7, 7), (10, 2.3, 23), (3, 1.34, 4)])
def test_sizes_are_those_of_scales_in_float32(cells: int, scale: float, out: int) -> None:
    assert Resize(float(np.float32(scale))).shape((1, 1, cells, cells))[2:] == (out, out)
