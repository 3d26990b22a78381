"""PNG, chunk by chunk (W3C specification, third edition): walked without decoding, written in strips."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convtool.core.tiles import Tile, for_each, row_tiles
from convtool.errors import InputError, LimitError
from convtool.io.limits import MAX_PNG_ENTRY_BYTES, MAX_PNG_TEXT_BYTES
from convtool.io.source import Stream

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, GRAY_ALPHA = 0, 4
_ADLER_BASE = 65521


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


def write_gray(stream: BinaryIO, codes: NDArray[np.unsignedinteger[Any]], entry: tuple[str, str]) -> None:
    """Write a gray PNG ``(H, W)`` of 8 or 16 bits, with one international text entry.

    Strips of rows are deflated apart, on every core, and joined: each ends on a byte's border (a full
    flush), and the checksums of the strips combine to that of the whole. The bytes do not depend on
    the number of threads. Rows are not filtered and are deflated fast: a map is noise to better ones.
    """
    height, width = codes.shape
    tiles = row_tiles(1, height, width)
    strips: dict[Tile, tuple[bytes, int, int]] = {}

    def work(tile: Tile) -> None:
        strips[tile] = _deflated(codes[tile.start : tile.stop], last=tile.stop == height)

    for_each(tiles, work, None)
    stream.write(SIGNATURE)
    stream.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * codes.itemsize, GRAY, 0, 0, 0)))
    keyword, text = entry
    stream.write(_chunk(b"iTXt", keyword.encode("latin1") + b"\0\0\0\0\0" + text.encode()))
    checksum, start = 1, b"\x78\x01"  # zlib's header: a window of 32 KiB, deflated fast
    for tile in tiles:
        content, strip_checksum, size = strips[tile]
        checksum = _joined_adler32(checksum, strip_checksum, size)
        end = struct.pack(">I", checksum) if tile is tiles[-1] else b""
        stream.write(_chunk(b"IDAT", start + content + end))
        start = b""
    stream.write(_chunk(b"IEND", b""))


def _deflated(codes: NDArray[np.unsignedinteger[Any]], *, last: bool) -> tuple[bytes, int, int]:
    """A strip as a piece of a deflate stream, the Adler-32 of its bytes, and their number."""
    rows = np.zeros((len(codes), 1 + codes.shape[1] * codes.itemsize), np.uint8)  # 0: a row is not filtered
    rows[:, 1:] = codes.astype(codes.dtype.newbyteorder(">")).view(np.uint8)
    # Codes of 16 bits are multiples that come again; of 8 bits only runs are worth looking for.
    strategy = zlib.Z_RLE if codes.itemsize == 1 else zlib.Z_DEFAULT_STRATEGY
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    content = deflater.compress(rows.data) + deflater.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
    return content, zlib.adler32(rows.data), rows.size


def _joined_adler32(first: int, second: int, size: int) -> int:
    """The Adler-32 of two pieces one behind the other, the second of ``size`` bytes (RFC 1950)."""
    sums, sums_of_sums = first & 0xFFFF, first >> 16
    joined = (sums + (second & 0xFFFF) - 1) % _ADLER_BASE
    joined_sums = (sums_of_sums + (second >> 16) + size * (sums - 1)) % _ADLER_BASE
    return joined_sums << 16 | joined


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


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
