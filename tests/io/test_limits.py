"""The limits on what is read: where each comes from and what its message tells to do."""

from __future__ import annotations

import re

import pytest

from convtool.errors import ArgumentError, LimitError
from convtool.io import limits
from convtool.io.limits import Limits, check_bytes, parse_size


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CONVTOOL_MAX_PIXELS", "CONVTOOL_MAX_MEMORY"):
        monkeypatch.delenv(variable, raising=False)


def test_limits_by_option_environment_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.of() == Limits(100_000_000, None)
    assert Limits.of(5, 7) == Limits(5, 7)
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", "1000")
    monkeypatch.setenv("CONVTOOL_MAX_MEMORY", "2K")
    assert Limits.of() == Limits(1000, 2048)
    assert Limits.of(5, 7) == Limits(5, 7)


@pytest.mark.parametrize("setting", ["", "0", "-1", "1e6", "1_000", " 5", "٣", "many"])
def test_environment_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("CONVTOOL_MAX_PIXELS", setting)
    message = f"CONVTOOL_MAX_PIXELS is {setting!r}; set it to a whole number of at least 1"
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        Limits.of()


@pytest.mark.parametrize(
    "setting", ["", "0", "0G", "-1", "1e6", "1_000", " 5", "٣", "5X", "G", "1.5G", "5 G"]
)
def test_environment_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("CONVTOOL_MAX_MEMORY", setting)
    message = f"CONVTOOL_MAX_MEMORY is {setting!r}; set it to a size such as 500M or 8G"
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        Limits.of()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1000", 1000),
        ("2K", 2048),
        ("3m", 3 * 2**20),
        ("8G", 2**33),
        ("8GiB", 2**33),
        ("1TB", 2**40),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_pixels_over_the_limit_are_refused_with_their_memory_and_the_option() -> None:
    Limits(1_000_000, 2**30).check_image(1000, 1000, 3, 12)
    message = (
        "the image is 20000×20000, 400000000 pixels (4.5 GiB as float32), over the limit of 100000000; "
        "raise it with --max-pixels 400000000 or CONVTOOL_MAX_PIXELS=400000000"
    )
    with pytest.raises(LimitError, match=f"^{re.escape(message)}$"):
        Limits().check_image(20_000, 20_000, 3, 12)


def test_an_image_over_the_memory_is_refused_with_the_option() -> None:
    image = (1024, 1024, 3, 12)
    Limits(memory=24 * 2**20).check_image(*image)
    message = (
        "the image is 1024×1024, 1048576 pixels; it takes about 24 MiB of memory, over the limit of 23 MiB; "
        "raise it with --max-memory 24M or CONVTOOL_MAX_MEMORY=24M"
    )
    with pytest.raises(LimitError, match=f"^{re.escape(message)}$"):
        Limits(memory=23 * 2**20).check_image(*image)


def test_by_default_half_of_what_is_available_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "available_memory", lambda: 4 * 2**30)
    Limits().check_memory(2 * 2**30, "work")
    message = (
        "work; it takes about 2.0 GiB of memory, over the limit of 2.0 GiB, half of what is available; "
        "raise it with --max-memory 3G or CONVTOOL_MAX_MEMORY=3G"
    )
    with pytest.raises(LimitError, match=f"^{re.escape(message)}$"):
        Limits().check_memory(2 * 2**30 + 1, "work")


def test_the_system_is_not_asked_about_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "available_memory", lambda: 0)
    Limits().check_memory(2**26 - 1, "work")
    with pytest.raises(LimitError):
        Limits().check_memory(2**26, "work")
    with pytest.raises(LimitError):
        Limits(memory=5).check_memory(6, "work")


@pytest.mark.parametrize("estimate", [1, 2**20, 2**20 + 1, 2**30, 2**30 + 1, 5 * 2**40 + 3])
def test_the_size_that_the_message_names_is_enough(estimate: int) -> None:
    with pytest.raises(LimitError) as refused:
        Limits(memory=estimate - 1).check_memory(estimate, "work")
    named = re.search(r"--max-memory (\w+) ", str(refused.value))
    assert named
    Limits(memory=parse_size(named[1])).check_memory(estimate, "work")


def test_bytes_over_the_limit_are_refused() -> None:
    check_bytes(16, 16, "text")
    with pytest.raises(LimitError, match=r"^text of 17 bytes is over the limit of 16; convert it to NPY$"):
        check_bytes(17, 16, "text")
