"""``convtool plan``: what it prints is the library's plan, and it is the plan that a run has."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import load_filter, plan
from tests.cli.runner import ROOT, as_process, contents, in_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def large(folder: Path) -> NDArray[np.float32]:
    """The numbers of ``large.npy``, enough for several tiles and threads."""
    values = np.random.default_rng(4).integers(0, 256, (700, 701)).astype(np.float32)
    np.save(folder / "large.npy", values)
    return values


def as_record(image: str, name: str, shape: tuple[int, ...], **options: Any) -> dict[str, Any]:
    made = asdict(plan(shape, load_filter(name), **options))
    record: dict[str, Any] = json.loads(json.dumps({"input": image, "filter": name, **made}))
    return record


@pytest.mark.usefixtures("large", "gray")
def test_a_record_a_line_for_each_image_and_filter(folder: Path) -> None:
    before = contents(folder)
    finished = in_process("plan", "large.npy", "gray.png", "-f", "sobel-x", "-f", "kirsch", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert finished.records == [
        as_record(image, name, shape)
        for image, shape in (("large.npy", (700, 701)), ("gray.png", (17, 22)))
        for name in ("sobel-x", "kirsch")
    ]
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--pool", "3"], {"pool": 3}),
        (["--pool", "2,3", "--pool-kind", "avg"], {"pool": (2, 3), "pool_kind": "avg"}),
        (["--stride", "2"], {"stride": 2}),
        (["--stride", "1,3", "--padding", "same"], {"stride": (1, 3), "padding": "same"}),
        (["--padding", "4,3,2,1"], {"padding": ((4, 3), (2, 1))}),
        (["--dilation", "2,1"], {"dilation": (2, 1)}),
    ],
)
@pytest.mark.usefixtures("large")
def test_options_are_those_of_conv_and_run(options: list[str], arguments: dict[str, Any]) -> None:
    plain = as_record("large.npy", "log-9", (700, 701))
    record = in_process("plan", "large.npy", "-f", "log-9", *options, "--json").record
    assert record == as_record("large.npy", "log-9", (700, 701), **arguments) != plain


@pytest.mark.parametrize("options", [["--no-relu"], ["--flip"], ["--padding-mode", "reflect"]])
@pytest.mark.usefixtures("large")
def test_what_makes_no_difference_is_taken_too(options: list[str]) -> None:
    finished = in_process("plan", "large.npy", "-f", "log-9", *options, "--json")
    assert finished.record == as_record("large.npy", "log-9", (700, 701))


@pytest.mark.usefixtures("colour")
def test_channels_and_groups(folder: Path) -> None:
    each = in_process("plan", "colour.png", "-f", "sobel-x", "--channels", "each", "--json").record
    assert each == as_record("colour.png", "sobel-x", (3, 1, 17, 22))
    np.save(folder / "three.npy", np.ones((3, 1, 2, 2)))
    grouped = in_process("plan", "colour.png", "-f", "three.npy", "--groups", "3", "--json").record
    bank = load_filter(folder / "three.npy")
    assert grouped["multiply_adds"] == plan((3, 17, 22), bank, groups=3).multiply_adds == 3 * 16 * 21 * 4


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("conv",), ()),
        (("conv", "--no-relu"), ("--no-relu",)),
        (("run", "--save", "none"), ()),
        (("run", "--save", "pool", "--pool", "3"), ("--pool", "3")),
    ],
)
@pytest.mark.parametrize("name", ["sobel-x", "kirsch", "log-9"])
@pytest.mark.usefixtures("large")
def test_it_is_the_plan_in_the_records_of_a_run(
    command: tuple[str, ...], options: tuple[str, ...], name: str
) -> None:
    announced = in_process("plan", "large.npy", "-f", name, *options, "--json").record
    for record in in_process(*command, "large.npy", "-f", name, "--stride", "1", "--json").records:
        assert record["plan"] == {key: announced[key] for key in ("algorithm", "tile", "threads")}


def test_a_table_names_the_algorithm_its_costs_and_the_others(large: NDArray[np.float32]) -> None:
    finished = in_process("plan", "large.npy", "-f", "sobel-x", "-f", "kirsch")
    assert (finished.code, finished.err) == (0, "")
    for block, name in zip(
        finished.out.removesuffix("\n\n").split("\n\n"), ("sobel-x", "kirsch"), strict=True
    ):
        made = plan(large.shape, load_filter(name))
        title, head, rule, *lines = block.splitlines()
        assert title == f"large.npy · {name}"
        assert head.split(maxsplit=1) == [made.algorithm, made.why]
        assert set(rule) == {"-"}
        assert [line.split()[0] for line in lines[:4]] == ["time", "multiply-adds", "memory", "tile"]
        assert lines[1].split()[1::5] == [f"{made.multiply_adds:,}", f"{made.operations:,}"]
        assert [tuple(line.split(maxsplit=2)[1:]) for line in lines[4:]] == list(made.rejected)


@pytest.mark.usefixtures("gray")
def test_as_a_process(folder: Path) -> None:
    finished = as_process("plan", "gray.png", "-f", "sobel-x", cwd=folder)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out == in_process("plan", "gray.png", "-f", "sobel-x").out
    assert "on 1 thread\n" in finished.out
    piped = as_process(
        *("plan", "-", "-f", "sobel-x", "--json"), stdin=(ROOT / "samples" / "camera.png").read_bytes()
    )
    assert (piped.code, piped.err) == (0, "")
    assert piped.record == as_record("-", "sobel-x", (512, 512))


@pytest.mark.usefixtures("gray")
def test_names_are_printed_escaped(folder: Path) -> None:
    (folder / "gray.png").rename(folder / "[bold]a\n.png")
    finished = in_process("plan", "[bold]a\n.png", "-f", "sobel-x")
    assert (finished.code, finished.out.splitlines()[0]) == (0, r"[bold]a\n.png · sobel-x")


@pytest.mark.usefixtures("notes")
def test_mistakes(mistake: Callable[..., str]) -> None:
    says = "--pool-kind says how to pool; give the size of the windows with --pool"
    mistake("plan", "notes.json", "-f", "diagonal.json", "--pool-kind", "max", code=2, says=says)
    says = "^convtool: notes.json with log-9: the image is 3×3, smaller than the filter's 9×9 window"
    mistake("plan", "notes.json", "-f", "log-9", code=3, says=says)
    says = "^convtool: notes.json with diagonal: the feature map is 2×2, smaller than the pool's 3×3 window"
    mistake("plan", "notes.json", "-f", "diagonal.json", "--pool", "3", code=3, says=says)
    mistake("plan", "nope.png", "-f", "sobel-x", code=3, says="^convtool: nope.png: cannot be read")


@pytest.mark.usefixtures("notes")
def test_what_would_be_refused_is_said() -> None:
    finished = in_process(
        *("plan", "notes.json", "-f", "diagonal.json", "--json"),
        *("--padding", "20000", "--max-memory", "100M"),
    )
    assert finished.code == 0
    assert finished.record["peak_memory"] > 100 * 2**20
    assert finished.err.startswith(
        "convtool: notice: notes.json with diagonal: conv and run would refuse this: the work; it takes "
    )
