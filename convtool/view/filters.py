"""Filters as listings, tables and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console

from convtool.core.arrays import Float32
from convtool.core.bank import KernelFacts
from convtool.io.filters import FilterFile, filter_fields
from convtool.view.consoles import print_line
from convtool.view.tables import print_matrix, print_rows


def print_listing(console: Console, filters: Iterable[FilterFile]) -> None:
    """One line a filter: name, how many, size, description."""
    rows = [[f.label, str(len(f.bank)), _by(f.bank.kernel_size), f.description or ""] for f in filters]
    print_rows(console, ["name", "filters", "size", "description"], rows)


def listing_as_json(filter_file: FilterFile) -> str:
    """One line of a listing, for machines."""
    return json.dumps(
        {
            "name": filter_file.label,
            "filters": len(filter_file.bank),
            "kernel_size": filter_file.bank.kernel_size,
            "description": filter_file.description,
            "source": filter_file.source,
        }
    )


def filter_as_json(filter_file: FilterFile) -> str:
    """A filter file on one line, for machines."""
    return json.dumps(filter_fields(filter_file))


def print_filter(
    console: Console, filter_file: FilterFile, kernels: Iterable[tuple[str, Float32]], *, precision: int
) -> None:
    """What a filter is and does, and its weights: every kernel with its label."""
    description = [(filter_file.label, filter_file.description)] if filter_file.description else []
    notes = filter_file.meta.items() if isinstance(filter_file.meta, dict) else ()
    source = [("source", filter_file.source)] if filter_file.source else []
    for head, text in (*description, *notes, *source):
        print_line(console, f"{head}: {text}")
    biases = filter_file.bank.bias.repeat(filter_file.bank.in_channels)
    for (label, kernel), bias in zip(kernels, biases, strict=True):
        added = f" · bias {bias:g}" if bias else ""
        if filter_file.bank.normalize:
            added += f" · normalize {filter_file.bank.normalize}"
        print_matrix(console, f"{label} · {_by(kernel.shape)}{added}", kernel, precision=precision)
        console.print()


def print_facts(console: Console, kernels: Iterable[tuple[str, KernelFacts]]) -> None:
    """One line a kernel, with its label."""
    rows = []
    for label, facts in kernels:
        factors = " ⊗ ".join(_vector(factor) for factor in facts.factors) if facts.factors else "no"
        rows.append(
            [
                label,
                _by(facts.size),
                f"{facts.total:.6g}",
                "yes" if facts.integer else "no",
                "?" if facts.rank is None else str(facts.rank),
                "same" if facts.symmetric else "matters",
                factors,
            ]
        )
    print_rows(console, ["name", "size", "sum", "whole", "rank", "--flip", "separable: column ⊗ row"], rows)


def facts_as_json(label: str, facts: KernelFacts) -> str:
    """One kernel's facts, for machines."""
    return json.dumps({"name": label, **asdict(facts)})


def _by(size: Iterable[int]) -> str:
    return " × ".join(map(str, size))


def _vector(numbers: Iterable[float]) -> str:
    return "[" + " ".join(f"{number:.4g}" for number in numbers) + "]"
