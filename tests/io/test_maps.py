"""Map files: what another program finds in them, that they read back, and what befell those it saved anew."""

from __future__ import annotations

import io
import json
import re
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convtool.errors import ArgumentError, InputError, NoticeWarning, OutputError
from convtool.io.images import load_image
from convtool.io.maps import (
    MAP_FORMATS,
    SEVERAL_MAPS,
    Written,
    format_of,
    load_map,
    read_map,
    save_map,
    write_map,
)
from tests.io import handmade as hm
from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.io.conftest import Write

VALUES = np.array([[-1, 0, 2.5], [1e-3, 300, 7]], np.float32)
WHOLE = np.array([[-1, 0, 2], [1, 300, 7]], np.float32)
NO_MAP = "no map file of convtool; its pixels are taken as they are"

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


def picture_and_entry(path: Path) -> tuple[PIL.Image.Image, dict[str, Any]]:
    """What Pillow, which knows nothing of maps, reads."""
    with PIL.Image.open(path) as picture:
        picture.load()
    assert isinstance(picture, PIL.PngImagePlugin.PngImageFile)
    assert list(picture.text) == ["convtool.map"]
    assert isinstance(picture.text["convtool.map"], PIL.PngImagePlugin.iTXt)
    return picture, json.loads(picture.text["convtool.map"])


def resave(path: Path, change: Any, *, keep_text: bool = True) -> None:
    """Save a map again as another program would, its pixels changed, its text kept or lost."""
    picture, _ = picture_and_entry(path)
    text = PIL.PngImagePlugin.PngInfo()
    if keep_text:
        text.add_itxt("convtool.map", picture.text["convtool.map"])
    change(picture).save(path, "PNG", pnginfo=text)


def high_byte(picture: PIL.Image.Image) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.rint(np.asarray(picture) / 257).astype(np.uint8))


