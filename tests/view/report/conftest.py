"""Fixtures of the report's tests: a browser, the page's arithmetic in it, and somebody who reads pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import browser, chromium
from tests.view.report.engine import Engine
from tests.view.report.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Browser

__all__ = ["browser", "chromium", "engine", "reader"]


@pytest.fixture(scope="session")
def engine(chromium: Browser) -> Engine:
    """What computes the maps of a page, for Hypothesis too."""
    return Engine(chromium)


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Reader:
    """Somebody who reads reports, in a window of an ordinary size."""
    return Reader(browser, tmp_path)
