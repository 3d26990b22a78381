"""Learning from files: patches and background are read, a filter is written, and what it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Literal

from convtool import __version__
from convtool.core.bank import FilterBank
from convtool.core.convolution import feature_maps
from convtool.errors import ArgumentError
from convtool.io.filters import FilterFile, filter_label
from convtool.io.limits import Limits
from convtool.jobs.export import FilterFormat, check_filter_output, write_filter
from convtool.jobs.options import InputOptions
from convtool.jobs.outputs import STDOUT, spoken_output
from convtool.jobs.pictures import Pictures, files_of, split_window
from convtool.jobs.reading import Notify, check_stdin_once
from convtool.learn.learning import LearnedFilter, Method, default_method, learn_filter
from convtool.learn.memory import learning_memory
from convtool.learn.template import ANGLES, SCALES
from convtool.learn.windows import Background, Patch

_ROUNDING = 1e-5  # of a correlation coefficient


@dataclass(frozen=True)
class LearnOptions:
    """From what to learn, and how; see `convtool.learn_filter`.

    Attributes
    ----------
    patches
        ``FILE`` or ``FILE@Y,X,H,W``.
    positives, negatives
        Folders of patches, or patches: of what is looked for, and of what is not.
    background
        Pictures, or folders of pictures.
    """

    patches: tuple[str, ...] = ()
    positives: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    background: tuple[str, ...] = ()
    method: Method | Literal["auto"] = "auto"
    false_alarms: float = 0.05
    ridge: float | None = None
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Lesson:
    """What was learned, from what, and where it was written.

    Attributes
    ----------
    output
        The filter file.
    patches, background
        Names of the pictures.
    learned
        The filter and its scores.
    """

    output: str
    patches: tuple[str, ...]
    background: tuple[str, ...]
    learned: LearnedFilter

    @property
    def record(self) -> dict[str, Any]:
        """For machines: one flat line of what a user may ask."""
        learned = self.learned
        return {
            "output": self.output,
            "method": learned.method,
            "filters": len(learned.bank),
            "size": learned.bank.kernel_size,
            "patches": len(self.patches),
            "background": len(self.background),
            "windows": learned.windows,
            "false_alarms": learned.false_alarms,
            "threshold": -float(learned.bank.bias[0]),
            "ridge": learned.ridge,
            "score": asdict(learned.score) if learned.score else None,
            "ncc": asdict(learned.ncc) if learned.ncc else None,
            "rounds": [asdict(each) for each in learned.rounds],
            "version": __version__,
        }


def learn_from_files(
    options: LearnOptions,
    output: str,
    format_: FilterFormat,
    *,
    inputs: InputOptions,
    notify: Notify,
    progress: Callable[[str], None],
) -> Lesson:
    """Learn a filter and write it."""
    if not (options.patches or options.positives):
        raise ArgumentError("nothing to learn from; give --patch FILE@Y,X,H,W, or a folder with --positives")
    behind = (*options.background, *options.negatives)
    patch_files = [split_window(name)[0] for name in (*options.patches, *files_of(options.positives))]
    paths = [*dict.fromkeys(patch_files), *files_of(behind)]
    check_stdin_once(paths)
    check_filter_output(output, format_, paths)
    pictures = Pictures(inputs, notify)
    patch_names = (*options.patches, *pictures.files_of(options.positives))
    background_names = tuple(pictures.files_of(behind))
    patches = [pictures.patch(name) for name in patch_names]
    background = [pictures.background(name, patches[0].size) for name in background_names]
    _check_memory(patches, background, options, inputs)
    learned = learn_filter(
        patches,
        background,
        method=options.method,
        false_alarms=options.false_alarms,
        ridge=options.ridge,
        folds=options.folds,
        seed=options.seed,
        progress=progress,
    )
    if not learned.windows:
        notify(f"{patch_names[0]}: no background to measure on, so the bias is 0; give --background")
    if not _recognises(learned.bank, patches):
        notify(
            f"{spoken_output(output)}: none of the patches that it was learned from responds above the "
            f"threshold of {-learned.bank.bias[0]:.4g}; use larger patches, or a larger --false-alarms"
        )
    lesson = Lesson(output, patch_names, background_names or _rest_of(patch_names, learned), learned)
    filter_file = FilterFile(
        label="learned" if output == STDOUT else filter_label(output),
        bank=learned.bank,
        description=f"Learned by {learned.method} from {len(patch_names)} patch(es)",
        meta=_provenance(lesson, options),
    )
    write_filter(filter_file, output, format_, divisor=_divisor(learned), notify=notify)
    return lesson


def _check_memory(
    patches: Sequence[Patch], background: Sequence[Background], options: LearnOptions, inputs: InputOptions
) -> None:
    """Refuse a lesson that is estimated not to fit."""
    shape = patches[0].values.shape
    behind = background or {id(patch.picture): patch for patch in patches}.values()
    pictures = [each.planes.shape for each in behind if background or each.planes.shape != shape]
    method = options.method
    if method == "auto":
        method = default_method(len(patches), background=bool(pictures))
    estimate = learning_memory(len(patches), shape, pictures, method=method, folds=options.folds)
    what = f"learning by {method} from {len(patches)} patch(es) of {shape[1]}×{shape[2]}"
    limits = inputs.limits or Limits.of()
    limits.check_memory(estimate, f"{what} and {len(pictures)} picture(s)")


def _recognises(bank: FilterBank, patches: Sequence[Patch]) -> bool:
    """Whether any of the patches has a response above the threshold, and by more than rounding."""
    return any((feature_maps(patch.values, bank, relu=False) > _ROUNDING).any() for patch in patches)


def _rest_of(patch_names: tuple[str, ...], learned: LearnedFilter) -> tuple[str, ...]:
    """The pictures whose rest was the background, if any was."""
    return tuple(dict.fromkeys(split_window(name)[0] for name in patch_names)) if learned.windows else ()


def _divisor(learned: LearnedFilter) -> float:
    """√n: the weights times this have length 1."""
    return sqrt(learned.bank.weights[0].size)


def _provenance(lesson: Lesson, options: LearnOptions) -> dict[str, Any]:
    learned = lesson.learned
    warps = {"angles": ANGLES, "scales": SCALES} if learned.method == "bank" else {}
    ridge = {} if learned.ridge is None else {"ridge": learned.ridge}
    return {
        "method": learned.method,
        "patches": lesson.patches,
        "background": lesson.background,
        "parameters": {
            "false_alarms": learned.false_alarms,
            **ridge,
            "folds": options.folds,
            "seed": options.seed,
            **warps,
        },
        "scores": {
            "held-out windows": learned.windows,
            learned.method: asdict(learned.score) if learned.score else None,
            "ncc": asdict(learned.ncc) if learned.ncc else None,
            **({"rounds": [asdict(each) for each in learned.rounds]} if learned.rounds else {}),
        },
        "convtool": __version__,
    }