class TestPng:
    @pytest.mark.parametrize(("depth", "mode"), [(16, "I;16"), (8, "L")])
    def test_a_gray_picture_and_one_entry(self, tmp_path: Path, depth: Any, mode: str) -> None:
        path = tmp_path / "map.png"
        save_map(path, VALUES, depth=depth, stage="conv", filter="sobel-x")
        picture, entry = picture_and_entry(path)
        assert (picture.format, picture.mode, picture.size) == ("PNG", mode, (3, 2))
        assert entry == {
            "format": "convtool.map/1",
            "offset": -1.0,
            "step": 301 / (2**depth - 1),
            "depth": depth,
            "stage": "conv",
            "filter": "sobel-x",
        }
        codes = np.asarray(picture).astype(np.float64)
        assert (codes.min(), codes.max()) == (0, 2**depth - 1)
        assert np.all(np.abs(entry["offset"] + codes * entry["step"] - VALUES) <= entry["step"] / 2)

    def test_label_and_stage_may_be_unknown(self, tmp_path: Path) -> None:
        save_map(tmp_path / "map.png", WHOLE)
        _, entry = picture_and_entry(tmp_path / "map.png")
        assert (entry["stage"], entry["filter"]) == (None, None)

    @given(
        values=hnp.arrays(np.int32, shapes, elements=st.integers(-30_000, 35_535)),
        depth=st.sampled_from([8, 16]),
    )
    def test_whole_numbers_read_back_exactly(
        self, scratch: Path, values: NDArray[np.int32], depth: Any
    ) -> None:
        if depth == 8:
            values = values % 256
        path = scratch / "whole.png"
        save_map(path, values, depth=depth)
        assert_equal(load_map(path), values.astype(np.float32))
        picture, entry = picture_and_entry(path)
        formula = entry["offset"] + np.asarray(picture).astype(np.float64) * entry["step"]
        assert_equal(np.rint(formula), values)  # without the readers: the formula and Pillow's pixels

    @given(values=hnp.arrays(np.float32, shapes, elements=finite), depth=st.sampled_from([8, 16]))
    def test_the_values_are_those_of_the_formula(
        self, scratch: Path, values: NDArray[np.float32], depth: Any
    ) -> None:
        path = scratch / "real.png"
        save_map(path, values, depth=depth)
        image = read_map(path)
        picture, entry = picture_and_entry(path)
        codes = np.asarray(picture).astype(np.float64)
        per_level = round(1 / entry["step"])
        if per_level == 0 or entry["step"] != 1 / per_level:
            formula = (entry["offset"] + codes * entry["step"]).astype(np.float32)
            assert_equal(image.values, formula)
        assert (image.picture, image.maximum, image.colour, image.notices) == (False, None, False, ())
        assert image.scale is not None
        assert (image.scale.offset, image.scale.step) == (entry["offset"], entry["step"])

    @pytest.mark.parametrize("depth", [8, 16])
    def test_the_order_of_the_numbers_in_memory_means_nothing(self, tmp_path: Path, depth: Any) -> None:
        for name, values in (("c.png", WHOLE), ("f.png", np.asfortranarray(WHOLE))):
            save_map(tmp_path / name, values, depth=depth)
        assert (tmp_path / "c.png").read_bytes() == (tmp_path / "f.png").read_bytes()

    @pytest.mark.parametrize("depth", [8, 16])
    def test_compressed_it_is_smaller_and_the_same_map(self, tmp_path: Path, depth: Any) -> None:
        values = np.hypot(*np.mgrid[:90, :80]).astype(np.float32)
        sizes = {}
        for compress in (False, True):
            stream = io.BytesIO()
            made = write_map(
                stream, values, "png", depth=depth, compress=compress, stage="relu", label="box-3"
            )
            assert made == Written(step=float(values.max()) / (2**depth - 1))
            (tmp_path / f"{compress}.png").write_bytes(stream.getvalue())
            sizes[compress] = len(stream.getvalue())
        assert sizes[True] < 0.9 * sizes[False]
        assert_equal(load_map(tmp_path / "True.png"), load_map(tmp_path / "False.png"))
        assert picture_and_entry(tmp_path / "True.png")[1] == picture_and_entry(tmp_path / "False.png")[1]

    def test_the_same_map_is_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("a.png", "b.png"):
            save_map(tmp_path / name, VALUES, stage="relu", filter="box-3")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()

    def test_it_is_an_image_too(self, tmp_path: Path) -> None:
        save_map(tmp_path / "map.png", WHOLE)
        assert_equal(load_image(tmp_path / "map.png", strict=True), WHOLE)
        assert_equal(load_image(tmp_path / "map.png", scale="unit"), WHOLE)

    def test_range_fixes_the_scale(self, tmp_path: Path) -> None:
        path = tmp_path / "map.png"
        notice = f"^{re.escape(str(path))}: 2 value\\(s\\) outside the range were clipped$"
        with pytest.warns(NoticeWarning, match=notice) as caught:
            save_map(path, WHOLE, range=(0, 200))
        assert [warning.filename for warning in caught] == [__file__]
        assert_equal(load_map(path), np.clip(WHOLE, 0, 200))
        _, entry = picture_and_entry(path)
        assert (entry["offset"], entry["step"]) == (0, 1 / 327)

    def test_a_range_that_holds_all_is_not_noticed(self, tmp_path: Path) -> None:
        save_map(tmp_path / "map.png", WHOLE, range=(-1, 300))
        assert_equal(load_map(tmp_path / "map.png"), WHOLE)

    def test_a_notice_made_an_error_leaves_nothing_written(self, write: Write, tmp_path: Path) -> None:
        old = write(b"old", "old.png")
        with warnings.catch_warnings():
            warnings.simplefilter("error", NoticeWarning)
            for path in (old, tmp_path / "new.png"):
                with pytest.raises(NoticeWarning, match=r"2 value\(s\) outside the range were clipped$"):
                    save_map(path, WHOLE, range=(0, 200))
        assert old.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [old]

    def test_what_was_written_is_told(self) -> None:
        written = write_map(io.BytesIO(), WHOLE, "png", limits=(0, 255))
        assert written == Written(1 / 257, 2)
        assert write_map(io.BytesIO(), WHOLE, "png") == Written(1 / (65535 // 301), 0)

    @pytest.mark.parametrize("value", [0, -0.0, 5, -2.5, 3.4e38, 1e-45])
    def test_one_cell(self, tmp_path: Path, value: float) -> None:
        save_map(tmp_path / "map.png", [[value]])
        assert_equal(load_map(tmp_path / "map.png"), np.array([[value]], np.float32))


class TestOtherFormats:
    @given(
        values=hnp.arrays(np.float32, shapes, elements=finite),
        format_=st.sampled_from(["npy", "csv", "json"]),
    )
    def test_read_back_exactly(self, scratch: Path, values: NDArray[np.float32], format_: str) -> None:
        path = scratch / f"map.{format_}"
        save_map(path, values)
        assert_equal(load_map(path), values)

    def test_those_that_hold_one_map_are_the_others(self) -> None:
        assert SEVERAL_MAPS == ("npy", "json")
        assert {*MAP_FORMATS} - {*SEVERAL_MAPS} == {"png", "csv"}

    def test_npy_is_plain_float32(self, tmp_path: Path) -> None:
        for values in (VALUES, VALUES.T, np.array([[np.nan, np.inf]], np.float32)):
            save_map(tmp_path / "map.npy", values)
            stored = np.load(tmp_path / "map.npy")
            assert stored.dtype == np.float32
            assert_equal(stored, values)

    @pytest.mark.parametrize("format_", SEVERAL_MAPS)
    def test_several_maps_in_one_array(self, tmp_path: Path, format_: str) -> None:
        values = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
        save_map(tmp_path / f"maps.{format_}", values)
        assert_equal(load_map(tmp_path / f"maps.{format_}"), values)

    def test_text_is_text(self, tmp_path: Path) -> None:
        save_map(tmp_path / "map.csv", VALUES)
        save_map(tmp_path / "map.json", VALUES)
        assert (tmp_path / "map.csv").read_text() == "-1,0,2.5\n0.001,300,7\n"
        assert (tmp_path / "map.json").read_text() == "[\n  [-1, 0, 2.5],\n  [0.001, 300, 7]\n]\n"

    @pytest.mark.parametrize("format_", ["npy", "csv", "json"])
    def test_they_have_no_step(self, format_: Any) -> None:
        assert write_map(io.BytesIO(), VALUES, format_) == Written(None, 0)


class TestRefusedToWrite:
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("format_", ["png", "csv", "json"])
    def test_nan_and_infinity_with_their_place(self, write: Write, format_: str, value: float) -> None:
        path = write(b"old", f"map.{format_}")
        values = VALUES.copy()
        values[1, 1:] = value
        message = (
            f"the map has {value} at row 1 column 1 (from 0); {format_.upper()} holds finite values, NPY any"
        )
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            save_map(path, values)
        assert path.read_bytes() == b"old"
        assert [other.name for other in path.parent.iterdir()] == [path.name]

    def test_the_place_in_an_array_of_many_axes(self, tmp_path: Path) -> None:
        values = np.zeros((2, 2, 2, 2), np.float32)
        values[1, 0, 1, 0] = np.nan
        with pytest.raises(InputError, match=r"^the map has nan at \(1, 0, 1, 0\); JSON holds finite values"):
            save_map(tmp_path / "maps.json", values)
        with pytest.raises(
            InputError, match=r"^the map has nan at channel 0 row 1 column 0 \(from 0\); JSON"
        ):
            save_map(tmp_path / "maps.json", values[1])

    @pytest.mark.parametrize("format_", ["png", "csv"])
    @pytest.mark.parametrize("shape", [(3,), (1, 2, 3), (1, 1, 2, 3)])
    def test_other_numbers_of_axes(self, tmp_path: Path, format_: str, shape: tuple[int, ...]) -> None:
        message = (
            f"array has shape {shape}; {format_.upper()} holds one map (H, W): save each apart, or as NPY"
        )
        with pytest.raises(InputError, match=f"^{re.escape(message)} or JSON$"):
            save_map(tmp_path / f"map.{format_}", np.zeros(shape))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("format_", MAP_FORMATS)
    @pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
    def test_no_values(self, tmp_path: Path, format_: str, shape: tuple[int, ...]) -> None:
        message = f"array has shape {shape}; a map holds at least one value"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            save_map(tmp_path / f"map.{format_}", np.zeros(shape))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["map", "map.tif", "map.jpg", "map.png.bak", ".png", "map."])
    def test_an_unknown_suffix(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        message = f"{path}: the suffix must be one of .png, .npy, .csv, .json"
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            save_map(path, VALUES)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("name", "format_"), [("a.PNG", "png"), ("a.b.Npy", "npy"), ("x/.a.csv", "csv")])
    def test_a_suffix_in_capitals_is_known(self, name: str, format_: str) -> None:
        assert format_of(name) == format_

    def test_options_and_arrays_that_are_none(self, tmp_path: Path) -> None:
        path = tmp_path / "map.png"
        with pytest.raises(ArgumentError, match=r"^depth is 12; choose 8 or 16$"):
            save_map(path, VALUES, depth=12)  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match=r"^range is \(10, 0\); give a low and a higher number"):
            save_map(path, VALUES, range=(10, 0))
        with pytest.raises(ArgumentError, match=r"^array has dtype <U1; it must be a real number type"):
            save_map(path, [["a"]])
        with pytest.raises(InputError, match=r"^array is not a rectangle of numbers"):
            save_map(path, [[1, 2], [3]])
        with pytest.raises(
            OutputError, match=r"absent/map\.png: its folder does not exist; create it first$"
        ):
            save_map(tmp_path / "absent" / "map.png", VALUES)
        assert list(tmp_path.iterdir()) == []


