"""A recipe as a journal keeps it: everything that makes outputs what they are, to be read and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from convtool import __version__
from convtool.io.filters import FilterFile
from convtool.jobs.batch.work import Recipe

_NOT_OF_INPUTS = {"limits"}
_NOT_OF_OUTPUTS = {"folder", "file", "sheet"}
"""Options by which no output's bytes change."""


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Say what makes the outputs what they are; neither folders nor limits do.

    Returns
    -------
    dict
        ``recipe``, a hash (SHA-256) of all the rest: ``filters_sha256``, ``options`` by name, and
        the ``version`` of convtool. What has the same hash gives the same outputs.
    """
    inputs, output = asdict(recipe.inputs), asdict(recipe.output)
    described = {
        "filters_sha256": _filters_hash(recipe.filters),
        "options": {
            "input": {name: inputs[name] for name in inputs if name not in _NOT_OF_INPUTS},
            "conv": asdict(recipe.conv),
            "pool": asdict(recipe.pool),
            "output": {name: output[name] for name in output if name not in _NOT_OF_OUTPUTS}
            | {"save": sorted(recipe.output.save)},
            "strict": recipe.strict,
        },
        "version": __version__,
    }
    return {"recipe": sha256(json.dumps(described).encode()).hexdigest(), **described}


def _filters_hash(filters: Iterable[FilterFile]) -> str:
    digest = sha256()
    for file in filters:
        bank = file.bank
        facts = [file.label, bank.weights.shape, bank.names, bank.normalize]
        digest.update(json.dumps(facts).encode())
        digest.update(bank.weights.astype("<f4").tobytes())
        digest.update(bank.bias.astype("<f4").tobytes())
    return digest.hexdigest()
