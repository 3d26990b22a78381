"""``python -m tests.bench.learning``: how well filters that are learned find things in real photographs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import learning_coins, learning_faces, learning_recover, learning_stereo, learning_template
from tests.bench.figures import Figure, text
from tests.bench.peers import NotInstalled

PARTS: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "template": learning_template.figures,
    "faces": learning_faces.figures,
    "stereo": learning_stereo.figures,
    "coins": learning_coins.figures,
    "recover": learning_recover.figures,
}


def main() -> None:
    """Print every figure beside what it should reach."""
    parser = ArgumentParser(prog="python -m tests.bench.learning", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=[*PARTS], action="append", help="one part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a few cases of each: to see that it runs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures to FILE")
    chosen = parser.parse_args()
    found = []
    for name in chosen.only or PARTS:
        print(name)
        try:
            for figure in PARTS[name](chosen.quick):
                print(text(figure), flush=True)
                found.append(figure._asdict())
        except NotInstalled as missing:
            print(f"  not measured: {missing}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
