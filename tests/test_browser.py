"""The browser of the tests sees what pages do, and what they may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import browser, chromium

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser

__all__ = ["browser", "chromium"]

pytestmark = pytest.mark.browser


def test_runs_the_scripts_of_a_page(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "a page.html"
    page.write_text("<title>seven</title><script>const seven = 7;</script>")
    browser.open(page)
    assert browser.driver.title == "seven"
    assert browser.run("return [seven, arguments[0] + 1]", 1) == [7, 2]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("<script>throw new Error('no such thing')</script>", "no such thing"),
        ("<script>console.warn('beware')</script>", "beware"),
        (
            "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><script>1</script>",
            "Content Security Policy",
        ),
    ],
)
def test_hears_complaints(content: str, complaint: str, browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(content)
    browser.open(page)
    (heard,) = browser.complaints()
    assert complaint in heard


def test_sees_what_is_fetched(browser: Browser, tmp_path: Path) -> None:
    page, script = tmp_path / "page.html", tmp_path / "other.js"
    script.write_text("")
    page.write_text('<script src="other.js"></script>')
    browser.open(page)
    assert browser.requests() == [script.as_uri()]
