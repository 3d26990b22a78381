"""A plan is decided by shapes, options and facts alone, and says what it rests on."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank, feature_maps, load_filter, plan
from convtool.core import convolution
from convtool.core.algorithms import ALGORITHMS
from convtool.core.planner import Plan
from convtool.errors import ConvtoolError
from tests.core.jobs import JOBS, WORK, named
from tests.strategies import ConvCase, conv_cases

if TYPE_CHECKING:
    from numpy.typing import NDArray

each_algorithm = pytest.mark.parametrize("algorithm", [*ALGORITHMS])
each_work = pytest.mark.parametrize(("algorithm", "options"), WORK, ids=named)


def real(*shape: int) -> FilterBank:
    return FilterBank(np.random.default_rng(0).standard_normal(shape))


def whole(*shape: int) -> FilterBank:
    return FilterBank(np.random.default_rng(0).integers(-9, 10, shape))


SOBEL = FilterBank([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])

CANNOT = {
    "separable": (whole(1, 1, 5, 5), (1, 64, 64), {}, "no filter here is a sum of few separable ones"),
    "winograd": (
        real(1, 1, 5, 5),
        (1, 64, 64),
        {},
        "it is for 3×3 filters without stride, dilation or groups",
    ),
    "pointwise": (whole(4, 3, 1, 2), (3, 64, 64), {}, "the filters are larger than 1×1"),
    "depthwise": (whole(4, 2, 3, 3), (2, 64, 64), {}, "there is not one filter for each channel"),
    "fft": (whole(1, 1, 3, 3), (1, 999, 999), {"dilation": 300}, "the filter reaches over 601 cells"),
}
"""Work that an algorithm cannot do, and why; those not named here can do all."""


@pytest.mark.parametrize(
    ("name", "shape", "bank", "options"),
    [
        ("separable", (2048, 2048), load_filter("sobel-x"), {}),
        ("separable", (2048, 2048), load_filter("sobel-x"), {"pool": 2}),
        ("separable", (2048, 2048), load_filter("gaussian-7"), {"padding": "same"}),
        ("fft", (1024, 1024), real(31, 31), {}),
        ("fft", (1024, 1024), whole(31, 31), {"padding": "same"}),
        ("im2col", (224, 224), whole(64, 3, 3), {}),
        ("im2col", (3, 224, 224), real(64, 3, 7, 7), {"stride": 2}),
        ("pointwise", (64, 56, 56), real(128, 64, 1, 1), {}),
        ("winograd", (64, 56, 56), real(64, 64, 3, 3), {"padding": 1}),
    ],
    ids=str,
)
def test_the_algorithm_that_suits(
    name: str, shape: tuple[int, ...], bank: FilterBank, options: dict[str, Any]
) -> None:
    for threads in (1, 2, 16):
        assert plan(shape, bank, threads=threads, **options).algorithm == name


def test_a_plan_is_frozen_and_the_same_each_time() -> None:
    first = plan((3, 200, 300), real(8, 3, 3, 3), pool=2, threads=2)
    again = plan([3, 200, 300], real(8, 3, 3, 3), pool=(2, 2), padding="valid", stride=(1, 1), threads=2)
    assert first == again
    assert hash(first) == hash(again)
    assert first != plan((3, 200, 300), real(8, 3, 3, 3), threads=2)
    with pytest.raises(FrozenInstanceError):
        first.algorithm = "taps"  # type: ignore[misc]
    assert all(isinstance(getattr(first, field.name), str | tuple | int | float) for field in fields(Plan))


@each_work
def test_the_plan_that_is_shown_is_the_one_that_runs(
    algorithm: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JOBS[algorithm]
    images, bank = job.images(True, (40, 45), count=2), job.bank(whole=job.whole)
    options = {**options, "groups": job.groups, "algorithm": algorithm, "threads": 2}
    ran: list[Plan] = []
    execute = convolution.execute

    def spy(planes: NDArray, bank: FilterBank, stages: Any, chosen: Plan) -> NDArray:
        ran.append(chosen)
        return execute(planes, bank, stages, chosen)

    monkeypatch.setattr(convolution, "execute", spy)
    maps = feature_maps(images, bank, **options)
    assert ran == [plan(images.shape, bank, **options)]
    assert ran[0].algorithm == algorithm
    assert all(0 < step <= most for step, most in zip(ran[0].tile[1:], maps.shape[2:], strict=True))
    assert ran[0].why.startswith("as asked for; ")


@pytest.mark.parametrize("name", CANNOT)
def test_an_algorithm_that_cannot_do_the_work_is_replaced_and_the_plan_says_why(name: str) -> None:
    bank, shape, options, reason = CANNOT[name]
    auto, asked = plan(shape, bank, **options), plan(shape, bank, algorithm=name, **options)
    assert asked.algorithm == auto.algorithm != name
    assert asked.why.startswith(f"{name} cannot: {reason}")
    assert asked.why.endswith(f"; instead, {auto.why}")
    assert dict(asked.rejected)[name].startswith(reason)


def test_whole_filters_are_not_winograds() -> None:
    assert "whole" in dict(plan((64, 64), whole(3, 3)).rejected)["winograd"]
    assert "pool" in dict(plan((64, 64), real(3, 3), pool=3).rejected)["winograd"]
    assert "channels" in dict(plan((3, 64, 64), real(1, 3, 3, 3)).rejected)["separable"]


@each_algorithm
@given(case=conv_cases(whole=False), pool=st.sampled_from([None, 1]), threads=st.integers(1, 9))
@settings(max_examples=20)
def test_every_plan_names_every_algorithm_and_its_cost(
    algorithm: str, case: ConvCase, pool: int | None, threads: int
) -> None:
    bank = FilterBank(case.weights, case.bias)
    options = {**case.options, "algorithm": algorithm, "pool": pool}
    planned = plan(case.image.shape, bank, threads=threads, **options)
    maps = feature_maps(case.image, bank, **options)
    assert {planned.algorithm, *(name for name, _ in planned.rejected)} == set(ALGORITHMS)
    assert len(planned.rejected) == len(ALGORITHMS) - 1
    assert all(reason for _, reason in planned.rejected)
    assert planned.bytes_moved == 4 * (case.image.size + maps.size)
    assert planned.peak_memory > planned.bytes_moved
    assert planned.multiply_adds == maps.size * bank.facts.taps
    assert planned.operations >= 0
    assert planned.seconds > 0
    assert 1 <= planned.threads <= threads
    assert all(step >= 1 for step in planned.tile)


def test_the_rejected_begin_with_the_next_best_and_end_with_those_ruled_out() -> None:
    bank = load_filter("sobel-x")
    rejected = plan((1024, 1024), bank).rejected
    times = [re.match(r"about (\S+) times the time; .", reason) for _, reason in rejected]
    costs = [float(match[1]) for match in times if match]
    assert costs == sorted(costs)
    assert min(costs) >= 1
    assert [match is None for match in times] == sorted(match is None for match in times)
    assert not all(times)
    next_best = rejected[0][0]
    as_asked = plan((1024, 1024), bank, algorithm=next_best)
    assert as_asked.seconds == pytest.approx(
        plan((1024, 1024), bank).seconds * costs[0], rel=0.1
    )  # two digits are printed


@each_work
def test_a_tile_does_not_depend_on_threads(algorithm: str, options: dict[str, Any]) -> None:
    job = JOBS[algorithm]
    options = {**options, "groups": job.groups, "algorithm": algorithm}
    shape, bank = (job.channels, 1500, 900), job.bank(whole=job.whole)
    alone = plan(shape, bank, threads=1, **options)
    for threads in (2, 3, 64, None):
        together = plan(shape, bank, threads=threads, **options)
        assert (together.tile, together.phases, together.algorithm) == (alone.tile, alone.phases, algorithm)
        assert together.operations == alone.operations


def test_small_work_is_not_shared() -> None:
    assert plan((9, 9), SOBEL, threads=8).threads == 1
    assert plan((4096, 4096), SOBEL, threads=8).threads == 8


def test_a_printed_plan() -> None:
    planned = plan((100, 200), SOBEL, pool=2, threads=1, algorithm="taps")
    lines = str(planned).splitlines()
    assert lines[0] == "taps: as asked for; 5 additions and 1 multiplications a cell"
    assert re.fullmatch(r"  estimated [\d.]+ ms on 1 thread\(s\)", lines[1])
    assert lines[2] == "  174,636 multiply-adds, 19,404 done"
    assert re.fullmatch(r"  0\.1 MB moved, [\d.]+ MB at the peak", lines[3])
    images, rows, columns = planned.tile
    assert lines[4] == f"  tiles of {images} image(s), {rows} rows, {columns} columns of the result"
    assert lines[5:] == [f"  not {name}: {reason}" for name, reason in planned.rejected]
    assert len(lines) == 5 + len(ALGORITHMS) - 1


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((6, 7), {"stride": 0}),
        ((6, 7), {"dilation": 2.5}),
        ((6, 7), {"padding": "full"}),
        ((6, 7), {"padding_mode": "mirror"}),
        ((6, 7), {"groups": 2}),
        ((6, 7), {"groups": "2"}),
        ((6, 7), {"pool": 0}),
        ((6, 7), {"pool": 9}),
        ((6, 7), {"pool": 2, "pool_kind": "median"}),
        ((6, 7), {"algorithm": "fastest"}),
        ((6, 7), {"threads": 0}),
        ((2, 7), {}),
        ((3, 6, 7), {}),
    ],
    ids=str,
)
def test_what_feature_maps_refuses_plan_refuses_in_the_same_words(
    shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ConvtoolError) as refused:
        feature_maps(np.ones(shape), SOBEL, **options)
    with pytest.raises(type(refused.value), match=f"^{re.escape(str(refused.value))}$"):
        plan(shape, SOBEL, **options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((6,), r"image_shape is \(6,\); it must be \(H, W\), \(C, H, W\), \(N, C, H, W\)"),
        ((1, 1, 1, 6, 7), r"image_shape is \(1, 1, 1, 6, 7\)"),
        ((6, 7.5), "image_shape is 7.5; it must be a whole number of at least 1"),
        ((0, 7), "image_shape is 0; it must be a whole number of at least 1"),
    ],
    ids=str,
)
def test_an_image_shape_has_two_to_four_sizes(shape: Any, message: str) -> None:
    with pytest.raises(ConvtoolError, match=message):
        plan(shape, SOBEL)


def test_a_bank_is_a_bank() -> None:
    with pytest.raises(ConvtoolError, match=r"bank is a list; use FilterBank\(weights\)"):
        plan((6, 7), [[1]])  # type: ignore[arg-type]
