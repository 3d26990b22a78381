"""What a worker of a Dask cluster does for a batch: it is greeted once, and then does task after task."""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import convtool
from convtool.core.threads import use_at_most
from convtool.jobs.batch.doing import finish
from convtool.jobs.batch.work import Item, Recipe, Result, Task
from convtool.jobs.engines.failures import took_too_long

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # as in malloc.h

_greetings: dict[str, tuple[Recipe, float]] = {}
"""What each run has told this process: what to do with an image, and how many seconds that may take.

A run that was killed leaves its own here, some kilobytes, until the worker ends.
"""


class UnfitError(Exception):
    """A worker cannot take part; the message goes on from its name."""


def versions() -> dict[str, str]:
    """The versions that bytes depend on: of what computes them, and of what carries them."""
    python = ".".join(platform.python_version_tuple()[:2])
    others = {name: version(name.lower()) for name in ("NumPy", "Pillow", "distributed")}
    return {"convtool": convtool.__version__, "Python": python, **others}


def greet(run: str, recipe: Recipe, image_timeout: float, probe: str, folders: Sequence[str]) -> str:
    """Hear what is to be done with every image of a run, and answer with a file beside the probe.

    Parameters
    ----------
    run
        A name that no other run has.
    image_timeout
        Seconds after which an image is given up.
    probe
        A file that lies in the batch's folder and holds the name of the run.
    folders
        What else has to be there.

    Returns
    -------
    str
        The file that whoever greets has to find, and to remove.

    Raises
    ------
    UnfitError
        Files are not where they were said to be.
    """
    seen = Path(probe)
    try:
        shared = seen.read_text() == run
    except OSError:
        shared = False
    if not shared:
        raise UnfitError(f"does not see what is in {seen.parent}; mount that folder there too")
    for folder in folders:
        if not os.access(folder, os.R_OK | os.X_OK):
            raise UnfitError(f"cannot read {folder}; mount that folder there too")
    answer = seen.with_name(f"{seen.stem}-{os.urandom(4).hex()}.part")
    try:
        answer.touch()
    except OSError as error:
        raise UnfitError(f"cannot write in {seen.parent}: {error.strerror}; give it leave to") from error
    use_at_most(1)
    _keep_freed_memory()
    _greetings[run] = recipe, image_timeout
    return str(answer)


def do(run: str, task: Task) -> list[Result] | None:
    """Give what came of each image, or ``None`` if this process does not know of the run, or no longer."""
    results = []
    for item in task:
        greeting = _greetings.get(run)
        if greeting is None:
            return None
        results.append(_finish_in_time(item, *greeting))
    return results


def forget(run: str) -> None:
    """Do nothing more for a run."""
    _greetings.pop(run, None)


def _finish_in_time(item: Item, recipe: Recipe, seconds: float) -> Result:
    """Do one image on a thread of its own: no thread can be ended, but it can be left alone."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(finish(item, recipe)), daemon=True)
    thread.start()
    thread.join(seconds)
    return took_too_long(item, seconds) if thread.is_alive() else results[0]


def _keep_freed_memory() -> None:
    """Have glibc decide again what it keeps of the memory that is freed, up to what it would by itself.

    Dask's nannies set ``MALLOC_TRIM_THRESHOLD_``, and with it every buffer of an image is given back and
    has to be cleared when it is asked for again: half as much time again for a whole image.
    """
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)
