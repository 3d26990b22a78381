"""Networks as ONNX: valid, of the same numbers in another runtime, and the same network read back."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from convtool import FilterBank, load_network, run_network
from convtool.errors import InputError, OutputError
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from convtool.net.onnx_reader import network_of_onnx
from convtool.net.onnx_writer import IR_VERSION, OPSET, onnx_of_network
from tests.cli.runner import ROOT, SAMPLES
from tests.net.every_kind import BEYOND_ONNX, EVERY_KIND, IMAGE, network_of, numbers
from tests.tolerances import assert_close, assert_same_bytes

WRITTEN = {name: operation for name, operation in EVERY_KIND.items() if name not in BEYOND_ONNX}


def run_elsewhere(data: bytes, image: NDArray[Any]) -> NDArray[np.float32]:
    """What ONNX Runtime makes of an image, node by node."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (name,) = (each.name for each in session.get_inputs())
    result: NDArray[np.float32] = session.run(None, {name: image[np.newaxis]})[0]
    return result


def read_back(data: bytes) -> Network:
    return network_of_onnx(data, "made", lambda location: pytest.fail(location))


def model_of(network: Network) -> Any:
    return onnx.load_model_from_string(onnx_of_network(network))


@pytest.mark.parametrize("kind", WRITTEN)
def test_another_runtime_has_the_same_numbers(kind: str) -> None:
    network = network_of(WRITTEN[kind])
    data = onnx_of_network(network)
    onnx.checker.check_model(onnx.load_model_from_string(data), full_check=True)
    ours = run_network(network, IMAGE[np.newaxis])[network.outputs[0]]
    scale = 1 + np.abs(ours).max() + np.abs(IMAGE).max()
    assert_close(ours, run_elsewhere(data, IMAGE).astype(np.float64), case="conv", terms=84, scale=scale)


@pytest.mark.parametrize("kind", WRITTEN)
def test_it_is_read_back_as_the_same_network(kind: str) -> None:
    network = network_of(WRITTEN[kind])
    read = read_back(onnx_of_network(network))
    ours, theirs = (
        run_network(each, IMAGE[np.newaxis])[each.outputs[0]].tobytes() for each in (network, read)
    )
    assert ours == theirs
    assert (read.input, read.outputs) == (network.input, network.outputs)
    names = [layer.name for layer in network.layers]
    kept = [layer for layer in read.layers if layer.name in names]
    assert [layer.name for layer in kept] == names
    for layer in kept:
        assert layer.operation.kind == network[layer.name].operation.kind


@pytest.mark.parametrize("kind", ["conv", "prelu, spread", "batch norm", "dense", "constant"])
def test_arrays_keep_every_bit(kind: str) -> None:
    network = network_of(WRITTEN[kind])
    for layer in read_back(onnx_of_network(network)).layers:
        given = network[layer.name].operation.arrays if layer.name == "it" else {}
        assert layer.operation.arrays.keys() == given.keys()
        for name, values in given.items():
            assert_same_bytes(layer.operation.arrays[name], values)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("conv, normalized", r"^layer 'it': ONNX has no operator that divides by the deviation of a window"),
        ("conv, symmetric", "^layer 'it': ONNX has no padding mode 'symmetric'$"),
        ("softmax, flat", "^layer 'it': ONNX has no softmax over several axes; put flatten before it$"),
    ],
)
def test_what_onnx_cannot_say_is_refused(kind: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        onnx_of_network(network_of(BEYOND_ONNX[kind]))


def test_every_operation_can_be_written() -> None:
    assert {operation.kind for operation in WRITTEN.values()} == set(ops.OPERATIONS)


def test_what_every_model_says_of_itself() -> None:
    model = model_of(load_network(SAMPLES / "lines.json"))
    assert (model.ir_version, model.producer_name) == (IR_VERSION, "convtool")
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert [(node.name, node.op_type) for node in model.graph.node][:3] == [
        ("lines", "Conv"),
        ("found", "Relu"),
        ("pooled", "MaxPool"),
    ]
    assert all(one.output[0] in other.input for one, other in pairwise(model.graph.node))
    (first,), (last,) = model.graph.input, model.graph.output
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (first, last)
    ]
    assert shapes == [["N", 1, 12, 12], ["N", 3]]


