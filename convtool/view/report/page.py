"""The page: one HTML file that fetches nothing and runs nothing but its own script."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

_ASSETS = Path(__file__).with_name("assets")

SCRIPTS = (
    "values.js",
    "axes.js",
    "maps.js",
    "derivation.js",
    "scales.js",
    "text.js",
    "dom.js",
    "state.js",
    "geometry.js",
    "sight.js",
    "pictures.js",
    "work.js",
    "marks.js",
    "cells.js",
    "outlines.js",
    "scalebars.js",
    "boards.js",
    "grids.js",
    "sentences.js",
    "steps.js",
    "taps.js",
    "panel.js",
    "filterfile.js",
    "fields.js",
    "faults.js",
    "editor.js",
    "overview.js",
    "pointing.js",
    "player.js",
    "zoom.js",
    "theme.js",
    "main.js",
)
"""The parts of the script, in the order in which they stand in it; they share one scope."""

_UNSAFE = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})
"""Characters that could end a script's element or begin markup in it."""


def report_page(contents: Mapping[str, Any]) -> bytes:
    """The page for what `report_contents` gives, in UTF-8.

    Its policy forbids every request and every script and style but the page's own, which it knows by
    their hashes; what contents say is data to it.
    """
    style, script = _asset("page.css"), page_script()
    parts = {
        "policy": (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        # All but ASCII is escaped by json: names that are no UTF-8, and line ends that scripts know.
        "contents": json.dumps(contents, allow_nan=False).translate(_UNSAFE),
        "script": script,
    }
    # In one pass, so that nothing in the contents is taken for a place to be filled.
    return re.sub(r"{{(\w+)}}", lambda place: parts[place[1]], _asset("page.html")).encode()


def page_script() -> str:
    """The page's script: all its parts in one scope of their own."""
    return '(() => {\n"use strict";\n\n' + "\n".join(map(_asset, SCRIPTS)) + "})();\n"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a policy calls the contents of an element."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")
