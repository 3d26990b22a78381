"""Rows N1 to N7: NPY and NPZ files."""

from __future__ import annotations

import io
import os
import pickle
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.faults.commands import (
    converting,
    done,
    every,
    filtered,
    filtering,
    refused,
    refused_filter,
    refused_image,
    seconds_of_children,
    shown,
    training,
)
from tests.io import handmade as hm
from tests.strategies import REAL_TYPES

ACCEPTED = "bool, int8 to int64, uint8 to uint64, float16, float32 or float64"
BOTH = pytest.mark.parametrize("what", ["image", "filter"])
BOTH_IN_TIME = pytest.mark.parametrize("what", ["image", pytest.param("filter", marks=pytest.mark.slow)])


def refused_as(what: str, content: bytes, *words: str, name: str = "bad.npy") -> str:
    """Give a command a file that it must refuse, as an image or as a filter."""
    if what == "image":
        return refused_image(content, *words, name=name)
    return refused_filter(content, *words, name=name)


def header(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


class Creating:
    """What makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


OBJECTS = np.array([[Creating()]], object)


@BOTH
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(hm.npy_of(OBJECTS), ("dtype object", ACCEPTED), id="object-dtype"),
        pytest.param(pickle.dumps(Creating()), (), id="pickle"),
        pytest.param(pickle.dumps(Creating(), 0), (), id="pickle-of-text"),
        pytest.param(b"no array", (), id="text"),
    ],
)
def test_n01_nothing_is_unpickled(content: bytes, words: tuple[str, ...], what: str) -> None:
    """An array of objects or a raw pickle that would make a folder if it ran."""
    refused_as(what, content, *words)
    assert not Path("executed").exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_n01_a_pickle_is_named(protocol: int) -> None:
    """A raw pickle, given as an image, is called one."""
    refused_image(pickle.dumps(Creating(), protocol), "Python pickle", "NPY", name="bad.npy")
    assert not Path("executed").exists()


def test_n01_json_that_is_called_npy() -> None:
    """JSON renamed .npy: its content says what it is, and it is read as that."""
    assert shown({"a.npy": b"[[1, 2], [3, 4]]"}) == {"a.npy": [[[1, 2], [3, 4]]]}
    Path("one.csv").write_text("2\n")
    Path("f.npy").write_text('{"weights": [[3]]}')
    done("conv", "one.csv", "-f", "f.npy", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[6]]


@BOTH_IN_TIME
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (header("(1000000000000,)"), ("4000000000000 bytes", "holds 24")),
        (header("(32768, 32768)"), ("4294967296 bytes", "holds 24")),
        (header("(4294967296, 4294967296, 4)"), ("295147905179352825856 bytes", "holds 24")),
        (header("(9223372036854775808, 2)"), ("damaged",)),
        (header("(-2, -3)"), ("damaged",)),
        (header("(-1, 6)"), ("damaged",)),
        (header("(0, 1000000000000000000)"), ("(0, 1000000000000000000)", "no values")),
        (header("(1000000000000000,)", "'|S0'"), ("dtype", ACCEPTED)),
        (header("(1000000, 1000000)", "'|V0'"), ("dtype", ACCEPTED)),
    ],
)
def test_n02_a_shape_that_the_file_does_not_hold(text: str, words: tuple[str, ...], what: str) -> None:
    """A small file that claims 10¹² numbers, 4 GB, or a shape that overflows, is negative or empty."""
    content = hm.npy(text, bytes(24))
    assert len(content) < 152
    before = seconds_of_children()
    refused_as(what, content, *words)
    assert seconds_of_children() - before < 1


LONG_DOUBLE = np.dtype(np.longdouble)


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.zeros((4, 4), [("a", "<f4"), ("b", "<i2")]), "[('a', '<f4'), ('b', '<i2')]"),
        (np.ones((4, 4), np.complex64), "complex64"),
        (np.ones((4, 4), np.complex128), "complex128"),
        (np.zeros((4, 4), "M8[D]"), "datetime64[D]"),
        (np.zeros((4, 4), "m8[s]"), "timedelta64[s]"),
        (np.array([["text"] * 4] * 4), "<U4"),
        (np.array([[b"text"] * 4] * 4), "|S4"),
        (np.zeros((4, 4), "V8"), "|V8"),
        pytest.param(
            np.ones((4, 4), LONG_DOUBLE),
            str(LONG_DOUBLE),
            marks=pytest.mark.skipif(LONG_DOUBLE.itemsize == 8, reason="long double is double here"),
        ),
    ],
)
def test_n03_types_that_are_no_numbers(array: NDArray[np.generic], dtype: str) -> None:
    """Arrays of structures, complex numbers, dates, text or float128."""
    refused_image(hm.npy_of(array), f"dtype {dtype}", ACCEPTED, name="bad.npy")


def test_n03_as_a_filter() -> None:
    """A filter of complex numbers."""
    refused_filter(hm.npy_of(np.ones((1, 1), np.complex64)), "dtype complex64", ACCEPTED, name="bad.npy")


PLAIN = np.array([[0, 1, 2], [100, 7, 1]])


def variants() -> dict[str, bytes]:
    """One array in every accepted type, order of bytes, order of axes and version of the header."""
    files = {}
    for number, dtype in enumerate(name for name in REAL_TYPES if np.dtype(name).kind != "b"):
        files[f"{number}.npy"] = hm.npy_of(PLAIN.astype(dtype))
        files[f"{number}-fortran.npy"] = hm.npy_of(np.asfortranarray(PLAIN.astype(dtype)))
    for version in (2, 3):
        files[f"version-{version}.npy"] = hm.npy_of(PLAIN.astype(np.float32), (version, 0))
    return files


def test_n04_every_kind_of_array_is_the_same_image() -> None:
    """Big-endian, Fortran order, header versions 2 and 3, float16 and integers."""
    kinds = {np.dtype(dtype) for dtype in REAL_TYPES}
    assert {np.dtype(name) for name in ("<f2", ">f4", ">f8", ">i4", ">u2", "?", "u8")} <= kinds
    files = variants()
    assert shown(files) == every(files, PLAIN.tolist())
    assert len({record["sha256"] for record in done("show", *files, "--json").records}) == 1
    booleans = {
        "b.npy": hm.npy_of(PLAIN == 1),
        "b-fortran.npy": hm.npy_of(np.asfortranarray(PLAIN == 1)),
    }
    assert shown(booleans) == every(booleans, [[0, 1, 0], [0, 0, 1]])


def test_n04_every_kind_of_array_is_the_same_filter() -> None:
    """Big-endian, Fortran order, header versions 2 and 3, float16 and integers, as filters."""
    Path("image.csv").write_text("1,2,3\n4,5,6\n")
    options = []
    for name, content in variants().items():
        Path(name).write_bytes(content)
        options += ["-f", name]
    done("conv", "image.csv", *options, "-o", "out.npy", "-q")
    assert np.load("out.npy").ravel().tolist() == [449] * (len(options) // 2)
    assert filtered(b"1,2,3\n4,5,6\n", hm.npy_of(PLAIN == 1)).tolist() == [[8]]


WHOLE = hm.npy_of(np.arange(16, dtype=np.float32).reshape(4, 4))


@BOTH_IN_TIME
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(WHOLE + b"\0", ("64 bytes", "holds 65"), id="trailing-byte"),
        pytest.param(WHOLE + WHOLE, ("64 bytes", "holds 256"), id="two-arrays"),
        pytest.param(WHOLE[:-1], ("64 bytes", "holds 63"), id="cut-by-a-byte"),
        pytest.param(WHOLE[:-64], ("64 bytes", "holds 0"), id="no-values"),
        pytest.param(WHOLE[:60], ("damaged",), id="cut-in-the-header"),
        pytest.param(WHOLE[:7], ("damaged",), id="cut-in-the-version"),
        pytest.param(
            hm.npy("{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (4, 4)}", bytes(64)),
            ("damaged",),
            id="dtype-twice",
        ),
        pytest.param(
            hm.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9), 'shape': (4, 4)}", bytes(64)),
            ("damaged",),
            id="shape-twice",
        ),
        pytest.param(hm.npy("-" * 9000 + "1", bytes(64)), ("damaged",), id="9000-minuses"),
        pytest.param(hm.npy("(" * 9000, bytes(64)), ("damaged",), id="9000-brackets"),
    ],
)
def test_n05_damaged_arrays(content: bytes, words: tuple[str, ...], what: str) -> None:
    """Trailing bytes, a key of the header twice, 9 000 unary minuses in it, or a file cut short."""
    refused_as(what, content, *words)


def test_n05_the_same_file_whole() -> None:
    """The array that the other tests damage."""
    assert shown({"a.npy": WHOLE}) == {"a.npy": [np.arange(16).reshape(4, 4).tolist()]}


def test_n06_an_array_on_a_pipe() -> None:
    """NPY on standard input and on a FIFO, which have no places to seek, as an image and as a filter."""
    values = np.arange(16).reshape(4, 4).tolist()
    assert done("show", "-", "--json", stdin=WHOLE).record["values"] == values
    Path("one.csv").write_text("2\n")
    done("conv", "one.csv", "-f", "-", "-o", "out.npy", stdin=hm.npy_of(np.array([[3]])))
    assert np.load("out.npy").tolist() == [[6]]
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=[WHOLE])
    writer.start()
    try:
        assert done("show", "./pipe", "--json").record["values"] == values
    finally:
        writer.join()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
@BOTH
def test_n06_a_stream_without_end(what: str) -> None:
    """A pipe that never ends is read up to a cap."""
    with Path("/dev/zero").open("rb") as endless:
        command = converting("-") if what == "image" else filtering("-")
        refused(*command, code=4, says=("convtool: stdin: ", "1073741824 bytes"), stdin=endless)


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npz_bomb() -> bytes:
    """500 million zeros in half a megabyte."""
    return npz(**{"a.npy": hm.npy(header("(500000000,)", "'|u1'"), bytes(500_000_000))})


def npz_with_a_bad_checksum() -> bytes:
    content = bytearray(npz(**{"a.npy": WHOLE}))
    content[14] ^= 1
    return bytes(content)


def npz_of_duplicates() -> bytes:
    two = npz(**{"a.npy": WHOLE, "b.npy": WHOLE})
    return two.replace(b"b.npy", b"a.npy")


NPZ = {
    "plain": npz(**{"a.npy": WHOLE}),
    "claims-10-to-the-12": npz(**{"a.npy": hm.npy(header("(1000000000000,)"), bytes(24))}),
    "duplicates": npz_of_duplicates(),
    "path": npz(**{"../../executed.npy": WHOLE}),
    "objects": npz(**{"a.npy": hm.npy_of(OBJECTS)}),
    "bad-checksum": npz_with_a_bad_checksum(),
}


def labelled(**members: bytes) -> bytes:
    """An NPZ of four pictures and their labels, but for what is given."""
    sound = {"images.npy": hm.npy_of(np.ones((4, 8, 8))), "labels.npy": hm.npy_of(np.array([0, 0, 1, 1]))}
    return npz(**sound | members)


def labelled_with_a_bad_checksum() -> bytes:
    content = bytearray(labelled())
    content[content.index(b"PK\1\2") + 16] ^= 1
    return bytes(content)


CLAIM = hm.npy(header("(1000000000000, 1, 1)"), bytes(24))
LABELLED = {
    "claims-10-to-the-12": (labelled(**{"images.npy": CLAIM}), "promises 4000000000000 bytes"),
    "duplicates": (labelled(**{"images.npz": WHOLE}).replace(b".npz", b".npy"), "two files of one name"),
    "path": (labelled(**{"../../executed.npy": WHOLE}), "'../../executed.npy'"),
    "objects": (labelled(**{"images.npy": hm.npy_of(OBJECTS)}), "images.npy: an array of dtype object"),
    "objects-as-labels": (labelled(**{"labels.npy": hm.npy_of(OBJECTS)}), "labels.npy: an array of dtype"),
    "pickle": (labelled(**{"labels.npy": pickle.dumps(Creating())}), "labels.npy: not an NPY file"),
    "bad-checksum": (labelled_with_a_bad_checksum(), "the NPZ is damaged"),
}


@pytest.mark.parametrize("kind", LABELLED)
def test_n07_archives_of_labelled_pictures(kind: str) -> None:
    """NPZ that is damaged, claims too much, or holds objects or paths: nothing is learned from it."""
    content, words = LABELLED[kind]
    Path("bad.npz").write_bytes(content)
    refused(*training("bad.npz", "-o", "n.npz"), says=("convtool: bad.npz: ", words))
    assert not Path("executed").exists()


@BOTH_IN_TIME
@pytest.mark.parametrize("kind", NPZ)
def test_n07_archives_of_arrays(kind: str, what: str) -> None:
    """NPZ of any kind, sound or not: no command reads one, and each says so."""
    refused_as(what, NPZ[kind], *(("ZIP archive (NPZ",) if what == "image" else ()), name="bad.npz")
    assert not Path("executed").exists()


@pytest.mark.slow
@BOTH
def test_n07_a_bomb_is_not_inflated(what: str) -> None:
    """An NPZ of 486 KB that would inflate to 500 MB."""
    content = npz_bomb()
    assert len(content) < 600_000
    before = seconds_of_children()
    refused_as(what, content, name="bad.npz")
    assert seconds_of_children() - before < 1


def test_n07_the_records_name_the_kind() -> None:
    """An NPZ given as a filter: what a filter file is."""
    refused_filter(NPZ["plain"], "filter", "JSON", "NPY", name="bad.npz")
