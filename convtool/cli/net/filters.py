"""``convtool net filters``: the filters of a layer as a file, and drawn."""

from __future__ import annotations

from typing import Annotated

from convtool.cli import options as o
from convtool.cli.display import Display
from convtool.cli.net.arguments import LayerName, Model
from convtool.errors import ArgumentError


def filters(
    model: Model,
    layer: LayerName,
    output: o.FilterOutput,
    format_: o.FilterFormat = "json",
    sheet: Annotated[str | None, o.written("Draw the filters side by side, as a PNG.", "--sheet")] = None,
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Write the filters of a layer as a filter file, JSON or NPY, and draw them.

    \b
    Example:
      convtool net filters model.onnx --layer conv1 -o bank.npy --sheet bank.png
    """
    from convtool.jobs.export import check_filter_output, write_filter
    from convtool.jobs.outputs import check_picture_output, opened
    from convtool.net.files import filters_of_layer

    check_filter_output(output, format_, [model])
    if sheet is not None:
        check_picture_output(sheet, [model], option="--sheet")
        if sheet == output:
            raise ArgumentError("-o and --sheet would both write to one place; name another")
    notice = Display(quiet=quiet).notice
    file = filters_of_layer(model, layer, notice)
    if sheet is not None:
        from convtool.view.drawings.kernels import kernel_sheet

        with opened(sheet) as stream:
            stream.write(kernel_sheet(file.bank.weights, file.bank.names, f"{model} · {layer}"))
            write_filter(file, output, format_, notify=notice)
        return
    write_filter(file, output, format_, notify=notice)