class TestSavedAnew:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        save_map(tmp_path / "map.png", WHOLE, filter="sobel-x")
        return tmp_path / "map.png"

    def test_as_it_is(self, path: Path) -> None:
        resave(path, lambda picture: picture)
        assert_equal(load_map(path), WHOLE)

    def test_without_its_text_its_codes_are_values_with_a_notice(self, path: Path) -> None:
        picture, _ = picture_and_entry(path)
        resave(path, lambda picture: picture, keep_text=False)
        image = read_map(path)
        assert_equal(image.values, np.asarray(picture))
        assert (image.picture, image.notices) == (True, (NO_MAP,))
        with pytest.warns(NoticeWarning, match=f"^{re.escape(str(path))}: {NO_MAP}$"):
            assert_equal(load_map(path), np.asarray(picture))

    def test_at_eight_bits_it_is_coarser_with_a_notice(self, path: Path) -> None:
        _, entry = picture_and_entry(path)
        resave(path, high_byte)
        image = read_map(path)
        coarse = 257 * entry["step"]
        assert np.all(np.abs(image.values - WHOLE) <= coarse / 2)
        notice = (
            f"another program reduced the map to 8 bits: its step grew from {entry['step']:g} to {coarse:g}"
        )
        assert (image.picture, image.notices) == (False, (notice,))

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
    def test_as_colour_it_is_refused(self, path: Path, mode: str) -> None:
        resave(path, lambda picture: high_byte(picture).convert(mode))
        with pytest.raises(
            InputError, match=r"map\.png: a convtool\.map picture that another program made colour"
        ):
            load_map(path)

    def test_at_one_bit_it_is_refused(self, path: Path) -> None:
        resave(path, lambda picture: high_byte(picture).convert("1"))
        with pytest.raises(
            InputError, match=r"picture of 16 bits that another program saved with 1; use the file"
        ):
            load_map(path)

    def test_an_eight_bit_map_at_sixteen_is_refused(self, path: Path) -> None:
        save_map(path, WHOLE, depth=8)
        resave(path, lambda picture: PIL.Image.fromarray(np.asarray(picture).astype(np.uint16)))
        with pytest.raises(
            InputError, match=r"picture of 8 bits that another program saved with 16; use the file"
        ):
            load_map(path)

    def test_turned_by_its_tag(self, path: Path) -> None:
        codes = np.array([[6, 7, 8], [0, 1, 2]], np.uint16)
        turned = hm.gray_png(codes, hm.map_chunk(), hm.chunk(b"eXIf", hm.exif(6)))
        path.write_bytes(turned)
        assert_equal(load_map(path), np.array([[-3, 0], [-2.5, 0.5], [-2, 1]]))


