"""``--compress``: smaller pictures of the same numbers, by every command that writes maps."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import load_map
from tests.cli.runner import SAMPLES, as_process, contents, in_process, spawned
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "run": ("run", "-f", "gaussian-5"),
    "conv": ("conv", "-f", "gaussian-5"),
    "relu": ("relu",),
    "pool": ("pool",),
}


@pytest.fixture(autouse=True)
def photo(folder: Path) -> None:
    (folder / "photo.png").symlink_to(SAMPLES / "camera.png")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("depth", ["8", "16"])
def test_the_files_are_smaller_and_the_values_the_same(command: str, depth: str, folder: Path) -> None:
    arguments = (*COMMANDS[command], "photo.png", "--depth", depth, "-q")
    assert in_process(*arguments, "--out-dir", "fast").code == 0
    finished = as_process(*arguments, "--out-dir", "small", "--compress", cwd=folder)
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    made = contents(folder / "small")
    assert set(made) == set(contents(folder / "fast"))
    assert len(made) == (2 if command == "run" else 1)
    for name in made:
        fast, small = (Path(where, name) for where in ("fast", "small"))
        assert small.stat().st_size < 0.95 * fast.stat().st_size
        assert_same_bytes(load_map(small), load_map(fast))


def test_stdout_gets_what_a_file_does() -> None:
    arguments = ("conv", "photo.png", "-f", "gaussian-5", "--compress", "-o")
    assert in_process(*arguments, "map.png").code == 0
    piped = in_process(*arguments, "-")
    assert (piped.code, piped.err, piped.data) == (0, "", Path("map.png").read_bytes())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("format_", ["npy", "csv", "json"])
def test_it_is_for_pictures(command: str, format_: str, mistake: Callable[..., str]) -> None:
    arguments = (*COMMANDS[command], "photo.png", "--compress")
    says = f"^convtool: --compress makes PNGs smaller, not {format_.upper()}; leave it out, or write PNG$"
    mistake(*arguments, "--format", format_, code=2, says=says)
    save = ("--save", "pool") if command == "run" else ()
    mistake(*arguments, *save, "-o", f"map.{format_}", code=2, says=says)


def test_where_nothing_is_written_it_does_no_harm() -> None:
    Path("tiny.csv").write_text("1,2,3\n" * 3)
    run = ("run", "tiny.csv", "-f", "identity", "--pool", "1", "--compress", "--format", "npy")
    assert in_process(*run, "--save", "none").code == 0


def test_an_older_file_stays_until_the_new_one_is_whole(folder: Path) -> None:
    np.save("large.npy", np.random.default_rng(8).random((2000, 2000), np.float32))
    Path("map.png").write_text("older")
    with spawned("conv", "large.npy", "-f", "identity", "-o", "map.png", "--compress") as process:
        while not list(folder.glob(".*.part")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert Path("map.png").read_text() == "older"
    assert set(contents(folder)) == {"large.npy", "map.png", "photo.png"}
