"""The colours of a page are those of the other pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.view.scales import Scale
from tests.view.report.engine import contents_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser

REAL = st.floats(width=32, allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-300, 300).map(float)
VALUES = hnp.arrays(np.float32, st.integers(1, 40), elements=st.one_of(REAL, WHOLE))
HALVES = np.arange(511, dtype=np.float32)
"""Every second of them lies just between two colours."""

NAMES = {None: None, "gray": "gray", "diverging": "blue-orange", "sequential": "viridis"}

_COLOURS = """
const { colormaps } = openReport(arguments[0]);
const scale = scaleOf(arguments[1], arguments[2]);
return [scale, arguments[3].map((value) => colourAt(scale, colormaps, value))];
"""
_CONTENTS = contents_of(np.zeros((1, 1, 1, 1)), FilterBank([[1]]))


@pytest.mark.parametrize("name", NAMES)
@given(values=VALUES, others=VALUES)
@example(values=HALVES, others=HALVES)
@settings(max_examples=60)
def test_colours(
    engine: Engine, name: str | None, values: NDArray[np.float32], others: NDArray[np.float32]
) -> None:
    expected = Scale.fit([values], NAMES[name])
    shown = np.concatenate([values, others])
    scale, colours = engine.run(_COLOURS, _CONTENTS, values.tolist(), name, shown.tolist())
    assert (scale["low"], scale["high"]) == (expected.low, expected.high)
    assert NAMES[scale["colormap"]] == expected.colormap
    assert colours == expected.colours(shown).tolist()
