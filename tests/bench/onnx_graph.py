"""ONNX Runtime's side of a case: Conv, or Conv → ReLU → MaxPool, as one graph."""

from __future__ import annotations

from convtool.core.arrays import Float32
from tests.bench.peers import library
from tests.bench.timing import Run

OPSET = 19
IR_VERSION = 9


def onnx_graph(
    image: Float32,
    weights: Float32,
    threads: int,
    *,
    stride: int = 1,
    padding: int = 0,
    pool: int | None = None,
) -> Run:
    """Prepare a session on an image ``(C, H, W)``; ``pool`` adds ReLU and a max pool after Conv."""
    library("onnx")
    helper, numpy_helper = library("onnx.helper"), library("onnx.numpy_helper")
    runtime = library("onnxruntime")
    conv = {"strides": [stride] * 2, "pads": [padding] * 4}
    if pool is None:
        nodes = [helper.make_node("Conv", ["x", "w"], ["y"], **conv)]
    else:
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["response"], **conv),
            helper.make_node("Relu", ["response"], ["map"]),
            helper.make_node("MaxPool", ["map"], ["y"], kernel_shape=[pool] * 2, strides=[pool] * 2),
        ]
    batch = image[None]
    number = library("onnx").TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "case",
        [helper.make_tensor_value_info("x", number, batch.shape)],
        [helper.make_tensor_value_info("y", number, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": batch})[0]
