"""Fixtures of ``convtool net``'s tests: networks to work with, and files that are wrong for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_network
from convtool.net.files import encode_network
from tests.cli.net.networks import SPEC, spec
from tests.cli.runner import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def models(folder: Path) -> None:
    """``lines`` as a spec, an NPZ and an ONNX model, and the ``drawing.json`` that it reads."""
    (folder / "lines.json").write_bytes(SPEC)
    network = load_network(folder / "lines.json")
    for format_ in ("npz", "onnx"):
        (folder / f"lines.{format_}").write_bytes(encode_network(network, format_))
    (folder / "drawing.json").write_bytes((SAMPLES / "drawing.json").read_bytes())


@pytest.fixture
def wrong(gray: NDArray[np.float32]) -> None:
    """Networks and images that do not go together, a folder, and a link to a model."""
    Path("sub").mkdir()
    Path("link.npz").symlink_to("lines.npz")
    Path("small.csv").write_text("1,2\n")
    np.save("planes.npy", np.ones((2, 12, 12), np.float32))
    np.save("large.npy", np.ones((300, 300), np.float32))
    large = {"kind": "conv", "weights": [[3e38]]}
    spec("rgb.json", {"kind": "relu"}, input={"channels": 3})
    spec("any.json", {"kind": "conv", "weights": "sobel-x"}, {"kind": "relu"})
    spec("vast.json", large, large, {"kind": "global_max_pool"})
    spec("dense.json", {"kind": "flatten"}, {"kind": "dense", "weights": [[1, 2, 3]]})
