"""Light or dark, as the system has it or the reader wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from convtool import FilterBank, load_image

if TYPE_CHECKING:
    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 23, 26)"}


@pytest.mark.parametrize(("system", "other"), [("light", "dark"), ("dark", "light")])
def test_the_button_goes_to_the_other_theme_and_back(reader: Reader, system: str, other: str) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    features = {"features": [{"name": "prefers-color-scheme", "value": system}]}
    reader.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    try:
        reader.lay(load_image("samples/notes-pipeline.json"), FilterBank([[1, 0], [0, 1]]), pool=2)
        for theme, next_theme in [(system, other), (other, system), (system, other)]:
            assert reader.browser.run(paper) == PAPER[theme]
            assert reader.find("#theme").accessible_name == f"{next_theme.capitalize()} theme"
            reader.push("#theme")
    finally:
        reader.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
