"""The chunks of a PNG, walked without decoding a pixel (W3C PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from convtool.errors import InputError, LimitError
from convtool.io.limits import MAX_PNG_ENTRY_BYTES, MAX_PNG_TEXT_BYTES
from convtool.io.source import Stream

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


def read_facts(stream: Stream) -> PngFacts:
    """Walk all chunks: check that they are whole and that the last one is there.

    Raises
    ------
    InputError
        A chunk is cut short or its checksum is wrong, or the file ends early.
    LimitError
        A text or colour profile, or all of them together, inflate to too many bytes.
    """
    stream.seek(len(SIGNATURE))
    depth, colour_type, palette, entries, inflated = 0, -1, 0, [], 0
    for kind, content in _chunks(stream):
        if kind == b"IHDR":
            if depth or len(content) != 13:
                raise InputError("the PNG has a second or broken header (IHDR); the file is damaged")
            depth, colour_type = content[8], content[9]
        elif kind == b"PLTE":
            palette = len(content) // 3
        elif kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            keyword, text = _entry(kind, content)
            inflated += len(text)
            if inflated > MAX_PNG_TEXT_BYTES:
                raise LimitError(
                    f"the PNG's texts are over the limit of {MAX_PNG_TEXT_BYTES} bytes; "
                    "save the picture without them"
                )
            if kind == b"iTXt":
                entries.append((keyword.decode("latin1"), text.decode("utf-8", "replace")))
    return PngFacts(depth, colour_type, palette, tuple(entries))


def _chunks(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
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


def _entry(kind: bytes, content: bytes) -> tuple[bytes, bytes]:
    """The keyword of a text or colour profile, and its content, inflated; empty where that is damaged."""
    keyword, _, rest = content.partition(b"\0")
    if kind == b"tEXt":
        return keyword, rest
    if kind == b"iTXt":
        text = rest[2:].split(b"\0", 2)[-1]
        if rest[:1] in (b"", b"\0"):
            return keyword, text
    else:
        text = rest[1:]
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(text, MAX_PNG_ENTRY_BYTES)
    except zlib.error:
        return keyword, b""
    if inflater.unconsumed_tail:
        raise LimitError(
            f"a {_name(kind)} chunk of the PNG inflates to over the limit of {MAX_PNG_ENTRY_BYTES} bytes; "
            "save the picture without it"
        )
    return keyword, text


def _name(kind: bytes) -> str:
    return kind.decode("latin1") if kind.isalpha() else repr(kind)
