"""NPZ archives: arrays and texts as NumPy saves them, and everything that is wrong told by one line."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import ConvtoolError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.io.npz import Npz
from tests.io import handmade as hm
from tests.io.archives import BOMB_SIZE, bomb, patched, zipped
from tests.tolerances import assert_same_bytes

DAMAGED = "^the NPZ is damaged, or no NPZ; write it again$"
ARRAYS = {
    "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "labels": np.array(["写真", "b", ""]),
    "a/../b": np.array([0.1, -3e38], ">f8"),
}


def opened(content: bytes, **limits: int) -> Npz:
    return Npz(hm.source_of(content), Limits(**limits) if limits else Limits.of())


def every_array(content: bytes) -> dict[str, NDArray]:
    archive = opened(content)
    return {name: archive.array(name, texts=True) for name in archive.names}


def saved() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **ARRAYS)
    return stream.getvalue()


WHOLE = saved()
ARRAY = hm.npy_of(np.zeros((2, 2), np.float32))
ONE = zipped([("a.npy", ARRAY)])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_numpy_saves_is_read(method: int) -> None:
    members = [(f"{name}.npy", hm.npy_of(values)) for name, values in ARRAYS.items()]
    for content in (WHOLE, zipped(members, method)):
        found = every_array(content)
        assert list(found) == ["images.npy", "labels.npy", "a/../b.npy"]
        for values, expected in zip(found.values(), ARRAYS.values(), strict=True):
            assert_same_bytes(values, expected)


def test_what_numpy_compresses_is_read() -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, **ARRAYS)
    assert_same_bytes(opened(stream.getvalue()).array("images.npy"), ARRAYS["images"])


def test_a_member_as_it_is() -> None:
    archive = opened(zipped([("spec.json", b"{}"), ("a.npy", ARRAY)]))
    assert archive.names == ("spec.json", "a.npy")
    assert archive.content("spec.json") == b"{}"
    assert archive.size("a.npy") == len(ARRAY)


def test_texts_are_read_only_where_they_are_asked_for() -> None:
    with pytest.raises(InputError, match=r"^labels\.npy: an array of dtype <U2; accepted are bool, int8 to"):
        opened(WHOLE).array("labels.npy")


@pytest.mark.parametrize("length", [*range(4, len(WHOLE), 41), *range(len(WHOLE) - 60, len(WHOLE))])
def test_truncated(length: int) -> None:
    with pytest.raises(InputError, match=DAMAGED):
        opened(WHOLE[:length])


@given(flips=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example(flips=[(len(WHOLE) - 3, 255)])
@example(flips=[(len(WHOLE) - 8, 255), (len(WHOLE) - 7, 255)])
@settings(max_examples=600)
def test_any_other_bytes_are_read_or_refused(flips: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in flips:
        content[place] = value
    try:
        found = every_array(bytes(content))
    except ConvtoolError as error:
        line = str(error)
    else:  # a checksum vouches for what is in every file, though not for its name
        line = "read"
        assert [values.tobytes() for values in found.values()] == [
            values.tobytes() for values in ARRAYS.values()
        ]
    assert len(line.splitlines()) == 1


@given(content=st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_no_archive(content: bytes) -> None:
    with pytest.raises(InputError, match=DAMAGED):
        opened(b"PK\3\4" + content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped([("a.npy", b"no array")]), r"^a\.npy: not an NPY file; save the array with numpy\.save$"),
        (zipped([("a.npy", ARRAY[:-1])]), r"^a\.npy: the header promises 16 bytes .*, the file holds 15"),
        (zipped([("a.npy", b"")]), r"^a\.npy: not an NPY file"),
        (zipped([("a.npy", hm.npy_of(np.array([1j])))]),
         r"^a\.npy: an array of dtype complex128; accepted are texts and numbers: bool, int8"),
        (zipped([("a.npy", hm.npy_of(np.zeros((1,) * 5)))]), r"^a\.npy: an array of 5 axes"),
        (zipped([("a.npy", hm.npy_of(np.zeros((2, 0))))]), r"^a\.npy: an array of shape \(2, 0\); it holds"),
        (patched(ONE, "a.npy", field=8, value=b"\1\0", local=6),
         r"^'a\.npy' is encrypted or packed in a way that NPZ is not$"),
        (patched(ONE, "a.npy", field=10, value=b"\x63\0", local=8),
         r"^'a\.npy' is encrypted or packed in a way that NPZ is not$"),
        (zipped([("a.npy", ARRAY)], zipfile.ZIP_LZMA), r"^'a\.npy' is encrypted or packed in a way that"),
        (zipped([("a.npy", ARRAY)], zipfile.ZIP_BZIP2), r"^'a\.npy' is encrypted or packed in a way that"),
        (patched(ONE, "a.npy", field=16, value=b"\0\0\0\0", local=14), DAMAGED),
        (patched(ONE, "a.npy", field=24, value=b"\1\0\0\0", local=22), DAMAGED),
        (patched(ONE, "a.npy", field=24, value=bytes([len(ARRAY) + 1])),
         r"^'a\.npy' is not as long as the NPZ says; write it again$"),
        (patched(zipped([("a.npy", ARRAY), ("b.npy", ARRAY)]), "a.npy", field=32, value=bytes([46 + 5])),
         DAMAGED),  # the second entry of the directory is taken for a comment of the first
        (patched(ONE, "a.npy", field=42, value=b"\xff\xff\0\0"), DAMAGED),
        (ONE[:-22], DAMAGED),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        every_array(content)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name() -> None:
    with pytest.raises(InputError, match=r"^it holds two files of one name; write it again$"):
        opened(zipped([("a.npy", ARRAY), ("b", b""), ("a.npy", ARRAY)]))


def test_too_many_files() -> None:
    stream = io.BytesIO(ONE)
    with zipfile.ZipFile(stream, "a") as archive:
        entry = archive.filelist[0]
        for number in range(65_536):
            other = zipfile.ZipInfo(f"{number}.npy")
            other.header_offset, other.CRC = entry.header_offset, entry.CRC
            archive.filelist.append(other)
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"^it holds 65537 files, over the limit of 65536$"):
        opened(stream.getvalue())


class Creating:
    """What makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("texts", [True, False])
