"""The arithmetic of a report page, without the page: its scripts, and workings to feed them with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convtool.core.geometry import window
from convtool.core.pooling import pool_windows
from convtool.core.workings import LaidFilter, NamedPlanes, Workings
from convtool.view.report import page
from convtool.view.report.contents import report_contents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convtool import FilterBank
    from tests.browser import Browser

SCRIPTS = ("values.js", "axes.js", "maps.js", "derivation.js", "scales.js", "text.js")
STAGES = ("conv", "relu", "pool")

_MAPS = """
const report = openReport(arguments[0]);
return report.filters.map((_, index) => {
  const { response, relu, pool, shapes } = computeMaps(report, index);
  return [[response, shapes.conv], [relu, shapes.relu], [pool, shapes.pool]].map(
    ([values, shape]) => [Array.from(values), shape]);
});
"""
_DERIVE = """
const report = openReport(arguments[0]);
return arguments[1].map(([index, stage, y, x]) =>
  derive(report, index, computeMaps(report, index), stage, y, x));
"""


class Engine:
    """Runs the scripts that compute."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        assets = Path(page.__file__).with_name("assets")
        self._source = "".join((assets / name).read_text("utf-8") for name in SCRIPTS)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function that sees the scripts'; give what it returns."""
        return self._browser.run(f'"use strict"; {self._source}\n{script}', *arguments)

    def maps(self, contents: dict[str, Any]) -> list[dict[str, NDArray[np.float32]]]:
        """The maps of every filter by stage."""
        return [
            {
                stage: np.array(values, np.float64).reshape(shape).astype(np.float32)
                for stage, (values, shape) in zip(STAGES, maps, strict=True)
            }
            for maps in self.run(_MAPS, contents)
        ]

    def derive(
        self, contents: dict[str, Any], cells: Sequence[tuple[int, str, int, int]]
    ) -> list[dict[str, Any]]:
        """How each of some cells (filter, stage, y, x) came to be."""
        derivations: list[dict[str, Any]] = self.run(_DERIVE, contents, cells)
        return derivations


def contents_of(
    image: NDArray[Any],
    bank: FilterBank,
    *,
    groups: int = 1,
    flip: bool = False,
    padding_mode: str = "zeros",
    pool: Any = 1,
    pool_kind: str = "max",
    pool_options: dict[str, Any] | None = None,
    count_include_pad: bool = True,
    **sliding: Any,
) -> dict[str, Any]:
    """The contents of a page for images ``(N, C, H, W)``, every filter of a bank on each of them."""
    images = np.asarray(image, np.float32)
    conv = window(images.shape[2:], bank.kernel_size, **sliding)
    around = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False, **(pool_options or {})}
    pooled = pool_windows((conv[0].count, conv[1].count), pool, **around)
    laid = [
        LaidFilter(
            name=f"{n}-{o}",
            description=None,
            planes=n,
            channel=o * groups // len(bank) * bank.in_channels,
            weights=weights,
            bias=float(bank.bias[o]),
            normalized=bank.normalize is not None,
            conv=conv,
            pool=pooled,
        )
        for n in range(len(images))
        for o, weights in enumerate(bank.weights)
    ]
    planes = tuple(NamedPlanes(str(n), each) for n, each in enumerate(images))
    workings = Workings("image", "options", planes, tuple(laid), padding_mode, flip, pool_kind)
    return {**report_contents(workings), "count_include_pad": count_include_pad}
