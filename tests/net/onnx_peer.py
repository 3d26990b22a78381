"""What ONNX Runtime computes, for the tests of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = 19
IR_VERSION = 9
FATAL_ONLY = 4


def run_model(
    model: ModelProto, values: Mapping[str, NDArray[Any]], wanted: Sequence[str] | None = None
) -> list[NDArray[Any]]:
    """What a model's outputs, or those wanted, are: node by node, so that nothing is fused."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(wanted, dict(values))


def model_of(
    nodes: Sequence[NodeProto],
    constants: Mapping[str, NDArray[Any]],
    *,
    shape: Sequence[int | str | None] = (1, 1, 4, 4),
    outputs: Sequence[str] | None = None,
    opset: int = OPSET,
) -> ModelProto:
    """A model that reads ``image``; its output is the last node's unless others are named."""
    names = outputs or nodes[-1].output[:1]
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)


def run_node(
    operator: str, *inputs: NDArray[Any] | None, opset: int = OPSET, **attributes: Any
) -> NDArray[Any]:
    """What one node's first output is; an input that is ``None`` is left out."""
    names = ["" if value is None else f"in{place}" for place, value in enumerate(inputs)]
    given = {name: value for name, value in zip(names, inputs, strict=True) if value is not None}
    graph = helper.make_graph(
        [helper.make_node(operator, names, ["out"], **attributes)],
        "one node",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in given.items()
        ],
        [helper.make_tensor_value_info("out", helper.np_dtype_to_tensor_dtype(np.dtype("f4")), None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)
    return run_model(model, given)[0]
