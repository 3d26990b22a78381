"""One case of the campaign: a damaged file, the command it is given to, and what is wrong with the answer."""

from __future__ import annotations

import json
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from convtool import load_filter, load_map
from convtool.errors import ConvtoolError, NoticeWarning
from tests.cli.runner import SAMPLES, Finished, as_process, contents, in_process
from tests.fuzz import seeds
from tests.fuzz.judge import MOST_PIXELS, Finding, silent, within_bounds
from tests.fuzz.mutations import mutant

SPAWN_EVERY = 2000
"""One case in so many is also given to a process of its own."""

_ANSWERS = (0, 3, 4)
"""Exit codes that a damaged file may have: it may be sound by luck, bad input, or over a limit."""

_LIMIT = ("--max-pixels", str(MOST_PIXELS))
_OF_IMAGES = (
    ("conv", "{file}", "--filter", "{filter}", *_LIMIT, "-o", "out.png", "--quiet"),
    ("conv", "{file}", "--filter", "{filter}", *_LIMIT, "-o", "out.npy", "--quiet", "--channels", "each"),
    ("run", "{file}", "--filter", "{filter}", *_LIMIT, "--save", "pool", "-o", "out.csv", "--quiet"),
    ("show", "{file}", *_LIMIT, "--json"),
)
_OF_FILTERS = (
    ("conv", "{image}", "--filter", "{file}", "-o", "out.npy", "--quiet"),
    ("conv", "{image}", "--filter", "{file}", "-o", "out.json", "--quiet"),
    ("filters", "export", "{file}", "-o", "out.json"),
    ("show", "{file}", "--json"),
)
_INPUTS = {"image": b"[[1, 0, 2], [3, 1, 0], [0, 0, 4]]", "filter": b'{"weights": [[1, 0.5], [-1, 0]]}'}


@dataclass(frozen=True)
class Case:
    """A damaged file and a command.

    Attributes
    ----------
    number
        Its place in the campaign.
    seed
        The name of the file that was damaged.
    content
        What became of it.
    command
        The arguments, with names in braces for the files.
    """

    number: int
    seed: str
    content: bytes
    command: tuple[str, ...]

    @classmethod
    def of(cls, campaign: int, number: int) -> Case:
        """Make the case of this number; the campaign's own number is the seed of all chance."""
        random = Random(f"{campaign}-{number}")
        name, content, commands = random.choice(_starts())
        return cls(number, name, mutant(content, random), random.choice(commands))

    def findings(self, folder: Path) -> Iterator[str]:
        """Run the command in an empty folder, and tell what is wrong with its answer."""
        arguments = self._written(folder)
        before = contents(folder)
        try:
            with within_bounds(), silent():
                finished = in_process(*arguments)
        except Finding as finding:
            yield str(finding)
            return
        except Exception:
            yield traceback.format_exc()
            return
        yield from _wrongs(finished, arguments, folder, before)
        if self.number % SPAWN_EVERY == 0:
            apart = as_process(*arguments)
            if apart.code != finished.code:
                yield f"as a process it exits with {apart.code}, else with {finished.code}: {apart.err}"

    def _written(self, folder: Path) -> list[str]:
        """Write the files that the command reads; give its arguments."""
        files = {name: folder / f"{name}.json" for name in _INPUTS}
        for name, content in _INPUTS.items():
            files[name].write_bytes(content)
        files["file"] = folder / "damaged.file"
        files["file"].write_bytes(self.content)
        arguments = [argument.format_map(files) for argument in self.command]
        return [str(folder / text) if text.startswith("out.") else text for text in arguments]


@cache
def _starts() -> tuple[tuple[str, bytes, tuple[tuple[str, ...], ...]], ...]:
    """The name and content of every file to start from, and the commands that take it."""
    samples = {
        path.name: path.read_bytes()
        for path in sorted(SAMPLES.iterdir())
        if path.is_file() and path.suffix != ".md"
    }
    groups = (
        (seeds.images() | samples, _OF_IMAGES),
        (seeds.filter_texts() | seeds.filter_arrays(), _OF_FILTERS),
    )
    return tuple((name, content, commands) for files, commands in groups for name, content in files.items())


def _wrongs(
    finished: Finished, arguments: list[str], folder: Path, before: dict[str, bytes | None]
) -> Iterator[str]:
    """What is wrong with an answer."""
    if finished.code not in _ANSWERS:
        yield f"exit code {finished.code}: {finished.err}"
    if strange := [line for line in finished.err.splitlines() if not line.startswith("convtool: ")]:
        yield f"stderr has {strange[0]!r}"
    made = {name for name, content in contents(folder).items() if before.get(name) != content}
    if finished.code != 0:
        if not finished.err:
            yield f"exit code {finished.code} without a word"
        if made or finished.data:
            yield f"exit code {finished.code}, yet it wrote {sorted(made)} and {finished.data[:80]!r}"
        return
    wanted = {name for argument in arguments if (name := Path(argument).name).startswith("out.")}
    if made != wanted:
        yield f"it wrote {sorted(made)} instead of {sorted(wanted)}"
    for name in sorted(made & wanted):
        try:
            _read_back(folder / name, is_filter=arguments[0] == "filters")
        except (ConvtoolError, ValueError) as error:
            yield f"its output {name} cannot be read back: {error}"
    try:
        for line in finished.data.splitlines():
            _strict_json(line)
    except ValueError as error:
        yield f"a record is no JSON: {error}"


def _read_back(path: Path, *, is_filter: bool) -> None:
    """Read an output; a fault shows that it is not whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoticeWarning)
        if is_filter:
            load_filter(path)
        elif path.suffix == ".npy":
            np.load(path)
        elif path.suffix == ".json":
            _strict_json(path.read_bytes())
        else:
            load_map(path)


def _strict_json(text: bytes) -> None:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number in JSON")

    json.loads(text, parse_constant=refuse)
