"""``python -m tests.bench``: convtool beside its peers, as a table of ratios of times."""

from __future__ import annotations

import json
import tempfile
from compileall import compile_dir
from itertools import groupby
from pathlib import Path

from tests.bench import (
    cnn_layers,
    conv_relu_pool,
    options,
    pooling,
    processes,
    report,
    single_filters,
    startup,
    template_matching,
)
from tests.bench.case import Row, Setting, measure
from tests.bench.machine import describe, hold_to_cores
from tests.bench.timing import FULL, QUICK, Budget
from tests.readme import README, ROOT

GROUPS = (single_filters, conv_relu_pool, cnn_layers, pooling, template_matching, processes, startup)


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = options.parser("tests.bench", "Time convtool and its peers; ratio = the peer's time / ours.")
    parser.add_argument(
        "--readme",
        action="store_true",
        help=f"write the table into README.md, between {' and '.join(report.MARKERS)}",
    )
    chosen = parser.parse_args()
    if chosen.readme and (chosen.quick or chosen.only):
        parser.error("--readme publishes a full run; leave out --quick and --only")
    if chosen.readme and not report.has_markers(README.read_text()):
        start, end = report.MARKERS
        parser.error(
            f"README.md has no place for the table; add the lines {start} and {end} where it shall stand"
        )
    hold_to_cores(chosen.threads)
    compile_dir(ROOT / "convtool", quiet=1)  # as an installation is
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(chosen.threads, options.longest_side(chosen.quick), Path(scratch))
        rows = _measure(setting, chosen.only, QUICK if chosen.quick else FULL)
    if not rows:
        parser.error("no group or row has the text given with --only")
    machine = describe(chosen.threads)
    if chosen.json:
        records = {"machine": machine, "rows": [report.record(row) for row in rows]}
        chosen.json.write_text(json.dumps(records, indent=1) + "\n")
    if chosen.readme:
        README.write_text(report.rewritten(README.read_text(), report.markdown(rows, machine)))


def _measure(setting: Setting, only: list[str] | None, budget: Budget) -> list[Row]:
    """Measure the wanted cases, and print each when it is done."""
    cases = (case for group in GROUPS for case in group.cases(setting))
    asked = (case for case in cases if options.wanted(f"{case.group} {case.name}", only))
    rows: list[Row] = []
    print(report.HEADING)
    for title, group in groupby(asked, key=lambda case: case.group):
        print(title, flush=True)
        for case in group:
            measured = measure(case, budget)
            print(*map(report.text, measured), sep="\n", flush=True)
            rows += measured
    print(report.summary(rows))
    return rows


if __name__ == "__main__":
    main()
