"""The limits on what is read: where each comes from and what its message tells to do."""

from __future__ import annotations

import re

import pytest

from convtool.errors import ArgumentError, LimitError
from convtool.io.limits import check_bytes, check_pixels, max_pixels


def test_pixels_by_option_environment_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVTOOL_MAX_PIXELS", raising=False)
    assert max_pixels() == 100_000_000
    assert max_pixels(5) == 5
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "1000")
    assert max_pixels() == 1000
    assert max_pixels(5) == 5


@pytest.mark.parametrize("setting", ["", "0", "-1", "1e6", "1_000", " 5", "٣", "many"])
def test_environment_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", setting)
    message = f"CONVTOOL_MAX_PIXELS is {setting!r}; set it to a whole number of at least 1"
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        max_pixels()


def test_pixels_over_the_limit_are_refused_with_their_memory_and_the_option() -> None:
    check_pixels(1000, 1000, 3, 1_000_000)
    message = (
        "the image is 20000×20000, 400000000 pixels (4.5 GiB as float32), over the limit of 100000000; "
        "raise it with --max-pixels 400000000 or CONVTOOL_MAX_PIXELS=400000000"
    )
    with pytest.raises(LimitError, match=f"^{re.escape(message)}$"):
        check_pixels(20_000, 20_000, 3, 100_000_000)


def test_bytes_over_the_limit_are_refused() -> None:
    check_bytes(16, 16, "text")
    with pytest.raises(LimitError, match=r"^text of 17 bytes is over the limit of 16; convert it to NPY$"):
        check_bytes(17, 16, "text")
