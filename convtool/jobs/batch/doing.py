"""One image of a batch, in whatever process: proven to be done already, or done."""

from __future__ import annotations

import time
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from convtool.errors import InputError, explained
from convtool.io.atomic import Together
from convtool.jobs.batch.work import Item, Proof, Recipe, Result
from convtool.jobs.image import convolve_image
from convtool.jobs.naming import STAGE_SUFFIXES, filter_labels
from convtool.jobs.options import Stage
from convtool.jobs.outputs import Outputs, PlannedMap
from convtool.jobs.reading import Notify
from convtool.record import RunRecord

MARK = "batch"
"""Begins the names of files that a batch has not finished: see `convtool.io.atomic.Together`."""


def finish(item: Item, recipe: Recipe) -> Result:
    """Do what is to be done with one image; whatever goes wrong is in the result."""
    start = time.perf_counter()
    notices: list[str] = []

    def notify(line: str) -> None:
        if recipe.strict:
            raise InputError(f"{line}; refused because of --strict")
        notices.append(recipe.as_named(line, item))

    path = recipe.path_of(item)
    result = Result(item, "failed")
    try:
        result = replace(result, input_hash=_hash_of_input(Path(path)))
        if _holds(item.proof, result.input_hash, recipe.output_folder):
            result = replace(result, status="skipped")
        else:
            records = _make(item, path, recipe, notify)
            written = [Path(recipe.folder, record.output) for record in records if record.output]
            result = replace(
                result,
                status="done",
                outputs=tuple(dict(vars(record)) for record in records),
                hashes=tuple(map(_hash, written)),
            )
    except Exception as fault:
        error, code = explained(fault)
        result = replace(result, error=recipe.as_named(error, item), exit=code)
    return replace(result, notices=tuple(notices), seconds=round(time.perf_counter() - start, 6))


def stages_of(recipe: Recipe) -> frozenset[Stage]:
    """The stages that there are records of: those that are written, or all if none is."""
    return recipe.output.save or frozenset(STAGE_SUFFIXES)


def _make(item: Item, path: str, recipe: Recipe, notify: Notify) -> list[RunRecord]:
    """Write the maps of an image, all or none; give their records."""
    folder = recipe.folder_of(item)
    records: list[RunRecord] = []
    with Together(MARK) as files:
        options = replace(recipe.output, folder=str(folder))
        outputs = Outputs(options, [path], notify, files.replacing)
        outputs.check(planned_maps(path, recipe), [path])
        made = convolve_image(
            path,
            recipe.filters,
            outputs,
            inputs=recipe.inputs,
            conv=recipe.conv,
            pool=recipe.pool,
            wanted=stages_of(recipe),
            notify=notify,
        )
        for convolved in made:
            records += [outcome.record for outcome in convolved.outcomes]
    named = Path(recipe.output.folder, item.place).parent
    return [
        replace(record, input=item.input, output=record.output and str(Path(named, Path(record.output).name)))
        for record in records
    ]


def planned_maps(path: str, recipe: Recipe) -> list[PlannedMap]:
    """The maps of one image, as far as they are known before it is read."""
    return [
        PlannedMap(path, label, file.label)
        for file in recipe.filters
        for label in filter_labels(file.label, file.bank)
    ]


def is_proven(item: Item, recipe: Recipe) -> bool:
    """Whether there is nothing to do with an image."""
    return _holds(item.proof, _hash_of_input(Path(recipe.path_of(item))), recipe.output_folder)


def _holds(proof: Proof | None, input_hash: str | None, folder: Path) -> bool:
    """Whether input and outputs are still what an earlier run says they were."""
    if proof is None or input_hash is None or proof.input != input_hash:
        return False
    try:
        return all(_hash(folder / path) == expected for path, expected in proof.outputs)
    except OSError:
        return False


def _hash_of_input(path: Path) -> str | None:
    """Of what is no regular file there is none: what is wrong with it, its reader says."""
    try:
        return _hash(path) if path.is_file() else None
    except (OSError, ValueError):
        return None


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
