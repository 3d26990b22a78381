"""Filters from one file format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from convtool.io.filters import encode_filter
from convtool.jobs.outputs import check_output, opened, spoken_output, takes_any_format
from convtool.jobs.reading import Notify, noticed_filter


def export_filter(name: str, output: str, format_: Literal["json", "npy"], *, notify: Notify) -> None:
    """Write a filter by the suffix of ``output``, ``.json`` or ``.npy``; as ``format_`` where it has none.

    NPY keeps the weights alone; what it drops is noticed.
    """
    check_output(output, [name])
    filter_file = noticed_filter(name, notify)
    chosen = format_ if takes_any_format(output) else Path(output).suffix.lower().removeprefix(".")
    encoded = encode_filter(filter_file, chosen)
    bank = filter_file.bank
    dropped = [
        word
        for word, there in (
            ("bias", bank.bias.any()),
            ("names", bank.names is not None),
            ("normalize", bank.normalize is not None),
            ("meta", filter_file.meta is not None),
        )
        if there
    ]
    if chosen == "npy" and dropped:
        notify(f"{spoken_output(output)}: NPY keeps the weights alone; {' and '.join(dropped)} dropped")
    with opened(output) as stream:
        stream.write(encoded)
