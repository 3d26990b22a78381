"""Filters from one file format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from convtool.io.filters import encode_filter, read_filter
from convtool.jobs.outputs import STDOUT, check_not_an_input, opened
from convtool.jobs.reading import Notify


def export_filter(name: str, output: str, stdout_format: Literal["json", "npy"], *, notify: Notify) -> None:
    """Write a filter by the suffix of ``output``, ``.json`` or ``.npy``.

    NPY keeps the weights alone; what it drops is noticed.
    """
    check_not_an_input(output, [name])
    filter_file = read_filter(name)
    format_ = stdout_format if output == STDOUT else Path(output).suffix.lower().removeprefix(".")
    encoded = encode_filter(filter_file, format_)
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
    if format_ == "npy" and dropped:
        notify(f"{output}: NPY keeps the weights alone; {' and '.join(dropped)} dropped")
    with opened(output) as stream:
        stream.write(encoded)
