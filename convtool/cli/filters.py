"""``convtool filters``: list, show, check and export filters."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from convtool.cli import options as o
from convtool.cli.display import Display

filters = typer.Typer(
    name="filters",
    help="List, show, check and export filters.",
    epilog="Example: convtool filters check sobel-x my-filter.json",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@filters.command("list")
def list_(json: o.Json = False, color: o.Color = "auto", debug: o.Debug = False) -> None:
    """List the built-in filters.

    \b
    Example:
      convtool filters list
    """
    from convtool.io.filters import builtin_names, read_filter
    from convtool.view.consoles import console_for
    from convtool.view.filters import listing_as_json, print_listing

    filters = [read_filter(name) for name in builtin_names()]
    if json:
        for filter_file in filters:
            print(listing_as_json(filter_file))
    else:
        print_listing(console_for(sys.stdout, color), filters)


@filters.command()
def show(
    filters: o.FilterNames,
    precision: o.Precision = "4",
    json: o.Json = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Show what filters are: their weights, where they come from, what they do.

    \b
    Example:
      convtool filters show sobel-x gabor
    """
    from convtool.jobs.inspect import kernels
    from convtool.jobs.reading import check_stdin_once, noticed_filter
    from convtool.view.consoles import console_for
    from convtool.view.filters import filter_as_json, print_filter

    check_stdin_once(filters)
    console = console_for(sys.stdout, color)
    for name in filters:
        filter_file = noticed_filter(name, Display().notice)
        if json:
            print(filter_as_json(filter_file))
        else:
            print_filter(console, filter_file, kernels(filter_file), precision=precision)


@filters.command()
def check(
    filters: o.FilterNames, json: o.Json = False, color: o.Color = "auto", debug: o.Debug = False
) -> None:
    """Check filter files, and tell what can be known: sum, whole numbers, rank, factors, symmetry.

    \b
    Example:
      convtool filters check sobel-x my-filter.json
    """
    from convtool.jobs.inspect import check_filters
    from convtool.view.consoles import console_for
    from convtool.view.filters import facts_as_json, print_facts

    kernels = list(check_filters(filters, notify=Display().notice))
    if json:
        for label, facts in kernels:
            print(facts_as_json(label, facts))
    else:
        print_facts(console_for(sys.stdout, color), kernels)


@filters.command()
def export(
    filter_: Annotated[
        str,
        typer.Argument(
            metavar="FILTER",
            help="A built-in name or a filter file; - is standard input.",
            autocompletion=o.complete_filter,
        ),
    ],
    output: o.FilterOutput,
    format_: o.FilterFormat = "json",
    quiet: o.Quiet = False,
    debug: o.Debug = False,
) -> None:
    """Write a filter as JSON or NPY, from either.

    \b
    Examples:
      convtool filters export sobel-x -o edge.json
      convtool filters export weights.npy -o weights.json
    """
    from convtool.jobs.export import export_filter

    export_filter(filter_, output, format_, notify=Display(quiet=quiet).notice)
