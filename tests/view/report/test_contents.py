"""What a page is given to compute with: every number as it is, in the fewest bytes."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import asdict, replace

import numpy as np
import pytest

import convtool
from convtool.core.geometry import window
from convtool.core.workings import LaidFilter, NamedPlanes, Workings
from convtool.view.report.contents import report_contents

GRAY = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
CONV = window((3, 4), 2, padding=((1, 0), (0, 2)))
POOL = window((3, 5), 2, stride=2)
LAID = LaidFilter(
    name="edge",
    description="An edge",
    planes=0,
    channel=0,
    weights=np.array([[[1, -0.5], [0, 2]]], np.float32),
    bias=3.0,
    normalized=False,
    conv=CONV,
    pool=POOL,
)
WORKINGS = Workings(
    title="a.png",
    options="stride 1",
    planes=(NamedPlanes("brightness", GRAY, 255),),
    filters=(LAID,),
    padding_mode="reflect",
    flip=True,
    pool_kind="avg",
)


def test_all_of_it() -> None:
    contents = report_contents(WORKINGS)
    colormaps = contents.pop("colormaps")
    assert contents == {
        "title": "a.png",
        "version": f"convtool {convtool.__version__}",
        "options": "stride 1",
        "inputs": [
            {
                "name": "brightness",
                "shape": (1, 3, 4),
                "dtype": "uint8",
                "values": "AAECAwQFBgcICQoL",
                "colours": "gray",
                "white": 255,
            }
        ],
        "filters": [
            {
                "name": "edge",
                "description": "An edge",
                "input": 0,
                "channel": 0,
                "weights": [[[1, -0.5], [0, 2]]],
                "bias": 3,
                "normalize": None,
                "conv": [asdict(axis) for axis in CONV],
                "pool": [asdict(axis) for axis in POOL],
            }
        ],
        "padding_mode": "reflect",
        "flip": True,
        "pool_kind": "avg",
        "count_include_pad": True,
    }
    assert {name: (len(colours), colours[0]) for name, colours in colormaps.items()} == {
        "sequential": (256, "440154"),
        "diverging": (256, "034394"),
        "gray": (256, "000000"),
    }
    json.dumps({**contents, "colormaps": colormaps}, allow_nan=False)


def test_a_normalized_filter_says_so() -> None:
    (laid,) = report_contents(replace(WORKINGS, filters=(replace(LAID, normalized=True),)))["filters"]
    assert laid["normalize"] == "local"


@pytest.mark.parametrize(
    ("channels", "white", "colours"),
    [(1, 255, "gray"), (3, 255, "rgb"), (2, 255, "scale"), (1, None, "scale"), (3, None, "scale")],
)
def test_only_pictures_have_colours_of_their_own(channels: int, white: float | None, colours: str) -> None:
    planes = NamedPlanes("values", np.repeat(GRAY, channels, axis=0), white)
    (given,) = report_contents(replace(WORKINGS, planes=(planes,)))["inputs"]
    assert (given["colours"], given["white"]) == (colours, white)


@pytest.mark.parametrize(
    ("extremes", "dtype"),
    [
        ((0, 255), "u1"),
        ((0, 256), "<u2"),
        ((0, 65_535), "<u2"),
        ((-1, 255), "<i2"),
        ((-32_768, 32_767), "<i2"),
        ((-1, 32_768), "<f4"),
        ((0, 65_536), "<f4"),
        ((0, 0.5), "<f4"),
        ((-1e-40, 3e38), "<f4"),
    ],
)
def test_values_take_no_more_bytes_than_they_need(extremes: tuple[float, float], dtype: str) -> None:
    values = np.array([[[*extremes, 1]]], np.float32)
    (given,) = report_contents(replace(WORKINGS, planes=(NamedPlanes("values", values),)))["inputs"]
    assert given["dtype"] == np.dtype(dtype).name
    assert np.frombuffer(b64decode(given["values"]), dtype).tolist() == values.ravel().tolist()
