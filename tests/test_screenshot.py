"""The README's picture of a report is one of the page that its command makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser import browser, chromium  # noqa: F401  fixtures
from tests.readme import README
from tests.screenshot import COMMAND, HEIGHT, PICTURE, WIDTH, screenshot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser


@pytest.mark.browser
def test_the_picture_shows_the_whole_page_once_it_is_drawn(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    assert f"convtool {COMMAND} -o report.html" in README.read_text()
    made = screenshot(browser, tmp_path)
    with Image.open(PICTURE) as shown:
        assert made.size == shown.size == (WIDTH, HEIGHT)
    assert browser.run("return document.querySelector('#derivation').innerText").startswith(
        "Pooled map, row "
    )
