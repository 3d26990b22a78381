"""One parser under atheris: ``python -m tests.fuzz.harness NAME``, then what libFuzzer takes."""

from __future__ import annotations

import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["convtool", "PIL"]):
    import PIL.Image

    from tests.fuzz.judge import check
    from tests.fuzz.mutations import mended, mutant
    from tests.fuzz.parsers import PARSERS

    PIL.Image.init()  # loads the decoders


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    name, *options = sys.argv[1:]
    read = PARSERS[name].read
    atheris.Setup([sys.argv[0], *options], lambda content: check(read, content), custom_mutator=_mutated)
    atheris.Fuzz()


def _mutated(content: bytes, longest: int, seed: int) -> bytes:
    """Damage by libFuzzer's own mutations or by ours; most PNGs with their checksums corrected."""
    random = Random(seed)
    if random.random() < 0.3:
        return mutant(content, random)[:longest]
    changed = atheris.Mutate(content, longest)
    return mended(changed)[:longest] if random.random() < 0.8 else changed


if __name__ == "__main__":
    main()
