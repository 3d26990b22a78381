"""Filters from one file format to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from convtool.io.filters import FilterFile, encode_filter, filter_format
from convtool.jobs.outputs import check_output, opened, refuse_terminal, spoken_output, takes_any_format
from convtool.jobs.reading import Notify, noticed_filter

FilterFormat = Literal["json", "npy"]


def export_filter(name: str, output: str, format_: FilterFormat, *, notify: Notify) -> None:
    """Write a filter by the suffix of ``output``, ``.json`` or ``.npy``; as ``format_`` where it has none.

    NPY keeps the weights alone; what it drops is noticed.
    """
    check_filter_output(output, format_, [name])
    write_filter(noticed_filter(name, notify), output, format_, notify=notify)


def check_filter_output(output: str, format_: FilterFormat, inputs: Sequence[str]) -> None:
    """Refuse, before any work, what a filter cannot be written to."""
    check_output(output, inputs)
    if _chosen(output, format_) == "npy":
        refuse_terminal(output, "redirect it, or use --format json")


def write_filter(
    filter_file: FilterFile,
    output: str,
    format_: FilterFormat,
    *,
    divisor: float = 1.0,
    notify: Notify,
) -> None:
    """Write a filter as `export_filter` does, its weights in JSON as multiples of ``1 / divisor``."""
    chosen = _chosen(output, format_)
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


def _chosen(output: str, format_: FilterFormat) -> str:
    return format_ if takes_any_format(output) else filter_format(output)
