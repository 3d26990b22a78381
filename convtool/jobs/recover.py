"""Recovering from files: a picture before and after, and the filter between them written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32, is_whole
from convtool.core.geometry import Sizes
from convtool.io.filters import FilterFile, filter_label
from convtool.io.limits import Limits
from convtool.io.rectangles import to_numbers
from convtool.io.source import spoken
from convtool.jobs.export import FilterFormat, check_filter_output, write_filter
from convtool.jobs.options import InputOptions
from convtool.jobs.outputs import STDOUT
from convtool.jobs.pictures import Pictures
from convtool.jobs.reading import Notify, check_stdin_once, concerning
from convtool.learn.memory import recovery_memory
from convtool.learn.recover import Recovery, recover_filter
from convtool.learn.resemblance import Resemblance, resembling


@dataclass(frozen=True, eq=False)
class Recovered:
    """The filter between two pictures, what it resembles, and where it was written."""

    before: str
    after: str
    output: str
    recovery: Recovery
    resemblance: Resemblance | None

    @property
    def weights(self) -> Float32:
        """``(kh, kw)``, times the divisor."""
        kernel = self.recovery.bank.weights[0, 0]
        weights: Float32 = (kernel * np.float64(self.recovery.divisor)).astype(np.float32)
        return weights

    @property
    def record(self) -> dict[str, Any]:
        """For machines."""
        recovery = self.recovery
        errors = np.where(np.isfinite(recovery.errors), recovery.errors, np.nan)
        return {
            "before": self.before,
            "after": self.after,
            "output": self.output,
            "size": recovery.bank.kernel_size,
            "weights": to_numbers(self.weights),
            "divisor": recovery.divisor,
            "bias": float(str(recovery.bank.bias[0])),
            "errors": [[None if np.isnan(error) else float(error) for error in row] for row in errors],
            "residual": recovery.residual,
            "explained": recovery.explained,
            "exact": recovery.exact,
            "determined": recovery.determined,
            "shift": recovery.shift,
            "clipped": recovery.clipped,
            "windows": recovery.windows,
            "resembles": asdict(self.resemblance) if self.resemblance else None,
            "version": __version__,
        }


def recover_from_files(
    before: str,
    after: str,
    size: Sizes,
    output: str,
    format_: FilterFormat,
    *,
    inputs: InputOptions,
    notify: Notify,
) -> Recovered:
    """Find the filter that makes one picture of another, and write it."""
    check_stdin_once([before, after])
    check_filter_output(output, format_, [before, after])
    pictures = Pictures(inputs, notify)
    both = pictures[before], pictures[after]
    what = f"{spoken(before)} and {spoken(after)}"
    with concerning(what):
        _check_memory(*both, size, inputs)
        recovery = recover_filter(*both, size)
    if not recovery.determined:
        notify(f"{what}: they do not determine the filter; others explain them as well, this is the smallest")
    recovered = Recovered(before, after, output, recovery, resembling(recovery.bank.weights[0, 0]))
    filter_file = FilterFile(
        label="recovered" if output == STDOUT else filter_label(output),
        bank=recovery.bank,
        description=f"Makes {spoken(after)} of {spoken(before)}",
        meta={
            "before": before,
            "after": after,
            "residual": recovery.residual,
            "explained": recovery.explained,
            "exact": recovery.exact,
            "determined": recovery.determined,
            "shift": recovery.shift,
            "convtool": __version__,
        },
    )
    write_filter(filter_file, output, format_, divisor=recovery.divisor, notify=notify)
    return recovered


def _check_memory(before: Float32, after: Float32, size: Sizes, inputs: InputOptions) -> None:
    """Refuse a recovery that is estimated not to fit; what is no plane is refused by `recover_filter`."""
    if before.ndim == after.ndim == 2:
        sizes = before.shape, after.shape
        estimate = recovery_memory(*sizes, size, whole=is_whole(after))
        (height, width), (rows, columns) = sizes
        limits = inputs.limits or Limits.of()
        limits.check_memory(estimate, f"a filter between pictures of {height}×{width} and {rows}×{columns}")
