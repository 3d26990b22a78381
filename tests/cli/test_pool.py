"""``convtool pool``: windows, kinds and edges, against slow loops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import load_map, save_map
from tests import oracles
from tests.cli.runner import in_process
from tests.tolerances import assert_close, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

MAP = np.random.default_rng(5).integers(-9, 10, (7, 9)).astype(np.float32)


@pytest.fixture(autouse=True)
def saved_map(folder: Path) -> None:
    np.save("a.npy", MAP)


def test_the_worked_example_of_the_notes() -> None:
    Path("notes.csv").write_text("2,0\n3,5\n")
    finished = in_process("pool", "notes.csv", "--size", "2", "-o", "pool.csv")
    assert finished.out == "Pool · notes.csv · 1 × 1 → pool.csv\n  |  0\n--+---\n0 |  5\n\n"
    assert Path("pool.csv").read_text() == "5\n"


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], {}),
        (["--size", "3"], {"kernel_size": 3}),
        (["--size", "3,2"], {"kernel_size": (3, 2)}),
        (["--stride", "1"], {"stride": 1}),
        (["--stride", "3,1"], {"stride": (3, 1)}),
        (["--padding", "1"], {"padding": 1}),
        (["--size", "3", "--padding", "1,2"], {"kernel_size": 3, "padding": (1, 2)}),
        (["--size", "3", "--padding", "0,1,2,0"], {"kernel_size": 3, "padding": ((0, 1), (2, 0))}),
        (["--size", "3", "--padding", "same"], {"kernel_size": 3, "padding": "same"}),
        (["--ceil"], {"ceil_mode": True}),
        (["--size", "4", "--stride", "3", "--ceil"], {"kernel_size": 4, "stride": 3, "ceil_mode": True}),
    ],
)
@pytest.mark.parametrize("kind", ["max", "avg", "min"])
def test_options_mean_what_they_mean_in_the_library(
    kind: str, options: list[str], arguments: dict[str, Any]
) -> None:
    finished = in_process("pool", "a.npy", "--kind", kind, *options, "-o", "pool.npy", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert finished.record["exact"] is (kind != "avg")
    slow = getattr(oracles, f"{kind}_pool2d")
    given = {"kernel_size": 2, **arguments}
    size = given.pop("kernel_size")
    expected = slow(MAP[np.newaxis, np.newaxis], size, **given)
    expected = (expected if kind == "avg" else expected[0])[0, 0]
    cells = size * size if isinstance(size, int) else size[0] * size[1]
    assert_close(np.load("pool.npy"), expected, case="pool", terms=cells, scale=9 * cells)


@pytest.mark.parametrize(
    ("kind", "expected"), [("max", MAP.max()), ("min", MAP.min()), ("avg", MAP.mean(dtype=np.float64))]
)
def test_global_is_one_window(kind: str, expected: float) -> None:
    in_process("pool", "a.npy", "--global", "--kind", kind, "-o", "pool.npy")
    assert_same_bytes(np.load("pool.npy"), np.float32([[expected]]))


def test_a_map_becomes_a_pool_by_name() -> None:
    save_map("photo.sobel-x.map.png", MAP, stage="relu", filter="sobel-x")
    finished = in_process("pool", "photo.sobel-x.map.png", "--json")
    assert (finished.record["output"], finished.record["filter"]) == ("photo.sobel-x.pool.png", "sobel-x")
    assert_same_bytes(load_map("photo.sobel-x.pool.png"), MAP[:6, :8].reshape(3, 2, 4, 2).max(axis=(1, 3)))


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--size", "8"], 3, "^convtool: a.npy: the map is 7×9, smaller than the pool's 8×8 window"),
        (["--size", "2,10"], 3, "the map is 7×9, smaller than the pool's 2×10 window"),
        (["--padding", "2"], 2, "padding is 2; a pool's padding must be below its window's 2"),
        (["--padding", "0,0,0,2"], 2, "a pool's padding must be below its window's 2"),
    ],
)
def test_windows_that_do_not_fit(
    options: list[str], code: int, says: str, mistake: Callable[..., str]
) -> None:
    mistake("pool", "a.npy", *options, code=code, says=says)


@pytest.mark.parametrize("option", [["--size", "2"], ["--stride", "2"], ["--padding", "0"], ["--ceil"]])
@pytest.mark.usefixtures("gray")
def test_global_leaves_no_window_to_describe(option: list[str], mistake: Callable[..., str]) -> None:
    mistake("pool", "gray.png", "--global", *option, code=2, says="--global leaves nothing for --size")


@pytest.mark.parametrize(
    "options",
    [
        ("--size", "4001", "--padding", "2000", "--stride", "1"),
        ("--size", "4001", "--padding", "2000", "--stride", "1", "--kind", "avg"),
    ],
)
@pytest.mark.usefixtures("notes")
def test_padding_counts_as_memory(options: tuple[str, ...], mistake: Callable[..., str]) -> None:
    says = "pool of 3×3; it takes about .* of memory, over the limit of 100 MiB; raise it with --max-memory"
    mistake("pool", "notes.json", *options, "--max-memory", "100M", code=4, says=says)
