"""How images would be convolved: the library's own plan, for every image and filter, and nothing computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from convtool import load_filter, plan
from convtool.core import execute
from convtool.errors import ArgumentError, InputError
from convtool.jobs.options import ConvOptions, InputOptions
from convtool.jobs.plans import plan_images

if TYPE_CHECKING:
    from convtool.core.planner import Plan


@pytest.fixture(autouse=True)
def files() -> None:
    np.save("large.npy", np.zeros((700, 701)))
    Path("small.csv").write_text("1,2\n3,4\n")
    PIL.Image.fromarray(np.zeros((5, 6, 4), np.uint8)).save("alpha.png")


def plans(images: list[str], filters: list[str], **options: Any) -> list[tuple[str, str, Plan]]:
    given: dict[str, Any] = {
        "inputs": InputOptions(),
        "conv": ConvOptions(),
        "relu": True,
        "pool": None,
        "pool_kind": "max",
        "notify": pytest.fail,
    }
    return list(plan_images(images, filters, **{**given, **options}))


def test_plans_come_image_by_image_and_filter_by_filter() -> None:
    Path("one.csv").write_text("1\n")
    Path("own.json").write_text("[[5]]")
    made = plans(["large.npy", "one.csv"], ["identity", "own.json"], conv=ConvOptions(padding="same"))
    assert [(image, name) for image, name, _ in made] == [
        (image, name) for image in ("large.npy", "one.csv") for name in ("identity", "own")
    ]


@pytest.mark.parametrize("name", ["sobel-x", "kirsch", "log-9"])
@pytest.mark.parametrize("stages", [{"relu": True}, {"relu": False}, {"pool": (2, 3), "pool_kind": "avg"}])
def test_a_plan_is_that_of_the_library(name: str, stages: dict[str, Any]) -> None:
    conv = {"stride": (1, 2), "padding": "same", "dilation": 2}
    ((_, label, made),) = plans(["large.npy"], [name], conv=ConvOptions(**conv), **stages)
    assert (label, made) == (name, plan((700, 701), load_filter(name), **stages, **conv))


def test_channels_and_frames_count() -> None:
    frames = [PIL.Image.fromarray(np.zeros((9, width, 3), np.uint8)) for width in (8, 7)]
    frames[0].save("two.tiff", save_all=True, append_images=frames[1:])
    ((_, _, made),) = plans(["two.tiff"], ["sobel-x"], inputs=InputOptions("each", frame=1))
    assert made == plan((3, 1, 9, 7), load_filter("sobel-x"))


def test_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute._Pass, "__call__", lambda self, region: pytest.fail("a tile was computed"))
    assert len(plans(["large.npy"], ["kirsch"])) == 1


def test_notices_are_passed_on() -> None:
    notices: list[str] = []
    plans(["alpha.png"], ["sobel-x"], notify=notices.append)
    assert notices == ["alpha.png: alpha is dropped"]


def test_faults_are_those_of_a_run() -> None:
    with pytest.raises(InputError, match=r"^small\.csv with sobel-x: the image is 2×2, smaller than the"):
        plans(["small.csv"], ["sobel-x"])
    with pytest.raises(ArgumentError, match="- is given twice"):
        plans(["-"], ["-"])
    with pytest.raises(InputError, match=r"^nope\.json: cannot be read"):
        plans(["nope.png"], ["sobel-x", "nope.json"])
