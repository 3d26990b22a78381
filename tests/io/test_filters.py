"""Filter files: every key and form of them, the faults of each, and that what is written reads back."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool.core.bank import FilterBank
from convtool.errors import ArgumentError, InputError, LimitError, NoticeWarning
from convtool.io.filters import (
    FORMAT,
    FilterFile,
    builtin_names,
    decode_filter,
    encode_filter,
    filter_fields,
    filter_format,
    filter_label,
    holds_filter,
    is_path,
    load_filter,
    read_filter,
)
from convtool.io.limits import MAX_JSON_BYTES
from tests.io import handmade as hm
from tests.strategies import REAL_TYPES
from tests.tolerances import assert_close, assert_equal

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tests.io.conftest import Write

FILTERS = Path(__file__).parents[2] / "filters"

BANK = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def decoded(content: bytes | str | dict[str, Any], label: str = "own") -> FilterFile:
    if isinstance(content, dict):
        content = json.dumps(content)
    return decode_filter(hm.source_of(content.encode() if isinstance(content, str) else content), label)


def assert_bank(
    bank: FilterBank,
    weights: ArrayLike,
    bias: ArrayLike | None = None,
    names: tuple[str, ...] | None = None,
    normalize: str | None = None,
    *,
    single: bool = False,
) -> None:
    expected = np.asarray(weights, np.float32)
    assert bank.weights.dtype == bank.bias.dtype == np.float32
    assert_equal(bank.weights, expected)
    assert_equal(bank.bias, np.zeros(len(expected)) if bias is None else np.asarray(bias, np.float32))
    assert (bank.names, bank.normalize, bank.single) == (names, normalize, single)


def assert_same(left: FilterBank, right: FilterBank) -> None:
    assert_bank(left, right.weights, right.bias, right.names, right.normalize, single=right.single)


class TestJson:
    def test_a_bare_list_is_a_filter(self) -> None:
        assert_bank(decoded("[[1, 0.5], [-2, 3e1]]").bank, [[[[1, 0.5], [-2, 30]]]], single=True)

    def test_two_axes_are_one_filter(self) -> None:
        assert_bank(decoded({"weights": [[1, 2, 3]]}).bank, [[[[1, 2, 3]]]], single=True)

    def test_three_axes_are_single_channel_filters(self) -> None:
        assert_bank(decoded({"weights": BANK}).bank, [[BANK[0]], [BANK[1]]])
        assert_bank(decoded({"weights": BANK[:1]}).bank, [[BANK[0]]])
        assert_bank(decoded({"weights": [*BANK, BANK[0]]}).bank, [[BANK[0]], [BANK[1]], [BANK[0]]])

    def test_four_axes_are_filters_of_channels(self) -> None:
        assert_bank(decoded({"weights": [BANK]}).bank, [BANK])
        assert_bank(decoded(json.dumps([BANK, BANK])).bank, [BANK, BANK])

    def test_every_key(self) -> None:
        file = decoded(
            {
                "format": FORMAT,
                "name": "its own name",
                "weights": BANK,
                "bias": [0.5, -1],
                "description": "What it does",
                "source": "Where it is from",
                "names": ["left", "right"],
                "divisor": 4,
                "normalize": "local",
                "meta": {"any": ["thing", None, {"divisor": 2}]},
            }
        )
        weights = np.array(BANK)[:, None] / 4
        assert_bank(file.bank, weights, [0.5, -1], ("left", "right"), "local")
        assert (file.label, file.name) == ("own", "its own name")
        assert (file.description, file.source) == ("What it does", "Where it is from")
        assert file.meta == {"any": ["thing", None, {"divisor": 2}]}
        assert file.notices == ()

    def test_the_divisor_divides_the_weights_not_the_bias(self) -> None:
        file = decoded({"weights": [[1, 2], [3, 4]], "divisor": 3, "bias": 3})
        assert_bank(file.bank, [[[[1 / 3, 2 / 3], [1, 4 / 3]]]], [3], single=True)
        assert_bank(decoded({"weights": [[1]], "divisor": -0.5}).bank, [[[[-2]]]], single=True)

    def test_a_number_is_the_bias_of_one_filter(self) -> None:
        assert_bank(decoded({"weights": [[1]], "bias": -2.5}).bank, [[[[1]]]], [-2.5], single=True)
        assert_bank(decoded({"weights": [[1]], "bias": [7]}).bank, [[[[1]]]], [7], single=True)

    @pytest.mark.parametrize(
        "text", ["\ufeff[[1]]", " " * 900 + "[[1]]", "\r\n\t[[1]]\n\n", '\ufeff{"weights": [[1]]}']
    )
    def test_white_space_and_byte_order_mark(self, text: str) -> None:
        assert_bank(decoded(text).bank, [[[[1]]]], single=True)


class TestNpy:
    @pytest.mark.parametrize("dtype", REAL_TYPES)
    def test_every_type(self, dtype: str) -> None:
        weights = np.array([[1, 0, 1], [0, 1, 1]]).astype(dtype)
        assert_bank(decoded(hm.npy_of(weights)).bank, [[weights.astype(np.float32)]], single=True)

    def test_every_number_of_axes(self) -> None:
        weights = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
        assert_bank(decoded(hm.npy_of(weights)).bank, weights)
        assert_bank(decoded(hm.npy_of(weights[0])).bank, weights[0][:, None])
        assert_bank(decoded(hm.npy_of(weights[0, 0])).bank, weights[:1, :1], single=True)
        assert_bank(decoded(hm.npy_of(np.asfortranarray(weights))).bank, weights)

    @pytest.mark.parametrize("shape", [(), (3,)])
    def test_other_numbers_of_axes(self, shape: tuple[int, ...]) -> None:
        message = f"weights of shape {shape}; a filter is (kh, kw), a bank (O, kh, kw) or (O, I, kh, kw)"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            decoded(hm.npy_of(np.zeros(shape)))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_nan_and_infinity(self, value: float) -> None:
        message = f"weights hold {value} at (0, 0, 1, 0); every number must be finite in float32"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            decoded(hm.npy_of(np.array([[1, 2], [value, 4]])))

    def test_damage(self) -> None:
        with pytest.raises(InputError, match=r"^the header promises 32 bytes for shape \(2, 2\) of float64"):
            decoded(hm.npy_of(np.ones((2, 2)))[:-1])
        with pytest.raises(InputError, match=r"^an array of 65 axes; an image has 2 or 3, a filter 2 to 4$"):
            decoded(hm.npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1,' * 65})}}", bytes(4)))


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            # Numbers that are none, null, true and text
            ("[[1, NaN]]", "row 1 column 2 of a filter is NaN, not a finite number"),
            ("[[1], [-Infinity]]", "row 2 column 1 of a filter is -Infinity, not a finite number"),
            ("[[1e999]]", "row 1 column 1 of a filter is Infinity, not a finite number"),
            ("[[null]]", "row 1 column 1 of a filter is null, not a finite number"),
            ("[[1, true]]", "row 1 column 2 of a filter is true, not a finite number"),
            ('[["1"]]', 'row 1 column 1 of a filter is "1", not a finite number'),
            ('[["nan"]]', 'row 1 column 1 of a filter is "nan", not a finite number'),
            ('{"weights": [[1]], "bias": NaN}', "value 1 of bias is NaN, not a finite number"),
            ('{"weights": [[1]], "bias": [1e999]}', "value 1 of bias is Infinity, not a finite number"),
            ('{"weights": [[1]], "bias": null}', "value 1 of bias is null, not a finite number"),
            ('{"weights": [[1]], "bias": true}', "value 1 of bias is true, not a finite number"),
            ('{"weights": [[1]], "bias": "1"}', 'value 1 of bias is "1", not a finite number'),
            ("[[1e39]]", "weights hold inf at (0, 0, 0, 0); every number must be finite in float32"),
            (
                '{"weights": [[1]], "bias": -1e39}',
                "bias hold -inf at (0,); every number must be finite in flo",
            ),
            # Keys
            ('{"weights": [[1]], "weights": [[2]]}', "the key 'weights' stands twice; remove one"),
            ('{"weights": [[1]], "meta": {"a": 1, "a": 1}}', "the key 'a' stands twice; remove one"),
            (
                {"weights": [[1]], "kernel": [[1]]},
                "unknown key 'kernel'; a filter has format, name, weights, bias, description, source, names",
            ),
            ({"Weights": [[1]]}, "unknown key 'Weights'; a filter has format, name, weights"),
            ({}, 'it has no weights; a filter is {"weights": [[1, 0], [0, 1]]}'),
            ({"format": FORMAT}, "it has no weights; a filter is"),
            (
                {"format": "convtool.filter/2", "weights": [[1]]},
                "format is 'convtool.filter/2'; this version reads 'convtool.filter/1'",
            ),
            ({"format": None, "weights": [[1]]}, "format is None; this version reads 'convtool.filter/1'"),
            ({"name": 1, "weights": [[1]]}, "name is 1; it must be text"),
            ({"description": ["a"], "weights": [[1]]}, "description is ['a']; it must be text"),
            ({"source": None, "weights": [[1]]}, "source is None; it must be text"),
            ({"normalize": "global", "weights": [[1]]}, "normalize is 'global'; it can be 'local' or absent"),
            ({"normalize": True, "weights": [[1]]}, "normalize is True; it can be 'local' or absent"),
            # What could not be written again
            ('{"weights": [[1]], "meta": NaN}', "meta holds NaN or infinity; a number in JSON is finite"),
            ('{"weights": [[1]], "meta": {"a": [1, -Infinity]}}', "meta holds NaN or infinity; a number in"),
            ('{"weights": [[1]], "meta": [{"a": 1e999}]}', "meta holds NaN or infinity; a number in JSON"),
            # Depth and length
            ("[" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
            ("[" * 100_000 + "]" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
            ("[" * 70 + "1" + "]" * 70, "lists are nested too deeply; a matrix is a list of rows"),
            ("[[" + "9" * 5000 + "]]", "a number has thousands of digits; no float32 is that long"),
            ("[[" + "9" * 400 + "]]", f"row 1 column 1 of a filter is {'9' * 37}..., not a finite number"),
            # Shape
            ("[[1, 2], [3]]", "row 2 has 1 values, row 1 has 2; a filter is a rectangle of numbers"),
            ("[[1, 2], 3]", "row 2 of a filter is 3, expected a list of 2"),
            ("[]", "a filter has an empty list; a row holds at least one number"),
            ("[[], []]", "a filter has an empty list; a row holds at least one number"),
            ({"weights": 5}, "a filter is 5; it must be a list of rows of numbers"),
            ({"weights": {"a": 1}}, "a filter is dict; it must be a list of rows of numbers"),
            (
                {"weights": [1, 2]},
                "weights of shape (2,); a filter is (kh, kw), a bank (O, kh, kw) or (O, I, kh, kw)",
            ),
            ("[[[[[1]]]]]", "lists are nested too deeply; a matrix is a list of rows"),
            # Encoding and what follows
            (
                "[[1]]".encode("utf-16"),
                "not a filter; a filter file is JSON (an object or a list of rows) or",
            ),
            (b'{"weights": [[1]], "name": "\xe9"}', "not UTF-8 text (byte 28); save it as UTF-8"),
            ("[[1]]\n[[2]]", "not valid JSON, line 2 column 1: Extra data"),
            ("[[1, 2],\n [3 4]]", "not valid JSON, line 2 column 5: Expecting ',' delimiter"),
            ('{"weights": [[1]]', "not valid JSON, line 1 column 18: Expecting ',' delimiter"),
            # Counts
            (
                {"weights": [[1]], "bias": [1, 2]},
                "bias has shape (2,) for 1 filter(s); give one number a filt",
            ),
            ({"weights": BANK, "bias": 1}, "bias has shape (1,) for 2 filter(s); give one number a filter"),
            ({"weights": BANK, "bias": [[1, 2]]}, "bias has shape (1, 2) for 2 filter(s); give one number"),
            ({"weights": BANK, "bias": []}, "bias has an empty list; a row holds at least one number"),
            (
                {"weights": [[1]], "names": ["a", "b"]},
                "2 name(s) for 1 filter(s); give one a filter, or none",
            ),
            ({"weights": [[1]], "names": []}, "0 name(s) for 1 filter(s); give one a filter, or none"),
            ({"weights": [[1]], "names": "a"}, "names is 'a'; it must be a list of texts, one a filter"),
            ({"weights": [[1]], "names": [1]}, "names is [1]; it must be a list of texts, one a filter"),
            # Divisor
            ({"weights": [[1]], "divisor": 0}, "divisor is 0; it must be a finite number other than 0"),
            ({"weights": [[1]], "divisor": -0.0}, "divisor is -0.0; it must be a finite number other than 0"),
            ('{"weights": [[1]], "divisor": NaN}', "divisor is nan; it must be a finite number other than 0"),
            ('{"weights": [[1]], "divisor": 1e999}', "divisor is inf; it must be a finite number other than"),
            ({"weights": [[1]], "divisor": 10**400}, f"divisor is {10**56}...; it must be a finite number"),
            ({"weights": [[1]], "divisor": True}, "divisor is True; it must be a finite number other than 0"),
            ({"weights": [[1]], "divisor": "2"}, "divisor is '2'; it must be a finite number other than 0"),
            ({"weights": [[1]], "divisor": None}, "divisor is None; it must be a finite number other than 0"),
            (
                {"weights": [[1e300]], "divisor": 1e-300},
                "weights hold inf at (0, 0, 0, 0); every number must",
            ),
            # Other files
            ("5", "not a filter; a filter file is JSON (an object or a list of rows) or NPY"),
            ("1,2\n3,4", "not a filter; a filter file is JSON (an object or a list of rows) or NPY"),
            (" \n", "not a filter; a filter file is JSON (an object or a list of rows) or NPY"),
            (hm.gray_png(np.zeros((3, 3), np.uint8)), "not a filter; a filter file is JSON (an object or"),
            (b"\x80\x04\x95", "not a filter; a filter file is JSON (an object or a list of rows) or NPY"),
        ],
        ids=range(70),
    )
    def test_faults_are_named(self, content: bytes | str | dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=f"^{re.escape(message)}"):
            decoded(content)

    def test_the_file_is_named(self, write: Write) -> None:
        path = write("[[1, 2, 3], [4, 5]]", "edge.json")
        message = f"{path}: row 2 has 2 values, row 1 has 3; a filter is a rectangle of numbers"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            load_filter(path)
        with pytest.raises(InputError, match=r"absent\.json: cannot be read: No such file or directory$"):
            load_filter(path.with_name("absent.json"))

    def test_over_sixteen_mebibytes_is_refused_before_it_is_parsed(self) -> None:
        text = b"[[1]]".ljust(MAX_JSON_BYTES)
        assert_bank(decoded(text).bank, [[[[1]]]], single=True)
        message = "^a filter in JSON of 16777217 bytes is over the limit of 16777216; convert it to NPY$"
        with pytest.raises(LimitError, match=message):
            decoded(text + b"?")
        with pytest.raises(InputError, match=r"^not a filter; a filter file is JSON"):
            decoded(bytes(MAX_JSON_BYTES + 1))


class TestTooSmall:
    @pytest.mark.parametrize(
        ("content", "count", "weights"),
        [
            ("[[1e-400, 1]]", 1, [[0, 1]]),
            ("[[1e-46, -1e-60, 1e-45, 0]]", 2, [[0, 0, 1e-45, 0]]),
            ('{"weights": [[1e-30, 1]], "divisor": 1e30}', 1, [[0, 1e-30]]),
            ('{"weights": [[1]], "bias": 1e-400}', 1, [[1]]),
            ('{"weights": [[1, 1e-50]], "bias": 1e-400}', 2, [[1, 0]]),
            (hm.npy_of(np.array([[1e-60, 1]])), 1, [[0, 1]]),
            ("[[0.0, 1e-38, 0e-400]]", 0, [[0, 1e-38, 0]]),
        ],
    )
    def test_what_becomes_zero_is_noticed(self, content: bytes | str, count: int, weights: ArrayLike) -> None:
        file = decoded(content)
        assert_bank(file.bank, [[weights]], single=True)
        notice = f"{count} number(s) too small for float32 became 0"
        assert file.notices == ((notice,) if count else ())

    def test_load_filter_warns(self, write: Write) -> None:
        path = write("[[1e-400, 1]]", "tiny.json")
        message = rf"^{re.escape(str(path))}: 1 number\(s\) too small for float32 became 0$"
        with pytest.warns(NoticeWarning, match=message) as caught:
            assert_bank(load_filter(path), [[[[0, 1]]]], single=True)
        assert caught[0].filename == __file__


class TestNames:
    @pytest.mark.parametrize("path", sorted(FILTERS.glob("*.json")), ids=lambda path: path.stem)
    def test_every_built_in(self, path: Path) -> None:
        content = json.loads(path.read_text())
        file = read_filter(path.stem)
        assert file.label == file.name == path.stem == content["name"]
        weights = np.array(content["weights"]) / content.get("divisor", 1)
        single = weights.ndim == 2
        weights = weights[None, None] if single else weights[:, None] if weights.ndim == 3 else weights
        names = content.get("names")
        assert_bank(file.bank, weights, names=tuple(names) if names else None, single=single)
        assert (file.description, file.source) == (content["description"], content["source"])
        assert file.notices == ()
        assert_same(load_filter(path), file.bank)

    def test_all_built_ins_are_listed(self) -> None:
        assert builtin_names() == sorted(path.stem for path in FILTERS.glob("*.json"))
        assert len(builtin_names()) >= 35

    @pytest.mark.parametrize(
        ("name", "guess"),
        [
            ("sobelx", "did you mean sobel-x or sobel-y? "),
            ("Sobel-X", "did you mean sobel-x? "),
            ("laplacian", "did you mean laplacian-4 or laplacian-8? "),
            ("gausian-5", "did you mean gaussian-5 or gaussian-7 or gaussian-3? "),
            ("zzzzzz", ""),
        ],
    )
    def test_a_name_that_is_none_is_guessed(self, name: str, guess: str) -> None:
        message = (
            f"no built-in filter is called {name!r}; {guess}list them with 'convtool filters list', "
            f"or name a file: ./{name}"
        )
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            load_filter(name)

    @pytest.mark.parametrize(
        ("name", "path", "label"),
        [
            ("sobel-x", False, "sobel-x"),
            ("./sobel-x", True, "sobel-x"),
            ("sobel-x.json", True, "sobel-x"),
            ("a/b.c.npy", True, "b.c"),
            ("v1.2", True, "v1"),
            ("-", True, "stdin"),
            ("folder/", True, "folder"),
        ],
    )
    def test_what_is_a_path_and_how_it_is_called(self, name: str, path: bool, label: str) -> None:
        assert is_path(name) is path
        assert filter_label(name) == label

    def test_no_name_leaves_the_library(self) -> None:
        with pytest.raises(InputError, match=r"^\.\./pyproject: cannot be read: No such file or directory$"):
            load_filter("../pyproject")
        with pytest.raises(ArgumentError, match=r"^a path is empty"):
            load_filter("")

    def test_a_file_of_the_same_name_is_not_the_built_in(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(write("[[7]]", "identity").parent)
        assert_bank(load_filter("./identity"), [[[[7]]]], single=True)
        assert load_filter("identity").weights.max() == 1

    @pytest.mark.parametrize(
        ("content", "holds"),
        [
            (b'{"weights": [[1]]}', True),
            (b"\xef\xbb\xbf\n {}", True),
            (b"[[1]]", False),
            (b"1,2", False),
            (hm.npy_of(np.zeros((1, 1, 2, 2))), True),
            (hm.npy_of(np.zeros((1, 2, 2))), False),
            (hm.npy_of(np.zeros((2, 2))), False),
            (hm.gray_png(np.zeros((3, 3), np.uint8)), False),
        ],
        ids=range(8),
    )
    def test_what_can_only_be_a_filter(self, content: bytes, holds: bool) -> None:
        source = hm.source_of(content)
        assert holds_filter(source) is holds
        assert source.stream.tell() == 0


weights = st.one_of(
    *(
        hnp.arrays(
            np.float32,
            hnp.array_shapes(min_dims=axes, max_dims=axes, max_side=3),
            elements=st.one_of(
                st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-9, 9).map(float)
            ),
        )
        for axes in (2, 3, 4)
    )
)
texts = st.none() | st.text()
metas = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def filter_files(draw: st.DrawFn) -> FilterFile:
    values = draw(weights)
    filters = 1 if values.ndim == 2 else len(values)
    real = st.floats(width=32, allow_nan=False, allow_infinity=False)
    bias = draw(st.none() | hnp.arrays(np.float32, filters, elements=real))
    names = draw(st.none() | st.lists(st.text(), min_size=filters, max_size=filters))
    bank = FilterBank(values, bias, names, draw(st.sampled_from([None, "local"])))
    return FilterFile(draw(st.text()), bank, draw(texts), draw(texts), draw(metas), draw(texts))


class TestWriting:
    @given(file=filter_files())
    def test_json_reads_back_as_the_same_filter(self, file: FilterFile) -> None:
        content = encode_filter(file, "json")
        back = decoded(content, file.label)
        assert_same(back.bank, file.bank)
        assert (back.label, back.description, back.source, back.notices) == (
            file.label,
            file.description,
            file.source,
            (),
        )
        assert back.meta == file.meta
        assert encode_filter(back, "json") == content
        fields = json.loads(content)
        assert fields == filter_fields(file)
        assert (fields["format"], fields["name"]) == (FORMAT, file.name or file.label)

    @given(file=filter_files())
    def test_npy_reads_back_as_the_same_weights(self, file: FilterFile) -> None:
        content = encode_filter(file, "npy")
        back = decoded(content).bank
        assert_bank(back, file.bank.weights, single=file.bank.single)
        stored = np.load(io.BytesIO(content))
        assert stored.dtype == np.float32
        assert (
            stored.ndim == 2 if file.bank.single else stored.ndim == (3 if file.bank.in_channels == 1 else 4)
        )

    def test_json_is_laid_out_one_key_and_one_row_a_line(self) -> None:
        bank = FilterBank([[0, 0.1], [-2, 3]], 1.5)
        file = FilterFile("edge", bank, "Finds edges", meta={"by": "hand"})
        assert encode_filter(file, "json").decode() == (
            "{\n"
            '  "format": "convtool.filter/1",\n'
            '  "name": "edge",\n'
            '  "weights": [\n'
            "    [0, 0.1],\n"
            "    [-2, 3]\n"
            "  ],\n"
            '  "bias": 1.5,\n'
            '  "description": "Finds edges",\n'
            '  "meta": {"by": "hand"}\n'
            "}\n"
        )

    def test_it_keeps_its_own_name_and_takes_its_label_for_want_of_one(self) -> None:
        for text, name in (('{"weights": [[4]], "name": "mine", "divisor": 2}', "mine"), ("[[2]]", "label")):
            fields = json.loads(encode_filter(decoded(text, "label"), "json"))
            assert fields == {"format": FORMAT, "name": name, "weights": [[2]]}

    @pytest.mark.parametrize(("opened", "closed"), ["[]", ('{"a":', "}")])
    def test_however_deep_its_notes_are_what_is_read_can_be_written(self, opened: str, closed: str) -> None:
        for depth in (100, 500, *range(800, 1001)):
            meta = opened * depth + "1" + closed * depth
            try:
                file = decoded(f'{{"weights": [[1]], "meta": {meta}}}')
            except InputError:  # from some depth on, which is Python's
                assert depth > 500
                continue
            assert encode_filter(file, "json").count(opened[:1].encode()) >= depth

    def test_a_bank_keeps_its_biases_and_names(self) -> None:
        file = FilterFile("bank", FilterBank(BANK, [0, 2], ["a", "b"], "local"))
        assert filter_fields(file) == {
            "format": FORMAT,
            "name": "bank",
            "names": ["a", "b"],
            "weights": BANK,
            "bias": [0, 2],
            "normalize": "local",
        }

    @pytest.mark.parametrize(
        ("weights", "divisor", "written", "told"),
        [
            ([[0.25, 0.5]], 4.0, [[1, 2]], 4),
            ([[0.25, 0.5]], 16, [[4, 8]], 16),
            ([[0.25, 0.5]], 1.0, [[0.25, 0.5]], None),
            ([[0.25, 0.5]], 0.5, [[0.125, 0.25]], 0.5),
            ([[1 / 9, -1 / 9]], 9.0, [[1, -1]], 9),
            ([[1, 2]], -2.0, [[-2, -4]], -2),
            ([[1, 2]], 2**0.5, [[1.4142135, 2.828427]], 2**0.5),
        ],
    )
    def test_json_may_have_a_divisor(
        self, weights: ArrayLike, divisor: float, written: list[list[float]], told: float | None
    ) -> None:
        file = FilterFile("own", FilterBank(weights, 3))
        fields = json.loads(encode_filter(file, "json", divisor))
        assert (fields["weights"], fields.get("divisor"), fields["bias"]) == (written, told, 3)
        assert type(fields.get("divisor")) is type(told)
        assert filter_fields(file, divisor) == fields
        order = ["format", "name", "weights", *(["divisor"] if told is not None else []), "bias"]
        assert list(fields) == order

    @given(file=filter_files(), divisor=st.integers(1, 1024) | st.floats(0.01, 100))
    def test_a_divisor_is_undone_by_reading(self, file: FilterFile, divisor: float) -> None:
        weights = file.bank.weights.astype(np.float64)
        within = (np.abs(weights) < 1e30) & ((weights == 0) | (np.abs(weights) > 1e-30))
        if not within.all():  # times the divisor they would leave float32
            return
        back = decoded(encode_filter(file, "json", divisor), file.label).bank
        assert_bank(
            back, back.weights, file.bank.bias, file.bank.names, file.bank.normalize, single=file.bank.single
        )
        for one, other in zip(back.weights.ravel(), file.bank.weights.ravel(), strict=True):
            assert_close(
                one[None], other[None].astype(np.float64), case="sum", terms=2, scale=abs(float(other))
            )

    def test_the_product_with_a_divisor_is_rounded_once(self) -> None:
        weights = np.random.default_rng(1).random((9, 9), np.float32)
        fields = filter_fields(FilterFile("own", FilterBank(weights)), 63**0.5)
        exact = [[float(weight) * 63**0.5 for weight in row] for row in weights]
        assert np.float32(fields["weights"]).tolist() == np.float32(exact).tolist()

    def test_npy_has_the_weights_themselves(self) -> None:
        file = FilterFile("own", FilterBank([[0.25, 0.5]]))
        assert encode_filter(file, "npy", 4) == encode_filter(file, "npy")
        assert np.load(io.BytesIO(encode_filter(file, "npy", 4))).tolist() == [[0.25, 0.5]]

    @pytest.mark.parametrize("name", builtin_names())
    def test_built_ins_survive(self, name: str) -> None:
        file = read_filter(name)
        assert_same(decoded(encode_filter(file, "json")).bank, file.bank)

    @pytest.mark.parametrize(
        ("path", "shown"),
        [("f.png", "'png'"), ("f", "without a suffix"), (".json", "without a suffix"), ("f.json.gz", "'gz'")],
    )
    def test_other_formats(self, path: str, shown: str) -> None:
        message = f"^a filter is written as .json or .npy, not {re.escape(shown)}$"
        with pytest.raises(ArgumentError, match=message):
            filter_format(path)

    @pytest.mark.parametrize(
        ("path", "format_"), [("f.json", "json"), ("a/b.c.NPY", "npy"), (Path("f.Json"), "json")]
    )
    def test_the_suffix_is_the_format(self, path: str | Path, format_: str) -> None:
        assert filter_format(path) == format_


def test_whole_weights_that_float32_does_not_hold_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text("[[16777217, 16777216, 0.1]]")
    assert read_filter(path).notices == ("1 whole number(s) beyond 2^24 rounded to float32",)


@pytest.mark.parametrize("shape", [(65_537, 1, 1), (4097, 4097), (1, 17, 1000, 1000)])
def test_more_filters_or_weights_than_can_be_used_are_refused(shape: tuple[int, ...], write: Write) -> None:
    path = write(hm.npy_of(np.zeros(shape, np.int8)), "bank.npy")
    with pytest.raises(
        LimitError, match=r"are over the limit of 65536 filters or 16777216 weights; divide the bank"
    ):
        load_filter(path)


def test_messages_quote_long_values_in_part(write: Write) -> None:
    path = write(json.dumps({"weights": [[1]], "names": [1] * 10**5}).encode(), "long.json")
    with pytest.raises(InputError) as refused:
        load_filter(path)
    assert len(str(refused.value)) < 400
