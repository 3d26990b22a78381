"""Recipes: whatever changes the outputs changes the hash, and nothing else does."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

import convtool
from convtool.core.bank import FilterBank
from convtool.io.filters import FilterFile
from convtool.io.limits import Limits
from convtool.jobs.batch import recipe as described
from convtool.jobs.batch.recipe import describe_recipe
from convtool.jobs.batch.work import Recipe
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions
from tests.jobs.batch.handmade import recipe_of

BANK = FilterBank([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], [1, 2], ["a", "b"])

OTHERS: dict[str, dict[str, Any]] = {
    "inputs": {"channels": "each", "scale": "unit", "frame": 0},
    "conv": {
        "stride": (1, 2),
        "padding": 1,
        "padding_mode": "reflect",
        "dilation": 2,
        "groups": 2,
        "flip": True,
    },
    "pool": {"kind": "avg", "size": None, "stride": 1, "padding": 1, "ceil_mode": True},
    "output": {
        "save": frozenset({"relu"}),
        "format": "npy",
        "depth": 8,
        "limits": (0.0, 1.0),
        "compress": True,
    },
}
"""A value that is not the default, for every option that changes the outputs."""

NO_MATTER: dict[str, dict[str, Any]] = {
    "inputs": {"limits": Limits(pixels=9)},
    "conv": {},
    "pool": {},
    "output": {"folder": "elsewhere", "file": "a.png", "sheet": "b.png"},
}
"""A value for every other."""


def digest(recipe: Recipe) -> str:
    text = describe_recipe(recipe)["recipe"]
    assert isinstance(text, str)
    return text


def with_filters(*filters: FilterFile) -> str:
    return digest(recipe_of(filters=filters))


def test_what_a_recipe_is_described_as() -> None:
    made = describe_recipe(recipe_of(conv=ConvOptions(padding=(1, 2)), pool=PoolOptions(size=(2, 3))))
    assert list(made) == ["recipe", "filters_sha256", "options", "version"]
    assert json.loads(json.dumps(made["options"])) == {
        "input": {"channels": "luma", "scale": "stored", "frame": None},
        "conv": {
            "stride": 1,
            "padding": [1, 2],
            "padding_mode": "zeros",
            "dilation": 1,
            "groups": 1,
            "flip": False,
        },
        "pool": {"kind": "max", "size": [2, 3], "stride": None, "padding": 0, "ceil_mode": False},
        "output": {"save": ["pool", "relu"], "format": "png", "depth": 16, "limits": None, "compress": False},
        "strict": False,
    }
    assert made["version"] == convtool.__version__
    weights = np.array([1, 0, 0, -1], "<f4").tobytes() + np.array([0], "<f4").tobytes()
    assert made["filters_sha256"] == sha256(b'["edge", [1, 1, 2, 2], null, null]' + weights).hexdigest()
    rest = {name: made[name] for name in ("filters_sha256", "options", "version")}
    assert made["recipe"] == sha256(json.dumps(rest).encode()).hexdigest()


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, all_ in OTHERS.items() for name in all_]
)
def test_an_option_that_changes_outputs_changes_the_hash(group: str, name: str) -> None:
    usual = recipe_of()
    changed = replace(getattr(usual, group), **{name: OTHERS[group][name]})
    assert digest(replace(usual, **{group: changed})) != digest(usual)


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, all_ in NO_MATTER.items() for name in all_]
)
def test_no_other_option_does(group: str, name: str) -> None:
    usual = recipe_of()
    changed = replace(getattr(usual, group), **{name: NO_MATTER[group][name]})
    assert digest(replace(usual, **{group: changed})) == digest(usual)


@pytest.mark.parametrize(
    ("group", "options"),
    [("inputs", InputOptions), ("conv", ConvOptions), ("pool", PoolOptions), ("output", OutputOptions)],
)
def test_no_option_is_forgotten_here(group: str, options: type) -> None:
    assert {field.name for field in fields(options)} == {*OTHERS[group], *NO_MATTER[group]}


def test_strictness_counts_and_the_folder_one_stands_in_does_not() -> None:
    assert digest(recipe_of(strict=True)) != digest(recipe_of())
    assert digest(recipe_of(folder="/")) == digest(recipe_of())


def test_another_version_of_convtool_is_another_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    now = digest(recipe_of())
    monkeypatch.setattr(described, "__version__", "999")
    assert digest(recipe_of()) != now


@pytest.mark.parametrize(
    "bank",
    [
        FilterBank([[[1, 2, 3, 5]], [[5, 6, 7, 8]]], [1, 2], ["a", "b"]),
        FilterBank([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [1, 2], ["a", "b"]),
        FilterBank([[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]], [1, 2], ["a", "b"]),
        FilterBank([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], [1, 3], ["a", "b"]),
        FilterBank([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], [1, 2], ["a", "c"]),
        FilterBank([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], [1, 2]),
        FilterBank([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], [1, 2], ["a", "b"], "local"),
    ],
)
def test_another_bank_is_another_recipe(bank: FilterBank) -> None:
    assert with_filters(FilterFile("x", bank)) != with_filters(FilterFile("x", BANK))


def test_labels_count_and_so_does_the_order() -> None:
    x, y = FilterFile("x", BANK), FilterFile("y", BANK)
    hashes = [with_filters(*filters) for filters in ((x,), (y,), (x, y), (y, x), (x, x))]
    assert len(set(hashes)) == len(hashes)


def test_what_a_filter_says_of_itself_does_not() -> None:
    told = FilterFile("x", BANK, description="d", source="s", meta={"a": 1}, name="n", notices=("n",))
    assert with_filters(told) == with_filters(
        FilterFile("x", FilterBank(BANK.weights, BANK.bias, BANK.names))
    )
