"""``python -m tests.fuzz``: every parser under atheris, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.judge import FINDINGS, MOST_SECONDS
from tests.fuzz.parsers import PARSERS, Parser
from tests.readme import ROOT

_LONGEST = 8192


def main() -> None:
    """Fuzz, print what came of it, and exit with 1 if anything was found."""
    parser = ArgumentParser(prog="python -m tests.fuzz", description="Fuzz convtool's parsers.")
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=PARSERS, help=f"one of {', '.join(PARSERS)}"
    )
    parser.add_argument("--seconds", metavar="N", type=int, default=60, help="for each parser (default: 60)")
    chosen = parser.parse_args()
    if find_spec("atheris") is None:
        parser.error("atheris is missing; install it with pip install -e '.[test,fuzz]'")
    FINDINGS.mkdir(exist_ok=True)
    clean = [_fuzzed(PARSERS[name], chosen.seconds) for name in chosen.only or PARSERS]
    sys.exit(not all(clean))


def _fuzzed(parser: Parser, seconds: int) -> bool:
    """Fuzz one parser from its seeds and print what came of it; give whether nothing was found."""
    with tempfile.TemporaryDirectory() as corpus:
        for name, content in (parser.seeds() | parser.crashes()).items():
            Path(corpus, name).write_bytes(content)
        options = {
            "artifact_prefix": FINDINGS / f"{parser.name}-",
            "max_len": _LONGEST,
            "max_total_time": seconds,
            "print_final_stats": 1,
            "timeout": MOST_SECONDS,
        }
        command = [sys.executable, "-m", "tests.fuzz.harness", parser.name]
        command += [f"-{key}={value}" for key, value in options.items()]
        ended = subprocess.run([*command, corpus], cwd=ROOT, capture_output=True, check=False)
    log = (ended.stdout + ended.stderr).decode(errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", log)
    print(f"{parser.name:12} {int(runs[1]) if runs else 0:12,} executions", end="", flush=True)
    if ended.returncode == 0 and runs:
        print(", nothing found", flush=True)
        return True
    file = re.search(r"Test unit written to (\S+)", log)
    print(f", a finding: {file[1] if file else 'no file'}\n{_told(log)}", flush=True)
    if file:
        print(f"    again: python -m tests.fuzz.harness {parser.name} {file[1]}", flush=True)
    return False


def _told(log: str) -> str:
    """The part of libFuzzer's log that says what went wrong: a traceback if there is one, else the end."""
    start = log.find("=== Uncaught Python exception")
    lines = log[start:].splitlines() if start >= 0 else log.splitlines()[-15:]
    told = [line for line in lines if not line.startswith(("INFO:", "stat::", "artifact_prefix", "Base64"))]
    return "\n".join(f"    {line}" for line in told[:40])


if __name__ == "__main__":
    main()
