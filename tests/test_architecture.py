"""Imports go one way, and each library has its place: read from the source of every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "convtool").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

SHARED = {"errors", "text", "record"}
"""Modules that import nothing of convtool and that everything may import."""

LAYERS = ({"core"}, {"io"}, {"learn", "net"}, {"jobs", "view"}, {"cli"})
"""Folders from left to right: the right may import the left, neighbours not each other."""

HOMES = {
    "PIL": {"io", "view"},
    "rich": {"view", "cli"},
    "typer": {"cli"},
    "click": set(),
    "numpy": {"core", "io", "learn", "net", "jobs", "view"},
}
"""Where a library is known; any other place may not import it."""


def imported(source: str) -> set[str]:
    """Every module that a source imports, in functions and type-checking blocks too."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            assert node.module is not None
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def layer(name: str) -> int:
    (number,) = (number for number, names in enumerate(LAYERS) if name in names)
    return number


def forbidden(place: str, source: str) -> list[str]:
    """The imports that a source in this folder (or shared module) may not have."""
    found = []
    for module in sorted(imported(source)):
        top, _, below = module.partition(".")
        target = below.partition(".")[0]
        if top in HOMES and place not in HOMES[top]:
            found.append(module)
        elif top == "convtool" and below and (ROOT / "convtool" / target).is_dir():
            if place in SHARED or (place != target and layer(place) <= layer(target)):
                found.append(module)
        elif top == "convtool" and place in SHARED and target:
            found.append(module)
    return found


def impure(source: str) -> list[str]:
    """Files, clocks, printing and the environment, where a source touches them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id="print" | "open" | "input"):
                found.append(f"line {node.lineno}: {node.id}")
            case ast.Attribute(attr="environ" | "getenv" | "stdout" | "stderr" | "tofile" | "fromfile"):
                found.append(f"line {node.lineno}: {node.attr}")
    outside = {"datetime", "io", "logging", "pathlib", "random", "subprocess", "sys", "tempfile", "time"}
    return found + sorted(outside & imported(source))


def place_of(path: Path) -> str:
    return path.relative_to(ROOT / "convtool").parts[0].removesuffix(".py")


IN_FOLDERS = [path for path in MODULES if place_of(path) not in ("__init__", "__main__")]


@pytest.mark.parametrize("path", IN_FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    assert place_of(path) in SHARED.union(*LAYERS)
    assert forbidden(place_of(path), path.read_text()) == []


def test_the_package_itself_names_core_io_learn_and_net_alone() -> None:
    source = (ROOT / "convtool" / "__init__.py").read_text()
    places = {module.split(".")[1] for module in imported(source) if module.startswith("convtool.")}
    assert places == {"core", "io", "learn", "net"}
    assert imported((ROOT / "convtool" / "__main__.py").read_text()) & {"numpy", "typer"} == set()


@pytest.mark.parametrize(
    "path", [p for p in MODULES if place_of(p) == "core"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_core_is_arrays_in_and_arrays_out(path: Path) -> None:
    assert impure(path.read_text()) == []


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    first = docstring.split("\n\n")[0]
    assert first.endswith(".")


def test_the_slow_twins_know_nothing_of_convtool() -> None:
    modules = imported((ROOT / "tests" / "oracles.py").read_text())
    assert "numpy" in modules
    assert not {module for module in modules if module.partition(".")[0] == "convtool"}


@pytest.mark.parametrize(
    ("place", "source", "found"),
    [
        ("core", "from convtool.io import maps", ["convtool.io", "convtool.io.maps"]),
        ("core", "def f():\n    import convtool.io.maps", ["convtool.io.maps"]),
        (
            "view",
            "from convtool.jobs.image import Outcome",
            ["convtool.jobs.image", "convtool.jobs.image.Outcome"],
        ),
        ("jobs", "from convtool import view", ["convtool.view"]),
        ("learn", "import convtool.net.network", ["convtool.net.network"]),
        ("io", "import convtool.cli.app", ["convtool.cli.app"]),
        ("errors", "from convtool.core import bank", ["convtool.core", "convtool.core.bank"]),
        (
            "record",
            "from convtool.errors import InputError",
            ["convtool.errors", "convtool.errors.InputError"],
        ),
        ("core", "import PIL.Image", ["PIL.Image"]),
        ("jobs", "if x:\n    from rich.text import Text", ["rich.text", "rich.text.Text"]),
        ("view", "import typer", ["typer"]),
        ("cli", "import numpy as np", ["numpy"]),
        ("cli", "import rich.text, typer, convtool.jobs.image, convtool.view.maps", []),
        ("view", "from convtool import __version__, errors, text, record", []),
        ("jobs", "from convtool.jobs import naming; import convtool.net", []),
    ],
)
def test_the_rule_sees(place: str, source: str, found: list[str]) -> None:
    assert forbidden(place, source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("print(1)", ["line 1: print"]),
        ("import os\nos.environ['A']", ["line 2: environ"]),
        ("with open('a') as f: pass", ["line 1: open"]),
        ("from pathlib import Path\nimport time", ["pathlib", "time"]),
        ("import os\nos.cpu_count()", []),
    ],
)
def test_the_rule_of_the_core_sees(source: str, found: list[str]) -> None:
    assert impure(source) == found
