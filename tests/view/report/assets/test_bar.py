"""On a narrow screen the value that is looked at stands at its foot, and covers nothing for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

_BOX = "const { top, bottom } = arguments[0].getBoundingClientRect(); return [top, bottom];"


@pytest.fixture
def phone(reader: Reader) -> Iterator[Reader]:
    """Somebody who reads a report on a phone."""
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    reader.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    reader.lay(np.arange(400, dtype=np.float32).reshape(20, 20), FilterBank([[1]]), pool=2)
    yield reader
    reader.browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_is_tapped_is_said_at_the_foot(phone: Reader) -> None:
    phone.click(*phone.pixel_of("input", (20, 20), 3, 7))
    assert phone.find("#bar").text == "Image, row 3, column 7: 67"
    assert phone.browser.run(_BOX, phone.find("#bar"))[1] == 800
    assert phone.find("#bar").get_attribute("aria-hidden") == "true"


def test_the_end_of_the_page_is_scrolled_free(phone: Reader) -> None:
    phone.browser.run("scrollTo(0, document.documentElement.scrollHeight)")
    footer, bar = (phone.browser.run(_BOX, phone.find(name)) for name in ("footer", "#bar"))
    assert footer[1] <= bar[0]


def test_what_is_scrolled_to_is_not_covered(phone: Reader) -> None:
    heading = phone.find("#help-title")
    phone.browser.run("scrollTo(0, 0); arguments[0].scrollIntoView({ block: 'end' })", heading)
    bottom, top = phone.browser.run(_BOX, heading)[1], phone.browser.run(_BOX, phone.find("#bar"))[0]
    assert bottom <= top


def test_a_wide_screen_needs_none(reader: Reader) -> None:
    reader.lay(np.ones((20, 20), np.float32), FilterBank([[1]]), pool=2)
    assert not reader.find("#bar").is_displayed()
