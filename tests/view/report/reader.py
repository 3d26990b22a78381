"""Somebody who reads a report: opens it, points at cells, presses keys, types, and reads what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from convtool.view.report.page import report_page
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from selenium.webdriver.remote.webelement import WebElement

    from convtool import FilterBank
    from tests.browser import Browser

BLEED = 4
"""Pixels around the cells of a canvas."""

PATIENCE = 30
"""Seconds that anything on a page may take."""


class Box(NamedTuple):
    """Where the cells of a canvas stand in the window, in pixels."""

    left: float
    top: float
    width: float
    height: float


class Reader:
    """Uses a page by its elements alone."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self._folder = browser, folder
        browser.driver.set_script_timeout(PATIENCE)

    def open(self, contents: dict[str, Any]) -> None:
        """Open the page of some contents, and wait for its maps."""
        page = self._folder / "report.html"
        page.write_bytes(report_page(contents))
        self.browser.open(page)
        self.settle()

    def lay(self, image: NDArray[Any], bank: FilterBank, **options: Any) -> None:
        """Open the page of a bank on one image ``(C, H, W)`` or ``(H, W)``."""
        planes = image if image.ndim == 3 else image[np.newaxis]
        self.open(contents_of(planes[np.newaxis], bank, **options))

    def settle(self) -> None:
        """Wait until nothing is computed any more, and what came of it is drawn."""
        self.until(lambda: self.browser.run("return document.body.getAttribute('aria-busy')") == "false")
        self.browser.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that comes in its own time."""
        WebDriverWait(self.browser.driver, PATIENCE, poll_frequency=0.02).until(lambda _: condition())

    def find(self, selector: str) -> WebElement:
        """The first element that a CSS selector finds."""
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What the elements say that a CSS selector finds."""
        found: list[str] = self.browser.run(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector
        )
        return found

    def canvas(self, stage: str) -> WebElement:
        """The picture of a stage."""
        return self.find(f'[data-stage="{stage}"] canvas')

    def box(self, stage: str) -> Box:
        """The cells of a stage, scrolled to where they are seen."""
        left, top, width, height = self.browser.run(
            """
            arguments[0].scrollIntoView({ block: "center" });
            const box = arguments[0].getBoundingClientRect();
            return [box.left, box.top, box.width, box.height];
            """,
            self.canvas(stage),
        )
        return Box(left + BLEED, top + BLEED, width - 2 * BLEED, height - 2 * BLEED)

    def pixel_of(self, stage: str, shape: tuple[int, ...], y: int, x: int) -> tuple[int, int]:
        """The pixel of the window in the middle of a cell, when all of a stage is seen."""
        left, top, width, height = self.box(stage)
        return int(left + (x + 0.5) * width / shape[1]), int(top + (y + 0.5) * height / shape[0])

    def move(self, x: int, y: int) -> None:
        """Move the pointer to a pixel of the window."""
        actions = ActionChains(self.browser.driver, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(x, y)
        actions.perform()
        self.settle()

    def click(self, x: int, y: int) -> None:
        """Click on a pixel of the window."""
        actions = ActionChains(self.browser.driver, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(x, y).click()
        actions.perform()
        self.settle()

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press at one pixel of the window, let go at another."""
        actions = ActionChains(self.browser.driver, duration=0)
        pointer = actions.w3c_actions.pointer_action
        pointer.move_to_location(*start).pointer_down().move_to_location(*end).pointer_up()
        actions.perform()
        self.settle()

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            ActionChains(self.browser.driver, duration=0).send_keys(key).perform()
        self.settle()

    def hold(self, modifier: str, key: str) -> None:
        """Press a key while another one is held."""
        actions = ActionChains(self.browser.driver, duration=0)
        actions.key_down(modifier).send_keys(key).key_up(modifier).perform()
        self.settle()

    def type(self, selector: str, text: str) -> None:
        """Replace what stands in a field."""
        field = self.find(selector)
        self.browser.run("arguments[0].select()", field)
        field.send_keys(text or Keys.DELETE)
        self.settle()

    def slide(self, selector: str, value: int) -> None:
        """Move a slider."""
        self.browser.run(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            self.find(selector),
            value,
        )
        self.settle()

    def push(self, selector: str) -> None:
        """Push a button, scrolled to where nothing covers it."""
        button = self.find(selector)
        self.browser.run("arguments[0].scrollIntoView({ block: 'center' })", button)
        button.click()
        self.settle()

    def focus(self, stage: str) -> None:
        """Give a stage the keyboard, as Tab does."""
        self.browser.run("arguments[0].focus({ focusVisible: true })", self.canvas(stage))
        self.settle()

    def told(self) -> tuple[str, str]:
        """The cell that is explained, and its value in full."""
        title = self.texts("#derivation-title")[0]
        return title.split(":")[0], str(self.find("#derivation").get_attribute("data-value"))

    def map(self, index: int, stage: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A map as the page has it."""
        values = self.browser.run(f"return convtool.values({index}, {stage!r})")
        return np.array(values, np.float64).astype(np.float32).reshape(shape)
