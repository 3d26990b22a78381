"""Commands run as processes of their own, and what every row of the table of faults promises of them."""

from __future__ import annotations

import ctypes
import io
import os
import resource
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tests.cli.runner import SAMPLES, Finished, as_process, spawned

Words = tuple[str, ...]
"""What a line must hold: the name of a file, and the words that say what is wrong with it."""

Reader = Callable[..., Words]
"""Gives a command that reads the image of this name, with options."""

Planes = list[list[list[float]]]

NOTES = str(SAMPLES / "notes-blend.json")
NETWORK = str(Path(__file__).with_name("network.json"))
"""A network that reads images of one channel and any size, and changes nothing."""

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


def facts_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """What changes if anything below a folder is made, written, replaced, renamed or given other rights."""
    facts = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        times = () if stat.S_ISDIR(status.st_mode) else (status.st_mtime_ns, status.st_ctime_ns)
        facts[str(path.relative_to(folder))] = (status.st_mode, status.st_ino, status.st_size, *times)
    return facts


def run(*command: str, stdin: bytes | IO[bytes] = b"", **options: Any) -> Finished:
    """Run a command to its end; its standard input is bytes through a pipe, or any open file."""
    if isinstance(stdin, bytes):
        return as_process(*command, stdin=stdin, **options)
    with spawned(*command, stdin=stdin, **options) as process:
        data, err = process.communicate(timeout=60)
    return Finished(process.returncode, data, err.decode())


def refused(*command: str, code: int = 3, says: Words, **options: Any) -> str:
    """Run a command that must fail by its code and one line, and leave the folder as it was."""
    folder = Path.cwd()
    before = facts_of(folder)
    finished = run(*command, **options)
    assert (finished.code, finished.data) == (code, b""), finished
    assert "Traceback" not in finished.err
    assert finished.err.count("\n") == len(finished.err.splitlines()) == 1, finished.err
    assert finished.err.startswith("convtool: ")
    assert finished.err[:-1].isprintable(), finished.err
    assert_says(finished.err, says)
    assert facts_of(folder) == before
    return finished.err


def done(*command: str, notices: Iterable[Words] = (), **options: Any) -> Finished:
    """Run a command that must succeed, with just these notices."""
    finished = run(*command, **options)
    assert finished.code == 0, finished
    lines, expected = finished.err.splitlines(), list(notices)
    assert len(lines) == finished.err.count("\n") == len(expected), finished.err
    for line, words in zip(lines, expected, strict=True):
        assert line.startswith("convtool: notice: ")
        assert line.isprintable()
        assert_says(line, words)
    return finished


def assert_says(line: str, words: Words) -> None:
    assert [word for word in words if word not in line] == [], line


def converting(image: str, *options: str) -> tuple[str, ...]:
    """A command that reads an image and would write into a folder that is not there yet."""
    return ("conv", image, "--filter", "identity", "--out-dir", "maps", *options)


def filtering(filter_file: str) -> tuple[str, ...]:
    """A command that reads a filter and would write into a folder that is not there yet."""
    return ("conv", str(SAMPLES / "notes-blend.json"), "--filter", filter_file, "--out-dir", "maps")


def finding(image: str, *options: str) -> tuple[str, ...]:
    """A command that looks for peaks in an image and would draw them."""
    return ("find", image, "--filter", "notes-diagonal", "-o", "found.png", *options)


def reporting(image: str, *options: str) -> tuple[str, ...]:
    """A command that makes a page of an image."""
    return ("report", image, "--filter", "identity", "--pool", "1", "-o", "report.html", *options)


def on_a_sheet(image: str, *options: str) -> tuple[str, ...]:
    """A command that draws an image on a sheet."""
    return ("sheet", image, "-o", "sheet.png", *options)


def with_a_sheet(image: str, *options: str) -> tuple[str, ...]:
    """A command that filters an image and would draw what comes of it."""
    drawn = ("--save", "none", "--sheet", "sheet.png")
    return ("run", image, "--filter", "identity", "--pool", "1", *drawn, *options)


def learning(image: str, *options: str) -> tuple[str, ...]:
    """A command that learns a window of an image."""
    return ("learn", "--patch", f"{image}@0,0,2,2", "-o", "learned.json", *options)


def learning_beside(image: str, *options: str) -> tuple[str, ...]:
    """A command that learns a patch before an image as background."""
    return ("learn", "--patch", f"{NOTES}@0,0,2,2", "--background", image, "-o", "learned.json", *options)


