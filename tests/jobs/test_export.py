"""Filters from one file format to another, and what is said to be lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from convtool import load_filter
from convtool.errors import ArgumentError, InputError, OutputError
from convtool.jobs.export import export_filter
from tests.tolerances import assert_same_bytes


def export(name: str, output: str, format_: str = "json") -> list[str]:
    notices: list[str] = []
    export_filter(name, output, format_, notify=notices.append)  # type: ignore[arg-type]
    return notices


def test_json_to_npy_and_back() -> None:
    assert export("kirsch", "a.npy") == ["a.npy: NPY keeps the weights alone; names and meta dropped"]
    assert export("a.npy", "b.json") == []
    assert_same_bytes(load_filter("b.json").weights, load_filter("kirsch").weights)
    assert json.loads(Path("b.json").read_text())["name"] == "a"


@pytest.mark.parametrize("weights", [[[1, 2]], [[[1, 2]]], [[[[1, 2]], [[3, 4]]]]])
def test_the_axes_read_back_as_the_same_bank(weights: list) -> None:
    Path("f.json").write_text(json.dumps(weights))
    for output in ("f.npy", "g.json"):
        export("f.json", output)
        bank = load_filter(output)
        assert (bank.weights.tolist(), bank.single) == (
            np.array(weights, np.float32).reshape(bank.weights.shape).tolist(),
            np.ndim(weights) == 2,
        )


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"bias": 1}, ["f.npy: NPY keeps the weights alone; bias dropped"]),
        (
            {"names": ["a"], "normalize": "local"},
            ["f.npy: NPY keeps the weights alone; names and normalize dropped"],
        ),
        ({"divisor": 4, "description": "d", "source": "s", "name": "n"}, []),
    ],
)
def test_what_npy_loses_is_noticed(fields: dict, lost: list[str]) -> None:
    Path("f.json").write_text(json.dumps({"weights": [[1, 2]], **fields}))
    assert export("f.json", "f.npy") == lost
    assert np.load("f.npy").tolist() == [[1 / fields.get("divisor", 1), 2 / fields.get("divisor", 1)]]
    assert export("f.json", "g.json") == []


def test_a_device_takes_the_format_given() -> None:
    lost = [f"{os.devnull}: NPY keeps the weights alone; names and meta dropped"]
    assert export("kirsch", os.devnull, "npy") == lost
    assert export("kirsch", os.devnull, "json") == []


@pytest.mark.parametrize(
    ("output", "error", "says"),
    [
        ("f.json", ArgumentError, "f.json: the output would replace the input f.json; name another"),
        ("f.txt", ArgumentError, "a filter is written as .json or .npy, not 'txt'"),
        ("", ArgumentError, "-o is empty"),
        ("sub", OutputError, "sub: it is a folder; name a file in it"),
        ("no/f.npy", OutputError, "no/f.npy: its folder does not exist; create it first"),
    ],
)
def test_where_it_cannot_go(output: str, error: type[Exception], says: str) -> None:
    Path("f.json").write_text("[[1]]")
    Path("sub").mkdir()
    with pytest.raises(error, match=says):
        export("f.json", output)
    assert sorted(path.name for path in Path().iterdir()) == ["f.json", "sub"]


def test_binary_is_not_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    says = "^-o - would write binary to a terminal; redirect it, or use --format json$"
    with pytest.raises(ArgumentError, match=says):
        export("kirsch", "-", "npy")
    assert export("kirsch", "-") == export("kirsch", "f.npy")[1:] == []


def test_a_bad_filter_makes_no_file() -> None:
    Path("f.json").write_text("[[1], [2, 3]]")
    with pytest.raises(InputError, match=r"^f\.json: row 2 has 2 values, row 1 has 1"):
        export("f.json", "g.npy")
    assert not Path("g.npy").exists()
