"""Every operator against ONNX's own conformance suite, one node at a time."""

from __future__ import annotations

import warnings
from fnmatch import fnmatch
from typing import Any

import numpy as np
import pytest
from onnx import helper

from convtool.errors import ConvtoolError
from convtool.net.onnx_nodes import OPERATORS, Node, layers_of

with warnings.catch_warnings():  # some of its cases divide by zero, or overflow, on purpose
    warnings.simplefilter("ignore")
    from onnx.backend.test.case.node import collect_testcases

    COLLECTED = collect_testcases(None)

OUTSIDE = {
    "test_*pool_1d_*": "works on images, with two numbers",
    "test_*pool_3d_*": "works on images, with two numbers",
    "test_batchnorm_*_training_mode": "training mode",
    "test_training_dropout*": "training mode",
    "test_matmul_[34]d": "must have 2 axes",
    "test_matmul_bcast": "must have 2 axes",
    "test_matmul_*_[13]d": "must have 2 axes",
    "test_resize_*cubic*": "has mode 'cubic'",
    "test_resize_*_linear_antialias": "antialias is not supported",
    "test_resize_*_nearest_not_*": "keep_aspect_ratio_policy is not supported",
    "test_resize_tf_crop_and_resize*": "coordinates is 'tf_crop_and_resize'",
}
"""What convtool refuses of the suite, and what it says then."""

ALL_DATA = {"Add", "Mul", "Concat"}
"""Operators whose inputs are all computed; of any other the first is, and the rest are known."""

RELATIVE, ABSOLUTE = 1e-3, 1e-6
"""How far the suite itself lets a value lie from its own."""


def understood(case: Any) -> bool:
    """Whether it is one node of an operator that we run, on float32."""
    nodes = case.model.graph.node
    if len(nodes) != 1 or nodes[0].op_type not in OPERATORS:
        return False
    first = case.data_sets[0][0][0]
    return isinstance(first, np.ndarray) and first.dtype == np.float32


def refusal(name: str) -> str | None:
    return next((message for pattern, message in OUTSIDE.items() if fnmatch(name, pattern)), None)


CASES = [case for case in COLLECTED if understood(case)]


def run_case(case: Any, inputs: list[np.ndarray]) -> np.ndarray:
    """What the layers of a case's node give; every shape is what was foretold."""
    (node,) = case.model.graph.node
    values = dict(zip((value.name for value in case.model.graph.input), inputs, strict=True))
    data = set(node.input if node.op_type in ALL_DATA else node.input[:1])
    constants = {name: value for name, value in values.items() if name not in data}
    attributes = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        attributes[attribute.name] = value.decode() if isinstance(value, bytes) else value
    opset = max(entry.version for entry in case.model.opset_import if entry.domain in ("", "ai.onnx"))
    layers = layers_of(Node(node.op_type, node.output[0], node.input, attributes, constants, opset))
    for layer in layers:
        read = [values[name] for name in layer.inputs]
        values[layer.name] = layer.operation.run(*read)
        assert values[layer.name].dtype == np.float32
        assert values[layer.name].shape == layer.operation.shape(*(value.shape for value in read))
    return values[node.output[0]]


@pytest.mark.parametrize("case", [case for case in CASES if not refusal(case.name)], ids=lambda c: c.name)
def test_an_operator_computes_what_onnx_says_it_does(case: Any) -> None:
    for inputs, outputs in case.data_sets:
        actual = run_case(case, inputs)
        assert actual.shape == outputs[0].shape
        np.testing.assert_allclose(actual, outputs[0], RELATIVE, ABSOLUTE)


@pytest.mark.parametrize("case", [case for case in CASES if refusal(case.name)], ids=lambda c: c.name)
def test_what_is_outside_is_refused_with_its_reason(case: Any) -> None:
    with pytest.raises(ConvtoolError, match=refusal(case.name)):
        run_case(case, case.data_sets[0][0])


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_no_reason_has_gone_stale(pattern: str) -> None:
    assert any(fnmatch(case.name, pattern) for case in CASES)


def test_the_suite_covers_every_operator_but_one() -> None:
    """The cases of Upsample went with the operator, after opset 9; Resize shares its code."""
    tested = {case.model.graph.node[0].op_type for case in CASES}
    assert set(OPERATORS) - tested <= {"Upsample"}
