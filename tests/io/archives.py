"""NPZ archives made by hand, sound and otherwise."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

BOMB_SIZE = 3 * 2**30
"""What a bomb inflates to."""


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of members, of which two may have one name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def patched(content: bytes, name: str, *, field: int, value: bytes, local: int | None = None) -> bytes:
    """An archive in which a field of a member's entry in the directory, and before the member, is other."""
    data = bytearray(content)
    entry = content.rindex(b"PK\1\2", 0, content.rindex(name.encode()))
    data[entry + field : entry + field + len(value)] = value
    if local is not None:
        (start,) = struct.unpack_from("<I", content, entry + 42)
        data[start + local : start + local + len(value)] = value
    return bytes(data)


def bomb(claimed: int) -> bytes:
    """A member that inflates to `BOMB_SIZE`, whatever it claims."""
    piece = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = piece.compress(bytes(2**20)) + piece.flush(zlib.Z_FULL_FLUSH)
    stream = zeros * (BOMB_SIZE // 2**20) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    content = zipped([("spec.json", b"{}"), ("a.npy", stream)])
    claim, length = struct.pack("<I", claimed), struct.pack("<I", len(stream))
    for field, local, value in ((10, 8, b"\x08\0"), (24, 22, claim), (20, 18, length)):
        content = patched(content, "a.npy", field=field, value=value, local=local)
    return content
