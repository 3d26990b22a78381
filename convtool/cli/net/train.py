"""``convtool net train``: a network that tells labelled pictures apart."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convtool.cli import options as o
from convtool.cli import values
from convtool.cli.display import Display, written_anyway
from convtool.cli.faults import say
from convtool.cli.groups import grouped
from convtool.cli.net.arguments import Data, NetworkFormat
from convtool.cli.status import StatusLine
from convtool.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convtool.net.training.recipe import Recipe
    from convtool.net.training.trainer import Moment


def complete_architecture(incomplete: str) -> list[str]:
    """Names of architectures that begin so, for the shell's completion."""
    from convtool.net.training.architectures import architecture_names

    return [name for name in architecture_names() if name.startswith(incomplete)]


@dataclass(frozen=True)
class Learning:
    """How the network learns."""

    epochs: Annotated[Any, o.parsed("--epochs", values.positive, "N", "How often every picture is seen.")] = (
        "20"
    )
    batch: Annotated[Any, o.parsed("--batch", values.positive, "N", "Pictures of a step.")] = "64"
    optimizer: Annotated[
        Literal["adamw", "adam", "sgd"], typer.Option("--optimizer", help="How a step is made of gradients.")
    ] = "adamw"
    learning_rate: Annotated[
        Any,
        o.parsed("--learning-rate", values.above_0, "RATE", "At the start [default: 0.002, of sgd 0.05]."),
    ] = None
    schedule: Annotated[
        Literal["cosine", "step", "constant"],
        typer.Option("--schedule", help="How the rate falls: to 0, by tenths after 1/2 and 3/4, or not."),
    ] = "cosine"
    momentum: Annotated[
        Any, o.parsed("--momentum", values.share_below_1, "SHARE", "Of the last step, kept by sgd.")
    ] = "0.9"
    weight_decay: Annotated[
        Any, o.parsed("--weight-decay", values.not_below_0, "RATE", "How strongly weights are drawn to 0.")
    ] = "0.01"
    augment: Annotated[
        Any,
        o.parsed(
            "--augment",
            values.augmentation,
            "CHANGES",
            "Change pictures at random: shift=PIXELS,rotate=DEGREES,scale=SHARE,contrast=SHARE,mirror.",
        ),
    ] = None
    patience: Annotated[
        Any, o.parsed("--patience", values.positive, "N", "Stop after N epochs without a better one.")
    ] = None
    seed: Annotated[Any, o.parsed("--seed", values.not_negative, "N", "Of all that is drawn at random.")] = (
        "0"
    )

    def recipe(self) -> Recipe:
        """The same, for a job."""
        from convtool.net.training.augmentation import Augmentation
        from convtool.net.training.recipe import RATES, Recipe

        return Recipe(
            epochs=self.epochs,
            batch=self.batch,
            optimizer=self.optimizer,
            rate=self.learning_rate or RATES[self.optimizer],
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            schedule=self.schedule,
            augmentation=Augmentation(**(self.augment or {})),
            patience=self.patience,
            seed=self.seed,
        )


