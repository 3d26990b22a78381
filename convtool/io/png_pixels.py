"""The deflated pixels of a PNG, inflated beside the decoder to see that all of them are there."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from convtool.errors import InputError

WORTH_A_THREAD = 2**20
"""Bytes from which on the check runs beside what is done meanwhile."""

_AT_A_TIME = 2**20
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by colour type
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = (  # of each pass the first column and row, and the steps between columns and rows
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


@dataclass(frozen=True)
class Pixels:
    """What a PNG holds of pixels.

    Attributes
    ----------
    width, height, depth, colour_type, interlaced
        As in its header.
    pieces
        The contents of its IDAT chunks, one zlib stream.
    """

    width: int
    height: int
    depth: int
    colour_type: int
    interlaced: bool
    pieces: tuple[bytes, ...]

    @property
    def inflated_size(self) -> int:
        """Bytes that the stream should hold: the rows of every pass, each behind the number of its filter."""
        bits = self.depth * _SAMPLES.get(self.colour_type, 1)
        total = 0
        for left, top, across, down in _ADAM7 if self.interlaced else _WHOLE:
            columns, rows = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + -(-columns * bits // 8))
        return total

    def check(self) -> None:
        """Inflate the stream, keeping nothing. Decoders take what is missing for black.

        Raises
        ------
        InputError
            The stream is damaged, or ends before the last pixel.
        """
        inflater, found, expected = zlib.decompressobj(), 0, self.inflated_size
        try:
            for piece in self.pieces:
                rest = piece
                while rest and found <= expected:  # what is beyond the last pixel is nobody's
                    found += len(inflater.decompress(rest, _AT_A_TIME))
                    rest = inflater.unconsumed_tail
            if found < expected:
                found += len(inflater.flush())
        except zlib.error as error:
            raise InputError(f"the PNG's pixels are damaged ({error})") from None
        if found < expected:
            raise InputError(f"the PNG's pixels end after {found} of {expected} bytes; the file is damaged")

    @contextmanager
    def checked_meanwhile(self) -> Iterator[None]:
        """Check while the block runs, on a thread where that pays; what it finds is raised at the end."""
        if self.inflated_size < WORTH_A_THREAD:
            self.check()
            yield
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            finish: Callable[[], None]
            try:
                finish = pool.submit(self.check).result
            except RuntimeError:  # too little memory for a thread
                finish = self.check
            try:
                yield
            finally:
                finish()
