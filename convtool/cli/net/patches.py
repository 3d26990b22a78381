"""``convtool net patches``: what each filter of a layer has learned to look for."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import Data, LayerName, Measuring, Model
from convtool.cli.status import StatusLine


@grouped
def patches(
    *,
    model: Model,
    data: Data,
    layer: LayerName,
    output: Annotated[str | None, o.written("Draw filters and patches, as a PNG.")] = None,
    count: Annotated[Any, o.parsed("--count", values.positive, "N", "Patches for each map.")] = "8",
    measuring: Measuring,
) -> None:
    """Find the patches of labelled pictures that excite each map of a layer most: what it looks for.

    \b
    Examples:
      convtool net patches model.npz pictures/ --layer conv1 -o seen.png
      convtool net patches model.npz digits.npz --layer conv2 --count 12 --json
    """
    from convtool.jobs.net.labelled import check_picture
    from convtool.jobs.net.patches import exciting_patches
    from convtool.jobs.outputs import opened

    if output is not None:
        check_picture(output, [model, data])
    display = measuring.display(stdout_is_data=output == "-")
    with StatusLine(quiet=measuring.quiet) as status:
        found = exciting_patches(
            model,
            data,
            layer,
            count=count,
            size=measuring.size,
            limits=measuring.limits(),
            notify=status.before(display.notice),
            reading=status.counting("images read"),
            running=status.counting("images run"),
        )
    title = f"{model} · {layer} · {data}"
    if output is not None:
        from convtool.view.drawings.patches import patches_sheet

        with opened(output) as stream:
            stream.write(
                patches_sheet(
                    found.filters,
                    [[each.patch for each in row] for row in found.found],
                    [[each.strength for each in row] for row in found.found],
                    title,
                )
            )
    if display.json:
        from json import dumps

        for record in found.records():
            print(dumps(record))
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.networks import print_exciting

        print_exciting(console_for(sys.stdout, display.color), title, list(found.records()))
