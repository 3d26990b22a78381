"""Results as wide as their images: an inside in place and a frame, together what padded strips give."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.core import execute, frame
from convtool.core.convolution import feature_maps
from convtool.core.frame import frame_regions, inside_of, inside_regions
from convtool.core.geometry import PADDING_MODES, window
from convtool.core.stages import Stages
from convtool.core.threads import Scratch
from tests.core.jobs import JOBS, run, truth
from tests.strategies import pairs
from tests.tolerances import assert_close, assert_equal, assert_same_bytes, response_scale

SPILLING = ["taps", "separable", "toeplitz"]
small_frames = patch.object(frame, "WORTH_A_FRAME", 1)


def stages_of(size: tuple[int, int], kernel: tuple[int, int], **options: Any) -> Stages:
    conv = window(size, kernel, **options)
    return Stages(conv, "zeros", groups=1, relu=False, pool=None, pool_kind="max")


@st.composite
def as_wide(draw: st.DrawFn) -> dict[str, Any]:
    """Options under which rows of the result are as long as the image's, and the kernel's size."""
    kernel, dilation = draw(pairs(1, 4)), draw(pairs(1, 2))
    beside = dilation[1] * (kernel[1] - 1)
    left = draw(st.integers(0, beside))
    rows = draw(pairs(0, 4))
    return {"kernel": kernel, "dilation": dilation, "padding": (rows, (left, beside - left))}


@given(options=as_wide(), size=pairs(9, 20), images=st.integers(0, 2), tile=pairs(1, 12))
def test_every_cell_is_in_the_inside_or_in_the_frame(
    options: dict[str, Any], size: tuple[int, int], images: int, tile: tuple[int, int]
) -> None:
    stages = stages_of(size, options["kernel"], dilation=options["dilation"], padding=options["padding"])
    with small_frames:
        inside = inside_of(stages)
    if inside is None:
        return
    covered = Counter[tuple[int, ...]]()
    regions = inside_regions(images, inside, (*tile, 1))
    for n in range(images):
        regions += frame_regions(n, inside, stages)
    for region in regions:
        covered.update(product(*(range(cut.start, cut.stop) for cut in region)))
    assert covered == Counter(product(range(images), *(range(axis.count) for axis in stages.conv)))


def test_who_has_an_inside() -> None:
    def inside(size: int, **options: Any) -> Any:
        return inside_of(stages_of((size, size), (3, 5), **options))

    assert inside(2048, padding="same") == (slice(1, 2047), slice(2, 2046))
    assert inside(2048, padding=((0, 0), (4, 0))) == (slice(0, 2045), slice(4, 2048))
    assert inside(512, padding="same") is None
    assert inside(2048) is None
    assert inside(2048, padding="same", stride=2) is None
    assert inside(4096, padding="same", stride=(2, 1)) is None
    assert inside(2048, padding=3) is None


@pytest.mark.parametrize("algorithm", SPILLING)
@given(
    size=pairs(14, 40),
    above=pairs(0, 5),
    left=st.integers(0, 3),
    mode=st.sampled_from(PADDING_MODES),
    dilation=pairs(1, 2),
    tile=st.tuples(st.integers(1, 2), st.integers(1, 40)),
    threads=st.integers(1, 3),
)
@example(size=(40, 14), above=(0, 0), left=0, mode="reflect", dilation=(1, 1), tile=(1, 7), threads=2)
@settings(max_examples=40)
def test_whole_numbers_are_exact(
    algorithm: str,
    size: tuple[int, int],
    above: tuple[int, int],
    left: int,
    mode: str,
    dilation: tuple[int, int],
    tile: tuple[int, int],
    threads: int,
) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(True, size, count=2), job.bank(whole=True)
    beside = dilation[1] * (bank.kernel_size[1] - 1)
    left = min(left, beside)
    options = {
        "padding": (above, (left, beside - left)),
        "padding_mode": mode,
        "dilation": dilation,
        "groups": job.groups,
    }
    expected = truth(images, bank, **options)
    with small_frames:
        actual = run(images, bank, algorithm, tile=(*tile, size[1]), threads=threads, **options)
    assert_equal(actual, expected)


@pytest.mark.parametrize("algorithm", SPILLING)
@pytest.mark.parametrize("relu", [False, True])
def test_real_numbers_are_close_and_threads_never_change_a_byte(algorithm: str, relu: bool) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(False, (61, 47)), job.bank(whole=False)
    options: dict[str, Any] = {
        "padding": "same",
        "padding_mode": "reflect",
        "groups": job.groups,
        "relu": relu,
    }
    expected = truth(images, bank, **options)
    with small_frames:
        alone, shared = (
            feature_maps(images, bank, algorithm=algorithm, threads=threads, **options) for threads in (1, 3)
        )
    assert_same_bytes(alone, shared)
    scale = response_scale(images, bank.weights)
    assert_close(alone, expected, case="conv", terms=bank.weights[0].size, scale=scale)


@pytest.mark.parametrize("algorithm", SPILLING)
@pytest.mark.parametrize("place", [(0, 0), (0, 20), (30, 0), (30, 46), (60, 46), (30, 44)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_the_windows_that_see_it(
    algorithm: str, place: tuple[int, int], value: float
) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(True, (61, 47)), job.bank(whole=True)
    expected = run(images, bank, algorithm, padding="same", groups=job.groups)
    images[(..., *place)] = value
    with small_frames, np.errstate(invalid="ignore"):
        actual = run(images, bank, algorithm, padding="same", groups=job.groups)
        seen = np.abs(run(images, bank, "taps", padding="same", groups=job.groups))
    unseen = np.isfinite(seen)
    assert not unseen.all()
    assert_equal(np.isfinite(actual), unseen)
    assert_equal(actual[unseen], expected[unseen])


def test_an_image_that_is_a_view() -> None:
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (2, 61, 94)).astype(np.float32)
    bank = FilterBank(rng.integers(-4, 5, (3, 1, 3, 3)))
    for view in (large[:, np.newaxis, :, ::2], large[:, np.newaxis, ::-1], large[:, np.newaxis, :, 3:50]):
        with small_frames:
            actual = run(view, bank, "taps", padding="same")
        assert_equal(actual, truth(np.ascontiguousarray(view), bank, padding="same"))


def test_each_cell_of_taps_is_summed_in_one_order() -> None:
    job = JOBS["taps"]
    images, bank = job.images(False, (61, 47)), job.bank(whole=False)
    expected = run(images, bank, "taps", padding="same")
    with small_frames:
        assert_same_bytes(run(images, bank, "taps", padding="same"), expected)


@pytest.mark.parametrize("algorithm", SPILLING)
def test_what_was_in_memory_is_not_computed_with(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(False, (61, 47)), job.bank(whole=False)
    bank = FilterBank(bank.weights, np.full(len(bank), 1e38))
    largest = np.finfo(np.float32).max
    monkeypatch.setattr(np, "empty", lambda shape, dtype: np.full(shape, largest, dtype))
    monkeypatch.setattr(execute, "SCRATCH", Scratch())
    with small_frames:
        run(images, bank, algorithm, padding="same", groups=job.groups)  # a warning of overflow is an error
