"""What a batch is to do with every image, read and checked before any of it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from convtool.errors import ArgumentError, OutputError
from convtool.io.limits import MEMORY_SHARE, Limits
from convtool.io.memory import available_memory
from convtool.jobs.batch.doing import planned_maps
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.naming import STAGE_SUFFIXES, image_stem, output_name
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions
from convtool.jobs.outputs import Outputs
from convtool.jobs.reading import Notify, model_of, noticed_filter


def prepared(
    filters: Sequence[str],
    *,
    inputs: InputOptions,
    conv: ConvOptions,
    pool: PoolOptions,
    output: OutputOptions,
    strict: bool,
    notify: Notify,
) -> Recipe:
    """Read the filters, and refuse what could be done with no image.

    Raises
    ------
    ArgumentError
        Two filters would write one file, options contradict each other, or an output could replace a
        filter's file.
    OutputError
        The current folder is gone.
    """
    folder = _current_folder()
    for name in filters:
        if _could_be_output(model_of(name), output):
            raise ArgumentError(f"{name}: an output could replace this filter; put it outside of --out-dir")
    Outputs(output, filters, notify)
    files = tuple(noticed_filter(name, notify) for name in filters)
    recipe = Recipe(folder, files, inputs, conv, pool, output, strict)
    Outputs(output, (), notify).check(planned_maps("an image", recipe), ["an image"])
    return recipe


def check_apart(items: Iterable[Item], recipe: Recipe) -> None:
    """Refuse two images whose maps by different filters bear one name: `a.b` by `c`, and `a` by `b.c`.

    Raises
    ------
    ArgumentError
        Naming both.
    """
    parts = [part for _, part, _ in planned_maps("", recipe) if part is not None]
    if not any("." in part for part in parts):
        return
    makers: dict[Path, Item] = {}
    for item in items:
        folder = recipe.folder_of(item)
        for part in parts:
            path = folder / output_name(image_stem(item.input), part, "relu", recipe.output.format)
            other = makers.setdefault(path, item)
            if other is not item:
                raise ArgumentError(
                    f"{other.input} and {item.input} would both write {path.name}, by different filters; "
                    "rename one"
                )


def shared(inputs: InputOptions, workers: int) -> InputOptions:
    """The same for each of several workers of this machine: of memory that nothing is said of, its share."""
    limits = inputs.limits or Limits.of()
    if limits.memory is None:
        limits = replace(limits, memory=int(available_memory() * MEMORY_SHARE / workers))
    return replace(inputs, limits=limits)


def _current_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError as error:
        raise OutputError("the current folder is gone; change to one that is there") from error


def _could_be_output(file: str, output: OutputOptions) -> bool:
    """Whether a file lies below the folder of the outputs, by whatever links, and is named like one."""
    ends = tuple(f".{STAGE_SUFFIXES[stage]}.{output.format}" for stage in output.save)
    real = Path(file).resolve()
    return real.name.endswith(ends) and Path(output.folder).resolve() in real.parents
