"""What an image shows, as lines for people and for ``cut``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convtool.text import encodable, printable


def classification_lines(record: Mapping[str, Any], encoding: str) -> str:
    """A line for each class: input, class and probability, with tabs between.

    Tabs and line breaks in names are shown as escapes: every line has three fields.
    """
    return "".join(
        "\t".join(
            encodable(printable(field), encoding)
            for field in (record["input"], each["class"], f"{each['probability']:.4f}")
        )
        + "\n"
        for each in record["top"]
    )
