"""The peers: imported when a row needs them, held to the same number of threads."""

from __future__ import annotations

import shutil
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_BENCH = "pip install 'convtool-maps[bench]'"
_INSTALL = {
    "skimage": _BENCH,
    "cv2": _BENCH,
    "onnx": _BENCH,
    "onnxruntime": _BENCH,
    "scipy": _BENCH,
    "distributed": "pip install 'convtool-maps[dask]'",
    "torch": "pip install torch",
    "opencv-doc": "apt-get install opencv-doc",
    "vips": "install libvips-tools",
    "ImageMagick": "install imagemagick",
}
_DISTRIBUTIONS = ("numpy", "opencv-python-headless", "onnxruntime", "scipy", "torch")


class NotInstalled(Exception):  # noqa: N818
    """A peer is missing; the message says how to install it."""

    def __init__(self, peer: str) -> None:
        super().__init__(_INSTALL[peer])


def library(name: str) -> Any:
    """Import a module of a peer."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise NotInstalled(name.partition(".")[0]) from None


def opencv(threads: int) -> Any:
    """OpenCV's module."""
    cv2 = library("cv2")
    cv2.setNumThreads(threads)
    return cv2


def torch(threads: int) -> Any:
    """PyTorch's module, which will not record gradients."""
    module = library("torch")
    module.set_num_threads(threads)
    module.set_grad_enabled(False)
    return module


def program(peer: str, *names: str) -> str:
    """The path of the first program of these names that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise NotInstalled(peer)


def versions() -> dict[str, str]:
    """Versions of the installed libraries."""
    found = {}
    for distribution in _DISTRIBUTIONS:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found