class TestMadeByHand:
    codes = np.array([[0, 1, 65535]], np.uint16)

    @pytest.mark.parametrize("compressed", [False, True])
    def test_values(self, write: Write, compressed: bool) -> None:
        entry = hm.text_chunk("convtool.map", json.dumps(hm.MAP_ENTRY), compressed=compressed)
        assert_equal(load_map(write(hm.gray_png(self.codes, entry))), np.array([[-3, -2.5, 32764.5]]))

    @pytest.mark.parametrize(
        ("chunks", "message"),
        [
            ([hm.map_chunk(), hm.map_chunk()], "2 convtool.map entries; a map file has one"),
            ([hm.map_chunk(), hm.map_chunk(step=1.0)], "2 convtool.map entries; a map file has one"),
            ([hm.map_chunk(step=0)], "its convtool.map entry holds no usable scale: "),
            ([hm.map_chunk(step=float("nan"))], "its convtool.map entry holds no usable scale: "),
            ([hm.map_chunk(offset=10**400)], "its convtool.map entry holds no usable scale: "),
            (
                [hm.map_chunk(format="convtool.map/2")],
                'its convtool.map format is "convtool.map/2", this ver',
            ),
            ([hm.text_chunk("convtool.map", "[]")], "its convtool.map entry is not a JSON object"),
            (
                [hm.text_chunk("convtool.map", json.dumps(hm.MAP_ENTRY)[:-1] + ', "step": 2}')],
                "its convtool.map entry is unusable: the key 'step' stands twice; remove one",
            ),
            ([hm.map_chunk(filter="x" * 2**20)], "its convtool.map entry is over 1048576 bytes"),
            (
                [hm.map_chunk(offset=1e308)],
                "its convtool.map scale leads to inf at row 0 column 0 (from 0); every value must be finite",
            ),
            (
                [hm.map_chunk(step=1e36)],
                "its convtool.map scale leads to inf at row 0 column 2 (from 0); every value must be finite",
            ),
        ],
        ids=range(11),
    )
    def test_an_entry_that_is_none_is_refused(self, write: Write, chunks: list[bytes], message: str) -> None:
        path = write(hm.gray_png(self.codes, *chunks))
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}: {re.escape(message)}"):
            load_map(path)

    def test_an_entry_of_another_kind_is_none(self, write: Write) -> None:
        plain = hm.chunk(b"tEXt", b"convtool.map\0" + json.dumps(hm.MAP_ENTRY).encode())
        assert read_map(write(hm.gray_png(self.codes, plain))).notices == (NO_MAP,)


class TestOtherInputs:
    def test_a_picture_has_a_notice_before_its_own(self, write: Write) -> None:
        path = write(hm.png(1, 8, hm.RGBA, [b"\1\2\3\4"]))
        assert read_map(path).notices == (NO_MAP, "alpha is dropped")

    def test_colour_becomes_luma(self, write: Write) -> None:
        path = write(hm.colour_png(np.array([[[255, 0, 0]]], np.uint8)))
        with pytest.warns(NoticeWarning, match=NO_MAP):
            assert_equal(load_map(path), np.array([[76]]))

    def test_a_matrix_has_none(self, write: Write) -> None:
        assert_equal(load_map(write("1,2\n3,4\n")), np.array([[1, 2], [3, 4]]))

    def test_a_notice_about_standard_input_names_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        content = io.BytesIO(hm.gray_png(np.array([[7]], np.uint8)))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
        with pytest.warns(NoticeWarning, match=f"^stdin: {NO_MAP}$"):
            assert_equal(load_map("-"), np.array([[7]]))

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"absent\.png: cannot be read: No such file or directory$"):
            load_map(tmp_path / "absent.png")