def test_scaling_and_classes_are_kept() -> None:
    source = Input("picture", 3, (4, 5), 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    layers = (Layer("flat", ops.Flatten(), ("picture",)), Layer("top", ops.Relu(), ("flat",)))
    network = Network("n", source, layers, ("top", "flat"), ("cat", "写真", "a b") * 20)
    read = read_back(onnx_of_network(network))
    assert (read.input, read.outputs, read.classes) == (source, ("top", "flat"), network.classes)
    assert read_back(onnx_of_network(network_of(ops.Relu()))).classes is None


def test_what_was_noted_is_kept() -> None:
    meta = {"trained": {"seed": 2**53, "loss": [0.5, None, True]}, "by": "写真\n"}
    network = network_of(ops.Relu(), description="what it does\n写真", meta=meta)
    read = read_back(onnx_of_network(network))
    assert (read.description, read.meta) == (network.description, meta)
    assert {entry.key for entry in model_of(network_of(ops.Relu())).metadata_props} == {"convtool.input"}


def test_a_network_for_any_size() -> None:
    layers = (
        Layer("conv", ops.Conv(FilterBank(numbers(2, 1, 3, 3)), padding=1), ("input",)),
        Layer("pool", ops.MaxPool(40), ("conv",)),
    )
    read = read_back(onnx_of_network(Network("n", Input(), layers, ("pool",))))
    assert read.input == Input()
    data = onnx_of_network(Network("n", Input(), layers[:1], ("conv",)))
    for height, width in ((5, 9), (12, 4)):
        assert run_elsewhere(data, numbers(1, height, width)).shape == (1, 2, height, width)


def test_a_network_that_no_size_goes_through() -> None:
    dense = Layer("dense", ops.Dense(numbers(2, 7)), ("flat",))
    network = Network("n", Input(), (Layer("flat", ops.Flatten(), ("input",)), dense), ("dense",))
    with pytest.raises(InputError, match="layer 'dense': it reads vectors of 7 values"):
        onnx_of_network(network)


@pytest.mark.parametrize("other", ["it.weights", "it.bias", "it.padded", "it.pads", "it.weights_"])
def test_a_layer_may_be_called_as_an_array_is(other: str) -> None:
    conv = ops.Conv(FilterBank(numbers(3, 2, 3, 3), [1, 2, 3]), padding=1, padding_mode="reflect")
    layers = (
        Layer("it.weights", ops.Relu(), ("input",)),
        Layer("it", conv, ("it.weights",)),
        Layer(other + "'", ops.Relu(), ("it",)),
        Layer(other + ("" if other != "it.weights" else "__"), ops.Relu(), ("it",)),
    )
    network = Network("n", Input(channels=2, size=(6, 7)), layers, (layers[-1].name,))
    data = onnx_of_network(network)
    ours = run_network(network, IMAGE[np.newaxis])[layers[-1].name]
    assert_close(ours, run_elsewhere(data, IMAGE).astype(np.float64), case="conv", terms=18, scale=99)


@pytest.mark.parametrize("share", [0, 0.25])
def test_a_dropout_does_nothing(share: float) -> None:
    network = network_of(ops.Dropout(share))
    assert run_elsewhere(onnx_of_network(network), IMAGE).tobytes() == IMAGE.tobytes()


def test_without_the_package_the_way_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = onnx_of_network(network_of(ops.Relu()))
    monkeypatch.setitem(sys.modules, "onnx", None)
    says = r"^ONNX models take the onnx package; install it with pip install 'convtool-maps\[onnx\]'$"
    with pytest.raises(OutputError, match=says):
        onnx_of_network(network_of(ops.Relu()))
    with pytest.raises(OutputError, match=says):
        read_back(data)


def test_a_network_of_ones_own_needs_no_package(tmp_path: Path) -> None:
    """Of a process in which neither onnx nor protobuf can be found, all but ONNX works."""
    hidden = tmp_path / "hidden"
    for name in ("onnx", "google"):
        (hidden / name).mkdir(parents=True)
        (hidden / name / "__init__.py").write_text("raise ModuleNotFoundError('hidden')")
    Path(tmp_path, "n.onnx").write_bytes(onnx_of_network(network_of(ops.Relu())))
    environment = {**os.environ, "PYTHONPATH": f"{hidden}:{ROOT}"}

    def command(*arguments: str) -> tuple[int, str]:
        finished = subprocess.run(
            [sys.executable, "-m", "convtool", "net", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return finished.returncode, finished.stderr

    lines = str(SAMPLES / "lines.json")
    install = "ONNX models take the onnx package; install it with pip install 'convtool-maps[onnx]'\n"
    assert command("export", lines, "-o", "n.npz") == (0, "")
    assert command("run", "n.npz", str(SAMPLES / "drawing.json")) == (0, "")
    assert command("show", "n.onnx") == (5, f"convtool: n.onnx: {install}")
    code, err = command("export", "n.npz", "-o", "m.onnx")
    assert (code, err.count("\n"), err.endswith(install)) == (5, 1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hidden", "n.npz", "n.onnx"]
