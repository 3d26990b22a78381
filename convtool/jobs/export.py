"""Filters from one file format to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from convtool.io.filters import FilterFile, encode_filter, filter_format
from convtool.jobs.outputs import check_output, opened, spoken_output, takes_any_format
from convtool.jobs.reading import Notify, noticed_filter


def export_filter(name: str, output: str, format_: Literal["json", "npy"], *, notify: Notify) -> None:
    """Write a filter by the suffix of ``output``, ``.json`` or ``.npy``; as ``format_`` where it has none.

    NPY keeps the weights alone; what it drops is noticed.
    """
    check_output(output, [name])
    write_filter(noticed_filter(name, notify), output, format_, notify=notify)


def check_filter_output(output: str, inputs: Sequence[str]) -> None:
    """Refuse, before any work, what a filter cannot be written to."""
    check_output(output, inputs)
    if not takes_any_format(output):
        filter_format(output)


def write_filter(
    filter_file: FilterFile,
    output: str,
    format_: Literal["json", "npy"],
    *,
    divisor: float = 1.0,
    notify: Notify,
) -> None:
    """Write a filter as `export_filter` does, its weights in JSON as multiples of ``1 / divisor``."""
    chosen = format_ if takes_any_format(output) else filter_format(output)
    encoded = encode_filter(filter_file, chosen, divisor)
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
    with opened(output) as stream:
        if chosen == "npy" and dropped:
            notify(f"{spoken_output(output)}: NPY keeps the weights alone; {' and '.join(dropped)} dropped")
        stream.write(encoded)
