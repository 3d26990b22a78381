"""The chunks of a PNG, walked without decoding a pixel (W3C PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from convtool.errors import InputError
from convtool.io.limits import MAX_MAP_ENTRY_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, GRAY_ALPHA = 0, 4


@dataclass(frozen=True)
class PngFacts:
    """What a PNG says of itself.

    Attributes
    ----------
    depth
        Bits a sample.
    colour_type
        What the samples are: `GRAY`, `GRAY_ALPHA`, 2 RGB, 3 palette, 6 RGBA.
    palette
        How many colours the palette holds.
    entries
        The international text entries (iTXt), in order, as keyword and text.
    """

    depth: int
    colour_type: int
    palette: int
    entries: tuple[tuple[str, str], ...]


def read_facts(stream: BinaryIO) -> PngFacts:
    """Walk all chunks: check that they are whole and that the last one is there.

    Raises
    ------
    InputError
        A chunk is cut short or its checksum is wrong, or the file ends early.
    """
    stream.seek(len(SIGNATURE))
    depth, colour_type, palette, entries = 0, -1, 0, []
    for kind, content in _chunks(stream):
        if kind == b"IHDR" and len(content) == 13:
            depth, colour_type = content[8], content[9]
        elif kind == b"PLTE":
            palette = len(content) // 3
        elif kind == b"iTXt":
            entries.append(_international_text(content))
    return PngFacts(depth, colour_type, palette, tuple(entries))


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while True:
        head = stream.read(8)
        if len(head) < 8:
            raise InputError("the PNG ends before its last chunk (IEND); it is truncated")
        length, kind = struct.unpack(">I4s", head)
        content = stream.read(length)
        checksum = stream.read(4)
        if len(checksum) < 4:
            raise InputError(f"the PNG ends inside its {_name(kind)} chunk; it is truncated")
        if zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(checksum, "big"):
            raise InputError(f"the checksum of the PNG's {_name(kind)} chunk is wrong; the file is damaged")
        yield kind, content
        if kind == b"IEND":
            return


def _international_text(content: bytes) -> tuple[str, str]:
    keyword, _, rest = content.partition(b"\0")
    compressed = rest[:1] == b"\1"
    text = rest[2:].split(b"\0", 2)[-1]
    if compressed:
        inflater = zlib.decompressobj()
        try:
            text = inflater.decompress(text, MAX_MAP_ENTRY_BYTES)
        except zlib.error:
            text = b""
    return keyword.decode("latin1"), text.decode("utf-8", "replace")


def _name(kind: bytes) -> str:
    return kind.decode("latin1") if kind.isalpha() else repr(kind)
