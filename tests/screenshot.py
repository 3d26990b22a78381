"""``python -m tests.screenshot``: the README's picture of a report, taken in a browser."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import started

if TYPE_CHECKING:
    from tests.browser import Browser

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "report.png"
COMMAND = "report samples/cat.png --filter sobel-x --filter log-5 --filter gaussian-5"

WIDTH, HEIGHT = 1280, 980

PATIENCE = 30
"""Seconds in which every machine has computed a few maps."""


def screenshot(browser: Browser, folder: Path) -> Image.Image:
    """The page as it is seen first: with the strongest cell of the first filter explained."""
    page = folder / "report.html"
    subprocess.run([sys.executable, "-m", "convtool", *COMMAND.split(), "-o", page], cwd=ROOT, check=True)
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.open(page)
    browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    WebDriverWait(browser.driver, PATIENCE).until(
        lambda _: browser.run("return document.body.getAttribute('aria-busy') !== 'true'")
    )
    seen = browser.driver.get_screenshot_as_png()
    browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": False})
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return Image.open(io.BytesIO(seen)).convert("RGB")


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as scratch, started(Path(scratch, "profile")) as browser:
        screenshot(browser, Path(scratch)).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
