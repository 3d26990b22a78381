"""conv2d and the pools against ONNX Runtime's Conv, MaxPool and AveragePool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from convtool import avg_pool2d, conv2d, max_pool2d
from convtool.core.algorithms import ALGORITHMS
from tests import oracles
from tests.strategies import ConvCase, PoolCase, conv_cases, pool_cases
from tests.tolerances import assert_close, assert_equal, response_scale

OPSET = 19
IR_VERSION = 9
FATAL_ONLY = 4


def run(operator: str, inputs: list[np.ndarray], outputs: int = 1, **attributes: Any) -> list[np.ndarray]:
    """Return what ONNX Runtime computes for a graph of one node; a second output is one of indices."""
    names, results = [f"in{i}" for i in range(len(inputs))], [f"out{i}" for i in range(outputs)]
    types = [TensorProto.FLOAT, TensorProto.INT64]
    graph = helper.make_graph(
        [helper.make_node(operator, names, results, **attributes)],
        "one node",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
            for name, array in zip(names, inputs, strict=True)
        ],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(results, types, strict=False)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, dict(zip(names, inputs, strict=True)))


def padding_attributes(padding: Any) -> dict[str, Any]:
    """Return ONNX's spelling of a padding: pads are top, left, bottom, right."""
    if padding == "same":
        return {"auto_pad": "SAME_UPPER"}
    (top, bottom), (left, right) = oracles.sides(padding, (0, 0), (1, 1), (1, 1), (1, 1))
    return {"pads": [top, left, bottom, right]}


def shared_same(options: dict[str, Any], kernel: oracles.Pair) -> dict[str, Any]:
    """Return options whose padding, if it is `same`, ONNX Runtime understands as we do.

    With SAME_UPPER its Conv refuses a dilation and its MaxPool ignores it, and where a stride is larger than
    the window it crops the image by a negative padding; `same` never crops, here as in TensorFlow.
    """
    if options["padding"] != "same":
        return options
    stride = oracles.pair(options.get("stride", kernel))
    no_further = tuple(min(s, k) for s, k in zip(stride, kernel, strict=True))
    return {**options, "stride": no_further, **({"dilation": 1} if "dilation" in options else {})}


def shared_conv(case: ConvCase) -> ConvCase:
    """Return the case as ONNX has it: it pads with zeros and turns no filter."""
    options = shared_same(case.options, case.weights.shape[2:])
    return replace(case, options={**options, "padding_mode": "zeros", "flip": False})


def shared_pool(case: PoolCase) -> PoolCase:
    return replace(case, options=shared_same(case.options, oracles.pair(case.kernel_size)))


def conv(case: ConvCase) -> np.ndarray:
    inputs = [case.image, case.weights] if case.bias is None else [case.image, case.weights, case.bias]
    return run(
        "Conv",
        [array.astype(np.float32) for array in inputs],
        kernel_shape=case.weights.shape[2:],
        strides=oracles.pair(case.options["stride"]),
        dilations=oracles.pair(case.options["dilation"]),
        group=case.options["groups"],
        **padding_attributes(case.options["padding"]),
    )[0]


def pool_attributes(case: PoolCase) -> dict[str, Any]:
    kernel = oracles.pair(case.kernel_size)
    return {
        "kernel_shape": kernel,
        "strides": oracles.pair(case.options.get("stride", kernel)),
        "ceil_mode": int(case.options["ceil_mode"]),
        **padding_attributes(case.options["padding"]),
    }


each_algorithm = pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])


@each_algorithm
@given(data=st.data())
@settings(max_examples=60)
def test_conv_of_whole_numbers(algorithm: str, data: st.DataObject) -> None:
    case = data.draw(conv_cases(whole=True, algorithm=algorithm).map(shared_conv))
    actual = conv2d(case.image, case.weights, case.bias, algorithm=algorithm, **case.options)
    assert_equal(actual, conv(case))


@each_algorithm
@given(data=st.data())
@settings(max_examples=40)
def test_conv_of_real_numbers(algorithm: str, data: st.DataObject) -> None:
    case = data.draw(conv_cases(whole=False, algorithm=algorithm).map(shared_conv))
    actual = conv2d(case.image, case.weights, case.bias, algorithm=algorithm, **case.options)
    scale = response_scale(case.image, case.weights, case.bias)
    both_roundings = 2 * case.weights[0].size
    assert_close(actual, conv(case), case="conv", terms=both_roundings, scale=scale)


@given(case=pool_cases(dilated=True).map(shared_pool))
@settings(max_examples=150)
def test_max_pool_and_its_places(case: PoolCase) -> None:
    dilations = oracles.pair(case.options["dilation"])
    values, flat = run("MaxPool", [case.image], 2, dilations=dilations, **pool_attributes(case))
    actual, places = max_pool2d(case.image, case.kernel_size, **case.options, return_indices=True)
    assert_equal(actual, values)
    # ONNX counts its indices through the whole batch.
    assert_equal(places, flat % case.image[0, 0].size)


@given(case=pool_cases(dilated=False).map(shared_pool))
@settings(max_examples=150)
def test_average_pool(case: PoolCase) -> None:
    counted = int(case.options["count_include_pad"])
    expected = run("AveragePool", [case.image], count_include_pad=counted, **pool_attributes(case))[0]
    actual = avg_pool2d(case.image, case.kernel_size, **case.options)
    both_roundings = 2 * int(np.prod(oracles.pair(case.kernel_size)))
    scale = np.abs(case.image).max()
    assert_close(actual, expected, case="pool", terms=both_roundings, scale=scale)
