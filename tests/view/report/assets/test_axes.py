"""What padded cells copy in a page is what they copy in the library."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.core.geometry import PADDING_MODES, Axis

if TYPE_CHECKING:
    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser


@given(
    axis=st.builds(
        Axis,
        size=st.integers(1, 9),
        kernel=st.integers(1, 5),
        stride=st.integers(1, 4),
        dilation=st.integers(1, 3),
        before=st.integers(0, 25),
        after=st.integers(0, 25),
        count=st.integers(1, 12),
    )
)
@settings(max_examples=100)
def test_sources(engine: Engine, axis: Axis) -> None:
    found = engine.run(
        "const [axis, modes] = arguments; return modes.map((mode) => Array.from(sources(axis, mode)));",
        asdict(axis),
        PADDING_MODES,
    )
    assert found == [axis.sources(mode).tolist() for mode in PADDING_MODES]
