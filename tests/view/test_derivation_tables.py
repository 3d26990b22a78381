"""How one value came to be, as it is printed: fitted to terminals, literal, and told where it is rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool.view.derivation_tables import print_derivation, print_values
from tests.view.printed import on_terminal, piped
from tests.view.test_derivations import BIG, REAL, told

if TYPE_CHECKING:
    from convtool.view.derivations import Told


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("of", [BIG, REAL], ids=["whole", "real"])
def test_no_line_is_wider_than_the_terminal(of: Told, width: int) -> None:
    text = on_terminal(lambda console: print_derivation(console, of, precision=4, full=False), width)
    assert max(map(len, text.splitlines()[1:])) <= width  # the title is a line that a user chose
    assert text.count("×") == 25 + ("patch " in text)  # a sign stands between tables only where they fit


def test_the_rounding_of_float32_is_told_only_where_there_is_one() -> None:
    texts = [piped(lambda c, of=of: print_derivation(c, of, precision=4, full=False)) for of in (BIG, REAL)]
    assert ["In float32 it is" in text for text in texts] == [False, bool(REAL.derivation.conv.rounding)]
    assert REAL.derivation.conv.rounding


def test_decimals_are_those_asked_for() -> None:
    assert "0." in piped(lambda console: print_derivation(console, REAL, precision=1, full=False))
    value = REAL.derivation.value
    text = piped(lambda console: print_derivation(console, REAL, precision=7, full=False))
    assert text.startswith(f"a.png · f · Conv at 0,0 = {value:.7g}".rstrip("0"))


def test_names_are_literal_on_a_terminal() -> None:
    of = told(np.ones((1, 2, 2)), np.ones((2, 2)), input="[red]a\x1b[31m.png")
    text = piped(lambda console: print_derivation(console, of, precision=4, full=False))
    assert text.startswith("[red]a\\x1b[31m.png · f · Conv at 0,0 = 4\n")


def test_values_of_several_filters_stand_below_each_other() -> None:
    several = [
        told(np.full((1, 1, 1), value), np.ones((1, 1)), filter=name)
        for name, value in (("a", 5), ("é", -10.5))
    ]
    text = piped(lambda console: print_values(console, several, precision=4))
    assert text.splitlines() == ["value  filter", "-" * 13, "    5  a", "-10.5  é"]
