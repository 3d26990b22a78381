"""Counting the pages of a TIFF and the frames of a GIF by their own structure, up to a limit.

Pillow counts them too, but without an end: a file of a few megabytes may hold hundreds of thousands.
"""

from __future__ import annotations

from convtool.io.source import Stream

_IMAGE, _EXTENSION = 0x2C, 0x21  # how a block of a GIF begins


def tiff_pages(stream: Stream, most: int) -> int:
    """Count the directories of a TIFF or BigTIFF, each of which names the next; a loop ends the count."""
    stream.seek(0)
    order = "little" if stream.read(2) == b"II" else "big"

    def number(size: int) -> int:
        return int.from_bytes(stream.read(size), order)  # type: ignore[arg-type]

    big = number(2) == 43
    count_size, entry_size, offset_size = (8, 20, 8) if big else (2, 12, 4)
    stream.seek(8 if big else 4)
    found: set[int] = set()
    offset = number(offset_size)
    while offset and offset not in found and len(found) < most:
        found.add(offset)
        stream.seek(offset)
        entries = number(count_size)
        if entries > 2**16:  # no directory
            break
        stream.seek(offset + count_size + entries * entry_size)
        offset = number(offset_size)
    return max(1, len(found))


def gif_frames(stream: Stream, most: int) -> int:
    """Count the images of a GIF, whose blocks follow one another."""
    stream.seek(10)
    _skip_colours(stream, stream.read(3)[:1])
    frames = 0
    while frames < most:
        kind = stream.read(1)
        if kind == bytes([_IMAGE]):
            _skip_colours(stream, stream.read(9)[8:])
            stream.read(1)
            frames += 1
        elif kind == bytes([_EXTENSION]):
            stream.read(1)
        else:
            break
        while size := stream.read(1)[:1].strip(b"\0"):
            stream.seek(size[0], 1)
    return max(1, frames)


def _skip_colours(stream: Stream, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        stream.seek(3 << (flags[0] & 7) + 1, 1)
