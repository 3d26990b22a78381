"""The README does what it says: its commands, its Python, its pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convtool import load_map
from convtool.io.images import read_image
from tests import readme
from tests.readme import README, ROOT, TOOLS, has, needed, transcript

LETTERS = 0.02
"""The share of a sheet's pixels that are letters, which another version of Pillow may draw otherwise."""


def test_every_command_prints_what_the_readme_shows(tmp_path: Path) -> None:
    page = README.read_text()
    assert page.count("\n$ ") >= 15
    assert transcript(page, tmp_path) == page


@pytest.mark.parametrize("tool", TOOLS)
def test_commands_use_every_tool_that_not_every_machine_has(tool: str) -> None:
    commands = re.findall(r"^\$ (.*)$", README.read_text(), re.MULTILINE)
    assert any(tool in needed(command) for command in commands)
    if not has(tool):
        pytest.skip(f"{tool} is not there: the commands that need it have not been run")


def test_what_needs_a_tool_that_is_missing_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readme, "has", lambda tool: tool != "jq")
    page = "```console\n$ echo [1] | jq .[0]\n2\n$ echo 3\n4\n```\n"
    assert transcript(page, tmp_path) == page.replace("4", "3")


@pytest.mark.parametrize(("done", "stays"), [(3, True), (4, False)])
def test_how_long_a_batch_took_stays_as_it_is(done: int, stays: bool, tmp_path: Path) -> None:
    shown = "convtool: 3 done of 4 images in 1.7 s"
    progress, summary = (
        "convtool: 1 of 4 images, 0.02 a second",
        f"convtool: {done} done of 4 images in 1 min 2 s",
    )
    page = f"```console\n$ echo '{progress}'; echo '{summary}'\n{shown}\n```\n"
    assert (transcript(page, tmp_path) == page) is stays


def test_the_library_examples_run_one_after_the_other(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(examples) == 3
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "".join(examples)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert load_map(tmp_path / "north.png").shape == (150, 225)


def test_its_pictures_are_what_the_command_makes(tmp_path: Path) -> None:
    command = f"run samples/cat.png --filter sobel-x --range 0,200 --depth 8 --quiet --out-dir {tmp_path}"
    subprocess.run([sys.executable, "-m", "convtool", *command.split()], cwd=ROOT, check=True)
    for name in ("cat.sobel-x.map.png", "cat.sobel-x.pool.png"):
        made, shown = (read_image(folder / name) for folder in (tmp_path, ROOT / "docs" / "pictures"))
        assert made.scale == shown.scale
        assert np.array_equal(made.values, shown.values)


def test_its_sheet_is_what_the_command_makes(tmp_path: Path) -> None:
    command = "run samples/cat.png --filter sobel-x --filter log-5 --save none --quiet --sheet"
    assert command.removesuffix(" --quiet --sheet") in README.read_text()
    sheet = tmp_path / "cat.sheet.png"
    subprocess.run([sys.executable, "-m", "convtool", *command.split(), sheet], cwd=ROOT, check=True)
    made, shown = (read_image(path).values for path in (sheet, ROOT / "docs" / "pictures" / "cat.sheet.png"))
    assert made.shape == shown.shape
    other = (made != shown).any(axis=0).mean()
    assert other < LETTERS


def test_it_has_two_set_up_commands() -> None:
    commands = re.findall(r"^```sh\n(.*?)\n```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands)
    assert commands[1].endswith(".venv/bin/pytest")


def test_the_exit_codes_are_those_of_the_errors() -> None:
    from convtool import errors

    listed = {int(code) for code in re.findall(r"^\| (\d+)", README.read_text(), re.MULTILINE)}
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    raised = {c.exit_code for c in classes if issubclass(c, errors.ConvtoolError)}
    assert raised <= listed
