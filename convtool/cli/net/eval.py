"""``convtool net eval``: how well a network tells labelled images."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from convtool.cli import options as o
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import Data, Measuring, Model
from convtool.cli.status import StatusLine
from convtool.errors import ArgumentError

if TYPE_CHECKING:
    from convtool.jobs.net.evaluate import EvaluatedData
    from convtool.view.drawings.mistakes import Mistake


@grouped
def eval_(
    *,
    model: Model,
    data: Data,
    confusion: Annotated[str | None, o.written("Draw the confusion matrix, as a PNG.", "--confusion")] = None,
    mistakes: Annotated[
        str | None, o.written("Draw the images in the wrong class, the surest first, as a PNG.", "--mistakes")
    ] = None,
    measuring: Measuring,
) -> None:
    """Evaluate a network on labelled images: accuracy, class by class, what it takes for what.

    \b
    Examples:
      convtool net eval model.npz digits/
      convtool net eval model.npz t10k-images-idx3-ubyte.gz --mistakes worst.png
    """
    from convtool.jobs.net.evaluate import evaluate_on_data
    from convtool.jobs.net.labelled import check_picture
    from convtool.jobs.outputs import opened

    for option, path in (("--confusion", confusion), ("--mistakes", mistakes)):
        if path is not None:
            check_picture(path, [model, data], option)
    if confusion is not None and confusion == mistakes:
        raise ArgumentError("--confusion and --mistakes would both write to one place; name another")
    to_stdout = "-" in (confusion, mistakes)
    if measuring.json and to_stdout:
        raise ArgumentError("--json and a picture would both write to standard output; name a file for it")
    display = measuring.display(stdout_is_data=to_stdout)
    with StatusLine(quiet=measuring.quiet) as status:
        evaluated = evaluate_on_data(
            model,
            data,
            size=measuring.size,
            limits=measuring.limits(),
            notify=status.before(display.notice),
            reading=status.counting("images read"),
            running=status.counting("images run"),
        )
    with ExitStack() as files:
        if confusion is not None:
            from convtool.view.drawings.confusion import confusion_picture

            picture = confusion_picture(evaluated.evaluation.confusion, evaluated.dataset.classes)
            files.enter_context(opened(confusion)).write(picture)
        if mistakes is not None:
            from convtool.view.drawings.mistakes import mistakes_sheet

            sheet = mistakes_sheet(_mistakes(evaluated), f"{data} · {model}")
            files.enter_context(opened(mistakes)).write(sheet)
    if display.json:
        from json import dumps

        print(dumps(evaluated.record))
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.evaluation import print_evaluation

        print_evaluation(console_for(sys.stdout, display.color), evaluated.record)


def _mistakes(evaluated: EvaluatedData) -> list[Mistake]:
    """All images in the wrong class, to be drawn."""
    from convtool.view.drawings.mistakes import Mistake

    evaluation, dataset = evaluated.evaluation, evaluated.dataset
    return [
        Mistake(
            dataset.images[index],
            dataset.names[index],
            dataset.classes[dataset.labels[index]],
            dataset.classes[evaluation.predicted[index]],
            float(evaluation.confidence[index]),
        )
        for index in evaluation.mistakes(evaluation.count)
    ]
