"""How a sheet's maps are drawn: one scale or many, and no larger than allowed."""

from __future__ import annotations

from typing import Any

import pytest

from convtool.errors import LimitError
from convtool.io.limits import Limits
from convtool.view.drawings.drawing import page
from convtool.view.drawings.looks import BYTES, Look, check_pixels, check_size, scales_of
from convtool.view.scales import Scale


class TestLimits:
    def test_a_sheet_is_refused_that_is_enlarged_too_far(self) -> None:
        says = (
            r"^the sheet would have 1001 pixels at --zoom 9, fewer at a smaller one, over the limit of 1000; "
            r"raise it with --max-pixels 1001 or CONVTOOL_MAX_PIXELS=1001$"
        )
        check_pixels(1000, Look(zoom=9), Limits(1000))
        with pytest.raises(LimitError, match=says):
            check_pixels(1001, Look(zoom=9), Limits(1000))
        check_pixels(1001, Look(), Limits(1000))

    @pytest.mark.parametrize("look", [Look(), Look(zoom=9)])
    def test_a_sheet_is_refused_that_does_not_fit(self, look: Look) -> None:
        check_pixels(1000, look, Limits(memory=1000 * BYTES))
        with pytest.raises(LimitError, match=r"^the sheet would have 1001 pixels.*; it takes about 16 KiB"):
            check_pixels(1001, look, Limits(memory=1000 * BYTES))


def test_one_scale_is_asked_for_or_given() -> None:
    looks: list[Any] = [Look(), Look(shared=True), Look(limits=(0, 1))]
    assert [look.one_scale for look in looks] == [False, True, True]


def test_a_scale_is_said_with_its_ends() -> None:
    assert scales_of(Scale(-0.5, 1020, "gray")) == "one scale for all maps, from -0.5 to 1,020"
    assert scales_of(None) == "each map on a scale of its own"


def test_a_sheet_counts_with_its_paper() -> None:
    paper = page("", "", (300, 200), ())
    pixels = paper.width * paper.height
    check_size((300, 200), Look(zoom=2), Limits(pixels))
    with pytest.raises(LimitError, match=rf"^the sheet would have {pixels} pixels at --zoom 2"):
        check_size((300, 200), Look(zoom=2), Limits(pixels - 1))
