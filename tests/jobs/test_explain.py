"""One value of an image's maps: of which filter, which channel and which window it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import conv2d, max_pool2d, relu, save_map
from convtool.errors import ArgumentError, InputError
from convtool.jobs.explain import explain_in_image
from convtool.jobs.options import ConvOptions, InputOptions, PoolOptions

if TYPE_CHECKING:
    from pathlib import Path

    from convtool.core.derivation import Derivation

RNG = np.random.default_rng(8)
IMAGE = RNG.integers(0, 9, (4, 6, 7)).astype(np.float32)
BANK = RNG.integers(-3, 4, (6, 2, 3, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("image.npy", IMAGE)
    np.save("bank.npy", BANK)
    save_map("plane.npy", IMAGE[0])


def explained(
    path: str, filters: str, stage: Any, at: tuple[int, int], **options: Any
) -> list[tuple[str, Derivation]]:
    return list(
        explain_in_image(
            path,
            [filters],
            stage,
            at,
            inputs=options.get("inputs", InputOptions()),
            conv=options.get("conv", ConvOptions()),
            pool=options.get("pool", PoolOptions()),
            notify=lambda line: pytest.fail(line),
        )
    )


def test_every_filter_of_a_group_reads_its_own_channels() -> None:
    found = explained("image.npy", "bank.npy", "conv", (2, 3), conv=ConvOptions(groups=2))
    responses = conv2d(IMAGE, BANK, groups=2)
    assert [label for label, _ in found] == [f"bank-0{n}" for n in range(1, 7)]
    for number, (_, derivation) in enumerate(found):
        assert derivation.conv is not None
        assert derivation.conv.channels == (range(2) if number < 3 else range(2, 4))
        assert derivation.value == derivation.conv.total == responses[number, 2, 3]


def test_a_pooled_value_goes_on_with_the_cell_that_won() -> None:
    (label, derivation), *_ = explained("plane.npy", "sobel-x", "pool", (1, 1))
    feature_map = relu(conv2d(IMAGE[0], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]))
    assert (label, derivation.value) == ("sobel-x", max_pool2d(feature_map, 2)[1, 1])
    assert derivation.pool is not None
    assert derivation.conv is not None
    assert derivation.conv.at == derivation.pool.winner
    assert feature_map[derivation.conv.at] == derivation.value


def test_behind_a_mean_there_is_no_single_response() -> None:
    ((_, derivation),) = explained("plane.npy", "sobel-x", "pool", (0, 0), pool=PoolOptions("avg"))
    assert derivation.conv is None
    assert derivation.pool is not None
    assert derivation.pool.cells == 4


def test_a_cell_that_there_is_not_and_an_image_that_is_too_small() -> None:
    with pytest.raises(ArgumentError, match="--at 4,0 lies outside the response of 4×5"):
        explained("plane.npy", "sobel-x", "conv", (4, 0))
    with pytest.raises(InputError, match="smaller than the filter's 9×9") as raised:
        explained("plane.npy", "log-9", "conv", (0, 0))
    assert raised.value.file == "plane.npy with log-9"
