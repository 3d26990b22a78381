"""ONNX operators as layers: what attributes and constants of each opset mean here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convtool.errors import InputError
from convtool.net import ops
from convtool.net.onnx_nodes import Node, layers_of
from tests.tolerances import assert_equal


def node(operator: str, *constants: Any, opset: int = 13, **attributes: Any) -> Node:
    """A node that reads ``x`` and constants; one that is ``None`` is left out."""
    names = ["" if value is None else f"c{place}" for place, value in enumerate(constants, 1)]
    values = {name: np.asarray(v) for name, v in zip(names, constants, strict=True) if v is not None}
    return Node(operator, "y", ("x", *names), attributes, values, opset)


def made(operator: str, *constants: Any, **options: Any) -> Any:
    """The one operation of a node that reads ``x``."""
    (layer,) = layers_of(node(operator, *constants, **options))
    assert (layer.name, layer.inputs) == ("y", ("x",))
    return layer.operation


def test_an_input_is_there_if_it_has_a_name() -> None:
    clip = node("Clip", None, 6.0)
    assert [clip.has(place) for place in range(4)] == [True, False, True, False]


def test_a_convolution_has_the_defaults_of_onnx() -> None:
    conv = made("Conv", np.ones((2, 1, 3, 3), np.float32))
    assert (conv.stride, conv.padding, conv.dilation, conv.groups) == ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    assert not conv.bank.bias.any()


def test_pads_are_all_starts_and_then_all_ends() -> None:
    conv = made("Conv", np.ones((1, 1, 3, 3)), pads=[1, 2, 3, 4])
    assert conv.padding == ((1, 3), (2, 4))
    assert made("MaxPool", kernel_shape=[5, 5], pads=[1, 2, 3, 4]).padding == ((1, 3), (2, 4))
    assert made("Pad", [0, 0, 1, 2, 0, 0, 3, 4]).before == (0, 0, 1, 2)


@pytest.mark.parametrize(
    ("automatic", "padding"),
    [("SAME_UPPER", "same"), ("SAME_LOWER", "same_lower"), ("VALID", "valid"), ("NOTSET", ((1, 1), (1, 1)))],
)
def test_padding_may_be_automatic(automatic: str, padding: Any) -> None:
    """Pads count only where nothing is automatic."""
    attributes = {"auto_pad": automatic, "pads": [1, 1, 1, 1]}
    assert made("Conv", np.ones((1, 1, 3, 3)), **attributes).padding == padding
    assert made("AveragePool", kernel_shape=[3, 3], **attributes).padding == padding


def test_a_pool_strides_by_one_and_counts_no_padding_if_nothing_is_said() -> None:
    pool = made("AveragePool", kernel_shape=[3, 2])
    assert (pool.size, pool.stride, pool.ceil_mode, pool.count_include_pad) == ((3, 2), (1, 1), False, False)
    assert made("AveragePool", kernel_shape=[3, 2], count_include_pad=1).count_include_pad


def test_clip_has_its_ends_as_attributes_before_opset_11_and_as_inputs_since() -> None:
    old, new = (
        made("Clip", opset=10, min=-1.0, max=6.0),
        made("Clip", np.float32(-1), np.float32(6), opset=11),
    )
    assert (old.low, old.high) == (new.low, new.high) == (-1, 6)
    half = made("Clip", None, np.float32(6), min=3.0)
    assert (half.low, half.high) == (-np.inf, 6)
    none = made("Clip", opset=7)
    assert (none.low, none.high) == (-np.inf, np.inf)


def test_pad_has_its_sides_as_an_attribute_before_opset_11_and_as_an_input_since() -> None:
    old, new = made("Pad", opset=10, pads=[1, 2, 3, 4], value=5.0), made("Pad", [1, 2, 3, 4], np.float32(5))
    assert (old.before, old.after, old.value) == (new.before, new.after, new.value) == ((1, 2), (3, 4), 5)
    assert made("Pad", [1, 2, 3, 4]).value == 0


def test_pad_may_name_the_axes_of_its_sides() -> None:
    named = made("Pad", [1, 2, 3, 4], None, [3, -3], opset=18)
    assert (named.before, named.after) == ((0, 2, 0, 1), (0, 4, 0, 3))


def test_softmax_is_over_all_axes_from_one_on_before_opset_13() -> None:
    assert [(made("Softmax", opset=n).axis, made("Softmax", opset=n).flat) for n in (12, 13)] == [
        (1, True),
        (-1, False),
    ]
    assert made("Softmax", axis=2).axis == 2


def test_resize_counts_as_its_opset_does() -> None:
    before = made("Resize", np.float32([1, 1, 2, 3]), opset=10)
    assert (before.scale, before.coordinates, before.rounding) == ((2, 3), "asymmetric", "floor")
    since = made("Resize", None, np.float32([1, 1, 2, 3]), mode="linear")
    assert (since.scale, since.mode, since.coordinates) == ((2, 3), "linear", "half_pixel")
    assert since.rounding == "round_prefer_floor"
    assert made("Resize", None, None, [1, 9, 5, 6]).size == (5, 6)
    assert made("Resize", None, np.float32([3, 2]), axes=[-1, 2], opset=18).scale == (2, 3)


def test_upsample_has_its_scales_as_an_attribute_before_opset_9_and_as_an_input_since() -> None:
    old = made("Upsample", opset=7, scales=[1.0, 1.0, 2.0, 3.0])
    new = made("Upsample", np.float32([1, 1, 2, 3]), opset=9)
    for upsample in (old, new):
        assert (upsample.scale, upsample.coordinates, upsample.rounding) == ((2, 3), "asymmetric", "floor")
    assert made("Upsample", opset=7, scales=[1.0, 1.0, 2.0, 2.0], mode="linear").mode == "linear"


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (2, 1, 1, 1)])
def test_images_and_channels_are_not_resized(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="rows and columns can be resized"):
        made("Resize", None, np.float32(shape))


@pytest.mark.parametrize(
    ("slope", "shape"),
    [((), ()), ((1,), ()), ((3,), (1, 3)), ((3, 1, 1), (3,)), ((1, 3, 1, 1), (1, 3, 1, 1))],
)
def test_slopes_are_spread_over_the_last_axes_but_for_those_of_channels(
    slope: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    assert made("PRelu", np.ones(slope)).slope.shape == shape


def test_dropout_is_refused_in_training_only() -> None:
    assert isinstance(made("Dropout", np.float32(0.9), np.array(False)), ops.Dropout)
    with pytest.raises(
        InputError, match="Dropout in training mode is not supported; export the model for inf"
    ):
        made("Dropout", np.float32(0.9), np.array(True))


def test_a_matrix_product_is_a_dense_layer_of_the_matrix_turned() -> None:
    assert_equal(made("MatMul", [[1, 2, 3], [4, 5, 6]]).arrays["weights"], np.array([[1, 4], [2, 5], [3, 6]]))


def test_gemm_is_a_dense_layer_if_its_bias_is_one_a_result() -> None:
    dense = made("Gemm", [[1, 2], [3, 4]], [5, 6], alpha=2.0, beta=-1.0)
    assert_equal(dense.arrays["weights"], np.array([[2, 6], [4, 8]]))
    assert_equal(dense.arrays["bias"], np.array([-5, -6]))
    assert made("Gemm", [[1, 2], [3, 4]], transB=1).arrays.keys() == {"weights"}


def test_gemm_is_several_layers_if_one_does_not_do() -> None:
    layers = layers_of(node("Gemm", [[1, 2], [3, 4]], [[5], [6], [7]], transA=1))
    assert [(layer.name, layer.operation.kind, layer.inputs) for layer in layers] == [
        ("y.turned", "transpose", ("x",)),
        ("y.product", "dense", ("y.turned",)),
        ("y.addend", "constant", ()),
        ("y", "add", ("y.product", "y.addend")),
    ]


def test_what_is_computed_while_the_graph_runs_is_no_constant() -> None:
    for operator in ("Conv", "Gemm", "MatMul", "PRelu", "Reshape", "BatchNormalization"):
        computed = Node(operator, "y", ("x", "z", "z", "z", "z"), {}, {}, 13)
        with pytest.raises(
            InputError, match=f"{operator} computes its .* while it runs; convtool takes const"
        ):
            layers_of(computed)
