"""One image after another: outcomes in order, files with them, notices once, faults named."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import load_filter, load_map, plan, save_map
from convtool.errors import ArgumentError, InputError
from convtool.jobs.image import Convolved, Outcome, convolve_images, pool_maps, rectify_maps
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions, Stage
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator


EVERY: frozenset[Stage] = frozenset(("conv", "relu", "pool"))
NOTHING = OutputOptions(frozenset())


def run(images: list[str], filters: list[str], **options: Any) -> Iterator[Outcome]:
    """Every map, once it is written."""
    return chain.from_iterable(each.outcomes for each in run_each(images, filters, **options))


def run_each(images: list[str], filters: list[str], **options: Any) -> Iterator[Convolved]:
    given: dict[str, Any] = {
        "inputs": InputOptions(),
        "conv": ConvOptions(),
        "pool": PoolOptions(),
        "wanted": EVERY,
        "output": NOTHING,
        "notify": print,
    }
    return convolve_images(images, filters, **{**given, **options})


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    Path("notes.json").write_text("[[1, 0, 2], [3, 1, 0], [0, 0, 4]]")
    Path("small.csv").write_text("1\n")
    Path("diagonal.json").write_text("[[1, 0], [0, 1]]")
    pixels = np.random.default_rng(3).integers(0, 256, (5, 6, 4), np.uint8)
    PIL.Image.fromarray(pixels).save("alpha.png")


def test_the_worked_example() -> None:
    conv, relu, pool = run(["notes.json"], ["diagonal.json"])
    assert [o.values.tolist() for o in (conv, relu, pool)] == [[[2, 0], [3, 5]], [[2, 0], [3, 5]], [[5]]]
    assert [o.record.values for o in (conv, relu, pool)] == [[[2, 0], [3, 5]], [[2, 0], [3, 5]], [[5]]]
    assert [o.record.stage for o in (conv, relu, pool)] == ["conv", "relu", "pool"]
    record = pool.record
    assert (record.input, record.filter, record.output) == ("notes.json", "diagonal", None)
    assert (record.exact, record.step, record.clipped) == (True, None, 0)
    assert record.convention == "cross-correlation"
    assert record.seconds >= 0


@pytest.mark.parametrize("together", [False, True])
def test_maps_are_written_as_their_outcomes_are_taken(together: bool) -> None:
    every = run_each(
        ["notes.json"], ["diagonal.json", "notes-diagonal"], output=OutputOptions(EVERY), together=together
    )
    seen, labels = [], []
    for each in every:
        assert (each.input, each.image.values.shape) == ("notes.json", (3, 3))
        files = [file.label for file, _ in each.made]
        assert not any(Path(f"notes.{label}.map.png").exists() for label in files)
        seen.append(files)
        for file, filtered in each.made:
            assert [[(m.filter, m.stage) for m in stages] for stages in filtered] == [
                [(file.label, stage) for stage in ("conv", "relu", "pool")]
            ]
        labels += [(o.record.filter, o.record.stage) for o in each.outcomes]
        assert all(Path(f"notes.{label}.map.png").exists() for label in files)
    assert seen == ([["diagonal", "notes-diagonal"]] if together else [["diagonal"], ["notes-diagonal"]])
    assert labels == [(name, s) for name in ("diagonal", "notes-diagonal") for s in ("conv", "relu", "pool")]


def test_maps_made_together_are_refused_before_they_are_seen() -> None:
    options = OutputOptions(EVERY, sheet="alpha.sobel-x.G.map.png")
    every = run_each(
        ["alpha.png"],
        ["sobel-x"],
        inputs=InputOptions("each"),
        output=options,
        together=True,
        notify=lambda line: None,
    )
    with pytest.raises(ArgumentError, match=r"^--sheet and alpha\.png would both write alpha\.sobel-x\.G"):
        next(every)


@pytest.mark.parametrize("wanted", [EVERY, frozenset({"pool"})])
def test_a_record_says_how_the_maps_were_computed(wanted: frozenset[Stage]) -> None:
    np.save("large.npy", np.zeros((700, 701)))
    outcomes = list(run(["large.npy"], ["kirsch"], wanted=wanted))
    stages: dict[str, Any] = {"relu": False} if wanted is EVERY else {"pool": 2}
    made = plan((700, 701), load_filter("kirsch"), **stages)
    expected = {"algorithm": made.algorithm, "tile": made.tile, "threads": made.threads}
    assert [o.record.plan for o in outcomes] == [expected] * 8 * len(wanted)
    assert json.loads(outcomes[0].record.to_json())["plan"] == {**expected, "tile": list(made.tile)}


def test_outcomes_come_image_by_image_and_filter_by_filter() -> None:
    outcomes = run(["notes.json", "alpha.png"], ["diagonal.json", "roberts-x"], notify=lambda line: None)
    assert [
        (o.record.input, o.record.filter, o.record.stage) for o in outcomes if o.record.stage == "conv"
    ] == [
        (image, name, "conv") for image in ("notes.json", "alpha.png") for name in ("diagonal", "roberts-x")
    ]


def test_nothing_is_done_until_it_is_asked_for() -> None:
    outcomes = run(["notes.json"], ["diagonal.json"], output=OutputOptions(EVERY, "maps"), wanted=EVERY)
    assert not Path("maps").exists()
    first = next(outcomes)
    assert first.record.output == "maps/notes.diagonal.conv.png"
    assert_same_bytes(load_map(first.record.output), first.values)


def test_the_step_and_the_clipped_are_of_the_file() -> None:
    output = OutputOptions(frozenset({"relu"}), limits=(0.0, 2.5))
    notices: list[str] = []
    (outcome,) = run(
        ["notes.json"], ["diagonal.json"], output=output, wanted=frozenset({"relu"}), notify=notices.append
    )
    assert (outcome.record.step, outcome.record.clipped) == (2.5 / 65535, 2)
    assert outcome.record.max == 5
    assert notices == ["notes.diagonal.map.png: 2 value(s) outside --range were clipped"]


def test_a_notice_is_given_once_an_image() -> None:
    notices: list[str] = []
    list(run(["alpha.png", "notes.json"], ["diagonal.json", "roberts-x"], notify=notices.append))
    assert notices == ["alpha.png: alpha is dropped"]


def test_a_notice_that_raises_ends_it() -> None:
    def refuse(line: str) -> None:
        raise InputError(line)

    with pytest.raises(InputError, match=r"^alpha\.png: alpha is dropped$"):
        list(run(["alpha.png"], ["roberts-x"], output=OutputOptions(EVERY), notify=refuse))
    assert not list(Path().glob("alpha.*.png"))


def test_a_fault_of_values_names_image_and_filter() -> None:
    with pytest.raises(
        InputError, match=r"^small\.csv with diagonal: the image is 1×1, smaller than the filter's 2×2"
    ):
        list(run(["small.csv"], ["diagonal.json"]))


def test_a_bad_filter_is_found_before_any_image_is_read() -> None:
    with pytest.raises(InputError, match=r"^nope\.json: cannot be read"):
        next(run(["nope.png"], ["diagonal.json", "nope.json"]))


def test_clashing_names_are_found_before_any_image_is_read(folder: Path) -> None:
    Path("sub").mkdir()
    Path("sub/diagonal.json").write_text("[[1]]")
    says = "nope.png with diagonal.json and nope.png with sub/diagonal.json would both write"
    with pytest.raises(ArgumentError, match=says):
        next(run(["nope.png"], ["diagonal.json", "sub/diagonal.json"], output=OutputOptions(EVERY)))


def test_a_filter_is_never_written_over() -> None:
    Path("a.csv").write_text("1,2\n3,4\n")
    Path("a.f.map.json").write_text("[[1]]")
    Path("f.json").symlink_to("a.f.map.json")
    says = r"^a\.f\.map\.json: the output would replace the input f\.json; name another$"
    with pytest.raises(ArgumentError, match=says):
        next(run(["a.csv"], ["f.json"], output=OutputOptions(frozenset({"relu"}), format="json")))


def test_one_array_of_all_filters() -> None:
    output = OutputOptions(frozenset({"conv"}), file="all.npy")
    outcomes = list(
        run(
            ["notes.json"],
            ["diagonal.json", "roberts-x"],
            output=output,
            wanted=frozenset({"conv"}),
        )
    )
    assert [o.record.output for o in outcomes] == ["all.npy"] * 2
    assert_same_bytes(np.load("all.npy"), np.stack([o.values for o in outcomes]))


def test_relu_and_pool_of_saved_maps() -> None:
    save_map("a.conv.png", [[-2, 0, 7], [3, -5, 1]], stage="conv", filter="edge")
    output = OutputOptions(frozenset({"relu"}), format="json")
    (relu,) = rectify_maps(["a.conv.png"], inputs=InputOptions(), output=output, notify=print)
    assert relu.values.tolist() == [[0, 0, 7], [3, 0, 1]]
    assert (relu.record.output, relu.record.filter) == ("a.map.json", "edge")
    assert json.loads(Path("a.map.json").read_text()) == [[0, 0, 7], [3, 0, 1]]
    (pool,) = pool_maps(
        ["a.map.json"], pool=PoolOptions("avg", (2, 1)), inputs=InputOptions(), output=NOTHING, notify=print
    )
    assert pool.values.tolist() == [[1.5, 0, 4]]
    assert (pool.record.stage, pool.record.exact, pool.record.convention) == ("pool", False, None)
    assert (relu.record.plan, pool.record.plan) == (None, None)


def test_a_fault_of_a_saved_map_names_it() -> None:
    with pytest.raises(InputError, match=r"^small\.csv: the map is 1×1, smaller than the pool's 2×2 window"):
        list(
            pool_maps(["small.csv"], pool=PoolOptions(), inputs=InputOptions(), output=NOTHING, notify=print)
        )
