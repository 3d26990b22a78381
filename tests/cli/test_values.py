"""The texts that options take, parsed: what they become, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from convtool.cli import values

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.output, "", ""),
        (values.output, "-", "-"),
        (values.output, "/dev/stdout", "-"),
        (values.output, "/dev/fd/1", "-"),
        (values.output, "/proc/self/fd/1", "-"),
        (values.output, "dev/stdout", "dev/stdout"),
        (values.output, "/dev/stderr", "/dev/stderr"),
        (values.output, "./-", "./-"),
        (values.positive, "1", 1),
        (values.positive, "007", 7),
        (values.not_negative, "0", 0),
        (values.pixels, "1000000000000000000", 10**18),
        (values.decimals, "149", 149),
        (values.positive_pair, "3", 3),
        (values.positive_pair, "3,4", (3, 4)),
        (values.padding, "valid", "valid"),
        (values.padding, "same", "same"),
        (values.padding, "2", 2),
        (values.padding, "0,2", (0, 2)),
        (values.padding, "1,2,3,4", ((1, 2), (3, 4))),
        (values.limits, "0,255", (0.0, 255.0)),
        (values.limits, "-1.5,1e3", (-1.5, 1000.0)),
        (values.limits, "-3.4028234663852886e38,3.4028234663852886e38", (-LARGEST, LARGEST)),
        (values.share, "0", 0.0),
        (values.share, "1", 1.0),
        (values.share, "0.05", 0.05),
        (values.share, ".5", 0.5),
        (values.share, "5e-2", 0.05),
        (values.share_below_1, "0", 0.0),
        (values.share_below_1, "0.999", 0.999),
        (values.above_0, "1e-300", 1e-300),
        (values.above_0, "1e300", 1e300),
        (values.not_below_0, "0", 0.0),
        (values.not_below_0, "1e300", 1e300),
        (values.augmentation, "mirror", {"mirror": True}),
        (values.augmentation, "shift=2", {"shift": 2.0}),
        (values.augmentation, "scale=0,mirror,shift=1000", {"scale": 0.0, "mirror": True, "shift": 1000.0}),
        (
            values.augmentation,
            "contrast=.2,rotate=1e1,scale=0.1",
            {"contrast": 0.2, "rotate": 10.0, "scale": 0.1},
        ),
        (values.at_least_2, "2", 2),
        (values.number, "0", 0.0),
        (values.number, "-1.5", -1.5),
        (values.number, "1e3", 1000.0),
        (values.number, "1e-400", 0.0),
        (values.depth, "8", 8),
        (values.depth, "16", 16),
        (values.stages, "none", frozenset()),
        (values.stages, "map", frozenset({"relu"})),
        (values.stages, "pool,conv,pool", frozenset({"conv", "pool"})),
    ],
)
def test_what_texts_mean(parse: Callable[[str], Any], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (values.positive, "0", "'0' is not a whole number from 1 to 999999999"),
        (values.not_negative, "-1", "'-1' is not a whole number from 0 to 999999999"),
        (values.pixels, "1" + "0" * 18 + "1", "is not a whole number from 1 to 1000000000000000000"),
        (values.decimals, "150", "'150' is not a whole number from 0 to 149"),
        (values.positive_pair, "1,2,3", "'1,2,3' has 3 numbers; use N or Y,X"),
        (values.positive_pair, "1,", "'' is not a whole number from 1"),
        (values.padding, "1,2,3", "'1,2,3' is no padding; use valid, same, N, Y,X or TOP,BOTTOM,LEFT,RIGHT"),
        (values.limits, "255,0", "'255,0' is no range; use LO,HI with LO < HI, such as 0,255"),
        (values.limits, "0,1e39", "'0,1e39' goes beyond 3.4e38, the largest of float32; use a smaller range"),
        (values.limits, "-1e308,0", "'-1e308,0' goes beyond 3.4e38"),
        (values.share, "5", "'5' is no share; use a number from 0 to 1, such as 0.05"),
        (values.share_below_1, "1", "'1' is no such share; use a number from 0 to below 1, such as 0.05"),
        (values.share_below_1, "1e-0", "'1e-0' is no such share"),
        (values.share_below_1, "-1e-9", "'-1e-9' is no such share"),
        (values.above_0, "0", "'0' is not above 0; use a number such as 0.1"),
        (values.above_0, "-0.5", "'-0.5' is not above 0"),
        (values.above_0, "inf", "'inf' is not a finite number"),
        (values.not_below_0, "-1e-9", "'-1e-9' is below 0; use a number such as 0.01"),
        (values.not_below_0, "nan", "'nan' is not a finite number"),
        (values.at_least_2, "1", "'1' is not a whole number from 2 to 999999999"),
        (values.number, "x", "'x' is not a finite number"),
        (values.depth, "12", "'12' is no depth; use 8 or 16"),
        (values.stages, "map,relu", "'relu' is no stage; use conv, map, pool or none, such as map,pool"),
    ],
)
def test_what_is_refused(parse: Callable[[str], Any], text: str, says: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(says)):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "-1", "1.0", "1e3", "nan", "inf", "1_0", "0x2", "٣", "1\n", "1000000000", "x"],
)
def test_what_python_would_guess_at_is_no_whole_number(text: str) -> None:
    for parse in (values.positive, values.not_negative, values.decimals):
        with pytest.raises(typer.BadParameter, match="is not a whole number from"):
            parse(text)
    for several in (f"{text},1", f"1,{text}"):
        with pytest.raises(typer.BadParameter, match="is not a whole number from"):
            values.positive_pair(several)
        with pytest.raises(typer.BadParameter, match="is no padding"):
            values.padding(several)


@pytest.mark.parametrize(
    "text", ["", "5", "1,2,3", "2,1", "1,1", "nan,1", "0,inf", "a,b", "1_0,20", "0;1", "0x1,9"]
)
def test_a_range_is_two_finite_numbers_in_order(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no range; use LO,HI with LO < HI, such as 0,255"):
        values.limits(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "nan",
        "inf",
        "-inf",
        "infinity",
        "1e999",
        "1_0",
        "0x1",
        "1,0",
        "0,5",
        "1.2.3",
        "5%",
        "--1",
        "1-",
    ],
)
def test_what_is_no_finite_number(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"^{re.escape(repr(text))} is not a finite number$"):
        values.number(text)
    with pytest.raises(
        typer.BadParameter, match=f"^{re.escape(repr(text))} is no share; use a number from 0"
    ):
        values.share(text)


@pytest.mark.parametrize("text", ["-0.001", "1.001", "-1", "2", "100", "1e3"])
def test_a_number_may_be_no_share(text: str) -> None:
    assert values.number(text) == float(text)
    with pytest.raises(typer.BadParameter, match="is no share; use a number from 0 to 1"):
        values.share(text)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_python_reads_them(number: float) -> None:
    assert values.number(repr(number)) == number
    if 0 <= number <= 1:
        assert values.share(repr(number)) == number


PARSERS = (values.positive, values.positive_pair, values.padding, values.limits, values.depth, values.stages)


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text(st.sampled_from("019,-+._ eaxnifvsmold\n\x00é٣")) | st.text())
def test_any_text_is_taken_or_refused(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except typer.BadParameter:
        return
    assert text.isascii()
    assert text.isprintable()


@given(number=st.integers(1, 999_999_999), other=st.integers(1, 999_999_999))
def test_whole_numbers_are_read_as_python_reads_them(number: int, other: int) -> None:
    assert values.positive(str(number)) == number
    assert values.positive_pair(f"{number},{other}") == (number, other)
    assert values.padding(f"{number},{other}") == (number, other)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        *(
            (text, text)
            for text in ("", "shift", "2", "=2", "Mirror", "mirror=1", "mirror=", "shear=2", "shift:2")
        ),
        *((text, text) for text in (" shift=2", "shift =2", "--mirror", "shift;rotate=1")),
        ("shift=2,", ""),
        ("shift=2,,mirror", ""),
        ("mirror,flip", "flip"),
    ],
)
def test_what_is_no_change_of_pictures(text: str, wrong: str) -> None:
    says = (
        f"{wrong!r} is no change of pictures; use shift=2, rotate=10, scale=0.1, contrast=0.2 and mirror, "
        "with commas between"
    )
    with pytest.raises(typer.BadParameter, match=f"^{re.escape(says)}$"):
        values.augmentation(text)


@pytest.mark.parametrize("amount", ["", "-1", "nan", "inf", "x", "1000.1", "1e300", "1_0", "2=3", "5%"])
@pytest.mark.parametrize("name", ["shift", "rotate", "scale", "contrast"])
def test_a_change_is_by_a_number_that_makes_sense(name: str, amount: str) -> None:
    says = f"'{name}={amount}': {name} takes a number from 0 to 1000"
    with pytest.raises(typer.BadParameter, match=f"^{re.escape(says)}$"):
        values.augmentation(f"mirror,{name}={amount}")


@pytest.mark.parametrize("text", ["mirror,mirror", "mirror,shift=1,mirror"])
def test_a_change_is_said_once(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"^mirror is given twice; give it once$"):
        values.augmentation(text)
    with pytest.raises(typer.BadParameter, match=r"^shift is given twice; give it once$"):
        values.augmentation("shift=1,shift=1")
