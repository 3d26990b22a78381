"""What is done with every image of a batch, and what came of each: data that travels between processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from convtool.io.filters import FilterFile
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions

Status = Literal["done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What an earlier run says it has done with an image: hashes (SHA-256) of the input and the outputs.

    Attributes
    ----------
    outputs
        Of each file, its path below the batch's folder and its hash.
    """

    input: str
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a batch.

    Attributes
    ----------
    input
        Its path, as the user named it.
    place
        Where it lies in the tree of all inputs; its outputs lie there in the batch's folder.
    size
        Bytes of the file.
    proof
        If it holds, there is nothing to do.
    """

    input: str
    place: str
    size: int
    proof: Proof | None = None


Task = tuple[Item, ...]
"""Images that are handed to a worker together."""


@dataclass(frozen=True)
class Recipe:
    """What is done with every image; a process is told once.

    Attributes
    ----------
    folder
        The folder that relative paths start from.
    filters
        As they were read, so that nobody reads them again.
    output
        ``output.folder`` is the folder of the whole batch.
    strict
        Whether a notice is a fault.
    """

    folder: str
    filters: tuple[FilterFile, ...]
    inputs: InputOptions
    conv: ConvOptions
    pool: PoolOptions
    output: OutputOptions
    strict: bool = False

    @property
    def output_folder(self) -> Path:
        """The folder of the whole batch."""
        return Path(self.folder, self.output.folder)

    def path_of(self, item: Item) -> str:
        """Where the image is; unlike a `Path` it keeps a leading ``./``, part of the name that is given."""
        return item.input if Path(item.input).is_absolute() else f"{self.folder}{os.sep}{item.input}"

    def as_named(self, line: str, item: Item) -> str:
        """What is said of an image or its outputs, with their paths as the user named them."""
        named = line.replace(self.path_of(item), item.input)
        return named.replace(f"{self.output_folder}{os.sep}", f"{Path(self.output.folder)}{os.sep}")

    def folder_of(self, item: Item) -> Path:
        """Where the outputs of an image go."""
        return Path(self.output_folder, item.place).parent


@dataclass(frozen=True)
class Result:
    """What came of one image.

    Attributes
    ----------
    input_hash
        SHA-256 of the file's bytes; ``None`` if it could not be read.
    outputs
        The record of every file written, as `RunRecord` has it; its ``output`` is the path that a user
        would type.
    hashes
        SHA-256 of each of these files' bytes.
    error, exit
        The one line that says what went wrong, and the exit code that a run of this image alone gives.
    notices
        What was given up, one line each.
    seconds
        That it took.
    """

    item: Item
    status: Status
    input_hash: str | None = None
    outputs: tuple[dict[str, Any], ...] = ()
    hashes: tuple[str, ...] = ()
    error: str | None = None
    exit: int = 0
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
