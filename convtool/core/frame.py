"""A result with rows as long as the image's: its inside, which needs no padding, and its frame.

The rows of the inside are as far apart as those of the image. So a tap is one run through the image,
and the sum one run through the result, if what comes out between the rows, where windows reach over
a border, may be written to the result until the frame takes its place.
"""

from __future__ import annotations

from numpy.lib.stride_tricks import as_strided

from convtool.core.arrays import Float32
from convtool.core.stages import Stages
from convtool.core.tiles import Region, regions

WORTH_A_FRAME = 1024 * 1024
"""Cells of a result from which on its frame costs less than padding every strip."""

FRAME_ROWS = 4096
"""Rows of a region of the frame at most, so that the buffers for high images stay small."""


def inside_of(stages: Stages) -> tuple[slice, slice] | None:
    """Rows and columns of the result that need no padding, if it is worth to compute them apart.

    The last row of the result is never among them: what spills over it would have no place.
    """
    along_y, along_x = stages.conv
    if stages.pool or stages.slide.stride != (1, 1) or along_x.count != along_x.size:
        return None
    rows = slice(along_y.before, min(along_y.count - along_y.after, along_y.count - 1))
    columns = slice(along_x.before, along_x.count - along_x.after)
    cells = max(0, rows.stop - rows.start) * (columns.stop - columns.start)
    return (rows, columns) if cells >= WORTH_A_FRAME else None


def inside_regions(images: int, inside: tuple[slice, slice], tile: tuple[int, int, int]) -> list[Region]:
    """The inside in tiles of whole rows."""
    rows, columns = inside
    cuts = regions(images, (rows.stop - rows.start, columns.stop - columns.start), (*tile[:2], columns.stop))
    return [
        Region(cut.images, slice(rows.start + cut.rows.start, rows.start + cut.rows.stop), columns)
        for cut in cuts
    ]


def frame_regions(image: int, inside: tuple[slice, slice], stages: Stages) -> list[Region]:
    """The rows above and below the inside of one image, and the columns beside it."""
    along_y, along_x = stages.conv
    rows, columns = inside
    parts = (
        (slice(0, rows.start), slice(0, along_x.count)),
        (slice(rows.stop, along_y.count), slice(0, along_x.count)),
        (rows, slice(0, columns.start)),
        (rows, slice(columns.stop, along_x.count)),
    )
    of_image = slice(image, image + 1)
    return [
        Region(of_image, slice(first, min(first + FRAME_ROWS, part_rows.stop)), part_columns)
        for part_rows, part_columns in parts
        if part_columns.start < part_columns.stop
        for first in range(part_rows.start, part_rows.stop, FRAME_ROWS)
    ]


def with_spill(inside: Float32) -> Float32:
    """A region ``(…, rows, columns)`` of the inside, its rows made longer by the borders between them."""
    step, cell = inside.strides[-2:]
    return as_strided(inside, (*inside.shape[:-1], step // cell), inside.strides)
