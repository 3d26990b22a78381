"""``convtool report``: a page to lay filters on an image, and to ask each value how it came to be."""

from __future__ import annotations

from typing import Annotated

from convtool import __version__
from convtool.cli import options as o
from convtool.cli.display import Display
from convtool.cli.groups import grouped


@grouped
def report(
    *,
    image: o.Image,
    filters: o.Filters,
    output: Annotated[str, o.written("The page, one .html file; - is standard output.")],
    pooling: o.Pooling,
    sliding: o.Sliding,
    reading: o.Reading,
    json: o.Json = False,
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Make a page that shows, for every value of the maps, how it came to be.

    The page is one file that needs nothing else. In it filters can be changed, and the maps follow.

    \b
    Examples:
      convtool report photo.png --filter sobel-x -o report.html
      convtool report photo.png -f sobel-x -f edge.json --pool 4 -o edges.html
    """
    from convtool.jobs.outputs import check_page_output, opened
    from convtool.jobs.report import workings_of

    display = Display(json=json, quiet=quiet, strict=reading.strict, stdout_is_data=output == "-")
    check_page_output(output, [image, *filters])
    workings = workings_of(
        image,
        filters,
        inputs=reading.options(),
        conv=sliding.options(),
        pool=pooling.options(),
        notify=display.notice,
    )
    from convtool.view.report.contents import report_contents
    from convtool.view.report.page import report_page

    page = report_page(report_contents(workings))
    with opened(output) as stream:
        stream.write(page)
    if json:
        from json import dumps

        names = [laid.name for laid in workings.filters]
        record = {"input": image, "filters": names, "output": output, "bytes": len(page)}
        print(dumps({**record, "version": __version__}))
