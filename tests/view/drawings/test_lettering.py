"""Which letters a name is drawn in, and what of it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.lettering import BODY, SMALL, TITLE, fitted, font, legible, width_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 'text' [/]", "plain 'text' [/]"),
        ("Äpfel, naïve, Łódź", r"Apfel, naive, \u0141odz"),
        ("3×3 · all…", "3x3 · all…"),
        ("two\nlines\x1b[31m", r"two\nlines\x1b[31m"),
        ("写真", r"\u5199\u771f"),
        ("\udcff\u202e", r"\udcff\u202e"),
        ("", ""),
    ],
)
def test_what_the_font_lacks_is_told_in_what_it_has(text: str, shown: str) -> None:
    assert legible(text) == shown


@given(st.text())
def test_every_letter_has_a_shape_of_its_own(text: str) -> None:
    shown = legible(text)
    missing = bytes(font(BODY).getmask("\ue000"))
    assert all(bytes(font(BODY).getmask(letter)) != missing for letter in shown)
    assert legible(shown) == shown


@given(st.text(max_size=60), st.sampled_from((SMALL, BODY, TITLE)), st.integers(0, 300))
def test_what_is_fitted_fits_and_keeps_both_ends(text: str, size: int, width: int) -> None:
    whole = legible(text)
    shown = fitted(text, size, width)
    if width_of(whole, size) <= width:
        assert shown == whole
        return
    head, _, tail = shown.partition("…") if "…" not in whole else (whole, "", "")
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert width_of(shown, size) <= max(width, width_of("…", size))
    if head != whole:
        assert len(head) - len(tail) in (0, 1)
        longer = f"{whole[: len(tail) + 1]}…{whole[len(whole) - len(head) :]}"
        assert width_of(longer, size) > width or len(head) + len(tail) + 1 >= len(whole)


def test_of_names_that_begin_and_end_alike_little_is_lost() -> None:
    assert fitted("n01440764 tench, Tinca tinca", BODY, 120) == "n0144076…a tinca"


def test_larger_text_is_wider() -> None:
    assert width_of("Äb", SMALL) == width_of("Ab", SMALL) < width_of("Ab", BODY) < width_of("Ab", TITLE)
