"""Small data sets for the tests: arrays, and files of every kind that hold them."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.net.data.dataset import Dataset
from tests.io import handmade as hm


def dataset_of(images: NDArray, labels: ArrayLike, classes: str = "abcdefgh") -> Dataset:
    """Images by numbers, of classes by letters."""
    numbers = np.asarray(labels, np.intp)
    return Dataset(images, numbers, tuple(classes), [*map(str, range(len(images)))])


def distinct_pictures(count: int, *shape: int) -> NDArray[np.uint8]:
    """Pictures of which no two are the same: each begins with its own number."""
    images = np.zeros((count, *(shape or (1, 2, 2))), np.uint8)
    images.reshape(count, -1)[:, 0] = np.arange(count) % 256
    images.reshape(count, -1)[:, 1] = np.arange(count) // 256
    return images


def npz_of(**arrays: ArrayLike) -> bytes:
    """An NPZ as NumPy saves it."""
    stream = io.BytesIO()
    np.savez(stream, **{name: np.asarray(values) for name, values in arrays.items()})
    return stream.getvalue()


def write_idx(folder: Path, images: NDArray[np.uint8], labels: ArrayLike, name: str = "train") -> Path:
    """A pair of IDX files, of which the labels are packed; the path of the images."""
    path = folder / f"{name}-images-idx3-ubyte"
    path.write_bytes(hm.idx(images))
    packed = gzip.compress(hm.idx(np.asarray(labels, np.uint8)))
    path.with_name(f"{name}-labels-idx1-ubyte.gz").write_bytes(packed)
    return path


def write_folder(folder: Path, files: dict[str, Any]) -> Path:
    """Files by their names: pictures in 8 or 16 bits, gray ``(H, W)`` or colour ``(H, W, 3)``, or bytes."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = (hm.gray_png if np.ndim(content) == 2 else hm.colour_png)(content)
        path.write_bytes(content)
    return folder