def test_nothing_is_unpickled(texts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive = opened(zipped([("a.npy", hm.npy_of(np.array([Creating()], object)))]))
    with pytest.raises(InputError, match=r"^a\.npy: an array of dtype object"):
        archive.array("a.npy", texts=texts)
    assert not Path("executed").exists()


class TestBombs:
    @pytest.mark.parametrize("claimed", [100, 2**20, 2**24])
    def test_a_file_that_inflates_to_more_than_it_claims(self, claimed: int) -> None:
        content = bomb(claimed)
        assert len(content) < 4 * 2**20
        tracemalloc.start()
        with pytest.raises(InputError, match=rf"{DAMAGED}|^'a\.npy' is not as long as the NPZ says"):
            opened(content).array("a.npy")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * claimed + 2**22

    def test_a_file_that_claims_what_it_inflates_to(self) -> None:
        content = bomb(BOMB_SIZE)
        says = (
            r"^it would inflate to 3221\d+ bytes, over 100 times its own; "
            r"save it uncompressed, with numpy\.savez$"
        )
        tracemalloc.start()
        with pytest.raises(InputError, match=says):
            opened(content, memory=2**40)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20

    def test_many_files_are_one_sum(self) -> None:
        arrays = [(f"{number}.npy", hm.npy_of(np.zeros(1000, np.float32))) for number in range(50)]
        says = r"^the NPZ holds \d+ bytes; .* raise it with --max-memory 1M or CONVTOOL_MAX_MEMORY=1M$"
        with pytest.raises(LimitError, match=says):
            opened(zipped(arrays), memory=900_000)
        assert len(opened(zipped(arrays), memory=1_100_000).names) == 50

    def test_a_header_that_claims_more_than_the_file_holds(self) -> None:
        header = hm.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", bytes(64))
        with pytest.raises(InputError, match=r"^a\.npy: the header promises 4000000000000 bytes"):
            opened(zipped([("a.npy", header)])).array("a.npy")

    def test_texts_of_no_characters_are_as_many_as_they_claim(self) -> None:
        header = hm.npy("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }")
        with pytest.raises(InputError, match=r"^a\.npy: an array of dtype <U0; accepted are texts and"):
            opened(zipped([("a.npy", header)])).array("a.npy", texts=True)
