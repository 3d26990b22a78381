"""Networks from one file format to another: what is written, and what is refused."""

from __future__ import annotations

import pytest

from convtool import load_network
from convtool.errors import ArgumentError, OutputError
from convtool.jobs.net.export import export_network


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
        export_network("n.json", output, notify=pytest.fail)


def test_it_gives_what_was_written() -> None:
    network = export_network("n.json", "o.npz", notify=pytest.fail)
    assert network.parameters == load_network("o.npz").parameters == 4
