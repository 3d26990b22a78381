"""Files made byte by byte, so that what the readers say of them is known without another library."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from convtool.io.images import Image, decode_image
from convtool.io.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""The colour types of PNG."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"

TAGS = {
    "width": 256,
    "height": 257,
    "bits": 258,
    "compression": 259,
    "photometric": 262,
    "offset": 273,
    "orientation": 274,
    "samples": 277,
    "rows": 278,
    "bytes": 279,
    "format": 339,
}

MAP_ENTRY = {
    "format": "convtool.map/1",
    "offset": -3.0,
    "step": 0.5,
    "depth": 16,
    "stage": "relu",
    "filter": "sobel-x",
}


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def header(width: int, height: int, depth: int = 8, colour_type: int = GRAY) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))


def png(width: int, depth: int, colour_type: int, rows: list[bytes], *chunks: bytes) -> bytes:
    """A PNG of packed, unfiltered rows; the other chunks stand before the pixels."""
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    body = header(width, len(rows), depth, colour_type) + b"".join(chunks)
    return SIGNATURE + body + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gray_png(values: NDArray[Any], *chunks: bytes) -> bytes:
    """A gray PNG of 8 or 16 bits."""
    stored = values.astype(values.dtype.newbyteorder(">"))
    rows = [row.tobytes() for row in stored]
    return png(values.shape[1], 8 * values.dtype.itemsize, GRAY, rows, *chunks)


def colour_png(values: NDArray[Any], *chunks: bytes) -> bytes:
    """An RGB PNG of ``(H, W, 3)``, 8 or 16 bits."""
    stored = values.astype(values.dtype.newbyteorder(">"))
    rows = [row.tobytes() for row in stored]
    return png(values.shape[1], 8 * values.dtype.itemsize, RGB, rows, *chunks)


def text_chunk(keyword: str, text: str, *, compressed: bool = False) -> bytes:
    """An international text entry."""
    content = zlib.compress(text.encode()) if compressed else text.encode()
    return chunk(b"iTXt", keyword.encode() + bytes([0, compressed, 0, 0, 0]) + content)


def zipped_chunk(kind: bytes, text: bytes) -> bytes:
    """A compressed text (zTXt) or colour profile (iCCP)."""
    return chunk(kind, b"name\0\0" + zlib.compress(text))


def map_chunk(**changes: Any) -> bytes:
    return text_chunk("convtool.map", json.dumps({**MAP_ENTRY, **changes}))


def exif(orientation: int) -> bytes:
    """An EXIF block that holds an orientation alone."""
    return b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHIHH", 274, 3, 1, orientation, 0) + bytes(4)


def tiff(data: bytes, order: str = "<", **tags: int) -> bytes:
    """An uncompressed TIFF of one strip; `tags` by their names in `TAGS`."""
    facts = {
        "compression": 1,
        "photometric": 1,
        "samples": 1,
        "rows": tags["height"],
        "bytes": len(data),
        "format": 1,
        **tags,
    }
    facts["offset"] = 8 + 2 + 12 * (len(facts) + 1) + 4
    entries = b"".join(
        struct.pack(order + "HHII", TAGS[name], 4, 1, value)
        for name, value in sorted(facts.items(), key=lambda item: TAGS[item[0]])
    )
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "IH", 8, len(facts)) + entries + bytes(4) + data


def gray_tiff(values: NDArray[Any], **tags: int) -> bytes:
    """A gray TIFF in the byte order of the array, its samples unsigned, signed or real as the array's."""
    height, width = values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    big = values.dtype.str.startswith(">")
    return tiff(
        values.tobytes(),
        ">" if big else "<",
        width=width,
        height=height,
        bits=8 * values.dtype.itemsize,
        format=kind,
        **tags,
    )


def npy(text: str, data: bytes = b"", version: int = 1) -> bytes:
    """An NPY file of any header."""
    encoded = text.encode("latin1")
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(encoded))
        + (encoded + data)
    )


def npy_of(array: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version, allow_pickle=True)
    return stream.getvalue()


def idx_header(*sizes: int) -> bytes:
    """The header of an IDX file of unsigned bytes."""
    return struct.pack(f">{len(sizes) + 1}I", 0x800 + len(sizes), *sizes)


def idx(values: NDArray[np.uint8]) -> bytes:
    """An IDX file of unsigned bytes."""
    return idx_header(*values.shape) + values.tobytes()


def source_of(content: bytes) -> Source:
    return Source(io.BytesIO(content), len(content))


def decoded(content: bytes, **options: Any) -> Image:
    return decode_image(source_of(content), **options)
