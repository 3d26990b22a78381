"""Networks for the tests of ``convtool net``, and its commands run to their end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convtool import load_image, load_network, run_network
from tests.cli.runner import SAMPLES, in_process

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPEC = (SAMPLES / "lines.json").read_bytes()
DRAWING = load_image(SAMPLES / "drawing.json")
CLASSES = ["upright", "level", "turn"]


def spec(path: str, *layers: dict[str, Any], **keys: Any) -> str:
    Path(path).write_text(json.dumps({"format": "convtool.net/1", "layers": layers, **keys}))
    return path


def done(*arguments: str, **options: Any) -> Any:
    finished = in_process("net", *arguments, **options)
    assert (finished.code, finished.err) == (0, ""), finished
    return finished


def noticed(*arguments: str, says: str, **options: Any) -> Any:
    finished = in_process("net", *arguments, **options)
    assert (finished.code, finished.err) == (0, f"convtool: notice: {says}\n"), finished
    return finished


def values_of(image: NDArray[np.float32], *layers: str) -> dict[str, NDArray[np.float32]]:
    return run_network(load_network("lines.json"), image, layers)
