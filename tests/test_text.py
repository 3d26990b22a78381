"""Names from outside: what is shown as an escape, what is left alone, and what a poor encoding gets."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.text import encodable, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x07\x7f\x9b", r"\x00\x07\x7f\x9b"),
        ("photo\u202egnp.exe", r"photo\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        (b"caf\xe9.png".decode("utf-8", "surrogateescape"), r"caf\udce9.png"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_would_act_on_the_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain.png",
        "été 写真 🙂.png",
        "全角\u3000空白",
        "3.45\u202fPM",
        r"back\slash\x1b",
        "[bold]x[/] :smile:",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters()))
def test_the_result_is_one_line_without_control_characters(text: str) -> None:
    shown = printable(text)
    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert printable(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "été.png · 3 × 3 …"),
        ("latin-1", "été.png - 3 x 3 ..."),
        ("ascii", r"\xe9t\xe9.png - 3 x 3 ..."),
    ],
)
def test_a_poor_encoding_gets_plain_typography_and_escapes(encoding: str, shown: str) -> None:
    assert encodable("été.png · 3 × 3 …", encoding) == shown


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]),
)
def test_every_result_can_be_encoded(text: str, encoding: str) -> None:
    shown = encodable(text, encoding)
    shown.encode(encoding)
    if encoding == "utf-8":
        assert shown == text
