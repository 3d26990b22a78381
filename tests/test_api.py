"""The public API: its names, its signatures, its docstrings and their examples, and what importing loads."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import convtool
from convtool.errors import ArgumentError, LimitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parent.parent
ONES = [[1, 1], [1, 1]]

SIGNATURES = {
    "FilterBank": "(weights, bias=None, names=None, normalize=None)",
    "Patch": "(picture, y=0, x=0, height=None, width=None, name='the patch')",
    "avg_pool2d": (
        "(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, *, "
        "dilation=1, threads=None)"
    ),
    "conv2d": (
        "(image, weights, bias=None, *, stride=1, padding='valid', padding_mode='zeros', dilation=1, "
        "groups=1, flip=False, algorithm='auto', threads=None)"
    ),
    "feature_maps": (
        "(image, bank, *, relu=True, pool=None, pool_kind='max', stride=1, padding='valid', "
        "padding_mode='zeros', dilation=1, groups=1, flip=False, algorithm='auto', threads=None)"
    ),
    "find_peaks": "(responses, size, *, threshold=0.0, top=None, overlap=0.3)",
    "global_avg_pool2d": "(x)",
    "global_max_pool2d": "(x)",
    "learn_filter": (
        "(patches, background=(), *, method='auto', false_alarms=0.05, ridge=None, folds=5, seed=0, "
        "progress=None)"
    ),
    "load_filter": "(path_or_name)",
    "load_image": "(path, *, channels='luma', scale='stored', frame=None, strict=False)",
    "load_map": "(path)",
    "load_network": "(path, *, limits=None)",
    "max_pool2d": (
        "(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, "
        "*, threads=None)"
    ),
    "min_pool2d": (
        "(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, "
        "*, threads=None)"
    ),
    "plan": (
        "(image_shape, bank, *, relu=True, pool=None, pool_kind='max', stride=1, padding='valid', "
        "padding_mode='zeros', dilation=1, groups=1, flip=False, algorithm='auto', threads=None)"
    ),
    "recover_filter": "(before, after, size)",
    "relu": "(x)",
    "run_network": "(network, images, wanted=())",
    "save_map": "(path, array, *, depth=16, range=None, stage=None, filter=None)",
}
"""Every public call, less its types."""

BRIEF = {"min_pool2d", "global_avg_pool2d", "global_max_pool2d"}
"""Calls whose first line says all, or refers to another's docstring."""


def modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(convtool.__path__, "convtool.")]
    return [convtool, *(importlib.import_module(name) for name in names if name != "convtool.__main__")]


def test_the_public_names() -> None:
    assert convtool.__all__ == sorted(SIGNATURES)
    assert set(convtool.__all__) <= set(dir(convtool))


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(convtool, name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    shown = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    assert str(shown) == SIGNATURES[name]
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'convtool' has no attribute 'conv3d'"):
        convtool.conv3d  # noqa: B018


def test_importing_loads_nothing_until_a_name_is_used() -> None:
    code = (
        "import json, sys, convtool\n"
        "before = [m for m in ('numpy', 'PIL', 'rich', 'typer') if m in sys.modules]\n"
        "convtool.__version__, dir(convtool)\n"
        "assert convtool.relu is convtool.relu\n"
        "after = [m for m in ('numpy', 'PIL', 'rich', 'typer') if m in sys.modules]\n"
        "print(json.dumps([before, after]))\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(finished.stdout) == [[], ["numpy"]]


@pytest.mark.parametrize("name", SIGNATURES)
def test_docstrings_say_what_goes_in_what_comes_out_and_show_it(name: str) -> None:
    value = getattr(convtool, name)
    text = inspect.getdoc(value) or ""
    sections = ["Examples"] if name in BRIEF else ["Parameters", "Returns", "Examples"]
    if inspect.isclass(value) or name == "save_map":
        sections.remove("Returns")
    for section in sections:
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    for parameter in () if name in BRIEF else inspect.signature(value).parameters:
        assert re.search(rf"\b{parameter}\b", text), parameter
    assert f">>> {name}(" in text or f"{name}(" in text.partition(">>> ")[2]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_examples_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    public = {name: getattr(convtool, name) for name in convtool.__all__}
    failed, _ = doctest.testmod(module, extraglobs={} if module is convtool else public, raise_on_error=False)
    assert failed == 0


def test_the_examples_are_found() -> None:
    examples = sum(len(test.examples) for m in modules() for test in doctest.DocTestFinder().find(m))
    assert examples >= 30


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: convtool.conv2d(ONES, ONES, algorithm=[]), ArgumentError, r"algorithm is \[\]; choose"),
        (
            lambda: convtool.conv2d(ONES, ONES, padding=10**9),
            LimitError,
            "more than any memory holds; use less",
        ),
        (
            lambda: convtool.conv2d(ONES, ONES, padding=10**30),
            LimitError,
            "more than any memory holds; use less",
        ),
        (
            lambda: convtool.feature_maps(ONES, convtool.FilterBank(ONES), pool=2, pool_kind={}),
            ArgumentError,
            r"pool kind is \{\}; choose",
        ),
        (lambda: convtool.save_map("a.png", ONES, stage=5), ArgumentError, "stage is 5; it must be a text"),
        (lambda: convtool.save_map("a.png", ONES, filter=b"a"), ArgumentError, "filter is b'a'; it must be"),
        (
            lambda: convtool.save_map("a.png", ONES, range=5),
            ArgumentError,
            "range is 5; give a low and a higher",
        ),
        (
            lambda: convtool.save_map("a.png", ONES, range=("a", 2)),
            ArgumentError,
            r"range is \('a', 2\); give",
        ),
        (
            lambda: convtool.save_map("a.png", ONES, range=(1, 2, 3)),
            ArgumentError,
            r"range is \(1, 2, 3\); give",
        ),
        (lambda: convtool.save_map("a\0.png", ONES), ArgumentError, "holds a NUL character"),
        (lambda: convtool.load_image("a\0"), ArgumentError, "holds a NUL character"),
    ],
)
def test_odd_arguments_of_the_library(
    call: Callable[[], object],
    error: type[Exception],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        call()
    assert not list(tmp_path.iterdir())
