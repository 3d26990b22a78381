"""What a page reads of its contents is what was written there, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank
from convtool.view.colormaps import palette
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("extremes", "name"),
    [
        ((0, 255), "Uint8Array"),
        ((0, 256), "Uint16Array"),
        ((1, 65535), "Uint16Array"),
        ((-1, 255), "Int16Array"),
        ((-32768, 32767), "Int16Array"),
        ((-1, 32768), "Float32Array"),
        ((-32769, 0), "Float32Array"),
        ((0, 65536), "Float32Array"),
        ((0.5, 1), "Float32Array"),
        ((-1e-40, 3.4e38), "Float32Array"),
    ],
)
def test_values_come_in_the_type_that_just_holds_them(
    engine: Engine, extremes: tuple[float, float], name: str
) -> None:
    image = np.array([*extremes, extremes[0], 1], np.float32).reshape(1, 2, 1, 2)
    contents = contents_of(image, FilterBank(np.ones((1, 2, 1, 1))))
    read = "const [{ values, shape }] = openReport(arguments[0]).inputs;"
    found = engine.run(f"{read} return [values.constructor.name, Array.from(values), shape];", contents)
    assert found == [name, image.ravel().tolist(), [2, 1, 2]]


def test_filters_and_colours(engine: Engine) -> None:
    weights = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3) / 7
    contents = contents_of(np.zeros((1, 2, 5, 5)), FilterBank(weights, [0.1]), flip=True)
    filter_, colours = engine.run(
        """
        const report = openReport(arguments[0]);
        const [filter] = report.filters;
        filter.weights[0] = 99;
        const { shape, bias, flip, original } = filter;
        const before = { ...original, weights: Array.from(original.weights) };
        const colours = Object.entries(report.colormaps).map(([name, bytes]) => [name, Array.from(bytes)]);
        return [
          { weights: Array.from(filter.weights), shape, bias, flip, before },
          Object.fromEntries(colours),
        ];
        """,
        contents,
    )
    numbers = weights.ravel().tolist()
    assert filter_ == {
        "weights": [99, *numbers[1:]],
        "shape": [2, 2, 3],
        "bias": np.float32(0.1),
        "flip": True,
        "before": {"weights": numbers, "bias": np.float32(0.1), "flip": True},
    }
    names = {"sequential": "viridis", "diverging": "blue-orange", "gray": "gray"}
    assert colours == {name: palette(colormap).ravel().tolist() for name, colormap in names.items()}
