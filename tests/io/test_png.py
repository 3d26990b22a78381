"""PNG chunk by chunk: what the walk finds, the damage that Pillow loads without a word, and writing."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from convtool import feature_maps, load_filter, load_image
from convtool.core import threads
from convtool.errors import InputError, LimitError
from convtool.io.limits import MAX_PNG_ENTRY_BYTES, MAX_PNG_TEXT_BYTES
from convtool.io.map_scale import MapScale
from convtool.io.png import GRAY, PngFacts, read_facts, write_gray
from tests.io import handmade as hm
from tests.io.handmade import decoded
from tests.tolerances import assert_equal

SAMPLES = Path(__file__).parents[2] / "samples"

GRAY_8 = hm.gray_png(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))


def facts_of(content: bytes) -> PngFacts:
    return read_facts(io.BytesIO(content))


@pytest.mark.parametrize(
    ("depth", "colour_type"),
    [(1, hm.GRAY), (4, hm.GRAY), (16, hm.GRAY), (8, hm.RGB), (16, hm.GRAY_ALPHA), (8, hm.RGBA)],
)
def test_depth_and_colour_type(depth: int, colour_type: int) -> None:
    facts = facts_of(hm.png(1, depth, colour_type, [bytes(8)]))
    assert (facts.depth, facts.colour_type, facts.palette, facts.entries) == (depth, colour_type, 0, ())
    assert GRAY == hm.GRAY


def test_size_of_the_palette() -> None:
    content = hm.png(1, 8, hm.PALETTE, [b"\0"], hm.chunk(b"PLTE", bytes(15)))
    assert facts_of(content).palette == 5


class TestText:
    def test_entries_in_order_wherever_they_stand(self) -> None:
        first, second = hm.text_chunk("a", "naïve\n写真"), hm.text_chunk("a", "again", compressed=True)
        others = hm.chunk(b"tEXt", b"a\0plain"), hm.zipped_chunk(b"zTXt", b"zipped")
        content = hm.gray_png(np.zeros((1, 1), np.uint8), first, *others)
        end = hm.chunk(b"IEND", b"")
        facts = facts_of(content.removesuffix(end) + second + end)
        assert facts.entries == (("a", "naïve\n写真"), ("a", "again"))

    def test_entry_with_a_language_and_translation(self) -> None:
        entry = hm.chunk(b"iTXt", "key\0\0\0de\0Schlüssel\0text\0more".encode())
        assert facts_of(hm.png(1, 8, hm.GRAY, [b"\0"], entry)).entries == (("key", "text\0more"),)

    @pytest.mark.parametrize(
        ("content", "entry"),
        [
            (b"key\0\1\0\0\0no zlib", ("key", "")),
            (b"key\0\2\0\0\0no zlib", ("key", "")),
            (b"key\0\0\0\0\0\xff", ("key", "\ufffd")),
            (b"key", ("key", "")),
            (b"", ("", "")),
        ],
    )
    def test_damaged_entries_do_no_harm(self, content: bytes, entry: tuple[str, str]) -> None:
        assert facts_of(hm.png(1, 8, hm.GRAY, [b"\0"], hm.chunk(b"iTXt", content))).entries == (entry,)


def flat_text(kind: str, size: int) -> bytes:
    if kind == "tEXt":
        return hm.chunk(b"tEXt", b"key\0" + b"x" * size)
    if kind.startswith("iTXt"):
        return hm.text_chunk("key", "x" * size, compressed=kind == "iTXt zipped")
    return hm.zipped_chunk(kind.encode(), b"x" * size)


class TestInflated:
    @pytest.mark.parametrize("kind", ["zTXt", "iTXt zipped", "iCCP"])
    def test_one_that_inflates_too_far_is_refused(self, kind: str) -> None:
        near, bomb = flat_text(kind, MAX_PNG_ENTRY_BYTES - 1), flat_text(kind, MAX_PNG_ENTRY_BYTES + 1)
        assert len(bomb) < 3000
        assert decoded(hm.gray_png(np.array([[7]], np.uint8), near)).values.tolist() == [[7]]
        message = (
            f"a {kind[:4]} chunk of the PNG inflates to over the limit of 1048576 bytes; "
            "save the picture without it"
        )
        for content in (hm.gray_png(np.array([[7]], np.uint8), bomb), GRAY_8[:-12] + bomb + GRAY_8[-12:]):
            with pytest.raises(LimitError, match=f"^{message}$"):
                decoded(content)

    @pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt zipped"])
    def test_many_are_counted_together(self, kind: str) -> None:
        size = 1_000_000
        most = MAX_PNG_TEXT_BYTES // size
        pixel = np.array([[7]], np.uint8)
        sixteen = hm.gray_png(pixel, *[flat_text(kind, size)] * most)
        assert decoded(sixteen).values.tolist() == [[7]]
        message = "^the PNG's texts are over the limit of 16777216 bytes; save the picture without them$"
        with pytest.raises(LimitError, match=message):
            decoded(hm.gray_png(pixel, *[flat_text(kind, size)] * (most + 1)))
        exact = flat_text("tEXt", MAX_PNG_TEXT_BYTES - most * size)
        assert decoded(hm.gray_png(pixel, *[flat_text(kind, size)] * most, exact)).values.tolist() == [[7]]

    def test_a_bomb_of_many_small_files_is_refused_as_soon_as_it_is_too_much(self) -> None:
        bomb = hm.gray_png(np.array([[7]], np.uint8), *[flat_text("zTXt", 1_000_000)] * 68)
        assert len(bomb) < 80_000
        with pytest.raises(LimitError, match=r"^the PNG's texts are over the limit of 16777216 bytes"):
            decoded(bomb)


class TestDamage:
    def test_without_its_end(self) -> None:
        cut = GRAY_8[: -len(hm.chunk(b"IEND", b""))]
        PIL.Image.open(io.BytesIO(cut)).load()
        message = "^the PNG ends before its last chunk (IEND); it is truncated$"
        with pytest.raises(InputError, match=message.replace("(", r"\(").replace(")", r"\)")):
            decoded(cut)

    @pytest.mark.parametrize("kept", range(len(hm.SIGNATURE), len(GRAY_8)))
    def test_cut_anywhere(self, kept: int) -> None:
        with pytest.raises(InputError, match=r"^the PNG ends (before its last|inside its \w{4}) chunk"):
            decoded(GRAY_8[:kept])

    @pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"IEND"])
    def test_wrong_checksum(self, kind: bytes) -> None:
        place = GRAY_8.index(kind)
        (length,) = struct.unpack(">I", GRAY_8[place - 4 : place])
        damaged = bytearray(GRAY_8)
        damaged[place + 4 + length] ^= 1
        message = f"the checksum of the PNG's {kind.decode()} chunk is wrong; the file is damaged"
        with pytest.raises(InputError, match=f"^{message}$"):
            decoded(bytes(damaged))

    @pytest.mark.parametrize("place", range(len(hm.SIGNATURE), len(GRAY_8)))
    def test_no_flipped_byte_goes_unseen(self, place: int) -> None:
        damaged = bytearray(GRAY_8)
        damaged[place] ^= 0x55
        with pytest.raises(InputError, match=r"^the (PNG ends|checksum of the PNG's)"):
            decoded(bytes(damaged))

    def test_a_chunk_whose_name_is_no_text_is_shown_escaped(self) -> None:
        content = hm.SIGNATURE + hm.header(1, 1) + struct.pack(">I", 9) + b"\n\xff\0a"
        with pytest.raises(InputError, match=re.escape(r"ends inside its b'\n\xff\x00a' chunk")):
            decoded(content)

    def test_what_follows_the_end_is_passed_over(self) -> None:
        assert decoded(GRAY_8 + b"junk").values.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_second_header_is_refused() -> None:
    content = hm.SIGNATURE + hm.header(1, 1) + hm.header(1, 1, depth=2) + hm.chunk(b"IEND", b"")
    with pytest.raises(InputError, match="second or broken header"):
        read_facts(io.BytesIO(content))


class TestWriting:
    @given(
        codes=hnp.arrays(
            st.sampled_from([np.uint8, np.uint16]), hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)
        ),
        compress=st.booleans(),
    )
    def test_other_readers_see_the_codes(self, codes: NDArray[Any], compress: bool) -> None:
        content = written(codes, compress=compress)
        with PIL.Image.open(io.BytesIO(content)) as picture:
            assert picture.text == {"key": "text π"}
        assert_others_read(content, codes)

    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    @pytest.mark.parametrize("shape", [(3, 300_001), (700, 601), (300_001, 1), (257, 1024)])
    def test_strips_join_to_one_sound_stream(self, kind: type, shape: tuple[int, int]) -> None:
        codes = np.random.default_rng(5).integers(0, 40, shape).astype(kind)
        content = written(codes)
        assert read_facts(io.BytesIO(content)).depth == 8 * codes.itemsize
        assert sum(name == b"IDAT" for name, _ in chunks(content)) > 1
        rows = inflated(content, shape[0])
        assert not rows[:, 0].any()
        assert_equal(rows[:, 1:].copy().view(codes.dtype.newbyteorder(">")), codes)

    @pytest.mark.parametrize("compress", [False, True])
    def test_the_bytes_do_not_depend_on_the_threads(
        self, compress: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        codes = np.random.default_rng(6).integers(0, 999, (600, 700)).astype(np.uint16)
        monkeypatch.setattr(threads, "usable_threads", lambda _: 3)
        together = written(codes, compress=compress)
        monkeypatch.setattr(threads, "usable_threads", lambda _: 1)
        assert written(codes, compress=compress) == together

    def test_it_is_no_larger_than_pillow_makes_it(self) -> None:
        with PIL.Image.open(SAMPLES / "camera.png") as photo:
            codes = np.asarray(photo)
        fast = io.BytesIO()
        PIL.Image.fromarray(codes).save(fast, "PNG", compress_level=1)
        assert len(written(codes)) < 1.25 * len(fast.getvalue())

    def test_in_maps_of_a_photo_runs_alone_are_looked_for(self) -> None:
        maps = feature_maps(load_image(SAMPLES / "camera.png")[:200], load_filter("sobel-x"))
        codes, _ = MapScale.fit(maps).encode(maps)
        assert deflated_as(codes, zlib.Z_RLE) in written(codes)

    @pytest.mark.parametrize("square", [1, 12], ids=["few codes", "drawn"])
    def test_in_drawings_and_among_few_codes_all_is_looked_for_that_comes_again(self, square: int) -> None:
        squares = np.random.default_rng(8).choice(
            [1000, 5555, 20_001, 30_002], (192 // square, 192 // square)
        )
        codes = np.kron(squares, np.ones((square, square))).astype(np.uint16)
        content = written(codes)
        assert deflated_as(codes, zlib.Z_DEFAULT_STRATEGY) in content
        assert len(content) < len(deflated_as(codes, zlib.Z_RLE))


class TestCompressing:
    @pytest.mark.parametrize(
        ("name", "stage", "depth", "ratio"),
        [
            ("gaussian-5", "relu", 8, 0.6),
            ("gaussian-5", "relu", 16, 0.87),
            ("sobel-x", "conv", 8, 0.86),
            ("sobel-x", "relu", 16, 0.89),
            ("sobel-x", "pool", 8, 1.0),
            ("sobel-x", "pool", 16, 0.97),
        ],
    )
    def test_maps_of_a_photo_are_smaller(self, name: str, stage: str, depth: int, ratio: float) -> None:
        maps = feature_maps(
            load_image(SAMPLES / "camera.png"),
            load_filter(name),
            relu=stage != "conv",
            pool=2 if stage == "pool" else None,
        )
        codes, _ = MapScale.fit(maps, depth=depth).encode(maps)
        small = written(codes, compress=True)
        assert len(small) <= ratio * len(written(codes))
        assert_others_read(small, codes)

    @pytest.mark.parametrize("pixel", [1, 2])
    def test_a_row_has_the_filter_that_predicts_it(self, pixel: int) -> None:
        """Rows of noise, and below each a row that one filter all but foretells."""
        rng = np.random.default_rng(7)
        rows: list[list[int]] = []
        for kind in range(5):
            above = rng.integers(0, 256, 400).tolist()
            row: list[int] = []
            surprises = rng.choice([0, -1, 60], 400, p=[0.4, 0.5, 0.1]).tolist()
            for i, (b, surprise) in enumerate(zip(above, surprises, strict=True)):
                a, c = (row[i - pixel], above[i - pixel]) if i >= pixel else (0, 0)
                row.append((predicted(kind, a, b, c) + surprise) % 256)
            rows += [above, row]
        codes = np.array(rows, np.uint8).view(f">u{pixel}").astype(f"u{pixel}")
        content = written(codes, compress=True)
        assert inflated(content, 10)[1::2, 0].tolist() == [0, 1, 2, 3, 4]
        assert_others_read(content, codes)

    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_a_strip_looks_at_the_row_above_it(self, kind: type) -> None:
        codes = np.random.default_rng(8).integers(0, 256, 601).astype(kind).repeat(700).reshape(601, 700).T
        content = written(codes, compress=True)
        assert sum(name == b"IDAT" for name, _ in chunks(content)) > 1
        assert_equal(inflated(content, 700)[1:, 0], np.full(699, 2, np.uint8))
        assert_others_read(content, codes)


def predicted(kind: int, a: int, b: int, c: int) -> int:
    """A byte from those on its left, above it, and above that on its left (PNG, 9.2)."""
    nearest = min((a, b, c), key=lambda neighbour: abs(a + b - c - neighbour))
    return (0, a, b, (a + b) // 2, nearest)[kind]


def assert_others_read(content: bytes, codes: NDArray[Any]) -> None:
    """Pillow and OpenCV see the codes."""
    with PIL.Image.open(io.BytesIO(content)) as picture:
        assert_equal(np.asarray(picture), codes)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert_equal(decoded.reshape(codes.shape), codes)


def written(codes: NDArray[Any], **options: bool) -> bytes:
    stream = io.BytesIO()
    write_gray(stream, codes, ("key", "text π"), **options)
    return stream.getvalue()


def deflated_as(codes: NDArray[np.uint16], strategy: int) -> bytes:
    """Codes of few rows, unfiltered, as one deflate stream without zlib's frame."""
    rows = np.pad(codes.astype(">u2").view(np.uint8), ((0, 0), (1, 0)))
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    return deflater.compress(rows.tobytes()) + deflater.flush()


def inflated(content: bytes, height: int) -> NDArray[np.uint8]:
    """The rows of bytes as they were deflated, each behind the number of its filter."""
    stream = b"".join(chunk for name, chunk in chunks(content) if name == b"IDAT")
    return np.frombuffer(zlib.decompress(stream), np.uint8).reshape(height, -1)


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], 8
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        found.append((name, content[place + 8 : place + 8 + length]))
        place += length + 12
    return found