@grouped
def train(
    *,
    data: Data,
    output: Annotated[str, o.written("The network: .npz or .onnx; - is standard output.")],
    format_: NetworkFormat = "npz",
    architecture: Annotated[
        str,
        typer.Option(
            "--architecture",
            "-a",
            metavar="NAME|FILE",
            help="notes-cnn, deep-cnn, a spec in JSON, or a network to train on.",
            autocompletion=complete_architecture,
        ),
    ] = "notes-cnn",
    learning: Learning,
    size: Annotated[
        Any,
        o.parsed(
            "--size",
            values.positive_pair,
            "N|Y,X",
            "What pictures are made [default: as they are, or 64 if they differ].",
        ),
    ] = None,
    hold_out: Annotated[
        Any,
        o.parsed("--hold-out", values.share_below_1, "SHARE", "Of the pictures, to tell the best epoch by."),
    ] = "0.1",
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="DATA", help="Other pictures to try it on once, at the end."),
    ] = None,
    curves: Annotated[str | None, o.written("Draw how it learned, as a PNG.", "--curves")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the same training where it was interrupted.")
    ] = False,
    max_pixels: o.MaxPixels = None,
    max_memory: o.MaxMemory = None,
    strict: o.Strict = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    color: o.Color = "auto",
    debug: o.Debug = False,
) -> None:
    """Train a network to tell labelled pictures apart, and write it as it was after its best epoch.

    DATA is a folder with a folder of pictures for each class, an IDX file of images (MNIST's format)
    beside its labels, or an NPZ of images and labels. Ctrl-C puts the training aside; --resume goes on.

    \b
    Examples:
      convtool net train pictures/ -o model.npz
      convtool net train train-images-idx3-ubyte.gz -o m.npz --augment shift=2
    """
    from convtool.jobs.net.labelled import check_picture
    from convtool.jobs.net.train import TrainOptions, Watchers, train_from_files

    if json and curves == "-":
        raise ArgumentError("--json and a picture would both write to standard output; name a file for it")
    if curves == output:
        raise ArgumentError("-o and --curves would both write to one place; name another")
    to_stdout = "-" in (output, curves)
    display = Display(json=json, quiet=quiet, color=color, strict=strict, stdout_is_data=to_stdout)
    recipe = learning.recipe()
    options = TrainOptions(data, output, architecture, recipe, test, size, hold_out, resume, format_)
    live = Live(quiet=quiet)
    watchers = Watchers(live.status.before(display.notice), live.reading, live.moment, live.stopped)
    records = train_from_files(options, o.limits(max_pixels, max_memory), watchers)
    if curves is not None:
        check_picture(curves, options.inputs, "--curves")
        records = _drawn(records, curves, f"{data} · {architecture}")
    with live.status, written_anyway(records):
        for record in records:
            live.status.clear()
            _show(record, display)


class Live:
    """How far training has come, for those who watch."""

    def __init__(self, *, quiet: bool) -> None:
        self.status = StatusLine(quiet=quiet)
        self.reading = self.status.counting("pictures read")
        self._quiet = quiet
        self._start: tuple[float, int] | None = None

    def moment(self, moment: Moment, epochs: int) -> None:
        """Show a moment, with the rate so far and the time that is left."""
        seen = (moment.epoch - 1) * moment.images + moment.done
        now = time.monotonic()
        if self._start is None:
            self._start = now, seen
            return
        begun, seen_before = self._start
        rate = (seen - seen_before) / max(now - begun, 1e-9)
        left = (epochs * moment.images - seen) / rate
        self.status.update(
            f"epoch {moment.epoch} of {epochs} · {moment.done / moment.images:.0%} · {_spoken(left)} left · "
            f"loss {moment.loss:.4f} · accuracy {moment.accuracy:.2%} · {rate:,.0f} images/s"
        )

    def stopped(self, checkpoint: str) -> None:
        """Say how to go on with a training that was interrupted."""
        self.status.clear()
        if not self._quiet:
            say(f"stopped; the same command with --resume goes on from {checkpoint}")


def _drawn(records: Iterator[dict[str, Any]], path: str, title: str) -> Iterator[dict[str, Any]]:
    """The same records; when they have ended, those of the epochs are drawn."""
    from convtool.jobs.outputs import opened
    from convtool.view.drawings.curves import learning_curves

    epochs = []
    with opened(path) as stream:  # which fails before the training if it must
        for record in records:
            if record["event"] == "epoch":
                epochs.append(record)
            yield record
        stream.write(learning_curves(epochs, title))


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _show(record: dict[str, Any], display: Display) -> None:
    if display.json:
        from json import dumps

        print(dumps(record), flush=True)
    elif display.tables:
        from convtool.view.consoles import console_for
        from convtool.view.training import print_record

        print_record(console_for(sys.stdout, display.color), record)
        sys.stdout.flush()
