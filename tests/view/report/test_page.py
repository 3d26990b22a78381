"""The page as a file: one that needs nothing else, and to which what it is given is data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import FilterBank
from convtool.view.report import page
from convtool.view.report.page import SCRIPTS, page_script, report_page
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from tests.browser import Browser

HOSTILE = '</script><script>window.hacked = 1</script><!-- {{script}} {{style}} & \u2028 \u2029 \udcff "\\'


def contents(**changes: Any) -> dict[str, Any]:
    image = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    return {**contents_of(image, FilterBank([[1, 0], [0, 2]])), **changes}


def part(html: str, element: str) -> str:
    """What stands in the one such element of a page."""
    (found,) = re.findall(rf"<{element}>(.*?)</", html, re.DOTALL)
    return str(found)


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_its_policy_knows_its_script_and_style_and_nothing_else() -> None:
    html = report_page(contents()).decode()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', html)
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {hashed(part(html, 'script'))}",
        f"style-src {hashed(part(html, 'style'))}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_it_names_no_other_file_and_no_address() -> None:
    html = report_page(contents(title="https://example.org", version="src=x")).decode()
    markup = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL)
    assert not re.search(r"\b(src|href|srcset|style|on\w+)\s*=", markup)
    assert not re.search(
        r"https?:|@import|url\(|\bimport\b|\bfetch\b|XMLHttp|WebSocket|\beval\b", page_script()
    )


def test_what_it_is_given_is_data_whatever_it_says() -> None:
    given = contents(title=HOSTILE)
    html = report_page(given).decode()
    (data,) = re.findall(r'<script type="application/json" id="contents">(.*?)</script>', html, re.DOTALL)
    assert not set(data) & set("<>&\u2028\u2029")
    assert json.loads(data) == json.loads(json.dumps(given))
    assert part(html, "script") == page_script()


def test_the_script_has_a_strict_scope_of_its_own() -> None:
    assert page_script().startswith('(() => {\n"use strict";\n')
    assert page_script().endswith("})();\n")


def test_no_part_of_the_script_ends_its_element() -> None:
    assert not re.search(r"</script|<!--", page_script(), re.IGNORECASE)


def test_every_script_has_its_place_and_says_what_it_is() -> None:
    assets = Path(page.__file__).with_name("assets")
    assert sorted(SCRIPTS) == sorted(path.name for path in assets.glob("*.js"))
    for name in SCRIPTS:
        first = (assets / name).read_text("utf-8").splitlines()[0]
        assert re.fullmatch(r"// [A-Z].*\.", first), name


@pytest.mark.browser
def test_a_browser_opens_it_and_finds_its_title(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(report_page(contents(title="seven.png")))
    browser.open(tmp_path / "report.html")
    assert browser.run("return convtool.report.title") == "seven.png"
    assert browser.run("return convtool.values(0, 'conv')") == [10, 13, 16, 22, 25, 28]


@pytest.mark.browser
def test_names_and_descriptions_are_no_markup_and_no_script(browser: Browser, tmp_path: Path) -> None:
    given = contents(title=HOSTILE)
    given["filters"][0] |= {"name": HOSTILE, "description": "<img src=x onerror='window.hacked = 1'>"}
    (tmp_path / "report.html").write_bytes(report_page(given))
    browser.open(tmp_path / "report.html")
    assert browser.run("return [typeof window.hacked, document.images.length]") == ["undefined", 0]
    assert browser.run("return convtool.report.title.replace('\\udcff', '?')") == HOSTILE.replace(
        "\udcff", "?"
    )


@pytest.mark.browser
def test_a_script_that_is_not_its_own_does_not_run(browser: Browser, tmp_path: Path) -> None:
    html = report_page(contents()).replace(b"</body>", b"<script>window.hacked = 1</script></body>")
    (tmp_path / "report.html").write_bytes(html)
    browser.open(tmp_path / "report.html")
    assert browser.run("return typeof window.hacked") == "undefined"
    (complaint,) = browser.complaints()
    assert "violates the following Content Security Policy directive" in complaint
