"""What was learned, how well it does on what was held out, as a table and as a JSON line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from convtool.learn.learning import LearnedFilter
from convtool.view.consoles import print_title
from convtool.view.tables import print_rows


def print_lesson(console: Console, output: str, learned: LearnedFilter, record: Mapping[str, Any]) -> None:
    """What it was learned from, the threshold, and the scores beside those of plain templates."""
    height, width = learned.bank.kernel_size
    filters = "1 filter" if len(learned.bank) == 1 else f"{len(learned.bank)} filters"
    print_title(console, f"{output} · {learned.method} · {filters} of {height} × {width}")
    ridge = "" if learned.ridge is None else f", λ = {learned.ridge:g}"
    rows = [
        ("method", f"{learned.method}{ridge}"),
        ("patches", str(record["patches"])),
        ("background", f"{record['background']} picture(s), {learned.windows:,} windows held out"),
    ]
    if learned.windows:
        share = f"{100 * learned.false_alarms:g} % of background may pass"
        rows.append(("threshold", f"{record['threshold']:.4f}: {share}"))
    rows += [
        (f"round {number}", f"{each.negatives} windows, loss {each.loss_before:.4f} → {each.loss_after:.4f}")
        for number, each in enumerate(learned.rounds, 1)
    ]
    print_rows(console, ["learned", "from and how"], rows)
    console.print()
    if learned.score is None or learned.ncc is None:
        why = "there is no background"
        if learned.windows:
            patches = "one patch" if record["patches"] == 1 else "patches that are alike or overlap"
            why = f"{patches} cannot be held out"
        console.print(f"No score: {why}.", soft_wrap=True)
    else:
        scores = {learned.method: learned.score, "ncc": learned.ncc}
        print_rows(
            console,
            ["held out", "AUC", "patches found"],
            [(name, f"{score.auc:.4f}", f"{100 * score.hits:.1f} %") for name, score in scores.items()],
        )
    console.print()


def lesson_as_json(record: Mapping[str, Any]) -> str:
    """One line, for machines."""
    return json.dumps(record, allow_nan=False)
