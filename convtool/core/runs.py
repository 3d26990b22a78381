"""Planes as runs: row after row, so that a shift along any axis is a later start.

A NumPy operation on a run is a single loop; on a plane with columns to spare it is a loop a row, at
twice the time. What runs compute across the ends of rows is spilled, or left out at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from convtool.core.arrays import Float32
from convtool.core.threads import Scratch


@contextmanager
def written_as_run(out: Float32, columns: int, pitch: int, scratch: Scratch) -> Iterator[Float32]:
    """Give a run to write ``out`` ``(rows, …)`` by, with rows of ``columns`` that are ``pitch`` apart.

    It is a part of ``out`` itself if that has rows of ``pitch``, else it is copied there at the end.
    """
    length = (len(out) - 1) * pitch + columns
    if out.shape[1] == pitch and out.flags.c_contiguous:
        run = out.reshape(-1)
        yield run[:length]
        run[length:] = 0
    else:
        total = scratch.array("total", len(out), pitch)
        yield total.reshape(-1)[:length]
        out[...] = total[:, :columns]
