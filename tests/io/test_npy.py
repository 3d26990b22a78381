"""NPY files: every accepted type reads as NumPy reads it, and no header is believed before it is checked."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool.errors import InputError
from convtool.io.npy import ACCEPTED, Header, read_header, read_values, write_npy
from tests.io import handmade as hm
from tests.strategies import REAL_TYPES
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAMAGED = "the NPY header is damaged; save the array with numpy.save"


def read(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    return read_values(stream, read_header(stream, len(content)))


def header(shape: str = "(2, 3)", descr: str = "'<f4'", fortran_order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}\n"


@given(
    data=st.data(),
    dtype=st.sampled_from(REAL_TYPES),
    shape=hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
    fortran=st.booleans(),
    version=st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_reads_as_numpy_does(
    data: st.DataObject, dtype: str, shape: tuple[int, ...], fortran: bool, version: tuple[int, int]
) -> None:
    values = data.draw(hnp.arrays(np.dtype(dtype), shape))
    stored = np.asarray(values, order="F" if fortran else "C")
    content = hm.npy_of(stored, version)
    result = read(content)
    assert_same_bytes(result, values)
    assert result.flags.writeable
    stream = io.BytesIO(content)
    header = Header(shape, np.dtype(dtype), fortran_order=not stored.flags.c_contiguous)
    assert read_header(stream, len(content)) == header
    assert stream.tell() == len(content) - values.nbytes


def test_header_made_by_hand() -> None:
    values = np.arange(6, dtype="<f4")
    for version in (1, 2, 3):
        assert read(hm.npy(header(), values.tobytes(), version)).tolist() == [[0, 1, 2], [3, 4, 5]]
    fortran = hm.npy(header(fortran_order="True"), values.tobytes())
    assert read(fortran).tolist() == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[None]]), "object"),
        (np.array([[1j]]), "complex128"),
        (np.array([[1j]], np.complex64), "complex64"),
        (np.array([["text"]]), "<U4"),
        (np.array([[b"text"]]), "|S4"),
        (np.array([["2020-01-01"]], "M8[D]"), "datetime64[D]"),
        (np.array([[1]], "m8[s]"), "timedelta64[s]"),
        (np.zeros((2, 2), [("a", "<f4")]), "[('a', '<f4')]"),
        (np.zeros((2, 2), "V8"), "|V8"),
        (np.zeros((2, 2), np.longdouble), str(np.dtype(np.longdouble))),
    ],
)
def test_other_types_are_refused_by_name(array: NDArray[Any], dtype: str) -> None:
    if array.dtype == np.float64:
        pytest.skip("long double is double here")
    message = f"an array of dtype {dtype}; accepted are {ACCEPTED}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        read(hm.npy_of(array))


@pytest.mark.parametrize("descr", ["None", "1", "'no type'", "'<f3'", "{'names': ['a']}", "()", "'(', "])
def test_types_that_are_none(descr: str) -> None:
    with pytest.raises(InputError, match=f"^the NPY header names an unknown dtype |^{DAMAGED}$"):
        read(hm.npy(header(descr=descr), bytes(24)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a header",
        "[1, 2]",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9), 'shape': (2, 3)}",
        "{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{[1]: 2}",
        "{**{}}",
        header("[2, 3]"),
        header("6"),
        header("(2.0, 3)"),
        header("(2, True)"),
        header("(-2, -3)"),
        header("(9223372036854775808, 2)"),
        header(f"({'9' * 3000}, {'9' * 3000})"),
        header(f"({'9' * 5000}, 2)"),
        header(fortran_order="0"),
        header(fortran_order="None"),
        header(descr="__import__('os').getcwd()"),
        "-" * 9000 + "1",
        "(" * 9000,
        "[" * 200 + "]" * 200,
        "{'descr': '<f4', \0}",
    ],
)
def test_damaged_headers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"^{DAMAGED}$"):
        read(hm.npy(text, bytes(24)))


def test_header_that_is_no_utf8() -> None:
    with pytest.raises(InputError, match=f"^{DAMAGED}$"):
        read(hm.npy(header(descr="'\xff'"), bytes(24), version=3))


@pytest.mark.parametrize(
    ("shape", "promised"),
    [
        ("(1000000000000,)", 4 * 10**12),
        ("(1000000000, 1000000000, 1000000000)", 4 * 10**27),
        ("(2, 4)", 32),
        ("(2, 2)", 16),
        ("()", 4),
    ],
)
def test_what_a_header_promises_is_held_against_the_file(shape: str, promised: int) -> None:
    message = f"the header promises {promised} bytes for shape {shape} of float32, the file holds 24"
    with pytest.raises(InputError, match=f"^{re.escape(message)}; save the array again$"):
        read(hm.npy(header(shape), bytes(24)))


@pytest.mark.parametrize("change", [-1, 1, -24, 1000])
def test_truncated_or_trailing_bytes(change: int) -> None:
    with pytest.raises(InputError, match=f"^the header promises 24 bytes .*, the file holds {24 + change};"):
        read(hm.npy(header(), bytes(24 + change)))


@pytest.mark.parametrize("shape", ["(0, 3)", "(0, 1000000000000000000)", "(0, 9223372036854775807, 9)"])
def test_no_values(shape: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(f'an array of shape {shape}; it holds no values')}$"):
        read(hm.npy(header(shape)))


@pytest.mark.parametrize("axes", [5, 65, 2000])
def test_more_axes_than_a_bank_has(axes: int) -> None:
    message = f"^an array of {axes} axes; an image has 2 or 3, a filter 2 to 4$"
    with pytest.raises(InputError, match=message):
        read(hm.npy(header(f"({'1,' * axes})"), bytes(4)))


@pytest.mark.parametrize("length", range(6, 80))
def test_cut_inside_the_header(length: int) -> None:
    content = hm.npy_of(np.zeros((2, 3), np.float32))
    with pytest.raises(InputError, match=f"^{DAMAGED}$|^the header promises 24 bytes .*, the file holds 0;"):
        read(content[:length])


def test_header_of_impossible_length() -> None:
    with pytest.raises(InputError, match=r"^the NPY header claims 2147483647 bytes; it is damaged$"):
        read(b"\x93NUMPY\2\0\xff\xff\xff\x7f" + bytes(100))


@pytest.mark.parametrize("version", [0, 4, 255])
def test_versions_to_come(version: int) -> None:
    with pytest.raises(InputError, match=rf"^an NPY file of version {version}\.0; save it with numpy\.save$"):
        read(hm.npy(header(), bytes(24), version))


def test_a_file_that_shrinks_after_its_header_was_read() -> None:
    content = hm.npy_of(np.zeros((2, 3), np.float32))
    stream = io.BytesIO(content[:-1])
    with pytest.raises(InputError, match=r"^the file was cut short while it was read$"):
        read_values(stream, read_header(stream, len(content)))


@given(values=hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)))
def test_what_is_written_is_what_numpy_would_write(values: NDArray[np.float32]) -> None:
    for array in (values, values.T, values.astype(">f4")):
        stream = io.BytesIO()
        write_npy(stream, array)
        assert stream.getvalue() == hm.npy_of(np.ascontiguousarray(array, "<f4").reshape(array.shape))


def test_it_is_written_to_a_pipe() -> None:
    values = np.array([[1.5, -2]], np.float32)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as pipe:
        write_npy(pipe, values)
        pipe.close()
        assert_same_bytes(read(source.read()), values)


@pytest.mark.parametrize("content", [b"", b"\x93NUMP", b"[[1, 2]]", b"PK\3\4"])
def test_other_files(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^not an NPY file; save the array with numpy\.save$"):
        read(content)


def test_a_dtype_that_numpy_cannot_even_parse_is_unknown() -> None:
    header = "{'descr': '(1,f4', 'fortran_order': False, 'shape': (2, 2)}"
    with pytest.raises(InputError, match=r"the NPY header names an unknown dtype '\(1,f4'"):
        hm.decoded(hm.npy(header, bytes(16)))


class TestTexts:
    @given(
        data=st.data(),
        shape=hnp.array_shapes(min_dims=1, max_dims=2, max_side=4),
        length=st.integers(1, 5),
        order=st.sampled_from("<>"),
    )
    def test_are_read_as_numpy_does(
        self, data: st.DataObject, shape: tuple[int, ...], length: int, order: str
    ) -> None:
        characters = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=length)
        texts = data.draw(hnp.arrays(np.dtype(f"{order}U{length}"), shape, elements=characters))
        content = hm.npy_of(texts)
        stream = io.BytesIO(content)
        assert_same_bytes(read_values(stream, read_header(stream, len(content), texts=True)), texts)

    @pytest.mark.parametrize("code", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF, 0xD800, 0xDFFF])
    @pytest.mark.parametrize("order", "<>")
    def test_of_what_is_no_character_are_refused(self, code: int, order: str) -> None:
        codes = np.array([97, code], f"{order}u4")
        content = hm.npy(header("(2,)", f"'{order}U1'"), codes.tobytes())
        stream = io.BytesIO(content)
        described = read_header(stream, len(content), texts=True)
        with pytest.raises(InputError, match=r"^an array of texts with what is no character; save it again$"):
            read_values(stream, described)

    @pytest.mark.parametrize("code", [0x10FFFF, 0xD7FF, 0xE000, 0])
    def test_may_hold_any_character(self, code: int) -> None:
        content = hm.npy(header("(1,)", "'<U2'"), np.array([97, code], "<u4").tobytes())
        stream = io.BytesIO(content)
        (text,) = read_values(stream, read_header(stream, len(content), texts=True)).tolist()
        assert text == ("a" + chr(code)).rstrip("\0")
