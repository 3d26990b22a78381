"""``convtool learn``: a filter that recognises what patches show."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped


@grouped
def learn(
    *,
    more_background: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PICTURE]...", help="More pictures of background, so that --background *.png works."
        ),
    ] = None,
    patches: Annotated[
        list[str] | None,
        typer.Option(
            "--patch",
            metavar="FILE[@Y,X,H,W]",
            help="What to look for: a window of a picture, or a cropped picture; may be repeated.",
            show_default=False,
        ),
    ] = None,
    positives: Annotated[
        list[str] | None,
        typer.Option("--positives", metavar="DIR", help="A folder of patches.", show_default=False),
    ] = None,
    negatives: Annotated[
        list[str] | None,
        typer.Option(
            "--negatives",
            metavar="DIR",
            help="A folder of patches that show something else.",
            show_default=False,
        ),
    ] = None,
    background: Annotated[
        list[str] | None,
        typer.Option(
            "--background",
            metavar="FILE|DIR",
            help="Pictures without it [default: the rest of the patches' pictures].",
            show_default=False,
        ),
    ] = None,
    output: o.FilterOutput,
    format_: o.FilterFormat = "json",
    method: Annotated[
        Literal["auto", "ncc", "lda", "logistic", "bank"],
        typer.Option("--method", help="How to learn; auto is lda from ten patches on, else ncc."),
    ] = "auto",
    false_alarms: Annotated[
        Any,
        o.parsed(
            "--false-alarms", values.share_below_1, "SHARE", "Share of background windows that may respond."
        ),
    ] = "0.05",
    ridge: Annotated[
        Any,
        o.parsed(
            "--ridge", values.above_0, "LAMBDA", "How much lda (default: 1) or logistic (0.001) smooths."
        ),
    ] = None,
    folds: Annotated[Any, o.parsed("--folds", values.at_least_2, "N", "Parts to hold out in turn.")] = "5",
    seed: Annotated[Any, o.parsed("--seed", values.not_negative, "N", "Of what is drawn at random.")] = "0",
    reading: o.GrayReading,
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Learn a filter from patches; ReLU of its response is 0 on all but a few windows of background.

    ncc is the patch itself, lda and logistic tell it from background, bank turns and scales it. The
    scores printed are of filters learned without the patches and background that they are tried on.

    \b
    Examples:
      convtool learn --patch photo.png@120,80,21,21 -o eye.json
      convtool learn --positives faces/ --negatives others/ -o face.json
      convtool learn --patch a.png@5,9,24,24 --method bank -o sign.json b*.png
    """
    from convtool.jobs.learn import LearnOptions, learn_from_files

    display = Display(
        json=json, quiet=quiet, color=color, strict=reading.strict, stdout_is_data=output == "-"
    )
    lesson = learn_from_files(
        LearnOptions(
            tuple(patches or ()),
            tuple(positives or ()),
            tuple(negatives or ()),
            (*(background or ()), *(more_background or ())),
            method,
            false_alarms,
            ridge,
            folds,
            seed,
        ),
        output,
        format_,
        inputs=reading.options(),
        notify=display.notice,
        progress=display.progress,
    )
    if json:
        from convtool.view.learning import lesson_as_json

        print(lesson_as_json(lesson.record))
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.learning import print_lesson

        print_lesson(console_for(sys.stdout, color), output, lesson.learned, lesson.record)
