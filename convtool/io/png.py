"""PNG, chunk by chunk (W3C specification, third edition): walked without decoding, written in strips."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.threads import for_each
from convtool.core.tiles import FEW_TILES, Tile, row_tiles
from convtool.errors import InputError, LimitError
from convtool.io.limits import MAX_PNG_ENTRY_BYTES, MAX_PNG_TEXT_BYTES
from convtool.io.png_pixels import Pixels
from convtool.io.source import Stream

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, GRAY_ALPHA = 0, 4
_ADLER_BASE = 65521

SAMPLED = 64
"""Of so many rows, one is deflated in two ways to choose how all are."""

HARDLY_SMALLER = 1.15
"""So much longer may a sample be that was searched for runs alone."""

Bytes = NDArray[np.uint8]
"""Rows of a PNG's bytes, each behind the number of its filter."""


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
    pixels
        The deflated pixels.
    """

    depth: int
    colour_type: int
    palette: int
    entries: tuple[tuple[str, str], ...]
    pixels: Pixels


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
    width, height, interlaced, pieces = 0, 0, 0, []
    for kind, content in _chunks(stream):
        if kind == b"IHDR":
            if depth or len(content) != 13:
                raise InputError("the PNG has a second or broken header (IHDR); the file is damaged")
            width, height, depth, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            pieces.append(content)
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
    pixels = Pixels(width, height, depth, colour_type, bool(interlaced), tuple(pieces))
    return PngFacts(depth, colour_type, palette, tuple(entries), pixels)


def write_gray(
    stream: BinaryIO,
    codes: NDArray[np.unsignedinteger[Any]],
    entry: tuple[str, str],
    *,
    compress: bool = False,
) -> None:
    """Write a gray PNG ``(H, W)`` of 8 or 16 bits, with one international text entry.

    Strips of rows are deflated apart, on every core, and joined: each ends on a byte's border (a full
    flush), and the checksums of the strips combine to that of the whole. The bytes do not depend on
    the number of threads. Rows are not filtered and are deflated fast, which suits most maps; with
    ``compress`` each strip is deflated slowly too, filtered and not, and the shortest is kept.
    """
    height, width = codes.shape
    tiles = row_tiles(1, height, width)
    strips: dict[Tile, _Strip] = {}

    def work(tile: Tile) -> None:
        last = tile.stop == height
        rows = _bytes_of(codes[tile.start : tile.stop])
        strips[tile] = _deflated_fast(rows, codes.itemsize, last=last)
        if compress:
            above = _bytes_of(codes[tile.start - 1 : tile.start]) if tile.start else np.zeros_like(rows[:1])
            slow = _deflated_slowly(rows, above, codes.itemsize, last=last)
            strips[tile] = min(strips[tile], *slow, key=lambda strip: len(strip.content))

    for_each(tiles, work, None if len(tiles) > FEW_TILES else 1)
    stream.write(SIGNATURE)
    stream.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * codes.itemsize, GRAY, 0, 0, 0)))
    keyword, text = entry
    stream.write(_chunk(b"iTXt", keyword.encode("latin1") + b"\0\0\0\0\0" + text.encode()))
    checksum, start = 1, b"\x78\x01"  # zlib's header: a window of 32 KiB
    for tile in tiles:
        content, strip_checksum, size = strips[tile]
        checksum = _joined_adler32(checksum, strip_checksum, size)
        end = struct.pack(">I", checksum) if tile is tiles[-1] else b""
        stream.write(_chunk(b"IDAT", start + content + end))
        start = b""
    stream.write(_chunk(b"IEND", b""))


class _Strip(NamedTuple):
    """A piece of a deflate stream, the Adler-32 of the bytes in it, and their number."""

    content: bytes
    checksum: int
    size: int


def _bytes_of(codes: NDArray[np.unsignedinteger[Any]]) -> Bytes:
    """Rows of codes as a PNG has them, each behind a 0: it is not filtered."""
    rows = np.zeros((len(codes), 1 + codes.shape[1] * codes.itemsize), np.uint8)
    rows[:, 1:] = codes.astype(codes.dtype.newbyteorder(">"), order="C").view(np.uint8)
    return rows


def _deflated_fast(rows: Bytes, pixel: int, *, last: bool) -> _Strip:
    strategy = zlib.Z_RLE if pixel == 1 or _only_runs_pay(rows) else zlib.Z_DEFAULT_STRATEGY
    return _deflated(rows, 1, strategy, last=last)


def _only_runs_pay(rows: Bytes) -> bool:
    """Whether a few rows become hardly smaller when whatever comes again is looked for, not runs alone.

    The search takes twice the time of all else. It pays where there are few codes, or pictures were
    drawn; on maps of most photographs it saves a few hundredths.
    """
    sample = np.ascontiguousarray(rows[::SAMPLED])
    runs, searched = (
        len(_deflated(sample, 1, strategy, last=True).content)
        for strategy in (zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY)
    )
    return runs <= HARDLY_SMALLER * searched


def _deflated_slowly(rows: Bytes, above: Bytes, pixel: int, *, last: bool) -> tuple[_Strip, ...]:
    return (
        _deflated(rows, 9, zlib.Z_DEFAULT_STRATEGY, last=last),
        _deflated(_filtered(rows, above, pixel), 9, zlib.Z_FILTERED, last=last),
    )


def _deflated(rows: Bytes, level: int, strategy: int, *, last: bool) -> _Strip:
    deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    content = deflater.compress(rows.data) + deflater.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
    return _Strip(content, zlib.adler32(rows.data), rows.size)


def _filtered(rows: Bytes, above: Bytes, pixel: int) -> Bytes:
    """Each row by that filter which leaves the smallest sum of differences (PNG, 12.7).

    The differences of a byte ``x`` are to a prediction from ``a`` on its left, ``b`` above and ``c``
    above ``a``: 0, ``a``, ``b``, ⌊(a + b) / 2⌋, or of a, b and c the nearest to a + b − c (Paeth).
    """
    x, up = rows[:, 1:], np.concatenate((above, rows[:-1]))[:, 1:]
    left, corner = (np.pad(row, ((0, 0), (pixel, 0)))[:, :-pixel] for row in (x, up))
    a, b, c = (plane.astype(np.int16) for plane in (left, up, corner))
    to_a, to_b, to_c = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    paeth = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    differences = np.stack(
        [x, *(x - prediction.astype(np.uint8) for prediction in (a, b, (a + b) // 2, paeth))]
    )
    # A difference is modulo 256: 255 is a step of 1 down.
    sums = np.minimum(differences, -differences).sum(axis=2, dtype=np.int64)
    kinds = sums.argmin(axis=0)
    filtered = np.empty_like(rows)
    filtered[:, 0] = kinds
    filtered[:, 1:] = differences[kinds, np.arange(len(rows))]
    return filtered


def _joined_adler32(first: int, second: int, size: int) -> int:
    """The Adler-32 of two pieces one behind the other, the second of ``size`` bytes (RFC 1950)."""
    sums, sums_of_sums = first & 0xFFFF, first >> 16
    joined = (sums + (second & 0xFFFF) - 1) % _ADLER_BASE
    joined_sums = (sums_of_sums + (second >> 16) + size * (sums - 1)) % _ADLER_BASE
    return joined_sums << 16 | joined


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _chunks(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    start = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(start)
    while True:
        head = stream.read(8)
        if len(head) < 8:
            raise InputError("the PNG ends before its last chunk (IEND); it is truncated")
        length, kind = struct.unpack(">I4s", head)
        content = stream.read(min(length, end))  # no buffer for what only a header claims
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
