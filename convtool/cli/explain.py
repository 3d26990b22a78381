"""``convtool explain``: how the value of one cell came to be."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display
from convtool.cli.groups import grouped
from convtool.text import encodable

if TYPE_CHECKING:
    from convtool.view.derivations import Told


@grouped
def explain(
    *,
    image: o.Image,
    filters: o.Filters,
    at: Annotated[Any, o.parsed("--at", values.cell, "Y,X", "The cell: its row and column, from 0.")],
    stage: Annotated[
        Literal["conv", "relu", "pool"] | None,
        typer.Option(
            "--stage",
            help="Whose map the cell is in [default: relu; pool if a pool is given].",
            show_default=False,
        ),
    ] = None,
    pooling: o.Pooling,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    sliding: o.Sliding,
    reading: o.Reading,
    showing: o.Showing,
) -> None:
    """Explain how the value of one cell came to be: its patch, the products, ReLU, the pool's window.

    \b
    Examples:
      convtool explain photo.png --filter sobel-x --at 120,64
      convtool explain photo.png --filter edge.json --at 3,0 --pool 2
      convtool explain photo.png -f edge.json --at 3,0 --stage conv --markdown
    """
    if markdown and showing.json:
        raise typer.BadParameter("--markdown and --json would both write to standard output; choose one")
    if stage in ("conv", "relu") and pooling.given:
        raise typer.BadParameter(
            f"--stage {stage} is before the pool; leave out --stage, or what says how to pool"
        )
    from convtool.jobs.explain import explain_in_image
    from convtool.view.derivations import Told, derivation_as_json, derivation_as_markdown

    display = showing.display(reading)
    conv = sliding.options()
    explained = explain_in_image(
        image,
        filters,
        stage or ("pool" if pooling.given else "relu"),
        at,
        inputs=reading.options(),
        conv=conv,
        pool=pooling.options(),
        notify=display.notice,
    )
    told = (
        Told(image, filter_, conv.convention, conv.padding_mode, derivation)
        for filter_, derivation in explained
    )
    if display.tables and not markdown:
        _print(told, display)
        return
    for each in told:
        if display.json:
            print(derivation_as_json(each), flush=True)
        elif display.tables:
            text = derivation_as_markdown(each, precision=display.precision)
            print(encodable(text, sys.stdout.encoding), flush=True)


def _print(told: Iterable[Told], display: Display) -> None:
    """Tables for each filter, and at the end their values below each other."""
    from convtool.view.consoles import console_for
    from convtool.view.derivation_tables import print_derivation, print_values

    console = console_for(sys.stdout, display.color)
    printed = []
    for each in told:
        print_derivation(console, each, precision=display.precision, full=display.full)
        sys.stdout.flush()
        printed.append(each)
    if len(printed) > 1:
        print_values(console, printed, precision=display.precision)