def recovering_from(image: str, *options: str) -> tuple[str, ...]:
    """A command that asks which filter made something of an image."""
    return ("recover", image, NOTES, "--size", "1", "-o", "recovered.json", *options)


def recovering_by(image: str, *options: str) -> tuple[str, ...]:
    """A command that asks which filter made an image."""
    return ("recover", NOTES, image, "--size", "1", "-o", "recovered.json", *options)


def through_a_network(image: str, *options: str) -> tuple[str, ...]:
    """A command that runs a network on an image and would write the maps of its layer."""
    return ("net", "run", NETWORK, image, "--maps", "*", "--out-dir", "maps", *options)


def explaining(image: str, *options: str) -> tuple[str, ...]:
    """A command that traces a value of a network back to an image."""
    return ("net", "explain", NETWORK, image, "--layer", "same", "--at", "0,0,0", *options)


def deriving(image: str, *options: str) -> tuple[str, ...]:
    """A command that tells how a value of an image's map came to be."""
    return ("explain", image, "--filter", "notes-diagonal", "--at", "0,0", *options)


def drawing(image: str, *options: str) -> tuple[str, ...]:
    """A command that draws an image where it is printed."""
    return ("show", image, "--view", *options)


def training(data: str, *options: str) -> tuple[str, ...]:
    """A command that trains a network on labelled pictures for a moment."""
    return ("net", "train", data, "--epochs", "1", *options)


def looking_for_patches(data: str, *options: str) -> tuple[str, ...]:
    """A command that looks for what excites a layer among labelled pictures."""
    return ("net", "patches", NETWORK, data, "--layer", "same", *options)


READERS = (
    finding,
    reporting,
    on_a_sheet,
    with_a_sheet,
    learning,
    learning_beside,
    recovering_from,
    recovering_by,
    through_a_network,
    explaining,
    deriving,
    drawing,
)
"""Every way but `converting` in which a command reads an image and would write a file, or draw."""


def refused_image(
    content: bytes,
    *words: str,
    name: str = "bad.png",
    code: int = 3,
    options: Words = (),
    reader: Reader = converting,
    **process: Any,
) -> str:
    """Give a command an image that it must refuse by the file's name and these words."""
    Path(name).write_bytes(content)
    return refused(*reader(name, *options), code=code, says=(f"convtool: {name}: ", *words), **process)


def refused_filter(content: bytes | str, *words: str, name: str = "bad.json", code: int = 3) -> str:
    """Give a command a filter that it must refuse by the file's name and these words."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return refused(*filtering(name), code=code, says=(f"convtool: {name}: ", *words))


def shown(files: Mapping[str, bytes], *options: str, notices: Iterable[Words] = ()) -> dict[str, Planes]:
    """The planes that one ``show`` prints of each of several files, by name."""
    for name, content in files.items():
        Path(name).write_bytes(content)
    planes: dict[str, Planes] = {}
    for record in done("show", *files, "--json", *options, notices=notices).records:
        planes.setdefault(record["input"], []).append(record["values"])
    return planes


def every(files: Iterable[str], *planes: list[list[float]]) -> dict[str, Planes]:
    """The same planes of all files, to be compared with what is shown."""
    return {name: list(planes) for name in files}


def filtered(image: bytes, filter_file: bytes | str, *, notices: Iterable[Words] = ()) -> NDArray[np.float32]:
    """The signed response of one image to one filter, through files."""
    Path("image").write_bytes(image)
    Path("filter.json").write_bytes(filter_file.encode() if isinstance(filter_file, str) else filter_file)
    done("conv", "./image", "-f", "filter.json", "--no-relu", "-o", "out.npy", notices=notices)
    response: NDArray[np.float32] = np.load("out.npy")
    assert response.dtype == np.float32
    return response


def saved(picture: Any, format_: str, **options: Any) -> bytes:
    """A picture of Pillow's as a file."""
    stream = io.BytesIO()
    picture.save(stream, format_, **options)
    return stream.getvalue()


def seconds_of_children() -> float:
    """Time that ended processes have computed; unlike the clock it knows nothing of the machine's load."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def at_most(**limits: int) -> Callable[[], None]:
    """Limits such as ``FSIZE`` for a process to be started."""

    def restrict() -> None:
        for name, limit in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))

    return restrict


def bound_by_permissions() -> None:
    """Let a process to be started be stopped by the modes of files, even if root started it."""
    if os.geteuid() == 0 and _LIBC is not None:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
