"""``convtool conv``: Conv → ReLU, or the signed response alone."""

from __future__ import annotations

from convtool.cli import options as o
from convtool.cli.groups import grouped


@grouped
def conv(
    *,
    images: o.Images,
    filters: o.Filters,
    relu: o.Relu = True,
    sliding: o.Sliding,
    reading: o.Reading,
    writing: o.Writing,
    showing: o.Showing,
) -> None:
    """Convolve images and rectify: one feature map for each filter.

    \b
    Examples:
      convtool conv photo.png --filter sobel-x -o map.png
      convtool conv photo.png --filter edge.json --no-relu -o response.npy
    """
    from convtool.jobs.image import convolve_images
    from convtool.jobs.options import PoolOptions, Stage

    display = showing.display(reading, writing)
    stage: frozenset[Stage] = frozenset(("relu",) if relu else ("conv",))
    convolved = convolve_images(
        images,
        filters,
        inputs=reading.options(),
        conv=sliding.options(),
        pool=PoolOptions(),
        wanted=stage,
        output=writing.options(stage),
        notify=display.notice,
    )
    display.show(outcome for each in convolved for outcome in each.outcomes)
