"""``conv | relu | pool`` over files gives what ``run`` gives, for every option."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convtool import load_map
from tests.cli.runner import in_process
from tests.strategies import PADDING_MODES
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

pairs = st.one_of(
    st.integers(1, 3).map(str),
    st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda p: f"{p[0]},{p[1]}"),
)


@st.composite
def conv_options(draw: st.DrawFn) -> list[str]:
    options = {
        "--stride": pairs,
        "--padding": st.sampled_from(["valid", "same", "0", "2", "1,3", "0,1,2,3"]),
        "--padding-mode": st.sampled_from(PADDING_MODES),
        "--dilation": pairs,
        "--scale": st.sampled_from(["stored", "unit"]),
    }
    chosen = [text for name, values in options.items() for text in (name, draw(values))]
    return [*chosen, *draw(st.sampled_from([[], ["--flip"]]))]


@st.composite
def pool_options(draw: st.DrawFn) -> dict[str, str]:
    stride = draw(st.none() | pairs)
    chosen = {"kind": draw(st.sampled_from(["max", "avg", "min"])), "size": draw(pairs)}
    return chosen if stride is None else {**chosen, "stride": stride}


def chain(conv: list[str], pool: dict[str, str], filter_: str, suffix: str) -> tuple[Path, ...]:
    """Run Conv, ReLU and Pool as three commands; give the files of the three stages."""
    files = tuple(Path(f"{stage}.{suffix}") for stage in ("conv", "map", "pool"))
    pooling = [text for name, value in pool.items() for text in (f"--{name}", value)]
    for command in (
        ["conv", "gray.png", "-f", filter_, "--no-relu", *conv, "-o", files[0]],
        ["relu", files[0], "-o", files[1]],
        ["pool", files[1], *pooling, "-o", files[2]],
    ):
        finished = in_process(*command, "-q")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
    return files


def at_once(conv: list[str], pool: dict[str, str], filter_: str) -> tuple[Path, ...]:
    """Run the same as one command, the maps saved as exact numbers."""
    names = {"size": "--pool", "kind": "--pool-kind", "stride": "--pool-stride"}
    pooling = [text for name, value in pool.items() for text in (names[name], value)]
    finished = in_process(
        *("run", "gray.png", "-f", filter_, *conv, *pooling, "--save", "conv,map,pool"),
        *("--format", "npy", "--out-dir", "run", "-q"),
    )
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    return tuple(Path("run", f"gray.{filter_}.{stage}.npy") for stage in ("conv", "map", "pool"))


@given(conv=conv_options(), pool=pool_options(), filter_=st.sampled_from(["sobel-x", "gaussian-3", "emboss"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("gray")
def test_arrays_are_the_same_bytes(conv: list[str], pool: dict[str, str], filter_: str) -> None:
    for by_three, by_one in zip(chain(conv, pool, filter_, "npy"), at_once(conv, pool, filter_), strict=True):
        assert_same_bytes(np.load(by_three), np.load(by_one))


@given(conv=conv_options(), pool=pool_options())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("gray")
def test_pictures_of_whole_numbers_are_exact(conv: list[str], pool: dict[str, str]) -> None:
    conv = [*conv, "--scale", "stored"]
    pool = {**pool, "kind": "min" if pool["kind"] == "avg" else pool["kind"]}
    for by_three, by_one in zip(
        chain(conv, pool, "sobel-x", "png"), at_once(conv, pool, "sobel-x"), strict=True
    ):
        assert_same_bytes(load_map(by_three), np.load(by_one))


@given(conv=conv_options(), pool=pool_options())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("gray")
def test_pictures_of_real_numbers_are_within_two_steps(conv: list[str], pool: dict[str, str]) -> None:
    pictures = chain(conv, pool, "gaussian-3", "png")
    steps = [in_process("show", picture, "--json").record for picture in pictures]
    assert [record["stage"] for record in steps] == ["conv", "relu", "pool"]
    for by_three, by_one in zip(pictures, at_once(conv, pool, "gaussian-3"), strict=True):
        exact: NDArray[np.float32] = np.load(by_one)
        response: NDArray[np.float32] = np.load(Path("run", "gray.gaussian-3.conv.npy"))
        step = float(np.ptp(response)) / 65535  # the first picture's, the coarsest of the three
        error = float(np.abs(load_map(by_three).astype(np.float64) - exact).max())
        assert error <= 2 * step + np.spacing(np.abs(response).max())


@pytest.mark.usefixtures("gray")
def test_stages_joined_by_pipes(folder: Path) -> None:
    conv = in_process("conv", "gray.png", "-f", "sobel-x", "--no-relu", "-o", "-")
    relu = in_process("relu", "-", "-o", "-", "--format", "npy", stdin=conv.data)
    pool = in_process("pool", "-", "-o", "pool.npy", "-q", stdin=relu.data)
    assert (pool.code, pool.err) == (0, "")
    in_process("run", "gray.png", "-f", "sobel-x", "--save", "pool", "--format", "npy", "-q")
    assert_same_bytes(np.load(folder / "pool.npy"), np.load(folder / "gray.sobel-x.pool.npy"))
