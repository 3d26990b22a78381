"""Networks from one file format to another: what is written, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convtool import load_network
from convtool.errors import ArgumentError, OutputError
from convtool.jobs.net.export import export_network
from convtool.net.files import ONNX_BEGINS


@pytest.mark.parametrize(
    ("output", "error", "says"),
    [
        ("n.json", ArgumentError, "would replace the input n.json"),
        ("n.txt", ArgumentError, "a network is written as .npz or .onnx, not txt"),
        (".", OutputError, "it is a folder"),
        ("no/n.npz", OutputError, "its folder does not exist"),
    ],
)
def test_what_is_refused(output: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        export_network("n.json", output, "npz", notify=pytest.fail)


def test_a_suffix_says_the_format_and_a_device_takes_the_one_given(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    for output in ("o.onnx", "o.npz"):
        export_network("n.json", output, "npz", notify=pytest.fail)
    assert Path("o.onnx").read_bytes()[:1] == ONNX_BEGINS
    for format_ in ("npz", "onnx"):
        export_network("n.json", "-", format_, notify=pytest.fail)
        assert capfdbinary.readouterr().out == Path(f"o.{format_}").read_bytes()


def test_it_is_not_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(ArgumentError, match=r"^-o - would write binary to a terminal; redirect it$"):
        export_network("n.json", "-", "npz", notify=pytest.fail)
    export_network("n.json", os.devnull, "npz", notify=pytest.fail)


def test_it_gives_what_was_written() -> None:
    network = export_network("n.json", "o.npz", "onnx", notify=pytest.fail)
    assert network.parameters == load_network("o.npz").parameters == 4
