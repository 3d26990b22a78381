"""Damage: every way in which a file is broken on purpose, at random but the same for the same generator."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from random import Random

from tests.io.handmade import SIGNATURE, chunk

Mutation = Callable[[bytes, Random], bytes]

_ODD_SIZES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63, 2**64 - 1)
_ODD_NUMBERS = (
    b"0",
    b"-1",
    b"1e999",
    b"1e-999",
    b"3e38",
    b"-3e38",
    b"65536",
    b"99999999999",
    b"NaN",
    b"1" * 5000,
)
_LONGEST_PIECE = 64
_MOST_MUTATIONS = 4


def mutant(content: bytes, random: Random) -> bytes:
    """The file with a few mutations, in half of all PNGs with the checksums corrected."""
    for _ in range(random.randint(1, _MOST_MUTATIONS)):
        content = random.choice(MUTATIONS)(content, random)
    return mended(content) if random.random() < 0.5 else content


def mended(content: bytes) -> bytes:
    """A PNG with the checksum that each chunk should have; any other file as it is."""
    if not content.startswith(SIGNATURE):
        return content
    chunks, rest = _split(content)
    return SIGNATURE + b"".join(chunk(each[4:8], each[8:-4]) for each in chunks) + rest


def flip_bits(content: bytes, random: Random) -> bytes:
    """Flip one to eight bits."""
    damaged = bytearray(content)
    for _ in range(random.randint(1, 8) if damaged else 0):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def truncate(content: bytes, random: Random) -> bytes:
    """Leave the end out."""
    return content[: random.randint(0, len(content))]


def insert(content: bytes, random: Random) -> bytes:
    """Put random bytes in."""
    place = random.randint(0, len(content))
    return content[:place] + random.randbytes(random.randint(1, _LONGEST_PIECE)) + content[place:]


def delete(content: bytes, random: Random) -> bytes:
    """Leave a piece out."""
    start, stop = _piece(content, random)
    return content[:start] + content[stop:]


def duplicate(content: bytes, random: Random) -> bytes:
    """Repeat a piece, once or many times."""
    start, stop = _piece(content, random)
    return content[:stop] + content[start:stop] * random.choice((1, 2, 100)) + content[stop:]


def change_size(content: bytes, random: Random) -> bytes:
    """Write an odd whole number over some bytes, as if it were a length or a count."""
    width = random.choice((1, 2, 4, 8))
    number = random.choice(_ODD_SIZES) & ((1 << 8 * width) - 1)
    place = random.randint(0, len(content))
    return (
        content[:place] + number.to_bytes(width, random.choice(("little", "big"))) + content[place + width :]
    )


def change_number(content: bytes, random: Random) -> bytes:
    """Write an odd number over one that stands as text."""
    numbers = list(re.finditer(rb"\d+", content[:10_000]))
    if not numbers:
        return flip_bits(content, random)
    start, stop = random.choice(numbers).span()
    return content[:start] + random.choice(_ODD_NUMBERS) + content[stop:]


def swap_chunks(content: bytes, random: Random) -> bytes:
    """Exchange, repeat or leave out chunks of a PNG; in any other file exchange two pieces."""
    if not content.startswith(SIGNATURE):
        first, second = sorted((_piece(content, random), _piece(content, random)))
        if first[1] > second[0]:
            return content
        parts = ((0, first[0]), second, (first[1], second[0]), first, (second[1], len(content)))
        return b"".join(content[start:stop] for start, stop in parts)
    chunks, rest = _split(content)
    shuffled = random.choices(chunks, k=len(chunks)) if random.random() < 0.3 else chunks[:]
    if len(shuffled) > 1:
        i, j = random.sample(range(len(shuffled)), 2)
        shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
    return SIGNATURE + b"".join(shuffled) + rest


def change_pixels(content: bytes, random: Random) -> bytes:
    """Damage what a PNG's pixel stream inflates to, and deflate it again; flip bits of any other file."""
    chunks, rest = _split(content) if content.startswith(SIGNATURE) else ([], b"")
    streams = [k for k, each in enumerate(chunks) if each[4:8] == b"IDAT"]
    if not streams:
        return flip_bits(content, random)
    k = random.choice(streams)
    try:
        pixels = zlib.decompress(chunks[k][8:-4])
    except zlib.error:
        return flip_bits(content, random)
    damaged = random.choice((flip_bits, truncate, insert, duplicate))(pixels, random)
    chunks[k] = chunk(b"IDAT", zlib.compress(damaged, 1))
    return SIGNATURE + b"".join(chunks) + rest


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    insert,
    delete,
    duplicate,
    change_size,
    change_number,
    swap_chunks,
    change_pixels,
)


def _piece(content: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + random.randint(1, _LONGEST_PIECE))


def _split(png: bytes) -> tuple[list[bytes], bytes]:
    """The chunks of a PNG, each whole with its length and checksum, and what is left behind the last."""
    chunks, place = [], len(SIGNATURE)
    while place + 12 <= len(png):
        stop = place + 12 + int.from_bytes(png[place : place + 4], "big")
        if stop > len(png):
            break
        chunks.append(png[place:stop])
        place = stop
    return chunks, png[place:]
