"""The table of faults and the tests of this package: every row has one, and bears it by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

SECTIONS = {
    "images": ("I", 19),
    "filter_files": ("J", 8),
    "arrays": ("N", 7),
    "map_files": ("M", 5),
    "arguments": ("A", 5),
    "environment": ("E", 11),
    "batch": ("B", 8),
    "distributed": ("D", 4),
}
"""Each section's letter and the number of its last row."""


def rows_of(module: str) -> dict[str, list[str]]:
    """The tests of a module by the row that their names bear."""
    rows: dict[str, list[str]] = {}
    tree = ast.parse((Path(__file__).parent / f"test_{module}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            match = re.match(r"test_([a-z])(\d\d)_", node.name)
            assert match, f"{node.name} bears no row"
            docstring = ast.get_docstring(node)
            assert docstring, f"{node.name} does not tell its fault"
            assert "\n" not in docstring, f"{node.name} tells more than its fault"
            rows.setdefault(f"{match[1].upper()}{int(match[2])}", []).append(node.name)
    return rows


def test_every_row_has_a_test_in_the_file_of_its_section() -> None:
    found = {module: set(rows_of(module)) for module in SECTIONS}
    expected = {
        module: {f"{letter}{number}" for number in range(1, last + 1)}
        for module, (letter, last) in SECTIONS.items()
    }
    assert found == expected
