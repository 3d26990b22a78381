"""``convtool report``: one page, from any image, to any output, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

import convtool
from tests.cli.runner import SAMPLES, Finished, as_process, contents, in_process, spawned

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("notes")

COMMAND = ("report", "notes.json", "-f", "diagonal.json")


def held(page: bytes) -> dict[str, Any]:
    """What a page holds for its script."""
    (data,) = re.findall(rb'<script type="application/json" id="contents">(.*?)</script>', page)
    found: dict[str, Any] = json.loads(data)
    return found


def reported(*arguments: str, **options: Any) -> dict[str, Any]:
    """What the page of a command line holds."""
    finished = in_process("report", *arguments, "-o", "report.html", **options)
    assert finished == Finished(0, b"", "")
    return held(Path("report.html").read_bytes())


def test_a_page_holds_image_and_filters(folder: Path) -> None:
    before = set(contents(folder))
    page = reported("notes.json", "-f", "diagonal.json", "-f", "kirsch", "--pool", "1")
    assert set(contents(folder)) - before == {"report.html"}
    assert (page["title"], page["version"]) == ("notes.json", f"convtool {convtool.__version__}")
    assert page["options"] == "stride 1 · padding valid · pool max 1×1"
    names = ["n", "nw", "w", "sw", "s", "se", "e", "ne"]
    assert [laid["name"] for laid in page["filters"]] == ["diagonal", *(f"kirsch-{name}" for name in names)]
    assert page["filters"][0]["weights"] == [[[1, 0], [0, 1]]]
    assert [(given["name"], given["shape"], given["dtype"]) for given in page["inputs"]] == [
        ("values", [1, 3, 3], "uint8")
    ]


def test_options_are_those_of_run() -> None:
    page = reported(
        *("notes.json", "-f", "diagonal.json", "--stride", "2,1", "--padding", "same", "--dilation", "2"),
        *("--padding-mode", "reflect", "--flip", "--pool", "1,2", "--pool-stride", "2", "--pool-kind", "avg"),
    )
    (laid,) = page["filters"]
    assert [(axis["stride"], axis["dilation"], axis["count"]) for axis in laid["conv"]] == [
        (2, 2, 2),
        (1, 2, 3),
    ]
    assert [(axis["kernel"], axis["stride"], axis["count"]) for axis in laid["pool"]] == [
        (1, 2, 1),
        (2, 2, 1),
    ]
    assert (page["padding_mode"], page["flip"], page["pool_kind"]) == ("reflect", True, "avg")
    assert page["options"] == ("stride 2,1 · padding same (reflect) · dilation 2 · pool avg 1×2, stride 2")


def test_one_window_over_the_whole_map(mistake: Callable[..., str]) -> None:
    (laid,) = reported("notes.json", "-f", "diagonal.json", "--global")["filters"]
    assert [(axis["size"], axis["kernel"], axis["count"]) for axis in laid["pool"]] == [(2, 2, 1)] * 2
    for options in (("--pool", "2"), ("--pool-stride", "1")):
        says = "--global leaves nothing for --pool and --pool-stride to say; give one of them"
        mistake(*COMMAND, "-o", "a.html", "--global", *options, code=2, says=says)


@pytest.mark.usefixtures("colour")
def test_colour_is_brightness_or_each_channel() -> None:
    assert [given["name"] for given in reported("colour.png", "-f", "sobel-x")["inputs"]] == ["brightness"]
    page = reported("colour.png", "-f", "sobel-x", "--channels", "each")
    assert [given["name"] for given in page["inputs"]] == ["R", "G", "B"]
    assert [laid["name"] for laid in page["filters"]] == ["sobel-x.R", "sobel-x.G", "sobel-x.B"]


def test_unit_scale() -> None:
    PIL.Image.fromarray(np.array([[0, 51], [102, 255]], np.uint8)).save("a.png")
    (given,) = reported("a.png", "-f", "diagonal.json", "--pool", "1", "--scale", "unit")["inputs"]
    assert (given["dtype"], given["white"], given["colours"]) == ("float32", 1, "gray")


def test_a_record() -> None:
    finished = in_process(*COMMAND, "-f", "kirsch", "-o", "a.html", "--json", "--pool", "1")
    assert (finished.code, finished.err) == (0, "")
    names = [laid["name"] for laid in held(Path("a.html").read_bytes())["filters"]]
    assert finished.record == {
        "input": "notes.json",
        "filters": names,
        "output": "a.html",
        "bytes": Path("a.html").stat().st_size,
        "version": convtool.__version__,
    }


@pytest.mark.parametrize("options", [(), ("-q",)])
def test_nothing_else_is_said(options: tuple[str, ...]) -> None:
    assert in_process(*COMMAND, "-o", "a.htm", *options) == Finished(0, b"", "")


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    assert in_process(*COMMAND, "-o", "a.html").code == 0
    assert as_process(*COMMAND, "-o", "b.html", cwd=folder) == Finished(0, b"", "")
    assert Path("a.html").read_bytes() == Path("b.html").read_bytes()


def test_standard_input_and_output() -> None:
    finished = in_process(
        "report", "-", "-f", "diagonal.json", "-o", "-", stdin=Path("notes.json").read_bytes()
    )
    assert (finished.code, finished.err) == (0, "")
    assert held(finished.data)["title"] == "stdin"
    assert finished.data.startswith(b"<!DOCTYPE html>")
    assert finished.data.endswith(b"</html>\n")


def test_a_fifo_is_read_and_written() -> None:
    os.mkfifo("in.json")
    os.mkfifo("out")
    page: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: Path("in.json").write_bytes(Path("notes.json").read_bytes())),
        threading.Thread(target=lambda: page.append(Path("out").read_bytes())),
    ]
    for thread in threads:
        thread.start()
    finished = in_process("report", "in.json", "-f", "diagonal.json", "-o", "out")
    for thread in threads:
        thread.join()
    assert finished == Finished(0, b"", "")
    assert held(page[0])["title"] == "in.json"
    assert Path("out").is_fifo()


def test_a_page_is_not_for_a_terminal(folder: Path) -> None:
    controller, terminal = pty.openpty()
    try:
        with spawned(*COMMAND, "-o", "-", cwd=folder, stdout=terminal) as process:
            _, err = process.communicate(timeout=60)
    finally:
        os.close(terminal)
        os.close(controller)
    assert process.returncode == 2
    assert err == b"convtool: -o - would write a page to a terminal; redirect it\n"


def test_names_are_escaped_and_data() -> None:
    bank = {"weights": [[[1]]], "names": ["</script>\x1b\u202e"], "description": "<i>\x07 & more"}
    Path("bank.json").write_text(json.dumps(bank))
    Path("notes.json").rename("[bold]<b>\n.json")
    page = reported("[bold]<b>\n.json", "-f", "bank.json")
    assert page["title"] == r"[bold]<b>\n.json"
    (laid,) = page["filters"]
    assert (laid["name"], laid["description"]) == (r"bank-</script>\x1b\u202e", r"<i>\x07 & more")


def test_a_notice_is_an_error_to_a_strict_user(mistake: Callable[..., str]) -> None:
    PIL.Image.fromarray(np.zeros((5, 6, 4), np.uint8)).save("alpha.png")
    command = ("report", "alpha.png", "-f", "sobel-x", "-o", "a.html")
    mistake(*command, "--strict", code=3, says="^convtool: alpha.png: alpha is dropped; refused because of")
    finished = in_process(*command)
    assert (finished.code, finished.err) == (0, "convtool: notice: alpha.png: alpha is dropped\n")
    assert in_process(*command, "-q") == Finished(0, b"", "")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ("notes.json", "-f", "log-9"),
            3,
            "^convtool: notes.json with log-9: the image is 3×3, smaller than",
        ),
        (
            ("notes.json", "-f", "diagonal.json", "--pool", "3"),
            3,
            "^convtool: notes.json with diagonal: the map is 2×2, smaller than the pool's 3×3 window; use a",
        ),
        (("-", "-f", "-"), 2, "^convtool: - is given twice; standard input holds one input"),
        (("notes.json", "-f", "diagonal.json", "-o", "-", "--json"), 2, "--json and -o - would both write"),
        (("notes.json", "-f", "diagonal.json", "--padding", "99999"), 4, "takes about .* of memory"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    mistake("report", "-o", "a.html", *arguments, code=code, says=says)


def test_an_older_page_stays_when_a_new_one_cannot_be(mistake: Callable[..., str]) -> None:
    Path("a.html").write_text("older")
    mistake("report", "notes.json", "-f", "log-9", "-o", "a.html", code=3, says="smaller than the filter")
    assert Path("a.html").read_text() == "older"


def test_a_photograph_with_eight_filters_makes_a_page_below_3_megabytes() -> None:
    page = reported(str(SAMPLES / "camera.png"), "-f", "kirsch")
    assert len(page["filters"]) == 8
    assert page["inputs"][0]["shape"] == [1, 512, 512]
    assert Path("report.html").stat().st_size < 3_000_000
