"""What every report promises to the eye and to the keyboard: readable, whole, named, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import FilterBank, load_filter, load_image
from tests.view.report.engine import contents_of
from tests.view.report.reader import BLEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

READABLE = 4.5
"""The contrast that WCAG 2 asks of text, level AA."""

WIDTHS = {"desktop": 1280, "phone": 390}

_SAYING = """
// Elements that say something themselves, and are seen.
const hidden = ".unseen, script, style, :disabled";
const saying = [...document.body.querySelectorAll("*")].filter((element) =>
  element.checkVisibility() && !element.closest(hidden) && (element.matches("input[type=text]") ||
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())));
const start = (element) => element.outerHTML.slice(0, 80);
"""

_DIM = (
    _SAYING
    + """
// Those whose colour is too near to what they stand on.
const linear = (part) => (part <= 10.3 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
const light = ([red, green, blue]) =>
  0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = parse(getComputedStyle(each).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
return saying.flatMap((element) => {
  const [ink, paper] = [parse(getComputedStyle(element).color), behind(element)].map(light);
  const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  return contrast < arguments[0] ? [`${start(element)}: ${contrast}`] : [];
});
"""
)

_CUT = (
    _SAYING
    + """
// Those that are larger than their room, but for what scrolls.
const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
return saying.filter((element) =>
  !scrolls(element) && getComputedStyle(element).display !== "inline" &&
  element.scrollWidth > element.clientWidth + 1
).map((element) => `${start(element)}: ${element.scrollWidth} in ${element.clientWidth}`);
"""
)

_MEETING = """
// Pairs of texts, pictures and controls that cover each other.
const parts = [...document.querySelectorAll(
  "h1, h2, h3, p, label, button, figure > canvas, .scale span, table, #bias, summary"
)].filter((each) => each.checkVisibility() && !each.closest(".unseen"));
const scrolling = "#weights, #filters, .scroll, pre";
const boxes = parts.map((each) => {
  const { left, right, top, bottom } = each.getBoundingClientRect();
  const bleed = each.matches("figure > canvas") ? 4 : 0;
  const seen = [left + bleed, right - bleed, top + bleed, bottom - bleed];
  const around = each.closest(scrolling)?.getBoundingClientRect();
  if (!around) return seen;
  return [Math.max(left, around.left), Math.min(right, around.right),
    Math.max(top, around.top), Math.min(bottom, around.bottom)];
});
const found = [];
parts.forEach((one, k) => parts.slice(k + 1).forEach((other, l) => {
  const [a, b] = [boxes[k], boxes[k + 1 + l]];
  const [across, down] = [0, 2].map((k) => Math.min(a[k + 1], b[k + 1]) - Math.max(a[k], b[k]));
  if (across > 1 && down > 1 && !one.contains(other) && !other.contains(one)) {
    found.push(`${one.outerHTML.slice(0, 60)} and ${other.outerHTML.slice(0, 60)}`);
  }
}));
return found;
"""

_BESIDE = "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth;"
"""Pixels of the page to the right of the window."""


def notes() -> dict[str, Any]:
    image = load_image("samples/notes-pipeline.json")
    return contents_of(image[np.newaxis, np.newaxis], load_filter("notes-diagonal"), pool=2)


def kirsch() -> dict[str, Any]:
    image = load_image("samples/camera.png")[np.newaxis, np.newaxis, ::2, ::2]
    contents = contents_of(image, load_filter("kirsch"), pool=2)
    contents["inputs"][0] |= {"name": "brightness", "colours": "gray", "white": 255}
    contents["title"] = "a_long_name_without_any_place_to_break_it_" * 3 + ".png"
    contents["filters"][0]["name"] = "this_one_too_" * 12
    contents["options"] = "stride 1 · padding valid · pool max 2×2"
    for filter_ in contents["filters"]:
        filter_["description"] = "Edges in 8 directions: positive where it is brighter there. " * 3
    return contents


def colour() -> dict[str, Any]:
    image = load_image("samples/cat.png", channels="rgb")[np.newaxis]
    weights = np.random.default_rng(4).normal(size=(1, 3, 3, 3)).astype(np.float32)
    options = {"padding": "same", "padding_mode": "reflect", "pool": 2}
    contents = contents_of(image, FilterBank(weights, [-1.5]), **options)
    contents["inputs"][0] |= {"name": "RGB", "colours": "rgb", "white": 255}
    return contents


def large() -> dict[str, Any]:
    image = load_image("samples/camera.png")[np.newaxis, np.newaxis, ::4, ::4]
    weights = np.random.default_rng(4).normal(size=(15, 15)).astype(np.float32)
    bank = FilterBank(weights[np.newaxis, np.newaxis], [1], normalize="local")
    return contents_of(image, bank, padding="same", pool=114, pool_kind="avg")


REPORTS = {each.__name__: each for each in (notes, kirsch, colour, large)}


@pytest.fixture(params=WIDTHS)
def wide(request: pytest.FixtureRequest, reader: Reader) -> Iterator[Reader]:
    """A reader at a screen, or with a phone."""
    size = {"width": WIDTHS[request.param], "height": 900, "deviceScaleFactor": 1, "mobile": False}
    reader.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield reader
    reader.browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def looked_at(reader: Reader, name: str) -> None:
    """Open a report, and look at a cell at the rim of its response."""
    reader.open(REPORTS[name]())
    reader.browser.run("convtool.select(0, 'relu', 0, 0)")
    reader.settle()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_every_text_can_be_read(wide: Reader, name: str, theme: str) -> None:
    looked_at(wide, name)
    wide.browser.run("document.documentElement.dataset.theme = arguments[0]", theme)
    wide.push("summary")
    assert wide.browser.run(_DIM, READABLE) == []


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_cut_and_nothing_covers_anything(wide: Reader, name: str) -> None:
    looked_at(wide, name)
    assert wide.browser.run(_BESIDE) == 0
    assert wide.browser.run(_CUT) == []
    assert wide.browser.run(_MEETING) == []
    wide.browser.run("convtool.select(0, 'pool', 0, 0)")
    wide.settle()
    assert wide.browser.run(_BESIDE) == 0
    assert wide.browser.run(_CUT) == []


@pytest.mark.parametrize("name", REPORTS)
def test_whatever_takes_the_keyboard_has_a_name(reader: Reader, name: str) -> None:
    looked_at(reader, name)
    reader.push("summary")
    selector = "button, input, canvas[tabindex], pre[tabindex], [role=group]"
    controls = reader.browser.driver.find_elements("css selector", selector)
    names = {
        each.get_attribute("outerHTML")[:80]: each.accessible_name for each in controls if each.is_displayed()
    }
    assert len(names) >= 10
    assert [outer for outer, accessible in names.items() if not accessible] == []


def test_headings_landmarks_and_ids_are_in_order(reader: Reader) -> None:
    looked_at(reader, "kirsch")
    levels = reader.browser.run(
        "return [...document.querySelectorAll('h1, h2, h3')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    assert reader.browser.run("return document.documentElement.lang") == "en"
    counts = "return ['header', 'main', 'footer'].map((name) => document.querySelectorAll(name).length)"
    assert reader.browser.run(counts) == [1, 1, 1]
    ids = reader.browser.run("return [...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    sections = reader.browser.driver.find_elements("css selector", "main > section")
    names = [each.accessible_name.split(":")[0] for each in sections]
    assert names == ["Filters", "this_one_too_" * 12, "Feature map, row 0, column 0", "How to use this page"]


def test_the_focus_is_seen(reader: Reader) -> None:
    looked_at(reader, "notes")
    reader.focus("conv")
    style = "const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);"
    assert reader.browser.run(f"{style} return [outlineStyle, outlineWidth]") == ["solid", "2px"]


def test_pictures_keep_to_their_columns_before_they_are_drawn_anew(reader: Reader) -> None:
    reader.lay(np.ones((30, 40), np.float32), FilterBank([[1, 2], [3, 4]]), pool=2)
    beyond = reader.browser.run(
        "document.body.style.maxWidth = '50rem';"
        "return [...document.querySelectorAll('figure > canvas:not([hidden])')].map((canvas) =>"
        "  canvas.getBoundingClientRect().right - canvas.parentElement.getBoundingClientRect().right);"
    )
    assert len(beyond) == 4
    assert max(beyond) <= BLEED + 1


def test_on_paper_it_is_light_and_fits(reader: Reader) -> None:
    looked_at(reader, "kirsch")
    reader.browser.run("document.documentElement.dataset.theme = 'dark'")
    sheet = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    driver = reader.browser.driver
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sheet)
    try:
        reader.settle()
        paper = "return getComputedStyle(document.body).backgroundColor"
        assert reader.browser.run(paper) == "rgb(255, 255, 255)"
        assert reader.browser.run(_BESIDE) == 0
        assert reader.browser.run(_CUT) == []
        assert reader.browser.run(_DIM, READABLE) == []
        assert not reader.find("#play").is_displayed()
        assert reader.find("#filters button").is_displayed()
        assert reader.find("#derivation table").is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
