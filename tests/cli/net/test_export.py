"""``convtool net export``: from any format to any, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convtool import load_network
from tests.cli.net.networks import done, spec
from tests.net.every_kind import assert_same_network

if TYPE_CHECKING:
    from collections.abc import Callable


class TestExport:
    def test_from_any_format_to_any(self) -> None:
        network = load_network("lines.json")
        for model in ("lines.json", "lines.npz"):
            assert done("export", model, "-o", "out.npz").data == b""
            assert_same_network(load_network("out.npz"), network)
            assert Path("out.npz").read_bytes() == Path("lines.npz").read_bytes()
            done("export", model, "-o", "out.onnx")
            assert Path("out.onnx").read_bytes() == Path("lines.onnx").read_bytes()
        done("export", "lines.onnx", "-o", "from.npz")
        done("export", "from.npz", "-o", "again.onnx")
        scores = [
            done("run", name, "drawing.json", "--json").record["top"]
            for name in ("lines.json", "from.npz", "again.onnx")
        ]
        assert scores[0] == scores[1] == scores[2]

    def test_replaces_an_older_file_whole(self) -> None:
        Path("out.npz").write_text("older" * 10_000)
        done("export", "lines.json", "-o", "out.npz")
        assert Path("out.npz").read_bytes() == Path("lines.npz").read_bytes()

    def test_what_onnx_cannot_say_is_refused(self, mistake: Callable[..., str]) -> None:
        spec("local.json", {"kind": "conv", "weights": "sobel-x", "normalize": "local"})
        says = "^convtool: local.json: layer 'conv1': ONNX has no operator that divides by the deviation"
        mistake("net", "export", "local.json", "-o", "out.onnx", code=3, says=says)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("export", "lines.json"), 2, "Missing option '-o' / '--output'"),
        (("export", "lines.json", "-o", "a.json"), 2, "a network is written as .npz or .onnx, not json$"),
        (("export", "lines.json", "-o", "a"), 2, "a network is written as .npz or .onnx, not without a suff"),
        (("export", "lines.json", "-o", ""), 2, "-o is empty"),
        (("export", "lines.json", "-o", "sub"), 5, "^convtool: sub: it is a folder; name a file in it$"),
        (("export", "lines.json", "-o", "no/a.npz"), 5, "^convtool: no/a.npz: its folder does not exist; cr"),
        (("export", "lines.npz", "-o", "lines.npz"), 2, "would replace the input lines.npz; name another$"),
        (("export", "lines.npz", "-o", "link.npz"), 2, "would replace the input lines.npz; name another$"),
        (("export", "lines.npz", "-o", "a.onnx", "--max-memory", "99"), 4, "--max-memory 1M or CONVTOOL_MAX"),
        (("export", "gray.png", "-o", "a.npz"), 3, "^convtool: gray.png: no network"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("wrong")
def test_a_mistake(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("net", *arguments, code=code, says=says)
