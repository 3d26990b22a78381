"""``convtool net classify``: what images show, a line each."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import Model


@grouped
def classify(
    *,
    model: Model,
    images: o.Images,
    top: Annotated[Any, o.parsed("--top", values.positive, "N", "How many of the likeliest classes.")] = "1",
    reading: o.GrayReading,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Classify images: a line of input, class and probability each, with tabs between.

    \b
    Examples:
      convtool net classify model.npz photos/*.png
      convtool net classify model.onnx photo.png --top 3 --json
    """
    from convtool.jobs.net.classify import classify_images

    display = Display(json=json, strict=reading.strict)
    records = classify_images(model, images, top=top, inputs=reading.options(), notify=display.notice)
    for record in records:
        if json:
            from json import dumps

            print(dumps(record), flush=True)
        else:
            from convtool.view.classification import classification_lines

            print(classification_lines(record, sys.stdout.encoding), end="", flush=True)
