"""Pages in a real browser, and what every one of them promises: a clean console, and no network."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1400,1000",
)


class Browser:
    """Chromium without a window.

    Attributes
    ----------
    driver
        Selenium's, for what a user does: find, click, type.
    opened
        Where the pages are that were shown.
    """

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.opened: set[str] = set()

    def open(self, page: Path) -> None:
        """Show a page from its file."""
        self.opened.add(page.as_uri())
        self.driver.get(page.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page; give what it returns, as JSON can say it."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What the console was told since last asked, but for what is just said."""
        said = self.driver.get_log("browser")
        return [entry["message"] for entry in said if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """What was fetched since last asked, besides the pages, their data and the browser's own."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        addresses = [each["request"]["url"] for each in sent]
        return [each for each in addresses if not each.startswith((*self.opened, "data:", "chrome:"))]


@contextmanager
def started(profile: Path) -> Iterator[Browser]:
    """A browser that has no past and keeps nothing, until the end of the context."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "chromium is missing; install it, on Debian with: apt-get install chromium"
    assert driver, "chromedriver is missing; install it, on Debian with: apt-get install chromium-driver"
    options = ChromeOptions()
    options.binary_location = binary
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options, ChromeService(driver))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of a run."""
    with started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A browser on an empty page; what is opened in it complains of nothing and fetches nothing."""
    chromium.driver.get("about:blank")
    chromium.complaints(), chromium.requests()
    yield chromium
    assert chromium.complaints() == []
    assert chromium.requests() == []
