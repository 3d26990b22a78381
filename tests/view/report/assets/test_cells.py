"""Numbers in the cells of enlarged maps: in each that is seen, of as many digits as all have room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import FilterBank, conv2d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.view.report.reader import Reader

pytestmark = pytest.mark.browser

_RECORD = """
window.written = [];
CanvasRenderingContext2D.prototype.fillText = (text) => window.written.push(text);
"""


def written(reader: Reader, image: NDArray, weights: NDArray) -> list[str]:
    """What is written in the response where it is enlarged most, of those that are no whole numbers."""
    reader.lay(image, FilterBank(weights[np.newaxis, np.newaxis]), pool=1)
    reader.browser.run("convtool.select(0, 'conv', 0, 0)")
    reader.browser.run(_RECORD)
    reader.slide("#zoom", 3)
    texts: list[str] = reader.browser.run("return window.written")
    return texts


def test_every_cell_that_is_seen_has_its_number(reader: Reader) -> None:
    image = np.random.default_rng(3).integers(0, 256, (64, 64)).astype(np.float32)
    weights = np.array([[-0.3337]], np.float32)
    texts = written(reader, image, weights)
    response = conv2d(image, weights)[:8, :8]
    count = response.size
    assert len(texts) == 4 * count
    shown = np.array([float(text.replace("−", "-")) for text in texts[count : 2 * count]]).reshape(
        response.shape
    )
    assert (np.abs(shown - response) <= 1 / 2).all()


def test_where_one_has_no_room_none_is_written(reader: Reader) -> None:
    image = np.ones((64, 64), np.float32)
    image[1, 1] = 1.25e-30
    texts = written(reader, image, np.array([[1]], np.float32))
    assert texts == []
